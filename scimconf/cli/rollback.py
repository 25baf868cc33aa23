"""`scimconf rollback`: plan and apply the return to an earlier state of an application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scimconf.cli import confirmation, history_option, options
from scimconf.cli.apply import command as apply_command
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session
from scimconf.cli.streams import masked_text
from scimconf.cli.tenants import TenantSpecs, by_tenant
from scimconf.diagnostics import ScimconfError
from scimconf.export import ExportedSpec
from scimconf.files import check_writable, write_file
from scimconf.json_types import Json
from scimconf.monitoring.history import HistoryEntry
from scimconf.render import yaml
from scimconf.render.yaml import CommentNotes
from scimconf.spec.loaded import Loaded
from scimconf.workflow.history import HistoryStore, entry_place, history_entries, read_documents
from scimconf.workflow.rollback import NOT_RETURNED, entry_at, past_spec

NOTHING_WRITTEN = frozenset({ExitCode.FAILED, ExitCode.BLOCKED, ExitCode.USAGE, ExitCode.INVALID})
"""How an apply ends that was refused before its first write."""
_FORWARDED = ("var", "var_file", "allow_path", "auth", "cloud", "tenants", "allow", "auto_approve", "reason")


@click.command("rollback", short_help="Return an application to its state before an apply.")
@click.argument("path", type=click.Path(exists=True), metavar="PATH")
@options.variables
@options.tenant
@options.tenants
@click.option("--to", "moment", default="", metavar="TIME", help="The entry of `history`. Default: the last apply.")
@history_option.history
@click.option(
    "--out", type=click.Path(dir_okay=False), help="Write the rollback spec to FILE. Default: a file beside PATH."
)
@click.option("--spec-only", is_flag=True, help="Only write the rollback spec; do not plan or apply it.")
@click.option("--allow", multiple=True, metavar="GUARD", help="Allow this guard, as for apply (repeatable).")
@confirmation.option("auto_approve", "Do not ask, as for apply.")
@click.option("--reason", default="", metavar="TEXT", help="Why: recorded in the history.")
def command(path: str, **params: Any) -> int:
    """Return an application to its state before an apply: plans it, shows the affected users, asks, and applies it.

    The documents in the history become a rollback spec beside PATH. Like any spec, it is planned, and guards can block it.
    If it is not applied, the file is deleted again. Commit it, or revert the change in Git: otherwise the next apply of PATH undoes the rollback.

    \b
        scimconf history apps/writer
        scimconf rollback apps/writer --to 20261130T1412
    """
    common = options.from_click(options.CommonOptions, {**params, "paths": (path,)})
    specs = options.load_specs(common)
    if len(specs) != 1 or specs[0].spec is None:
        raise click.UsageError(f"{path} has several specs. Name the file of one of them.")
    (group,) = by_tenant(specs, common, is_apply=True)
    store = history_option.stores(params["history"], group.common, group.environ)(specs[0].paths[0])
    rollback = _Rollback(group, specs[0], store, entry_at(history_entries(store, specs[0].spec.name), params["moment"]))
    out = params["out"] or rollback.default_file
    with _removed_unless_used(out) as outcome:
        outcome.code = _run(rollback, out, params)
    return outcome.code


@dataclass(frozen=True, slots=True)
class _Rollback:
    group: TenantSpecs
    loaded: Loaded
    store: HistoryStore
    entry: HistoryEntry

    @property
    def default_file(self) -> str:
        return str(Path(self.loaded.paths[0]).parent / f"{self.entry.application}.{self.entry.time}.rollback.yaml")


@dataclass(slots=True)
class _Outcome:
    code: int = ExitCode.FAILED


@contextmanager
def _removed_unless_used(out: str) -> Iterator[_Outcome]:
    """Delete the spec of the past if it was refused before the first write and did not exist before; else print where it is.

    After an interrupt it stays, since the apply may have begun.
    """
    existed, outcome = Path(out).exists(), _Outcome()
    try:
        yield outcome
    except (ScimconfError, click.ClickException, click.Abort):
        _remove(out, existed=existed)
        raise
    except KeyboardInterrupt:
        print_lines(f"The rollback spec stays in {out}.", err=True)
        raise
    if outcome.code in NOTHING_WRITTEN:
        _remove(out, existed=existed)
    elif outcome.code != ExitCode.OK:
        print_lines(f"The rollback is incomplete. The rollback spec stays in {out}: apply it to continue.", err=True)


def _remove(out: str, *, existed: bool) -> None:
    path = Path(out)
    if path.is_file() and not existed:
        path.unlink()
        print_lines(f"Nothing was rolled back, and {out} was deleted again. `--spec-only` keeps it.", err=True)
    elif existed:
        print_lines(
            f"Nothing was rolled back. {out} has the rollback spec; it is not deleted, because the file existed before.",
            err=True,
        )


def _run(rollback: _Rollback, out: str, params: Mapping[str, Any]) -> int:
    check_writable(out)
    past = read_documents(rollback.store, rollback.entry)

    async def work(session: Session, _specs: Any) -> ExitCode:
        exported = await past_spec(session.tenant_session(), rollback.loaded, past)
        with session.progress.paused():
            _write(exported, rollback, out)
        return ExitCode.OK

    code = rollback.group.run(work)
    if code is not ExitCode.OK or params["spec_only"]:
        return code
    return _apply(out, rollback, params)


def _write(exported: ExportedSpec, rollback: _Rollback, out: str) -> None:
    entry = rollback.entry
    head = f"The state of {entry.application} before the apply of {entry.time}. Made by scimconf rollback."
    write_file(
        out, masked_text(yaml.write_spec(exported.tree, CommentNotes(head, beside=exported.comments))), private=True
    )
    print_lines(
        f"Wrote {out}, the state before {entry_place(rollback.store, entry)}. It does not return:",
        *(f"  {text}" for text in (*NOT_RETURNED, *exported.omitted)),
        err=True,
    )


def _apply(out: str, rollback: _Rollback, params: Mapping[str, Any]) -> int:
    """Apply the spec of the past with the options of this command, and the defaults of apply for all others."""
    chosen = {name: params[name] for name in _FORWARDED}
    history = params["history"] or rollback.store.place()  # also if the spec of the past is in another repository
    code: Json = click.get_current_context().invoke(
        apply_command, paths=(out,), rollback=rollback.entry.time, history=history, **chosen
    )
    if code == ExitCode.OK:
        print_lines(
            "If the spec in Git still has the change, its next apply would undo this.",
            f"Revert the change there, or replace the content of the spec by that of {out}.",
            err=True,
        )
    return int(code)
