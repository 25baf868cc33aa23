"""How one type of object is provisioned: on or off, which actions, which scoping filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import rows, schema, scopes
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.kinds import mappings
from scimconf.kinds.kind import Base, Effects, find_object_mapping, live_schema, refused, schema_reads, selector
from scimconf.plan import Change, DesiredItem, Effect, FieldChange, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import Filter, ObjectMapping, Spec
from scimconf.spec.model.operators import operator_word
from scimconf.steps import Edit, Phase, Step


class ObjectMappingKind(Base):
    """`object_mapping/SECTION`; a field that is not written is carried over."""

    name = "object_mapping"
    after = ("job",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        if mappings.sections(spec):
            yield from schema_reads()
        if any(mapping.filters for mapping in spec.mappings.values()):
            yield schema.filter_operators()
            yield schema.template_filter_operators()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None:
            return
        if mappings.sections(spec):
            permission = "Synchronization.Read.All"
            yield from refused(snapshot, "schema", "K601", ("mappings",), permission)
            yield from refused(snapshot, "template_schema", "K601", ("mappings",), permission)
        raw = live_schema(snapshot)
        if raw is None:
            return
        for section, mapping in mappings.sections(spec).items():
            found = schema.matching(raw, selector(section, mapping))
            if len(found) != 1:
                yield _not_one(section, found, raw)
            else:
                yield from _unknown_attributes(section, mapping, raw, found[0])
                yield from _unmanaged(section, found[0])

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        for section, mapping in spec.mappings.items():
            fields = _written(mapping, schema.operators(snapshot.documents))
            if fields:
                yield Resource(self.address(spec, section), fields)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        for section, mapping in spec.mappings.items():
            found = find_object_mapping(snapshot, section, mapping)
            if found is not None and _written(mapping, None):
                yield Resource(self.address(spec, section), rows.object_fields(found.mapping))

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            section = change.address.rest
            fields = {one.name: one.after for one in change.fields}
            yield Edit(
                Phase.BUILD,
                (change.address,),
                f"set {', '.join(fields)} of {section}",
                schema.schema(),
                "set_object",
                selector(section, spec.mappings[section]).key,
                {"fields": fields, "operators": schema.operators(snapshot.documents)},
            )

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {
            change.address: frozenset({Effect.RESYNC}).union(*(_effects(one) for one in change.fields))
            for change in changes
        }


def _written(mapping: ObjectMapping, live: Any) -> Mapping[str, Any]:
    fields: dict[str, Any] = {}
    if mapping.enabled is not None:
        fields["enabled"] = mapping.enabled
    if mapping.actions is not None:
        fields["actions"] = sorted(set(mapping.actions))
    if mapping.filters is not None:
        fields["filters"] = scopes.ordered([_filter(one, live) for one in mapping.filters])
    return fields


def _filter(one: Filter, live: Any) -> dict[str, Any]:
    """In the spec's words; an operator that only the live job knows stands in the job's own spelling."""
    clauses = [
        {
            "attribute": clause.attribute,
            "operator": operator_word(clause.operator) or scopes.operator_spelling(clause.operator, live),
            "value": clause.value,
        }
        for clause in one.all
    ]
    return {"name": one.name, "all": clauses}


def _effects(one: FieldChange) -> frozenset[Effect]:
    if one.name == "enabled":
        return frozenset({Effect.PROVISIONS if one.after else Effect.DEPROVISIONS})
    if one.name == "actions":
        gained, lost = set(one.after) - set(one.before or ()), set(one.before or ()) - set(one.after)
        widens = {Effect.PROVISIONS} if "create" in gained else set()
        return frozenset(widens | ({Effect.DEPROVISIONS} if "delete" in gained or lost else set()))
    if not one.before:
        return frozenset({Effect.DEPROVISIONS})
    return frozenset({Effect.PROVISIONS} if not one.after else {Effect.PROVISIONS, Effect.DEPROVISIONS})


def _not_one(section: str, found: Sequence[schema.MappingLocation], raw: Any) -> Diagnostic:
    if found:
        listed = "; ".join(str(one) for one in found)
        said = f"{len(found)} live mappings could be {section}: {listed}"
    else:
        listed = "; ".join(str(one) for one in schema.places(raw))
        said = f"no live mapping is {section}; there are: {listed or 'none'}"
    hint = "Name the one you mean under a name of your own, with rule, source and target."
    return Diagnostic("K602", said, ("mappings", section), hint=hint)


def _unknown_attributes(
    section: str, mapping: ObjectMapping, raw: Any, found: schema.MappingLocation
) -> Iterable[Diagnostic]:
    known = {str(one.get("name")) for one in schema.definitions(raw, found, "source")}
    known |= set(mapping.source_attributes) if known else set()
    declare = f"Declare it under mappings.{section}.source_attributes."
    for index, one in enumerate(mapping.filters or ()):
        for number, clause in enumerate(one.all):
            if known and clause.attribute not in known:
                path = ("mappings", section, "filters", index, "all", number, "attribute")
                said = f'"{clause.attribute}" is not an attribute of the source'
                yield Diagnostic("K503", said, path, hint=name_hint(clause.attribute, known) or declare)


def _unmanaged(section: str, found: schema.MappingLocation) -> Iterable[Diagnostic]:
    """Filters of other sorts are not managed; a reader should know that they are there."""
    scope = found.mapping.get("scope") or {}
    live = [key for key in ("inputFilterGroups", "categoryFilterGroups") if scope.get(key)]
    live += [key for key in ("containerFilter", "groupFilter") if _not_empty(found.rule.get(key))]
    if live:
        said = f"the live mapping has {', '.join(live)}, which narrow who is provisioned and are not managed"
        yield Diagnostic("K603", said, ("mappings", section), severity="warning")


def _not_empty(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(one, list) and one for one in value.values())
