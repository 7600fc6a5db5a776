"""Showing a page in the owner's browser, from a file that only they can read."""

import tempfile
from pathlib import Path

from studio_cli.cli.desk import Desk


def open_page(desk: Desk, page: str, name: str, out: str | None = None) -> None:
    """Write a page to a file and say which; without a file named, also open it, where there is somebody to look."""
    if out == "-":
        desk.data(page)
        return
    path = Path(out) if out else Path(tempfile.mkdtemp(prefix="studio-page-")) / f"{name}.html"
    path.write_text(page, encoding="utf-8")
    desk.data(str(path))
    if out is None:
        _open(desk, path.as_uri(), "open that file in one")


def open_address(desk: Desk, address: str) -> None:
    """Open an address that has been told, where there is somebody to look."""
    _open(desk, address, "open that address in one")


def _open(desk: Desk, address: str, otherwise: str) -> None:
    if desk.on_terminal:
        import webbrowser

        if not webbrowser.open(address):
            desk.say(f"No browser was found: {otherwise}.")
