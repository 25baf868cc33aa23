"""The worklist of an export of all applications, as Markdown and as CSV, and its lines for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from scimconf.monitoring.adoption import AdoptedApplication, AdoptionResult, tasks
from scimconf.monitoring.contacts import Contact, ContactState
from scimconf.render.common.csv_cells import csv_cell
from scimconf.render.common.effects import users
from scimconf.render.common.escaping import visible
from scimconf.render.markdown.escaping import cell, code, prose

COLUMNS = (
    "application", "app_id", "spec", "result", "job", "state", "quarantine", "in_scope", "plan", "not_in_spec", "owners",
    "owners_in_entra", "emails", "secrets", "to_do",
)  # fmt: skip
MAX_LISTED = 5
"""Addresses in a line for a terminal; the worklist has more."""
_RESULTS = {
    "written": "written",
    "replaced": "replaced",
    "unchanged": "the same as before",
    "kept": "exists, not changed",
    "failed": "failed",
    "gone": "deleted meanwhile",
}


def as_markdown(result: AdoptionResult, command: str) -> str:
    """Return a table of all applications, then a section for each; `command` is the one that writes the worklist again."""
    lines = ["# Worklist of the adoption", "", f"{prose(verdict(result))} {code(command)} writes this file again.", ""]
    lines += ["| application | spec | job | state | users in scope | plan | owner | to do |"]
    lines += ["|---|---|---|---|---|---|---|---|", *map(_row, result.applications), ""]
    for application in result.applications:
        lines += _section(application)
    if result.orphans:
        lines += ["## Specs without an application", ""]
        lines += ["No application with a provisioning job in this tenant belongs to these specs:", ""]
        lines += [f"- {code(path)}" for path in result.orphans] + [""]
    return "\n".join(lines)


def _row(application: AdoptedApplication) -> str:
    spec = cell(application.path) if application.has_spec else _RESULTS[application.action]
    owner = cell(_names(application.owners)) if application.owners else "none"
    number = len(list(tasks(application)))
    head = f"| {cell(application.display_name)} | {spec} | {cell(jobs(application))} | {states(application)} | {in_scope(application)} "
    return f"{head}| {plan_words(application)} | {owner} | {number or ''} |"


def _section(application: AdoptedApplication) -> Iterator[str]:
    yield f"## {code(application.display_name)}"
    yield ""
    if application.has_spec:
        yield f"- spec: {code(application.path)}, {_RESULTS[application.action]}"
    if application.retired:
        yield f"- retired on {code(application.retired)}, as the spec says"
    yield f"- application id: {code(application.app_id)}"
    yield f"- job: {code(jobs(application))}, {states(application)}"
    for job in application.jobs:
        if job.quarantine is not None:
            yield f"- quarantine: {prose(job.quarantine.cause.meaning)} ({code(job.quarantine.reason)})"
    for label, contacts in (("owners", application.owners), ("owners in Entra", application.entra_owners)):
        if contacts:
            yield f"- {label}: {', '.join(code(contact.label) for contact in contacts)}"
    for contact in application.recipients:
        outside = ", outside of the tenant: cannot be checked" if contact.state is ContactState.EXTERNAL else ""
        yield f"- emails: {code(contact.label)}{outside}"
    if application.entra_owners_problem:
        yield f"- owners in Entra: cannot be read ({code(application.entra_owners_problem)})"
    if application.mail_problem:
        yield f"- emails and users in scope: cannot be read ({prose(application.mail_problem)})"
    yield ""
    yield from _list("To do:", (f"- [ ] {prose(task)}" for task in tasks(application)))
    yield from _list("The spec does not contain:", (f"- {prose(note)}" for note in application.omitted))
    yield from _list("Graph denied reading:", (f"- {prose(note)}" for note in application.unread))
    yield from _list("What the previous spec had otherwise:", (f"- {code(path)}" for path in application.differences))


def _list(heading: str, items: Iterable[str]) -> Iterator[str]:
    lines = list(items)
    if lines:
        yield from (heading, "", *lines, "")


def as_csv(result: AdoptionResult) -> str:
    """Return a header and a row for each application; no cell is a formula."""
    document = io.StringIO()
    rows = csv.writer(document, lineterminator="\n")
    rows.writerow(COLUMNS)
    for application in result.applications:
        rows.writerow(csv_cell(visible(text)) for text in _cells(application))
    return document.getvalue()


def _cells(application: AdoptedApplication) -> Iterator[str]:
    yield application.display_name
    yield application.app_id
    yield application.path if application.has_spec else ""
    yield _RESULTS[application.action]
    yield jobs(application)
    yield states(application)
    yield ", ".join(job.quarantine.reason for job in application.jobs if job.quarantine is not None)
    yield in_scope(application)
    yield plan_words(application)
    yield "; ".join((*application.omitted, *application.unread))
    yield _names(application.owners)
    yield _names(application.entra_owners) or application.entra_owners_problem
    yield _names(application.recipients) or application.mail_problem
    yield "; ".join(application.secrets)
    yield "; ".join(tasks(application))


def line(application: AdoptedApplication) -> str:
    """Return one line about an application, for a terminal."""
    if not application.has_spec:
        return f"{application.display_name}: {_RESULTS[application.action]}: {application.problem}"
    proof, omitted = application.proof, len(application.omitted)
    changed = _shortened(application.differences) if application.action == "replaced" else ""
    reason = proof.problem or _shortened(proof.addresses or proof.warnings)
    facts = [
        _RESULTS[application.action] + (f" ({changed})" if changed else ""),
        plan_words(application) + (f" ({reason})" if reason else ""),
        states(application),
        f"{omitted} not in the spec" if omitted else "",
        f"incomplete: Graph denied reading {len(application.unread)}" if application.unread else "",
    ]
    return f"{application.path}: {', '.join(filter(None, facts))}"


def _shortened(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - MAX_LISTED:,} more" if len(addresses) > MAX_LISTED else ""
    return ", ".join(addresses[:MAX_LISTED]) + more


def verdict(result: AdoptionResult) -> str:
    """Return one sentence about all applications."""
    total = len(result.applications)
    empty = sum(application.has_spec and application.proof.is_empty for application in result.applications)
    specs = sum(application.has_spec for application in result.applications)
    numbers = {
        "written": result.count("written"),
        "replaced": result.count("replaced"),
        "unchanged": result.count("unchanged", "kept"),
        "failed": result.count("failed"),
        "deleted meanwhile": result.count("gone"),
    }
    listed = ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number)
    applications = f"{total:,} {'application has' if total == 1 else 'applications have'} a provisioning job"
    plans = f"; {empty:,} of {specs:,} plans are empty" if empty < specs else "; all plans are empty" if specs else ""
    return f"{applications}: {listed or 'no specs'}{plans}."


def jobs(application: AdoptedApplication) -> str:
    """Return the templates of the jobs."""
    return "; ".join(dict.fromkeys(job.template for job in application.jobs)) or "not readable"


def states(application: AdoptedApplication) -> str:
    """Return whether the jobs are on."""
    return "; ".join(dict.fromkeys(job.state for job in application.jobs)) or "not readable"


def in_scope(application: AdoptedApplication) -> str:
    """Return the number of users in scope, with its bound."""
    return users(application.in_scope) if application.in_scope is not None else "not counted"


def plan_words(application: AdoptedApplication) -> str:
    """Return whether the plan of the spec is empty."""
    proof = application.proof
    if proof.changes is None:
        return "not planned"
    if not proof.changes:
        return "plan empty, with warnings" if proof.warnings else "plan empty"
    return "1 change" if proof.changes == 1 else f"{proof.changes:,} changes"


def _names(contacts: Iterable[Contact]) -> str:
    return ", ".join(contact.label for contact in contacts)
