"""`scimconf sandbox serve`: a simulated tenant over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scimconf.diagnostics import ScimconfError
from scimconf.files import check_writable

_SUMMARY = "Run a simulated Microsoft Entra tenant on this machine."


@click.group("sandbox", short_help=_SUMMARY, help=_SUMMARY)
def command() -> None:
    """The group of the sandbox's commands."""


@command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port; 0 for a free one.")
@click.option("--tenant", type=click.Path(dir_okay=False, exists=True), help="JSON file that describes the tenant.")
@click.option("--state", type=click.Path(dir_okay=False), help="File that stores the tenant. Default: in memory.")
@click.option(
    "--ready-file", type=click.Path(dir_okay=False), help="Write the Graph URL to FILE when the server is ready."
)
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="Set a switch (see docs/sandbox.md).")
@click.option(
    "--like", type=click.Path(dir_okay=False, exists=True), help="Behave like the tenant in this `probe` report."
)
@click.option("--tls", type=click.Path(file_okay=False), metavar="DIR", help="Serve https with certificates in DIR.")
@click.option("--permissions", metavar="LIST", help="Permissions of all callers, comma-separated. Default: all.")
def serve(port: int, ready_file: str | None, tls: str | None, **tenant_options: Any) -> int:
    """Serve a simulated tenant until interrupted.

    Set SCIMCONF_GRAPH_URL to use it. Nothing leaves this machine.

    \b
        scimconf sandbox serve --port 8765 &
        export SCIMCONF_GRAPH_URL=http://127.0.0.1:8765/v1.0

    With --tls the sandbox serves https://localhost, with a sign-in service and the cloud metadata beside Graph, for
    clients that require them. These clients must trust DIR/ca.pem.
    """
    try:
        from scimconf.sandbox import certificates, server
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'scimconf[sandbox]'") from None
    app = _app(server, **tenant_options)
    if ready_file:
        check_writable(ready_file)
    ready_path = Path(ready_file) if ready_file else None
    files = certificates.ensure_certificates(Path(tls)) if tls else None
    try:
        server.serve(app, port=port, ready_file=ready_path, on_ready=lambda url: _print_address(url, files), tls=files)
    except server.PortError as error:
        raise ScimconfError(f"Cannot listen on port {port}: {error}. Use --port 0 for a free port") from None
    return 0


def _app(
    server: Any,
    tenant: str | None,
    state: str | None,
    switches: Sequence[str],
    like: str | None,
    permissions: str | None,
) -> Any:
    import sqlite3

    from scimconf.sandbox.tenant_file import TenantFile

    granted = frozenset(filter(None, permissions.split(","))) if permissions else None
    values = reported_switches(like) | _pairs(switches)
    try:
        tenant_file = TenantFile.read(Path(tenant)) if tenant else None
        return server.create_app(tenant_file, state=state, switches=values, permissions=granted)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{state} cannot store a tenant: {error}") from None


def reported_switches(report: str | None) -> dict[str, Any]:
    """Return the switches of a `probe` report; warn about those that this version does not know, and omit them."""
    import json

    from scimconf.sandbox.switches import SwitchError, Switches

    if report is None:
        return {}
    try:
        switches = dict(json.loads(Path(report).read_text(encoding="utf-8"))["switches"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise click.BadParameter(f"{report} is not a report of scimconf probe", param_hint="--like") from None
    for name, value in list(switches.items()):
        try:
            Switches().changed({name: value})
        except SwitchError as error:
            click.echo(f"Warning: {report}: {error}. The switch is ignored.", err=True)
            del switches[name]
    return switches


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.BadParameter(f"expected NAME=VALUE, got {text!r}", param_hint="--switch")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def _print_address(url: str, tls: Any) -> None:
    click.echo(f"The simulated tenant listens at {url}. Press Ctrl+C to stop.", err=True)
    click.echo(f"  export SCIMCONF_GRAPH_URL={url}", err=True)
    if tls is not None:
        click.echo(f"  export SSL_CERT_FILE={tls.authority.resolve()}", err=True)
