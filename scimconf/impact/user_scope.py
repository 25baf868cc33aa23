"""Why one user is in scope of an application or not, and which values of the user would fail. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.expressions.evaluation import Undetermined, failing_clauses, in_scope
from scimconf.impact.assignees import effective_assignees
from scimconf.impact.compiled_mappings import compile_rows, matching_targets
from scimconf.impact.user_attributes import GAP, reader
from scimconf.json_types import Json
from scimconf.kinds.provisioning import ProvisioningState, filter_attributes
from scimconf.plan.impact import Members
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest


@dataclass(frozen=True, slots=True)
class FailedClause:
    """A clause of a scoping filter that does not hold: the filter, the clause in words, and the user's value in JSON."""

    filter: str
    clause: str
    value: Json


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """A target attribute because of which the service does not create the user; `detail` may contain values of the user."""

    target: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserScope:
    """The assignment of a user (None if unknown, with the reason), how and with which roles, and the scoping filters.

    `routes` are `directly` and `through GROUP`. `passes` is None if it is undetermined, with the reason `filter_gap`.
    """

    assigned: bool | None
    assignment_gap: str = ""
    routes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    default_access: bool = False
    passes: bool | None = True
    filter_gap: str = ""
    failed: tuple[FailedClause, ...] = ()


def user_scope(state: ProvisioningState, members: Members, user: Json) -> UserScope:
    """Return the scope of a user who was read with the properties of a preview; assignment and filters are independent."""
    key, assignees = str(user["id"]).lower(), effective_assignees(state, members)
    is_assigned, reason = assignees.is_assigned(key)
    current = assignees.roles_by_user.get(key)
    roles = tuple(dict.fromkeys(current.roles)) if current is not None else ()
    attributes = {**reader(filter_attributes(state.filters))(user), "IsSoftDeleted": GAP}
    passes = in_scope(state.filters, attributes)
    return UserScope(
        assigned=is_assigned,
        assignment_gap=reason if is_assigned is None else "",
        routes=tuple(dict.fromkeys(current.origins)) if current is not None else (),
        roles=tuple(_role_name(state.role_labels, role) for role in roles if role != DEFAULT_ACCESS),
        default_access=DEFAULT_ACCESS in roles,
        passes=None if isinstance(passes, Undetermined) else passes,
        filter_gap=passes.reason if isinstance(passes, Undetermined) else "",
        failed=tuple(_failed(state, attributes)) if passes is not True else (),
    )


def _role_name(labels: Mapping[str, Mapping[str, str]], role: str) -> str:
    label = labels.get(role, {})
    return label.get("displayName") or label.get("value") or role


def _failed(state: ProvisioningState, attributes: Mapping[str, Json]) -> Iterator[FailedClause]:
    for name, clause, decision in failing_clauses(state.filters, attributes):
        value = attributes.get(str(clause["attribute"]))
        undetermined = " (undetermined)" if isinstance(decision, Undetermined) else ""
        yield FailedClause(name, f"{_clause_text(clause)}{undetermined}", None if value is GAP else value)


def _clause_text(clause: Mapping[str, Json]) -> str:
    expected = clause.get("value")
    values = expected if isinstance(expected, list) else [] if expected is None else [expected]
    quoted = " or ".join(f'"{value}"' for value in values)
    return " ".join(filter(None, [str(clause["attribute"]), str(clause["operator"]).replace("_", " "), quoted]))


def value_problems(state: ProvisioningState, user: UserState) -> Iterator[ValueProblem]:
    """Yield the values that keep the service from creating the user: failures, and missing ones that it needs.

    Without a value of the matching attribute the user is skipped (`ImportSkipped`), without a value that the schema
    requires as well (`AttributeValidationFailed`).
    """
    if user.left_out:
        yield ValueProblem(user.left_out, f"the mapping of {user.left_out} excludes the user (IgnoreObjectFlow)")
        return
    matching = matching_targets(compile_rows(state))
    for target, request in sorted(user.sent.items(), key=lambda item: (item[0] not in matching, item[0])):
        if request.kind == "failure":
            yield ValueProblem(target, f"the mapping of {target} fails", request.reason)
        elif _is_empty(request) and target in matching:
            yield ValueProblem(target, f"users are matched by {target}, and {_emptiness(state, target)}")
        elif _is_empty(request) and target in state.required_targets:
            yield ValueProblem(target, f"the application requires {target}, and {_emptiness(state, target)}")


def _is_empty(request: SentRequest) -> bool:
    return request.kind == "null" and request.default is None


def _emptiness(state: ProvisioningState, target: str) -> str:
    source = state.rows[target]["source"]
    return "its mapping has no value" if source is None else f"{source} of the user is empty"
