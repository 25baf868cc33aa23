"""`scimconf sandbox serve`: a pretend tenant over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scimconf.diagnostics import ScimconfError
from scimconf.files import check_writable


@click.group("sandbox", short_help="A pretend tenant on this machine, to try things without a real one.")
def command() -> None:
    """A pretend tenant on this machine, to try things without a real one."""


@command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 picks a free one.")
@click.option("--tenant", type=click.Path(dir_okay=False, exists=True), help="A JSON file that describes the tenant.")
@click.option("--state", type=click.Path(dir_okay=False), help="A file that keeps the tenant; in memory without it.")
@click.option("--ready-file", type=click.Path(dir_okay=False), help="Gets Graph's URL once the sandbox listens.")
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help="How an unconfirmed fact is answered.")
@click.option("--like", type=click.Path(dir_okay=False, exists=True), help="A report of probe: answer as it found.")
@click.option("--tls", type=click.Path(file_okay=False), metavar="DIR", help="Serve https; DIR keeps the certificates.")
@click.option("--permissions", metavar="LIST", help="The only permissions that callers have, comma-separated.")
def serve(**asked: Any) -> int:
    """Serve a pretend tenant until interrupted.

    Point the tool at it with SCIMCONF_GRAPH_URL. Nothing leaves this machine.

    \b
        scimconf sandbox serve --port 8765 &
        export SCIMCONF_GRAPH_URL=http://127.0.0.1:8765/v1.0

    With --tls it is https://localhost, with a login service and the cloud's metadata beside Graph, for clients that
    take nothing else; what they are to trust is ca.pem in that folder.
    """
    try:
        from scimconf.sandbox import certificates, server
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'scimconf[sandbox]'") from None
    app = _app(server, asked)
    if asked["ready_file"]:
        check_writable(asked["ready_file"])
    ready = Path(asked["ready_file"]) if asked["ready_file"] else None
    tls = certificates.certificates_in(Path(asked["tls"])) if asked["tls"] else None
    try:
        server.serve(app, port=asked["port"], ready_file=ready, on_ready=lambda url: _say(url, tls), tls=tls)
    except server.PortError as error:
        raise ScimconfError(f"Port {asked['port']} cannot be listened on: {error}. --port 0 picks a free one") from None
    return 0


def _app(server: Any, asked: dict[str, Any]) -> Any:
    import sqlite3

    from scimconf.sandbox.tenant_file import TenantFile

    permissions = frozenset(filter(None, asked["permissions"].split(","))) if asked["permissions"] else None
    switches = _found(asked["like"]) | _pairs(asked["switches"])
    try:
        tenant = TenantFile.read(Path(asked["tenant"])) if asked["tenant"] else None
        return server.create_app(tenant, state=asked["state"], switches=switches, permissions=permissions)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{asked['state']} cannot keep a tenant: {error}") from None


def _found(report: str | None) -> dict[str, Any]:
    """The switches as a probe found them on a real tenant; what this version does not know is told and left out."""
    import json

    from scimconf.sandbox.switches import SwitchError, Switches

    if report is None:
        return {}
    try:
        found = dict(json.loads(Path(report).read_text(encoding="utf-8"))["switches"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise click.BadParameter(f"{report} is no report of scimconf probe", param_hint="--like") from None
    for name, value in list(found.items()):
        try:
            Switches().changed({name: value})
        except SwitchError as error:
            click.echo(f"{report}: left out: {error}", err=True)
            del found[name]
    return found


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for name, equals, value in pairs:
        if not equals:
            raise click.BadParameter(f"{name!r} is not NAME=VALUE", param_hint="--switch")
        del value
    return {name: value for name, _, value in pairs}


def _say(url: str, tls: Any) -> None:
    click.echo(f"A pretend tenant is at {url}. Interrupt to stop it.", err=True)
    click.echo(f"  export SCIMCONF_GRAPH_URL={url}", err=True)
    if tls is not None:
        click.echo(f"  export SSL_CERT_FILE={tls.authority.resolve()}", err=True)
