"""`scimconf export`: write a live application as a spec."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import print_error, print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.streams import masked_text
from scimconf.diagnostics import ScimconfError
from scimconf.export import ExportedSpec, without_references
from scimconf.files import check_writable, write_file
from scimconf.render import yaml
from scimconf.render.common.escaping import visible
from scimconf.render.yaml import CommentNotes
from scimconf.workflow.export import export_application, ignore_lint_errors
from scimconf.workflow.targets import file_names, provisioned_principals

HEAD = (
    "yaml-language-server: $schema=.scimconf/spec.schema.json\n\n"
    "Exported from a live application. What this file does not mention is not managed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Which application is exported, and where it is written."""

    app: str | None = None
    into: str | None = None
    name: str | None = None
    out: str | None = None
    full: bool = False
    strict: bool = False
    force: bool = False


@click.command("export", short_help="Export a live application as a spec.")
@options.tenant
@click.option(
    "--app",
    metavar="NAME|ID",
    help="Display name, application (client) id, or object id of the enterprise application.",
)
@click.option(
    "--all",
    "into",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Export every application that has a provisioning job, each to a file in DIR.",
)
@click.option("--name", help="Name of the spec. Default: made from the display name.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write to FILE instead of stdout.")
@click.option("--full", is_flag=True, help="Also export values that equal the template's defaults.")
@click.option("--strict", is_flag=True, help="Exit with 2 if the application has something a spec cannot contain.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@options.events
def command(**params: Any) -> int:
    """Export a live application as a spec; planning it shows no changes. The tenant is only read.

    Secret values cannot be read: the spec names a variable for each, for you to set. What a spec cannot contain is
    listed in a comment.

    \b
        scimconf export --app Writer --out writer.scimconf.yaml
        scimconf plan writer.scimconf.yaml
        scimconf export --all apps/
    """
    export = options.from_click(ExportOptions, params)
    if (export.app is None) == (export.into is None):
        raise click.UsageError("Pass --app or --all.")
    if export.into is not None and (export.out or export.name):
        raise click.UsageError("--out and --name are for one application; --all names the files itself.")
    common = options.from_click(options.CommonOptions, params)
    if export.into is not None:
        return run(common, "reading", lambda session: _export_all(session, export))
    if export.out:
        _check_free(Path(export.out), force=export.force)
        check_writable(export.out)

    async def work(session: Session) -> ExitCode:
        app = export.app or ""
        exported = await export_application(session.tenant_session(), app, export.name or "", full=export.full)
        with session.progress.paused():
            _write(exported, export)
        return ExitCode.CHANGES if export.strict and exported.omitted else ExitCode.OK

    return run(common, "reading", work)


async def _export_all(session: Session, export: ExportOptions) -> ExitCode:
    """Export every application with a job; one that fails does not stop the others."""
    assert export.into is not None
    codes = [ExitCode.OK]
    principals = await provisioned_principals(session.client.graph)
    for name, principal in file_names(principals).items():
        chosen = replace(export, app=principal["appId"], name=name, out=f"{export.into}/{name}.scimconf.yaml")
        try:
            codes.append(await _export_one(session, chosen))
        except (ScimconfError, click.UsageError) as error:
            print_error(name, error)
            codes.append(ExitCode.FAILED)
    if not principals:
        print_lines("No application of the tenant has a provisioning job.", err=True)
    return combine(codes)


async def _export_one(session: Session, export: ExportOptions) -> ExitCode:
    assert export.app is not None
    assert export.out is not None
    _check_free(Path(export.out), force=export.force)
    Path(export.out).parent.mkdir(parents=True, exist_ok=True)
    exported = await export_application(session.tenant_session(), export.app, export.name or "", full=export.full)
    with session.progress.paused():
        _write(exported, export)
    return ExitCode.CHANGES if export.strict and exported.omitted else ExitCode.OK


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise click.UsageError(f"{path} already exists; use --force to overwrite")


def _write(exported: ExportedSpec, export: ExportOptions) -> None:
    """Write the spec, and beside it a CSV file of its users if it is written to a file."""
    users_csv = _csv(exported.csv_users)
    if exported.csv_users and export.out:
        stem = Path(export.out).name.removesuffix(".yaml").removesuffix(".scimconf")
        users_file = Path(export.out).with_name(f"{stem}.users.csv")
        _check_free(users_file, force=export.force)
        exported.tree["assignments"]["users_from"] = [users_file.name]
        write_file(str(users_file), masked_text(users_csv), private=True)
    elif exported.csv_users:
        exported.tree["assignments"]["users"] = exported.users()
    without_references(exported)
    ignore_lint_errors(exported, users_csv)
    text = yaml.write_spec(exported.tree, _comments(exported))
    if export.out:
        write_file(export.out, masked_text(text), private=True)
        print_lines(f"Wrote {export.out}. Check it: `scimconf plan {export.out}` should show no changes.", err=True)
    else:
        click.echo(text, nl=False)
    print_lines(*(f"  not in the spec: {note}" for note in exported.omitted), err=True)


def _comments(exported: ExportedSpec) -> CommentNotes:
    notes = "\n".join(
        ["The application also has, which a spec cannot contain:", *(f"  {visible(note)}" for note in exported.omitted)]
    )
    beside = {path: visible(comment) for path, comment in exported.comments.items()}
    return CommentNotes(HEAD, beside=beside, below={(): notes} if exported.omitted else {})


def _csv(assignments: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("user", "role"), *assignments])
    return text.getvalue()
