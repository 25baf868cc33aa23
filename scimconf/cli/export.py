"""`scimconf export`: write a live application as a spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scimconf.cli import history_option, options
from scimconf.cli.adopt import AllApplications, FolderOnDisk, export_all, parse_secret, schema_advice, schema_beside
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.streams import masked_text
from scimconf.export import ExportedSpec
from scimconf.export.carried import SPEC_ONLY, carry_over
from scimconf.export.secret_pattern import SecretNames, SecretPattern, apply_pattern
from scimconf.files import check_writable, write_file
from scimconf.spec.loaded import Loaded
from scimconf.workflow.export import HEAD, compose, export_application, unread_advice
from scimconf.workflow.history import history_entries, read_documents
from scimconf.workflow.rollback import entry_at, entry_name, spec_at
from scimconf.workflow.validate import validate


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
    secret: SecretPattern | None = None


@click.command("export", short_help="Export a live application as a spec.")
@options.tenant
@options.variables
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
    help="Export every application that has a provisioning job to DIR, and write a worklist, DIR/adopt.md.",
)
@click.option(
    "--secret",
    metavar="PATTERN",
    callback=parse_secret,
    help="Where secrets are stored, such as key_vault:VAULT/{name}-scim. Default: env:NAME of the spec.",
)
@click.option(
    "--from-history",
    metavar="NAME/TIME",
    help="Export an application as it was before an apply: an entry of `history`, or the place that apply printed.",
)
@history_option.history
@click.option("--name", help="Name of the spec. Default: made from the display name.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write to FILE instead of stdout.")
@click.option(
    "--full",
    is_flag=True,
    help="Also export settings that have their default, and report roles and assignments that are added later.",
)
@click.option("--strict", is_flag=True, help="Exit with 2 if an application has something that a spec cannot express.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@options.events
def command(**params: Any) -> int:
    """Export a live application as a spec; planning it shows no changes. The tenant is only read.

    Graph never returns secrets: for each secret, the spec names a variable that you set, or the location of --secret. A
    comment lists what a spec cannot express, and what Graph denied reading; a denied read ends with exit code 5.
    --force keeps the parts of an existing spec that the tenant does not have: owners, vendor_contact, before_start,
    guard_exemptions, tests, and the locations of secrets.

    --all writes DIR/NAME.scimconf.yaml, plans each spec, and lists the remaining work in DIR/adopt.md. Existing specs
    are planned and not changed. The exit code is 2 if a plan is not empty.

    \b
        scimconf export --app Writer --out writer.scimconf.yaml
        scimconf plan writer.scimconf.yaml
        scimconf export --all apps/ --secret 'key_vault:contoso-kv/{name}-scim'
    """
    export = options.from_click(ExportOptions, params)
    if sum(chosen is not None for chosen in (export.app, export.into, export.from_history)) != 1:
        raise click.UsageError("Pass --app, --all or --from-history.")
    if export.into is not None and (export.out or export.name):
        raise click.UsageError("--out and --name are for one application; --all names the files itself.")
    if "?" in (export.from_history or ""):
        raise click.UsageError("--from-history takes no query; put the signature into SCIMCONF_HISTORY.")
    if export.from_history is not None and (export.name or export.full):
        raise click.UsageError("--from-history has the name of its entry, and always exports everything.")
    common = options.from_click(options.CommonOptions, params)
    if export.into is not None:
        if export.into.startswith("-"):
            raise click.UsageError(f"{export.into} is not a folder: write --all DIR, such as --all apps/")
        chosen = AllApplications(
            folder=export.into,
            common=common,
            pattern=export.secret,
            full=export.full,
            strict=export.strict,
            force=export.force,
        )
        return run(common, "reading", lambda session: export_all(session, chosen))
    previous = _previous(export.out) if export.out else None
    if export.out:
        _check_free(Path(export.out), force=export.force)
        check_writable(export.out)

    if export.from_history is not None:
        return _export_past(export, common, params["history"])

    async def work(session: Session) -> ExitCode:
        app = export.app or ""
        exported = await export_application(session.tenant_session(), app, export.name or "", full=export.full)
        with session.progress.paused():
            _write(exported, export, previous)
        return _exit_code(exported, export)

    return run(common, "reading", work)


def _export_past(export: ExportOptions, common: options.CommonOptions, history: str) -> ExitCode:
    root, name, moment = entry_name(export.from_history or "")
    store = history_option.stores(history or root, common)(history_option.WORKING_FOLDER)
    entry = entry_at(history_entries(store, name), moment, is_return=False)
    past = read_documents(store, entry)

    async def work(session: Session) -> ExitCode:
        exported = await spec_at(session.tenant_session(), name, past)
        with session.progress.paused():
            _write(exported, export, None, f"{name} before the apply of {entry.time}. Exported from its history.")
        return _exit_code(exported, export)

    return run(common, "reading", work)


def _exit_code(exported: ExportedSpec, export: ExportOptions) -> ExitCode:
    if exported.unread:
        return ExitCode.PARTIALLY_APPLIED
    return ExitCode.CHANGES if export.strict and exported.omitted else ExitCode.OK


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise click.UsageError(f"{path} already exists; use --force to overwrite")


def _write(exported: ExportedSpec, export: ExportOptions, previous: Loaded | None, past: str = "") -> None:
    """Write the spec, and beside it a CSV file of its users if it is written to a file."""
    if export.secret is not None:
        apply_pattern(exported, export.secret, SecretNames(set()))
    if previous is not None:
        carry_over(exported, previous)
    if export.out is None:
        click.echo(compose(exported, head=past or HEAD).spec, nl=False)
    else:
        users_file = Path(export.out).with_name(FolderOnDisk(Path()).users_file(export.out))
        files = compose(exported, users_file=users_file.name, schema=schema_beside(export.out), head=past or HEAD)
        if files.users:
            _check_free(users_file, force=export.force)
            write_file(str(users_file), masked_text(files.users), private=True)
        write_file(export.out, masked_text(files.spec), private=True)
        print_lines(f"Wrote {export.out}. {_next_step(export.out, past, previous)}", err=True)
        print_lines(*schema_advice(export.out), err=True)
        if previous is not None:
            keys = [key for key in SPEC_ONLY if key in previous.resolved]
            print_lines(f"  kept from the previous spec: {', '.join(['name', *keys])}, where secrets are", err=True)
    print_lines(*(f"  not in the spec: {note}" for note in exported.omitted), err=True)
    print_lines(*(f"  not exported: {note}" for note in exported.unread), err=True)
    print_lines(*filter(None, [unread_advice(exported)]), err=True)


def _next_step(path: str, past: str, previous: Loaded | None) -> str:
    """Return what to do with a spec that was written; `past` is "" unless it is from the history.

    Tests of the spec that it replaces may fail, because the application has other mappings.
    """
    if previous is not None and _has_failing_tests(path):
        return (
            "Tests kept from the previous spec fail with the mappings of the application: "
            f"correct or delete the tests that `scimconf validate {path}` lists."
        )
    return f"Check it: `scimconf plan {path}` should show {'what changed since' if past else 'no changes'}."


def _has_failing_tests(path: str) -> bool:
    diagnostics = validate(FolderOnDisk(Path(path).parent).load(path), options.today())
    return any(diagnostic.code in {"K510", "K511"} for diagnostic in diagnostics)


def _previous(path: str) -> Loaded | None:
    """Return the spec that the export replaces, None for a file that is not there, or is no spec."""
    if not Path(path).is_file():
        return None
    loaded = FolderOnDisk(Path(path).parent).load(path)
    return loaded if "version" in loaded.resolved else None
