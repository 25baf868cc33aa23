"""Tests of a single user's scope: the assignment, the clauses that fail, and the values without which nothing is created."""

import pytest

from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.impact.user_scope import FailedClause, ValueProblem, user_scope, value_problems
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan.impact import Members
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest

ADA = {"id": "ADA", "userPrincipalName": "ada@contoso.com", "accountEnabled": True, "department": "Sales", "city": None}


def clause(attribute, operator, value=None):
    return {"attribute": attribute, "operator": operator, **({} if value is None else {"value": value})}


def scope(*clauses, **fields):
    filters = [{"name": "F", "all": list(clauses)}] if clauses else []
    return user_scope(ProvisioningState(filters=filters, **fields), Members(), ADA)


@pytest.mark.parametrize(
    ("rule", "passes", "failed"),
    [
        (clause("department", "equals", "Sales"), True, ()),
        (clause("department", "equals", "Lab"), False, (FailedClause("F", 'department equals "Lab"', "Sales"),)),
        (
            clause("department", "not_equals", ["Sales"]),
            False,
            (FailedClause("F", 'department not equals "Sales"', "Sales"),),
        ),
        (clause("city", "is_not_null"), False, (FailedClause("F", "city is not null", None),)),
        (clause("manager", "is_null"), None, (FailedClause("F", "manager is null (undetermined)", None),)),
    ],
)
def test_clauses_that_fail(rule, passes, failed):
    result = scope(rule)
    assert (result.passes, result.failed) == (passes, failed)
    assert bool(result.filter_gap) is (passes is None)


def test_assignment_and_roles():
    labels = {"r1": {"displayName": "Agent"}, "r2": {"value": "lead"}}
    state = {"assigned_users": {"ada": ("r1", "r2", "r3", DEFAULT_ACCESS)}, "role_labels": labels}
    result = scope(**state)
    assert (result.assigned, result.routes, result.default_access) == (True, ("directly",), True)
    assert result.roles == ("Agent", "lead", "r3")
    assert scope().assigned is False
    unknown = scope(assigned_users=None)
    assert (unknown.assigned, unknown.assignment_gap) == (None, "assignments could not be read")


EMPTY, DEFAULT = SentRequest("null"), SentRequest("null", default="x")


@pytest.mark.parametrize(
    ("target", "sent", "problem"),
    [
        ("title", SentRequest("value", "x"), None),
        ("title", SentRequest("failure", reason="two roles"), ValueProblem("title", "the mapping of title fails", "two roles")),
        ("userName", EMPTY, ValueProblem("userName", "users are matched by userName, and [mail] of the user is empty")),
        ("userName", DEFAULT, None),
        ("nick", EMPTY, ValueProblem("nick", "the application requires nick, and its mapping has no value")),
        ("title", EMPTY, None),
    ],
)  # fmt: skip
def test_values_without_which_nothing_is_created(target, sent, problem):
    fields = {"default": None, "apply": "always"}
    rows = {
        "userName": {"source": "[mail]", "match": 1, **fields},
        "nick": {"source": None, "match": None, **fields},
        "title": {"source": "[jobTitle]", "match": None, **fields},
    }
    state = ProvisioningState(rows=rows, required_targets=frozenset({"nick"}))
    problems = list(value_problems(state, UserState(True, "", sent={target: sent})))
    assert problems == ([] if problem is None else [problem])


def test_a_user_whom_a_mapping_leaves_out():
    (problem,) = value_problems(ProvisioningState(), UserState(True, "", left_out="title"))
    assert problem.text == "the mapping of title excludes the user (IgnoreObjectFlow)"
