"""What an application accepts as the value of a target attribute: in tests of a spec, in a preview and in a plan."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from previews import WRITER_APPLICATION, Rehearsal, minimal_spec, preview, tenant_with_writer
from tenant_fixture import ROOT, told, wishes

from scimconf.impact.preview import Preview, evaluation_context
from scimconf.impact.preview_summary import MAX_UNDETERMINED, SummaryBuilder
from scimconf.impact.target_checks import TargetCheck, target_checks
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan import Plan
from scimconf.plan.impact import Members
from scimconf.plan.preview_redact import preview_redactor, unredacted
from scimconf.plan.redact import redact_plan
from scimconf.presets.model import ValueLimit
from scimconf.presets.target import value_pattern
from scimconf.render import markdown
from scimconf.sandbox.tenant_file import TenantFile
from scimconf.spec.load import load
from scimconf.spec.model import Spec
from scimconf.workflow.validate import validate

CASE = ROOT.parent / "shared" / "cases" / "26"
KELVIN = "\u212a"
"""A letter that .NET may or may not match with `k` where case does not matter."""


@pytest.mark.parametrize(
    ("check", "value", "names"),
    [
        (TargetCheck("a", required=True), None, ["missing"]),
        (TargetCheck("a", required=True), "", ["missing"]),
        (TargetCheck("a", required=True), ("", ""), ["missing"]),
        (TargetCheck("a", required=True), "x", []),
        (TargetCheck("a", max_length=2), "abc", ["too_long"]),
        (TargetCheck("a", max_length=2), ("ab", "abc"), ["too_long"]),
        (TargetCheck("a", max_length=2), "ab", []),
        (TargetCheck("a", max_length=2), None, []),
        (TargetCheck("a", pattern="[^@]*"), "a@b", ["mismatches"]),
        (TargetCheck("a", pattern="[^@]*"), "ab", []),
        (TargetCheck("a", pattern="a|b"), "ab", ["mismatches"]),
        (TargetCheck("a", pattern="[^@]*"), None, []),
        (TargetCheck("a", pattern="(?i)k"), KELVIN, ["undetermined"]),
        (TargetCheck("a", True, 1, "b"), "aa", ["too_long", "mismatches"]),
    ],
)
def test_violations_name_what_the_application_does_not_accept(check, value, names):
    """A pattern matches the whole value; one that cannot be evaluated on a value says nothing about it."""
    assert [violation.name for violation in check.violations(value)] == names


def mapping(source, **more):
    return {"source": source, "match": None, "default": None, "apply": "always", **more}


def state(rows, **more):
    return ProvisioningState(exists=True, scope="all", rows=rows, **more)


def spec_with(**limits):
    users = {"target_attributes": limits} if limits else {}
    tree = {"version": 1, "name": "w", "application": {"display_name": "W"}, "provisioning": {"enabled": True}}
    return Spec.model_validate({**tree, "mappings": {"users": users}} if limits else tree)


def test_target_checks_are_those_of_the_spec_and_of_mapped_required_attributes():
    """A spec may state that an attribute is not required."""
    mapped = state({"a": mapping("[mail]"), "b": mapping("[mail]")}, required_targets=frozenset({"a", "b", "c"}))
    spec = spec_with(b={"required": False, "max_length": 3}, d={"required": True}, e={"type": "string"})
    declared = (TargetCheck("b", max_length=3, is_declared=True), TargetCheck("d", required=True, is_declared=True))
    expected = (TargetCheck("a", required=True), *declared)
    assert target_checks(spec, mapped) == expected
    assert target_checks(spec_with(), mapped) == (TargetCheck("a", required=True), TargetCheck("b", required=True))


def test_target_checks_of_a_preset_are_about_mapped_attributes_without_limits_in_the_spec():
    """Slack takes user names of at most 20 characters, and no @ in display names."""
    mapped = state({"userName": mapping("[mail]"), "displayName": mapping("[mail]")})
    name, user_name = TargetCheck("displayName", pattern="[^@]*"), TargetCheck("userName", True, 20, unique=True)
    spec = spec_with(userName={"type": "string"})
    assert target_checks(spec, mapped) == ()
    named = spec.model_copy(update={"preset": "slack"})
    assert target_checks(named, mapped) == (name, user_name)
    assert target_checks(named, state({"displayName": mapping("[mail]")})) == (name,)
    own = spec_with(userName={"max_length": 5}).model_copy(update={"preset": "slack"})
    assert target_checks(own, mapped) == (name, TargetCheck("userName", max_length=5, is_declared=True))
    assert target_checks(spec.model_copy(update={"preset": "nobody"}), mapped) == ()


@pytest.mark.parametrize(
    ("characters", "pattern", "accepted", "refused"),
    [
        ("]^-\\", "", "ab", "a]"),
        ("]^-\\", "", "ab", "a\\b"),
        ('"<>;:%\t', "", "a b", "a\tb"),
        ("@", "[a-z@]+", "ab", "a@"),
        ("@", "[a-z]+", "ab", "A"),
    ],
)
def test_value_pattern_excludes_the_characters_that_a_vendor_refuses(characters, pattern, accepted, refused):
    limit = ValueLimit(attribute="a", forbidden_characters=characters, pattern=pattern, source="guide")
    check = TargetCheck("a", pattern=value_pattern(limit))
    assert [list(check.violations(value)) == [] for value in (accepted, refused)] == [True, False]
    assert value_pattern(ValueLimit(attribute="a", unique=True, source="guide")) is None


NAMES_PRESET = """\
version: 1
name: slack
preset: slack
application: {display_name: Slack}
provisioning: {enabled: true}
mappings:
  users:
    target_attributes: {title: {type: string}}
    attributes: {userName: mailNickname, title: jobTitle}
tests:
  - {name: long, given: {mailNickname: wolfeschlegelsteinhausen}, expect: {userName: wolfeschlegelsteinhausen}}
  - {name: title, given: {jobTitle: Engineer of many a thing}, expect: {title: Engineer of many a thing}}
"""


def test_test_of_a_spec_fails_if_the_vendor_refuses_the_expected_value():
    loaded = load("scimconf.yaml", lambda _: NAMES_PRESET, {}, {}, lambda _: True)
    (error,) = validate(loaded, date(2026, 11, 25))
    assert (error.code, error.location.line) == ("K510", 11)
    assert "which has 24 characters, but at most 20 are accepted" in error.message
    assert "`scimconf preset show`" in error.hint


def summary_of(checks, rows, *users, redact=unredacted):
    same = state(rows)
    evaluator = Preview(same, same, Members(), evaluation_context(None, datetime(2026, 11, 25, tzinfo=UTC)))
    builder = SummaryBuilder((), checks, evaluator.identifiers)
    previews = []
    for number, user in enumerate(users):
        known = {"id": str(number), "userPrincipalName": f"u{number}@x.y", "accountEnabled": True, "mail": None}
        previews.append(builder.add(evaluator.user(known | user), redact))
    return builder.summary(), previews


def test_summary_counts_users_whose_values_are_not_accepted():
    """Every user has a note. An undetermined or failing value, and a disabled user without a value, are not counted."""
    rows = {
        "a": mapping("[mail]"),
        "b": mapping("[manager]"),
        "c": mapping('Word([mail], "x", " ")'),
        "d": mapping("[city]", default="x"),
    }
    checks = [TargetCheck(target, required=True) for target in "abcde"]
    summary, previews = summary_of(checks, rows, {"mail": "x@x.y"}, {}, {"accountEnabled": False})
    counts = {one.target: one.counts.get("missing") for one in summary.mappings if "missing" in one.counts}
    assert counts == {"a": 1, "e": 2}
    assert "a has no value, but the application requires one." in previews[1].notes
    assert {one.target: one.examples.get("missing") for one in summary.mappings}["a"] == ("u1@x.y: not sent",)


def test_summary_counts_users_who_share_a_value_that_must_be_unique():
    checks = [TargetCheck("a", unique=True)]
    users = ({"mail": mail} for mail in ("x@x", "X@x", "y@x", None, None))
    summary, previews = summary_of(checks, {"a": mapping("[mail]")}, *users)
    (counted,) = summary.mappings
    assert (counted.counts, counted.examples["repeated"]) == ({"repeated": 2}, ('u1@x.y: "X@x"',))
    assert previews[1].notes == ("Another user has the same a, which must be unique.",)


def test_summary_gives_a_pattern_up_that_cannot_be_evaluated():
    """So that a slow one costs a bounded time; the values of the other users are then undetermined too."""
    users = [{"mail": KELVIN}] * MAX_UNDETERMINED + [{"mail": "k"}]
    rows = {"a": mapping("[mail]")}
    summary, _ = summary_of([TargetCheck("a", pattern="(?i)k")], rows, *users)
    assert [one.counts for one in summary.mappings] == [{"undetermined": MAX_UNDETERMINED + 1}]
    summary, _ = summary_of([TargetCheck("a", pattern="(?i)k")], rows, *users[1:])
    assert [one.counts for one in summary.mappings] == [{"undetermined": MAX_UNDETERMINED - 1}]


def test_summary_ignores_users_who_are_left_out():
    checks = [TargetCheck("a", required=True)]
    rows = {"a": mapping("[mail]"), "b": mapping('IIF([city] = "Ulm", IgnoreObjectFlow, [city])')}
    summary, _ = summary_of(checks, rows, {"city": "Ulm"})
    assert not [one for one in summary.mappings if "missing" in one.counts]


NAME, MAIL = "userName", 'emails[type eq "work"].value'


@pytest.mark.parametrize(
    ("name", "mail", "counted"),
    [
        ("[userPrincipalName]", "[mail]", 2),
        ("[mail]", "[userPrincipalName]", 1),
        ("[originalUserPrincipalName]", "[mail]", 2),
        ("[mail]", "[mail]", 0),
        ("[userPrincipalName]", "[userPrincipalName]", 0),
        ("[userPrincipalName]", "[otherMails]", 0),
        ("[userPrincipalName]", None, 0),
    ],
)
def test_summary_counts_users_whose_mail_is_not_their_user_principal_name(name, mail, counted):
    """It matters only if one of them is the user name and the other the e-mail address that is sent."""
    rows = {NAME: mapping(name), **({MAIL: mapping(mail)} if mail else {})}
    users = ({"mail": "U0@x.y"}, {"mail": "ada@x.y"}, {"mail": None})
    summary, _ = summary_of((), rows, *users)
    assert (summary.other_mail, len(summary.other_mail_examples)) == (counted, counted)


def test_summary_names_three_users_whose_mail_differs_by_their_redacted_names():
    rows = {NAME: mapping("[userPrincipalName]"), MAIL: mapping("[mail]")}
    redact = preview_redactor(lambda name: f"user-{name[1]:0>8}")
    summary, _ = summary_of((), rows, *({"mail": "other@x.y"} for _ in range(4)), redact=redact)
    assert (summary.other_mail, summary.other_mail_examples) == (4, ("user-00000000", "user-00000001", "user-00000002"))


def test_preview_warns_about_users_whose_mail_differs(tmp_path):
    result = preview(tenant_with_plato(mail="p@contoso.com"), minimal_spec(tmp_path))
    warning = (
        "1 user has a userPrincipalName that differs from their mail, or no mail. "
        "If the application knows users by their e-mail address, check: plato@contoso.com."
    )
    assert result.document["applications"][0]["summary"]["warnings"] == [warning]


@pytest.mark.parametrize(("mail", "kind"), [("x@x", "undetermined"), (None, "null")])
def test_preview_of_an_extension_without_an_attribute_is_undetermined(mail, kind):
    target = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
    rows = {target: mapping("[mail]"), f"{target}:level": mapping("[mail]")}
    _, (user,) = summary_of((), rows, {"mail": mail})
    sent = user.after.sent
    assert (sent[target].kind, sent[f"{target}:level"].kind) == (kind, "value" if mail else "null")
    assert ("extension without an attribute" in sent[target].reason) is (mail is not None)


# --- a required attribute that a user lacks -------------------------------------------------------------------------

LIMITS = """
mappings:
  users:
    target_attributes:
      %s
    attributes:
      name.familyName: surname
      userName: {source: userPrincipalName, match: 1}
"""


def tenant_with_plato(**more):
    """Return Writer with one more assigned user, who has no surname."""
    users = [{"userPrincipalName": "plato@contoso.com", "givenName": "Plato", "displayName": "Plato", **more}]
    assignments = [*WRITER_APPLICATION["assignments"], {"user": "plato@contoso.com", "role": "member"}]
    return Rehearsal(TenantFile(tenant_with_writer(application={"assignments": assignments}, users=users)))


def assert_plato_is_named(tenant: Rehearsal, path: Path) -> None:
    result = preview(tenant, path)
    assert result.counts("name.familyName") == {"missing": 1}
    assert result.users["plato"]["notes"] == ["name.familyName has no value, but the application requires one."]
    planned = tenant.plan(path)
    (warning,) = [one for one in planned.plan.warnings if one.code == "K514"]
    assert warning.path == ("mappings", "users", "target_attributes", "name.familyName")
    assert warning.message.startswith("1 of ")
    assert warning.message.endswith(" users has no value, but the application requires one: plato@contoso.com")
    plan = Plan(planned.tenant, (planned.plan,))
    assert "plato@contoso.com" in markdown.plan(plan)
    assert "plato@contoso.com" not in markdown.plan(redact_plan(plan))


def test_preview_and_plan_name_users_without_a_required_value(tmp_path):
    assert_plato_is_named(tenant_with_plato(), minimal_spec(tmp_path, LIMITS % "name.familyName: {required: true}"))


@pytest.mark.skipif(not CASE.exists(), reason="the shared cases are not here")
def test_case_26_names_the_user_without_a_required_value():
    tenant = Rehearsal(TenantFile(json.loads((CASE / "tenant.json").read_text("utf-8"))))
    assert_plato_is_named(tenant, CASE / "scimconf.yaml")


def test_plan_names_three_users_whose_values_break_a_limit_and_writes_no_limit(tmp_path):
    """The limits are no part of the attribute's definition: a plan has no change because of them."""
    limits = "userName: {max_length: 5, pattern: '[^@]*', unique: true}\n      title: {type: string}"
    path = minimal_spec(tmp_path, (LIMITS % limits) + "      title: city\n")
    planned = tenant_with_plato().plan(path)
    assert [str(change.address) for change in planned.plan.changes] == ["writer:attribute_mapping/users/title"]
    messages = [warning.message for warning in planned.plan.warnings if warning.code == "K514"]
    names = "ada@contoso.com, barbara@contoso.com, edsger@contoso.com and 3 more"
    assert messages == [
        f"6 of 6 users have a value that is too long: {names}",
        f"6 of 6 users have a value that does not match the pattern: {names}",
    ]
    assert "K514" not in told(tenant_with_plato().plan(path, wishes(impact=False)))


# --- tests of a spec ------------------------------------------------------------------------------------------------

HEAD = """\
version: 1
name: slack
tenant: contoso.com
application: {display_name: Slack}
provisioning: {enabled: true}
"""
SLACK = """\
mappings:
  users:
    target_attributes:
      userName: {max_length: 20, pattern: "[^@]*"}
      name.familyName: {required: true}
    attributes:
      userName: {source: mailNickname, match: 1}
      name.familyName: surname
tests:
  - {name: x, mapping: users, given: %s, %s}
"""


def diagnostics(text):
    loaded = load("scimconf.yaml", {"scimconf.yaml": (HEAD + text).encode()}.__getitem__, {}, {}, lambda _: True)
    assert loaded.spec is not None, loaded.diagnostics
    return [one for one in validate(loaded, date(2026, 11, 30)) if one.code in ("K510", "K513")]


LONG = "bartholomew.longfellow"


@pytest.mark.parametrize(
    ("given", "expected", "messages"),
    [
        ("{mailNickname: ada}", "expect: {userName: ada}", []),
        ("{mailNickname: ada, surname: L}", "payload: {userName: ada, name: {familyName: L}}", []),
        (f"{{mailNickname: {LONG}}}", f"expect: {{userName: {LONG}}}", [
            f'userName: "{LONG}" is sent to userName, which has 22 characters, but at most 20 are accepted']),
        ("{mailNickname: a@b}", "expect: {userName: a@b}", [
            'userName: "a@b" is sent to userName, which does not match the pattern [^@]*']),
        ("{surname: null}", "expect: {name.familyName: null}", [
            "name.familyName: name.familyName has no value, but the application requires one"]),
        ("{mailNickname: ada}", "payload: {userName: ada}", [
            "name.familyName: name.familyName has no value, but the application requires one"]),
        ("{mailNickname: ada}", "expect: {userName: eve}", ['userName: [mailNickname] returns "ada", expected "eve"; mailNickname is "ada"']),
    ],
)  # fmt: skip
def test_validate_reports_tested_values_that_the_application_does_not_accept(given, expected, messages):
    """A value that is as expected fails too."""
    found = diagnostics(SLACK % (given, expected))
    assert [one.message for one in found] == [f'in "x", {message}' for message in messages]


@pytest.mark.parametrize("pattern", ["(", "(?<a-b>x)", "a{99999}"])
def test_validate_reports_a_pattern_that_cannot_be_evaluated(pattern):
    (found,) = diagnostics(f"mappings: {{users: {{target_attributes: {{userName: {{pattern: '{pattern}'}}}}}}}}")
    assert found.code == "K513"
    assert found.message.startswith("the pattern of userName cannot be evaluated: ")
