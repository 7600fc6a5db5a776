"""Pictures that clients see, inside the studio's file."""

from __future__ import annotations

from studio_cli.model.picture import Picture
from studio_cli.store.database import Database


def put(db: Database, name: str, picture: Picture) -> None:
    """Keep a picture under a name, instead of the one there was."""
    db.connection.execute(
        """INSERT OR REPLACE INTO picture (name, file_name, media_type, width, height, content)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (name, picture.file_name, picture.media_type, picture.width, picture.height, picture.content),
    )


def get(db: Database, name: str) -> Picture | None:
    """Return the picture of that name."""
    with db.reading() as sql:
        row = sql.execute(
            "SELECT file_name, media_type, width, height, content FROM picture WHERE name = ?", (name,)
        ).fetchone()
    return row and Picture(*row)


def size(db: Database, name: str) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels, without reading it."""
    with db.reading() as sql:
        row = db.remembered(
            ("picture size", name),
            lambda: sql.execute("SELECT width, height FROM picture WHERE name = ?", (name,)).fetchone(),
        )
    return row and (row[0], row[1])


def remove(db: Database, name: str) -> None:
    """Forget a picture."""
    db.connection.execute("DELETE FROM picture WHERE name = ?", (name,))
