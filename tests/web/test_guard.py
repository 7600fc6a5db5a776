"""What every request passes and every answer carries."""

from __future__ import annotations

import http.client
import re
import sqlite3
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from studio_cli.booking.studio import Studio
from studio_cli.store import database
from studio_cli.web import server
from studio_cli.web.guard import HEADERS, LARGEST_BODY
from tests.conftest import Clock, Door, Maker
from tests.web.visitor import FORM, Answer, Visitor, change, dump, say, wait_for

MUST = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
}


@pytest.fixture
def visitor(door: Door) -> Visitor:
    """Somebody at the door."""
    return Visitor(door.base)


def check_headers(answer: Answer) -> None:
    """Fail unless the answer carries every header that protects the client."""
    for name, value in {**HEADERS, **MUST}.items():
        assert answer.header(name) == value, f"{name} of a {answer.status}"
    policy = answer.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none';") and "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy and "unsafe" not in policy and "http" not in policy
    assert answer.header("server") is None and answer.header("set-cookie") is None


def test_headers_on_every_answer(
    studio: Studio, make: Maker, door: Door, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every route and every error, from 200 to 503, carries all the headers."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    token = make.link(make.session())
    post = {"Content-Type": FORM}
    link = f"/s/{token}"
    answers = [
        visitor.get("/"),
        visitor.get("/robots.txt"),
        visitor.get("/studio.css"),
        visitor.get("/studio.svg"),
        visitor.get("/studio.js"),
        visitor.get(link),
        visitor.get(f"{link}/review"),
        visitor.ask("HEAD", link),
        visitor.get(f"{link}/payment"),
        visitor.get(f"{link}/summary"),
        visitor.get(f"{link}/calendar.ics"),
        visitor.get("/logo"),
        visitor.ask("POST", f"{link}/review", b"--x", {"Content-Type": "multipart/form-data"}),
        visitor.post(f"{link}/review", {}, Sec_Fetch_Site="cross-site"),
        visitor.get("/s/unknown"),
        visitor.get("/nowhere"),
        visitor.ask("DELETE", link),
        visitor.ask("OPTIONS", "/"),
        visitor.step(token, "review", revision=2),
        visitor.ask("POST", f"{link}/review", b"a" * (LARGEST_BODY + 1), post),
    ]
    other = sqlite3.connect(studio.file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers.append(visitor.step(token, "review"))
    other.close()
    change(studio.file.path, ("DROP TABLE step", ()))
    answers.append(visitor.get(link))
    for answer in answers:
        check_headers(answer)
    seen = [answer.status for answer in answers]
    assert seen == [200] * 8 + [303, 303, 303, 404, 400, 403, 404, 404, 405, 405, 303, 413, 503, 500]


def test_headers_where_something_is_to_be_mended(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """The redirect after a missing answer and the page that points at it carry the headers too."""
    from studio_cli.booking import form as forms

    forms.add(studio, "a", "title = 'A'\n[[field]]\nname = 'a'\nlabel = 'A'\nrequired = true\n")
    token = make.link(make.session(form="a"))
    visitor.step(token, "review")
    answer = visitor.step(token, "questionnaire")
    page = visitor.get(str(answer.header("location")))
    assert (answer.status, page.status) == (303, 200) and 'role="alert"' in page.text
    check_headers(answer)
    check_headers(page)


ROUTES = {
    "/": "GET",
    "/robots.txt": "GET",
    "/studio.css": "GET",
    "/studio.svg": "GET",
    "/s/{token}": "GET",
    "/s/{token}/review": "GET, POST",
    "/s/{token}/questionnaire": "GET, POST",
    "/s/{token}/payment": "GET, POST",
}
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "X",
]


@pytest.mark.parametrize("route", ROUTES)
def test_every_method_of_every_route(route: str, make: Maker, studio: Studio, visitor: Visitor) -> None:
    """Each route answers its own methods; all others are 405 with what is allowed, and all carry the headers."""
    path = route.format(token=make.link(make.session()))
    before = dump(studio.file.path)
    for method in METHODS:
        answer = visitor.ask(
            method, path, b"revision=0" if method == "POST" else None, {"Content-Type": FORM}
        )
        check_headers(answer)
        if method in ROUTES[route].split(", ") or method == "HEAD":
            assert answer.status in {200, 303, 409}
            continue
        assert answer.status == 405
        assert sorted((answer.header("allow") or "").split(", ")) == sorted(
            f"HEAD, {ROUTES[route]}".split(", ")
        )
        assert "That is not possible here" in answer.text and "Ana Silva Photography" in answer.text
    change(studio.file.path, ("UPDATE share SET opened_at = NULL, last_opened_at = NULL", ()))
    assert dump(studio.file.path) == before


@pytest.mark.parametrize("path", [*ROUTES, "/nowhere", "/s/unknown", "/s/unknown/review"])
def test_head_is_get_without_its_body(path: str, make: Maker, visitor: Visitor) -> None:
    """HEAD answers what GET would, errors included, and nothing follows."""
    path = path.format(token=make.link(make.session()))
    get, head = visitor.get(path), visitor.ask("HEAD", path)
    assert head.undated == (*get.undated[:2], b"")


def test_a_scanner_changes_nothing(studio: Studio, make: Maker, visitor: Visitor) -> None:
    """Whoever opens a link and follows everything on its pages, as mail scanners do, leaves only when it was opened."""
    session = make.session()
    token = make.link(session)
    visitor.step(token, "review")
    before = dump(studio.file.path)
    found, done = [f"/s/{token}"], set[str]()
    while found:
        path = found.pop()
        done.add(path)
        page = visitor.get(path).text
        visitor.ask("HEAD", path)
        here = re.findall(r'(?:href|src|action|formaction)="(/[^"]*)"', page)
        found += [link for link in here if link not in done and link not in found]
    assert {f"/s/{token}", f"/s/{token}/payment", "/studio.css"} < done
    change(studio.file.path, ("UPDATE share SET opened_at = NULL, last_opened_at = NULL", ()))
    assert dump(studio.file.path) == before


@pytest.mark.parametrize("method", ["{token}", "POST{token}", "get", "X-{token}"])
@pytest.mark.parametrize(
    "path",
    [
        "/s/{token}?t={token}#{token}",
        "/s/{token}%2Freview",
        "/%73/{token}",
        "/s%2F{token}",
        "/S/{token}",
        "//s/{token}//",
        "/s/{token}/payment/{token}",
        "/s/%0a{token}",
        "/./s/{token}/..",
        "http://x.example/s/{token}",
        "{token}",
    ],
)
def test_log_of_hostile_requests(method: str, path: str, make: Maker, door: Door) -> None:
    """Wherever a token stands in a request, in whatever writing, it does not reach the log."""
    token = make.link(make.session())
    target, verb = path.format(token=token), method.format(token=token)
    for name in (verb, "GET", "POST"):
        request = f"{name} {target} HTTP/1.1\r\nHost: {token}.example\r\nUser-Agent: {token}\r\n"
        say(door.base, f"{request}Referer: /s/{token}\r\nContent-Length: 0\r\n\r\n".encode())
    wait_for(lambda: len(door.log) == 3)
    assert token not in "".join(door.log) and token[:8] not in "".join(door.log)


# ── other websites ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[::1"},
        {"Origin": "nonsense"},
        {"Origin": ""},
    ],
    ids=str,
)
def test_cross_site_post(headers: dict[str, str], studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A form of another website is refused with 403, and changes nothing."""
    token = make.link(make.session())
    before = dump(studio.file.path)
    answer = visitor.ask("POST", f"/s/{token}/review", b"revision=1", {"Content-Type": FORM, **headers})
    assert answer.status == 403
    check_headers(answer)
    assert dump(studio.file.path) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "{base}"},
    ],
    ids=str,
)
def test_own_post(headers: dict[str, str], make: Maker, door: Door, visitor: Visitor) -> None:
    """A form of ours is taken, as old and new browsers send it; they give no origin, as we ask for no referrer."""
    token = make.link(make.session())
    own = {name: value.format(base=door.base) for name, value in headers.items()}
    answer = visitor.ask("POST", f"/s/{token}/review", b"revision=1", {"Content-Type": FORM, **own})
    assert answer.status == 303


def test_link_from_another_site(make: Maker, visitor: Visitor) -> None:
    """A link opens from anywhere: mail programs and websites send people here."""
    token = make.link(make.session())
    assert visitor.get(f"/s/{token}", Sec_Fetch_Site="cross-site").status == 200


# ── size ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x"])
def test_too_large(kind: str, studio: Studio, make: Maker, visitor: Visitor) -> None:
    """A body over a mebibyte is refused with 413, announced or sent in chunks, and changes nothing."""
    path = f"/s/{make.link(make.session())}/review"
    before = dump(studio.file.path)
    start = b"" if kind == FORM else b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'

    def chunks() -> Iterator[bytes]:
        yield start
        for _ in range(LARGEST_BODY // 65536 + 1):
            yield b"a" * 65536

    announced = visitor.ask("POST", path, start + b"a" * (LARGEST_BODY + 1), {"Content-Type": kind})
    assert announced.status == 413
    in_pieces = visitor.ask(
        "POST", path, chunks(), {"Content-Type": kind, "Transfer-Encoding": "chunked"}, chunked=True
    )
    assert in_pieces.status == 413
    assert dump(studio.file.path) == before


def test_announced_size_is_believed(make: Maker, visitor: Visitor) -> None:
    """A body that is announced as too large is refused before it is sent."""
    connection = http.client.HTTPConnection(urlsplit(visitor.base).netloc, timeout=10)
    connection.putrequest("POST", f"/s/{make.link(make.session())}/review")
    connection.putheader("Content-Type", FORM)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_just_small_enough(make: Maker, visitor: Visitor) -> None:
    """A body of exactly a mebibyte is read."""
    body = b"revision=1&a=".ljust(LARGEST_BODY, b"a")
    answer = visitor.ask("POST", f"/s/{make.link(make.session())}/review", body, {"Content-Type": FORM})
    assert answer.status == 303


# ── under a path ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=["/book", "/s", "/deep/er"])
def under_path(request: pytest.FixtureRequest, studio: Studio, clock: Clock) -> Iterator[tuple[Visitor, str]]:
    """A door whose public address has a path, and that path."""
    listening = server.bind("127.0.0.1", 0)
    base = server.address_of(listening, "127.0.0.1")
    public = f"https://x.example{request.param}"
    with server.Door(listening, studio.file.path, clock, [].append, link_base=public):
        yield Visitor(base), request.param


def test_public_path(make: Maker, under_path: tuple[Visitor, str]) -> None:
    """Under a public address with a path, pages work whether or not the proxy takes the path away."""
    visitor, prefix = under_path
    for at, hour in (("", 10), (prefix, 14)):
        token = make.link(make.session(f"2026-12-04 {hour}:00"))
        page = visitor.get(f"{at}/s/{token}")
        assert page.status == 200
        assert f'href="{prefix}/studio.css"' in page.text
        assert f'action="{prefix}/s/{token}/review"' in page.text
        assert visitor.get(f"{at}/studio.css").header("content-type") == "text/css; charset=utf-8"
        posted = visitor.post(f"{at}/s/{token}/review", {"revision": "1"}, Origin="https://x.example")
        assert (posted.status, posted.header("location")) == (303, f"{prefix}/s/{token}")
        assert visitor.get(f"{at}/s/unknown").status == 404
    assert visitor.get(prefix).status == visitor.get(f"{prefix}/").status == 200
    assert visitor.get(f"{prefix}ing").status == 404


def test_public_path_in_the_log(make: Maker, studio: Studio, clock: Clock) -> None:
    """A token does not reach the log by way of the public address's path."""
    log: list[str] = []
    listening = server.bind("127.0.0.1", 0)
    visitor = Visitor(server.address_of(listening, "127.0.0.1"))
    token = make.link(make.session())
    with server.Door(listening, studio.file.path, clock, log.append, link_base="https://x.example/s"):
        visitor.get(f"/s/s/{token}")
        visitor.get(f"/s/{token}/review")
    assert len(log) == 2 and token not in "".join(log)
