"""The attribute mappings of a provisioning state as functions, and what each of them sends for a user."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimconf import expressions
from scimconf.expressions.evaluation import EvaluationContext, Failure, Ignored, Undetermined, compile_expression
from scimconf.impact.user_attributes import COMPUTED, gap
from scimconf.json_types import Json
from scimconf.kinds.provisioning import RESULT_FIELDS, ProvisioningState, Row, filter_attributes
from scimconf.plan.sent_request import SentRequest

Attributes = Mapping[str, Any]
Evaluate = Callable[[Attributes, EvaluationContext], Any]
_EXTENSION = re.compile(r"urn:.+:\d+(?:\.\d+)*:\w+", re.DOTALL)
_NO_ATTRIBUTE = "Microsoft does not document what is sent for a target that is an extension without an attribute"
OBJECT_IGNORED = "the user is ignored (IgnoreObjectFlow)"


@dataclass(frozen=True, slots=True)
class CompiledRow:
    """One attribute mapping as a function. `null` is what a null result sends, `direct` the attribute that is copied."""

    target: str
    row: Row
    evaluate: Evaluate
    attributes: tuple[str, ...]
    null: SentRequest
    apply: str
    direct: str = ""

    @property
    def is_computed(self) -> bool:
        """Whether the result depends on scope or assignments."""
        return not COMPUTED.isdisjoint(self.attributes)

    def request(self, value: Any, gaps: Mapping[str, str]) -> SentRequest:
        """Return what is sent for a result; `gaps` maps unknown attributes to the reason."""
        match value:
            case None:
                return self.null
            case str():
                return SentRequest("value", value, apply=self.apply)
            case Ignored(whole_object):
                return SentRequest("ignored", reason=OBJECT_IGNORED if whole_object else "", apply=self.apply)
            case Failure(reason):
                return SentRequest("failure", reason=reason, apply=self.apply)
            case Undetermined(reason):
                return SentRequest("undetermined", reason=self._gap(gaps) or reason, apply=self.apply)
        return SentRequest("value", tuple(value), apply=self.apply)

    def _gap(self, gaps: Mapping[str, str]) -> str:
        """Return the first unknown attribute with its reason, which is more precise than the evaluator's reason."""
        reasons = ((name, gaps.get(name) or gap(name)) for name in self.attributes)
        return next((f"{name}: {reason}" for name, reason in reasons if reason), "")


def evaluate_rows(
    rows: Iterable[CompiledRow], attributes: Attributes, context: EvaluationContext, gaps: Mapping[str, str]
) -> dict[str, SentRequest]:
    """Return what the mappings send, by target. This runs for every user, so direct mappings of strings call no function."""
    sent: dict[str, SentRequest] = {}
    for row in rows:
        value = attributes.get(row.direct) if row.direct else row.evaluate(attributes, context)
        if value.__class__ is str:
            sent[row.target] = tuple.__new__(SentRequest, ("value", value, "", None, row.apply))
        elif value is None:
            sent[row.target] = row.null
        else:
            sent[row.target] = row.request(row.evaluate(attributes, context) if row.direct else value, gaps)
    return sent


def ignores_objects(rows: Iterable[CompiledRow]) -> bool:
    return any("IgnoreObjectFlow" in str(row.row["source"]) for row in rows)


def compile_rows(state: ProvisioningState) -> dict[str, CompiledRow]:
    return {target: _compile(target, row) for target, row in state.rows.items()}


def matching_targets(rows: Mapping[str, CompiledRow]) -> tuple[str, ...]:
    """Return the target attributes that users are matched by, highest precedence first."""
    matching = [row for row in rows.values() if row.row["match"] is not None]
    return tuple(row.target for row in sorted(matching, key=lambda row: int(row.row["match"])))


def identifiers(rows: Mapping[str, CompiledRow]) -> tuple[str, str] | None:
    """Return the targets of the user name and the e-mail address, if one is the user principal name and the other the mail.

    An application that knows users by their e-mail address finds those under another name for whom the two differ.
    """
    names = [row for row in rows.values() if row.target == "userName"]
    mails = sorted((row for row in rows.values() if row.target.startswith("emails")), key=lambda row: row.target)
    for name in names:
        for mail in mails:
            if {name.direct, mail.direct} in ({"userPrincipalName", "mail"}, {"originalUserPrincipalName", "mail"}):
                return name.target, mail.target
    return None


def attributes_read(filters: Iterable[Json], rows: Mapping[str, CompiledRow]) -> frozenset[str]:
    return filter_attributes(filters) | frozenset(name for row in rows.values() for name in row.attributes)


def _compile(target: str, row: Row) -> CompiledRow:
    source, apply = row["source"], str(row["apply"])
    evaluate: Evaluate = _null
    attributes: tuple[str, ...] = ()
    direct = ""
    if source is not None:
        try:
            tree = expressions.parse(source if isinstance(source, str) else "")
        except expressions.ExpressionError:
            evaluate = _unreadable
        else:
            evaluate, attributes = compile_expression(tree), expressions.attributes(tree)
            direct = tree.name if isinstance(tree, expressions.Attribute) else ""
    if _EXTENSION.fullmatch(target):
        evaluate, direct = _into_extension(evaluate), ""
    null = SentRequest("null", default=row["default"], apply=apply)
    return CompiledRow(target, row, evaluate, attributes, null, apply, direct)


def _into_extension(evaluate: Evaluate) -> Evaluate:
    """Return a function whose values are undetermined: an extension is an object, and not the place of a value."""

    def into_extension(attributes: Attributes, context: EvaluationContext) -> Any:
        value = evaluate(attributes, context)
        is_sent = value is not None and not isinstance(value, Ignored | Failure | Undetermined)
        return Undetermined(_NO_ATTRIBUTE) if is_sent else value

    return into_extension


def _null(_attributes: Attributes, _context: EvaluationContext) -> None:
    """Evaluate a mapping of type None, which only ever sends its default."""


def _unreadable(_attributes: Attributes, _context: EvaluationContext) -> Undetermined:
    return Undetermined("its source cannot be parsed as an expression")


_FIELDS = (*RESULT_FIELDS, "match")


def has_new_result(before: CompiledRow | None, after: CompiledRow | None) -> bool:
    """Return whether a mapping can send something else, because it was added, removed or changed."""
    return before is None or after is None or any(before.row[name] != after.row[name] for name in RESULT_FIELDS)


def change_reason(before: CompiledRow | None, after: CompiledRow | None) -> str:
    """Return what differs between two versions of a mapping, in words; empty if nothing does."""
    if before is None:
        return f"mapped now: {source_text(after.row)}" if after is not None else ""
    if after is None:
        return "no longer mapped; the application keeps its value"
    old, new = before.row, after.row
    return "; ".join(f"{name}: {_text(old[name])} → {_text(new[name])}" for name in _FIELDS if old[name] != new[name])


def source_text(row: Row) -> str:
    return f"default {row['default']}" if row["source"] is None else _text(row["source"])


def _text(value: Any) -> str:
    return "none" if value is None else str(value) if isinstance(value, str | int) else "(unreadable)"
