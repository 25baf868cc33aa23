"""The provisioning log as text: counts, failures by cause, then the entries from the newest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.monitoring.application_log import ApplicationLog
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.times import span, stamp
from scimconf.render.common.long_lists import MAX_ENTRIES
from scimconf.render.status.words import cause_line
from scimconf.render.terminal.page import Page, joined

_SIGNS = {"success": "+", "failure": "!", "skipped": "-", "warning": "?"}


def logs(applications: Sequence[ApplicationLog], *, width: int = 80, color: bool = False, full: bool = False) -> str:
    """Return the logs; `full` lists every entry."""
    page = Page(width, color)
    return joined(line for log in applications for line in (*_application(page, log, full=full), ""))


def _application(page: Page, log: ApplicationLog, *, full: bool) -> Iterator[str]:
    window = f"the last {span(log.now - log.since)}"
    if log.problem:
        yield from page.labelled(0, ("strong", f"{log.name}: "), ("danger", log.problem), hang=2)
        return
    summary = log.summary
    counted = ", ".join(f"{number:,} {name}" for name, number in summary.counts.items() if number) or "no changes"
    yield from page.labelled(0, ("strong", f"{log.name}: "), ("strong", f"{counted} in {window}"), hang=2)
    for note in log.notes():
        yield from page.prose(2, note, "update", hang=2)
    if log.is_cut:
        yield from page.prose(
            2, f"only the newest {len(log.events):,} entries were read; use a shorter --since", "update"
        )
    for group in summary.groups:
        line = cause_line(group, log.selector, log.now)
        yield from page.labelled(2, ("strong", f"{line.label}: "), (line.style, line.text), hang=2)
        for detail in line.details:
            yield from page.prose(6, detail, "quiet", hang=2)
    yield from _entries(page, log.events, full=full)


def _entries(page: Page, events: Sequence[LoggedEvent], *, full: bool) -> Iterator[str]:
    if events:
        yield ""
    listed = events if full else events[:MAX_ENTRIES]
    for event in listed:
        time = stamp(event.time) if event.time else "no time"
        code = ": ".join(filter(None, [event.code, event.attribute]))
        text = f"{time}  {event.action} {event.kind} {event.source_name}: {event.status}{f' ({code})' if code else ''}"
        style = "danger" if event.status == "failure" else ""
        yield from page.labelled(2, (style, f"{_SIGNS[event.status]} "), ("", text), hang=4)
    if len(listed) < len(events):
        yield from page.prose(2, f"and {len(events) - len(listed):,} older entries; --full lists all", "quiet")
