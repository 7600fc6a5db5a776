"""Showing a link: as text, as a QR code, on the clipboard, in a browser."""

import base64
from typing import Annotated

import typer

from studio_cli.cli.desk import Desk

Copy = Annotated[bool, typer.Option("--copy", help="Put it on the clipboard of your terminal, over SSH too.")]
Qr = Annotated[bool, typer.Option("--qr", help="Show it as a QR code.")]
Open = Annotated[bool, typer.Option("--open", help="Open it in your browser.")]


def show_link(desk: Desk, link: str, *, qr: bool = False, copy: bool = False, browse: bool = False) -> None:
    """Write a link as the one line of data, with what was asked for around it."""
    desk.data(link)
    if qr:
        show_qr(desk, link)
    if copy:
        copy_link(desk, link)
    if browse:
        from studio_cli.cli.browser import open_address

        open_address(desk, link)


def show_qr(desk: Desk, link: str) -> None:
    """Draw a link as a QR code on stderr, small enough for 80 columns."""
    import segno

    segno.make(link, error="l", micro=False).terminal(out=desk.stderr, compact=True, border=2)


def copy_link(desk: Desk, link: str) -> None:
    """Put a link on the clipboard by the terminal's own escape (OSC 52), which works over SSH too."""
    if desk.stderr.isatty():
        desk.stderr.write(_to_clipboard(link, desk.environ.get("TMUX"), desk.environ.get("TERM", "")))
        desk.say("Copied, if your terminal allows it.")
    else:
        desk.say("There is no terminal whose clipboard could take it.")


def _to_clipboard(text: str, tmux: str | None, terminal: str) -> str:
    """Return what tells a terminal to copy a text; within tmux and screen wrapped, so that it reaches the one outside.

    tmux lets it through with ``allow-passthrough``, and takes it itself with ``set-clipboard``: it is told both ways.
    """
    escape = f"\033]52;c;{base64.b64encode(text.encode()).decode()}\a"
    if tmux:
        doubled = escape.replace("\033", "\033\033")
        return f"{escape}\033Ptmux;{doubled}\033\\"
    if terminal.startswith("screen"):
        return f"\033P{escape}\033\\"
    return escape
