"""Makes the documentation's pictures out of the screenshots: ``python -m tests.web.audit.pictures FROM TO``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.gallery import PICTURES

COLORS = 64
"""A page has few colours, and many shades between a letter and its ground."""


def shrink(source: Path, target: Path) -> int:
    """Keep a picture with few colours; return its size in bytes."""
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(source) as picture:
        few = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        few.save(target, optimize=True)
    return target.stat().st_size


def main(source: Path, target: Path) -> None:
    """Write every chosen picture and say how large it is."""
    for name in PICTURES:
        size = shrink(source / f"{name}.png", target / f"{name}.png")
        sys.stdout.write(f"{size / 1000:6.0f} kB  {target / name}.png\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
