"""What the terminal shows, as pictures: ``python -m tests.terminal_pictures FOLDER [NAME …] [--png]``.

Every screen is the real command on a real terminal, in the studio of ``tests/terminal_studio.py``, whose clock stands
still; what it writes is drawn as SVG. ``--png`` also lets Chromium draw that, for whoever wants to look at all of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.terminal import on_terminal, studio
from tests.terminal_studio import NOW, furnish

SCREENS = {
    "status": ("status",),
    "month": ("calendar", "show"),
    "week": ("calendar", "show", "--week"),
    "agenda": ("calendar", "show", "--agenda"),
    "session": ("session", "show", "8"),
    "client": ("client", "show", "sofia"),
    "type": ("type", "show", "family"),
    "sessions": ("session", "list"),
    "mail": ("mail", "list"),
}
WIDTHS = (80, 200)
COLORS = {
    "true": {"COLORTERM": "truecolor"},
    "16": {"TERM": "xterm", "COLORTERM": ""},
    "none": {"NO_COLOR": "1"},
}
PICTURES = ("status-80-true", "status-200-true", "week-80-true", "month-80-true", "session-80-true")
"""The pictures of the documentation: ``make pictures`` writes them to docs/pictures."""


def render(text: str, width: int, title: str) -> str:
    """Return what a terminal shows as SVG, in a font that everybody has."""
    import io

    from rich.console import Console
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    console = Console(
        record=True,
        width=width,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for line in text.rstrip("\n").split("\n"):
        console.print(Text.from_ansi(line), soft_wrap=True)
    theme = TerminalTheme(
        (24, 26, 31), (212, 215, 221),
        [(38, 41, 48), (232, 106, 114), (126, 196, 129), (229, 186, 103), (107, 163, 241), (196, 134, 224), (86, 190, 199), (212, 215, 221)],
        [(98, 104, 117), (240, 133, 140), (150, 216, 153), (240, 204, 130), (135, 183, 250), (214, 160, 238), (118, 210, 218), (255, 255, 255)],
    )  # fmt: skip
    return console.export_svg(title=title, theme=theme, code_format=FORMAT)


# Rich's own frame, without the fonts that it would fetch from elsewhere.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-family: "DejaVu Sans", Arial, sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def names() -> list[str]:
    """Return the names of all pictures: screen, width, colours."""
    return [f"{screen}-{width}-{color}" for screen in SCREENS for width in WIDTHS for color in COLORS]


def shown(name: str, file: Path) -> tuple[str, int, tuple[str, ...]]:
    """Return what a picture's terminal shows, how wide it is, and the command."""
    screen, width, color = name.rsplit("-", 2)
    environ = {"STUDIO_DB": str(file), "STUDIO_NOW": NOW.format_iso(), **COLORS[color]}
    code, text = on_terminal(studio(*SCREENS[screen]), columns=int(width), environ=environ)
    assert code == 0, text
    return text, int(width), SCREENS[screen]


def draw(folder: Path, wanted: Iterable[str], *, prefix: str = "") -> list[Path]:
    """Write the pictures of these names and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with tempfile.TemporaryDirectory() as kept:
        file = Path(kept) / "studio.db"
        furnish(file).file.close()
        for name in wanted:
            text, width, command = shown(name, file)
            path = folder / f"{prefix}{name}.svg"
            path.write_text(render(text, width, " ".join(("studio", *command))), encoding="utf-8")
            paths.append(path)
    return paths


def photograph(paths: Iterable[Path]) -> None:
    """Let Chromium draw pictures as PNG, beside them."""
    from playwright.sync_api import sync_playwright

    from tests.conftest import chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        for path in paths:
            page.goto(path.resolve().as_uri())
            page.locator("svg").first.screenshot(path=path.with_suffix(".png"))
        browser.close()


def main(arguments: list[str]) -> None:
    """Draw what was asked for, or all of it."""
    folder, *wanted = [one for one in arguments if not one.startswith("--")]
    if "--docs" in arguments:
        for path in draw(Path(folder), PICTURES):
            path.rename(path.with_name(f"terminal-{path.stem.removesuffix('-true')}.svg"))
        return
    paths = draw(Path(folder), [name for name in names() if not wanted or name in wanted])
    if "--png" in arguments:
        photograph(paths)
    sys.stdout.write(f"{len(paths)} pictures in {folder}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
