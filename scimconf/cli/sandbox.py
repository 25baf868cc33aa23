"""`scimconf sandbox serve`: a simulated tenant over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from scimconf.diagnostics import DiagnosticsError, ScimconfError
from scimconf.files import check_writable

_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?", re.ASCII)
_TARGET_TOKEN = "sandbox"  # noqa: S105  the target listens on loopback, and has invented users only
_SUMMARY = "Run a simulated Microsoft Entra tenant on this machine."


@click.group("sandbox", short_help=_SUMMARY, help=_SUMMARY)
def command() -> None:
    """The group of the sandbox's commands."""


@command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port; 0 for a free one.")
@click.option("--tenant", type=click.Path(dir_okay=False, exists=True), help="JSON file that describes the tenant.")
@click.option(
    "--spec",
    type=click.Path(exists=True),
    metavar="PATH",
    help="Invent the tenant of this spec: its users and groups, and the application if the spec does not create it.",
)
@click.option(
    "--generate",
    metavar="NUMBERS",
    help="Generate a tenant with one application, such as users=1000,groups=10,assignments=500.",
)
@click.option(
    "--write-spec", type=click.Path(file_okay=False), metavar="DIR", help="Write the spec of --generate to DIR."
)
@click.option("--state", type=click.Path(dir_okay=False), help="File that stores the tenant. Default: in memory.")
@click.option(
    "--ready-file", type=click.Path(dir_okay=False), help="Write the Graph URL to FILE when the server is ready."
)
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="Set a switch (see docs/sandbox.md).")
@click.option("--latency", metavar="TIME", help="Delay every response, by 50ms or 0.5s; requests do not wait in line.")
@click.option(
    "--like",
    type=click.Path(dir_okay=False, exists=True),
    multiple=True,
    help="Behave like the tenant in this report of `probe` or `logs --compare` (repeatable).",
)
@click.option("--tls", type=click.Path(file_okay=False), metavar="DIR", help="Serve https with certificates in DIR.")
@click.option(
    "--target", metavar="KIND", help="Start a SCIM server that jobs provision to: strict, tolerant or faulty:ID."
)
@click.option("--permissions", metavar="LIST", help="Permissions of all callers, comma-separated. Default: all.")
@click.option("--cycle-every", metavar="TIME", help="Run a provisioning cycle of each started job every TIME, by 40s.")
@click.option(
    "--send-to",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Allow provisioning requests to HOST or HOST:PORT, with the job's token. Default: this machine only.",
)
def serve(port: int, ready_file: str | None, tls: str | None, target: str | None, **tenant_options: Any) -> int:
    """Serve a simulated tenant until interrupted.

    Set SCIMCONF_GRAPH_URL to use it. Nothing leaves this machine, unless --send-to names another host.

    \b
        scimconf sandbox serve --port 8765 &
        export SCIMCONF_GRAPH_URL=http://127.0.0.1:8765/v1.0

    With --spec the tenant has what the spec names, as in a rehearsal, so that the spec can be planned and applied.

    With --tls the sandbox serves https://localhost, with a sign-in service and the cloud metadata beside Graph, for
    clients that require them. These clients must trust DIR/ca.pem.

    With --target all jobs provision to a SCIM server on this machine, whatever their tenant URL. The sandbox shows its
    users and groups as a page. It needs the extra `rehearsal`.
    """
    try:
        from scimconf.sandbox import certificates, server
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'scimconf[sandbox]'") from None
    cycle_every, hosts = tenant_options.pop("cycle_every"), tenant_options.pop("hosts")
    seconds = None if cycle_every is None else _seconds(cycle_every, "--cycle-every")
    app = _app(server, **tenant_options)
    app.state.service.tenant.reach = _reach(hosts)
    if ready_file:
        check_writable(ready_file)
    ready_path = Path(ready_file) if ready_file else None
    files = certificates.ensure_certificates(Path(tls)) if tls else None
    try:
        with _routed(app, target) as routed:
            server.serve(
                app,
                port=port,
                ready_file=ready_path,
                on_ready=lambda url: _print_address(url, files, routed),
                tls=files,
                background=_background(app.state.service, seconds),
            )
    except server.PortError as error:
        raise ScimconfError(f"Cannot listen on port {port}: {error}. Use --port 0 for a free port") from None
    return 0


@contextmanager
def _routed(app: Any, kind: str | None) -> Iterator[Any]:
    """Route all jobs of a sandbox to a new target, and stop it at the end. Yield the target; None without a kind."""
    if kind is None:
        yield None
        return
    from scimconf.sandbox.reach import Destination
    from scimconf.sandbox.target import TargetError, start_target

    try:
        target = start_target(kind, token=_TARGET_TOKEN)
    except TargetError as error:
        raise click.BadParameter(str(error), param_hint="--target") from None
    with target:
        app.state.service.target = target.view()
        tenant = app.state.service.tenant
        tenant.reach = replace(tenant.reach, target=Destination(target.url, target.token))
        yield target


def _app(server: Any, state: str | None, permissions: str | None, **described: Any) -> Any:
    import sqlite3

    granted = frozenset(filter(None, permissions.split(","))) if permissions else None
    switches, like, latency = (described.pop(name) for name in ("switches", "like", "latency"))
    positions = reported_switches(like) | _pairs(switches) | _latency(latency)
    try:
        return server.create_app(_tenant(**described), state=state, switches=positions, permissions=granted)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{state} cannot store a tenant: {error}") from None


def _tenant(tenant: str | None, spec: str | None, generate: str | None, write_spec: str | None) -> Any:
    """Return the description of the tenant, None for the default; raise ValueError if it is invalid."""
    from scimconf.sandbox.generated import Numbers
    from scimconf.sandbox.tenant_file import TenantFile

    if spec is not None and (tenant is not None or generate is not None):
        raise click.UsageError("--spec describes the whole tenant. Delete --tenant and --generate, or --spec")
    if generate is None:
        if write_spec is not None:
            raise click.UsageError("--write-spec writes the spec of a generated tenant. Add --generate")
        if spec is not None:
            return TenantFile(_tenant_of_spec(spec), spec)
        return TenantFile.read(Path(tenant)) if tenant else None
    if tenant is not None:
        raise click.UsageError("--tenant and --generate exclude each other. Write `generate` in the tenant file")
    numbers = Numbers.parse(generate)
    if write_spec is not None:
        _write_files(Path(write_spec), numbers.spec_files())
    return TenantFile(numbers.tenant(), "--generate")


def _tenant_of_spec(path: str) -> Any:
    """Return the content of a tenant file for one spec; raise DiagnosticsError if the spec is invalid."""
    from scimconf.cli.options import CommonOptions, find_specs
    from scimconf.rehearsal.invented import tenant_description
    from scimconf.rehearsal.rehearsed_spec import rehearsed_spec

    specs, diagnostics = find_specs(CommonOptions(paths=(path,)))
    errors = [*diagnostics, *(diagnostic for loaded in specs for diagnostic in loaded.diagnostics)]
    if any(error.is_error for error in errors):
        raise DiagnosticsError([error for error in errors if error.is_error])
    if len(specs) != 1:
        raise click.BadParameter(f"expected one spec, got {len(specs)}. Name one", param_hint="--spec")
    spec = specs[0].spec
    if spec is not None and spec.application.display_name is None:
        message = (
            "the spec names the application by its id, and ids of the sandbox are others. Write its `display_name`"
        )
        raise click.BadParameter(message, param_hint="--spec")
    return tenant_description(rehearsed_spec(specs[0], "https://localhost"), ())


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files of a spec; refuse to overwrite one."""
    for name in files:
        if (folder / name).exists():
            raise click.BadParameter(
                f"{folder / name} already exists. Choose another folder", param_hint="--write-spec"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _reach(hosts: Sequence[str]) -> Any:
    """Return where provisioning requests may be sent."""
    from scimconf.sandbox.reach import Reach

    for host in hosts:
        if not _HOST.fullmatch(host):
            raise click.BadParameter(
                f"expected a host name such as scim.contoso.com, got {host!r}", param_hint="--send-to"
            )
    return Reach(frozenset(host.lower() for host in hosts))


def _background(service: Any, seconds: float | None) -> Any:
    from scimconf.sandbox.engine.clock import run_cycles

    return None if seconds is None else lambda: run_cycles(service, seconds)


def _latency(text: str | None) -> dict[str, Any]:
    """Return the switch for a latency in milliseconds (`50ms`) or seconds (`0.5s`)."""
    return {} if text is None else {"latency_ms": round(_seconds(text, "--latency") * 1000)}


def _seconds(text: str, option: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"expected a time such as 50ms or 0.5s, got {text!r}", param_hint=option)
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def reported_switches(reports: Sequence[str]) -> dict[str, Any]:
    """Return the switches that reports of `probe` and `logs --compare` decide.

    Warn about those that this version does not know and those with contradictory evidence, and omit them.
    """
    from scimconf.sandbox.switches import SwitchError, Switches

    positions: dict[str, Any] = {}
    contradictory: set[str] = set()
    for report in reports:
        switches, conflicts = _report(report)
        for name, evidence in conflicts.items():
            click.echo(f"Warning: {report}: contradictory evidence about {name}: {evidence}. It is ignored.", err=True)
        for name, value in switches.items():
            try:
                Switches().changed({name: value})
            except SwitchError as error:
                click.echo(f"Warning: {report}: {error}. The switch is ignored.", err=True)
                continue
            if positions.setdefault(name, value) != value:
                contradictory.add(name)
    for name in sorted(contradictory):
        click.echo(f"Warning: the reports contradict each other about {name}. The switch is ignored.", err=True)
    chosen = {name: value for name, value in positions.items() if name not in contradictory}
    if chosen:
        listed = ", ".join(f"{name}={value}" for name, value in sorted(chosen.items()))
        click.echo(f"Switches of {', '.join(reports)}: {listed}", err=True)
    return chosen


def _report(path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the switches of a report, and its contradictory evidence in words by switch."""
    import json

    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        evidence = {name: dict(document["evidence"][name]) for name in document.get("conflicts") or ()}
        conflicts = {
            str(name): ", ".join(f"{position} ({count})" for position, count in counts.items())
            for name, counts in evidence.items()
        }
        return dict(document["switches"]), conflicts
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        hint = "is not a report of scimconf probe or of scimconf logs --compare --out"
        raise click.BadParameter(f"{path} {hint}", param_hint="--like") from None


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--switch")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def _print_address(url: str, tls: Any, target: Any) -> None:
    click.echo(f"The simulated tenant listens at {url}. Press Ctrl+C to stop.", err=True)
    click.echo(f"  export SCIMCONF_GRAPH_URL={url}", err=True)
    if tls is not None:
        click.echo(f"  export SSL_CERT_FILE={tls.authority.resolve()}", err=True)
    if target is not None:
        click.echo(
            f"All jobs provision to the SCIM server {target.url} ({target.kind}, token {target.token}).", err=True
        )
        click.echo(f"Its users and groups: {url.removesuffix('/v1.0')}/_sandbox/target", err=True)
