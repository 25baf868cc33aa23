"""Helpers of these tests: a spec and a snapshot from files, results as plain JSON, and the effect of steps on documents.

`base/` is a small tenant: a Writer application whose job is on. A case changes it: `documents/NAME.json` replaces a
document (null: it is not served; "=NAME": a copy of that document), `documents/NAME+.json` changes places in it
(`synchronizationRules/0/editable`), and `options.json` has the options of the plan. The kinds decide which documents are
read and which names are bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.documents import OPERATIONS
from scimconf.expressions import parse, to_source
from scimconf.json_types import Json
from scimconf.kinds import KINDS
from scimconf.plan import Change, Exclusive, ReportOnly, Resource, WriteOnly
from scimconf.plan.impact import ImpactData
from scimconf.snapshot import DeletedPrincipal, DeniedRead, Document, Lookup, Principal, SecretRef, Snapshot
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.steps import Edit, NameCheck, Read, Send, Step
from scimconf.workflow.compilation import PlanOptions, build_changes, documents, lookups
from scimconf.workflow.guard_context import PlanImpact, tenant_of
from scimconf.workflow.plan import PlannedApplication, compile_plan
from tests.golden_files import REMOVED, changed_pointers

HERE = Path(__file__).parent
BASE = HERE / "base"
TODAY = date(2026, 11, 25)
Documents = dict[str, Any]


# --- reading -----------------------------------------------------------------------------------------------------


def base() -> Documents:
    return {path.stem: json.loads(path.read_text()) for path in BASE.glob("*.json")}


def spec_of(text: str, more: Mapping[str, str] | None = None) -> Spec:
    """Return a spec that extends the base spec."""
    loaded = loaded_of(text, more)
    assert loaded.spec is not None, loaded.diagnostics
    return loaded.spec


def loaded_of(text: str, more: Mapping[str, str] | None = None) -> Loaded:
    files = {
        "base.yaml": (BASE / "spec.yaml").read_text(),
        "spec.yaml": f"extends: [base.yaml]\n{text}",
        **(more or {}),
    }
    return load("spec.yaml", files.__getitem__, {}, {}, lambda _: True)


def put(document: Any, place: str, value: Any) -> None:
    """Change one place of a document, `a/0/b`; `+` appends to a list."""
    *above, last = place.split("/")
    for part in above:
        document = document[int(part) if isinstance(document, list) else part]
    if last == "+":
        document.append(value)
    else:
        document[int(last) if isinstance(document, list) else last] = value


def tenant_documents(changes: Mapping[str, Any]) -> Documents:
    """Return the documents of the base tenant, some replaced (None: not served), and places changed by `NAME+`."""
    found = base()
    for name, value in changes.items():
        if name.endswith("+"):
            for place, part in value.items():
                put(found[name[:-1]], place, part)
        else:
            found[name] = found[value[1:]] if isinstance(value, str) and value.startswith("=") else value
    return {name: value for name, value in found.items() if value is not None}


def snapshot(spec: Spec, served: Documents, refused: Iterable[str] = ()) -> Snapshot:
    """Return the snapshot of a tenant that serves these documents and denies reading `refused`."""
    pending = {one.name: one for one in documents(KINDS, (spec,))}
    binders = [one.binds for one in pending.values() if one.binds is not None]
    names: dict[str, str] = {}
    read_documents: Documents = {}
    denied = {name: DeniedRead(403, "Authorization_RequestDenied", pending[name].path) for name in refused}
    named: list[Lookup] = []
    ready = [""]
    while ready:
        ready = [name for name, one in pending.items() if one.required_names <= names.keys()]
        for name in ready:
            document = pending.pop(name)
            if name in served and name not in denied:
                read_documents[name], principals = read_document(document, served[name])
                named += principals
        for bind in binders:
            names.update(bind(read_documents))
    snapshot_ = Snapshot(read_documents, denied, names)
    directory = [Principal(**one) for one in served["directory"]]
    while missing := [
        one
        for one in (*named, *lookups(KINDS, (spec,), snapshot_))
        if one not in (snapshot_.deleted if one.deleted else snapshot_.principals)
    ]:
        live = {one: tuple(who for who in directory if _is(who, one)) for one in missing if not one.deleted}
        gone = {one: _deleted(one, served.get("deleted", ())) for one in missing if one.deleted}
        found = {**snapshot_.principals, **live}
        snapshot_ = replace(snapshot_, principals=found, deleted={**snapshot_.deleted, **gone})
    return snapshot_


def read_document(document: Document, raw: Json) -> tuple[Json, list[Lookup]]:
    """Return a document as it is read, with its pages folded, and the lookups of the principals that it names."""
    if document.fold is None:
        return deepcopy(raw), []
    fold = document.fold()
    named = list(fold.add(deepcopy(raw)))
    return fold.result(), named if document.resolves_principals else []


def _deleted(lookup: Lookup, rows: Iterable[Mapping[str, str]]) -> DeletedPrincipal | None:
    """Return the entry of a recycle bin whose name or id is searched."""
    found = [
        row for row in rows if row[lookup.by if lookup.by == "id" else "name"].casefold() == lookup.value.casefold()
    ]
    return DeletedPrincipal(found[0]["id"], found[0]["day"]) if found else None


def _is(who: Principal, lookup: Lookup) -> bool:
    if lookup.by == "id":
        return who.id == lookup.value
    return who.type == lookup.by and who.name.casefold() == lookup.value.casefold()


def compare(kinds, spec, snapshot, options, previous=None, data=None) -> PlannedApplication:
    """Return the plan of a spec against a snapshot, without a tenant."""
    change_set = build_changes(kinds, spec, snapshot, options)
    impact = PlanImpact(change_set.changes, snapshot, ImpactData() if data is None else data)
    return PlannedApplication(
        loaded=Loaded(spec, (), {}, ()),
        plan=compile_plan(spec, options, change_set, impact, previous),
        snapshot=snapshot,
        steps=change_set.steps,
        errors=change_set.errors,
        tenant=tenant_of(snapshot),
        unmatched=change_set.unmatched,
    )


def make_plan(
    text: str,
    refused: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    **changes: Any,
) -> PlannedApplication:
    """Return the plan of a spec against the base tenant with these documents."""
    spec = spec_of(text, files)
    return compare(KINDS, spec, snapshot(spec, tenant_documents(changes), refused), options_of(options or {}))


def options_of(raw: Mapping[str, Any]) -> PlanOptions:
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return PlanOptions(today=TODAY, **lists)


# --- results as JSON ---------------------------------------------------------------------------------------------


def line(problem: Diagnostic) -> str:
    about = f"{dotted(problem.path)}: " if problem.path else ""
    message = f"{problem.severity} {problem.code} {about}{problem.message}."
    return f"{message} {problem.hint}".strip()


def _value(value: Any) -> Any:
    if isinstance(value, WriteOnly | SecretRef):
        return f"<{type(value).__name__} {value.reference if isinstance(value, WriteOnly) else value}>"
    if isinstance(value, Mapping):
        return {key: _value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_value(one) for one in value]
    return value


def resource_json(one: Any) -> Any:
    if not isinstance(one, Resource):
        address = one.prefix if isinstance(one, Exclusive | ReportOnly) else one.address
        return {type(one).__name__.lower(): address.local}
    result = {"address": one.address.local, "fields": _value(one.fields)}
    return result | {name: _value(part) for name in ("key", "facts") if (part := getattr(one, name))}


def change_json(one: Change) -> Any:
    fields = {part.name: [_value(part.before), _value(part.after)] for part in one.fields}
    result = {"address": one.address.local, "action": one.action.value, "fields": fields}
    return result | {"effects": sorted(one.effects)} | ({"reason": one.reason} if one.reason else {})


def plan_json(one: PlannedApplication) -> Any:
    result = {
        "changes": [change_json(change) for change in one.plan.changes],
        "unmanaged_drift": [resource.address.local for resource in one.plan.unmanaged_drift],
        "unmanaged": [resource.address.local for resource in one.plan.unmanaged],
        "guards": [f"{guard.id}: {guard.message}" for guard in one.plan.guards],
        "warnings": [line(problem) for problem in one.plan.warnings],
    }
    return {name: part for name, part in result.items() if part} | {"complete": one.plan.complete}


def step_json(step: Step) -> Any:
    result = {
        "phase": step.phase.name.lower(),
        "description": step.description,
        "addresses": [one.local for one in step.addresses],
    }
    if isinstance(step, Send):
        more: dict[str, Any] = {"send": f"{step.method} {step.path}", "body": _value(step.body) if step.body else None}
        more |= {"outputs": [name for name, _ in step.outputs], "lookup": step.lookup.name if step.lookup else ""}
        more |= {"before_write": step.before_write, "after_write": step.after_write}
        if step.path.endswith("/validateCredentials"):
            more["body"] = {**step.body, "credentials": str(step.body["credentials"])}
    elif isinstance(step, NameCheck):
        more = {"documents": [step.document.name, step.registrations.name]}
    else:
        more = {"edit" if isinstance(step, Edit) else "wait": f"{step.document.name} {step.operation}"}
        more |= {"key": list(step.key), "value": _value(step.value)}
        if isinstance(step, Edit):
            more |= {"expression": step.expression, "after_write": step.after_write}
            more |= {"before_write": step.before_write, "optional": step.optional}
    return result | {key: value for key, value in more.items() if value}


def changed_documents(before: Documents, after: Documents) -> dict[str, dict[str, Any]]:
    """Return the changed pointers of every document; a new schema is compared with its template."""
    before = {"schema": before.get("template_schema"), **before}
    changes = {name: changed_pointers(before.get(name), document) for name, document in after.items()}
    removed = {name: {"": REMOVED} for name, document in before.items() if document is not None and name not in after}
    return {name: places for name, places in (changes | removed).items() if places}


# --- applying steps ----------------------------------------------------------------------------------------------


def apply_steps(steps: Iterable[Step], served: Documents) -> Documents:
    """Return the documents after the steps: edits by their operations, requests as Graph executes them."""
    tenant = deepcopy(served)
    for step in sorted(steps, key=lambda one: one.phase):
        if isinstance(step, Edit):
            _edit(step, tenant)
        elif isinstance(step, Send):
            _send(step, tenant)
        elif step.document.name != "job":
            assert OPERATIONS[step.operation].holds(_current(step, tenant), step.key, step.value), step.description
    return tenant


def _current(step: Edit | Read, tenant: Documents) -> Any:
    rows = step.document.read_as
    return tenant[rows][0] if rows else tenant[step.document.name]


def _edit(step: Edit, tenant: Documents) -> None:
    operation, raw = OPERATIONS[step.operation], _current(step, tenant)
    if operation.holds(raw, step.key, step.value):
        return
    assert operation.change is not None
    value = {**step.value, "source": to_source(parse(step.expression))} if step.expression else step.value
    desired = operation.change(raw, step.key, value)
    if step.document.read_as:
        tenant[step.document.read_as][0] = desired
    elif step.document.name == "secrets":
        tenant["secrets"] = [_stored(pair) for pair in desired if pair["value"] != ""]
    else:
        tenant[step.document.name] = desired
    if not isinstance(value, SecretRef):
        assert operation.holds(_current(step, tenant), step.key, value), step.description


def _stored(pair: Any) -> Any:
    return {**pair, "value": "*"} if isinstance(pair["value"], SecretRef) else pair


def _send(step: Send, tenant: Documents) -> None:
    path = step.path.rpartition("/synchronization")[2] if "/synchronization" in step.path else step.path
    if path.endswith("/validateCredentials"):
        return
    if path.startswith("/servicePrincipals/{service_principal}/appRoleAssignedTo"):
        _assign(step, tenant)
    elif step.method == "DELETE":
        tenant["jobs"] = [job for job in tenant["jobs"] if job["id"] != path.rpartition("/")[2]]
        tenant.pop("schema", None)
    elif path == "/jobs":
        schedule = {"schedule": {"state": "Disabled"}, "status": {"code": "Paused"}}
        tenant["jobs"].append({"id": "made.1", "templateId": tenant["templates"][0]["id"], **schedule})
        tenant["schema"] = tenant["template_schema"]
    else:
        state = {"start": "Active", "pause": "Disabled", "restart": "Disabled"}[path.rpartition("/")[2]]
        chosen = tenant["jobs"][-1]
        assert state != "Disabled" or path.endswith("/restart") or chosen["schedule"]["state"] == "Active"
        chosen["schedule"] = {**chosen["schedule"], "state": state}


def _assign(step: Send, tenant: Documents) -> None:
    if step.method == "DELETE":
        removed = step.path.rpartition("/")[2]
        tenant["assignments"] = [row for row in tenant["assignments"] if row["id"] != removed]
        return
    who = next(one for one in tenant["directory"] if one["id"] == step.body["principalId"])
    row = {"id": f"made-{len(tenant['assignments'])}", "principalId": who["id"], "appRoleId": step.body["appRoleId"]}
    owner = tenant.get("applications") or tenant["service_principals"]
    known = {role["id"].lower() for role in owner[0]["appRoles"]}
    assert row["appRoleId"] in known, "a role exists before it is assigned"
    more = {"principalType": who["type"].title(), "principalDisplayName": who["display_name"]}
    tenant["assignments"] = [*tenant["assignments"], {**row, **more}]
