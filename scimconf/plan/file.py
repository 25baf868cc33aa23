"""A saved plan: the machine format read back, checked, and compared with the plan of today.

The file is what `plan --format json` prints. Its digest is over everything else in it, so that whoever reviewed it can
name it; that a file was tampered with and its digest made anew does no harm, since an apply plans again and goes on
only where spec, tenant, fingerprint and changes are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scimconf.diagnostics import Diagnostic, Location
from scimconf.plan.change import (
    Abandoned,
    Action,
    ApplicationPlan,
    Change,
    Effect,
    FieldChange,
    Guard,
    Plan,
    Tenant,
)
from scimconf.plan.diff import canonical, digest, explain
from scimconf.plan.impact import Impact, Population, Precision
from scimconf.plan.resource import Address, Resource, WriteOnly

Json = Any
EffectName = Literal["data_loss", "deprovisions", "stops", "provisions", "credentials", "dialect", "resync"]
MAJOR = 2


class _Part(BaseModel):
    """Unknown keys are kept, since minor versions add some; a wrong type is wrong."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, hide_input_in_errors=True)


class OptionsPart(_Part):
    """What shaped a plan; a difference of two specs is shaped by nothing."""

    only: tuple[str, ...] = Field(default=(), strict=False, description="Patterns of addresses that are kept.")
    exclude: tuple[str, ...] = Field(default=(), strict=False, description="Patterns of addresses that are not.")
    allow: tuple[str, ...] = Field(default=(), strict=False, description="Guards that were opened.")
    var: tuple[str, ...] = Field(default=(), strict=False, description="Variables, as `NAME=TEXT`.")
    var_file: tuple[str, ...] = Field(default=(), strict=False, description="Files of variables.")
    resend_secrets: bool = Field(default=False, description="Whether secrets are sent again.")
    redact: bool = Field(default=False, description="Whether people's names were kept out.")
    ignore: tuple[str, ...] = Field(default=(), strict=False, description="Rules of the lint that were left out.")


class FieldPart(_Part):
    """One property before and after; a write-only value is an object that says so."""

    before: Json = Field(description="Any JSON; null where there was nothing.")
    after: Json = Field(description="Any JSON; null where there will be nothing.")


class ResourcePart(_Part):
    """Something in the tenant that is told and left."""

    address: str
    kind: str
    fields: dict[str, Json]


class ImpactPart(_Part):
    """How many people an effect is about; it is told, and nothing is decided by it."""

    count: int
    total: int | None = Field(description="Of how many in all, where that is known.")
    precision: Precision = Field(description="Whether `count` is exact, or a bound.")
    sample_size: int = Field(description="The size of the sample that was looked at; 0 where all were counted.")
    examples: tuple[str, ...] = Field(default=(), strict=False, description="Some of them, by name.")
    population: Population = Field(default="", description="The users that were evaluated; empty for the directory.")
    undetermined: int = Field(default=0, description="Of how many more it is not known.")


class ChangePart(_Part):
    """The difference at one address."""

    address: str = Field(description="`NAME:kind/scope/rest`")
    kind: str
    action: Literal["create", "update", "replace", "delete"]
    fields: dict[str, FieldPart]
    effects: tuple[EffectName, ...] = Field(strict=False, description="What it does to people.")
    impact: dict[EffectName, ImpactPart] = Field(
        default={}, description="People by effect, where they could be counted."
    )
    reason: str = Field(description="Why, where the action alone does not say it; nothing may be decided by it.")


class GuardPart(_Part):
    """A rule that stops an apply."""

    id: str
    message: str
    allowed_by: str | None = Field(description="The permit that opened it; empty while it stops an apply.")
    count: int | None = Field(description="What it counted, where it counts.")
    address: str | None = Field(description="What it is about, where that is one thing.")


class WarningPart(_Part):
    """Something to know that does not stop anything."""

    code: str
    severity: Literal["error", "warning"]
    path: str = Field(description="The place in the spec, dotted.")
    message: str
    hint: str


class AbandonedPart(_Part):
    """Something live that a former spec named and the new one does not."""

    address: str
    removal_snippet: str = Field(description="The line that would remove it.")


class SpecPart(_Part):
    """The spec that was planned."""

    paths: tuple[str, ...] = Field(strict=False, description="The files, never absolute.")
    digest: str = Field(description="Over the spec as it was resolved; secrets are references in it.")


class ApplicationPart(_Part):
    """One application's plan."""

    name: str = Field(description="The name that the spec gives it; addresses begin with it.")
    ids: dict[str, str] = Field(description="Graph's ids.")
    spec: SpecPart
    fingerprint: str = Field(description="Over what the plan stands on in the tenant.")
    complete: bool = Field(description="False where the first step hides what comes after it.")
    changes: tuple[ChangePart, ...] = Field(strict=False)
    unmanaged_drift: tuple[ResourcePart, ...] = Field(
        strict=False, description="Drift: in the tenant, not in the spec, only told."
    )
    unmanaged: dict[str, int] = Field(description="How many of each kind.")
    abandoned: tuple[AbandonedPart, ...] = Field(strict=False, description="Only with `--previous`.")
    excluded_changes: int = Field(description="Changes hidden by `--only` and `--exclude`.")
    guards: tuple[GuardPart, ...] = Field(strict=False)
    warnings: tuple[WarningPart, ...] = Field(strict=False)


class TenantPart(_Part):
    """The tenant that was read."""

    id: str
    domain: str


class SummaryPart(_Part):
    """Counts over all applications."""

    create: int
    update: int
    replace: int
    delete: int
    unmanaged_drift: int
    guards: int = Field(description="Those that stop an apply.")


class PlanFile(_Part):
    """What `scimconf plan --format json` prints and `plan --out` saves."""

    format_version: str = Field(pattern=r"^2\.[0-9]+$")
    digest: str = Field(description="Over everything else in this document.")
    options: OptionsPart = Field(
        description="The options that shaped the plan; `apply` of a saved plan uses them again."
    )
    tenant: TenantPart
    applications: tuple[ApplicationPart, ...] = Field(strict=False)
    summary: SummaryPart


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was read from a file; of its options those that the file leaves out are as when none is given."""

    plan: Plan
    digest: str
    document: Mapping[str, Json]
    options: Mapping[str, Json]


def read(text: str | bytes, file: str) -> SavedPlan | Diagnostic:
    """The plan in a file's text, or what is wrong with the file."""
    where = Location(file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return Diagnostic(
            "P001", "this is not a plan: it is not JSON", location=where, hint="Make one: scimconf plan --out FILE"
        )
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, str):
        return Diagnostic(
            "P002", "this is not a plan of scimconf", location=where, hint="Make one: scimconf plan --out FILE"
        )
    if version.partition(".")[0] != str(MAJOR):
        said = f"this plan has format {version}, and this scimconf reads {MAJOR}.x"
        return Diagnostic("P003", said, location=where, hint="Plan and apply with the same version.")
    try:
        parsed = PlanFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = tuple(part for part in first["loc"] if isinstance(part, (str, int)))
        said = f"this plan is not whole: {first['msg'].lower()}"
        return Diagnostic("P004", said, path, where, "Plan again; a plan is not edited by hand.")
    if digest(document) != parsed.digest:
        said = "this plan was changed after it was made: its digest is another one"
        return Diagnostic("P005", said, location=where, hint="Plan again; a plan is not edited by hand.")
    plan = _plan(parsed, document["options"])
    return SavedPlan(plan, parsed.digest, MappingProxyType(document), MappingProxyType(parsed.options.model_dump()))


# --- back to values -------------------------------------------------------------------------------------------------


def _plan(parsed: PlanFile, options: Mapping[str, Json]) -> Plan:
    tenant = Tenant(parsed.tenant.id, parsed.tenant.domain)
    return Plan(tenant, tuple(_application(one) for one in parsed.applications), MappingProxyType(options))


def _application(part: ApplicationPart) -> ApplicationPlan:
    return ApplicationPlan(
        part.name,
        MappingProxyType(part.ids),
        part.spec.paths,
        part.spec.digest,
        part.fingerprint,
        part.complete,
        tuple(_change(one) for one in part.changes),
        tuple(Resource(address(one.address), MappingProxyType(one.fields)) for one in part.unmanaged_drift),
        guards=tuple(
            Guard(one.id, one.message, one.allowed_by or "", one.count, address(one.address) if one.address else None)
            for one in part.guards
        ),
        warnings=tuple(
            Diagnostic(one.code, one.message, (one.path,) if one.path else (), hint=one.hint, severity=one.severity)
            for one in part.warnings
        ),
        abandoned=tuple(Abandoned(address(one.address), one.removal_snippet) for one in part.abandoned),
        excluded_changes=part.excluded_changes,
        saved_unmanaged_counts=MappingProxyType(part.unmanaged),
    )


def _change(part: ChangePart) -> Change:
    where = address(part.address)
    fields = tuple(_field(name, one) for name, one in sorted(part.fields.items()))
    before = Resource(where, MappingProxyType({one.name: one.before for one in fields}))
    after = Resource(where, MappingProxyType({one.name: one.after for one in fields}))
    action = Action(part.action)
    return Change(
        where,
        action,
        None if action is Action.CREATE else before,
        None if action is Action.DELETE else after,
        fields,
        frozenset(map(Effect, part.effects)),
        part.reason,
        {
            Effect(which): Impact(
                one.count, one.total, one.precision, one.sample_size, one.examples, one.population, one.undetermined
            )
            for which, one in part.impact.items()
        },
    )


def _field(name: str, part: FieldPart) -> FieldChange:
    before, after = _value(part.before), _value(part.after)
    hidden = any(isinstance(side, WriteOnly) for side in (before, after))
    return FieldChange(name, before, after, () if hidden else explain(before, after), write_only=hidden)


def _value(side: Json) -> Json:
    if isinstance(side, dict) and side.get("write_only") is True:
        return WriteOnly(str(side.get("from", "")))
    return side


def address(text: str) -> Address:
    """The address that a text stands for."""
    application, _, local = text.partition(":")
    kind, _, rest = local.partition("/")
    return Address(application, kind, rest)


# --- then and now ---------------------------------------------------------------------------------------------------


def moved(then: Plan, now: Plan, documents: tuple[Mapping[str, Json], Mapping[str, Json]]) -> tuple[str, ...]:
    """What is no longer as it was reviewed, a line each; nothing when the reviewed plan may be applied."""
    lines: list[str] = []
    if then.tenant.id != now.tenant.id:
        lines.append(f"the tenant is {now.tenant.domain or now.tenant.id}, not {then.tenant.domain or then.tenant.id}")
    was = {one["name"]: one for one in documents[0]["applications"]}
    new = {one["name"]: one for one in documents[1]["applications"]}
    lines += [f"{name}: is planned now and was not reviewed" for name in new if name not in was]
    lines += [f"{name}: was reviewed and cannot be planned now" for name in was if name not in new]
    for name in (one for one in was if one in new):
        lines += [f"{name}: {line}" for line in _application_moved(was[name], new[name])]
    return tuple(lines)


def _application_moved(was: Json, new: Json) -> Iterator[str]:
    if was["spec"]["digest"] != new["spec"]["digest"]:
        yield "the spec is another one"
    if was["ids"] != new["ids"]:
        yield "it is another application or job"
    yield from _changes_moved(
        {one["address"]: one for one in was["changes"]}, {one["address"]: one for one in new["changes"]}
    )
    if was["fingerprint"] != new["fingerprint"]:
        yield "what the spec manages is no longer as it was seen"


def _changes_moved(was: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for where, change in new.items():
        if where not in was:
            yield f"{change['action']} of {where} was not in the reviewed plan"
        elif _meaning(change) != _meaning(was[where]):
            yield f"{change['action']} of {where} is not the one that was reviewed{_differing(was[where], change)}"
    for where, change in was.items():
        if where not in new:
            yield f"{change['action']} of {where} is not needed any more"


def _meaning(change: Json) -> str:
    """A change without the people that were counted, who come and go."""
    return canonical({key: value for key, value in change.items() if key != "impact"})


def _differing(was: Json, new: Json) -> str:
    names = [
        f"{name} (then {_short(was['fields'].get(name))}, now {_short(new['fields'].get(name))})"
        for name in sorted({*was["fields"], *new["fields"]})
        if canonical(was["fields"].get(name)) != canonical(new["fields"].get(name))
    ]
    return f": {', '.join(names)}" if names else ""


def _short(field: Json) -> str:
    return "unchanged" if field is None else f"{canonical(field['before'])} → {canonical(field['after'])}"
