"""A side's mappings as functions, and what each of them gives for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimconf import expressions
from scimconf.expressions.evaluation import EvaluationContext, Failure, Ignored, Undetermined, compile_expression
from scimconf.impact.projection import ProvisioningState, Row
from scimconf.impact.user_attributes import COMPUTED, gap
from scimconf.plan.preview import SentRequest

Run = Callable[[Mapping[str, Any], EvaluationContext], Any]
Given = Mapping[str, Any]
WHOLE = "the whole object is left out"


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """One row: its function, the attributes that it needs, and what it gives where it comes to null.

    `direct` is the one attribute that it copies, where it does no more than that.
    """

    target: str
    row: Row
    run: Run
    needs: tuple[str, ...]
    null: SentRequest
    apply: str
    direct: str = ""

    @property
    def is_computed(self) -> bool:
        """Whether it depends on scope or assignments, and so on the side."""
        return not COMPUTED.isdisjoint(self.needs)

    def told(self, value: Any, gaps: Mapping[str, str]) -> SentRequest:
        """What is sent for any value; `gaps` are the reasons of attributes that are not known.

        What is copied may come to a text or to null here: a truth value does, and an empty list.
        """
        match value:
            case None:
                return self.null
            case str():
                return SentRequest("value", value, apply=self.apply)
            case Ignored(whole_object):
                return SentRequest("ignored", reason=WHOLE if whole_object else "", apply=self.apply)
            case Failure(reason):
                return SentRequest("failure", reason=reason, apply=self.apply)
            case Undetermined(reason):
                return SentRequest("undetermined", reason=self._why(gaps) or reason, apply=self.apply)
        return SentRequest("value", tuple(value), apply=self.apply)

    def _why(self, gaps: Mapping[str, str]) -> str:
        """Which attribute is not known, where one is not: what the evaluator says of it is less exact."""
        reasons = ((name, gaps.get(name) or gap(name)) for name in self.needs)
        return next((f"{name}: {reason}" for name, reason in reasons if reason), "")


def evaluated(
    rows: Iterable[CompiledRow], given: Given, circumstances: EvaluationContext, gaps: Mapping[str, str]
) -> dict[str, SentRequest]:
    """What the rows give, by target. This is run for everybody: direct rows call nothing, and tuples are made bare."""
    sent: dict[str, SentRequest] = {}
    for row in rows:
        value = given.get(row.direct) if row.direct else row.run(given, circumstances)
        if value.__class__ is str:
            sent[row.target] = tuple.__new__(SentRequest, ("value", value, "", None, row.apply))
        elif value is None:
            sent[row.target] = row.null
        else:
            sent[row.target] = row.told(row.run(given, circumstances) if row.direct else value, gaps)
    return sent


def leaves_out(rows: Iterable[CompiledRow]) -> bool:
    """Whether a mapping may say that the whole object is left out; most never do."""
    return any("IgnoreObjectFlow" in str(row.row["source"]) for row in rows)


def compiled(side: ProvisioningState) -> dict[str, CompiledRow]:
    return {target: _compile(target, row) for target, row in side.rows.items()}


def matching(rows: Mapping[str, CompiledRow]) -> tuple[str, ...]:
    """The target attributes that people are matched by, the first first."""
    matched = [row for row in rows.values() if row.row["match"] is not None]
    return tuple(row.target for row in sorted(matched, key=lambda row: int(row.row["match"])))


def needed(side: ProvisioningState) -> frozenset[str]:
    """The source attributes of all rows and filters."""
    clauses = (clause for one in side.filters for clause in one["all"])
    rows = (name for row in compiled(side).values() for name in row.needs)
    return frozenset([*rows, *(str(clause["attribute"]) for clause in clauses)])


def _compile(target: str, row: Row) -> CompiledRow:
    source, default, apply = row["source"], row["default"], str(row["apply"])
    null = SentRequest("null", default=default, apply=apply)
    if source is None:
        return CompiledRow(target, row, _nothing, (), null, apply)
    try:
        tree = expressions.parse(source if isinstance(source, str) else "")
    except expressions.ExpressionError:
        return CompiledRow(target, row, _unreadable, (), null, apply)
    direct = tree.name if isinstance(tree, expressions.Attribute) else ""
    return CompiledRow(target, row, compile_expression(tree), expressions.attributes(tree), null, apply, direct)


def _nothing(_given: Given, _told: EvaluationContext) -> None:
    """The mapping type None: only its default is ever sent."""


def _unreadable(_given: Given, _told: EvaluationContext) -> Undetermined:
    return Undetermined("its source cannot be read as an expression")


# --- why -----------------------------------------------------------------------------------------------------------

_SENT = ("source", "default", "apply")
_FIELDS = (*_SENT, "match")


def rewritten(before: CompiledRow | None, after: CompiledRow | None) -> bool:
    """Whether a mapping may give something else, since it is only on one side, or another one there."""
    return before is None or after is None or any(before.row[name] != after.row[name] for name in _SENT)


def because(before: CompiledRow | None, after: CompiledRow | None) -> str:
    """What of a mapping differs, in words; empty where nothing does."""
    if before is None:
        return f"mapped now: {_origin(after.row)}" if after is not None else ""
    if after is None:
        return "no longer mapped; the application keeps what it has"
    return "; ".join(_moved(before.row, after.row))


def _moved(before: Row, after: Row) -> Iterable[str]:
    for name in _FIELDS:
        if before[name] != after[name]:
            yield f"{name}: {_said(before[name])} → {_said(after[name])}"


def _origin(row: Row) -> str:
    """Where a mapping's value comes from."""
    return f"default {row['default']}" if row["source"] is None else _said(row["source"])


def _said(value: Any) -> str:
    return "none" if value is None else str(value) if isinstance(value, str | int) else "(unreadable)"
