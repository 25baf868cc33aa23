"""`--only` and `--exclude`: selection by address or glob, with the prerequisites of the selected changes."""

import pytest

from scimconf.plan import Action, Address, Change, Resource
from scimconf.plan.resource import is_like
from scimconf.plan.select import can_select_below, is_selected, select, unmatched_patterns

AFTER = {
    "job": ("application",),
    "attribute_mapping": ("job", "source_attribute", "target_attribute"),
    "assignment": ("app_role",),
}
CHANGES = tuple(
    Change(Address("writer", kind, rest), action)
    for kind, rest, action in [
        ("application", "", Action.CREATE),
        ("job", "", Action.CREATE),
        ("target_attribute", "users/costCenter", Action.CREATE),
        ("attribute_mapping", "users/costCenter", Action.CREATE),
        ("attribute_mapping", "users/title", Action.DELETE),
        ("app_role", "admin", Action.CREATE),
        ("app_role", "old", Action.DELETE),
        ("assignment", "user:ada/admin", Action.CREATE),
        ("assignment", "user:ada/old", Action.DELETE),
    ]
)
MAPPING = ["application", "job", "target_attribute/users/costCenter", "attribute_mapping/users/costCenter"]


@pytest.mark.parametrize(
    ("only", "exclude", "expected"),
    [
        ([], [], True),
        (["assignment/*"], [], True),
        (["assignment"], [], False),
        (["writer:assignment/user:ada/admin"], [], True),
        (["assign*"], [], True),
        (["*ada*"], [], True),
        (["writer:*"], [], True),
        (["figma:*"], [], False),
        (["app_role/*", "connection"], [], False),
        (["app_role/*", "assignment/user:*"], [], True),
        ([], ["assignment/*"], False),
        ([], ["writer:*"], False),
        ([], ["*"], False),
        ([], ["assignment/user:*"], True),
        ([], ["assignment/*/admin"], True),
        (["assignment/*"], ["*assignment*"], False),
    ],
)
def test_can_select_below_is_false_only_if_no_address_can_be_selected(only, exclude, expected):
    assert can_select_below(Address("writer", "assignment"), only, exclude) is expected
    address = Address("writer", "assignment", "user:ada/admin")
    assert expected or not is_selected(address, only, exclude)


@pytest.mark.parametrize(
    ("only", "exclude", "selected", "prerequisite_count"),
    [
        ([], [], [change.address.local for change in CHANGES], 0),
        (["writer:app_role/admin"], [], ["app_role/admin"], 0),
        (["app_role/*"], [], ["app_role/admin", "app_role/old"], 0),
        (["attribute_mapping/users/costCenter"], [], MAPPING, 3),
        (["attribute_mapping/users/title"], [], ["attribute_mapping/users/title"], 0),
        (["assignment/user:ada/*"], [], ["app_role/admin", "assignment/user:ada/admin", "assignment/user:ada/old"], 1),
        (["assignment/*"], ["*/old"], ["app_role/admin", "assignment/user:ada/admin"], 1),
        (["attribute_mapping/users/costCenter"], ["job"], MAPPING, 3),
        (["figma:*"], [], [], 0),
        ([], ["writer:*"], [], 0),
    ],
)
def test_select_adds_the_prerequisites_of_the_selected_changes(only, exclude, selected, prerequisite_count):
    selection = select(CHANGES, only, exclude, AFTER)
    assert [change.address.local for change in selection.changes] == selected
    assert len(selection.prerequisites) == prerequisite_count
    assert selection.excluded == len(CHANGES) - len(selected)


def test_select_adds_the_source_attributes_of_a_mapping_expression():
    where = Address("writer", "attribute_mapping", "users/title")
    mapping = Change(where, Action.CREATE, after=Resource(where, {"source": 'Join("-", [cost], [mail])'}))
    source = Change(Address("writer", "source_attribute", "users/cost"), Action.CREATE)
    selection = select([source, mapping], ["attribute_mapping/*"], [], AFTER)
    assert selection.prerequisites == (source.address,)
    no_text = Change(where, Action.CREATE, after=Resource(where, {"source": None}))
    assert select([source, no_text], ["attribute_mapping/*"], [], AFTER).changes == (no_text,)


def test_select_matches_brackets_in_an_address_literally():
    change = Change(Address("writer", "attribute_mapping", 'users/emails[type eq "work"].value'), Action.DELETE)
    assert select([change], ['attribute_mapping/users/emails[type eq "work"].value'], [], AFTER).changes == (change,)


def test_unmatched_patterns_returns_the_patterns_without_a_match():
    known = [change.address for change in CHANGES]
    assert unmatched_patterns(["writer:app_role/*", "app_role/admin", "app_rol/*", "figma:*"], known) == {
        "app_rol/*",
        "figma:*",
    }
    assert unmatched_patterns([], known) == unmatched_patterns([], []) == frozenset()


@pytest.mark.parametrize(
    ("text", "pattern", "like"),
    [
        ("", "", True),
        ("", "*", True),
        ("a", "", False),
        ("ab", "a*b", True),
        ("a", "a*a", False),
        ("aba", "a*b", False),
        ("ba", "a*", False),
        ("abcabd", "a*b*d", True),
        ("abcabd", "*ca*", True),
        ("abcabd", "*x*", False),
        ("abcabd", "*bd*bd", False),
        ("a\nb", "a*b", True),
        ("a?b", "a?b", True),
        ("axb", "a?b", False),
        ("[a]", "[a]", True),
        ("a", "[a]", False),
    ],
)
def test_is_like_treats_only_a_star_as_a_wildcard(text, pattern, like):
    assert is_like(text, pattern) is like


@pytest.mark.parametrize(
    "match", [is_like, lambda text, pattern: bool(unmatched_patterns([pattern], [Address("x", text)]))]
)
def test_is_like_and_unmatched_patterns_do_not_backtrack(match):
    """A matcher that backtracks would not finish."""
    match("a" * 2_000, "*a" * 100 + "*b")
