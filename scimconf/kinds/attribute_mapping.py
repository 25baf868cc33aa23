"""Attribute mappings: a target attribute and what fills it. A listed row is managed completely.

Expressions are compared as canonical text, which for a live mapping is made from its tree. Empty optional arguments at
the end of a call, which the service adds, are left out on both sides. The tree that apply writes comes from the parser
of the service.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf import expressions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import rows, schema
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.kinds import mappings
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.kind import AttributeFlow, Changes, Kind, MappingSource, counted_guard, unlisted_items
from scimconf.kinds.provisioning import (
    RESULT_FIELDS,
    SECTION,
    Affected,
    ProvisioningState,
    UsersInScope,
    UsersWithOtherValue,
)
from scimconf.plan import Absent, Action, Change, DesiredItem, Effect, Guard, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import MappingRow, ObjectMapping, Spec
from scimconf.steps import Edit, Phase, Step
from scimconf.suggestions import did_you_mean, suggest

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

_NO_MAPPING = ObjectMapping()
UNASSIGNED_STAY_ACTIVE = "users who are unassigned or leave the scope would no longer be disabled in the application"
_NUMBERS = "Give each a number of its own: 1, 2, …. A mapping that the application has already counts: list it as well."
_SOFT_DELETED, _ENABLED = "[IsSoftDeleted]", "[accountEnabled]"


class AttributeMappingKind(Kind):
    """`attribute_mapping/SECTION/TARGET`."""

    name = "attribute_mapping"
    labels = ("attribute mapping", "attribute mappings")
    defaults = MappingProxyType(
        {"apply": "always", "flow_behavior": "when_changed", "export_missing_references": False}
    )
    after = ("job",)
    companions = ("source_attribute", "target_attribute")
    guard_ids = ("matching-changed", "deprovisioning-disabled")

    def reads(self, spec: Spec) -> Iterable[Document]:
        return mappings.schema_reads() if mappings.sections(spec) else ()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        for row in mappings.listed(spec):
            try:
                mappings.expression_of(row.row)
            except expressions.ExpressionError as error:
                message = f"invalid expression: {error.message} (at character {error.offset + 1})"
                yield Diagnostic("K501", message, (*row.path, "expression"), hint=error.hint)
        for section, mapping in mappings.sections(spec).items():
            listed = [row for row in mappings.listed(spec) if row.section == section]
            location = mappings.find_object_mapping(snapshot, section, mapping) if snapshot is not None else None
            if snapshot is not None and location is not None:
                yield from _unknown_attributes(listed, mappings.live_schema(snapshot), location)
                yield from _mapped_twice(section, location)
                planned = _matches_afterwards(mapping, listed, location)
                if planned != _matches_afterwards(_NO_MAPPING, (), location):
                    yield from _matching(section, planned)
            elif mapping.unlisted == "delete" and mapping.attributes:
                yield from _matching(section, {row.target: row.row.match for row in listed})
            elif mapping.unlisted != "delete" and mappings.creates_custom(spec, snapshot):
                yield from _matching_in_template(section, listed)

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        for section, mapping in mappings.sections(spec).items():
            yield from unlisted_items(mapping.unlisted, self.address(spec, section))
        for listed in mappings.listed(spec):
            address = self.address(spec, listed.section, listed.target)
            yield Absent(address) if listed.row.absent else Resource(address, desired_fields(listed.row))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        for section, mapping in mappings.sections(spec).items():
            location = mappings.find_object_mapping(snapshot, section, mapping)
            for row in schema.rows(location) if location is not None else ():
                target = str(row.get("targetAttributeName"))
                yield Resource(self.address(spec, section, target), rows.row_fields(row))

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        sections = mappings.sections(spec)
        for change in self.mine(changes):
            section, _, target = change.address.rest.partition("/")
            key = (*mappings.selector(section, sections[section]).key, target)
            if change.after is None:
                text = f"delete the mapping to {target}"
                yield Edit(Phase.BUILD, (change.address,), text, schema.schema(), "remove_mapping", key)
            else:
                yield _set(change, dict(change.after.fields), key)

    def change_effects(self, change: Change) -> frozenset[Effect]:
        """Users are matched again if a matching attribute is added, removed or gets another source."""
        if change.action is Action.DELETE:
            return frozenset({Effect.RESYNC, Effect.DATA_LOSS})
        is_matching = change.after is not None and change.after.fields["match"] is not None
        if _match_changes(change) or (is_matching and change.field("source") is not None):
            return frozenset({Effect.RESYNC, Effect.PROVISIONS, Effect.DEPROVISIONS})
        return frozenset({Effect.RESYNC})

    def effect_text(self, effect: Effect, change: Change) -> str:
        texts = {Effect.DATA_LOSS: "the mapping is deleted", Effect.RESYNC: "the value changes for {users}"}
        return texts.get(effect, "")

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes if context.has_run else ():
            if _match_changes(change) or (change.address in context.matching and change.field("source") is not None):
                message = "users would be matched by another value; users who no longer match would be created again"
                yield counted_guard("matching-changed", message, change, Effect.DEPROVISIONS)
        for change in changes if context.has_run else ():
            message = _stays_active(change) if change.address.rest.startswith("users/") else ""
            if message:
                yield Guard("deprovisioning-disabled", message, address=change.address)

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        """A change of matching attributes may concern every user in scope, a change of the result those it differs for."""
        section, _, target = change.address.rest.partition("/")
        affected: dict[Effect, Affected] = dict.fromkeys((Effect.PROVISIONS, Effect.DEPROVISIONS), UsersInScope())
        if section == SECTION and any(change.field(name) is not None for name in RESULT_FIELDS):
            affected[Effect.RESYNC] = UsersWithOtherValue(target)
        return affected

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        rows = dict(state.rows)
        for change in changes:
            section, _, target = change.address.rest.partition("/")
            if section == SECTION:
                rows.pop(target, None)
                rows |= {target: change.after.fields} if change.after is not None else {}
        return replace(state, rows=rows)

    def attribute_flow(self, change: Change) -> AttributeFlow:
        section, _, target = change.address.rest.partition("/")
        sides = (MappingSource(_value(change, "source", side), _value(change, "default", side)) for side in (0, 1))
        return AttributeFlow(section, target, *sides)

    def export(self, request: ExportRequest) -> ExportedSpec:
        from scimconf.kinds.exported_mappings import export_attribute_mappings

        return export_attribute_mappings(request)

    def removal_snippet(self, resource: Resource) -> str:
        section, _, target = resource.address.rest.partition("/")
        return f"mappings.{section}.attributes: {json.dumps(target)}: {{absent: true}}"


def desired_fields(row: MappingRow) -> dict[str, Any]:
    """Return a row of the spec in the normal form; an omitted field has its default."""
    try:
        expression = mappings.expression_of(row)
    except expressions.ExpressionError:
        source: Any = row.expression
    else:
        source = None if expression is None else expressions.render_compact(expression)
    return {
        "source": source,
        "match": row.match,
        "default": row.default or None,
        "apply": row.apply,
        "flow_behavior": row.flow_behavior,
        "export_missing_references": row.export_missing_references,
    }


def _set(change: Change, fields: dict[str, Any], key: tuple[str, ...]) -> Edit:
    """Return the edit that writes a mapping, with the text for the parser of the service if a function changes."""
    expression = expressions.parse(fields["source"]) if fields["source"] is not None else None
    tree = expressions.to_source(expression) if expression is not None else None
    needs_parser = change.field("source") is not None and tree is not None and tree["type"] == "Function"
    text = expressions.render(expression) if expression is not None and needs_parser else ""
    description, value = f"set the mapping to {key[-1]}", {"fields": fields, "source": tree}
    addresses = (change.address,)
    return Edit(Phase.BUILD, addresses, description, schema.schema(), "set_mapping", key, value, expression=text)


def _value(change: Change, name: str, side: int) -> Any:
    """Return a field before (0) or after (1) the change, whether or not it changes."""
    field = change.field(name)
    if field is not None:
        return (field.before, field.after)[side]
    resource = (change.before, change.after)[side]
    return resource.fields.get(name) if resource is not None else None


def _match_changes(change: Change) -> bool:
    match = change.field("match")
    return match is not None and match.before != match.after


def _stays_active(change: Change) -> str:
    """Return who would no longer be disabled after this change of a row, in a sentence; empty if nobody.

    The service disables a user by updating the mapping that reads IsSoftDeleted; accountEnabled covers only users who
    are blocked or deleted.
    """
    before, after = (str(_value(change, "source", side) or "") for side in (0, 1))
    disables = _SOFT_DELETED in before or change.address.rest.endswith("/active")
    if not disables:
        return ""
    apply, source = change.field("apply"), change.field("source")
    if change.action is Action.DELETE or (apply is not None and apply.before == "always" and apply.after != "always"):
        return mappings.LEAVERS_STAY_ACTIVE
    if source is None or _SOFT_DELETED in after:
        return ""
    if _ENABLED not in after:
        return mappings.LEAVERS_STAY_ACTIVE
    return UNASSIGNED_STAY_ACTIVE if _SOFT_DELETED in before else ""


def _unknown_attributes(
    listed: Sequence[mappings.ListedRow], raw: Any, location: schema.MappingLocation
) -> Iterator[Diagnostic]:
    targets = {str(definition.get("name")) for definition in schema.definitions(raw, location, "target")}
    sources = {str(definition.get("name")) for definition in schema.definitions(raw, location, "source")}
    for row in listed:
        if row.row.absent:
            continue
        is_declared = row.path == ("role_attribute",) or row.target in row.mapping.target_attributes
        if targets and not is_declared and row.target not in targets:
            hint = did_you_mean(suggest(row.target, targets), _declare(row, "target_attributes"))
            yield Diagnostic("K502", f'the target application has no attribute "{row.target}"', row.path, hint=hint)
        known = sources | set(row.mapping.source_attributes)
        for name in mappings.reads(row.row) if sources else ():
            if name not in known:
                hint = name_hint(name, known) or _declare(row, "source_attributes")
                yield Diagnostic("K503", f'the source has no attribute "{name}"', (*row.path, row.row.form), hint=hint)


def _declare(row: mappings.ListedRow, section: str) -> str:
    return f"Declare it under mappings.{row.section}.{section}."


def _mapped_twice(section: str, location: schema.MappingLocation) -> Iterator[Diagnostic]:
    counts = Counter(str(row.get("targetAttributeName")) for row in schema.rows(location))
    for target, count in counts.items():
        if count > 1:
            message = (
                f'the live schema has {count} mappings to "{target}", and Microsoft does not document which one applies'
            )
            yield Diagnostic("K504", message, ("mappings", section), hint="Delete all but one in the portal.")


def _matches_afterwards(
    mapping: ObjectMapping, listed: Sequence[mappings.ListedRow], location: schema.MappingLocation
) -> Mapping[str, int | None]:
    """Return target → matching precedence as it is once the plan is applied."""
    matches: dict[str, int | None] = {}
    if mapping.unlisted != "delete":
        for live in schema.rows(location):
            matches[str(live.get("targetAttributeName"))] = live.get("matchingPriority") or None
    for row in listed:
        if row.row.absent:
            matches.pop(row.target, None)
        else:
            matches[row.target] = row.row.match
    return matches


def _matching_in_template(section: str, listed: Sequence[mappings.ListedRow]) -> Iterator[Diagnostic]:
    """Yield errors for a new custom application, together with the mappings of its template that stay."""
    template = mappings.TEMPLATE_MATCHES.get(section, {})
    planned: dict[str, int | None] = {**template, **{row.target: row.row.match for row in listed}}
    if template and planned != template:
        yield from _matching(section, planned)


def _matching(section: str, matches: Mapping[str, int | None]) -> Iterator[Diagnostic]:
    precedences = Counter(match for match in matches.values() if match is not None)
    path = ("mappings", section, "attributes")
    if not precedences:
        message = "no attribute mapping would be left that matches objects"
        hint = "Write `match: 1` on a mapping whose value is the same in both systems, usually the one to userName."
        yield Diagnostic("no-matching", message, path, hint=hint)
    for match, count in precedences.items():
        if count > 1:
            names = ", ".join(sorted(target for target, number in matches.items() if number == match))
            message = f"several mappings have `match: {match}`: {names}"
            yield Diagnostic("K505", message, path, hint=_NUMBERS)
