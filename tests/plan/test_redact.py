"""redact_plan() and text_redactor(): users are replaced everywhere, and nothing else changes."""

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
    FailedApplication,
    FieldChange,
    Guard,
    MissingPrincipal,
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


def application_plan(redacted):
    (application,) = redacted.applications
    return application


def redacted_message(message, **more):
    """Return a warning's message after the redaction of a plan that assigns Ada."""
    ada = change(assignment(f"user:{ADA}", key=(ID, ROLE), principal="Ada Lovelace"))
    return application_plan(redact_plan(plan(ada, warnings=(Diagnostic("X", message),), **more))).warnings[0].message


PSEUDONYM = re.compile(r"user:user-[0-9a-f]{8}")


def test_redact_plan_replaces_missing_users_and_names_in_failures():
    """A missing user has the same pseudonym everywhere, also one that is listed by id; groups keep their names."""
    names = [("user", ADA), ("user", ID), ("group", "Sales")]
    missing = [
        MissingPrincipal(
            type_, name, (Address("writer", "assignment", f"{type_}:{name}/x"),), Diagnostic("K811", f"{name} is gone")
        )
        for type_, name in names
    ]
    failed = FailedApplication("other", f"GET /users/{ADA} answered 404", paths=("a.yaml",))
    whole = replace(plan(missing=tuple(missing)), failures=(failed,))
    redacted = redact_plan(whole)
    rows = {row.type: row for row in application_plan(redacted).missing}
    assert rows["group"] == missing[2]
    for row in application_plan(redacted).missing[1:]:
        assert re.fullmatch(r"user-[0-9a-f]{8}", row.name)
        assert row.diagnostic.message == f"{row.name} is gone"
        assert [address.rest for address in row.assignments] == [f"user:{row.name}/x"]
    assert ADA not in redacted.failures[0].message
    assert redact_plan(redacted) == redacted
    assert "ada@" not in machine.plan(redacted) + text.plan(redacted) + markdown.plan(redacted) + html.plan(redacted)


# --- addresses, keys and facts -------------------------------------------------------------------------------------


def test_redact_plan_replaces_the_user_of_an_address_and_keeps_the_role():
    (one,) = application_plan(redact_plan(plan(change(assignment(f"user:{ADA}", "a%2Fb"))))).changes
    assert re.fullmatch(r"writer:assignment/user:user-[0-9a-f]{8}/a%2Fb", str(one.address))
    assert one.after.address == one.address


def test_redact_plan_keeps_the_names_of_groups_and_service_principals():
    changes = (change(assignment("group:Ada's team")), change(assignment("servicePrincipal:daemon")))
    assert redact_plan(plan(*changes)).applications[0].changes == changes


def test_redact_plan_removes_users_from_keys_and_facts():
    facts = {"id": "aaa", "principal": "Ada", "principal_id": ID, "type": "User", "role": "admin"}
    seen = replace(assignment(f"user:{ADA}", key=(ID, ROLE)), facts=facts)
    (one,) = application_plan(redact_plan(plan(change(seen, Action.DELETE)))).changes
    assert one.before.key[1:] == (ROLE,)
    assert PSEUDONYM.fullmatch(f"user:{one.before.key[0]}")
    assert one.before.facts == {"type": "User", "role": "admin"}


def test_redact_plan_redacts_drift_unmanaged_and_abandoned_resources():
    one = assignment(f"user:{ADA}")
    abandoned_resource = Abandoned(one.address, f'assignments.users: - {{user: "{ADA}", absent: true}}')
    redacted = application_plan(
        redact_plan(plan(unmanaged_drift=(one,), unmanaged=(one,), abandoned=(abandoned_resource,)))
    )
    rest = redacted.unmanaged_drift[0].address.rest
    assert {redacted.unmanaged[0].address.rest, redacted.abandoned[0].address.rest} == {rest}
    assert rest.split("/")[0].removeprefix("user:") in redacted.abandoned[0].removal_snippet


def test_redact_plan_sorts_changes_by_their_redacted_addresses():
    changes = [change(assignment(f"user:p{number:02}@contoso.com")) for number in range(20)]
    schedule = change(Resource(Address("writer", "schedule")))
    redacted = application_plan(redact_plan(plan(*changes, schedule))).changes
    assert [one.kind for one in redacted] == ["assignment"] * 20 + ["schedule"]
    assert list(redacted[:20]) == sorted(redacted[:20], key=lambda one: one.address)


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
def test_redact_plan_replaces_users_in_messages(message, shape):
    ada = redacted_message(ADA)
    assert re.fullmatch(
        shape.replace("P", ada).replace("O", "user-[0-9a-f]{8}").replace("?", r"\?"), redacted_message(message)
    )


def test_redact_plan_covers_reasons_guards_warnings_and_options():
    address = assignment(f"user:{ADA}").address
    redacted = redact_plan(
        replace(
            plan(
                change(assignment(f"user:{ADA}"), reason=f"for {ADA}"),
                guards=(Guard("a", f"stops {ADA}", f"permit: {ADA} wants it", 1, address), Guard("b", "x")),
                warnings=(Diagnostic("N", ADA, ("users", ADA, 1), hint=f"ask {ADA}"),),
            ),
            options={"only": [f"*user:{ADA}*"], "number": 1},
        )
    )
    assert "ada" not in repr(redacted).lower()
    assert redacted.options["number"] == 1
    assert application_plan(redacted).guards[0].address == application_plan(redacted).changes[0].address


def test_text_redactor_uses_the_pseudonyms_of_redact_plan():
    ada = plan(change(assignment(f"user:{ADA}")))
    assert f"assign user:{ADA}".replace(ADA, "") in text_redactor(ada)(f"assign user:{ADA}")
    assert text_redactor(ada)(f"user:{ADA}/admin") == first_address(redact_plan(ada))
    assert text_redactor(ada, "secret")(f"user:{ADA}/admin") == first_address(redact_plan(ada, "secret"))


def test_redact_plan_replaces_a_user_name_of_spaces():
    assert PSEUDONYM.match(first_address(redact_plan(plan(change(assignment("user:  "))))))


def test_redact_plan_redacts_nested_values():
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
    redacted = redact_plan(plan(change(resource, fields=fields)))
    assert "ada" not in repr(redacted).lower()
    assert application_plan(redacted).changes[0].fields[1] == fields[1]
    assert application_plan(redacted).changes[0].after.fields["on"] is True


def test_renderers_print_no_user_of_a_redacted_plan():
    ada = change(assignment(f"user:{ADA}"))
    redacted = redact_plan(plan(ada, warnings=(Diagnostic("N", f"{ADA} and eve@evil.example"),)))
    for rendered in (text.plan(redacted), markdown.plan(redacted), html.plan(redacted), machine.plan(redacted)):
        assert not re.search(r"\bada\b|\beve\b", rendered.replace("sandbox", ""))
    json.loads(machine.plan(redacted))


# --- pseudonyms ----------------------------------------------------------------------------------------------------


def first_address(redacted):
    return application_plan(redacted).changes[0].address.rest


def test_pseudonyms_are_equal_in_all_applications_and_letter_cases():
    one = plan(change(assignment(f"user:{ADA}"))).applications[0]
    both = Plan(applications=(one, replace(one, name="b", changes=(change(assignment(f"user:{ADA.upper()}")),))))
    names = {application.changes[0].address.rest for application in redact_plan(both).applications}
    assert len(names) == 1


def test_pseudonyms_depend_on_the_spec_and_the_secret():
    one = plan(change(assignment(f"user:{ADA}")))
    other = replace(one, applications=(replace(application_plan(one), digest="another"),))
    assert first_address(redact_plan(one)) == first_address(redact_plan(one))
    redacted_plans = (redact_plan(one), redact_plan(other), redact_plan(one, "secret"))
    assert len({first_address(redacted) for redacted in redacted_plans}) == 3


def test_pseudonyms_are_equal_for_a_saved_plan():
    ada = assignment(f"user:{ADA}", key=(ID, ROLE), principal=ADA)
    assert first_address(redact_plan(plan(change(ada)))) == first_address(
        redact_plan(plan(Change(ada.address, Action.CREATE)))
    )


def test_redact_plan_is_idempotent():
    once = redact_plan(
        plan(change(assignment(f"user:{ADA}", key=(ID, ROLE))), warnings=(Diagnostic("N", f"{ADA} {ID}"),))
    )
    assert redact_plan(once) == once


def test_redact_plan_gives_users_with_equal_short_hashes_different_pseudonyms(monkeypatch):
    from scimconf.plan import redact

    real = redact._pseudonym
    monkeypatch.setattr(
        redact, "_pseudonym", lambda key, name, length=8: "user-00000000" if length == 8 else real(key, name, length)
    )
    redacted = application_plan(redact_plan(plan(*(change(assignment(f"user:p{number}@x.y")) for number in range(3)))))
    names = {one.address.rest for one in redacted.changes}
    assert len(names) == 3
    assert sum(name == "user:user-00000000/admin" for name in names) == 1


@given(st.text(max_size=30), st.text(max_size=30))
def test_redact_plan_accepts_any_name_and_any_message(name, message):
    redacted = redact_plan(
        plan(change(assignment(f"user:{name.replace('/', '')}")), warnings=(Diagnostic("N", message),))
    )
    assert application_plan(redacted).changes[0].address.rest.startswith("user:")
    assert redact_plan(redacted) == redacted


def test_redact_plan_takes_time_linear_in_users_and_text_length():
    def work(number, length):
        changes = [change(assignment(f"user:Person {n}", key=(f"{n}", ROLE))) for n in range(number)]
        return calls(lambda: redact_plan(plan(*changes, warnings=(Diagnostic("N", "a.b-" * length),))))

    assert work(5_000, 20_000) < 15 * work(500, 2_000)
