"""A picture: what kind it is and how large, read from its first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from studio_cli.errors import WrongUsage
from studio_cli.model.text import shown

LARGEST = 1024 * 1024
"""Bytes of a picture: more only makes every page slow on a phone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file; width and height are pixels."""

    file_name: str
    media_type: str
    width: int
    height: int
    content: bytes


_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF": "image/webp",
}


def read_picture(file_name: str, content: bytes) -> Picture:
    """Return a PNG, JPEG, WebP or GIF; raise ``WrongUsage`` for anything else.

    SVG is refused: mail programs do not show it, and it can hold scripts.
    """
    import imagesize

    if len(content) > LARGEST:
        raise WrongUsage(
            f"{shown(file_name)} is larger than {LARGEST // 1024} KB.",
            hint="Make it smaller: it is shown at most 240 × 64 pixels large, so 480 × 128 is plenty.",
            code="picture",
        )
    kind = next((kind for begins, kind in _BEGINNINGS.items() if content.startswith(begins)), None)
    try:
        width, height = imagesize.get(BytesIO(content))
    except Exception:  # it raises whatever a broken file makes struct and unpacking raise
        width = height = -1
    if kind is None or not (0 < width <= 10_000 and 0 < height <= 10_000):
        raise WrongUsage(
            f"{shown(file_name)} is not a picture that every mail program and browser shows.",
            hint="Use PNG, JPEG, WebP or GIF; an SVG has to be saved as PNG first.",
            code="picture",
        )
    return Picture(file_name, kind, int(width), int(height), content)
