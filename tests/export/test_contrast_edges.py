"""diff_specs: two specs that describe the same resource differently."""

from __future__ import annotations

from scimconf.kinds import KINDS
from scimconf.spec.model import Spec
from scimconf.workflow.spec_diff import diff_specs

BASE = {"version": 1, "name": "writer", "application": {"display_name": "Writer"}, "provisioning": {"enabled": False}}


def spec_changes(before, after, **options):
    """Return action, address and fields of each change that diff_specs finds between two specs."""
    specs = [Spec.model_validate({**BASE, **more}) for more in (before, after)]
    return [(str(change.action), change.address.local, [(field.name, field.before, field.after) for field in change.fields]) for change in diff_specs(KINDS, *specs, **options).changes]  # fmt: skip


def bearer_connection(**more):
    return {"connection": {"authentication": "bearer", "secret_token": {"env": "ONE"}, **more}}


def title_mapping(row):
    return {"mappings": {"users": {"attributes": {"title": row}}}}


def test_diff_specs_treats_an_absent_mapping_as_not_written():
    assert [change[:2] for change in spec_changes(title_mapping("mail"), title_mapping({"absent": True}))] == [
        ("delete", "attribute_mapping/users/title")
    ]
    assert spec_changes(title_mapping({"absent": True}), {}) == []


def test_diff_specs_compares_secrets_by_reference_unless_secrets_is_false():
    other = bearer_connection(secret_token={"env": "TWO"})
    assert spec_changes(bearer_connection(), other) == [("update", "connection", [("secret_token", "ONE", "TWO")])]
    assert spec_changes(bearer_connection(), other, secrets=False) == []
    assert spec_changes(bearer_connection(), other, live="before", secrets=False) == []


def test_diff_specs_shows_the_secret_token_that_another_authentication_removes():
    oauth2 = {"token_url": "https://x.y", "client_id": "me", "client_secret": {"env": "TWO"}}
    other = {"connection": {"authentication": "oauth2_client_credentials", "oauth2": oauth2}}
    for options in ({}, {"live": "one"}):
        (change,) = spec_changes(bearer_connection(), other, **options)
        assert ("secret_token", "*" if options else "ONE", None) in change[2]


def test_diff_specs_reports_a_field_of_one_spec_in_both_directions():
    """A live application is compared only in the fields that the spec contains."""
    more = {"provisioning": {"enabled": False, "scope": "all"}}
    less = {"provisioning": {"enabled": False, "scope": "all", "deletion_threshold": 5}}
    assert spec_changes(less, more) == [("update", "settings", [("deletion_threshold", 5, None)])]
    assert spec_changes(more, less) == [("update", "settings", [("deletion_threshold", None, 5)])]
    assert spec_changes(less, more, live="before") == []


def test_diff_specs_ignores_the_display_name_of_the_application():
    made = [{"application": {"display_name": name, "create": {"from_template": "custom"}}} for name in ("A", "B")]
    assert spec_changes(*made) == []


def target_definitions(**attributes):
    return {"mappings": {"users": {"target_attributes": attributes}}}


def test_diff_specs_compares_target_attributes_of_an_application_by_written_fields():
    """Attributes and fields that only the live application has are ignored; a missing attribute is deleted."""
    title, whole = {"type": "string"}, {"type": "string", "multivalued": False, "required": True}
    assert (
        spec_changes(target_definitions(title=title), target_definitions(title=whole, nickName=whole), live="after")
        == []
    )
    assert [change[:2] for change in spec_changes(target_definitions(title=title), {}, live="after")] == [
        ("delete", "target_attribute/users/title")
    ]
    required = {**title, "required": False}
    assert spec_changes(target_definitions(title=required), target_definitions(title=whole), live="after") == [
        ("update", "target_attribute/users/title", [("required", False, True)])
    ]


def test_diff_specs_ignores_the_secret_of_a_live_application():
    assert spec_changes(bearer_connection(), bearer_connection(secret_token={"env": "TWO"}), live="after") == []
