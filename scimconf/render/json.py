"""Plans and diagnostics as JSON with sorted keys, without clock, host name, absolute path or secret.

`docs/plan-format.md` is the contract and `schemas/plan.schema.json` its shape. Non-ASCII text stays readable; characters
that do not print are written as JSON escapes, so that a terminal does not interpret them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import PureWindowsPath
from typing import Any

from scimconf.diagnostics import Diagnostic, dotted
from scimconf.plan import (
    ApplicationPlan,
    Change,
    Effect,
    FailedApplication,
    FieldChange,
    Guard,
    Impact,
    MissingPrincipal,
    Plan,
    Resource,
    WriteOnly,
)
from scimconf.plan.digest import PART_DEPTH, Items, digest
from scimconf.render.common.change_view import totals
from scimconf.render.common.json_text import indented, indented_parts
from scimconf.render.common.labels import by_weight

Json = Any

FORMAT_VERSION = "2.0"


def plan(plan: Plan) -> str:
    """Return the plan as `plan --format json` prints it and `plan --out` saves it."""
    return "".join(plan_parts(plan))


def plan_parts(plan: Plan) -> Iterator[str]:
    """Yield the text of the plan in parts, at most a change each."""
    document = _document(plan, lambda application: Items(lambda: _changes(application.changes)))
    yield from indented_parts(document, PART_DEPTH)
    yield "\n"


def diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the diagnostics as `validate --format json` prints them, in their order."""
    listed = list(diagnostics)
    errors = sum(diagnostic.is_error for diagnostic in listed)
    summary = {"errors": errors, "warnings": len(listed) - errors}
    documents = [_located_diagnostic(diagnostic) for diagnostic in listed]
    return write({"format_version": FORMAT_VERSION, "diagnostics": documents, "summary": summary})


def write(document: Json) -> str:
    """Return JSON text with a final line end."""
    return f"{indented(document)}\n"


def plan_document(plan: Plan) -> Json:
    """Return the plan as JSON values with a digest over all of them."""
    return _document(plan, lambda application: list(_changes(application.changes)))


def _document(plan: Plan, changes: Callable[[ApplicationPlan], Json]) -> Json:
    document = {
        "format_version": FORMAT_VERSION,
        "options": value(plan.options),
        "tenant": {"id": plan.tenant.id, "domain": plan.tenant.domain},
        "applications": [_application(application, changes(application)) for application in plan.applications],
        "failures": [_failure(failure) for failure in plan.failures],
        "summary": _summary(plan),
    }
    return {**document, "digest": digest(document)}


def _summary(plan: Plan) -> Json:
    return {
        **{action.value: number for action, number in totals(plan.applications).items()},
        "missing": sum(len(application.missing) for application in plan.applications),
        "unmanaged_drift": sum(len(application.unmanaged_drift) for application in plan.applications),
        "guards": sum(len(application.blocking_guards) for application in plan.applications),
        "failures": len(plan.failures),
    }


def _application(plan: ApplicationPlan, changes: Json) -> Json:
    return {
        "name": plan.name,
        "ids": dict(plan.ids),
        "spec": {"paths": [_relative(path) for path in plan.paths], "digest": plan.digest},
        "fingerprint": plan.fingerprint,
        "complete": plan.complete,
        "changes": changes,
        "missing": [_missing(principal) for principal in plan.missing],
        "unmanaged_drift": [_resource(resource) for resource in plan.unmanaged_drift],
        "unmanaged": dict(plan.unmanaged_counts),
        "abandoned": [{**asdict(resource), "address": str(resource.address)} for resource in plan.abandoned],
        "excluded_changes": plan.excluded_changes,
        "impact": _impacts(plan.impact),
        "not_compared": list(plan.not_compared),
        "guards": [_guard(guard) for guard in plan.guards],
        "warnings": [_diagnostic(warning) for warning in plan.warnings],
    }


def _missing(principal: MissingPrincipal) -> Json:
    return {
        "type": principal.type,
        "name": principal.name,
        "assignments": [str(address) for address in principal.assignments],
        "deleted": principal.deleted or None,
        **_diagnostic(principal.diagnostic),
    }


def _failure(failure: FailedApplication) -> Json:
    paths = [_relative(path) for path in failure.paths]
    return {"name": failure.name, "message": failure.message, "hint": failure.hint, "paths": paths}


def _changes(changes: Iterable[Change]) -> Iterator[Json]:
    names: dict[frozenset[Effect], list[str]] = {}
    for change in changes:
        if change.effects not in names:
            names[change.effects] = [effect.value for effect in by_weight(change.effects)]
        yield _change(change, names[change.effects])


def _change(change: Change, effects: list[str]) -> Json:
    return {
        "address": str(change.address),
        "kind": change.kind,
        "action": change.action.value,
        "fields": {field.name: _field(field) for field in change.fields},
        "effects": effects,
        "impact": _impacts(change.impact),
        **({"departure": change.departure} if change.departure else {}),
        "reason": change.reason,
    }


def _impacts(impacts: Mapping[Effect, Impact]) -> Json:
    return {effect.value: asdict(impact) for effect, impact in impacts.items()}


def _field(field: FieldChange) -> Json:
    """Return both sides; of a write-only field only its presence and the reference of the new value."""
    to_json = _write_only if field.write_only else value
    return {"before": to_json(field.before), "after": to_json(field.after)}


def _write_only(side: Json) -> Json:
    if isinstance(side, WriteOnly):
        return value(side)
    return None if side is None else {"write_only": True}


def _resource(resource: Resource) -> Json:
    return {"address": str(resource.address), "kind": resource.address.kind, "fields": value(resource.fields)}


def _guard(guard: Guard) -> Json:
    return {
        "id": guard.id,
        "message": guard.message,
        "allowed_by": guard.allowed_by or None,
        "count": guard.count,
        "address": str(guard.address) if guard.address else None,
        "impact": guard.impact and asdict(guard.impact),
    }


def _diagnostic(diagnostic: Diagnostic) -> Json:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "path": dotted(diagnostic.path),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def _located_diagnostic(diagnostic: Diagnostic) -> Json:
    return {**_diagnostic(diagnostic), "location": diagnostic.location and asdict(diagnostic.location)}


def value(side: Json) -> Json:
    """Return a value as plain JSON; a write-only value as its reference."""
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
    """Return a path without information about the machine: of an absolute path, the file name."""
    parsed = PureWindowsPath(path)
    return parsed.name if parsed.anchor else path
