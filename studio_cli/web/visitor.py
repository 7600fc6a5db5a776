"""A client made of a few lines: walks the real pages over HTTP, filling in what each form asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlencode, urljoin, urlsplit

MOST_PAGES = 20


@dataclass
class Page:
    """One page as a browser without pictures sees it."""

    status: int
    address: str
    heading: str = ""
    action: str | None = None
    button: str = ""
    fields: dict[str, str | list[str]] = field(default_factory=dict)


_STORY = "Leo is shy at first; it helps to show him the camera."


def _text(values: dict[str, str], words: str) -> str:
    return words[: int(values.get("maxlength") or len(words))].strip()


def _line(values: dict[str, str]) -> str:
    """Return what is typed into a line: a number within its limits where one is asked for."""
    if values.get("autocomplete") == "name":
        return "Rui Costa"
    if "inputmode" not in values:
        return _text(values, "Sofia, 6, and Leo, 3")
    return values.get("data-min") or values.get("data-max") or "3"


_FILLED: dict[str, Callable[[dict[str, str]], str]] = {
    "hidden": lambda values: values.get("value", ""),
    "radio": lambda values: values["value"],
    "date": lambda values: values.get("min") or values.get("max") or "2026-12-01",
    "email": lambda values: "rui@example.com",
    "tel": lambda values: "+1 416 555 0134",
}


class _Reader(HTMLParser):
    """Finds the heading and the form of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._inside: str | None = None
        self._least = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in {"h1", "button"}:
            self._inside = tag
        elif tag == "form" and values.get("method") == "post":
            self.page.action = values["action"]
        elif tag == "fieldset":
            self._least = int(values.get("data-least", "1"))
        elif tag == "textarea":
            self.page.fields[values["name"]] = _text(values, _STORY)
        elif tag == "input" and "name" in values:
            self._fill(values)

    def _fill(self, values: dict[str, str]) -> None:
        name, fields = values["name"], self.page.fields
        if values["type"] == "checkbox":
            ticked = fields.setdefault(name, [])
            if isinstance(ticked, list) and len(ticked) < self._least:
                ticked.append(values["value"])
        elif values["type"] != "radio" or name not in fields:
            fields[name] = _FILLED.get(values["type"], _line)(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside == "h1":
            self.page.heading += data
        elif self._inside == "button":
            self.page.button += data


def walk(link: str) -> Iterator[Page]:
    """Open a link and complete it step by step, yielding each page as it is seen."""
    page = _fetch(link, None)
    for _ in range(MOST_PAGES):
        yield page
        if page.action is None or page.status != 200:
            return
        page = _fetch(urljoin(page.address, page.action), page.fields)


def _fetch(address: str, fields: dict[str, str | list[str]] | None) -> Page:
    """GET, or POST and follow to where the answer leads."""
    parts = urlsplit(address)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.netloc, timeout=30)
    try:
        if fields is None:
            connection.request("GET", parts.path)
        else:
            form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
            connection.request("POST", parts.path, urlencode(fields, doseq=True), form)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8")
        if answer.status == 303:
            return _fetch(urljoin(address, answer.headers["Location"]), None)
    finally:
        connection.close()
    page = Page(answer.status, address)
    _Reader(page).feed(body)
    return page
