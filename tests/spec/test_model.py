"""The models: short forms are expanded, and fields that the spec contains are known."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from scimconf.spec.model import (
    GUARDS,
    OPERATORS,
    AttributeDefinition,
    Clause,
    Connection,
    ExemptionEntry,
    GroupAssignment,
    MappingRow,
    Role,
    SecretReference,
    Spec,
    UserAssignment,
    operator_word,
    same_spelling,
)

WHOLE = {
    "version": 1,
    "name": "writer",
    "application": {"display_name": "Writer"},
    "provisioning": {"enabled": True, "deletion_threshold": 50},
    "guard_exemptions": [{"guard": "scope-widened", "until": date(2026, 12, 1), "reason": "a change"}],
}


def test_spec_accepts_python_values():
    spec = Spec.model_validate(WHOLE)
    assert spec.provisioning.enabled is True
    assert spec.provisioning.deletion_threshold == 50
    assert spec.guard_exemptions == (ExemptionEntry(guard="scope-widened", until=date(2026, 12, 1), reason="a change"),)


def test_wrote_returns_whether_the_spec_contains_a_field():
    spec = Spec.model_validate(WHOLE)
    assert spec.provisioning.wrote("deletion_threshold")
    assert not spec.provisioning.wrote("scope")
    assert not spec.wrote("mappings")


def test_spec_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Spec.model_validate(WHOLE).name = "reader"


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("mail", "source"),
        ({"source": "mail"}, "source"),
        ({"constant": ""}, "constant"),
        ({"expression": "Now()"}, "expression"),
        ({"source": None, "default": "x"}, "none"),
        ({"absent": True}, "absent"),
    ],
)
def test_mapping_row_form_is_the_kind_of_its_value(written, form):
    assert MappingRow.model_validate(written).form == form


def test_mapping_row_accepts_a_source_as_a_string():
    assert MappingRow.model_validate("mail") == MappingRow(source="mail")


@pytest.mark.parametrize("written", [{"role": "a"}, {"roles": ["a"]}])
def test_user_assignment_accepts_role_and_roles(written):
    assert UserAssignment.model_validate({"user": "ada@contoso.com", **written}).roles == ("a",)


def test_group_assignment_that_is_absent_has_no_roles():
    assert GroupAssignment.model_validate({"name": "Writer editors", "absent": True}).roles == ()


@pytest.mark.parametrize(
    ("principal", "identity"),
    [
        (UserAssignment(user="Ada@contoso.com", roles=("a",)), "ada@contoso.com"),
        (GroupAssignment(name="Writer editors", roles=("a",)), "Writer editors"),
        (GroupAssignment(name="x", id="ABCDEF00-0000-0000-0000-000000000001", roles=("a",)), "abcdef00-0000-0000-0000-000000000001"),
        (Role(value="admin", display_name="Administrator"), "admin"),
        (Role(display_name="User"), "~User"),
    ],
)  # fmt: skip
def test_identity_of_principals_and_roles(principal, identity):
    assert principal.identity == identity


def test_role_display_name_and_description_default_to_its_value():
    role = Role(value="admin")
    assert (role.display_name, role.description) == ("admin", "admin")
    assert not role.wrote("description")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("${env:TOKEN}", "TOKEN"),
        ({"env": "TOKEN"}, "TOKEN"),
        ({"file": "token.txt"}, "file token.txt"),
        (
            {"key_vault": {"vault": "https://acme.vault.azure.net", "secret": "scim"}},
            "scim in https://acme.vault.azure.net",
        ),
    ],
)
def test_secret_reference_text_contains_the_source_of_the_secret(written, text):
    assert str(SecretReference.model_validate(written)) == text


def test_connection_other_accepts_strings_and_secret_references():
    connection = Connection.model_validate(
        {"other": {"UserName": "svc", "Password": "${env:A}", "AppKey": SecretReference(env="B")}}
    )
    assert connection.other == {
        "UserName": "svc",
        "Password": SecretReference(env="A"),
        "AppKey": SecretReference(env="B"),
    }


def test_attribute_definition_has_default_values():
    definition = AttributeDefinition()
    assert (definition.type, definition.mutability, definition.multivalued) == ("string", "read_write", False)


@pytest.mark.parametrize(("word", "operator"), OPERATORS.items())
def test_operator_word_knows_each_operator_by_word_and_spelling(word, operator):
    assert operator_word(word) == word
    assert {operator_word(spelling.lower()) for spelling in operator.spellings} == {word}


def test_clause_accepts_an_unknown_operator_of_graph():
    assert Clause(attribute="mail", operator="SOME NEW ONE").operator == "SOME NEW ONE"
    assert same_spelling("NOT_REGEX match") == same_spelling("not regex MATCH")
    assert operator_word("SOME NEW ONE") is None


def test_guards_has_21_ids():
    assert len(GUARDS) == 21
