"""How the studio looks to its clients: the logo."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_cli.booking import brand
from studio_cli.booking import studio as studios
from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.picture import LARGEST
from tests.model.test_picture import gif, jpeg, png, webp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A logo in a file."""
    path = tmp_path / "My logo é.png"
    path.write_bytes(png(300, 80))
    return path


def test_logo_is_kept_in_the_studios_file(studio: Studio, file: Path) -> None:
    """The logo is in the studio's own file: what becomes of the picture's file does not matter."""
    assert brand.logo(studio) is None
    assert studios.change_setting(studio, "brand.logo", str(file)) == "My logo é.png"
    content = file.read_bytes()
    file.unlink()
    kept = brand.logo(studio)
    assert kept is not None
    assert (kept.content, kept.media_type, kept.width, kept.height) == (content, "image/png", 300, 80)
    assert studio.settings["brand.logo"] == "My logo é.png"


def test_logo_is_replaced_and_removed(studio: Studio, file: Path) -> None:
    """Another logo takes the place of the first; without one, everything of it is gone."""
    studios.change_setting(studio, "brand.logo", str(file))
    (file.parent / "other.gif").write_bytes(gif(10, 10))
    studios.change_setting(studio, "brand.logo", str(file.parent / "other.gif"))
    kept = brand.logo(studio)
    assert kept is not None
    assert kept.media_type == "image/gif"
    studios.remove_setting(studio, "brand.logo")
    assert brand.logo(studio) is None
    assert brand.logo_size(studio) is None
    assert studio.settings.get("brand.logo") is None


def test_logo_at_home_and_far_down(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path may begin at home, and be as long as paths are."""
    monkeypatch.setenv("HOME", str(tmp_path))
    deep = tmp_path.joinpath(*["a folder of pictures"] * 12)
    deep.mkdir(parents=True)
    (deep / "logo.webp").write_bytes(webp())
    short = "~" + str(deep / "logo.webp").removeprefix(str(tmp_path))
    assert len(short) > 200
    assert studios.change_setting(studio, "brand.logo", short) == "logo.webp"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "logo.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            "SVG has to be saved as PNG",
        ),
        (
            "logo.png",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            "SVG has to be saved as PNG",
        ),
        ("logo.png", b"", "PNG, JPEG, WebP or GIF"),
        ("logo.png", png()[:18], "PNG, JPEG, WebP or GIF"),
        ("logo.jpg", jpeg()[:10], "PNG, JPEG, WebP or GIF"),
        ("logo.png", png().ljust(LARGEST + 1), "Make it smaller"),
        ("logo.png", None, "Name a picture"),
    ],
)
def test_what_is_no_logo(studio: Studio, file: Path, name: str, content: bytes | None, words: str) -> None:
    """SVG, broken, large and missing files are refused with what helps, and the logo there was stays."""
    studios.change_setting(studio, "brand.logo", str(file))
    before = brand.logo(studio)
    other = file.parent / f"other-{name}"
    if content is not None:
        other.write_bytes(content)
    with pytest.raises(WrongUsage) as wrong:
        studios.change_setting(studio, "brand.logo", str(other))
    assert words in str(wrong.value.hint)
    assert f"other-{name}" in wrong.value.message
    assert brand.logo(studio) == before
    assert studio.settings["brand.logo"] == "My logo é.png"


@pytest.mark.parametrize(
    "path", ["", "  ", "/", ".", "/dev/null", "/dev/zero", "~nobody-of-that-name/x.png", "a\x00b"]
)
def test_paths_of_nothing(studio: Studio, path: str) -> None:
    """A folder, a device and a path of nothing are refused in plain words."""
    with pytest.raises(WrongUsage):
        studios.change_setting(studio, "brand.logo", path)
    assert brand.logo(studio) is None


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((300, 80), (240, 64)),
        ((480, 128), (240, 64)),
        ((100, 50), (100, 50)),
        ((64, 64), (64, 64)),
        ((1000, 1000), (64, 64)),
        ((10_000, 1), (240, 1)),
        ((1, 10_000), (1, 64)),
    ],
)
def test_size_on_the_page(
    studio: Studio, tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    """A logo is never shown larger than it is, nor larger than the head of a page."""
    (tmp_path / "logo.png").write_bytes(png(*size))
    studios.change_setting(studio, "brand.logo", str(tmp_path / "logo.png"))
    assert brand.logo_size(studio) == shown


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_png_of_every_size(width: int, height: int) -> None:
    """The pictures of these tests are what they say, so that the tests above mean something."""
    from studio_cli.model.picture import read_picture

    picture = read_picture("a", png(width, height))
    assert (picture.width, picture.height) == (width, height)
