"""A plan as one self-contained HTML page: no requests, no fonts, no script except its own.

The page's content security policy names its style and its script by their digests, so that nothing else can run,
whatever a value contains. A template that extends `plan.html` can use `environment` and `context`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import plural
from scimconf.plan import Plan
from scimconf.render.common import labels
from scimconf.render.common import verdict as texts
from scimconf.render.common.effects import SEVERE
from scimconf.render.common.escaping import visible
from scimconf.render.common.guard_groups import guard_groups
from scimconf.render.html.view import view

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["TEMPLATE", "assets", "context", "environment", "plan"]

TEMPLATE = "plan.html"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def plan(plan: Plan, *, previews: Mapping[str, Any] = _NOTHING, template: str = TEMPLATE, command: str = "plan") -> str:
    """Return the page; `previews` holds, by application name, what a template's block `people` shows.

    The title names the `command`.
    """
    return "".join(_page(plan, previews, template, command))


def plan_parts(plan: Plan, *, command: str = "plan") -> Iterator[str]:
    """Yield the page in parts, each of which ends with a line: the changes of a large plan are many megabytes."""
    lines: list[str] = []
    for text in _page(plan, _NOTHING, TEMPLATE, command):
        lines.append(text)
        if text.endswith("\n"):
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _page(plan: Plan, previews: Mapping[str, Any], template: str, command: str) -> Iterator[str]:
    return environment().get_template(template).generate(context(plan, previews, command))


def environment() -> Environment:
    """Return the templates of this package; every value is made visible and escaped, an undefined name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("scimconf.render.html"),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        labels.diagnostic_sentence,
        guard_groups,
        texts.guard_status,
        texts.application_summary,
        texts.application_ids,
        texts.failure_text,
        texts.missing_rows,
        texts.not_compared,
    )
    for function in (*filters, texts.unmanaged_drift, labels.counts, plural, labels.tenant_name):
        templates.filters[function.__name__] = function
    templates.globals["severe"] = SEVERE
    return templates


def _visible(value: Any) -> Any:
    """Replace the characters of a value that do not print; markup is of this package and stays."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def context(plan: Plan, previews: Mapping[str, Any] = _NOTHING, command: str = "plan") -> dict[str, Any]:
    """Return the variables of the template; the title names the `command`."""
    return {
        "command": command,
        "plan": plan,
        **view(plan, previews),
        "verdict": texts.verdict(plan),
        "mismatches": texts.tenant_mismatches(plan),
        "blocked": texts.blocked(plan),
        "partial": labels.PARTIAL,
        "abandoned": labels.ABANDONED,
        "drift": labels.DRIFT,
        "missing": labels.MISSING,
        **assets(["plan.css"], "plan.js"),
    }


def assets(styles: list[str], script: str) -> dict[str, Any]:
    """Return style and script of a page, files of this package, and the content security policy that allows them.

    Without a script no script is allowed.
    """
    from markupsafe import Markup

    folder = files("scimconf.render.html") / "templates"
    style = "".join((folder / name).read_text("utf-8") for name in styles)
    code = (folder / script).read_text("utf-8") if script else ""
    scripts = [f"script-src '{_digest(code)}'"] if code else []
    rules = [f"style-src '{_digest(style)}'", *scripts, "img-src data:", "base-uri 'none'"]
    policy = "; ".join(["default-src 'none'", *rules, "form-action 'none'"])
    return {"style": Markup(style), "script": Markup(code), "policy": policy}  # noqa: S704  files of this package


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
