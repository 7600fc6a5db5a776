"""Pictures in the studio's file."""

from __future__ import annotations

import sqlite3

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.model.picture import Picture
from studio_cli.store import picture as picture_store

PICTURE = Picture("logo.png", "image/png", 300, 80, b"\x89PNG\x00\xff")


def test_picture_comes_back(studio: Studio) -> None:
    """A picture is kept byte for byte under its name; its size is known without reading it."""
    assert picture_store.get(studio.file, "logo") is None
    assert picture_store.size(studio.file, "logo") is None
    with studio.file.atomic():
        picture_store.put(studio.file, "logo", PICTURE)
    assert picture_store.get(studio.file, "logo") == PICTURE
    assert picture_store.size(studio.file, "logo") == (300, 80)
    assert picture_store.get(studio.file, "other") is None


def test_newer_picture_takes_its_place(studio: Studio) -> None:
    """Of a name there is one picture, the last; removed, there is none, however often."""
    newer = Picture("new.gif", "image/gif", 5, 6, b"GIF89a")
    with studio.file.atomic():
        picture_store.put(studio.file, "logo", PICTURE)
        picture_store.put(studio.file, "logo", newer)
    assert picture_store.get(studio.file, "logo") == newer
    for _ in range(2):
        with studio.file.atomic():
            picture_store.remove(studio.file, "logo")
        assert picture_store.get(studio.file, "logo") is None


@pytest.mark.parametrize(
    "picture",
    [
        Picture("a", "image/svg+xml", 5, 6, b"x"),
        Picture("a", "text/html", 5, 6, b"x"),
        Picture("a", "image/png", 0, 6, b"x"),
        Picture("a", "image/png", 5, -1, b"x"),
        Picture("a", "image/png", 5, 6, b""),
        Picture("a", "image/png", 5, 6, b"x" * (1024 * 1024 + 1)),
    ],
    ids=["svg", "html", "width", "height", "empty", "large"],
)
def test_the_file_refuses_what_is_no_picture(studio: Studio, picture: Picture) -> None:
    """Whoever writes it: what a browser could run, what has no size, and what is too large is not kept."""
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"), studio.file.atomic():
        picture_store.put(studio.file, "logo", picture)
    assert picture_store.get(studio.file, "logo") is None
