"""`scimconf plan`: what differs, and what that does to people. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options
from scimconf.cli.terminal import Terminal

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.errors import Problem
    from scimconf.plan import Plan
    from scimconf.spec.loaded import Loaded
    from scimconf.workflow import Options, Planned


@click.command("plan", short_help="Show what differs from the tenant, and what that does to people.")
@options.paths
@options.variables
@options.tenant
@options.selection
@options.output("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.option("--steps", "with_steps", is_flag=True, help="Show the requests and edits that apply would make.")
def command(paths: Sequence[str], given: Sequence[str], files: Sequence[str], **asked: Any) -> int:
    r"""Show what differs from the tenant, and what that does to people. Nothing is written.

    PATHS are files, or folders with scimconf.yaml and *.scimconf.yaml; this folder where none is named.

    \b
        scimconf plan examples/writer
        scimconf plan --only 'writer:attribute_mapping/*' --detailed-exitcode
    """
    from scimconf.cli.session import run

    options.know_guards(asked["allow"])
    loadeds, together = options.load_all(paths, given, files)

    async def work(session: Session) -> int:
        found = await plan_all(session, loadeds, wishes(asked))
        with session.progress.still():
            tell(found, together, asked)
        return exit_code(found, together, detailed=asked["detailed_exitcode"])

    if not any(loaded.spec is not None for loaded in loadeds) or together:
        return refuse([*together, *(problem for loaded in loadeds for problem in loaded.problems)])
    return run(asked["auth"], asked["cloud"], "reading", work)


def wishes(asked: dict[str, Any]) -> Options:
    from scimconf.workflow import Options

    return Options(
        tuple(asked["only"]),
        tuple(asked["exclude"]),
        tuple(asked["allow"]),
        asked["resend_secrets"],
        options.today(),
    )


class Found:
    """What came of each spec: a plan, problems, or an error."""

    def __init__(self) -> None:
        self.planned: list[Planned] = []
        self.problems: list[Problem] = []
        self.errors: list[tuple[str, Exception]] = []


async def plan_all(session: Session, loadeds: Sequence[Loaded], wishes: Options) -> Found:
    """All applications at once; one that fails does not stop the others."""
    import asyncio

    from scimconf.errors import ScimconfError
    from scimconf.workflow import plan, validate

    found = Found()
    sound = []
    for loaded in loadeds:
        problems = validate(loaded, wishes.today)
        found.problems += problems
        if not any(problem.is_error for problem in problems):
            sound.append(loaded)
    results = await asyncio.gather(*(plan(session.live(), loaded, wishes) for loaded in sound), return_exceptions=True)
    for loaded, result in zip(sound, results, strict=True):
        if isinstance(result, ScimconfError):
            found.errors.append((loaded.spec.name if loaded.spec else "", result))
        elif isinstance(result, BaseException):
            raise result
        else:
            found.problems += result.comparison.problems
            if not result.comparison.problems:
                found.planned.append(result)
    return found


def whole(found: Found, asked: dict[str, Any]) -> Plan:
    """The plan of all applications that could be planned."""
    from scimconf.plan import Plan, Tenant

    tenants = [one.comparison.tenant for one in found.planned if one.comparison.tenant is not None]
    shaped = {name: list(asked[name]) for name in ("only", "exclude", "allow")}
    return Plan(
        tenants[0] if tenants else Tenant(),
        tuple(one.comparison.plan for one in found.planned),
        {**shaped, "resend_secrets": asked["resend_secrets"]},
    )


def tell(found: Found, together: Sequence[Problem], asked: dict[str, Any]) -> None:
    """The product on stdout, problems and errors on stderr."""
    from scimconf.render import problems as as_text

    terminal = Terminal.of_stdout()
    plan = whole(found, asked)
    if asked["form"] == "json":
        from scimconf.render import json as as_json

        click.echo(as_json.plan(plan), nl=False)
    elif found.planned:
        from scimconf.render import text

        steps = {one.name: one.comparison.steps for one in found.planned} if asked.get("with_steps") else None
        click.echo(text.plan(plan, width=terminal.width, color=terminal.color, steps=steps), nl=False)
    problems = [*together, *found.problems]
    if problems:
        click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    for name, error in found.errors:
        fail(name, error)


def fail(name: str, error: Exception) -> None:
    from scimconf.render.terminal.characters import visible

    click.echo(visible(f"{name}: {error}"), err=True)
    if getattr(error, "hint", ""):
        click.echo(visible(f"  {error.hint}"), err=True)  # type: ignore[attr-defined]


def refuse(problems: Sequence[Problem]) -> int:
    from scimconf.render import problems as as_text

    click.echo(as_text.text(problems, color=Terminal.of_stderr().color), nl=False, err=True)
    return 65


def exit_code(found: Found, together: Sequence[Problem], *, detailed: bool) -> int:
    codes = [0]
    if found.errors:
        codes.append(1)
    if any(problem.is_error for problem in (*together, *found.problems)):
        codes.append(65)
    if detailed and any(one.comparison.plan.has_drift for one in found.planned):
        codes.append(2)
    return options.first(codes)
