"""Saved plans: read the JSON format, verify it, and compare it with a new plan.

The digest covers everything else in the file. A file that was edited and got a new digest is harmless: apply plans again
and continues only if the spec, the tenant, the fingerprint and the changes are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from sys import intern
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scimconf.diagnostics import Diagnostic, Location, SpecPath, quoted
from scimconf.json_types import Json, parse_json
from scimconf.plan.change import (
    Abandoned,
    Action,
    ApplicationPlan,
    Change,
    Effect,
    FailedApplication,
    FieldChange,
    Guard,
    MissingPrincipal,
    Plan,
    Tenant,
)
from scimconf.plan.diff import canonical, explain
from scimconf.plan.digest import CanonicalText, Items, digest
from scimconf.plan.impact import Impact, Population, Precision
from scimconf.plan.resource import NOTHING, Address, Resource, WriteOnly

EffectName = Literal["data_loss", "deprovisions", "stops", "provisions", "endpoint", "credentials", "dialect", "resync"]
MAJOR = 2
_NO_IMPACT: Mapping[Effect, Impact] = MappingProxyType({})


class _Part(BaseModel):
    """Base of the parts: unknown keys are accepted, since minor versions add some; types are strict."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, defer_build=True, hide_input_in_errors=True)


class OptionsPart(_Part):
    """The options of a plan; a diff of two specs has none."""

    only: tuple[str, ...] = Field(default=(), strict=False, description="Patterns of the selected addresses.")
    exclude: tuple[str, ...] = Field(default=(), strict=False, description="Patterns of the excluded addresses.")
    allow: tuple[str, ...] = Field(default=(), strict=False, description="Guards that are allowed.")
    var: tuple[str, ...] = Field(default=(), strict=False, description="Variables, as `NAME=VALUE`.")
    var_file: tuple[str, ...] = Field(default=(), strict=False, description="YAML files with variables.")
    allow_path: tuple[str, ...] = Field(default=(), strict=False, description="Folders whose files specs may name.")
    resend_secrets: bool = Field(default=False, description="Whether all secrets are sent again.")
    redact: bool = Field(default=False, description="Whether names of users are replaced with pseudonyms.")
    no_start: bool = Field(default=False, description="Whether provisioning is left off.")
    ignore: tuple[str, ...] = Field(default=(), strict=False, description="Disabled lint rules.")


class FieldPart(_Part):
    """One field before and after; a write-only value is `{write_only: true, from: REFERENCE}`."""

    before: Json = Field(description="Any JSON; null if the field did not exist.")
    after: Json = Field(description="Any JSON; null if the field will not exist.")


class ResourcePart(_Part):
    """A resource of the tenant that is reported and kept."""

    address: str
    kind: str
    fields: dict[str, Json]


class ImpactPart(_Part):
    """The estimated number of users that an effect concerns."""

    count: int
    total: int | None = Field(description="The number of users of the population; null if unknown.")
    precision: Precision = Field(description="Whether `count` is exact or a bound.")
    sample_size: int = Field(description="The size of the evaluated sample; 0 if all users were counted.")
    examples: tuple[str, ...] = Field(default=(), strict=False, description="Up to three of these users, by name.")
    population: Population = Field(default="", description="The users that were evaluated; empty for the directory.")
    undetermined: int = Field(default=0, description="The number of users for whom the effect is unknown.")
    reason: str = Field(default="", description="Why `count` is an upper bound, where that needs words.")


class ChangePart(_Part):
    """The difference at one address."""

    address: str = Field(description="`NAME:kind/scope/rest`")
    kind: str
    action: Literal["create", "update", "replace", "delete"]
    fields: dict[str, FieldPart]
    effects: tuple[EffectName, ...] = Field(strict=False, description="What the change does to users.")
    impact: dict[EffectName, ImpactPart] = Field(
        default={}, description="The number of users by effect, if they could be counted."
    )
    departure: str = Field(
        default="", description="What the vendor of the spec's preset does to deprovisioned users: `users may be …`."
    )
    reason: str = Field(description="Why, if the action does not explain itself; not meant for programs.")


class GuardPart(_Part):
    """A rule that blocks an apply."""

    id: str
    message: str
    allowed_by: str | None = Field(description="The exemption that allows it; null while it blocks.")
    count: int | None = Field(description="The number that `max` of an exemption is compared with; null if unknown.")
    address: str | None = Field(description="The address that it is about, if there is one.")
    impact: ImpactPart | None = Field(default=None, description="The users that it is about, if they were counted.")


class WarningPart(_Part):
    """A warning, which blocks nothing."""

    code: str
    severity: Literal["error", "warning"]
    path: str = Field(description="The path in the spec, dotted.")
    message: str
    hint: str


class MissingPart(WarningPart):
    """A user or group that the spec lists and the tenant does not have; an `error` prevents an apply."""

    type: Literal["user", "group"]
    name: str
    assignments: tuple[str, ...] = Field(strict=False, description="The addresses of what is not assigned.")
    deleted: str | None = Field(description="The day of the deletion, if it is in the recycle bin; else null.")


class FailurePart(_Part):
    """An application that could not be planned."""

    name: str = Field(description="The name in the spec, or its file if the spec could not be read.")
    message: str
    hint: str
    paths: tuple[str, ...] = Field(strict=False, description="The files of the spec, as relative paths.")


class AbandonedPart(_Part):
    """A live resource that the previous spec managed and the current spec omits."""

    address: str
    removal_snippet: str = Field(description="The lines of a spec that delete it.")


class SpecPart(_Part):
    """The spec that was planned."""

    paths: tuple[str, ...] = Field(strict=False, description="The files, as relative paths.")
    digest: str = Field(description="Digest of the resolved spec, in which secrets are references.")


class ApplicationPart(_Part):
    """One application's plan."""

    name: str = Field(description="The name in the spec, with which addresses begin.")
    ids: dict[str, str] = Field(description="Graph's ids.")
    spec: SpecPart
    fingerprint: str = Field(description="Digest of the managed resources in the tenant.")
    complete: bool = Field(description="False for a partial plan: the application must be created first.")
    changes: tuple[ChangePart, ...] = Field(strict=False)
    missing: tuple[MissingPart, ...] = Field(
        default=(), strict=False, description="Listed users and groups that the tenant does not have."
    )
    unmanaged_drift: tuple[ResourcePart, ...] = Field(
        strict=False, description="Resources in the tenant that are not in the spec, reported as drift."
    )
    unmanaged: dict[str, int] = Field(description="The number of other unmanaged resources, by kind.")
    abandoned: tuple[AbandonedPart, ...] = Field(strict=False, description="Only with `--previous`.")
    excluded_changes: int = Field(description="The number of changes that `--only` and `--exclude` leave out.")
    impact: dict[EffectName, ImpactPart] = Field(
        default={}, description="The number of users by effect of all changes together; each user counts once."
    )
    not_compared: tuple[str, ...] = Field(
        default=(), strict=False, description="Kinds that `--only` and `--exclude` leave out as a whole."
    )
    guards: tuple[GuardPart, ...] = Field(strict=False)
    warnings: tuple[WarningPart, ...] = Field(strict=False)


class TenantPart(_Part):
    """The tenant that the plan was made for."""

    id: str
    domain: str


class SummaryPart(_Part):
    """Counts over all applications; changes that are shown as one row count once."""

    create: int
    update: int
    replace: int
    delete: int
    missing: int = Field(default=0, description="The number of listed users and groups that the tenant does not have.")
    unmanaged_drift: int
    guards: int = Field(description="The number of blocking guards.")
    failures: int = Field(default=0, description="The number of applications that could not be planned.")


class PlanFile(_Part):
    """What `scimconf plan --format json` prints and `plan --out` saves."""

    format_version: str = Field(pattern=r"^2\.[0-9]+$")
    digest: str = Field(description="Digest of everything else in this document.")
    options: OptionsPart = Field(description="The options of the plan; `apply` of a saved plan uses them again.")
    tenant: TenantPart
    applications: tuple[ApplicationPart, ...] = Field(strict=False)
    failures: tuple[FailurePart, ...] = Field(
        default=(), strict=False, description="The applications that could not be planned."
    )
    summary: SummaryPart


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was read from a file; `options` has the defaults for options that the file omits."""

    plan: Plan
    digest: str
    document: Mapping[str, Json]
    options: Mapping[str, Json]


def read(text: str | bytes, file: str) -> SavedPlan | Diagnostic:
    """Return the plan in a file's text, or an error (P001 to P005) at `file`."""
    location, hint = Location(file), "Create one: scimconf plan --out FILE"
    try:
        document = parse_json(text)
    except ValueError:
        return Diagnostic("P001", "not a saved plan: the file is not JSON", location=location, hint=hint)
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, str):
        return Diagnostic("P002", "not a saved plan: `format_version` is missing", location=location, hint=hint)
    if version.partition(".")[0] != str(MAJOR):
        message = f"the plan has format {quoted(version)}, but this version of scimconf reads {MAJOR}.x"
        return Diagnostic("P003", message, location=location, hint="Plan and apply with the same version of scimconf.")
    hint = "Plan again. A saved plan must not be edited."
    try:
        parsed = PlanFile.model_validate_json(canonical(_without_changes(document)))
        changes, computed = _changes(document)
    except ValidationError as error:
        path, message = _first_error(text, error)
        return Diagnostic("P004", f"the plan is invalid: {message.lower()}", path, location, hint)
    if computed != parsed.digest:
        return Diagnostic("P005", "the plan was edited: its digest does not match", location=location, hint=hint)
    tenant = Tenant(parsed.tenant.id, parsed.tenant.domain)
    applications = map(_application, parsed.applications, changes)
    failures = tuple(FailedApplication(part.name, part.message, part.hint, part.paths) for part in parsed.failures)
    plan = Plan(tenant, tuple(applications), MappingProxyType(document["options"]), failures)
    return SavedPlan(plan, parsed.digest, MappingProxyType(document), MappingProxyType(parsed.options.model_dump()))


def _without_changes(document: Mapping[str, Json]) -> Json:
    """Return the document with empty lists of changes, which are validated one by one: there may be very many."""
    applications = document.get("applications")
    if not isinstance(applications, list):
        return document
    parts = [
        {**part, "changes": []} if isinstance(part, dict) and isinstance(part.get("changes"), list) else part
        for part in applications
    ]
    return {**document, "applications": parts}


def _first_error(text: str | bytes, error: ValidationError) -> tuple[SpecPath, str]:
    """Return path and message of the first error in a file's text, a part of which is invalid by `error`."""
    try:
        PlanFile.model_validate_json(text)
    except ValidationError as whole:
        error = whole
    first = error.errors(include_url=False, include_input=False)[0]
    return tuple(part for part in first["loc"] if isinstance(part, (str, int))), first["msg"]


def _application(part: ApplicationPart, changes: Iterable[Change]) -> ApplicationPlan:
    return ApplicationPlan(
        part.name,
        MappingProxyType(part.ids),
        part.spec.paths,
        part.spec.digest,
        part.fingerprint,
        part.complete,
        changes=tuple(changes),
        unmanaged_drift=tuple(
            Resource(address(resource.address), MappingProxyType(resource.fields)) for resource in part.unmanaged_drift
        ),
        guards=tuple(map(_guard, part.guards)),
        warnings=tuple(map(_warning, part.warnings)),
        abandoned=tuple(
            Abandoned(address(abandoned.address), abandoned.removal_snippet) for abandoned in part.abandoned
        ),
        missing=tuple(map(_missing, part.missing)),
        excluded_changes=part.excluded_changes,
        impact=_impacts(part.impact),
        not_compared=part.not_compared,
        saved_unmanaged_counts=MappingProxyType(part.unmanaged),
    )


def _guard(part: GuardPart) -> Guard:
    place = address(part.address) if part.address else None
    impact = None if part.impact is None else _impact(part.impact)
    return Guard(part.id, part.message, part.allowed_by or "", part.count, place, impact)


def _warning(part: WarningPart) -> Diagnostic:
    path = (part.path,) if part.path else ()
    return Diagnostic(part.code, part.message, path, hint=part.hint, severity=part.severity)


def _missing(part: MissingPart) -> MissingPrincipal:
    addresses = tuple(map(address, part.assignments))
    return MissingPrincipal(part.type, part.name, addresses, _warning(part), part.deleted or "")


def _changes(document: Mapping[str, Json]) -> tuple[list[list[Change]], str]:
    """Return the changes of each application, and the digest of the document; raise ValidationError.

    The text of each change is made once for both, and only one of them is in memory as text and as a model.
    """
    changes: list[list[Change]] = [[] for _ in document["applications"]]
    parts = [
        {**part, "changes": Items(partial(_read_changes, part["changes"], own))}
        for part, own in zip(document["applications"], changes, strict=True)
    ]
    return changes, digest({**document, "applications": parts})


def _read_changes(documents: Iterable[Json], changes: list[Change]) -> Iterator[CanonicalText]:
    """Add the changes to the list, and yield the text of each. The effects that many have in common are one object."""
    effects: dict[tuple[EffectName, ...], frozenset[Effect]] = {}
    for document in documents:
        text = canonical(document)
        part = ChangePart.model_validate_json(text)
        if part.effects not in effects:
            effects[part.effects] = frozenset(map(Effect, part.effects))
        changes.append(_change(part, effects[part.effects]))
        yield CanonicalText(text)


def _change(part: ChangePart, effects: frozenset[Effect]) -> Change:
    place, action = address(part.address), Action(part.action)
    fields = tuple(_field(name, field_part) for name, field_part in sorted(part.fields.items()))
    before = _resource(place, fields, "before") if action is not Action.CREATE else None
    after = _resource(place, fields, "after") if action is not Action.DELETE else None
    return Change(place, action, before, after, fields, effects, part.reason, _impacts(part.impact), part.departure)


def _resource(place: Address, fields: tuple[FieldChange, ...], side: Literal["before", "after"]) -> Resource:
    return Resource(place, {field.name: getattr(field, side) for field in fields} if fields else NOTHING)


def _impacts(parts: Mapping[EffectName, ImpactPart]) -> Mapping[Effect, Impact]:
    return {Effect(effect): _impact(impact) for effect, impact in parts.items()} if parts else _NO_IMPACT


def _impact(part: ImpactPart) -> Impact:
    return Impact(**{name: getattr(part, name) for name in ImpactPart.model_fields})


def _field(name: str, part: FieldPart) -> FieldChange:
    before, after = _value(part.before), _value(part.after)
    write_only = isinstance(before, WriteOnly) or isinstance(after, WriteOnly)
    return FieldChange(name, before, after, () if write_only else explain(before, after), write_only)


def _value(side: Json) -> Json:
    if isinstance(side, dict) and side.get("write_only") is True:
        return WriteOnly(str(side.get("from", "")))
    return side


def address(text: str) -> Address:
    application, _, local = text.partition(":")
    kind, _, rest = local.partition("/")
    return Address(intern(application), intern(kind), rest)


def differences(
    saved: Plan, current: Plan, documents: tuple[Mapping[str, Json], Mapping[str, Json]]
) -> tuple[str, ...]:
    """Return how the current plan differs from the saved one, a line for each difference. `documents` are their JSON."""
    lines: list[str] = []
    if saved.tenant.id != current.tenant.id:
        tenants = [plan.tenant.domain or plan.tenant.id for plan in (current, saved)]
        lines.append(f"the tenant is {tenants[0]}, but the plan was made for {tenants[1]}")
    old, new = ({part["name"]: part for part in document["applications"]} for document in documents)
    lines += [f"{name}: is not part of the reviewed plan" for name in new if name not in old]
    lines += [f"{name}: was reviewed, but cannot be planned now" for name in old if name not in new]
    for name in (name for name in old if name in new):
        lines += [f"{name}: {line}" for line in _application_differences(old[name], new[name])]
    return tuple(lines)


def _application_differences(old: Json, new: Json) -> Iterator[str]:
    if old["spec"]["digest"] != new["spec"]["digest"]:
        yield "the spec has changed since the plan"
    if old["ids"] != new["ids"]:
        yield "the plan was made for another application or job"
    yield from _change_differences(
        {change["address"]: change for change in old["changes"]},
        {change["address"]: change for change in new["changes"]},
    )
    if old["fingerprint"] != new["fingerprint"]:
        yield "the tenant has changed since the plan"


def _change_differences(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for place, change in new.items():
        if place not in old:
            yield f"{change['action']} of {place} is not in the reviewed plan"
        elif _reviewed_part(change) != _reviewed_part(old[place]):
            yield f"{change['action']} of {place} differs from the reviewed plan{_field_differences(old[place], change)}"
    for place, change in old.items():
        if place not in new:
            yield f"{change['action']} of {place} is no longer needed"


def _reviewed_part(change: Json) -> str:
    """Return a change without its impact, which varies with the users of the tenant."""
    return canonical({key: value for key, value in change.items() if key != "impact"})


def _field_differences(old: Json, new: Json) -> str:
    names = [
        f"{name} (reviewed {_field_text(old['fields'].get(name))}, now {_field_text(new['fields'].get(name))})"
        for name in sorted({*old["fields"], *new["fields"]})
        if canonical(old["fields"].get(name)) != canonical(new["fields"].get(name))
    ]
    return f": {', '.join(names)}" if names else ""


def _field_text(field: Json) -> str:
    return "unchanged" if field is None else f"{canonical(field['before'])} → {canonical(field['after'])}"
