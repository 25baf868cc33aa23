"""The event log of `--events`: one JSON object a line.

Every object has `time` (UTC, ISO 8601) and `event`; `docs/events.md` lists the events and their fields. Values of
secrets are masked, because texts of the service may contain them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scimconf.cli.exit_codes import of_status
from scimconf.cli.streams import print_to_stderr
from scimconf.diagnostics import ScimconfError
from scimconf.files import open_private
from scimconf.graph.secret_masking import map_strings
from scimconf.monitoring.canary import CanaryResult, problems
from scimconf.plan import ApplicationPlan, Pause, Report, Result, StepOutcome

if TYPE_CHECKING:
    from scimconf.documents.lock import Lock


class EventLog:
    """A file of events; without a path nothing is written. A write that fails ends the log, not the command.

    With `append`, the events follow those that the file contains.
    """

    def __init__(self, path: str | None, mask_text: Callable[[str], str] = str, *, append: bool = False) -> None:
        self._path = path or ""
        self._mask_text = mask_text
        try:
            self._file = open_private(path, append=append) if path else None
        except OSError as error:
            raise ScimconfError(f"{path} cannot be written: {error.strerror}") from None

    def write(self, event: str, **members: Any) -> None:
        """Append one event; texts in it are masked."""
        if self._file is None:
            return
        time = datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = {"time": time, "event": event, **map_strings(self._mask_text, members)}
        try:
            self._file.write(json.dumps(document, ensure_ascii=True, sort_keys=False) + "\n")
            self._file.flush()
        except OSError as error:
            self.close()
            print_to_stderr(f"{self._path} cannot be written, so no more events are logged: {error.strerror}")

    def planned(self, plan: ApplicationPlan) -> None:
        """Append the changes and blocking guards of one application."""
        self.write(
            "planned",
            application=plan.name,
            complete=plan.complete,
            changes=[{"address": str(change.address), "action": change.action.value} for change in plan.changes],
            guards=[guard.id for guard in plan.blocking_guards],
        )

    def outcome(self, application: str, outcome: StepOutcome) -> None:
        """Append the outcome of each address of one step; of a step without an address only if it was not done."""
        addresses: list[str | None] = [str(address) for address in outcome.addresses]
        members = {"result": outcome.result.name, "message": outcome.message, "detail": outcome.detail}
        for address in addresses or ([] if outcome.result is Result.DONE else [None]):
            self.write("outcome", application=application, address=address, **members)

    def locked(self, application: str, action: str, lock: Lock, message: str) -> None:
        """Append what happened to the lock of one application."""
        until = lock.until.isoformat().replace("+00:00", "Z")
        self.write("lock", application=application, action=action, holder=lock.holder, until=until, message=message)

    def canary(self, application: str, result: CanaryResult) -> None:
        """Append how a user of a canary was provisioned; the result is redacted if the output is."""
        verdict = result.result.verdict.name if result.result is not None else "FAILED"
        self.write(
            "canary",
            application=application,
            user=result.user.name,
            result=verdict,
            as_predicted=result.is_as_predicted,
            problems=list(problems(result)),
        )

    def applied(self, report: Report, logged: Collection[StepOutcome] = ()) -> None:
        """Append the outcomes of one application that were not `logged` when they happened, and how it ended."""
        for outcome in report.outcomes:
            if outcome not in logged:
                self.outcome(report.name, outcome)
        since = report.paused_since.isoformat().replace("+00:00", "Z") if report.paused_since else None
        self.write(
            "applied",
            application=report.name,
            exit_code=int(of_status(report.status)),
            error=report.error,
            history_entry=report.history_entry,
            paused=report.is_paused,
            paused_confirmed=report.pause is Pause.CONFIRMED,
            paused_since=since,
            command=report.command if report.is_paused else "",
        )

    def close(self) -> None:
        """End the log. What a full disk did not take was reported already."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()
