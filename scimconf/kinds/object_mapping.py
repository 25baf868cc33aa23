"""Object mappings: whether one type of object is provisioned, with which actions, and by which scoping filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import rows, schema, scopes
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.kinds import mappings
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.kind import Changes, Kind, counted_guard, denied_reads
from scimconf.kinds.provisioning import SECTION, Affected, ProvisioningState, UsersWhoMove
from scimconf.plan import Change, DesiredItem, Effect, FieldChange, Guard, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import STANDARD, Filter, ObjectMapping, Spec
from scimconf.spec.model.operators import operator_word
from scimconf.steps import Edit, Phase, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

GROUPS = "groups"
"""The object mapping whose effects concern groups, not users."""

_EFFECTS_ON_GROUPS = MappingProxyType(
    {Effect.PROVISIONS: "groups may be created", Effect.DEPROVISIONS: "groups may be deleted"}
)


class ObjectMappingKind(Kind):
    """`object_mapping/SECTION`; a field that the spec omits is not managed."""

    name = "object_mapping"
    labels = ("object mapping", "object mappings")
    after = ("job",)
    guard_ids = ("scope-narrowed", "deprovisioning-disabled")

    def reads(self, spec: Spec) -> Iterable[Document]:
        if mappings.sections(spec):
            yield from mappings.schema_reads()
        if any(mapping.filters for mapping in spec.mappings.values()):
            yield schema.filter_operators()
            yield schema.template_filter_operators()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if mappings.creates_custom(spec, snapshot):
            yield from _not_in_template(spec)
        if snapshot is None:
            return
        if mappings.sections(spec):
            yield from denied_reads(snapshot, "K601", ("mappings",), "schema", "template_schema")
        raw = mappings.live_schema(snapshot)
        for section, mapping in mappings.sections(spec).items() if raw is not None else ():
            locations = _locations(raw, section, mapping)
            if _is_already_off(section, mapping, locations):
                continue
            if len(locations) != 1:
                yield _not_one(section, locations, raw)
            else:
                yield from _unknown_attributes(section, mapping, raw, locations[0])
                yield from _other_filters(section, locations[0])

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        raw = mappings.live_schema(snapshot)
        for section, mapping in spec.mappings.items():
            fields = _written(mapping, schema.operators(snapshot.documents))
            if raw is not None and _is_already_off(section, mapping, _locations(raw, section, mapping)):
                continue
            if fields:
                yield Resource(self.address(spec, section), fields)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        for section, mapping in spec.mappings.items():
            location = mappings.find_object_mapping(snapshot, section, mapping)
            if location is not None and _written(mapping, None):
                yield Resource(self.address(spec, section), rows.object_fields(location.mapping))

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        """A change of `actions` may concern any user, also those who stay in scope."""
        if change.address.rest != SECTION or change.field("actions") is not None:
            return {}
        return dict.fromkeys((Effect.PROVISIONS, Effect.DEPROVISIONS), UsersWhoMove())

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        for change in changes:
            if change.address.rest == SECTION:
                fields = {field.name: field.after for field in change.fields}
                actions = tuple(fields.pop("actions", state.actions))
                state = replace(state, actions=actions, **fields)
        return state

    def change_effects(self, change: Change) -> frozenset[Effect]:
        return frozenset({Effect.RESYNC}).union(*map(_effects, change.fields))

    def effect_text(self, effect: Effect, change: Change) -> str:
        return _EFFECTS_ON_GROUPS.get(effect, "") if change.address.rest == GROUPS else ""

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes if context.has_run else ():
            message = _leaving(change) if Effect.DEPROVISIONS in change.effects else ""
            if message:
                yield counted_guard("scope-narrowed", message, change, Effect.DEPROVISIONS)
            actions = change.field("actions")
            loses_update = actions is not None and "update" in set(actions.before or ()) - set(actions.after)
            if change.address.rest == "users" and loses_update:
                message = f"users would no longer be updated, so {mappings.LEAVERS_STAY_ACTIVE}"
                yield Guard("deprovisioning-disabled", message, address=change.address)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            section = change.address.rest
            fields = {field.name: field.after for field in change.fields}
            key, addresses = mappings.selector(section, spec.mappings[section]).key, (change.address,)
            value = {"fields": fields, "operators": schema.operators(snapshot.documents)}
            description = f"set {', '.join(fields)} of {section}"
            yield Edit(Phase.BUILD, addresses, description, schema.schema(), "set_object", key, value)

    def export(self, request: ExportRequest) -> ExportedSpec:
        from scimconf.kinds.exported_mappings import export_object_mappings

        return export_object_mappings(request)


def _written(mapping: ObjectMapping, operators: Any) -> Mapping[str, Any]:
    actions, filters = mapping.actions, mapping.filters
    fields = {
        "enabled": mapping.enabled,
        "actions": sorted(set(actions)) if actions is not None else None,
        "filters": scopes.ordered([_filter(each, operators) for each in filters]) if filters is not None else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _filter(scoping_filter: Filter, operators: Any) -> dict[str, Any]:
    """Return a filter in the spec's words; an operator that only the job knows keeps the spelling of the job."""
    clauses: list[dict[str, Any]] = []
    for clause in scoping_filter.all:
        operator = operator_word(clause.operator) or scopes.operator_spelling(clause.operator, operators)
        clauses.append(scopes.clause_fields(clause.attribute, operator, clause.value))
    return {"name": scoping_filter.name, "all": clauses}


def _leaving(change: Change) -> str:
    """Return the message about users who leave the scope by this change; empty if none does."""
    section, enabled = change.address.rest, change.field("enabled")
    if enabled is not None and not enabled.after and section != GROUPS:
        return f"the object mapping {section} would be off: its users would leave the scope and may be disabled"
    if change.field("filters") is None:
        return ""
    if section == GROUPS:
        return "groups that do not pass the new scoping filters would leave the scope and may be deleted"
    return "users who do not pass the new scoping filters would leave the scope and may be disabled"


def _effects(field: FieldChange) -> frozenset[Effect]:
    if field.name == "enabled":
        return frozenset({Effect.PROVISIONS if field.after else Effect.DEPROVISIONS})
    if field.name == "actions":
        before, after = set(field.before or ()), set(field.after)
        provisions = {Effect.PROVISIONS} if "create" in after - before else set()
        deprovisions = {Effect.DEPROVISIONS} if "delete" in after - before or before - after else set()
        return frozenset(provisions | deprovisions)
    if not field.before:
        return frozenset({Effect.DEPROVISIONS})
    return frozenset({Effect.PROVISIONS} if not field.after else {Effect.PROVISIONS, Effect.DEPROVISIONS})


def _not_in_template(spec: Spec) -> Iterable[Diagnostic]:
    for section, mapping in spec.mappings.items():
        if section not in STANDARD and mapping.source not in mappings.TEMPLATE_SOURCES:
            names = " and ".join(mappings.TEMPLATE_SOURCES)
            message = f"a new custom application has object mappings of {names}, not of {mapping.source}"
            yield Diagnostic("K602", message, ("mappings", section), hint="Delete this section.")


def _locations(raw: Any, section: str, mapping: ObjectMapping) -> Sequence[schema.MappingLocation]:
    return schema.matching(raw, mappings.selector(section, mapping))


def _is_already_off(section: str, mapping: ObjectMapping, locations: Sequence[schema.MappingLocation]) -> bool:
    """Return whether a section only switches groups or users off, and the application cannot provision them anyway."""
    return not locations and section in STANDARD and mapping == ObjectMapping(enabled=False)


def _not_one(section: str, locations: Sequence[schema.MappingLocation], raw: Any) -> Diagnostic:
    names = "; ".join(map(str, locations or schema.object_mappings(raw))) or "none"
    message = f"no live object mapping matches {section}; the live ones are: {names}"
    hint = "Use another section name, and select the mapping with `rule`, `source` and `target`."
    if locations:
        message = f"{len(locations)} live object mappings match {section}: {names}"
    elif section in STANDARD:
        hint = f"If the application does not provision {section}, delete this section. Otherwise u{hint[1:]}"
    return Diagnostic("K602", message, ("mappings", section), hint=hint)


def _unknown_attributes(
    section: str, mapping: ObjectMapping, raw: Any, location: schema.MappingLocation
) -> Iterable[Diagnostic]:
    known = {str(definition.get("name")) for definition in schema.definitions(raw, location, "source")}
    known |= set(mapping.source_attributes) if known else set()
    declare = f"Declare it under mappings.{section}.source_attributes."
    for index, scoping_filter in enumerate(mapping.filters or ()):
        for number, clause in enumerate(scoping_filter.all):
            if known and clause.attribute not in known:
                path = ("mappings", section, "filters", index, "all", number, "attribute")
                message = f'the source has no attribute "{clause.attribute}"'
                yield Diagnostic("K503", message, path, hint=name_hint(clause.attribute, known) or declare)


def _other_filters(section: str, location: schema.MappingLocation) -> Iterable[Diagnostic]:
    """Warn about filters of other types: they are not managed, but they decide who is in scope."""
    scope = location.mapping.get("scope") or {}
    live = [key for key in ("inputFilterGroups", "categoryFilterGroups") if scope.get(key)]
    live += [key for key in ("containerFilter", "groupFilter") if _is_filled(location.rule.get(key))]
    if live:
        message = f"the live mapping also has {', '.join(live)}, which limit the scope and are not managed by scimconf"
        yield Diagnostic("K603", message, ("mappings", section), severity="warning")


def _is_filled(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(part, list) and part for part in value.values())
