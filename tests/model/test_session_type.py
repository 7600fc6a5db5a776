"""Session types: lengths of time."""

from __future__ import annotations

import pytest

from studio_cli.errors import WrongUsage
from studio_cli.model.session_type import within


def test_within() -> None:
    """A length may be either end of what is possible, and nothing beyond."""
    assert [within(minutes, 5, 720, "A duration") for minutes in (5, 60, 720)] == [5, 60, 720]
    for minutes in (4, 721):
        with pytest.raises(WrongUsage, match="5 min to 12 h") as wrong:
            within(minutes, 5, 720, "A duration")
        assert wrong.value.code == "out_of_range"
