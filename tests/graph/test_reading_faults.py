"""What a plan makes of a tenant that is slow, refuses, or does not answer: wait, degrade and say so, or stop and say why."""

import pytest
from tenant_fixture import WRITER, Rehearsal, changes, codes, told

from scimconf.diagnostics import GraphError, TransportError

LONG_AGO = "2020-01-01T00:00:00Z"
READS = [
    "/organization",
    "/servicePrincipals",
    "/applications",
    "*/synchronization/templates",
    "*/synchronization/jobs",
    "*/schema",
    "*/secrets",
    "*/appRoleAssignedTo",
    "/directoryObjects/getByIds",
    "/groups",
]
PASSING = {
    "throttled": {"action": {"status": 429, "headers": {"Retry-After": "7"}}},
    "unavailable": {"action": {"status": 503}},
    "failing": {"action": {"status": 500}},
    "gateway": {"action": {"status": 504, "body": None}},
    "dropped": {"action": "drop"},
    "dropped after": {"action": "drop", "when": "after"},
}


def old(**more):
    """A tenant with an application that has long been everywhere, and a job that runs."""
    writer = {
        "displayName": "Writer",
        "createdDateTime": LONG_AGO,
        "roles": [{"value": "admin"}, {"value": "member"}],
        "assignments": [{"user": "ada@contoso.com", "role": "admin"}],
        "secrets": {"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "kept", "SyncAll": "false"},
        "jobs": [{"template": "scim", "state": "Active"}],
    }
    return {"applications": [writer | more]}


@pytest.fixture(scope="module")
def planned_once():
    """A tenant, and what a plan without faults shows of it."""
    rehearsal = Rehearsal(old())
    return rehearsal, changes(rehearsal.plan(WRITER))


@pytest.fixture
def writer(planned_once):
    rehearsal = planned_once[0].copy()
    rehearsal.expected = planned_once[1]
    return rehearsal


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_passing_fault_of_any_read_changes_nothing(writer, path, fault):
    """Tried again; the plan is the same as without the fault."""
    writer.fault(path=path, **fault)
    assert changes(writer.plan(WRITER)) == writer.expected
    assert [fault["matched"] > 1 for fault in writer.request("GET", "/_sandbox/faults")["value"]] == [True]


def test_retry_after_is_kept_to_the_letter(writer):
    """Seven seconds were asked for; the clock moves by these and no more."""
    before = writer.time
    writer.fault(path="*/secrets", **PASSING["throttled"])
    writer.plan(WRITER)
    assert writer.time - before == 7


def test_what_fails_for_good_is_told_with_verb_path_status_and_request_id(writer):
    """The error names what was asked and the id that Microsoft's support wants."""
    body = {"error": {"code": "InternalServerError", "message": "It broke."}}
    writer.fault({"status": 500, "body": body}, path="*/secrets", times=0)
    with pytest.raises(GraphError) as caught:
        writer.plan(WRITER)
    said = str(caught.value)
    assert said.startswith(
        f"GET {writer_path(writer)}/synchronization/secrets answered 500 InternalServerError: It broke."
    )
    assert "request id" in said


def test_a_connection_that_is_always_lost_is_told_as_no_answer(writer):
    """After the last try."""
    writer.fault("drop", path="*/secrets", times=0)
    with pytest.raises(TransportError, match="the connection was lost"):
        writer.plan(WRITER)


PAGE = "<html>\n<body>Sign in to the corporate proxy</body></html>"


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_page_of_html_is_told_as_an_unexpected_answer(writer, status):
    """A proxy's login page comes with any status; its beginning is shown, on one line."""
    headers = {"Content-Type": "text/html"}
    writer.fault({"status": status, "body": PAGE, "headers": headers}, path="/servicePrincipals", times=0)
    with pytest.raises(GraphError, match=r"unexpected response: .*<html>.*<body>Sign in to the corporate proxy"):
        writer.plan(WRITER)


def writer_path(rehearsal):
    return f"/servicePrincipals/{rehearsal.principal()['id']}"


# --- late, or not there ---------------------------------------------------------------------------------------------


MISSING = {"status": 404, "body": {"error": {"code": "Request_ResourceNotFound", "message": "It is not there."}}}
EMPTY = {"status": 401, "body": {"error": {"code": "UnknownError", "message": ""}}}


@pytest.mark.parametrize("action", [MISSING, EMPTY], ids=["404", "empty 401"])
def test_a_young_application_is_waited_for(action):
    """Made a moment ago by Graph's own clock: what is missing may be on its way."""
    rehearsal = Rehearsal(old(createdDateTime="2026-11-25T11:59:00Z"))
    expected = changes(rehearsal.plan(WRITER))
    rehearsal.fault(action, path="*/appRoleAssignedTo", times=3)
    assert changes(rehearsal.plan(WRITER)) == expected
    assert rehearsal.slept == 0.25 + 0.5 + 1


def test_the_wait_for_a_young_application_ends():
    """After two minutes an absence is what it is."""
    rehearsal = Rehearsal(old(createdDateTime="2026-11-25T11:59:00Z"))
    rehearsal.fault(MISSING, path="*/appRoleAssignedTo", times=0)
    with pytest.raises(GraphError, match="It is not there"):
        rehearsal.plan(WRITER)
    assert 100 < rehearsal.slept <= 120


def test_an_old_application_is_not_waited_for(writer):
    """There a 404 is an error at once, and an empty 401 a missing permission."""
    writer.fault(MISSING, path="*/appRoleAssignedTo")
    with pytest.raises(GraphError, match="It is not there"):
        writer.plan(WRITER)
    writer.fault(EMPTY, path="*/synchronization/jobs")
    assert codes(writer.plan(WRITER)) == ["K201"]
    assert writer.slept == 0


def test_an_empty_401_before_anything_is_known_does_not_wait_for_what_never_comes():
    """Without an application nothing can be young; the plan says what was refused."""
    rehearsal = Rehearsal()
    rehearsal.fault(EMPTY, path="/organization", times=0)
    rehearsal.fault(EMPTY, path="/servicePrincipals", times=0)
    assert codes(rehearsal.plan(WRITER)) == ["K101"]


# --- permissions ----------------------------------------------------------------------------------------------------


ALL = {"Application.Read.All", "Synchronization.Read.All", "Directory.Read.All", "Organization.Read.All"}


@pytest.mark.parametrize(
    ("without", "code", "needs"),
    [
        ("Application.Read.All", "K101", "Application.Read.All"),
        ("Synchronization.Read.All", "K201", "Synchronization.Read.All"),
    ],
)
def test_a_refused_read_names_the_permission_that_is_missing(without, code, needs):
    """A problem with a code, and what to have consented to."""
    granted = (ALL - {without} - {"Directory.Read.All"}) | {"User.ReadBasic.All", "Group.ReadBasic.All"}
    planned = Rehearsal(old(), permissions=granted).plan(WRITER)
    assert code in codes(planned)
    hints = [one.hint for one in planned.errors if one.code == code]
    assert any(needs in hint for hint in hints)


def test_without_permission_to_look_people_up_the_error_names_it():
    """Desired names cannot be resolved, so there is no plan; the hint says what to ask for."""
    granted = {"Application.Read.All", "Synchronization.ReadWrite.All", "Organization.Read.All"}
    with pytest.raises(GraphError) as caught:
        Rehearsal(old(), permissions=granted).plan(WRITER)
    assert caught.value.status == 403
    assert ".ReadBasic.All" in caught.value.hint


def test_a_plan_with_read_permissions_only_is_whole():
    """Nothing that a plan needs asks for the right to write."""
    rehearsal = Rehearsal(old(), permissions={*ALL, "User.ReadBasic.All", "Group.ReadBasic.All"})
    planned = rehearsal.plan(WRITER)
    assert codes(planned) == []
    assert changes(planned) == changes(Rehearsal(old()).plan(WRITER))


# --- what a person has to decide ------------------------------------------------------------------------------------


def problems(rehearsal, file):
    return [(one.code, one.message, one.hint) for one in rehearsal.plan(file).errors]


@pytest.fixture
def spec(tmp_path):
    def write(text):
        file = tmp_path / "scimconf.yaml"
        file.write_text(f"extends: [{WRITER}]\n{text}")
        return file

    return write


def test_two_applications_of_one_name_are_listed_with_their_ids():
    """Nothing is guessed: both app ids and object ids, and which key to write instead."""
    tenant = {"applications": [*old()["applications"], *old()["applications"]]}
    rehearsal = Rehearsal(tenant)
    ((code, message, hint),) = problems(rehearsal, WRITER)
    assert (code, hint) == ("K102", "Write app_id or object_id instead of display_name.")
    for one in rehearsal.state["servicePrincipals"]:
        assert one["id"] in message
        assert one["appId"] in message


def test_a_missing_application_is_a_problem_where_nobody_wrote_create(tmp_path):
    """Its absence may be a typing mistake, so nothing is made unasked."""
    file = tmp_path / "scimconf.yaml"
    file.write_text("version: 1\nname: w\napplication: {display_name: Wirter}\nprovisioning: {enabled: false}\n")
    assert [problem[0] for problem in problems(Rehearsal(), file)] == ["K103"]


BAD_NAMES = """
assignments:
  groups:
    - {name: Marketing, role: member}
    - {name: Writer editor, role: member}
  users:
    - {user: adda@contoso.com, role: admin}
    - {user: alan@contoso.com, role: editor}
"""


def test_ambiguous_and_unknown_names_are_told_with_the_candidates(writer, spec):
    """All of them at once: ids for a name that two groups have, near names for one that nobody has."""
    found = {(code, message): hint for code, message, hint in problems(writer, spec(BAD_NAMES))}
    groups = [one["id"] for one in writer.state["groups"] if one["displayName"] == "Marketing"]
    ambiguous = next(message for code, message in found if code == "K810")
    assert all(one in ambiguous for one in groups)
    missing = {message: hint for (code, message), hint in found.items() if code == "K811"}
    assert next(hint for message, hint in missing.items() if "Writer editor" in message).startswith("Did you mean")
    assert next(hint for message, hint in missing.items() if "adda@contoso.com" in message).startswith("Did you mean")
    assert "K807" in {code for code, _ in found}


BAD_ROWS = """
mappings:
  users:
    attributes:
      userName: {source: userPrincipalName, match: none}
      titel: jobTitle
      nickName: mailNikname
"""


def test_unknown_attributes_and_a_lost_matching_are_told_at_once(writer, spec):
    """With what was probably meant; the last one is a problem of its own, since nothing would work without it."""
    found = {code: hint for code, _, hint in problems(writer, spec(BAD_ROWS))}
    assert found["K502"] == "Did you mean `title`?"
    assert found["K503"] == "Did you mean `mailNickname`?"
    assert "no-matching" in found


def test_a_quarantine_is_told_by_every_plan():
    """It is the job's status and no difference, so there may be nothing to change."""
    rehearsal = Rehearsal(old(secrets={"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "wrong"}))
    rehearsal.plan(WRITER)
    rehearsal.plan(WRITER)
    assert "K301" in told(rehearsal.plan(WRITER))
    assert "EncounteredQuarantineException" in told(rehearsal.plan(WRITER))
