"""Setting up a session."""

import pytest

from studio_cli.errors import Refused
from tests.conftest import Maker


def test_pending_session_holds_its_time(make: Maker) -> None:
    """Two pending sessions never share a time."""
    make.session("2026-12-04 10:00")
    with pytest.raises(Refused) as refused:
        make.session("2026-12-04 10:30")
    assert refused.value.code == "overlap"
