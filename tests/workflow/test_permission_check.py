"""Permissions that an apply needs and the access token lacks: found before the first write, as far as they are known."""

import pytest

from scimconf.documents import application, assignments, schema
from scimconf.documents.schema import PARSE
from scimconf.permissions import Granted
from scimconf.plan import Address, ApplyStatus
from scimconf.steps import Edit, Phase, Read, Send
from scimconf.workflow.permission_check import apply_error, missing_permissions, requests
from tests.tenant_fixture import WRITER, Person, Rehearsal, all_allowed, wishes

SYNC = "/servicePrincipals/{service_principal}/synchronization"
ASSIGNED = "/servicePrincipals/{service_principal}/appRoleAssignedTo"
READS = (
    "Application.Read.All",
    "Synchronization.Read.All",
    "Organization.Read.All",
    "User.ReadBasic.All",
    "GroupMember.Read.All",
)
ALL = (*READS, "Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All")


def address(kind, rest=""):
    return Address("writer", kind, rest)


def send(method, path, *addresses):
    return Send(Phase.BUILD, addresses, "text", method, path)


MAPPING = Edit(
    Phase.BUILD,
    (address("attribute_mapping", "users/title"),),
    "",
    schema.schema(),
    "set_mapping",
    (),
    expression="[x]",
)
ROLE = Edit(Phase.BUILD, (address("app_role", "admin"),), "", application.application(), "set_role", ())
CREATE = send("POST", "/applicationTemplates/1/instantiate", address("application"))
ASSIGN = send("POST", ASSIGNED, address("assignment", "a"), address("assignment", "b"))
UNASSIGN = send("DELETE", f"{ASSIGNED}/1", address("assignment", "c"))
START = send("POST", f"{SYNC}/jobs/1/start", address("schedule"))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (MAPPING, [("PUT", f"{SYNC}/jobs/{{job}}/schema"), ("POST", PARSE)]),
        (ROLE, [("PATCH", "/applications/{app}")]),
        (START, [("POST", f"{SYNC}/jobs/1/start")]),
        (Read(Phase.START, (), "", assignments.assignments(), "rows_gone", ()), [("GET", ASSIGNED)]),
        (Edit(Phase.BUILD, (), "", application.sent_secrets(), "record_sent", (), optional="x"), []),
    ],
)
def test_requests_of_a_step(step, expected):
    assert list(requests(step)) == expected


OWNER = "Application.ReadWrite.OwnedBy"
WRITE = "Application.ReadWrite.All"


@pytest.mark.parametrize(
    ("steps", "granted", "expected"),
    [
        ([ASSIGN, UNASSIGN], READS, ["AppRoleAssignment.ReadWrite.All for 3 assignments"]),
        ([ASSIGN], [*READS, "AppRoleAssignment.ReadWrite.All"], []),
        (
            [ASSIGN],
            ["AppRoleAssignment.ReadWrite.All", OWNER],
            ["Application.Read.All (or Directory.Read.All) for 2 assignments"],
        ),
        ([ASSIGN], [*READS, WRITE], []),  # Microsoft's table and its pages disagree
        (
            [MAPPING, START],
            READS,
            [f"Synchronization.ReadWrite.All (or {OWNER} as an owner) for 1 attribute mapping and 1 schedule"],
        ),
        ([MAPPING, START], [OWNER], []),
        ([MAPPING, START], [WRITE], []),  # sources disagree
        ([CREATE], READS, [f"{OWNER} (or {WRITE}, Directory.ReadWrite.All) for 1 application"]),
        ([CREATE, ROLE], READS, [f"{OWNER} (or {WRITE}) for 1 application and 1 role"]),
        ([CREATE], ["Directory.ReadWrite.All"], []),
        ([send("POST", "/unknown")], READS, []),
        ([send("DELETE", ASSIGNED)], READS, ["AppRoleAssignment.ReadWrite.All"]),
        ([], READS, []),
    ],
)
def test_missing_permissions_of_an_application_token(steps, granted, expected):
    missing = missing_permissions(steps, Granted(frozenset(granted)))
    assert [permission.describe() for permission in missing] == expected


@pytest.mark.parametrize(
    ("steps", "granted", "expected"),
    [
        ([CREATE, ROLE], READS, [f"{WRITE} for 1 application and 1 role"]),
        ([START], READS, ["Synchronization.ReadWrite.All for 1 schedule"]),
        ([CREATE, ROLE, START, ASSIGN], ["Directory.AccessAsUser.All"], []),
    ],
)
def test_missing_permissions_of_a_signed_in_user(steps, granted, expected):
    missing = missing_permissions(steps, Granted(frozenset(granted), is_delegated=True))
    assert [permission.describe() for permission in missing] == expected


JOBS = f"{SYNC}/jobs"


@pytest.mark.parametrize(
    ("granted", "read", "is_certain"),
    [
        (None, [], False),
        (Granted(frozenset({"User.Read.All"})), ["/organization"], True),  # in some tenants it needs no permission
        (Granted(frozenset({"User.Read.All"})), [JOBS], False),
        (Granted(frozenset({"Synchronization.Read.All"})), [JOBS], True),
        (Granted(frozenset({"Synchronization.Read.All"})), [JOBS, "/servicePrincipals"], False),
        (Granted(frozenset({"User.Read.All"}), is_delegated=True), [JOBS], True),
    ],
)
def test_a_read_beyond_the_permissions_shows_other_rights(granted, read, is_certain):
    """An application can have a role in Entra, or be an owner: its token does not show it."""
    assert bool(missing_permissions([START], granted, read)) == is_certain


def test_error_names_all_permissions_at_once_and_the_way_on():
    error = apply_error(missing_permissions([START, ASSIGN, CREATE], Granted(frozenset(READS))))
    assert (error.code, error.is_error) == ("K006", True)
    names = "AppRoleAssignment.ReadWrite.All, Application.ReadWrite.OwnedBy and Synchronization.ReadWrite.All"
    assert error.hint.startswith(f"Grant the identity {names} with admin consent")
    assert "--no-permission-check" in error.hint


# ---- against a tenant ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "access_tokens", "missing"),
    [
        (READS, "application", ["AppRoleAssignment", "Application.ReadWrite.OwnedBy", "Synchronization.ReadWrite.All"]),
        (ALL[:-1], "application", ["AppRoleAssignment"]),
        ([*READS, "Synchronization.ReadWrite.All"], "delegated", ["AppRoleAssignment", "Application.ReadWrite.All"]),
    ],
)
def test_apply_without_permissions_writes_nothing(granted, access_tokens, missing):
    """The first plan of a new application names also what later rounds need."""
    rehearsal, person = Rehearsal({"base": "contoso"}, permissions=granted, access_tokens=access_tokens), Person()
    planned = rehearsal.plan(WRITER, all_allowed())
    assert (planned.errors, planned.plan.complete) == ((), False)
    report = rehearsal.apply(planned, all_allowed(), person)
    assert (report.status, report.wrote, report.outcomes, person.entries) == (ApplyStatus.FAILED, False, (), [])
    [error] = report.diagnostics
    assert [name for name in missing if name not in error.message] == []
    assert error.message.count(" for ") == len(missing)
    assert rehearsal.writes == []


@pytest.mark.parametrize(
    ("access_tokens", "options"),
    [("opaque", all_allowed()), ("application", wishes(allow=all_allowed().allow, check_permissions=False))],
)
def test_without_the_check_the_requests_are_tried(access_tokens, options):
    rehearsal = Rehearsal({"base": "contoso"}, permissions=READS, access_tokens=access_tokens)
    planned = rehearsal.plan(WRITER, options)
    assert planned.missing_permissions == ()
    report = rehearsal.apply(planned, options)
    assert (report.status, report.diagnostics) == (ApplyStatus.FAILED, ())
    assert len(rehearsal.writes) == 1
    assert rehearsal.made == []
