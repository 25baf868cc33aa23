"""`scimconf history`: the applies of applications, and who changed them outside scimconf, from the newest."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click

from scimconf.cli import history_option, options, output
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.output import print_lines
from scimconf.cli.session import Session, run
from scimconf.cli.tenants import TenantSpecs, by_tenant
from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.audit_events import AuditEvent, redacted_event
from scimconf.monitoring.history import HistoryEntry, redacted_entry
from scimconf.plan import Plan
from scimconf.render.history import as_csv, as_text
from scimconf.workflow.history import HistoryStore, history_entries
from scimconf.workflow.outside_changes import changes_outside, known_objects
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ApplicationTarget, application_target, spec_targets

Work = Callable[[Session], Awaitable[ExitCode]]


@click.command("history", short_help="List the applies of applications, and changes outside scimconf.")
@options.paths
@options.variables
@options.tenant
@options.tenants
@click.option("--app", "name", metavar="NAME", help="The name of a spec, without its file.")
@history_option.history
@click.option("--offline", is_flag=True, help="Do not connect to the tenant: without changes outside scimconf.")
@click.option("--redact", is_flag=True, help="Replace user names with pseudonyms.")
@options.output_format("text", "json", "csv")
def command(name: str | None, history: str, output_format: str, **params: Any) -> int:
    """List the applies of applications newest first: when, by whom, why, what changed, and how it ended.

    Also lists who changed an application outside scimconf, from the directory audit log of the last 30 days: who, when and
    what kind of change, not what exactly. `rollback --to TIME` returns to the state before an apply.

    \b
        scimconf history apps/writer
        scimconf history --app writer --format csv
    """
    common = options.from_click(options.CommonOptions, params)
    if name is not None and common.paths:
        raise click.UsageError("Pass spec files or --app.")
    parts: list[tuple[list[_Application], Callable[[Work], ExitCode]]] = []
    if name is not None:
        store = history_option.stores(history, common)(history_option.WORKING_FOLDER)
        parts.append(([_Application(name, application_target(name), store)], lambda work: run(common, "reading", work)))
    else:
        groups = by_tenant(options.load_specs(common), common)
        parts += [(_of_specs(group, history), _runner(group)) for group in groups]
    applications = [application for own, _ in parts for application in own]
    problems = [] if params["offline"] else [_read_outside(own, run_in) for own, run_in in parts if own]
    _print(applications, output_format, redact=params["redact"])
    _print_notes(applications, problems)
    return ExitCode.OK


@dataclass(slots=True)
class _Application:
    """An application whose history is listed; `outside` is None if the audit log was not read."""

    name: str
    target: ApplicationTarget
    store: HistoryStore
    entries: list[HistoryEntry] = field(init=False)
    outside: list[AuditEvent] | None = None

    def __post_init__(self) -> None:
        # `--app` takes the display name as well, which differs from the name of a spec mostly in its case.
        self.entries = history_entries(self.store, self.name) or history_entries(self.store, self.name.casefold())


def _of_specs(group: TenantSpecs, history: str) -> list[_Application]:
    stores = history_option.stores(history, group.common, group.environ)
    loaded = sorted((spec for spec in group.specs if spec.spec is not None), key=lambda spec: spec.paths)
    targets = spec_targets(loaded)
    return [
        _Application(target.name, target, stores(spec.paths[0])) for spec, target in zip(loaded, targets, strict=True)
    ]


def _runner(group: TenantSpecs) -> Callable[[Work], ExitCode]:
    return lambda work: group.run(lambda session, _specs: work(session))


def _read_outside(applications: Sequence[_Application], run_in: Callable[[Work], ExitCode]) -> str:
    """Add the changes outside scimconf; return why they are not known, "" if they are. Nothing else depends on them."""

    async def work(session: Session) -> ExitCode:
        graph = session.client.graph
        for application in applications:
            objects = await known_objects(graph, application.target, application.store, application.entries)
            now = response_time(graph, datetime.now(UTC))
            application.outside = await changes_outside(graph, application.name, objects, application.entries, now)
        return ExitCode.OK

    try:
        run_in(work)
    except ScimconfError as error:
        return str(error)
    return ""


def _print(applications: Sequence[_Application], output_format: str, *, redact: bool) -> None:
    entries = [entry for application in applications for entry in application.entries]
    outside = [event for application in applications for event in application.outside or ()]
    if redact:
        text = output.redactor(Plan(), redact=True)
        entries = [redacted_entry(entry, text) for entry in entries]
        outside = [redacted_event(event) for event in outside]
    if output_format == "json":
        was_read = all(application.outside is not None for application in applications)
        document = {
            "entries": [entry.document() for entry in entries],
            "outside": [event.document() for event in outside] if was_read else None,
        }
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo((as_csv if output_format == "csv" else as_text)(entries, outside), nl=False)


def _print_notes(applications: Sequence[_Application], problems: Sequence[str]) -> None:
    without = [application for application in applications if not application.entries]
    lines = [f"No history of {each.name} in {each.store.place()}. --history names another one." for each in without]
    print_lines(*lines, *(f"note: {problem}" for problem in dict.fromkeys(filter(None, problems))), err=True)
