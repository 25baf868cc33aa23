"""`scimconf provision`: provision users or a group on demand. Writes to the application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import confirmation, options
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session
from scimconf.cli.tenants import by_tenant
from scimconf.cli.terminal import Terminal
from scimconf.monitoring.comparison import Agreement
from scimconf.monitoring.on_demand import OnDemandVerdict
from scimconf.spec.loaded import Loaded
from scimconf.workflow.provision import Demand, Provisioned, prepare, provision


@click.command("provision", short_help="Provision users or a group on demand, and compare with the prediction.")
@click.argument("path", type=click.Path(exists=True), metavar="PATH")
@options.variables
@options.tenant
@options.tenants
@click.option("--user", "users", multiple=True, metavar="UPN|ID", help="Provision this user (repeatable).")
@click.option("--group", default="", metavar="NAME|ID", help="Provision this group; --user are up to five members.")
@confirmation.option()
@options.events
def command(path: str, users: tuple[str, ...], group: str, yes: bool, **params: Any) -> int:
    """Provision users or a group on demand, and show what was sent beside what a preview predicts. Asks first.

    The service really creates or changes the users in the application. Exit code 1 if a user is not provisioned, 2 if a value
    is not as predicted.

    \b
        scimconf provision apps/writer --user ada@contoso.com
        scimconf provision apps/writer --group 'Writer editors' --user ada@contoso.com
    """
    if not users and not group:
        raise click.UsageError("Pass --user or --group.")
    common = options.from_click(options.CommonOptions, {**params, "paths": (path,)})
    specs = options.load_specs(common)
    if len(specs) != 1 or specs[0].spec is None:
        raise click.UsageError(f"{path} has several specs. Name the file of one of them.")
    (tenant,) = by_tenant(specs, common, is_apply=True)

    async def work(session: Session, specs: Sequence[Loaded]) -> ExitCode:
        connected = session.tenant_session()
        demand = await prepare(connected, specs[0], users, datetime.now(UTC), group=group)
        with session.progress.paused():
            if not _approved(demand, yes=yes):
                return ExitCode.FAILED
        codes = []
        for subject in demand.subjects:
            done = await provision(connected, demand, subject)
            with session.progress.paused():
                _print(done)
            codes.append(_exit_code(done))
        return combine(codes)

    return tenant.run(work)


def _approved(demand: Demand, *, yes: bool) -> bool:
    names = ", ".join(subject.name for subject in demand.subjects)
    print_lines(f"Provision on demand writes to the application of {demand.planned.name}: {names}.", err=True)
    print_lines(*(f"  note: {limit}" for limit in demand.limits), err=True)
    return is_confirmed("Continue?", yes=yes)


def _print(done: Provisioned) -> None:
    from scimconf.render.on_demand import text

    terminal = Terminal.of_stdout()
    click.echo(
        text(done.subject.name, done.result, done.comparison, width=terminal.width, color=terminal.color), nl=False
    )


def _exit_code(done: Provisioned) -> ExitCode:
    if done.result.verdict is OnDemandVerdict.NOT_PROVISIONED:
        return ExitCode.FAILED
    disagrees = done.comparison is not None and done.comparison.agreement is Agreement.DISAGREES
    return ExitCode.CHANGES if disagrees else ExitCode.OK
