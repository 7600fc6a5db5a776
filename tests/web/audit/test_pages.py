"""Every scene of the gallery, looked at as a browser, a screen reader and a validator do."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import pytest
from PIL import Image

from studio_cli import templates
from studio_cli.model.form import KINDS
from studio_cli.model.form_source import parse_form
from tests.gallery import PICTURES, QUESTIONS, SCENES, Post, Scene, Stage
from tests.journeys.test_in_browser import BASICS
from tests.web.audit.conftest import HERE, Validate
from tests.web.audit.pictures import COLORS, shrink

SHOTS = os.environ.get("STUDIO_SCREENSHOTS")
"""Where the pictures go; read before ``clean_machine`` clears the environment."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESK = 390, 1280

BLANK = '<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><body>'
"""Where a form stands that a scene sends: of the door's origin, but the door is not asked for it."""

# Sends a form as the client's browser does; every line end of a field goes out as CRLF.
SUBMIT = """([address, fields]) => {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address;
  for (const [name, value] of fields) {
    const field = document.createElement('textarea');
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""

# What axe cannot decide counts as found, except the contrast of a sign alone: ours are ornaments, next to words.
FIND = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ['violations', 'incomplete'] });
  const sign = (node) => node.any.some((check) => check.data?.messageKey === 'nonBmp')
    && node.html.includes('aria-hidden="true"');
  const told = (kind) => (one) =>
    one.nodes.filter((node) => !sign(node)).map((node) => `${kind} ${one.id}: ${one.help}: ${node.html}`);
  return [...found.violations.flatMap(told('wrong')), ...found.incomplete.flatMap(told('unclear'))];
}"""


class Viewer:
    """A browser that looks at scenes."""

    def __init__(self, browser: Any, base: str) -> None:
        sharp = {"device_scale_factor": 2} if SHOTS else {}
        self.context = browser.new_context(viewport={"width": PHONE, "height": 780}, **sharp)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self._base, self._start = base, f"{base}/where-a-form-stands"
        # A page that leads on by itself is looked at where it is.
        elsewhere = re.compile(rf"^(?!{re.escape(base)}|about:|data:)")
        self.page.route(elsewhere, lambda route: route.fulfill(status=204))
        self.page.route(self._start, lambda route: route.fulfill(content_type="text/html", body=BLANK))

    def open(self, look: str | Post) -> Any:
        """Open a path, or send a form; return the last answer."""
        if isinstance(look, str):
            return self.page.goto(self._base + look)
        self.page.goto("about:blank" if look.foreign else self._start)
        with self.page.expect_navigation() as navigation:
            self.page.evaluate(SUBMIT, [self._base + look.path, list(look.fields.items())])
        return navigation.value

    def widen(self, width: int) -> None:
        """Make the window so many pixels wide."""
        self.page.set_viewport_size({"width": width, "height": 780})

    def ways(self) -> Iterator[str]:
        """Look at the page at both widths, by day and by night."""
        for width in (PHONE, DESK):
            self.widen(width)
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                yield f"{width}{'-dark' if scheme == 'dark' else ''}"

    def axe(self) -> list[str]:
        """Return what axe-core finds wrong with the page as it is now."""
        return list(self.page.evaluate(FIND, RULES))

    def shoot(self, path: Path) -> None:
        """Keep a picture of the whole page."""
        # caret="initial": hiding the caret would write a style into the page.
        self.page.screenshot(path=path, full_page=True, caret="initial")


@pytest.fixture
def viewer(browser: Any, on: Stage) -> Iterator[Viewer]:
    """A browser at the door of the stage."""
    made = Viewer(browser, on.door.base)
    yield made
    made.context.close()


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are rendered from now on, those they are made of included."""
    names: list[str] = []
    load = jinja2.Environment.get_template

    def noting(self: jinja2.Environment, name: str, *args: Any, **options: Any) -> jinja2.Template:
        names.append(name)
        return load(self, name, *args, **options)

    monkeypatch.setattr(jinja2.Environment, "get_template", noting)
    return names


def first_page(rendered: list[str]) -> str:
    """Return the page that was answered with; its stylesheet and sign come after it."""
    return next(name for name in rendered if name.endswith(".html"))


@pytest.mark.browser
@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_scene(
    scene: Scene, on: Stage, viewer: Viewer, axe: str, validate: Validate, rendered: list[str]
) -> None:
    """Each page in each state shows what it says, and neither axe-core nor html-validate finds anything wrong."""
    look = scene.play(on)
    rendered.clear()
    answer = viewer.open(look)
    assert answer.status in scene.statuses
    assert first_page(rendered) == scene.template
    found = validate(answer.text())
    viewer.widen(320)
    found += [f"320 {one}" for one in viewer.page.evaluate(BASICS)]
    viewer.page.evaluate(axe)
    for way in viewer.ways():
        found += [f"{way} {one}" for one in viewer.axe()]
        if SHOTS and way != "1280-dark":
            viewer.shoot(Path(SHOTS) / f"{scene}-{way}.png")
    assert not found, "\n" + "\n".join(found)


# ── the gallery is whole ──────────────────────────────────────────────────────────────────────────


FOR_THE_OWNER = {"page/preview.html", "page/paper.html", "page/receipt_paper.html"}
"""Files that a command writes for the owner to look at, print or send."""


def with_parts(names: set[str]) -> set[str]:
    """Return templates with all that they extend and import."""
    environment = templates._environment("en")
    seen: set[str] = set()
    while names:
        seen |= names
        sources = [environment.loader.get_source(environment, name)[0] for name in names]
        referenced = (jinja2.meta.find_referenced_templates(environment.parse(one)) for one in sources)
        names = {name for some in referenced for name in some if name} - seen
    return seen


def unseen(scenes: list[Scene]) -> set[str]:
    """Return the page templates that no scene shows."""
    pages = {f"page/{path.name}" for path in (templates.folder() / "page").glob("*.html")} - FOR_THE_OWNER
    return pages - with_parts({scene.template for scene in scenes})


def test_every_template_is_seen() -> None:
    """No page can be added without a scene that looks at it."""
    assert unseen(SCENES) == set()
    without_ends = [scene for scene in SCENES if scene.template != "page/ended.html"]
    assert unseen(without_ends) == {"page/ended.html"}
    assert unseen([]) >= {"page/base.html", "page/parts.html"}


def test_every_kind_of_question_is_seen() -> None:
    """No kind of question can be added without the gallery's questionnaire asking one."""
    assert {field.kind for field in parse_form("all", QUESTIONS).fields} == set(KINDS)


def test_names_are_given_once() -> None:
    """Every scene has a name of its own: pictures are called by it."""
    names = [scene.name for scene in SCENES]
    assert len(set(names)) == len(names)
    assert {re.sub(r"-\d+(-dark)?$", "", picture) for picture in PICTURES} <= set(names)


# ── and what looks at it can see ──────────────────────────────────────────────────────────────────


@pytest.mark.browser
def test_axe_sees(on: Stage, viewer: Viewer, axe: str) -> None:
    """A missing label is found, and a contrast that is too low only by night is found by night only."""
    page = viewer.page
    viewer.open(on.past("review", on.wedding()))
    page.evaluate(axe)
    page.evaluate("document.querySelector('h1').style.color = '#444'")
    found = {way: viewer.axe() for way in viewer.ways()}
    assert not found["390"] and not found["1280"]
    for way in ("390-dark", "1280-dark"):
        assert len(found[way]) == 1 and found[way][0].startswith("wrong color-contrast: ")
    page.emulate_media(color_scheme="light")
    page.evaluate("document.querySelector('label').remove()")
    assert [one for one in viewer.axe() if one.startswith("wrong label: ")]


def test_validator_sees(on: Stage, validate: Validate) -> None:
    """An id that is there twice, an element that is never closed and a value that does not exist are found."""
    page = on.visitor.get(on.past("review", on.wedding())).text
    assert validate(page) == []
    for breaking, rule in (
        (("<h1", '<h1 id="main"'), "no-dup-id"),
        (("</h1>", ""), "close-order"),
        (('method="post"', 'method="send"'), "attribute-allowed-values"),
    ):
        assert any(f" {rule}: " in one for one in validate(page.replace(*breaking)))


@pytest.mark.browser
def test_other_page_is_noticed(on: Stage, viewer: Viewer, rendered: list[str]) -> None:
    """A scene that leads to another page than it says is told from one that does not."""
    viewer.open(Post("/s/unknown/review"))
    assert first_page(rendered) == "page/error.html"
    rendered.clear()
    viewer.open(on.link(on.make.session()))
    assert first_page(rendered) == "page/review.html"


def test_lock_names_no_registry() -> None:
    """What npm installs is locked by its hash, and the lock says nothing about where one machine got it."""
    locked = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    tools = {name: one for name, one in locked.items() if name}
    assert "node_modules/axe-core" in tools
    assert all("integrity" in one and "resolved" not in one for one in tools.values())


def test_small_picture_keeps_its_colors(tmp_path: Path) -> None:
    """A picture for the documentation has few colours, and those that stand out are among them."""
    shades = [(shade, shade, shade) for shade in range(256)] * 300
    Image.frombytes("RGB", (256, 300), bytes(one for shade in shades for one in shade)).save(
        tmp_path / "all.png"
    )
    with Image.open(tmp_path / "all.png") as picture:
        picture.paste((154, 71, 8), (10, 10, 16, 16))
        picture.save(tmp_path / "all.png")
    shrink(tmp_path / "all.png", tmp_path / "few" / "few.png")
    with Image.open(tmp_path / "few" / "few.png") as few:
        assert few.size == (256, 300) and len(few.getcolors() or []) <= COLORS
        seen = few.convert("RGB").getpixel((12, 12))
    assert max(abs(one - other) for one, other in zip(seen, (154, 71, 8), strict=True)) < 12
