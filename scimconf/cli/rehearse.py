"""`scimconf rehearse`: apply a spec to a simulated tenant, and provision users to an endpoint as Entra would."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from scimconf.cli import options
from scimconf.cli.check_endpoint import base_address, endpoint_token, render_report
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.options import CommonOptions
from scimconf.cli.session import Session, run_without_tenant
from scimconf.cli.streams import masked, masked_text
from scimconf.cli.tenants import by_tenant
from scimconf.diagnostics import DiagnosticsError, ScimconfError
from scimconf.files import check_writable, read_regular_file, write_file
from scimconf.spec.loaded import Loaded

if TYPE_CHECKING:
    from scimconf.rehearsal.endpoint.run import RunOutcome
    from scimconf.rehearsal.invented import User
    from scimconf.rehearsal.run import PlayedVendor, RehearsalOptions, Switches

_TOLERANT, _VENDOR = "tolerant", "preset:"
_DEFAULT_TARGET = "that of the spec's preset, else tolerant"
MAX_USERS_FILE = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseOptions:
    """Against which endpoint specs are rehearsed, with which users, and where the report is printed."""

    endpoint: str | None = None
    token_env: str | None = None
    target: str | None = None
    users: str | None = None
    sample: int | None = None
    switch: tuple[str, ...] = ()
    timeout: int = 30
    output_format: str = "text"
    full: bool = False
    out: str | None = None
    yes: bool = False


@click.command("rehearse", short_help="Provision invented users to an endpoint as Entra would.")
@options.specs_and_tenant
@click.option(
    "--endpoint", metavar="URL", help="Tenant URL of your own SCIM endpoint. Default: a built-in SCIM server."
)
@click.option("--token-env", metavar="NAME", help="Environment variable with the token of your endpoint.")
@click.option(
    "--target",
    metavar="KIND",
    show_default=_DEFAULT_TARGET,
    help="Built-in SCIM server: strict, tolerant, faulty:ID, or preset:NAME with the limits of a vendor.",
)
@click.option("--users", type=click.Path(dir_okay=False), metavar="FILE", help="JSON file with users in Graph's form.")
@click.option("--sample", type=click.IntRange(1, 100), metavar="N", help="Read N users of the tenant, and redact them.")
@click.option(
    "--switch", multiple=True, metavar="NAME=VALUE", help="What the simulated service does where nothing is documented."
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 600),
    default=30,
    show_default=True,
    help="Seconds for one request with its response.",
)
@options.check_report
def command(**params: Any) -> int:
    """Rehearse specs: apply each to a simulated tenant, and provision users to an endpoint as Entra would.

    Invents the users and groups that the spec names. Then changes, disables, deletes and restores them, with a
    provisioning cycle after each step. The report shows for each step what was sent, and whether the application has it.
    Nothing is sent to a tenant. Exit code 0 means that every step ended as expected, 2 that one did not.

    With --endpoint, users and groups named scimconf-… are created at that endpoint, and deleted at the end. Asks first.

    \b
        scimconf rehearse examples/writer-new
        scimconf rehearse --endpoint http://localhost:8080/scim --token-env SCIM_TOKEN examples/writer-new
        scimconf rehearse --users users.json --format html --out report.html examples/writer-new
    """
    try:
        from scimconf.rehearsal import whole_run as _imported  # noqa: F401
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'scimconf[rehearsal]'") from None
    rehearse_options = options.from_click(RehearseOptions, params)
    common = options.from_click(CommonOptions, params)
    specs = _valid_specs(common)
    _check_usage(rehearse_options, len(specs))
    if rehearse_options.out:
        check_writable(rehearse_options.out)
    codes = [_rehearse(loaded, rehearse_options, common) for loaded in specs]
    return combine(codes)


def _valid_specs(common: CommonOptions) -> list[Loaded]:
    """Return the specs; raise DiagnosticsError if one of them has an error that is known without a tenant."""
    from scimconf.workflow.validate import validate

    specs, diagnostics = options.find_specs(common)
    errors = [*diagnostics, *(diagnostic for spec in specs for diagnostic in validate(spec, options.today()))]
    if any(error.is_error for error in errors):
        raise DiagnosticsError([error for error in errors if error.is_error])
    return specs


def _check_usage(rehearse_options: RehearseOptions, number: int) -> None:
    if (rehearse_options.endpoint is None) is not (rehearse_options.token_env is None):
        raise click.UsageError("--endpoint and --token-env belong together.")
    if rehearse_options.endpoint is not None and rehearse_options.target is not None:
        raise click.UsageError("--target is the built-in SCIM server. Pass --endpoint or --target.")
    if rehearse_options.users is not None and rehearse_options.sample is not None:
        raise click.UsageError("Pass one of --users and --sample.")
    if number > 1 and (rehearse_options.out or rehearse_options.output_format != "text"):
        raise click.UsageError("--out and --format work with one spec, got several. Pass one spec.")


def _rehearse(loaded: Loaded, rehearse_options: RehearseOptions, common: CommonOptions) -> ExitCode:
    marker = f"scimconf-{uuid4().hex[:4]}" if rehearse_options.endpoint is not None else ""
    if not _is_confirmed(rehearse_options, marker):
        return ExitCode.FAILED
    users, switches = _users(loaded, rehearse_options, common), _switches(rehearse_options)
    target = _target(loaded, rehearse_options)
    with _endpoint(rehearse_options, target) as (address, token):
        from scimconf.rehearsal.endpoint.masking import RunMask
        from scimconf.rehearsal.naming import Naming
        from scimconf.rehearsal.run import RehearsalOptions

        run_options = RehearsalOptions(
            address=address,
            token=token,
            started=datetime.now(UTC).replace(microsecond=0),
            naming=Naming(marker),
            is_built_in=not marker,
            vendor=_vendor(target),
            users=users,
            switches=switches,
        )
        with masked(RunMask([token]).text):
            outcome = _run(loaded, run_options, rehearse_options.timeout)
            _print(outcome, rehearse_options)
    interrupted = [ExitCode.INTERRUPTED] if outcome.interrupted else []
    return combine([ExitCode(outcome.report.exit_code), *interrupted])


def _is_confirmed(rehearse_options: RehearseOptions, marker: str) -> bool:
    """Ask before anything is written to a user-supplied endpoint; without a terminal the answer is no."""
    if rehearse_options.endpoint is None:
        return True
    address = base_address(rehearse_options.endpoint, "--endpoint")
    question = (
        f"This creates users and groups named {marker}-… at {address}, changes them, and deletes them again. Use an "
        "endpoint for tests. Continue?"
    )
    return is_confirmed(question, yes=rehearse_options.yes)


def _target(loaded: Loaded, rehearse_options: RehearseOptions) -> str:
    """Return the kind of the built-in server, empty for a user-supplied endpoint.

    Without an option it plays the vendor of the preset that the spec names.
    """
    if rehearse_options.endpoint is not None:
        return ""
    preset = loaded.spec.preset if loaded.spec is not None else None
    return rehearse_options.target or (f"{_VENDOR}{preset}" if preset is not None else _TOLERANT)


def _vendor(target: str) -> PlayedVendor | None:
    """Return the vendor whose limits the built-in server plays; None if it plays none."""
    from scimconf.rehearsal.built_in import played_vendor

    return played_vendor(target.removeprefix(_VENDOR)) if target.startswith(_VENDOR) else None


@contextmanager
def _endpoint(rehearse_options: RehearseOptions, target_kind: str) -> Iterator[tuple[str, str]]:
    """Yield the tenant URL and the token of the endpoint; the built-in one is started and stopped."""
    if rehearse_options.endpoint is not None:
        base_address(rehearse_options.endpoint, "--endpoint")
        yield rehearse_options.endpoint, endpoint_token(rehearse_options.token_env or "")
        return
    from scimconf.rehearsal.built_in import start_built_in

    vendor = _vendor(target_kind)
    kind = target_kind if vendor is None else _TOLERANT
    with start_built_in(kind, f"rehearsal-{uuid4().hex}", vendor) as target:
        yield target.url, target.token


def _users(loaded: Loaded, rehearse_options: RehearseOptions, common: CommonOptions) -> tuple[User, ...]:
    """Return the users of --users or of --sample."""
    from scimconf.rehearsal.supplied_users import read_users, sample_users

    if rehearse_options.users is not None:
        try:
            content = read_regular_file(rehearse_options.users, MAX_USERS_FILE)
        except OSError as error:
            raise ScimconfError(f"{rehearse_options.users} cannot be read: {error.strerror}") from None
        return read_users(content, rehearse_options.users)
    if rehearse_options.sample is None or loaded.spec is None:
        return ()
    spec, number, users = loaded.spec, rehearse_options.sample, list[Any]()

    async def read(session: Session, _specs: Sequence[Loaded]) -> ExitCode:
        users.extend(await sample_users(session.client.graph, spec, number, uuid4().hex))
        return ExitCode.OK

    for group in by_tenant([loaded], common):
        group.run(read)
    return tuple(users)


def _run(loaded: Loaded, run_options: RehearsalOptions, timeout: float) -> RunOutcome:
    from scimconf.cli.events import EventLog
    from scimconf.cli.progress import Progress
    from scimconf.rehearsal.whole_run import rehearse

    with Progress("rehearsing", EventLog(None)) as progress:
        with_progress = replace(run_options, progress=progress.step)
        return rehearse(loaded, with_progress, run_without_tenant, time.monotonic, timeout)


def _switches(rehearse_options: RehearseOptions) -> Switches:
    """Return the switches of a rehearsal with those of the command line; raise click.BadParameter for an unknown one."""
    from scimconf.rehearsal.run import default_switches

    positions: dict[str, object] = {"timeout_s": rehearse_options.timeout}
    for assignment in rehearse_options.switch:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise click.BadParameter(f"'{assignment}' is not NAME=VALUE", param_hint="--switch")
        positions[name] = value
    try:
        return default_switches().changed(positions)
    except ValueError as error:  # the sandbox's own
        raise click.BadParameter(str(error), param_hint="--switch") from None


def _print(outcome: RunOutcome, rehearse_options: RehearseOptions) -> None:
    """Print the report, or write it to a file; then the counts are printed."""
    to_file = bool(rehearse_options.out)
    rendered = render_report(
        outcome.report, rehearse_options.output_format, full=rehearse_options.full, to_file=to_file
    )
    if rehearse_options.out is None:
        click.echo(rendered, nl=False)
        return
    from scimconf.render.checks.words import verdict

    write_file(rehearse_options.out, masked_text(rendered))
    click.echo(f"Wrote the report to {rehearse_options.out}. {verdict(outcome.report)}", err=True)
