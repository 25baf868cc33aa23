"""The table of Graph permissions, and the page about it."""

import re
from pathlib import Path

import pytest

from scimconf.permissions import (
    PERMISSIONS,
    PROFILES,
    Granted,
    MissingReads,
    grant,
    grant_reads,
    granted_by,
    hint,
    missing_reads,
    required,
)

PAGE = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text("utf-8")
NAME = re.compile(r"\b[A-Z][A-Za-z]+\.(?:ReadBasic|ReadWrite|Read)\.(?:All|OwnedBy)\b")


def test_the_page_names_the_permissions_of_the_table_and_no_other():
    assert set(NAME.findall(PAGE)) == set(NAME.findall(" ".join(map(str, PERMISSIONS))))


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("PATCH", "/servicePrincipals/1", "Application.ReadWrite.OwnedBy (delegated: Application.ReadWrite.All)"),
        ("GET", "/servicePrincipals/1/synchronization/jobs", "Synchronization.Read.All"),
        ("PUT", "/servicePrincipals/1/synchronization/jobs/j/schema", "Synchronization.ReadWrite.All"),
    ],
)
def test_required_returns_the_first_row_that_matches(method, path, permission):
    assert str(required(method, path)) == permission


SECRETS = "Synchronization.Read.All (in some tenants Synchronization.ReadWrite.All)"
SYNC = "/servicePrincipals/1/synchronization"
READ_JOBS = "Synchronization.Read.All"


@pytest.mark.parametrize(
    ("denied", "untried", "read", "granted", "lacking", "untested"),
    [
        ([], [], ["/users"], None, (), ()),
        (["/users", "/users"], ["/users"], [], None, ("User.ReadBasic.All (for a preview User.Read.All)",), ()),
        (["/me"], ["/groups"], [], None, (), ("Group.ReadBasic.All",)),
        (["/organization"], ["/groups"], ["/groups/1"], None, ("Organization.Read.All",), ()),
        ([f"{SYNC}/secrets"], [f"{SYNC}/jobs"], [], None, (SECRETS,), ()),
        ([f"{SYNC}/jobs"], [f"{SYNC}/secrets"], [], None, (SECRETS,), ()),
        (["/organization"], ["/groups"], [], {"User.Read.All"}, ("Organization.Read.All", "Group.ReadBasic.All"), ()),
        (["/organization"], ["/groups"], [], {"Group.Read.All"}, ("Organization.Read.All",), ()),
        (["/organization"], [], [], {"Organization.Read.All"}, (), ()),
        (
            ["/organization"],
            [f"{SYNC}/jobs"],
            [],
            {"Application.ReadWrite.All"},
            ("Organization.Read.All",),
            (READ_JOBS,),
        ),
    ],
)
def test_missing_reads_tells_what_is_known_from_what_was_not_tested(denied, untried, read, granted, lacking, untested):
    missing = missing_reads(denied, untried, read, granted and Granted(frozenset(granted)))
    assert (missing.lacking, missing.untested, len(missing)) == (lacking, untested, len(lacking) + len(untested))


def test_grant_asks_for_all_permissions_at_once():
    assert grant([]) == ""
    assert grant(["A", "B", "C"]) == "Grant the identity A, B and C with admin consent, then sign in again."


def test_hint_names_the_permission_and_for_provisioning_also_the_role_of_a_user():
    assert hint("GET", "/users") == (
        "Grant the identity User.ReadBasic.All (for a preview User.Read.All) with admin consent, then sign in again."
    )
    assert hint("GET", "/servicePrincipals/1/synchronization/jobs").endswith(
        "A signed-in user also needs the role Application Administrator or Cloud Application Administrator."
    )
    assert hint("GET", "/me") == ""


USER = "User.Read.All"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"roles": [USER, "Application.Read.All"]}, Granted(frozenset({USER, "Application.Read.All"}))),
        ({"scp": f"openid {USER}"}, Granted(frozenset({"openid", USER}), is_delegated=True)),
        (
            {"scp": USER, "roles": ["x"], "wids": [APPLICATION_ADMINISTRATOR]},
            Granted(frozenset({USER}), is_delegated=True),
        ),
        ({"roles": [USER], "wids": ["0997a1d0-0000-4000-8000-000000000000"]}, Granted(frozenset({USER}))),
        ({"roles": [USER], "wids": [APPLICATION_ADMINISTRATOR.upper()]}, None),
        ({}, None),
        ({"scp": " ", "roles": []}, None),
        ({"roles": [1]}, None),
        ({"roles": USER}, None),
        ({"scp": [USER]}, None),
    ],
)
def test_granted_by_reads_roles_or_scopes_and_assumes_nothing_else(claims, expected):
    assert granted_by(claims) == expected


@pytest.mark.parametrize(
    ("granted", "unmet", "lacking"),
    [
        ({"Synchronization.Read.All"}, True, True),
        ({"Synchronization.ReadWrite.All"}, False, False),
        ({"Application.ReadWrite.OwnedBy"}, False, False),
        ({"Application.ReadWrite.All"}, True, False),
        ({"Directory.AccessAsUser.All"}, True, False),
    ],
)
def test_a_disputed_permission_is_neither_sufficient_nor_certainly_not(granted, unmet, lacking):
    token, permission = Granted(frozenset(granted)), required("PUT", f"{SYNC}/secrets")
    assert (bool(token.unmet(permission)), bool(token.lacking(permission))) == (unmet, lacking)


def test_grant_reads_says_what_was_not_tested():
    assert grant_reads(MissingReads((), ())) == ""
    assert grant_reads(MissingReads((), ("A",))) == grant(["A"])
    assert grant_reads(MissingReads(("A",), ("B", "C"))) == f"{grant(['A'])} Not tested yet: B and C."
    assert grant_reads(MissingReads(("A",), ())) == grant(["A"])


@pytest.mark.parametrize(
    ("granted", "text"),
    [
        (
            Granted(frozenset({USER})),
            "Grant the identity Synchronization.Read.All with admin consent, then sign in again.",
        ),
        (Granted(frozenset({USER}), is_delegated=True), "sign in again. A signed-in user also needs the role"),
        (Granted(frozenset({"Synchronization.Read.All"})), "a few minutes"),
        (Granted(frozenset({"Application.ReadWrite.OwnedBy"})), "make the identity an owner"),
        (Granted(frozenset({"Synchronization.Read.All"}), is_delegated=True), "the role Application Administrator"),
    ],
)
def test_hint_says_what_is_missing_if_the_token_has_the_permission(granted, text):
    assert text in hint("GET", f"{SYNC}/jobs", granted)
    assert ("signed-in user" in hint("GET", f"{SYNC}/jobs", granted)) == granted.is_delegated


def test_profiles_name_permissions_of_the_table_once():
    names = {name for permission in PERMISSIONS for need in permission.needs for name in need}
    for profile in PROFILES:
        assert set(profile.permissions) <= names
        assert len(set(profile.permissions)) == len(profile.permissions)
