"""A plan as one page that needs nothing else: no request, no font, no script but its own.

The page's content policy names its style and its script by their digests, so that nothing else can run, whatever a
value holds. `environment` and `context` are for a template that extends `plan.html` and fills its block `people`.
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
from scimconf.render.html.view import view
from scimconf.render.labels import BEHIND, HORIZON, stopped, verdict

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["TEMPLATE", "context", "environment", "plan"]

TEMPLATE = "plan.html"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def plan(plan: Plan, *, previews: Mapping[str, Any] = _NOTHING, template: str = TEMPLATE) -> str:
    """The page; `previews` gives by an application's name what a template's block `people` shows."""
    return environment().get_template(template).render(context(plan, previews))


def environment() -> Environment:
    """Templates of this package; every value is escaped, and a name that is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("scimconf.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def context(plan: Plan, previews: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """The names that the template knows."""
    from markupsafe import Markup

    style, script = _asset("plan.css"), _asset("plan.js")
    return {
        "view": view(plan, previews),
        "verdict": verdict(plan),
        "stopped": visible(stopped(plan)),
        "horizon": HORIZON,
        "behind": BEHIND,
        "style": Markup(style),  # noqa: S704  both are files of this package
        "script": Markup(script),  # noqa: S704
        "policy": "; ".join(
            [
                "default-src 'none'",
                f"style-src '{_digest(style)}'",
                f"script-src '{_digest(script)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        ),
    }


def _asset(name: str) -> str:
    return (files("scimconf.render.html") / "templates" / name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
