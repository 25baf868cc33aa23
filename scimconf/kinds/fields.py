"""Independent fields as a table: each field is declared once, and a kind's answers about it follow from the row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal, NamedTuple

from scimconf.kinds.exported import ExportedSpec, ExportRequest, merged
from scimconf.plan import Change, Effect, FieldChange
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Edit, OperationName, Phase


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""What `from_documents` returns if the tenant stores no value."""
_ANY_SPEC: Mapping[str, Any] = {
    "version": 1,
    "name": "any",
    "application": {"display_name": "any"},
    "provisioning": {"enabled": False},
}


class Transition(NamedTuple):
    """The effects of a field that changes from one of `before` to one of `after`; None stands for any value."""

    before: tuple[Json, ...] | None
    after: tuple[Json, ...] | None
    effects: frozenset[Effect] = frozenset()

    def matches(self, before: Json, after: Json) -> bool:
        return (self.before is None or before in self.before) and (self.after is None or after in self.after)

    def __str__(self) -> str:
        if self.before is None and self.after is None:
            return "any"
        return f"{_words(self.before)} → {_words(self.after)}"


class Field(NamedTuple):
    """One setting. `path` is its place in the spec, of which all but the first part is its name in plans.

    `key` is Graph's name. `from_documents` returns the stored value in the normal form, or UNSET, which counts as
    `default`. `edit` returns the operation and the value that make a desired value so. In a spec, `none` stands for null.
    """

    path: tuple[str, ...]
    label: str
    key: str
    from_documents: Callable[[Snapshot], Json | Literal[_Unset.UNSET]]
    edit: Callable[[Json], tuple[OperationName, Json]]
    transitions: tuple[Transition, ...] = (Transition(None, None),)
    default: Json = None

    @property
    def name(self) -> str:
        return ".".join(self.path[1:])

    def from_spec(self, spec: Spec) -> Json | Literal[_Unset.UNSET]:
        """Return the value that the spec writes, or UNSET if it omits the field."""
        value: Any = spec
        for part in self.path:
            value = None if value is None else getattr(value, part)
        if value is None:
            return UNSET
        return None if value == "none" else value

    def effects(self, change: FieldChange) -> frozenset[Effect]:
        """Return the effects of the first transition that matches."""
        rows = (row for row in self.transitions if row.matches(change.before, change.after))
        return next((row.effects for row in rows), frozenset())

    def exported(self, snapshot: Snapshot, *, full: bool) -> Json | Literal[_Unset.UNSET]:
        """Return the stored value as a spec writes it; UNSET if it is not stored, or with `full` has no default.

        Raises ValueError if a spec cannot express the value.
        """
        stored = self.from_documents(snapshot)
        value = self.default if stored is UNSET else stored
        if stored is UNSET and (not full or value is None):
            return UNSET
        written = "none" if value is None else value
        spec = Spec.model_validate(merged(_ANY_SPEC, self.tree(written)))  # raises ValueError as well
        if self.from_spec(spec) != value:
            raise ValueError(self.name)
        return written

    def tree(self, value: Json) -> dict[str, Any]:
        """Return the keys of a spec that write the value: `{"provisioning": {"scope": "all"}}`."""
        for part in reversed(self.path):
            value = {part: value}
        return dict(value)


def desired_fields(fields: Iterable[Field], spec: Spec) -> dict[str, Json]:
    """Return the fields that the spec writes, by name."""
    written = ((field.name, field.from_spec(spec)) for field in fields)
    return {name: value for name, value in written if value is not UNSET}


def observed_fields(fields: Iterable[Field], snapshot: Snapshot) -> dict[str, Json]:
    """Return the values of the tenant by name, the default where none is stored."""
    stored = ((field, field.from_documents(snapshot)) for field in fields)
    return {field.name: field.default if value is UNSET else value for field, value in stored}


def field_effects(fields: Iterable[Field], change: Change) -> frozenset[Effect]:
    """Return the effects of all changed fields."""
    by_name = {field.name: field for field in fields}
    changed = ((by_name.get(part.name), part) for part in change.fields)
    return frozenset[Effect]().union(*(field.effects(part) for field, part in changed if field is not None))


def field_edits(fields: Iterable[Field], change: Change, document: Document) -> Iterator[Edit]:
    """Yield one edit of the document for each changed field."""
    by_name = {field.name: field for field in fields}
    for part in change.fields:
        field = by_name.get(part.name)
        if field is not None:
            operation, value = field.edit(part.after)
            description = f"set {field.name}"
            yield Edit(Phase.BUILD, (change.address,), description, document, operation, (field.key,), value)


def export_fields(fields: Iterable[Field], request: ExportRequest) -> ExportedSpec:
    """Return the stored fields as a spec writes them; a value that no spec can express is omitted."""
    part = ExportedSpec()
    for field in fields:
        try:
            value = field.exported(request.snapshot, full=request.full)
        except ValueError:
            part.omitted.append(f"a spec cannot express the {field.label}: {field.from_documents(request.snapshot)}")
            continue
        if value is not UNSET:
            part.tree = merged(part.tree, field.tree(value))
    return part


def or_unset(value: Json) -> Json | Literal[_Unset.UNSET]:
    """Return the value, or UNSET for None."""
    return UNSET if value is None else value


def _words(values: tuple[Json, ...] | None) -> str:
    words = {None: "unset", True: "true", False: "false"}
    return "any" if values is None else " or ".join(words.get(value, str(value)) for value in values)
