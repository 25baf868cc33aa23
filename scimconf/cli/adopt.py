"""`scimconf export --all DIR`: write the specs of all applications to one folder, and a worklist."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scimconf.cli import options
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.output import print_lines
from scimconf.cli.streams import masked_text
from scimconf.diagnostics import ScimconfError
from scimconf.files import AllowedFolders, check_folder_writable, write_file
from scimconf.spec.load import load
from scimconf.spec.loaded import ENDING, MAIN, Loaded

if TYPE_CHECKING:
    from scimconf.cli.session import Session
    from scimconf.export.secret_pattern import SecretPattern
    from scimconf.monitoring.adoption import AdoptedApplication, AdoptionResult
    from scimconf.workflow.export import SpecFiles

WORKLIST, WORKLIST_CSV = "adopt.md", "adopt.csv"
USERS = "users.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllApplications:
    """The folder for the specs, and how they are exported. `common` has the variables of specs that exist."""

    folder: str
    common: options.CommonOptions
    pattern: SecretPattern | None = None
    full: bool = False
    strict: bool = False
    force: bool = False


async def export_all(session: Session, chosen: AllApplications) -> ExitCode:
    """Export every application with a job; one that fails does not stop the others."""
    from scimconf.graph.shared_reads import SharedReads
    from scimconf.render import adoption
    from scimconf.workflow.adopt import AdoptOptions, adopt

    check_folder_writable(chosen.folder)
    folder = FolderOnDisk.read(chosen.folder, chosen.common)
    shared = SharedReads(session.client.graph)
    settings = AdoptOptions(
        today=options.today(), now=datetime.now(UTC), full=chosen.full, force=chosen.force, pattern=chosen.pattern
    )

    def report(application: AdoptedApplication) -> None:
        with session.progress.paused():
            print_lines(adoption.line(application), err=True)

    result = await adopt(lambda: session.tenant_session(shared), folder, settings, report)
    with session.progress.paused():
        _write_worklist(result, chosen)
    return _exit_code(result, strict=chosen.strict)


def _write_worklist(result: AdoptionResult, chosen: AllApplications) -> None:
    from scimconf.render import adoption

    if not result.applications and not result.orphans:
        print_lines("No application of the tenant has a provisioning job.", err=True)
        return
    texts = {
        WORKLIST: adoption.as_markdown(result, f"scimconf export --all {chosen.folder}"),
        WORKLIST_CSV: adoption.as_csv(result),
    }
    for name, text in texts.items():
        write_file(str(Path(chosen.folder) / name), masked_text(text), private=True)
    for path in result.orphans:
        print_lines(f"{path}: no application with a provisioning job in this tenant belongs to it", err=True)
    untouched = result.count("kept")
    if untouched and not chosen.force:
        subject = "1 spec exists and was" if untouched == 1 else f"{untouched:,} specs exist and were"
        print_lines(f"{subject} not changed; --force replaces them.", err=True)
    print_lines(adoption.verdict(result), f"What is left to do: {Path(chosen.folder) / WORKLIST}", err=True)
    print_lines(*schema_advice(str(Path(chosen.folder) / WORKLIST)), err=True)


def _exit_code(result: AdoptionResult, *, strict: bool) -> ExitCode:
    codes = [ExitCode.OK]
    for application in result.applications:
        if application.is_failed:
            codes.append(ExitCode.FAILED)
        elif application.unread:
            codes.append(ExitCode.PARTIALLY_APPLIED)
        elif (application.has_spec and not application.proof.is_empty) or (strict and application.omitted):
            codes.append(ExitCode.CHANGES)
    return combine(codes)


@dataclass(frozen=True, slots=True)
class FolderOnDisk:
    """The folder of the specs: `NAME.scimconf.yaml` for each application, and perhaps `NAME.users.csv`.

    Specs in folders of their own, such as `NAME/scimconf.yaml`, are found too.
    """

    root: Path
    existing: Sequence[Loaded] = ()
    taken: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, folder: str, common: options.CommonOptions) -> FolderOnDisk:
        """Return the folder with the specs that it has, also those with errors."""
        root = Path(folder)
        if not root.is_dir():
            return cls(root)
        entries = sorted(options.list_folder(folder) or ())
        inner = [str(root / name) for name in entries if (root / name).is_dir()]
        specs, _ = options.find_specs(replace(common, paths=(folder, *inner)))
        names = {name.removesuffix(f".{USERS}").removesuffix(ENDING) for name in entries}
        names |= {str(loaded.resolved.get("name")) for loaded in specs}
        return cls(root, specs, frozenset(names))

    def path(self, name: str) -> str:
        return str(self.root / f"{name}{ENDING}")

    def users_file(self, path: str) -> str:
        """Return `NAME.users.csv` beside `NAME.scimconf.yaml`, and `users.csv` beside `scimconf.yaml`."""
        name = Path(path).name
        return USERS if name == MAIN else f"{name.removesuffix('.yaml').removesuffix('.scimconf')}.{USERS}"

    def schema(self, path: str) -> str:
        return schema_beside(path)

    def load(self, path: str) -> Loaded:
        return load(path, options.read_spec_file, os.environ, {}, AllowedFolders.of_spec(path).contain)

    def write(self, path: str, files: SpecFiles) -> bool:
        """Write what differs; a CSV file that the spec does not name any more stays."""
        contents = {path: masked_text(files.spec)}
        if files.users:
            contents[str(Path(path).with_name(self.users_file(path)))] = masked_text(files.users)
        changed = {name: text for name, text in contents.items() if _text(name) != text}
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ScimconfError(f"{Path(path).parent} cannot be created: {error.strerror}") from None
        for name, text in reversed(changed.items()):
            write_file(name, text, private=True)
        return bool(changed)


def schema_beside(path: str) -> str:
    """Return the path of the JSON Schema relative to a spec, as editors read it: beside the spec, or in the working folder."""
    from scimconf.workflow.export import SCHEMA

    if (Path(path).parent / SCHEMA).is_file():
        return SCHEMA
    try:
        return Path(os.path.relpath(SCHEMA, Path(path).parent)).as_posix()
    except ValueError:  # on another drive
        return SCHEMA


def schema_advice(path: str) -> tuple[str, ...]:
    """Return the line about a spec whose JSON Schema does not exist yet; empty if it does."""
    from scimconf.workflow.export import SCHEMA

    if any(file.is_file() for file in (Path(SCHEMA), Path(path).parent / SCHEMA)):
        return ()
    return (f"Editors check specs with {SCHEMA}, which `scimconf init --only-schema` writes.",)


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, ValueError):
        return None


def parse_secret(_context: click.Context, parameter: click.Parameter, text: str | None) -> SecretPattern | None:
    """Return the pattern of `--secret`; raise click.BadParameter for a text that is none."""
    from scimconf.export.secret_pattern import parse_pattern

    if text is None:
        return None
    try:
        return parse_pattern(text)
    except ScimconfError as error:
        raise click.BadParameter(f"{error}. {error.hint}", param=parameter) from None
