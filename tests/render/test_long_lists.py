"""Long lists in a plan: the first and last entries, and a number between them; `full` shows all."""

import pytest

from scimconf.plan import (
    Action,
    Address,
    ApplicationPlan,
    Change,
    Effect,
    FieldChange,
    Plan,
    Resource,
)
from scimconf.render import markdown, text
from scimconf.render.common.long_lists import ENDS, MAX_ENTRIES, excerpt

FORMATS = {
    "text": (lambda plan, **options: text.plan(plan, width=100, **options), "more users"),
    "markdown": (markdown.plan, "more users"),
}


def assignment(name, role="member", action=Action.CREATE):
    side = {"after": role} if action is Action.CREATE else {"before": role}
    return Change(
        Address("writer", "assignment", f"user:{name}@contoso.com/{role}"),
        action,
        fields=(FieldChange("role", **{"before": None, "after": None, **side}),),
        effects=frozenset({Effect.PROVISIONS if action is Action.CREATE else Effect.DEPROVISIONS}),
    )


def people(number):
    return [assignment(f"user{index:05}") for index in range(number)]


def plan(*changes, **more):
    return Plan(applications=(ApplicationPlan("writer", changes=changes, **more),))


@pytest.mark.parametrize(
    ("entries", "first", "omitted", "last"),
    [
        (0, 0, 0, 0),
        (MAX_ENTRIES, MAX_ENTRIES, 0, 0),
        (MAX_ENTRIES + 1, ENDS, MAX_ENTRIES + 1 - 2 * ENDS, ENDS),
        (4_012, ENDS, 4_002, ENDS),
    ],
)
def test_excerpt_of_a_list(entries, first, omitted, last):
    shown = excerpt(range(entries), full=False)
    assert (len(shown.first), shown.omitted, len(shown.last)) == (first, omitted, last)
    assert excerpt(range(entries), full=True).first == range(entries)


@pytest.mark.parametrize("form", FORMATS)
def test_many_assignments_are_summarised(form):
    render, _ = FORMATS[form]
    rendered = render(plan(*people(4_012)))
    assert "4,002 more users" in rendered
    assert "user00004@" in rendered
    assert "user00005@" not in rendered
    assert "user04006@" not in rendered
    assert "user04007@" in rendered
    assert "4,012 " in rendered


@pytest.mark.parametrize("form", FORMATS)
def test_full_lists_every_assignment(form):
    render, _ = FORMATS[form]
    rendered = render(plan(*people(300)), full=True)
    assert "more users" not in rendered
    assert all(f"user{index:05}@contoso.com" in rendered for index in range(300))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "other",
    [assignment("user00150", "admin"), assignment("user00150", action=Action.DELETE)],
    ids=["another role", "a removal"],
)
def test_change_that_differs_from_the_many_is_always_shown(form, other):
    render, _ = FORMATS[form]
    changes = [change for change in people(300) if "user00150@" not in change.address.rest]
    assert "user00150@contoso.com" in render(plan(*changes, other))
    assert "user00150@contoso.com" not in render(plan(*people(300)))


def test_text_of_a_long_list():
    rendered = text.plan(plan(*people(30), assignment("zoe", "admin")), width=100)
    assert rendered.splitlines()[2:15] == [
        "  + assignment/user:zoe@contoso.com        admin",
        "  + assignment/user:user00000@contoso.com  member",
        "  + assignment/user:user00001@contoso.com  member",
        "  + assignment/user:user00002@contoso.com  member",
        "  + assignment/user:user00003@contoso.com  member",
        "  + assignment/user:user00004@contoso.com  member",
        "  + 20 more users                          member  (--full lists all)",
        "  + assignment/user:user00025@contoso.com  member",
        "  + assignment/user:user00026@contoso.com  member",
        "  + assignment/user:user00027@contoso.com  member",
        "  + assignment/user:user00028@contoso.com  member",
        "  + assignment/user:user00029@contoso.com  member",
        "      up to 31 users may be created: user00000@contoso.com, user00001@contoso.com,",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_unmanaged_drift_is_summarised(form):
    drift = tuple(Resource(Address("writer", "app_role", f"role{index:03}")) for index in range(50))
    render, _ = FORMATS[form]
    assert "40 more" in render(plan(unmanaged_drift=drift))
    assert "role020" in render(plan(unmanaged_drift=drift), full=True)
