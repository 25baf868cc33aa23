"""Export one live application as a spec."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scimconf.diagnostics import DiagnosticsError, GraphError, SpecPath
from scimconf.kinds import KINDS
from scimconf.render.common.escaping import visible
from scimconf.spec.comments import ignored_with_reason
from scimconf.spec.patterns import is_guid
from scimconf.workflow.checks import check
from scimconf.workflow.compilation import documents, lookups
from scimconf.workflow.validate import lint

if TYPE_CHECKING:
    from scimconf.export import ExportedSpec
    from scimconf.graph.reading import TenantSession
    from scimconf.render.yaml import CommentNotes

SCHEMA = ".scimconf/spec.schema.json"
"""The path of the JSON Schema that `scimconf init` writes."""
HEAD = "Exported from a live application. What this file does not mention is not managed."
NOT_EXPORTABLE = frozenset({"K101", "K102", "K103", "K201", "K202", "K401", "K601", "K801"})
"""Errors that leave nothing to export, or only a part that would pass for the whole."""
NO_TENANT = "the tenant, so that the spec has no `tenant` and no plan checks that it is the right one"
HINTS = {
    "K102": "Pass the id of one of them: --app ID",
    "K103": "Use the name that the portal shows, or the application id. Check also that this is the right tenant.",
}


async def export_application(
    session: TenantSession, app: str, name: str = "", *, full: bool, defined: bool = False
) -> ExportedSpec:
    """Export the application with a display name, application id or object id; `name` is the spec's, by default from `app`."""
    name = name or re.sub(r"[^a-z0-9]+", "-", app.lower()).strip("-") or "app"
    tenant = await tenant_name(session)
    if not is_guid(app):
        return await export(session, {"display_name": app}, name, tenant, full=full, defined=defined)
    try:
        return await export(session, {"app_id": app}, name, tenant, full=full, defined=defined)
    except DiagnosticsError as error:
        if {diagnostic.code for diagnostic in error.diagnostics} != {"K103"}:
            raise
    return await export(session, {"object_id": app}, name, tenant, full=full, defined=defined)


async def export(
    session: TenantSession, identity: Mapping[str, str], name: str, tenant: str, *, full: bool, defined: bool = False
) -> ExportedSpec:
    """Export one application; `identity` is its display_name, app_id or object_id.

    `full` includes what is equal to the template, `defined` all attribute definitions. Raise DiagnosticsError if there
    is not exactly one such application, or if a document cannot be read.
    """
    from scimconf.documents.schema import default_schema
    from scimconf.export import ExportRequest, everything, export_spec
    from scimconf.graph.reading import observe

    spec = everything(name, identity)
    reads = (*documents(KINDS, [spec]), default_schema())
    snapshot = await observe(session, reads, lambda partial: lookups(KINDS, [spec], partial))
    errors = [
        replace(diagnostic, path=(), hint=HINTS.get(diagnostic.code, diagnostic.hint))
        for diagnostic in check(KINDS, spec, snapshot)
        if diagnostic.is_error and diagnostic.code in NOT_EXPORTABLE
    ]
    if errors:
        raise DiagnosticsError(errors)
    exported = export_spec(tenant, ExportRequest(name=name, snapshot=snapshot, full=full, definitions=defined))
    if not tenant:
        exported.unread[NO_TENANT] = "Organization.Read.All"
    return exported


async def tenant_name(session: TenantSession) -> str:
    """Return the tenant's default domain, or its id; "" if neither can be read."""
    from scimconf.documents.application import organization, tenant
    from scimconf.graph.reading import read

    try:
        observed = tenant(await read(session.graph, organization(), {}))
    except GraphError:
        return session.tenant_id
    return (observed.domain or observed.id) if observed is not None else session.tenant_id


def unread_advice(exported: ExportedSpec) -> str:
    """Return what to do about an incomplete export, "" for a complete one."""
    from scimconf.permissions import grant

    if not exported.unread:
        return ""
    return f"The spec is incomplete. {grant(list(dict.fromkeys(exported.unread.values())))} Then export again."


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """The text of an exported spec and, if it has too many users for it, that of their CSV file."""

    spec: str
    users: str = ""


def compose(exported: ExportedSpec, *, users_file: str = "", schema: str = SCHEMA, head: str = HEAD) -> SpecFiles:
    """Return the files of an exported spec, with comments about what it cannot say, and what was removed from it.

    `users_file` is the name of the CSV file of its users; without it, all users are in the spec. `schema` is the path of
    the JSON Schema for editors, relative to the spec, and `head` the comment at the beginning.
    """
    from scimconf.export import without_references
    from scimconf.render import yaml

    users = _csv(exported.csv_users)
    if exported.csv_users and users_file:
        exported.tree["assignments"]["users_from"] = [users_file]
    elif exported.csv_users:
        exported.tree["assignments"]["users"] = exported.users()
    without_references(exported)
    ignore_lint_errors(exported, users)
    text = yaml.write_spec(exported.tree, _comments(exported, f"yaml-language-server: $schema={schema}\n\n{head}"))
    return SpecFiles(text, users if exported.csv_users and users_file else "")


def _comments(exported: ExportedSpec, head: str) -> CommentNotes:
    from scimconf.render.yaml import CommentNotes

    notes: list[str] = []
    if exported.omitted:
        notes.append("The application also has, which a spec cannot contain:")
        notes += (f"  {visible(note)}" for note in exported.omitted)
    if exported.unread:
        notes.append("Not exported, because Graph denied reading it:")
        notes += (f"  {visible(note)}; needs {permission}" for note, permission in exported.unread.items())
    beside = {path: visible(comment) for path, comment in exported.comments.items()}
    return CommentNotes(head, beside=beside, below={(): "\n".join(notes)} if notes else {})


def _csv(assignments: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("user", "role"), *assignments])
    return text.getvalue()


def ignore_lint_errors(exported: ExportedSpec, users_csv: str) -> None:
    """Add a comment to each exported line that the lint of a plan refuses.

    `users_csv` is the content of the `users_from` file.
    """
    from scimconf.lint import ERRORS_IN_PLANS
    from scimconf.render import yaml
    from scimconf.spec.load import load

    text = yaml.write_spec(exported.tree)
    loaded = load("spec.yaml", lambda path: text if path == "spec.yaml" else users_csv, {}, {}, lambda _path: True)
    codes_by_line: dict[SpecPath, dict[str, None]] = {}
    for diagnostic in lint(loaded):
        if diagnostic.is_error or diagnostic.code in ERRORS_IN_PLANS:
            codes_by_line.setdefault(commented_path(diagnostic.path), {})[diagnostic.code] = None
    for path, codes in codes_by_line.items():
        ignore_rules(exported, path, codes, "the live application has it")


def ignore_rules(exported: ExportedSpec, path: SpecPath, rules: Iterable[str], reason: str) -> None:
    """Let the comment of a line ignore these rules of the lint; what it ignores already, and its text, stay."""
    comment = exported.comments.get(path, "")
    former, _ = ignored_with_reason(f"# {comment}")
    if former:
        added = "".join(f", {rule}" for rule in rules if rule not in former)
        exported.comments[path] = comment.replace(former[-1], f"{former[-1]}{added}", 1)
        return
    text = " ".join(filter(None, [f"scimconf: ignore {', '.join(rules)}", reason]))
    exported.comments[path] = f"{text}; {comment}" if comment else text


def commented_path(path: SpecPath) -> SpecPath:
    """Return the part of a diagnostic's path that has a line to put a comment on: a row, or a filter's clause."""
    if path[:1] != ("mappings",):
        return path
    return path[:6] if path[2:3] == ("filters",) else path[:4]
