"""`scimconf export`: write a live application as a spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scimconf.cli import options
from scimconf.cli.adopt import AllApplications, FolderOnDisk, export_all, parse_secret, schema_beside
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.streams import masked_text
from scimconf.export import ExportedSpec
from scimconf.export.carried import SPEC_ONLY, carry_over
from scimconf.export.secret_pattern import SecretNames, SecretPattern, apply_pattern
from scimconf.files import check_writable, write_file
from scimconf.spec.loaded import Loaded
from scimconf.workflow.export import compose, export_application


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
    secret: SecretPattern | None = None


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
    help="Export every application that has a provisioning job to DIR, and write a worklist, DIR/adopt.md.",
)
@click.option(
    "--secret",
    metavar="PATTERN",
    callback=parse_secret,
    help="Where secrets are kept, such as key_vault:VAULT/{name}-scim. Default: env:NAME of the spec.",
)
@click.option("--name", help="Name of the spec. Default: made from the display name.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write to FILE instead of stdout.")
@click.option("--full", is_flag=True, help="Also export values that equal the template's defaults.")
@click.option("--strict", is_flag=True, help="Exit with 2 if an application has something a spec cannot contain.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@options.events
def command(**params: Any) -> int:
    """Export a live application as a spec; planning it shows no changes. The tenant is only read.

    Secret values cannot be read: the spec names a variable for each, for you to set, or what --secret says. What a spec
    cannot contain is listed in a comment. --force keeps from an existing spec what the tenant does not have: owners,
    vendor_contact, before_start, guard_exemptions, tests, and where secrets are kept.

    --all writes DIR/NAME.scimconf.yaml, plans each spec, and lists in DIR/adopt.md what is left to do. Specs that exist
    are planned and stay as they are. The exit code is 2 if a plan is not empty.

    \b
        scimconf export --app Writer --out writer.scimconf.yaml
        scimconf plan writer.scimconf.yaml
        scimconf export --all apps/ --secret 'key_vault:contoso-kv/{name}-scim'
    """
    export = options.from_click(ExportOptions, params)
    if (export.app is None) == (export.into is None):
        raise click.UsageError("Pass --app or --all.")
    if export.into is not None and (export.out or export.name):
        raise click.UsageError("--out and --name are for one application; --all names the files itself.")
    common = options.from_click(options.CommonOptions, params)
    if export.into is not None:
        if export.into.startswith("-"):
            raise click.UsageError(f"{export.into} is not a folder: write --all DIR, such as --all apps/")
        chosen = AllApplications(
            folder=export.into, pattern=export.secret, full=export.full, strict=export.strict, force=export.force
        )
        return run(common, "reading", lambda session: export_all(session, chosen))
    previous = _previous(export.out) if export.out else None
    if export.out:
        _check_free(Path(export.out), force=export.force)
        check_writable(export.out)

    async def work(session: Session) -> ExitCode:
        app = export.app or ""
        exported = await export_application(session.tenant_session(), app, export.name or "", full=export.full)
        with session.progress.paused():
            _write(exported, export, previous)
        return ExitCode.CHANGES if export.strict and exported.omitted else ExitCode.OK

    return run(common, "reading", work)


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise click.UsageError(f"{path} already exists; use --force to overwrite")


def _write(exported: ExportedSpec, export: ExportOptions, previous: Loaded | None) -> None:
    """Write the spec, and beside it a CSV file of its users if it is written to a file."""
    if export.secret is not None:
        apply_pattern(exported, export.secret, SecretNames(set()))
    if previous is not None:
        carry_over(exported, previous)
    if export.out is None:
        click.echo(compose(exported).spec, nl=False)
    else:
        users_file = Path(export.out).with_name(FolderOnDisk(Path()).users_file(export.out))
        files = compose(exported, users_file=users_file.name, schema=schema_beside(export.out))
        if files.users:
            _check_free(users_file, force=export.force)
            write_file(str(users_file), masked_text(files.users), private=True)
        write_file(export.out, masked_text(files.spec), private=True)
        print_lines(f"Wrote {export.out}. Check it: `scimconf plan {export.out}` should show no changes.", err=True)
        if previous is not None:
            kept = [key for key in SPEC_ONLY if key in previous.resolved]
            print_lines(f"  kept from the previous spec: {', '.join(['name', *kept])}, where secrets are", err=True)
    print_lines(*(f"  not in the spec: {note}" for note in exported.omitted), err=True)


def _previous(path: str) -> Loaded | None:
    """Return the spec that the export replaces, None for a file that is not there, or is no spec."""
    if not Path(path).is_file():
        return None
    loaded = FolderOnDisk(Path(path).parent).load(path)
    return loaded if "version" in loaded.resolved else None
