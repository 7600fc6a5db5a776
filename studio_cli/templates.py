"""Templates: finding and rendering what clients read. Plain data only, in Jinja's sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment


def folder() -> Path:
    """Return the shipped templates: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "shipped_templates"
    return installed if installed.is_dir() else package.parent / "templates"


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder()),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def render(name: str, data: Mapping[str, Any]) -> str:
    """Return the template ``name`` (``email/share.txt``) filled with plain ``data``; HTML is escaped."""
    return _environment().get_template(name).render(data)
