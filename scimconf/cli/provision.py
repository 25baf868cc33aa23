"""`scimconf provision`: provision users or a group on demand. Writes to the application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import confirmation, options
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.tenants import by_tenant
from scimconf.cli.terminal import Terminal
from scimconf.monitoring.comparison import Agreement
from scimconf.monitoring.on_demand import OnDemandVerdict
from scimconf.spec.loaded import Loaded
from scimconf.workflow.provision import Demand, Provisioned, prepare, provision
from scimconf.workflow.targets import ApplicationTarget, application_target


@dataclass(frozen=True, slots=True)
class ProvisionCommand:
    """Who is provisioned: users by name or id, or a group with the users as members; `yes` asks no question."""

    users: tuple[str, ...]
    group: str
    yes: bool


@click.command("provision", short_help="Provision users or a group on demand, and compare with the prediction.")
@click.argument("path", type=click.Path(exists=True), metavar="[PATH]", required=False)
@options.variables
@options.tenant
@options.tenants
@click.option("--app", metavar="NAME|ID", help="The application with this name or id, without a spec.")
@click.option("--user", "users", multiple=True, metavar="UPN|ID", help="Provision this user (repeatable).")
@click.option("--group", default="", metavar="NAME|ID", help="Provision this group; --user are up to five members.")
@confirmation.option()
@options.events
def command(path: str | None, app: str | None, **params: Any) -> int:
    """Provision users or a group on demand, and show what was sent beside what a preview predicts. Asks first.

    The service really creates or changes the users in the application. Exit code 1 if a user is not provisioned, 2 if a value
    is not as predicted.

    \b
        scimconf provision apps/writer --user ada@contoso.com
        scimconf provision --app Writer --user ada@contoso.com
        scimconf provision apps/writer --group 'Writer editors' --user ada@contoso.com
    """
    chosen = ProvisionCommand(params.pop("users"), params.pop("group"), params.pop("yes"))
    if not chosen.users and not chosen.group:
        raise click.UsageError("Pass --user or --group.")
    if (path is None) is (app is None):
        raise click.UsageError("Pass a spec file or --app.")
    if app is not None:
        common, target = options.from_click(options.CommonOptions, params), application_target(app)
        return run(common, "provisioning", lambda session: _provision(session, target, chosen))
    common = options.from_click(options.CommonOptions, {**params, "paths": (path,)})
    specs = options.load_specs(common)
    if len(specs) != 1 or specs[0].spec is None:
        raise click.UsageError(f"{path} has several specs. Name the file of one of them.")
    (tenant,) = by_tenant(specs, common, is_apply=True)
    return tenant.run(lambda session, specs: _provision(session, specs[0], chosen))


async def _provision(session: Session, application: Loaded | ApplicationTarget, chosen: ProvisionCommand) -> ExitCode:
    connected = session.tenant_session()
    demand = await prepare(connected, application, chosen.users, datetime.now(UTC), group=chosen.group)
    with session.progress.paused():
        if not _approved(demand, yes=chosen.yes):
            return ExitCode.FAILED
    codes = []
    for subject in demand.subjects:
        done = await provision(connected, demand, subject)
        with session.progress.paused():
            _print(demand, done)
        codes.append(_exit_code(done))
    return combine(codes)


def _approved(demand: Demand, *, yes: bool) -> bool:
    names = ", ".join(subject.name for subject in demand.subjects)
    print_lines(f"Provision on demand writes to the application of {demand.planned.name}: {names}.", err=True)
    print_lines(*(f"  note: {limit}" for limit in demand.limits), err=True)
    return is_confirmed("Continue?", yes=yes)


def _print(demand: Demand, done: Provisioned) -> None:
    from scimconf.render.on_demand import text

    terminal = Terminal.of_stdout()
    rendered = text(
        done.subject.name,
        done.result,
        done.comparison,
        selector=demand.selector,
        width=terminal.width,
        color=terminal.color,
    )
    click.echo(rendered, nl=False)


def _exit_code(done: Provisioned) -> ExitCode:
    if done.result.verdict is OnDemandVerdict.NOT_PROVISIONED:
        return ExitCode.FAILED
    disagrees = done.comparison is not None and done.comparison.agreement is Agreement.DISAGREES
    return ExitCode.CHANGES if disagrees else ExitCode.OK
