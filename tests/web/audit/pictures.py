"""Makes the documentation's pictures out of the screenshots: ``python -m tests.web.audit.pictures FROM TO``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.gallery import PICTURES, SCENES

COLORS = 64
"""A page has few colours, and many shades between a letter and its ground."""


def shrink(source: Path, target: Path) -> int:
    """Keep a picture with few colours; return its size in bytes."""
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as picture:
        # Other ways of choosing colours lose the few that stand out: they go by how often one occurs.
        few = picture.convert("RGB").quantize(
            COLORS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        few.save(target, optimize=True)
    return target.stat().st_size


def sheet(sources: list[Path], target: Path, width: int, columns: int, height: int) -> int:
    """Keep many pictures on one sheet, each ``width`` wide and cut at ``height``; return its size in bytes."""
    from PIL import Image

    rows = -(-len(sources) // columns)
    gap = 12
    whole = Image.new("RGB", (columns * (width + gap), rows * (height + gap)), "#8a8a8a")
    for number, source in enumerate(sources):
        with Image.open(source) as picture:
            tall = round(picture.height * width / picture.width)
            small = picture.convert("RGB").resize((width, tall), Image.Resampling.LANCZOS)
        place = (number % columns * (width + gap), number // columns * (height + gap))
        whole.paste(small.crop((0, 0, width, min(tall, height))), place)
    whole.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )
    return target.stat().st_size


def main(source: Path, target: Path) -> None:
    """Write every chosen picture and say how large it is."""
    for name in PICTURES:
        size = shrink(source / f"{name}.png", target / f"{name}.png")
        sys.stdout.write(f"{size / 1000:6.0f} kB  {target / name}.png\n")
    for way, width, columns, height in (
        ("390", 190, 9, 420),
        ("390-dark", 190, 9, 420),
        ("1280", 330, 6, 300),
    ):
        sources = [source / f"{scene}-{way}.png" for scene in SCENES]
        size = sheet(sources, target / f"every-page-{way}.png", width, columns, height)
        sys.stdout.write(f"{size / 1000:6.0f} kB  {target}/every-page-{way}.png\n")
    for way in ("390", "390-dark"):
        sources = sorted(source.glob(f"mail-*-{way}.png"))
        size = sheet(sources, target / f"every-mail-{way}.png", 190, 7, 470)
        sys.stdout.write(f"{size / 1000:6.0f} kB  {target}/every-mail-{way}.png\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
