"""`scimconf apply --canary`: its option, what it prints about the users, and its questions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from scimconf.cli import output
from scimconf.cli.session import Session, interruptible_prompt
from scimconf.cli.terminal import Terminal, can_ask
from scimconf.diagnostics import ScimconfError
from scimconf.export import ExportedSpec
from scimconf.monitoring.canary import CanaryResult, redacted_result
from scimconf.monitoring.history import STARTED, HistoryEntry
from scimconf.plan import ApplyStatus, Report
from scimconf.render import canary as as_text
from scimconf.render import yaml
from scimconf.render.yaml import CommentNotes
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.workflow.canary import CanaryRun
from scimconf.workflow.canary_checks import MAX_USERS, Canary, UnfinishedCanary, prepare_canary
from scimconf.workflow.history import HistoryStore, history_entries, read_documents

if TYPE_CHECKING:
    from scimconf.cli.apply import ApplyOptions
    from scimconf.graph.execution.lock import LockOptions
    from scimconf.graph.shared_reads import SharedReads
    from scimconf.workflow.apply import ApplyHooks
    from scimconf.workflow.plan import PlannedApplication

PAST = "before.scimconf.yaml"
"""The name of the spec of before in messages; it is in no file."""
_OPEN = (STARTED, ApplyStatus.INTERRUPTED.value, ApplyStatus.PARTIALLY_APPLIED.value)
_EXCLUDED = {
    "no_start": "a canary ends by starting provisioning",
    "no_history": "without a history entry nothing could be put back after a kill",
    "wave": "a canary tries one application",
    "resend_secrets": "secrets cannot be put back",
}

_THEN = {
    False: "Then this asks whether to start provisioning with the changes for everybody, or to put them back.",
    True: "Then provisioning is started for everybody if all is as predicted and a value was compared; otherwise the changes "
    "are put back.",
}

option = click.option(
    "--canary",
    multiple=True,
    metavar="UPN|ID",
    help=f"Try the changes with this user first, while provisioning is paused; then start it for everybody, or put the "
    f"changes back (repeatable, at most {MAX_USERS}).",
)


def check_options(params: dict[str, Any]) -> None:
    """Raise click.UsageError for options that a canary cannot have."""
    users = params["canary"]
    if len(users) > MAX_USERS:
        raise click.UsageError(
            f"--canary takes at most {MAX_USERS} users, got {len(users)}: the service limits the rate."
        )
    for name, reason in _EXCLUDED.items():
        if users and params.get(name):
            raise click.UsageError(f"--{name.replace('_', '-')} cannot be used with --canary: {reason}.")


def check_specs(specs: Sequence[Loaded]) -> None:
    """Raise click.UsageError unless there is exactly one application."""
    if len(specs) != 1:
        names = ", ".join(spec.spec.name for spec in specs if spec.spec is not None)
        raise click.UsageError(
            f"--canary tries one application, got {len(specs)}: {names}. Name the file of one of them."
        )


async def prepared(
    session: Session, planned: PlannedApplication, applying: ApplyOptions, reads: SharedReads
) -> Canary | None:
    """Check and print what will be tried with the users of a canary; print why it cannot be, and return None."""
    assert applying.stores is not None
    tenant, now = session.tenant_session(reads), datetime.now(tz=UTC)
    try:
        unfinished = unfinished_canary(applying.stores(planned.loaded.paths[0]), planned.name)
        tried = await prepare_canary(tenant, planned, applying.canary, applying.planning, now, unfinished)
    except ScimconfError as error:
        with session.progress.paused():
            output.print_error(planned.name, error)
            output.print_lines(f"{planned.name}: no changes were made.", err=True)
        applying.report.add(Report(planned.name, error=str(error), hint=error.hint, status=ApplyStatus.FAILED))
        return None
    with session.progress.paused():
        print_canary(tried, auto_approve=applying.auto_approve, redact=applying.redact)
    return tried


def unfinished_canary(store: HistoryStore, name: str) -> UnfinishedCanary | None:
    """Return what the newest entries of the history have of canaries that did not end, None if the newest is another apply."""
    entries: list[HistoryEntry] = []
    for entry in (entry for entry in history_entries(store, name) if entry.is_apply):
        if not entry.run.canary or entry.status not in _OPEN:
            break
        entries.append(entry)
    if not entries:
        return None
    addresses = frozenset(address for entry in entries for address, _ in entry.changes)
    return UnfinishedCanary(read_documents(store, entries[-1]), addresses)


def print_canary(canary: Canary, *, auto_approve: bool, redact: bool) -> None:
    """Print what will happen, before the question of the apply."""
    users = [f"user-{user.user_id[:8]}" if redact else user.name for user in canary.users]
    names = dict(zip((user.name for user in canary.users), users, strict=True))
    notes = [_replaced(note, names) for note in canary.notes]
    output.print_lines(
        f"{canary.planned.name}: tried first with {', '.join(users)}, and with nobody else. {_THEN[auto_approve]}",
        *(f"  note: {note}" for note in notes),
        err=True,
    )


def _replaced(text: str, names: dict[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


@dataclass(frozen=True, slots=True)
class TerminalCanaryDialog:
    """The canary of a person or a pipeline: prints each user, and asks, or decides by the comparison."""

    session: Session
    canary: Canary
    applying: ApplyOptions

    def provisioned(self, result: CanaryResult) -> None:
        terminal, printed = Terminal.of_stdout(), self._shown(result)
        with self.session.progress.paused():
            click.echo(as_text.user(printed, width=terminal.width, color=terminal.color), nl=False)
            if result.error:
                click.echo(f"{self.canary.planned.name}: putting the changes back.", err=True)
        self.session.events.canary(self.canary.planned.name, printed)

    def widen(self, results: Sequence[CanaryResult]) -> bool | None:
        is_predicted = all(result.is_as_predicted for result in results)
        with self.session.progress.paused():
            for line in as_text.summary([self._shown(result) for result in results]):
                click.echo(line, err=True)
            if self.applying.auto_approve or not can_ask():
                is_proven = is_predicted and any(result.is_compared for result in results)
                text = "starting provisioning for everybody" if is_proven else "putting the changes back"
                click.echo(f"{self.canary.planned.name}: {text}.", err=True)
                return is_proven
            answer = _ask(self.canary.planned.name)
            if answer is False:
                click.echo(f"{self.canary.planned.name}: putting the changes back.", err=True)
            return answer

    def load(self, exported: ExportedSpec) -> Loaded:
        text = yaml.write_spec(exported.tree, CommentNotes("The state before the canary.")).encode()
        return load(PAST, lambda _path: text, {}, {}, lambda _path: True)

    def rollback_command(self, entry: str) -> str:
        path, common = self.canary.planned.loaded.paths[0], self.applying.common
        history = self.applying.history or ""
        is_secret = "?" in history  # a signature: the variable SCIMCONF_HISTORY has it
        options = ["--to", entry.rpartition("/")[2], *(["--history", history] if history and not is_secret else [])]
        for name, values in (("var", common.var), ("var-file", common.var_file), ("allow-path", common.allow_path)):
            options += [word for value in values for word in (f"--{name}", value)]
        return shlex.join(["scimconf", "rollback", path, *options]) if entry else ""

    def _shown(self, result: CanaryResult) -> CanaryResult:
        return redacted_result(result) if self.applying.redact else result


def _ask(name: str) -> bool | None:
    """Return the answer, None after an interrupt."""
    click.echo(f"Start provisioning of {name} with these changes, for everybody in scope?", err=True)
    click.echo("Any other answer puts the changes back. Ctrl+C stops here, and leaves provisioning paused.", err=True)
    try:
        with interruptible_prompt():
            answer = click.prompt("Type 'yes' to start", default="", show_default=False, err=True)
    except click.Abort:
        return None
    return bool(answer == "yes")


def canary_run(session: Session, applying: ApplyOptions, hooks: ApplyHooks, lock: LockOptions | None) -> CanaryRun:
    """Return how a canary is applied that `prepared` has checked."""
    assert applying.tried is not None
    return CanaryRun(
        options=applying.planning,
        secrets=session.client.secrets,
        hooks=hooks,
        dialog=TerminalCanaryDialog(session, applying.tried, applying),
        open_session=session.tenant_session,
        now=datetime.now(tz=UTC),
        redact=applying.redact,
        locking=lock,
    )
