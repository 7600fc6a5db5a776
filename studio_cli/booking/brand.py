"""How the studio looks to its clients: the logo."""

from __future__ import annotations

from pathlib import Path

from studio_cli.booking.studio import Studio
from studio_cli.errors import WrongUsage
from studio_cli.model.picture import LARGEST, Picture, read_picture
from studio_cli.model.text import clean, shown
from studio_cli.store import picture as picture_store

LOGO = "logo"


def logo(studio: Studio) -> Picture | None:
    """Return the studio's logo."""
    return picture_store.get(studio.file, LOGO)


def logo_size(studio: Studio) -> tuple[int, int] | None:
    """Return how wide and how high the logo is shown, in CSS pixels: small enough for the head of a page."""
    size = picture_store.size(studio.file, LOGO)
    if size is None:
        return None
    width, height = size
    scale = min(240 / width, 64 / height, 1)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def keep_logo(studio: Studio, path: str) -> str:
    """Inside a write: keep the picture in a file as the studio's logo, in the studio's own file; return its name."""
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WrongUsage(
            f"{shown(path)} cannot be read: {reason}.", hint="Name a picture: PNG, JPEG, WebP or GIF."
        ) from error
    picture = read_picture(clean(Path(path).name, "The file's name"), content)
    picture_store.put(studio.file, LOGO, picture)
    return picture.file_name


def forget_logo(studio: Studio) -> None:
    """Inside a write: do without a logo again."""
    picture_store.remove(studio.file, LOGO)
