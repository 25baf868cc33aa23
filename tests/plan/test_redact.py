"""Plans without people's names: nobody is named anywhere, and everything else is as it was."""

import json
import re
from dataclasses import replace

import pytest
from call_counter import calls
from hypothesis import given
from hypothesis import strategies as st

from scimconf.diagnostics import Diagnostic
from scimconf.plan import (
    Abandoned,
    Action,
    Address,
    ApplicationPlan,
    Change,
    Detail,
    FieldChange,
    Guard,
    Plan,
    Resource,
    Tenant,
    WriteOnly,
)
from scimconf.plan.redact import redact_plan, text_redactor
from scimconf.render import html, markdown, text
from scimconf.render import json as machine

ADA, ID, ROLE = "ada@contoso.com", "0f9a0a3f-9a11-4c43-8d5b-7c1b8a529b1d", "11111111-2222-3333-4444-555555555555"


def assignment(name, role="admin", key=None, **facts):
    return Resource(Address("writer", "assignment", f"{name}/{role}"), {}, key, facts)


def change(resource, action=Action.CREATE, **more):
    return Change(resource.address, action, None if action is Action.CREATE else resource, resource, **more)


def plan(*changes, **more):
    return Plan(Tenant("t"), (ApplicationPlan("writer", digest="d", changes=changes, **more),))


def only(made):
    (application,) = made.applications
    return application


def said(message, **more):
    """What becomes of a message in a plan that assigns Ada."""
    ada = change(assignment(f"user:{ADA}", key=(ID, ROLE), principal="Ada Lovelace"))
    return only(redact_plan(plan(ada, warnings=(Diagnostic("X", message),), **more))).warnings[0].message


PERSON = re.compile(r"user:user-[0-9a-f]{8}")


# --- addresses, keys and facts -------------------------------------------------------------------------------------


def test_a_person_in_an_address_is_a_pseudonym_and_the_role_is_kept():
    (one,) = only(redact_plan(plan(change(assignment(f"user:{ADA}", "a%2Fb"))))).changes
    assert re.fullmatch(r"writer:assignment/user:user-[0-9a-f]{8}/a%2Fb", str(one.address))
    assert one.after.address == one.address


def test_groups_and_service_principals_keep_their_names():
    changes = (change(assignment("group:Ada's team")), change(assignment("servicePrincipal:daemon")))
    assert redact_plan(plan(*changes)).applications[0].changes == changes


def test_the_key_and_the_facts_name_nobody():
    facts = {"id": "aaa", "principal": "Ada", "principal_id": ID, "type": "User", "role": "admin"}
    seen = replace(assignment(f"user:{ADA}", key=(ID, ROLE)), facts=facts)
    (one,) = only(redact_plan(plan(change(seen, Action.DELETE)))).changes
    assert one.before.key[1:] == (ROLE,)
    assert PERSON.fullmatch(f"user:{one.before.key[0]}")
    assert one.before.facts == {"type": "User", "role": "admin"}


def test_drift_and_what_is_left_alone_or_behind_is_redacted_too():
    one = assignment(f"user:{ADA}")
    behind = Abandoned(one.address, f'assignments.users: - {{user: "{ADA}", absent: true}}')
    made = only(redact_plan(plan(unmanaged_drift=(one,), unmanaged=(one,), abandoned=(behind,))))
    person = made.unmanaged_drift[0].address.rest
    assert {made.unmanaged[0].address.rest, made.abandoned[0].address.rest} == {person}
    assert person.split("/")[0].removeprefix("user:") in made.abandoned[0].removal_snippet


def test_the_new_order_does_not_tell_the_order_of_names():
    changes = [change(assignment(f"user:p{number:02}@contoso.com")) for number in range(20)]
    schedule = change(Resource(Address("writer", "schedule")))
    made = only(redact_plan(plan(*changes, schedule))).changes
    assert [one.kind for one in made] == ["assignment"] * 20 + ["schedule"]
    assert list(made[:20]) == sorted(made[:20], key=lambda one: one.address)


# --- texts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        ("ada@contoso.com is not there", r"P is not there"),
        ("ADA@Contoso.com, twice: ada@contoso.com", r"P, twice: P"),
        ("Ada Lovelace is listed twice", r"P is listed twice"),
        ("Ada Lovelaceson stays", r"Ada Lovelaceson stays"),
        ("Grada Lovelace stays", r"Grada Lovelace stays"),
        (f"the principal {ID} is unknown", r"the principal P is unknown"),
        ("writer:assignment/user:ada@contoso.com/admin comes along", r"writer:assignment/user:P/admin comes along"),
        ("ada@contoso.community is another one", r"O is another one"),
        ('did you mean "王小明@contoso.com"?', r'did you mean "O"?'),
        ("gast_x.com#EXT#@contoso.onmicrosoft.com.", r"O."),
        (r"^(adm|svc)-.*@contoso\.com$ is kept", r"\^\(adm\|svc\)-\.\*@contoso\\\.com\$ is kept"),
        ('Join("@", [a], [b])', r'Join\("@", \[a\], \[b\]\)'),
        ("@ and @x and x@ stay", r"@ and @x and x@ stay"),
        ("", ""),
    ],
)
def test_people_in_a_message(message, shape):
    ada = said(ADA)
    assert re.fullmatch(shape.replace("P", ada).replace("O", "user-[0-9a-f]{8}").replace("?", r"\?"), said(message))


def test_everything_that_is_said_is_read():
    address = assignment(f"user:{ADA}").address
    made = redact_plan(
        replace(
            plan(
                change(assignment(f"user:{ADA}"), reason=f"for {ADA}"),
                guards=(Guard("a", f"stops {ADA}", f"permit: {ADA} wants it", 1, address), Guard("b", "x")),
                warnings=(Diagnostic("N", ADA, ("users", ADA, 1), hint=f"ask {ADA}"),),
            ),
            options={"only": [f"*user:{ADA}*"], "number": 1},
        )
    )
    assert "ada" not in repr(made).lower()
    assert made.options["number"] == 1
    assert only(made).guards[0].address == only(made).changes[0].address


def test_any_other_text_can_be_read_by_the_same_pseudonyms():
    ada = plan(change(assignment(f"user:{ADA}")))
    assert f"assign user:{ADA}".replace(ADA, "") in text_redactor(ada)(f"assign user:{ADA}")
    assert text_redactor(ada)(f"user:{ADA}/admin") == person(redact_plan(ada))
    assert text_redactor(ada, "secret")(f"user:{ADA}/admin") == person(redact_plan(ada, "secret"))


def test_a_name_of_spaces_is_a_name_too():
    assert PERSON.match(person(redact_plan(plan(change(assignment("user:  "))))))


def test_values_are_read_to_the_bottom():
    fields = (
        FieldChange(
            "filters",
            None,
            [{"name": ADA, ADA: (ADA, 1, None)}],
            (Detail((0,), None, {"value": ADA}),),
        ),
        FieldChange("secret", None, WriteOnly("TOKEN"), write_only=True),
    )
    resource = Resource(Address("writer", "object_mapping", "users"), {"filters": [ADA], "on": True}, facts={"by": ADA})
    made = redact_plan(plan(change(resource, fields=fields)))
    assert "ada" not in repr(made).lower()
    assert only(made).changes[0].fields[1] == fields[1]
    assert only(made).changes[0].after.fields["on"] is True


def test_no_page_names_anybody():
    ada = change(assignment(f"user:{ADA}"))
    made = redact_plan(plan(ada, warnings=(Diagnostic("N", f"{ADA} and eve@evil.example"),)))
    for rendered in (text.plan(made), markdown.plan(made), html.plan(made), machine.plan(made)):
        assert not re.search(r"\bada\b|\beve\b", rendered.replace("sandbox", ""))
    json.loads(machine.plan(made))


# --- pseudonyms ----------------------------------------------------------------------------------------------------


def person(made):
    return only(made).changes[0].address.rest


def test_a_person_is_the_same_in_every_application_and_letter_case():
    one = plan(change(assignment(f"user:{ADA}"))).applications[0]
    both = Plan(applications=(one, replace(one, name="b", changes=(change(assignment(f"user:{ADA.upper()}")),))))
    names = {application.changes[0].address.rest for application in redact_plan(both).applications}
    assert len(names) == 1


def test_a_pseudonym_holds_for_one_spec_and_one_secret():
    one = plan(change(assignment(f"user:{ADA}")))
    other = replace(one, applications=(replace(only(one), digest="another"),))
    assert person(redact_plan(one)) == person(redact_plan(one))
    assert len({person(redact_plan(one)), person(redact_plan(other)), person(redact_plan(one, "secret"))}) == 3


def test_a_plan_that_was_read_back_gives_the_same_pseudonyms():
    ada = assignment(f"user:{ADA}", key=(ID, ROLE), principal=ADA)
    assert person(redact_plan(plan(change(ada)))) == person(redact_plan(plan(Change(ada.address, Action.CREATE))))


def test_redacting_twice_is_redacting_once():
    once = redact_plan(
        plan(change(assignment(f"user:{ADA}", key=(ID, ROLE))), warnings=(Diagnostic("N", f"{ADA} {ID}"),))
    )
    assert redact_plan(once) == once


def test_two_people_never_share_a_pseudonym(monkeypatch):
    from scimconf.plan import redact

    real = redact._pseudonym
    monkeypatch.setattr(
        redact, "_pseudonym", lambda key, name, length=8: "user-00000000" if length == 8 else real(key, name, length)
    )
    made = only(redact_plan(plan(*(change(assignment(f"user:p{number}@x.y")) for number in range(3)))))
    names = {one.address.rest for one in made.changes}
    assert len(names) == 3
    assert sum(name == "user:user-00000000/admin" for name in names) == 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_and_any_message(name, message):
    made = redact_plan(plan(change(assignment(f"user:{name.replace('/', '')}")), warnings=(Diagnostic("N", message),)))
    assert only(made).changes[0].address.rest.startswith("user:")
    assert redact_plan(made) == made


def test_time_grows_with_the_number_of_people_and_with_the_length_of_texts():
    def work(number, length):
        people = [change(assignment(f"user:Person {n}", key=(f"{n}", ROLE))) for n in range(number)]
        return calls(lambda: redact_plan(plan(*people, warnings=(Diagnostic("N", "a.b-" * length),))))

    assert work(5_000, 20_000) < 15 * work(500, 2_000)
