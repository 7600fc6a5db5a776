"""Marking texts for the catalogues."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for it
    """Return ``text``, marked so that it is collected for the catalogues; it is translated where it is shown."""
    return text
