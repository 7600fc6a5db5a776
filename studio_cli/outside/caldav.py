"""One calendar of a CalDAV server (RFC 4791): finding it, reading it, writing sessions into it.

Small and our own: the library for it brings twelve packages, one of which puts itself in the place of urllib3, through
which payments go. Works with servers that take a name and a password (Basic, RFC 7617) over https.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree import ElementTree  # DOCTYPE is refused below: no entities, nothing to expand

from studio_cli.model.calendar import CalendarUnreadable, Fetched, Found, Reading, Window, host_of
from studio_cli.outside import ics, web

DAV, CAL, SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
_SPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
_WHO = (
    f"<propfind {_SPACES}><prop><resourcetype/><displayname/><current-user-principal/><C:calendar-home-set/>"
    "<C:supported-calendar-component-set/></prop></propfind>"
)
_MARK = f"<propfind {_SPACES}><prop><S:getctag/><sync-token/><getetag/></prop></propfind>"
_EVENTS = (
    f"<C:calendar-query {_SPACES}><prop><getetag/><C:calendar-data/></prop><C:filter>"
    '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="{first}" end="{last}"/>'
    "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
)
REPORT_SECONDS = 120
"""A server that looks at years of events to find those in a window takes its time."""
_WHY = {
    401: "the name or the password is wrong",
    403: "it refuses",
    404: "there is nothing at that address",
    405: "there is no calendar at that address",
    412: "it was changed there at the same moment",
    507: "it is full",
}


@dataclass(frozen=True, slots=True)
class CalDav:
    """A calendar at an address, for somebody with a name and a password (None: not known here)."""

    address: str
    user: str
    password: str | None = field(repr=False)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def fetch(self, mark: str | None, window: Window) -> Fetched:
        """Return the events in the window; nothing when ``mark`` stands for what is there."""
        now = self._mark()
        if mark is not None and mark == now:
            return Fetched(None, mark)
        # A day more on either side: the server has its own idea of the zone of floating times.
        first, last = window.first.subtract(hours=48), window.last.add(hours=48)
        span = {name: f"{at.to_stdlib():%Y%m%dT%H%M%SZ}" for name, at in (("first", first), ("last", last))}
        said = self._told("REPORT", self.address, _EVENTS.format(**span), "1")
        events: dict[str, tuple[str, bytes]] = {}
        for one in _resources(said):
            data = one.text(f"{CAL}calendar-data")
            if data:
                events[_path(one.address)] = plain(one.text(f"{DAV}getetag")), f"{data}\r\n".encode()
        # A calendar without events is one all the same.
        content = b"".join(content for _, content in events.values())
        return Fetched(content or b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", now, events)

    def read(self, content: bytes, window: Window) -> Reading:
        """Return what the events say."""
        return ics.read(content, window)

    def _mark(self) -> str | None:
        """Return what the server calls the state of the whole calendar: its ctag, or a token for changes."""
        for one in _resources(self._told("PROPFIND", self.address, _MARK, "0")):
            return one.text(f"{SERVER}getctag") or one.text(f"{DAV}sync-token") or None
        return None

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def place_of(self, name: str) -> str:
        """Return the path of an event of that name."""
        return _path(urljoin(self.address, f"{name}.ics"))

    def put(self, path: str, content: bytes, mark: str | None) -> tuple[str | None, bool]:
        """Write an event; return what the server calls it now, and whether it was not as it was left.

        ``mark`` is what the server called it when it was left, None for a new one. What was done to it there
        meanwhile is written over; of two that write at once one is asked to try again.
        """
        address, tried, surprised = self._at(path), mark, False
        answer = self._put(address, content, _as_left(mark))
        for _ in range(2):
            if answer.status not in {404, 409, 412}:
                break
            now = self._mark_of(address)
            surprised = surprised or (mark is not None and now != mark)
            # Refused though it is as it was left: a mark that is weak there never fits (RFC 9110, 13.1.1).
            answer = self._put(address, content, {} if now is not None and now == tried else _as_left(now))
            tried = now
        if answer.status not in {200, 201, 204}:
            raise self._refused(answer)
        return plain(answer.headers.get("etag", "")) or self._mark_of(address), surprised

    def _put(self, address: str, content: bytes, condition: Mapping[str, str]) -> web.Answer:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        return self._ask("PUT", address, content, headers)

    def remove(self, path: str) -> None:
        """Remove an event, whatever was done to it there; one that is gone already is fine."""
        answer = self._ask("DELETE", self._at(path))
        if answer.status not in {200, 202, 204, 404, 410}:
            raise self._refused(answer)

    def _mark_of(self, address: str) -> str | None:
        answer = self._ask("PROPFIND", address, _MARK.encode(), {**_XML, "Depth": "0"})
        if answer.status in {404, 410}:
            return None
        return next((plain(one.text(f"{DAV}getetag")) for one in _resources(self._checked(answer))), None)

    def _at(self, path: str) -> str:
        """Return the address of a path, on the server of this calendar and no other."""
        spelled = quote(path, safe="/:@!$&'()*+,;=~-._")
        return urlsplit(self.address)._replace(path=spelled, query="", fragment="").geturl()

    # ── finding ──────────────────────────────────────────────────────────────────────────────────

    def find(self) -> list[Found]:
        """Return the calendars that the address leads to: itself, or those of the person who is logged in.

        By way of the principal and its home (RFC 5397, RFC 4791 6.2.1); a server without a path is asked where that
        is (RFC 6764). From an address where nothing is, no way leads to another calendar.
        """
        bare = not urlsplit(self.address).path.strip("/")
        for start in [self.address, *([urljoin(self.address, "/.well-known/caldav")] if bare else [])]:
            here = self._look(start, "0")
            if here and here[0].is_calendar:
                return [here[0].found()]
            homes = self._homes(here)
            if homes:
                found = [one for home, public in homes.items() for one in self._look(home, "1", public)]
                return list(dict.fromkeys(one.found() for one in found if one.is_calendar))
        return []

    def _homes(self, here: Sequence[_Resource]) -> dict[str, bool]:
        """Return the addresses of homes, and of each whether a server on the internet named it."""
        for one in here:
            principal = one.link(f"{DAV}current-user-principal")
            known = [one, *(self._look(principal, "0", one.said.public) if principal else ())]
            named = [(each.link(f"{CAL}calendar-home-set"), each.said.public) for each in known]
            homes = {home: public for home, public in named if home}
            if homes:
                return homes
        return {}

    def _look(self, address: str, depth: str, public: bool = False) -> list[_Resource]:
        """Return what is at an address; nothing where this way leads nowhere."""
        headers = {**_XML, "Depth": depth}
        answer = self._ask("PROPFIND", address, _WHO.encode(), headers, public=public)
        if answer.status in {401, 403}:
            raise self._refused(answer)
        return _resources(answer) if answer.status == 207 else []

    # ── asking ───────────────────────────────────────────────────────────────────────────────────

    def _told(self, method: str, address: str, body: str, depth: str) -> web.Answer:
        headers = {**_XML, "Depth": depth}
        return self._checked(self._ask(method, address, body.encode(), headers, seconds=REPORT_SECONDS))

    def _checked(self, answer: web.Answer) -> web.Answer:
        if answer.status != 207:
            raise self._refused(answer)
        return answer

    def _ask(
        self,
        method: str,
        address: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        public: bool = False,
        seconds: float = web.SECONDS,
    ) -> web.Answer:
        """Ask with the login."""
        sent = {**self._login(), **(headers or {})}
        return web.ask(method, address, sent, body, named=self.address, public=public, seconds=seconds)

    def _login(self) -> dict[str, str]:
        if self.password is None:
            raise CalendarUnreadable(
                f"The password of {self.user} at {host_of(self.address)} is not known here.",
                hint="Connect again: studio calendar connect",
            )
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}

    def _refused(self, answer: web.Answer) -> CalendarUnreadable:
        why = _WHY.get(answer.status, f"it answers {answer.status}")
        return CalendarUnreadable(f"{host_of(self.address)} does not let us: {why}.")


_XML = {"Content-Type": "application/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class _Resource:
    """One thing that a server tells of, with the properties that it has. ``said``: the answer that tells of it."""

    address: str
    properties: Mapping[str, ElementTree.Element]
    said: web.Answer

    @property
    def is_calendar(self) -> bool:
        """Whether it is a calendar that takes events; a server that does not say takes them."""
        kind = self.properties.get(f"{DAV}resourcetype")
        if kind is None or kind.find(f"{CAL}calendar") is None:
            return False
        takes = self.properties.get(f"{CAL}supported-calendar-component-set")
        return takes is None or not len(takes) or any(one.get("name") == "VEVENT" for one in takes)

    def text(self, name: str) -> str:
        """Return the text of a property."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def link(self, name: str) -> str | None:
        """Return the address that a property names. Raises ``CalendarUnreadable`` for one that is not asked."""
        found = self.properties.get(name)
        href = found.find(f"{DAV}href") if found is not None else None
        return web.led(self.said, href.text.strip()) if href is not None and href.text else None

    def found(self) -> Found:
        """Return it as a calendar."""
        folder = unquote(urlsplit(self.address).path).rstrip("/").rpartition("/")[2]
        return Found(self.address.rstrip("/") + "/", self.text(f"{DAV}displayname") or folder)


def _resources(answer: web.Answer) -> list[_Resource]:
    """Return what a multistatus answer (RFC 4918, 13) tells of."""
    damaged = CalendarUnreadable(f"{host_of(answer.address)} does not answer as a calendar server does.")
    try:
        text = answer.body.decode("utf-8")
        if "<!DOCTYPE" in text:
            raise damaged
        root = ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        raise damaged from None
    found = []
    for response in root.iter(f"{DAV}response"):
        href = response.findtext(f"{DAV}href")
        properties = {
            one.tag: one
            for block in response.iter(f"{DAV}propstat")
            if " 200" in (block.findtext(f"{DAV}status") or " 200")
            for one in block.findall(f"{DAV}prop/*")
        }
        if href:
            try:
                found.append(_Resource(_own(answer, href.strip()), properties, answer))
            except ValueError:
                raise damaged from None
    return found


def _own(answer: web.Answer, href: str) -> str:
    """Return the address of a thing that a server tells of as its own: on that server, whatever name it goes by.

    Behind a proxy it may know itself by another name, and without TLS (RFC 4918, 8.3 has it name nothing else).
    """
    own, told = urlsplit(answer.address), urlsplit(urljoin(answer.address, href))
    return told._replace(scheme=own.scheme, netloc=own.netloc).geturl()


def _as_left(mark: str | None) -> dict[str, str]:
    """Return the condition that an event is as it was left, or is not there."""
    return {"If-Match": f'"{mark}"'} if mark else {"If-None-Match": "*"}


def _path(address: str) -> str:
    """Return the path of an address, spelled the same however the server spells it."""
    return unquote(urlsplit(address).path)


def plain(mark: str) -> str:
    """Return an ETag without its quotes: servers write the same one in two ways."""
    return mark.strip().removeprefix("W/").strip('"')
