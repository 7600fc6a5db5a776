"""Where calendars are read from: a file, or an address on the web."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio_cli.model.calendar import LARGEST_CALENDAR, CalendarUnreadable, Fetched, Reading, Window, host_of
from studio_cli.outside import ics

_WHY = {
    401: "it asks for a login; use studio calendar connect",
    403: "it refuses",
    404: "there is nothing at that address",
    410: "what was at that address is gone",
}


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar in a file of this machine."""

    path: Path

    def fetch(self, mark: str | None, window: Window) -> Fetched:
        """Return the file's content."""
        try:
            if self.path.is_dir():
                raise CalendarUnreadable(
                    f"{self.path} is a folder.",
                    hint="Give the calendar file in it, which ends in .ics mostly.",
                )
            if not self.path.is_file():  # a pipe would be waited for
                raise CalendarUnreadable(f"There is no file {self.path}.")
            with self.path.open("rb") as file:
                content = file.read(LARGEST_CALENDAR + 1)
        except OSError as error:
            raise CalendarUnreadable(f"{self.path} cannot be read: {error.strerror}.") from error
        if len(content) > LARGEST_CALENDAR:
            raise CalendarUnreadable(f"{self.path} is larger than {LARGEST_CALENDAR // 1024 // 1024} MB.")
        return Fetched(content)

    def read(self, content: bytes, window: Window) -> Reading:
        """Return what the content says."""
        return ics.read(content, window)


@dataclass(frozen=True, slots=True)
class WebCalendar:
    """A calendar that somebody publishes at an address."""

    address: str

    def fetch(self, mark: str | None, window: Window) -> Fetched:
        """Return what is published now; nothing when the server says that it is what ``mark`` stands for."""
        from studio_cli.outside import web

        kind, _, value = (mark or "").partition(" ")
        asked = {"etag": "If-None-Match", "since": "If-Modified-Since"}.get(kind)
        headers = {"Accept": "text/calendar, */*;q=0.5"} | ({asked: value} if asked else {})
        answer = web.ask("GET", self.address, headers)
        if answer.status == 304 and asked:
            return Fetched(None, mark)
        if answer.status != 200:
            why = _WHY.get(answer.status, f"it answers {answer.status}")
            raise CalendarUnreadable(f"{host_of(self.address)} gives no calendar: {why}.")
        if "etag" in answer.headers:
            return Fetched(answer.body, f"etag {answer.headers['etag'][:300]}")
        since = answer.headers.get("last-modified")
        return Fetched(answer.body, f"since {since[:60]}" if since else None)

    def read(self, content: bytes, window: Window) -> Reading:
        """Return what the content says."""
        return ics.read(content, window)
