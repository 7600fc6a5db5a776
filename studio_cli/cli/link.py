"""Showing a link: as text, as a QR code, on the clipboard."""

import base64

from studio_cli.cli.desk import Desk


def show_link(desk: Desk, link: str, *, qr: bool = False, copy: bool = False) -> None:
    """Write a link as the one line of data, with what was asked for around it."""
    desk.data(link)
    if qr:
        show_qr(desk, link)
    if copy:
        copy_link(desk, link)


def show_qr(desk: Desk, link: str) -> None:
    """Draw a link as a QR code on stderr, small enough for 80 columns."""
    import segno

    segno.make(link, error="l", micro=False).terminal(out=desk.stderr, compact=True, border=2)


def copy_link(desk: Desk, link: str) -> None:
    """Put a link on the clipboard by the terminal's own escape (OSC 52), which works over SSH too."""
    if desk.stderr.isatty():
        desk.stderr.write(f"\033]52;c;{base64.b64encode(link.encode()).decode()}\a")
        desk.say("Copied, if your terminal allows it.")
    else:
        desk.say("There is no terminal whose clipboard could take it.")
