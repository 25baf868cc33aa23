"""Specs made from public reports, planned and applied: what a tenant with their users and roles shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_specs import CASES, translate_spec
from tenant_fixture import NOON, TOKEN, WRITER, Rehearsal, all_allowed, changes, exit_code

from scimconf.expressions import evaluate
from scimconf.expressions.evaluation import Failure, Undetermined
from scimconf.kinds import mappings
from scimconf.lint import lint
from scimconf.spec.load import load

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside this checkout")
ADMIN_AND_MEMBER = [{"value": name, "displayName": name, "id": name} for name in ("admin", "member")]
ACME = {
    "displayName": "Acme",
    "template": "custom",
    "roles": [{"value": "admin"}, {"value": "member"}],
    "secrets": {"BaseAddress": "https://acme.example.com/scim/v2", "SecretToken": TOKEN, "SyncAll": "false"},
    "jobs": [{"template": "scim", "state": "Active"}],
}


def spec_of(text):
    return load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True)


def case(name):
    return spec_of(translate_spec((CASES / name).read_text("utf-8")))


def acme(*assignments, **switches):
    application = ACME | {"assignments": list(assignments)}
    return Rehearsal({"applications": [application]}, environ={"ACME_TOKEN": TOKEN}, **switches)


def warning(planned, code):
    [message] = [diagnostic.message for diagnostic in planned.plan.warnings if diagnostic.code == code]
    return message


def test_case_01_a_date_of_an_empty_string_is_undetermined():
    outcome = evaluate('FormatDateTime([a], , "dd/MM/yyyy", "yyyy-MM-dd")', {"a": ""}, now=NOON)
    assert isinstance(outcome, Undetermined)
    assert "sqlravingsandotherstuff.blogspot.com" in outcome.reason


def test_case_02_several_roles_where_one_is_sent_fail_for_that_user():
    [row] = mappings.listed(case("02/scimconf.yaml").spec)
    assert isinstance(evaluate(row.row.expression, {"appRoleAssignments": ADMIN_AND_MEMBER}, now=NOON), Failure)
    [found] = lint(case("02/scimconf.yaml"))
    assert (found.code, found.path) == ("L511", ("assignments", "users", 0, "roles"))


@pytest.mark.parametrize(
    ("assignments", "count"),
    [
        ([], "1 user has several roles (ada@contoso.com)"),
        (
            [{"user": "barbara@contoso.com", "role": "admin"}],
            "2 users have several roles (ada@contoso.com, barbara@contoso.com)",
        ),
    ],
)
def test_case_02_a_plan_counts_and_names_users_with_several_roles_through_groups_as_well(assignments, count):
    """The spec gives Ada two roles, and the group, in which Barbara is, one of them."""
    planned = acme(*assignments).plan(case("02/scimconf.yaml"))
    assert warning(planned, "K814").startswith(count)
    assert not any("target_attribute" in change for change in changes(planned))


@pytest.mark.parametrize("position", ["ignored", "exact"])
def test_case_03_a_vendors_spelling_of_a_function_applies(position):
    rehearsal, loaded = acme(function_case=position), case("03/scimconf.yaml")
    assert exit_code(rehearsal.apply(rehearsal.plan(loaded, all_allowed()), all_allowed())) == 0
    assert changes(rehearsal.plan(loaded)) == []


def test_case_12_the_role_attribute_of_writer_is_not_sent_when_a_user_is_created():
    """The example says so beside its line, and ignores the warning."""
    ignores = b"# scimconf: ignore L513"
    assert ignores in WRITER.read_bytes()
    loaded = load(str(WRITER), lambda name: Path(name).read_bytes().replace(ignores, b"#"), {}, {}, lambda _: True)
    [message] = [diagnostic.message for diagnostic in lint(loaded) if diagnostic.code == "L513"]
    assert "omit urn:custom:params:scim:schemas:extension:writer:2.0:User when" in message
