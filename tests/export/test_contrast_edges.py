"""Specs against each other where they speak of one thing in different ways."""

from __future__ import annotations

from scimconf.kinds import KINDS
from scimconf.spec.model import Spec
from scimconf.workflow.spec_diff import diff_specs

BASE = {"version": 1, "name": "writer", "application": {"display_name": "Writer"}, "provisioning": {"enabled": False}}


def told(one, other, **how):
    specs = [Spec.model_validate({**BASE, **more}) for more in (one, other)]
    return [(str(change.action), change.address.local, [(field.name, field.before, field.after) for field in change.fields]) for change in diff_specs(KINDS, *specs, **how).changes]  # fmt: skip


def connected(**more):
    return {"connection": {"authentication": "bearer", "secret_token": {"env": "ONE"}, **more}}


def rows(row):
    return {"mappings": {"users": {"attributes": {"title": row}}}}


def test_what_the_other_takes_away_is_gone():
    """`absent` is as good as not written, and said of nothing it is no difference."""
    assert [one[:2] for one in told(rows("mail"), rows({"absent": True}))] == [
        ("delete", "attribute_mapping/users/title")
    ]
    assert told(rows({"absent": True}), {}) == []


def test_secrets_are_compared_by_where_they_are_kept():
    """Unless one side is an application, which does not tell."""
    other = connected(secret_token={"env": "TWO"})
    assert told(connected(), other) == [("update", "connection", [("secret_token", "ONE", "TWO")])]
    assert told(connected(), other, secrets=False) == []
    assert told(connected(), other, live="before", secrets=False) == []


def test_another_way_to_sign_in_shows_what_comes_and_goes():
    """A token that is no longer wanted, and a client that is new."""
    oauth2 = {"token_url": "https://x.y", "client_id": "me", "client_secret": {"env": "TWO"}}
    other = {"connection": {"authentication": "oauth2_client_credentials", "oauth2": oauth2}}
    for how in ({}, {"live": "one"}):
        (change,) = told(connected(), other, **how)
        assert ("secret_token", "*" if how else "ONE", None) in change[2]


def test_fields_that_only_one_says_are_told_both_ways():
    """Between specs; a live application is ruled only by what is written."""
    more = {"provisioning": {"enabled": False, "scope": "all"}}
    less = {"provisioning": {"enabled": False, "scope": "all", "deletion_threshold": 5}}
    assert told(less, more) == [("update", "settings", [("deletion_threshold", 5, None)])]
    assert told(more, less) == [("update", "settings", [("deletion_threshold", None, 5)])]
    assert told(less, more, live="before") == []


def test_an_applications_name_is_no_difference():
    """It says which one is meant."""
    made = [{"application": {"display_name": name, "create": {"from_template": "custom"}}} for name in ("A", "B")]
    assert told(*made) == []


def defined(**attributes):
    return {"mappings": {"users": {"target_attributes": attributes}}}


def test_of_definitions_only_what_a_spec_writes_is_compared_with_an_application():
    """Its template brings along many more, and says more of each; what is not there at all is gone."""
    title, whole = {"type": "string"}, {"type": "string", "multivalued": False, "required": True}
    assert told(defined(title=title), defined(title=whole, nickName=whole), live="after") == []
    assert [one[:2] for one in told(defined(title=title), {}, live="after")] == [
        ("delete", "target_attribute/users/title")
    ]
    required = {**title, "required": False}
    assert told(defined(title=required), defined(title=whole), live="after") == [
        ("update", "target_attribute/users/title", [("required", False, True)])
    ]


def test_a_secret_of_an_application_is_no_difference_on_either_side():
    """Only that there is one can be compared."""
    assert told(connected(), connected(secret_token={"env": "TWO"}), live="after") == []
