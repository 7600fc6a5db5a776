"""What several stories need."""

from __future__ import annotations

import pytest

from tests.calendars import node_with_ical_js


@pytest.fixture(scope="session")
def opinion() -> str:
    """Node, for a second opinion on calendars by ical.js."""
    return node_with_ical_js()
