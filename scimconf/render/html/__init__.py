"""A plan as one self-contained HTML page: no requests, no fonts, no script except its own.

The page's content security policy names its style and its script by their digests, so that nothing else can run,
whatever a value contains. A template that extends `plan.html` can use `environment` and `context`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.plan import Plan
from scimconf.render.common.escaping import visible
from scimconf.render.common.labels import ABANDONED, DRIFT, PARTIAL, blocked
from scimconf.render.common.verdict import verdict
from scimconf.render.html.view import view

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["TEMPLATE", "asset", "context", "digest", "environment", "plan"]

TEMPLATE = "plan.html"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def plan(plan: Plan, *, previews: Mapping[str, Any] = _NOTHING, template: str = TEMPLATE) -> str:
    """Return the page; `previews` holds, by application name, what a template's block `people` shows."""
    return environment().get_template(template).render(context(plan, previews))


def environment() -> Environment:
    """Return the templates of this package; every value is escaped, and an undefined name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("scimconf.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def context(plan: Plan, previews: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """Return the variables of the template."""
    from markupsafe import Markup

    style, script = asset("plan.css"), asset("plan.js")
    return {
        "view": view(plan, previews),
        "verdict": verdict(plan),
        "blocked": visible(blocked(plan)),
        "partial": PARTIAL,
        "abandoned": ABANDONED,
        "drift": DRIFT,
        "style": Markup(style),  # noqa: S704  both are files of this package
        "script": Markup(script),  # noqa: S704
        "policy": "; ".join(
            [
                "default-src 'none'",
                f"style-src '{digest(style)}'",
                f"script-src '{digest(script)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        ),
    }


def asset(name: str) -> str:
    """Return the text of a style or script of this package."""
    return (files("scimconf.render.html") / "templates" / name).read_text("utf-8")


def digest(text: str) -> str:
    """Return the source hash that a content security policy allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
