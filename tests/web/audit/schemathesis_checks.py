"""What schemathesis is to check besides what it knows itself; loaded by it (``SCHEMATHESIS_HOOKS``)."""

from __future__ import annotations

from typing import Any

import schemathesis

TRANSPORT = {
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
    "allow",
    "retry-after",
}
"""Headers of HTTP itself (RFC 9110), which no description lists."""


@schemathesis.check
def no_other_headers(ctx: Any, response: Any, case: Any) -> None:
    """An answer carries no header that the description does not name: no cookie, no server's name."""
    described = case.operation.responses.find_by_status_code(response.status_code)
    if described is not None:
        known = TRANSPORT | {name.lower() for name, _ in described.headers.items()}
        others = {name.lower() for name in response.headers} - known
        assert not others, f"undocumented headers: {', '.join(sorted(others))}"
