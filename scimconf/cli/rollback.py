"""`scimconf rollback`: plan and apply the return to an earlier state of an application."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scimconf.cli import confirmation, options
from scimconf.cli.apply import command as apply_command
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session
from scimconf.cli.streams import masked_text
from scimconf.cli.tenants import by_tenant
from scimconf.export import ExportedSpec
from scimconf.files import check_writable, write_file
from scimconf.json_types import Json
from scimconf.monitoring.history import HistoryEntry
from scimconf.render import yaml
from scimconf.render.yaml import CommentNotes
from scimconf.workflow.history import history_entries, read_documents
from scimconf.workflow.rollback import NOT_RETURNED, entry_at, past_spec


@click.command("rollback", short_help="Return an application to its state before an apply.")
@click.argument("path", type=click.Path(exists=True), metavar="PATH")
@options.variables
@options.tenant
@options.tenants
@click.option("--to", "moment", default="", metavar="TIME", help="The entry of `history`. Default: the last apply.")
@click.option(
    "--history", type=click.Path(file_okay=False), metavar="DIR", default=".scimconf/history", show_default=True,
    help="Folder of the history.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(dir_okay=False), help="Write the spec of that moment to FILE, beside PATH by default."
)
@click.option("--spec-only", is_flag=True, help="Write the spec, and neither plan nor apply it.")
@click.option("--allow", multiple=True, metavar="GUARD", help="Allow this guard, as for apply (repeatable).")
@confirmation.option("auto_approve", "Do not ask, as for apply.")
@click.option("--reason", default="", metavar="TEXT", help="Why: recorded in the history.")
def command(path: str, **params: Any) -> int:
    """Return an application to its state before an apply: plans it, shows who is affected, asks, and applies it.

    The state is that of the documents in the history. They become a spec, beside PATH, which is planned and guarded as any
    other. Commit it, or revert the change in Git: the next apply of PATH would undo the rollback.

    \b
        scimconf history apps/writer
        scimconf rollback apps/writer --to 20261130T1412
    """
    common = options.from_click(options.CommonOptions, {**params, "paths": (path,)})
    specs = options.load_specs(common)
    if len(specs) != 1 or specs[0].spec is None:
        raise click.UsageError(f"{path} has several specs. Name the file of one of them.")
    loaded = specs[0]
    entry = entry_at(history_entries(params["history"], specs[0].spec.name), params["moment"])
    out = params["out"] or str(Path(loaded.paths[0]).parent / f"{entry.application}.{entry.time}.rollback.yaml")
    check_writable(out)
    past = read_documents(params["history"], entry)
    (group,) = by_tenant(specs, common, is_apply=True)

    async def work(session: Session, _specs: Any) -> ExitCode:
        exported = await past_spec(session.tenant_session(), loaded, past)
        with session.progress.paused():
            _write(exported, entry, out)
        return ExitCode.OK

    code = group.run(work)
    if code is not ExitCode.OK or params["spec_only"]:
        return code
    return _apply(out, entry, params)


def _write(exported: ExportedSpec, entry: HistoryEntry, out: str) -> None:
    head = f"The state of {entry.application} before the apply of {entry.time}. Made by scimconf rollback."
    write_file(out, masked_text(yaml.write_spec(exported.tree, CommentNotes(head))), private=True)
    print_lines(
        f"Wrote {out}. It does not return:", *(f"  {text}" for text in (*NOT_RETURNED, *exported.omitted)), err=True
    )


def _apply(out: str, entry: HistoryEntry, params: Mapping[str, Any]) -> int:
    """Apply the spec of the past with the options of this command, and the defaults of apply for all others."""
    forwarded = (
        "var",
        "var_file",
        "allow_path",
        "auth",
        "cloud",
        "tenants",
        "history",
        "allow",
        "auto_approve",
        "reason",
    )
    chosen = {name: params[name] for name in forwarded}
    code: Json = click.get_current_context().invoke(apply_command, paths=(out,), rollback=entry.time, **chosen)
    if code == ExitCode.OK:
        print_lines(f"The next apply of the spec in Git would undo this. Commit {out}, or revert the change.", err=True)
    return int(code)
