"""The machine format of plans and problems: JSON with sorted keys, without clock, host, absolute path or secret.

`docs/plan-format.md` is its contract and `schemas/plan.schema.json`, made by `plan_schema`, its shape. Non-ASCII text
stays readable; whatever does not print is written as an escape of JSON's own, so that a terminal has nothing to obey.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import PureWindowsPath
from typing import Any

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.plan import ApplicationPlan, Change, FieldChange, Guard, Plan, Resource, WriteOnly
from scimconf.plan.diff import digest
from scimconf.render.labels import by_weight, totals

Json = Any

FORMAT_VERSION = "2.0"
_BEYOND_ASCII = re.compile(r"[^\n -~]")


def plan(plan: Plan) -> str:
    """The plan as `plan --format json` prints it and `plan --out` saves it."""
    return write(plan_document(plan))


def problems(problems: Iterable[Diagnostic]) -> str:
    """The problems as `validate --format json` prints them, in the order given."""
    listed = list(problems)
    errors = sum(problem.is_error for problem in listed)
    return write(
        {
            "format_version": FORMAT_VERSION,
            "problems": [{**_problem(one), "where": _where(one)} for one in listed],
            "summary": {"errors": errors, "warnings": len(listed) - errors},
        }
    )


def write(document: Json) -> str:
    """JSON text with one line end after it."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return _BEYOND_ASCII.sub(_inert, text) + "\n"


def _inert(found: re.Match[str]) -> str:
    char = found.group()
    return char if char.isprintable() else json.dumps(char)[1:-1].replace("\x7f", "\\u007f")


def plan_document(plan: Plan) -> Json:
    """The plan as JSON values, and a digest over all of them."""
    document = {
        "format_version": FORMAT_VERSION,
        "options": value(plan.options),
        "tenant": {"id": plan.tenant.id, "domain": plan.tenant.domain},
        "applications": [_application(one) for one in plan.applications],
        "summary": _summary(plan),
    }
    return {**document, "digest": digest(document)}


def _summary(plan: Plan) -> Json:
    changes = [change for application in plan.applications for change in application.changes]
    return {
        **{action.value: number for action, number in totals(changes).items()},
        "unmanaged_drift": sum(len(application.unmanaged_drift) for application in plan.applications),
        "guards": sum(len(application.blocking_guards) for application in plan.applications),
    }


def _application(plan: ApplicationPlan) -> Json:
    return {
        "name": plan.name,
        "ids": dict(plan.ids),
        "spec": {"paths": [_relative(path) for path in plan.paths], "digest": plan.digest},
        "fingerprint": plan.fingerprint,
        "complete": plan.complete,
        "changes": [_change(change) for change in plan.changes],
        "unmanaged_drift": [_reported(resource) for resource in plan.unmanaged_drift],
        "unmanaged": dict(plan.unmanaged_counts),
        "abandoned": [{"address": str(one.address), "removal_snippet": one.removal_snippet} for one in plan.abandoned],
        "excluded_changes": plan.excluded_changes,
        "guards": [_guard(guard) for guard in plan.guards],
        "warnings": [_problem(notice) for notice in plan.warnings],
    }


def _change(change: Change) -> Json:
    return {
        "address": str(change.address),
        "kind": change.kind,
        "action": change.action.value,
        "fields": {one.name: _field(one) for one in change.fields},
        "effects": [effect.value for effect in by_weight(change.effects)],
        "impact": {effect.value: asdict(impact) for effect, impact in change.impact.items()},
        "reason": change.reason,
    }


def _field(one: FieldChange) -> Json:
    """Both sides; of a write-only field no more than that it is there, and where the new value comes from."""
    if one.write_only:
        return {"before": _hidden(one.before), "after": _hidden(one.after)}
    return {"before": value(one.before), "after": value(one.after)}


def _hidden(side: Json) -> Json:
    if isinstance(side, WriteOnly):
        return value(side)
    return None if side is None else {"write_only": True}


def _reported(resource: Resource) -> Json:
    return {"address": str(resource.address), "kind": resource.address.kind, "fields": value(resource.fields)}


def _guard(guard: Guard) -> Json:
    return {
        "id": guard.id,
        "message": guard.message,
        "allowed_by": guard.allowed_by or None,
        "count": guard.count,
        "address": str(guard.address) if guard.address else None,
        "impact": None if guard.impact is None else asdict(guard.impact),
    }


def _problem(problem: Diagnostic) -> Json:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "path": dotted(problem.path),
        "message": problem.message,
        "hint": problem.hint,
    }


def _where(problem: Diagnostic) -> Json:
    where = problem.location
    return None if where is None else {"file": where.file, "line": where.line, "column": where.column}


def value(side: Json) -> Json:
    """A field's value as plain JSON; a write-only one as the reference that it comes from."""
    match side:
        case WriteOnly(reference):
            return {"write_only": True, "from": reference}
        case Mapping():
            return {str(key): value(part) for key, part in side.items()}
        case list() | tuple():
            return [value(part) for part in side]
        case _:
            return side


def _relative(path: str) -> str:
    """A path that says nothing of the machine: an absolute one, of any system, is cut to the file's name."""
    whole = PureWindowsPath(path)
    return whole.name if whole.anchor else path
