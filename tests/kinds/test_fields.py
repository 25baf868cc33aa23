"""Fields of a kind that are declared in a table: what is exported, edited and documented."""

import pytest

from scimconf.documents import secrets
from scimconf.kinds.connection import ConnectionKind
from scimconf.kinds.fields import UNSET, Field, Transition, field_edits, or_unset
from scimconf.plan import Action, Address, Change, Effect, FieldChange
from scimconf.snapshot import Snapshot


def email_field(stored):
    return Field(
        ("provisioning", "notifications", "email"), "e-mail", "Recipients",
        from_documents=lambda snapshot: stored, edit=lambda value: ("set_value", value),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "full", "exported"),
    [
        ("a@contoso.com", False, "a@contoso.com"),
        (None, False, "none"),
        (UNSET, False, UNSET),
        (UNSET, True, UNSET),
    ],
)
def test_field_exported_returns_the_value_that_a_spec_writes(stored, full, exported):
    assert email_field(stored).exported(Snapshot(), full=full) == exported


@pytest.mark.parametrize("stored", ["none", "no address"])
def test_field_exported_refuses_a_value_that_a_spec_cannot_express(stored):
    with pytest.raises(ValueError, match="email"):
        email_field(stored).exported(Snapshot(), full=False)


def test_field_edits_skips_fields_of_another_table():
    parts = (FieldChange("notifications.email", None, "a@contoso.com"), FieldChange("other", 1, 2))
    change = Change(Address("a", "settings"), Action.UPDATE, fields=parts)
    (edit,) = field_edits([email_field(None)], change, secrets.secrets(None))
    assert (edit.key, edit.value) == (("Recipients",), "a@contoso.com")


@pytest.mark.parametrize(
    ("transition", "text"),
    [
        (Transition(None, None), "any"),
        (Transition((True,), (False, None)), "true → false or unset"),
        (Transition(None, ("all",)), "any → all"),
    ],
)
def test_transition_as_text(transition, text):
    assert str(transition) == text


@pytest.mark.parametrize(("value", "expected"), [(None, UNSET), (False, False), ("x", "x")])
def test_or_unset(value, expected):
    assert or_unset(value) == expected


@pytest.mark.parametrize(
    ("before", "after", "effects"),
    [
        ("https://a.example/scim", "https://a.example/scim/", set()),
        ("https://a.example/scim", "https://a.example/scim?aadOptscim062020", {Effect.DIALECT}),
        ("https://a.example/scim", "https://a.example/scim/?AzureAdScimPatch2017", {Effect.DIALECT}),
        ("https://a.example/scim?aadOptscim062020", "https://a.example/scim?AADOPTSCIM062020", set()),
        ("https://a.example/scim?aadOptscim062020", "https://a.example/scim?AzureAdScimPatch2017", {Effect.DIALECT}),
        ("https://a.example/scim", "https://b.example/scim", {Effect.ENDPOINT}),
        ("https://a.example/scim?org=1", "https://a.example/scim?org=2", {Effect.ENDPOINT}),
        ("https://a.example/scim", "https://b.example?aadOptscim062020", {Effect.ENDPOINT, Effect.DIALECT}),
        (None, "https://a.example/scim?aadOptscim062020", {Effect.CREDENTIALS}),
    ],
)
def test_connection_effects_of_a_changed_tenant_url(before, after, effects):
    change = Change(Address("a", "connection"), Action.UPDATE, fields=(FieldChange("base_address", before, after),))
    assert ConnectionKind().change_effects(change) == effects


def test_connection_dialect_text_says_that_a_connection_test_does_not_show_it():
    change = Change(Address("a", "connection"), Action.UPDATE)
    assert "a connection test sends no PATCH request" in ConnectionKind().effect_text(Effect.DIALECT, change)
    assert ConnectionKind().effect_text(Effect.ENDPOINT, change) == ""
