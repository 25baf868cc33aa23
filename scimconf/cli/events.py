"""What happens while planning and applying, for programs: a JSON object a line.

Every object has `time` (UTC, ISO 8601) and `event`; `docs/events.md` lists the events and their members. Values of
secrets are masked, since texts of the service may echo them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from scimconf.cli.streams import talk
from scimconf.diagnostics import ScimconfError

if TYPE_CHECKING:
    from scimconf.plan import ApplicationPlan, Report


class Events:
    """A file of events, written line by line; nothing without a path.

    One that cannot be opened is an error before anything is done. One that cannot be gone on with is told once, and
    given up: an apply must not end because nobody can follow it.
    """

    def __init__(self, path: str | None, scrub: Callable[[str], str] = str) -> None:
        self._path = path or ""
        self._file = _opened(path) if path else None
        self._scrub = scrub

    def write(self, event: str, **members: Any) -> None:
        if self._file is None:
            return
        from scimconf.graph.secret_masking import map_strings

        time = datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"time": time, "event": event, **map_strings(self._scrub, members)}
        try:
            self._file.write(json.dumps(told, ensure_ascii=True, sort_keys=False) + "\n")
            self._file.flush()
        except OSError as error:
            self.close()
            talk(f"{self._path} has no more events, since it cannot be written: {error.strerror}")

    def planned(self, plan: ApplicationPlan) -> None:
        self.write(
            "planned",
            application=plan.name,
            complete=plan.complete,
            changes=[{"address": str(one.address), "action": one.action.value} for one in plan.changes],
            guards=[guard.id for guard in plan.blocking_guards],
        )

    def applied(self, report: Report) -> None:
        for outcome in report.outcomes:
            for address in outcome.addresses:
                said = {"message": outcome.message, "detail": outcome.detail}
                self.write("outcome", application=report.name, address=str(address), result=outcome.result.name, **said)
        self.write("applied", application=report.name, exit_code=report.exit_code, error=report.error)

    def close(self) -> None:
        """Nothing is written any more; a rest that the disk does not take has been told already."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()


def _opened(path: str) -> TextIO:
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise ScimconfError(f"{path} cannot be written: {error.strerror}") from None
