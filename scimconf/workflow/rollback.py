"""The spec of an earlier moment, from the documents of a history entry: what a rollback plans and applies.

The documents are read as if they were live, and exported completely; what is live and was not there then is deleted,
since `unlisted` is `delete` in every section. The plan of this spec has the guards and the review of any other plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import ScimconfError, SpecPath
from scimconf.documents.assignments import NAME as ASSIGNMENTS
from scimconf.documents.assignments import AssignmentFold
from scimconf.documents.schema import default_schema
from scimconf.export import ExportedSpec, ExportRequest, everything, export_spec, without_references
from scimconf.json_types import Json
from scimconf.kinds import KINDS
from scimconf.monitoring.history import HistoryEntry
from scimconf.plan import ApplyStatus
from scimconf.snapshot import Snapshot
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Job, Spec
from scimconf.workflow.compilation import documents, lookups
from scimconf.workflow.export import commented_path, ignore_lint_errors, ignore_rules, tenant_name

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

NOT_RETURNED = (
    "accounts that the application has created, changed or disabled since: the service evaluates them again",
    "secrets and the kind of credentials: those of the current spec stay",
    "ids of deleted roles and assignments: they get new ones",
    "definitions of attributes that were added since: they stay and are not used",
)
"""What a rollback does not return, in words."""
ROLE_ROWS: SpecPath = ("mappings", "users", "attributes")
"""Where the export writes the mapping of a `role_attribute`."""


def entry_name(text: str) -> tuple[str, str, str]:
    """Return the store, the application and the time of `NAME/TIME`, or of the place of an entry; each may be ""."""
    place, _, time = text.replace("\\", "/").rstrip("/").rpartition("/")
    root, _, name = place.rpartition("/")
    return (root, name, time) if name else ("", time, "")


def entry_at(entries: list[HistoryEntry], moment: str, *, is_return: bool = True) -> HistoryEntry:
    """Return the entry whose documents before the apply are those of a moment; `entries` are from the newest.

    `moment` is the beginning of an entry's time, such as 20261130T14, or "" for the newest entry, to which one cannot
    return (`is_return`) if it is a rollback itself. Entries of other commands, such as `pause`, have no documents and do
    not count; nor do, without a moment, canaries that were put back. Raise ScimconfError if there is none, or several.
    """
    others = [entry for entry in entries if not entry.is_apply and moment and entry.time.startswith(moment)]
    entries = [entry for entry in entries if entry.is_apply and (moment or entry.status != ApplyStatus.PUT_BACK.value)]
    if len(others) == 1 and not any(entry.time.startswith(moment) for entry in entries):
        raise ScimconfError(
            f"the entry {others[0].time} is of `{others[0].command}`, which changes no documents",
            "Name the entry of an apply; `scimconf history` lists all.",
        )
    if not entries:
        raise ScimconfError("there is no history of this application", "Name its folder or container with --history.")
    if is_return and not moment and entries[0].run.rollback:
        raise ScimconfError(
            f"the last apply was a rollback to the state before {entries[0].run.rollback}",
            "Name the entry to return to with --to TIME; `scimconf history` lists all.",
        )
    matching = [entry for entry in entries if entry.time.startswith(moment)]
    if moment and len(matching) != 1:
        known = ", ".join(entry.time for entry in (matching or entries)[:5])
        problem = "several entries begin" if matching else "no entry begins"
        raise ScimconfError(f"{problem} with {moment}: {known}", "`scimconf history` lists all.")
    return matching[0]


async def past_spec(session: TenantSession, loaded: Loaded, past: Mapping[str, Json]) -> ExportedSpec:
    """Return the spec that returns an application to these documents; the rest of the connection is that of today's spec.

    Comments of today's spec that ignore rules of the lint stay. Raise ScimconfError if the documents are from before the
    application or its job existed.
    """
    spec = loaded.spec
    assert spec is not None
    exported = await _exported(session, spec.name, spec.job.template if spec.job is not None else None, past)
    _manage_completely(exported.tree)
    _take_connection(exported.tree, loaded.resolved.get("connection"))
    without_references(exported)
    _keep_comments(exported, loaded)
    ignore_lint_errors(exported, "")
    return exported


async def spec_at(session: TenantSession, name: str, past: Mapping[str, Json]) -> ExportedSpec:
    """Return the spec of an application with these documents, as an export at that moment; raise ScimconfError."""
    exported = await _exported(session, name, None, past)
    without_references(exported)
    ignore_lint_errors(exported, "")
    return exported


async def _exported(session: TenantSession, name: str, template: str | None, past: Mapping[str, Json]) -> ExportedSpec:
    principals = past.get("service_principals") or []
    if len(principals) != 1 or not past.get("jobs"):
        raise ScimconfError(
            "the application or its job did not exist before this apply, so there is nothing to return to",
            "Name a later entry: `scimconf history` lists all.",
        )
    job = _past_job(past["jobs"], template)
    identified = everything(name, {"object_id": principals[0]["id"]})
    identified = identified.model_copy(update={"job": Job(template=job["templateId"])})
    request = ExportRequest(name=name, snapshot=await _snapshot(session, identified, past, job), full=True)
    exported = export_spec(await tenant_name(session), request)
    if exported.csv_users:
        exported.tree["assignments"]["users"] = exported.users()
        exported.csv_users = []
    return exported


def _past_job(jobs: list[Json], template: str | None) -> Json:
    """Return the job of the past: the only one, or that of the spec's template."""
    known = [job for job in jobs if template is None or job["templateId"].lower() == template.lower()]
    matching = jobs if len(jobs) == 1 else known
    if len(matching) != 1:
        names = ", ".join(str(job["templateId"]) for job in jobs)
        raise ScimconfError(f"the application had several jobs: {names}", "Write `job: {template: …}` in the spec.")
    return matching[0]


def _keep_comments(exported: ExportedSpec, loaded: Loaded) -> None:
    """Copy the comments of today's spec that ignore rules of the lint to the same places in the spec of the past.

    Those in `role_attribute` are about the mapping of its target, which is exported as any other.
    """
    places = {path: commented_path(path) for path in _paths(exported.tree)}
    role = loaded.spec.role_attribute if loaded.spec is not None else None
    if role is not None and (*ROLE_ROWS, role.target) in places:
        places |= {("role_attribute", key): (*ROLE_ROWS, role.target) for key in type(role).model_fields}
    for path, place in places.items():
        for rules, reason in loaded.ignored_at(path):
            ignore_rules(exported, place, rules, reason)


def _paths(value: Any, path: SpecPath = ()) -> Iterator[SpecPath]:
    for key, part in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield (*path, key)
        yield from _paths(part, (*path, key))


async def _snapshot(session: TenantSession, spec: Spec, past: Mapping[str, Json], job: Json) -> Snapshot:
    """Return the live snapshot with the documents of the past, and with the principals that those name.

    What the past did not read stays as it is live, so that nothing is deleted because it was not saved.
    """
    from scimconf.graph.principals import find_principals
    from scimconf.graph.reading import observe

    reads = (*documents(KINDS, [spec]), default_schema())
    live = await observe(session, reads, lambda partial: lookups(KINDS, [spec], partial))
    fold = AssignmentFold()
    missing = [lookup for lookup in fold.add(past.get(ASSIGNMENTS) or []) if lookup not in live.principals]
    results = await find_principals(session.graph, missing)
    then = {**past, ASSIGNMENTS: fold.result()} if ASSIGNMENTS in past else past
    return replace(
        live,
        documents={**live.documents, **then},
        names={**live.names, "job": str(job["id"]), "template": str(job["templateId"])},
        principals={**live.principals, **results.principals},
    )


def _manage_completely(tree: dict[str, Any]) -> None:
    """Let the spec delete whatever it does not list."""
    for section in (*tree.get("mappings", {}).values(), tree.setdefault("app_roles", {})):
        section["unlisted"] = "delete"
    tree.setdefault("assignments", {})["unlisted"] = "delete"


def _take_connection(tree: dict[str, Any], today: Any) -> None:
    """Keep the address of the past, and take the secrets' references of today: values are in no document."""
    address = tree.pop("connection", {}).get("base_address")
    if isinstance(today, Mapping):
        tree["connection"] = {**dict(_plain(today)), **({"base_address": address} if address else {})}


def _plain(section: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield str(key), dict(_plain(value))
        else:
            yield str(key), str(value) if isinstance(value, str) else value
