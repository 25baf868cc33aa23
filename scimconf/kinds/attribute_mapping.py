"""One attribute of the application and where its value comes from. A row that is listed is owned whole.

Expressions are compared as canonical text, the live one made from its tree; the tree that is written comes from the
service's own parser at apply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from scimconf import expressions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import rows, schema
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.kinds import mappings
from scimconf.kinds.kind import Base, Effects, find_object_mapping, live_schema, schema_reads, selector, suggest
from scimconf.plan import Absent, Action, Change, DesiredItem, Effect, Exclusive, ReportOnly, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import MappingRow, ObjectMapping, Spec
from scimconf.steps import Edit, Phase, Step


class AttributeMappingKind(Base):
    """`attribute_mapping/SECTION/TARGET`."""

    name = "attribute_mapping"
    after = ("job",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        return schema_reads() if mappings.sections(spec) else ()

    # --- what is wrong ---

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        for one in mappings.listed(spec):
            yield from _syntax(one)
        for section, mapping in mappings.sections(spec).items():
            found = find_object_mapping(snapshot, section, mapping) if snapshot is not None else None
            if snapshot is not None and found is not None:
                yield from self._against(spec, snapshot, section, found)
            elif mapping.unlisted == "delete" and mapping.attributes:
                listed = [one for one in mappings.listed(spec) if one.section == section]
                yield from _matching(section, {one.target: one.row.match for one in listed})

    def _against(
        self, spec: Spec, snapshot: Snapshot, section: str, found: schema.MappingLocation
    ) -> Iterable[Diagnostic]:
        listed = [one for one in mappings.listed(spec) if one.section == section]
        yield from _unknown(listed, live_schema(snapshot), found)
        yield from _twice(section, found)
        left = _afterwards(mappings.sections(spec)[section], listed, found)
        if left != _afterwards(_NOTHING, (), found):
            yield from _matching(section, left)

    # --- both sides ---

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        for section, mapping in mappings.sections(spec).items():
            if mapping.unlisted != "keep":
                prefix = self.address(spec, section)
                yield Exclusive(prefix) if mapping.unlisted == "delete" else ReportOnly(prefix)
        for one in mappings.listed(spec):
            address = self.address(spec, one.section, one.target)
            if one.row.absent:
                yield Absent(address)
            else:
                yield Resource(address, desired_fields(one.row))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        for section, mapping in mappings.sections(spec).items():
            found = find_object_mapping(snapshot, section, mapping)
            for row in schema.rows(found) if found is not None else ():
                target = str(row.get("targetAttributeName"))
                yield Resource(self.address(spec, section, target), rows.row_fields(row))

    # --- the way there ---

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        sections = mappings.sections(spec)
        for change in self.mine(changes):
            section, _, target = change.address.rest.partition("/")
            key = (*selector(section, sections[section]).key, target)
            if change.after is None:
                yield Edit(
                    Phase.BUILD,
                    (change.address,),
                    f"remove the mapping to {target}",
                    schema.schema(),
                    "remove_mapping",
                    key,
                )
            else:
                yield self._set(change, key, target)

    def _set(self, change: Change, key: tuple[str, ...], target: str) -> Edit:
        fields = dict(change.after.fields) if change.after is not None else {}
        text, is_new = fields["source"], change.field("source") is not None
        tree = expressions.to_source(expressions.parse(text)) if text is not None else None
        asks = is_new and tree is not None and tree["type"] == "Function"
        return Edit(
            Phase.BUILD,
            (change.address,),
            f"map {target}",
            schema.schema(),
            "set_mapping",
            key,
            {"fields": fields, "source": tree},
            expression=text if asks else "",
        )

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: _effects(change) for change in changes}


def desired_fields(row: MappingRow) -> dict[str, Any]:
    """A row of the spec in the normal form; what is left out has its default."""
    try:
        expression = mappings.expression_of(row)
    except expressions.ExpressionError:
        source: Any = row.expression
    else:
        source = None if expression is None else expressions.render(expression)
    return {
        "source": source,
        "match": row.match,
        "default": row.default or None,
        "apply": row.apply,
        "flow_behavior": row.flow_behavior,
        "export_missing_references": row.export_missing_references,
    }


def _effects(change: Change) -> frozenset[Effect]:
    if change.action is Action.DELETE:
        return frozenset({Effect.RESYNC, Effect.DATA_LOSS})
    if _rematches(change):
        return frozenset({Effect.RESYNC, Effect.PROVISIONS, Effect.DEPROVISIONS})
    return frozenset({Effect.RESYNC})


def _rematches(change: Change) -> bool:
    """Whether people are found in another way: a matching attribute comes, goes, or gets another source."""
    match = change.field("match")
    if match is not None and match.before != match.after:
        return True
    is_matching = change.after is not None and change.after.fields["match"] is not None
    return is_matching and change.field("source") is not None


# --- problems -----------------------------------------------------------------------------------------------------


def _syntax(one: mappings.ListedRow) -> Iterator[Diagnostic]:
    try:
        mappings.expression_of(one.row)
    except expressions.ExpressionError as error:
        path = (*one.path, "expression")
        yield Diagnostic(
            "K501", f"not an expression: {error.message} (at character {error.offset + 1})", path, hint=error.hint
        )


def _unknown(listed: Sequence[mappings.ListedRow], raw: Any, found: schema.MappingLocation) -> Iterator[Diagnostic]:
    targets = {str(one.get("name")) for one in schema.definitions(raw, found, "target")}
    sources = {str(one.get("name")) for one in schema.definitions(raw, found, "source")}
    for one in listed:
        if one.row.absent:
            continue
        declared = one.path == ("role_attribute",) or one.target in one.mapping.target_attributes
        if targets and not declared and one.target not in targets:
            yield _not_an_attribute("K502", one, one.target, targets, "target_attributes", "the target")
        known = sources | set(one.mapping.source_attributes)
        for name in mappings.reads(one.row) if sources else ():
            if name not in known:
                yield _not_an_attribute("K503", one, name, known, "source_attributes", "the source")


def _not_an_attribute(
    code: str, one: mappings.ListedRow, name: str, known: Collection[str], section: str, side: str
) -> Diagnostic:
    declare = f"Declare it under mappings.{one.section}.{section}."
    message = f'"{name}" is not an attribute of {side}'
    if section == "source_attributes":
        return Diagnostic(code, message, (*one.path, one.row.form), hint=name_hint(name, known) or declare)
    return Diagnostic(code, message, one.path, hint=suggest(name, known, declare))


def _twice(section: str, found: schema.MappingLocation) -> Iterator[Diagnostic]:
    counts = Counter(str(row.get("targetAttributeName")) for row in schema.rows(found))
    for target, count in counts.items():
        if count > 1:
            yield Diagnostic(
                "K504",
                f'the live schema maps "{target}" {count} times, and which one counts is not defined',
                ("mappings", section),
                hint="Delete all but one in the portal.",
            )


_NOTHING = ObjectMapping()


def _afterwards(
    mapping: ObjectMapping, listed: Sequence[mappings.ListedRow], found: schema.MappingLocation
) -> Mapping[str, int | None]:
    """Target → match number as it will be: the live rows under what the spec lists."""
    left: dict[str, int | None] = {}
    if mapping.unlisted != "delete":
        for row in schema.rows(found):
            left[str(row.get("targetAttributeName"))] = row.get("matchingPriority") or None
    for one in listed:
        if one.row.absent:
            left.pop(one.target, None)
        else:
            left[one.target] = one.row.match
    return left


def _matching(section: str, left: Mapping[str, int | None]) -> Iterator[Diagnostic]:
    priorities = Counter(match for match in left.values() if match is not None)
    path = ("mappings", section, "attributes")
    if not priorities:
        yield Diagnostic(
            "no-matching",
            "no attribute would be left to match people by",
            path,
            hint="Write `match: 1` on the attribute that is the same on both sides, usually userName.",
        )
    for match, count in priorities.items():
        if count > 1:
            names = ", ".join(sorted(target for target, one in left.items() if one == match))
            yield Diagnostic("K505", f"match {match} would be used by {names}", path, hint="Number them 1, 2, …")
