"""`scimconf export`: write a live application as a spec."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from scimconf.cli import history_option, options
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
from scimconf.workflow.history import history_entries, read_documents
from scimconf.workflow.rollback import entry_at, entry_name, spec_at
from scimconf.workflow.targets import file_names, provisioned_principals

SCHEMA = "yaml-language-server: $schema=.scimconf/spec.schema.json\n\n"
HEAD = "Exported from a live application. What this file does not mention is not managed."


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Which application is exported, and where it is written."""

    app: str | None = None
    into: str | None = None
    name: str | None = None
    out: str | None = None
    from_history: str | None = None
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
@click.option(
    "--from-history",
    metavar="NAME/TIME",
    help="Export an application as it was before an apply: an entry of `history`, or the place that apply printed.",
)
@history_option.history
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
    if sum(chosen is not None for chosen in (export.app, export.into, export.from_history)) != 1:
        raise click.UsageError("Pass --app, --all or --from-history.")
    if export.into is not None and (export.out or export.name):
        raise click.UsageError("--out and --name are for one application; --all names the files itself.")
    if "?" in (export.from_history or ""):
        raise click.UsageError("--from-history takes no query; a signature belongs into SCIMCONF_HISTORY.")
    if export.from_history is not None and (export.name or export.full):
        raise click.UsageError("--from-history has the name of its entry, and always exports everything.")
    common = options.from_click(options.CommonOptions, params)
    if export.into is not None:
        return run(common, "reading", lambda session: _export_all(session, export))
    if export.out:
        _check_free(Path(export.out), force=export.force)
        check_writable(export.out)

    if export.from_history is not None:
        return _export_past(export, common, params["history"])

    async def work(session: Session) -> ExitCode:
        app = export.app or ""
        exported = await export_application(session.tenant_session(), app, export.name or "", full=export.full)
        with session.progress.paused():
            _write(exported, export)
        return ExitCode.CHANGES if export.strict and exported.omitted else ExitCode.OK

    return run(common, "reading", work)


def _export_past(export: ExportOptions, common: options.CommonOptions, history: str) -> ExitCode:
    root, name, moment = entry_name(export.from_history or "")
    store = history_option.stores(history or root, common)(history_option.WORKING_FOLDER)
    entry = entry_at(history_entries(store, name), moment, is_return=False)
    past = read_documents(store, entry)

    async def work(session: Session) -> ExitCode:
        exported = await spec_at(session.tenant_session(), name, past)
        with session.progress.paused():
            _write(exported, export, f"{name} before the apply of {entry.time}. Exported from its history.")
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


def _write(exported: ExportedSpec, export: ExportOptions, past: str = "") -> None:
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
    text = yaml.write_spec(exported.tree, _comments(exported, f"{SCHEMA}{past or HEAD}"))
    if export.out:
        write_file(export.out, masked_text(text), private=True)
        expected = "what changed since" if past else "no changes"
        print_lines(f"Wrote {export.out}. Check it: `scimconf plan {export.out}` should show {expected}.", err=True)
    else:
        click.echo(text, nl=False)
    print_lines(*(f"  not in the spec: {note}" for note in exported.omitted), err=True)


def _comments(exported: ExportedSpec, head: str) -> CommentNotes:
    notes = "\n".join(
        ["The application also has, which a spec cannot contain:", *(f"  {visible(note)}" for note in exported.omitted)]
    )
    beside = {path: visible(comment) for path, comment in exported.comments.items()}
    return CommentNotes(head, beside=beside, below={(): notes} if exported.omitted else {})


def _csv(assignments: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("user", "role"), *assignments])
    return text.getvalue()
