"""The table of Graph permissions, and the page about it."""

import re
from pathlib import Path

import pytest

from scimconf.permissions import PERMISSIONS, grant, hint, missing_reads, required

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


@pytest.mark.parametrize(
    ("denied", "untried", "read", "expected"),
    [
        ([], [], ["/users"], ()),
        (["/users", "/users"], ["/users"], [], ("User.ReadBasic.All (for a preview User.Read.All)",)),
        (["/me"], ["/groups"], [], ("Group.ReadBasic.All",)),
        (["/organization"], ["/groups"], ["/groups/1"], ("Organization.Read.All",)),
        (
            ["/servicePrincipals/1/synchronization/secrets"],
            ["/servicePrincipals/1/synchronization/jobs"],
            [],
            ("Synchronization.Read.All (in some tenants Synchronization.ReadWrite.All)",),
        ),
    ],
)
def test_missing_lists_denied_and_untried_permissions_once(denied, untried, read, expected):
    assert missing(denied, untried, read) == expected


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
