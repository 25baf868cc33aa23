"""Plans as files, and the forms in which a plan is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scimconf.errors import Problem, ProblemsError, Where

if TYPE_CHECKING:
    from scimconf.cli.terminal import Terminal
    from scimconf.plan import Plan
    from scimconf.plan.file import Saved
    from scimconf.wire import Step

F = TypeVar("F", bound=Callable[..., Any])


def telling(command: F) -> F:
    """How markdown and artifacts are told."""
    command = click.option(
        "--max-chars", type=click.IntRange(1000), default=65536, show_default=True, help="The most a forge takes."
    )(command)
    return click.option("--redact-principals", is_flag=True, help="Keep people's names out of it.")(command)


def is_plan(path: str) -> bool:
    """Whether a file holds a plan: specs are YAML and never begin with a brace."""
    file = Path(path)
    return file.is_file() and file.open("rb").read(64).lstrip()[:1] == b"{"


def read(path: str) -> Saved:
    """The plan in a file; raises ProblemsError."""
    from scimconf.plan.file import read as parse

    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ProblemsError([Problem("P001", f"it cannot be read: {error.strerror}", where=Where(path))]) from None
    found = parse(text, path)
    if isinstance(found, Problem):
        raise ProblemsError([found])
    return found


def told(
    plan: Plan,
    form: str,
    terminal: Terminal,
    asked: Mapping[str, Any],
    steps: Mapping[str, Sequence[Step]] | None = None,
) -> str:
    """The plan in one of the forms."""
    if asked.get("redact_principals"):
        from scimconf.plan.redact import redacted

        plan = redacted(plan)
    if form == "json":
        from scimconf.render import json as as_json

        return as_json.plan(plan)
    if form == "markdown":
        from scimconf.render import markdown

        return markdown.plan(plan, max_chars=asked["max_chars"])
    if form == "html":
        from scimconf.render import html

        return html.plan(plan)
    from scimconf.render import text

    return text.plan(
        plan,
        width=terminal.width,
        color=terminal.color,
        steps=steps,
        unmanaged=bool(asked.get("show_unmanaged")),
    )


def moved(then: Saved, now: Plan) -> tuple[str, ...]:
    """What is no longer as it was when a plan was saved, a line each, safe to print."""
    from scimconf.plan.file import moved as compare
    from scimconf.render.json import plan_document
    from scimconf.render.terminal.characters import visible

    return tuple(visible(line) for line in compare(then.plan, now, (then.document, plan_document(now))))


def save(path: str, text: str) -> None:
    """Writes a file whole or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(target)
