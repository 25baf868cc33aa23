"""`scimconf doctor`: find out what prevents plans and applies before they run. Reads only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import current_specs
from scimconf.cli.session import Session, run
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import AuthenticationError
from scimconf.graph.settings import graph_settings
from scimconf.monitoring.doctor_checks import DoctorCheck, DoctorState
from scimconf.permissions import granted_by
from scimconf.spec.loaded import Loaded
from scimconf.workflow.doctor import (
    application_checks,
    environment_checks,
    permission_checks,
    secret_checks,
    sign_in_checks,
    tenant_checks,
)
from scimconf.workflow.live_application import loaded_application
from scimconf.workflow.targets import application_target


@click.command("doctor", short_help="Find out what prevents plans and applies before they run.")
@options.specs_and_tenant
@click.option("--app", metavar="NAME|ID", help="The application with this name or id, without a spec.")
@options.output_format("text", "json")
@options.events
def command(output_format: str, app: str | None, **params: Any) -> int:
    """Check sign-in, tenant, clock, permissions and secrets. Writes nothing, and prints no secret.

    With PATHS, the permissions are those that planning and applying these specs need; with --app, those that the operations
    on this application need, and whether its provisioning runs. Exit code 1 if there is a problem.

    \b
        scimconf doctor
        scimconf doctor apps/
        scimconf doctor --app Writer
    """
    common = options.from_click(options.CommonOptions, params)
    if common.paths and app is not None:
        raise click.UsageError("Pass spec files or --app.")
    specs = current_specs(options.load_specs(common)) if common.paths else []
    settings = graph_settings(os.environ, common.cloud)
    checks = list(environment_checks(os.environ, settings.base))

    async def work(session: Session) -> ExitCode:
        if app is not None:
            live = [loaded_application(app, {"display_name": app})]
            checks.extend(await _tenant(session, live, anonymous=settings.anonymous))
            checks.extend(await application_checks(session.client.graph, application_target(app), datetime.now(UTC)))
            return ExitCode.OK
        checks.extend(await _tenant(session, specs, anonymous=settings.anonymous))
        return ExitCode.OK

    try:
        run(common, "checking", work)
    except AuthenticationError as error:
        checks.append(DoctorCheck("sign-in", DoctorState.PROBLEM, str(error), error.hint))
    _print(checks, output_format)
    return ExitCode.FAILED if any(check.state is DoctorState.PROBLEM for check in checks) else ExitCode.OK


async def _tenant(session: Session, specs: Sequence[Loaded], *, anonymous: bool) -> list[DoctorCheck]:
    client = session.client
    claims = await client.claims() if client.claims is not None else {}
    now = datetime.now(UTC)
    app_id = str(claims.get("appid") or claims.get("azp") or "")
    return [
        *sign_in_checks(claims, anonymous=anonymous),
        *await tenant_checks(client.graph, now, specs),
        *permission_checks(granted_by(claims), specs, app_id, anonymous=anonymous),
        *secret_checks(specs, client.secrets, now),
    ]


def _print(checks: Sequence[DoctorCheck], output_format: str) -> None:
    from scimconf.render import doctor as rendering

    terminal = Terminal.of_stdout()
    as_text = rendering.text(checks, width=terminal.width, color=terminal.color)
    click.echo(rendering.json(checks) if output_format == "json" else as_text, nl=False)
