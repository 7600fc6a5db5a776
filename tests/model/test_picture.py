"""Pictures: what is one, and how large it is."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio_cli.errors import WrongUsage
from studio_cli.model.picture import LARGEST, Picture, read_picture


def png(width: int = 3, height: int = 2) -> bytes:
    """Return a PNG of one grey, made by hand (RFC 2083)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * min(width, 10) for _ in range(min(height, 10)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def gif(width: int = 3, height: int = 2, version: bytes = b"GIF89a") -> bytes:
    """Return the beginning of a GIF, which is all that says how large it is."""
    return version + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff;"


def jpeg(width: int = 3, height: int = 2) -> bytes:
    """Return the beginning of a JPEG: its JFIF part and the frame that says how large it is."""
    jfif = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    return b"\xff\xd8" + jfif + frame + b"\xff\xd9"


def webp(width: int = 3, height: int = 2) -> bytes:
    """Return the beginning of a lossy WebP (RFC 9649)."""
    frame = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 10
    chunk = b"VP8 " + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(300, 80), "image/png"),
        (gif(300, 80), "image/gif"),
        (gif(300, 80, b"GIF87a"), "image/gif"),
        (jpeg(300, 80), "image/jpeg"),
        (webp(300, 80), "image/webp"),
    ],
    ids=["png", "gif", "gif87", "jpeg", "webp"],
)
def test_kinds(content: bytes, kind: str) -> None:
    """Each kind is known by its first bytes, whatever the file is called, and kept byte for byte."""
    assert read_picture("logo.txt", content) == Picture("logo.txt", kind, 300, 80, content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>",
        b"<html><img src=x></html>",
        b"BM" + b"\0" * 60,
        b"II*\0" + b"\0" * 60,
        b"\0\0\1\0\1\0" + b"\x10" * 60,
        b"\x89PNG\r\n\x1a\n",
        png()[:20],
        png(0, 10),
        png(10_001, 10),
        png(10, 2**31),
        gif(0, 0),
        jpeg()[:12],
        b"RIFF\0\0\0\0WAVEfmt ",
        b"RIFF\0\0\0\0WEBP",
        b"\xff\xd8\xff",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_picture(content: bytes) -> None:
    """SVG, which can hold scripts, other kinds, and files that are cut short or claim no size are refused."""
    with pytest.raises(WrongUsage) as wrong:
        read_picture("logo.svg", content)
    assert wrong.value.code == "picture"
    assert "PNG, JPEG, WebP or GIF" in str(wrong.value.hint)


def test_largest() -> None:
    """A picture of a mebibyte is taken, one byte more is not."""
    assert read_picture("a", png().ljust(LARGEST, b"\0")).width == 3
    with pytest.raises(WrongUsage, match="larger than 1024 KB"):
        read_picture("a", png().ljust(LARGEST + 1, b"\0"))


BEGINNINGS = st.sampled_from(
    [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF", b"<svg", b"<?xml"]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(
    st.tuples(BEGINNINGS, st.binary(max_size=200)).map(b"".join),
    st.tuples(st.sampled_from([png(), gif(), jpeg(), webp()]), st.integers(0, 80), st.binary(max_size=8)).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + len(made[2]) :]
    ),
))  # fmt: skip
@example(b"RIFF\0\0\0\0WEBPVP8X")
@example(b"\xff\xd8\xff\xe0\xff\xff")
def test_any_bytes(content: bytes) -> None:
    """Any bytes at all are a picture with a size, or refused in plain words."""
    try:
        picture = read_picture("logo", content)
    except WrongUsage as refused:
        assert refused.code == "picture"
    else:
        assert 0 < picture.width <= 10_000 and 0 < picture.height <= 10_000
        assert picture.content == content
        assert type(picture.width) is int
