"""The studio's file: opening it, writing to it whole or not at all, and saying plainly what is wrong with it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from studio_cli.errors import Busy, DiskTrouble, FileTrouble, NotFound, Refused, StudioError, WrongUsage

if TYPE_CHECKING:  # completion loads this module, and no clock
    from whenever import Instant

APPLICATION_ID = 0x57D10C11
"""Marks a file as a studio's (https://www.sqlite.org/pragma.html#pragma_application_id)."""
VERSION = 11
"""The version of the schema that this program writes: the number of its last migration."""
BUSY_TIMEOUT_MS = 10_000
MOST_REMEMBERED = 200

T = TypeVar("T")

# A trigger or a CHECK says which rule it keeps in the first word of its message.
_RULES = {
    "studio:overlap": "That time is taken.",
    "studio:transition": "A session cannot change its status like that.",
    "studio:refund": "More cannot be given back than was paid.",
    "studio:append_only": "What was recorded is never changed or deleted.",
}


def wal_is_safe(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Return whether the linked SQLite has the fix for the WAL-reset bug.

    Two connections that write and checkpoint at once could lose acknowledged writes from 3.7.0 on; fixed in
    3.51.3 and, for older lines, in 3.50.7 and 3.44.6.
    """
    if version[:2] == (3, 44):
        return version >= (3, 44, 6)
    if version[:2] == (3, 50):
        return version >= (3, 50, 7)
    return version >= (3, 51, 3)


class Updated(NamedTuple):
    """An older file that was brought up to date: the version it had, and where a copy of it is, if one was kept."""

    version: int
    copy: Path | None


class Database:
    """One connection to a studio's file. Writes go through ``atomic``; SQL is only in ``studio_cli.store``."""

    wrote = False
    """Whether anything was written in this process: what an unexpected error may say depends on it."""
    updated: Updated | None = None
    """What opening it has changed: a file of an older version is brought up to date."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self._rehearsing = False
        self._reads = False
        self._known_at: tuple[int, int] | None = None
        self._memory: dict[Hashable, Any] = {}
        self._known: dict[Hashable, Any] | None = None

    @classmethod
    def open(
        cls, path: Path, clock: Callable[[], Instant] | None = None, *, keep_copy: bool = True
    ) -> Database:
        """Open an existing studio; raise what a person should read when it is none, or cannot be used.

        One of an older version is brought up to date, and with ``keep_copy`` a backup of it is written before.
        """
        if not path.exists():
            raise NotFound(
                f"There is no studio at {path} yet.",
                hint='Make one: studio init --name "Your Studio" --email you@example.com',
                code="no_studio",
            )
        with trouble(path):
            database = cls(path, connect(path, "rw"))
            try:
                if database._check() < VERSION:
                    database._bring_up_to_date(clock, keep_copy=keep_copy)
                _set_journal(database.connection)
            except BaseException:
                database.close()
                raise
            return database

    @classmethod
    def create(cls, path: Path, fill: Callable[[Database], None]) -> Database:
        """Make a new studio, filled by ``fill``. The file appears whole or not at all, and never over another."""
        from studio_cli.store.migrations import migrate

        taken = already_there(path)
        if path.exists():
            raise taken
        with trouble(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f".{path.name}.{os.getpid()}.new")
            draft.unlink(missing_ok=True)
            try:
                os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                # Closed whatever happens, so that a journal does not outlive its draft.
                with contextlib.closing(cls(draft, connect(draft, "rw"))) as database:
                    migrate(database.connection)
                    fill(database)
                _put_in_place(draft, path)
            except FileExistsError:
                raise taken from None
            finally:
                draft.unlink(missing_ok=True)
        return cls.open(path)

    def _check(self) -> int:
        """Refuse, untouched, a file that is not a studio's or is from a newer program; return its version."""
        application, version = (
            self.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if application != APPLICATION_ID:
            raise FileTrouble(
                f"{self.path} is not a studio's file.",
                hint="Name another file with --db, or make a new studio with studio init.",
                code="not_a_studio",
            )
        if version > VERSION:
            raise FileTrouble(
                f"{self.path} was written by a newer version of studio (file version {version}, this program knows {VERSION}).",
                hint="Update the program: pip install --upgrade studio-cli",
                code="newer_version",
            )
        return int(version)

    def _bring_up_to_date(self, clock: Callable[[], Instant] | None, *, keep_copy: bool) -> None:
        """Bring an older file to the present version; with ``keep_copy``, after a backup of it was written.

        Others may read meanwhile and nobody else writes, so what is kept is what is changed.
        """
        from whenever import Instant

        from studio_cli.store.backup import write_before_update
        from studio_cli.store.migrations import migrating

        with migrating(self.connection) as apply:
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
            if version == VERSION:  # another program was faster
                return
            copy = write_before_update(self.path, (clock or Instant.now)()) if keep_copy else None
            apply()
        self.updated = Updated(version, copy)

    def version(self) -> tuple[int, int]:
        """Return what is another one as soon as something is written, by anybody; cheap enough to be asked often.

        Source: https://www.sqlite.org/pragma.html#pragma_data_version
        """
        with trouble(self.path):
            outside = self.connection.execute("PRAGMA data_version").fetchone()[0]
        return outside, self.connection.total_changes

    def remembered(self, key: Hashable, work: Callable[[], T]) -> T:
        """Within ``reading``: return what ``work`` makes of the file, made once until something is written, by anybody.

        Whatever else it depends on, the time for one, is in its ``key``. Within a write nothing is remembered: what
        was read there may never be kept.
        """
        if not self._reads:
            return work()
        if self._known is None:
            self._known = self._still_known()
        if key not in self._known:
            self._known[key] = work()
        return cast(T, self._known[key])

    def _still_known(self) -> dict[Hashable, Any]:
        """Return what is remembered of the file as this reading sees it.

        ``data_version`` changes with every write of another connection, ``total_changes`` with every one of this
        (https://www.sqlite.org/pragma.html#pragma_data_version); asked within the reading, both are of its moment.
        """
        state = self.version()
        if state != self._known_at or len(self._memory) >= MOST_REMEMBERED:
            self._known_at, self._memory = state, {}
        return self._memory

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextlib.contextmanager
    def atomic(self, *, wait: bool = True) -> Iterator[sqlite3.Connection]:
        """A write: everything in the block is kept, or nothing is. Takes its turn before it reads.

        Without ``wait`` it is ``Busy`` at once when somebody else is writing.
        """
        with trouble(self.path):
            if self._rehearsing:
                yield self.connection
                return
            self._begin(wait)
            try:
                yield self.connection
                self.connection.execute("COMMIT")
                Database.wrote = True
            except BaseException:
                # After a full disk SQLite has rolled back by itself.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """Within a write: a part of it that is kept or taken back by itself, when it is refused."""
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO part")
                self.connection.execute("RELEASE part")
            raise
        self.connection.execute("RELEASE part")

    def _begin(self, wait: bool) -> None:
        with contextlib.nullcontext() if wait else self.unwaiting():
            self.connection.execute("BEGIN IMMEDIATE")

    @contextlib.contextmanager
    def unwaiting(self) -> Iterator[None]:
        """Wait for nobody: where somebody else is writing, it is ``Busy`` at once."""
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    @contextlib.contextmanager
    def rehearsal(self) -> Iterator[sqlite3.Connection]:
        """Like ``atomic``, with the same checks and refusals, but nothing is kept, of writes within it neither."""
        with trouble(self.path):
            if self._rehearsing:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._rehearsing = True
            try:
                yield self.connection
            finally:
                self._rehearsing = False
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def reading(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Several reads that see the same moment: that of whoever has begun already, if somebody has."""
        if self.connection.in_transaction:
            return contextlib.nullcontext(self.connection)
        return self._reading()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with trouble(self.path):
            self.connection.execute("BEGIN")
            self._reads = True
            try:
                yield self.connection
            finally:
                self._reads, self._known = False, None
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")


def already_there(path: Path) -> Refused:
    """Return the refusal to make a studio over a file."""
    return Refused(
        f"There is a file at {path} already.",
        hint="Name another one with --db, or use it: studio session list",
        code="already_exists",
    )


def _put_in_place(draft: Path, path: Path) -> None:
    """Give a finished file its name; never over a file that somebody made meanwhile."""
    try:
        os.link(draft, path)  # unlike a rename, fails if there is one
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: the next best
        if path.exists():
            raise FileExistsError from None
        draft.rename(path)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection as all of ours are, to a file that exists; ``mode`` is ``rw`` or ``ro``."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """Open a file of SQLite's to look into it, whatever it is."""
    connection = connect(path, "ro")
    connection.row_factory = None
    return connection


def _set_journal(connection: sqlite3.Connection) -> None:
    """Use WAL only where it is safe; never with less than FULL (DELETE and WAL both sync every commit)."""
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    wanted = "wal" if wal_is_safe() else "delete"
    if mode == wanted:
        return
    with contextlib.suppress(sqlite3.OperationalError):  # busy, or read-only
        mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
    if mode == "wal" and wanted == "delete":
        raise FileTrouble(
            f"The file is in WAL mode, in which SQLite {sqlite3.sqlite_version} can lose what was written.",
            hint="Close the other program that has it open, then run this again.",
            code="wal",
        )


@contextlib.contextmanager
def trouble(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into what a person can act on."""
    try:
        yield
    except sqlite3.Error as error:
        told = explain(error, path)
        if told is None:
            raise
        raise told from error
    except UnicodeEncodeError as error:
        # Lone surrogates: bytes of an argument that were not UTF-8. SQLite refuses to bind them.
        raise WrongUsage(
            "That contains bytes that are not text (UTF-8).", hint="Type it again.", code="not_text"
        ) from error
    except OSError as error:
        raise FileTrouble(
            f"{path}: {error.strerror or error}.", hint="Is the folder there, and yours?"
        ) from error


def explain(error: sqlite3.Error, path: Path) -> StudioError | None:
    """Return the error to show for what SQLite said, or None when only a bug can cause it."""
    text = str(error)
    rule = text.partition(" ")[0]
    if rule in _RULES:
        return Refused(_RULES[rule], code=rule.removeprefix("studio:"))
    name: Any = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy(
            "The studio's file is busy: something else is writing to it.", hint="Try again in a moment."
        )
    if name.startswith("SQLITE_FULL"):
        return DiskTrouble("The disk is full. Nothing was changed.", hint="Make room and run it again.")
    if name.startswith("SQLITE_IOERR"):
        return DiskTrouble(
            f"The disk failed while using {path}. Nothing was changed.",
            hint="Check the disk, then run it again.",
        )
    if name.startswith("SQLITE_READONLY"):
        return FileTrouble(
            f"{path} cannot be written to.", hint="Check who owns the file and its folder.", code="read_only"
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return FileTrouble(
            f"{path} cannot be opened.", hint="Is the folder there, and yours?", code="unreadable"
        )
    if name.startswith("SQLITE_NOTADB"):
        return FileTrouble(
            f"{path} is not a studio's file.", hint="Name another file with --db.", code="not_a_studio"
        )
    if name.startswith("SQLITE_CORRUPT"):
        return FileTrouble(f"{path} is damaged.", hint="Restore a backup of it.", code="damaged")
    return None
