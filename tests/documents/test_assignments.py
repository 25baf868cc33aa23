"""Assignments as a set that is folded from pages: the order and the size of the pages do not matter."""

import random

from scimconf.documents.assignments import Assignee, AssignmentFold, assigned, rows_gone
from scimconf.snapshot import Lookup, Snapshot


def row(number: int, role: str = "R", type_: str = "User") -> dict[str, str | None]:
    return {
        "id": f"a{number}{role}",
        "principalId": f"P{number}",
        "principalType": type_,
        "principalDisplayName": f"Name {number}",
        "appRoleId": role,
    }


ROWS = [row(1), row(1, "S"), row(2, type_="Group"), row(3, type_="ServicePrincipal"), row(4)]


def folded(*pages):
    fold = AssignmentFold()
    lookups = [list(fold.add(page)) for page in pages]
    return fold.result(), lookups


def test_assignment_fold_lowers_ids_and_returns_the_rows():
    result, _ = folded(ROWS)
    assert list(result) == [
        {**one, "principalId": one["principalId"].lower(), "appRoleId": one["appRoleId"].lower()} for one in ROWS
    ]
    assert result.assignees["p2"] == Assignee("Group", "Name 2")
    assert (len(result), result.groups) == (5, ("p2",))


def test_assignment_fold_returns_each_user_and_group_once():
    _, lookups = folded(ROWS[:1], [], ROWS[1:], ROWS)
    assert lookups == [[Lookup("id", "p1")], [], [Lookup("id", "p2"), Lookup("id", "p4")], []]


def test_assignment_fold_makes_the_same_set_of_pages_in_any_order_and_size():
    expected, _ = folded(ROWS)
    for seed in range(20):
        rows = random.Random(seed).sample(ROWS, len(ROWS))
        cut = seed % len(rows)
        result, _ = folded(rows[:cut], rows[cut:])
        assert (result.ids, result.assignees) == (expected.ids, expected.assignees)


def test_assignment_set_counts_the_roles_of_users_and_groups():
    result, _ = folded(ROWS)
    assert result.holders == {"p1": 2, "p2": 1, "p4": 1}
    roles = result.roles()
    assert (roles["User"], roles["Group"]) == ({"p1": ("r", "s"), "p4": ("r",)}, {"p2": ("r",)})


def test_assignments_that_were_not_read_are_none():
    assert len(assigned(Snapshot())) == 0
    result, _ = folded(ROWS)
    assert assigned(Snapshot({"assignments": result})) is result


def test_rows_are_gone_if_no_assignment_has_one_of_the_ids():
    result, _ = folded(ROWS)
    assert rows_gone(result, ("x",), None)
    assert not rows_gone(result, ("x", "a1S"), None)
