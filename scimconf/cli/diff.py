"""`scimconf diff`: two specs, a spec and an application, or two applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import options, saved
from scimconf.cli.terminal import Terminal

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.spec.model import Spec
    from scimconf.workflow.spec_diff import LiveSide

APP = "app:"


@click.command("diff", short_help="Compare two specs, a spec and an application, or two applications.")
@click.argument("one", metavar="ONE")
@click.argument("other", metavar="OTHER")
@options.variables
@options.tenant
@options.events
@options.output("text", "json", "markdown", "html")
@saved.telling
def command(one: str, other: str, **asked: Any) -> int:
    """Compare two specs, a spec and an application, or two applications. Exit code 2 when they differ.

    ONE and OTHER are files, or app:NAME or app:ID for what is live in the tenant. It shows what would change if ONE
    became OTHER. Nothing is written, and a tenant is only read where an app: is named.

    \b
        scimconf diff staging.yaml production.yaml
        scimconf diff app:Writer writer.scimconf.yaml
    """
    from scimconf.cli.session import run

    if not any(side.startswith(APP) for side in (one, other)):
        return _tell(_load(one, asked), _load(other, asked), asked)

    async def work(session: Session) -> int:
        live = _which(one, other)
        sides = [
            await _live(session, side, defined=live is not None) if side.startswith(APP) else _load(side, asked)
            for side in (one, other)
        ]
        with session.progress.still():
            return _tell(sides[0], sides[1], asked, live=live, secrets=False)

    return run(asked, "reading", work)


def _which(one: str, other: str) -> LiveSide | None:
    """Which of them is live, where only one is."""
    if one.startswith(APP) == other.startswith(APP):
        return None
    return "before" if one.startswith(APP) else "after"


def _load(path: str, asked: dict[str, Any]) -> Spec:
    from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location

    loadeds, together = options.load_all([path], asked["var"], asked["var_file"])
    problems = [*together, *(problem for loaded in loadeds for problem in loaded.problems)]
    if len(loadeds) != 1 and not problems:
        problems = [
            Diagnostic("S001", "several specs are in this folder", location=Location(path), hint="Name one of them.")
        ]
    if problems or loadeds[0].spec is None:
        raise DiagnosticsError(problems)
    return loadeds[0].spec


async def _live(session: Session, side: str, *, defined: bool) -> Spec:
    from scimconf.cli.export import declared
    from scimconf.spec.model import Spec

    found = await declared(session, side.removeprefix(APP), "app", full=True, defined=defined)
    found.tree.setdefault("assignments", {"unlisted": "report"})
    found.tree["assignments"]["users"] = found.users()
    return Spec.model_validate(found.tree)


def _tell(one: Spec, other: Spec, asked: dict[str, Any], *, live: LiveSide | None = None, secrets: bool = True) -> int:
    from scimconf.kinds import KINDS
    from scimconf.plan import Plan
    from scimconf.workflow.spec_diff import diff_specs

    plan = Plan(applications=(diff_specs(KINDS, one, other, live=live, secrets=secrets),))
    click.echo(saved.told(plan, asked["form"], Terminal.of_stdout(), asked), nl=False)
    return 2 if plan.has_changes else 0
