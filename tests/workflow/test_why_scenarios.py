"""The verdict of `why` in prepared situations: the first line and the exit code, on a tenant that really provisions."""

from pathlib import Path

import pytest
from golden_files import golden_text
from tenant_fixture import NOON
from why_tenant import DESK, built, routed

from scimconf.cli.why import exit_code
from scimconf.render import why as rendering
from scimconf.sandbox.target import start_target
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import WhyOptions, why

EXPECTED = Path(__file__).parent / "why"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target():
    with start_target("tolerant", token="sandbox") as running:
        yield running


@pytest.fixture(scope="module")
def cycled(target):
    tenant = built(target)
    tenant.request("POST", "/_sandbox/cycle", {})
    return tenant


@pytest.fixture
def desk(cycled, target):
    return Desk(routed(cycled.copy(), target))


class Desk:
    """What happens in the tenant, and the answer of `why`."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.now = NOON

    def user(self, name):
        rows = self.tenant.state["users"]
        return next(row["id"] for row in rows if row["userPrincipalName"].startswith(name))

    def answer(self, user, app=DESK, **options):
        target = application_target(app) if app else None
        chosen = WhyOptions(now=NOON, target=target, **options)
        return self.tenant.run(lambda session: why(session.graph, user, chosen))

    # ---- what happens

    def assign(self, name, role="agent"):
        body = {
            "principalId": self.user(name),
            "resourceId": self.tenant.principal(DESK)["id"],
            "appRoleId": self.tenant.roles(DESK)[role]["id"],
        }
        self.tenant.request("POST", f"/servicePrincipals/{body['resourceId']}/appRoleAssignedTo", body)

    def unassign(self, name):
        principal, user = self.tenant.principal(DESK)["id"], self.user(name)
        path = f"/servicePrincipals/{principal}/appRoleAssignedTo"
        for row in self.tenant.request("GET", path)["value"]:
            if row["principalId"] == user:
                self.tenant.request("DELETE", f"{path}/{row['id']}")

    def set(self, name, properties):
        self.tenant.request("PATCH", f"/users/{self.user(name)}", properties)

    def delete(self, name):
        self.tenant.request("DELETE", f"/users/{self.user(name)}")

    def cycle(self, after="PT40M"):
        self.tenant.request("POST", "/_sandbox/cycle", {"after": after})

    def later(self, minutes):
        self.tenant.time += 60 * minutes

    def cycle_elsewhere(self):
        """Let the job look as if its last cycle had just ended: no other one is needed for a user who did not change."""
        documents = self.tenant.service.tenant.documents
        job = documents.get("job", self.tenant.job(DESK).rpartition("/")[2])
        last = job["status"]["lastExecution"] | {"timeEnded": self.tenant.service.tenant.stamp()}
        documents.put("job", job["id"], job | {"status": job["status"] | {"lastExecution": last}})

    def lose(self):
        self.tenant.switch(missing_target="failure")
        self.refuse("GET", "*/Users/*", 404)

    def declare(self, name):
        application = next(row for row in self.tenant.state["applications"] if row["displayName"] == name)
        role = {"id": application["id"], "value": "agent", "displayName": "agent", "description": "agent",
                "allowedMemberTypes": ["User"], "isEnabled": True}  # fmt: skip
        self.tenant.request("PATCH", f"/applications/{application['id']}", {"appRoles": [role]})

    def pause(self):
        self.tenant.request("POST", f"{self.tenant.job(DESK)}/pause")

    def on_demand(self, name):
        rule = self.tenant.schema(DESK)["synchronizationRules"][0]["id"]
        subject = {"objectId": self.user(name), "objectTypeName": "User"}
        body = {"parameters": [{"ruleId": rule, "subjects": [subject]}]}
        self.tenant.request("POST", f"{self.tenant.job(DESK)}/provisionOnDemand", body)

    def refuse(self, method, path, status=403, body=None):
        self.tenant.fault({"status": status, "body": body or {}}, method=method, path=path, times=0)


CONFLICT = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "detail": "userName is taken"}
BAD = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "detail": "title is required"}


CREATED = "provisioned in Desk: created on 2026-11-25 12:00 UTC"
NO = "not provisioned in Desk: "
UNKNOWN = "unknown whether provisioned in Desk: "
UNASSIGNED = "not assigned to the application, neither directly nor through a group"
DIRECT_ONLY = "Entra provisions direct members of an assigned group, not those of inner groups"
LEAVES = "the next cycle disables the user in the application"
DISABLED = f"{NO}disabled in the application on 2026-11-25 12:40 UTC"
SEVERAL = "the user failed: the user has several roles, and the mapping takes one"
REFUSED = "the application refused the credentials or could not be reached"
NO_ENTRY = "the provisioning log has no entry about the user"
QUARANTINE = f"provisioning is in quarantine since 2026-11-25 12:40 UTC: {REFUSED}"
TAKEN = "the application has another object with a value that must be unique"
FILTERED = 'a scoping filter leaves the user out: employeeType equals "Employee", and the user has'
TWO_ROLES = (
    'the mapping of roles[primary eq "True"].value fails (SingleAppRoleAssignment: no more than one app role assignment was'
    " expected, but 2 were found)"
)
TITLE = "the application requires nickName, and [jobTitle] of the user is empty"
BAD_TOKEN = ("refuse", "GET", "*/Users*", 401)
CYCLE, PAUSE = ("cycle",), ("pause",)
ASSIGN, LEAD = ("assign", "hedy"), ("assign", "hedy", "lead")
DUPLICATE, BAD_REQUEST = ("refuse", "POST", "*/Users", 409, CONFLICT), ("refuse", "POST", "*/Users", 400, BAD)
NO_LOG = ("refuse", "GET", "/auditLogs/provisioning")
NO_GROUPS = ("refuse", "GET", "*/memberOf/*")
NO_ASSIGNMENTS = ("refuse", "GET", "*/appRoleAssignedTo*")

SCENARIOS = {
    # where the user stands without further ado
    "created": ("ada", [], 0, CREATED),
    "through a group": ("grace", [], 0, CREATED),
    "through a dynamic group": ("tim", [], 0, CREATED),
    "unassigned": ("hedy", [], 2, NO + UNASSIGNED),
    "nested": ("zoe", [], 2, f"{NO}only in the group Other inside Staff: {DIRECT_ONLY}"),
    "nested twice": ("nina", [], 2, f"{NO}only in the group Core inside Inner inside Staff: {DIRECT_ONLY}"),
    "filtered out": ("fred", [], 2, f'{NO}{FILTERED} "Contractor" (filter "Employees")'),
    "disabled": ("olga", [], 2, f"{NO}the account is disabled in Entra"),
    "guest by the address at home": ("Linus@fabrikam.com", [], 0, CREATED),
    "guest by the name in the tenant": ("linus_fabrikam.com#EXT#@contoso.com", [], 0, CREATED),
    "quoted name": ("o'brien", [], 2, NO + UNASSIGNED),
    "nobody": ("nobody", [], 2, "not provisioned: Entra has no such user, and none was deleted in the last 30 days"),
    # other applications
    "never started": ("ada in Idle", [], 2, "not provisioned in Idle: provisioning is off, no cycle has ended"),
    "no job": ("ada in Bare", [], 2, "not provisioned in Bare: the application has no provisioning job"),
    "all users in scope": ("lara in Everyone", [], 0, CREATED.replace("Desk", "Everyone")),
    "group assigned, users switched off": (
        "nina in Off", [], 2, "not provisioned in Off: the mapping of users is switched off for this application",
    ),
    "no creations": (
        "nina in Closed", [], 2, "not provisioned in Closed: creating users is switched off for this application",
    ),
    "no matching value": (
        "nomail in Mailroom", [], 2,
        "not provisioned in Mailroom: creating the user failed: the user has no value for the matching attribute",
    ),
    "default access": ("rolf in Roleless", [("declare", "Roleless")], 0, CREATED.replace("Desk", "Roleless")),
    # values
    "two roles, tried": ("hedy", [LEAD, ASSIGN, CYCLE], 2, f"{NO}creating {SEVERAL}"),
    "second role": ("ada", [("assign", "ada", "lead"), CYCLE], 0, f"provisioned in Desk: the application has the user, but updating {SEVERAL}"),
    "two roles, not tried": (
        "hedy", [LEAD, ASSIGN], 2,
        NO + TWO_ROLES,
    ),
    "missing value": ("hedy", [("set", "hedy", {"jobTitle": None}), ASSIGN], 2, NO + TITLE),
    "refused by the application": ("hedy", [BAD_REQUEST, ASSIGN, CYCLE], 2, f"{NO}creating the user failed: the application refused the request"),
    "duplicate in the application": ("hedy", [DUPLICATE, ASSIGN, CYCLE], 2, f"{NO}creating the user failed: {TAKEN}"),
    # the job
    "not yet in the log": (
        "hedy", [ASSIGN, ("later", 3)], 1, f"{UNKNOWN}in scope since 3 min, and not in the log yet (next cycle in 37 min)",
    ),
    "no cycle for hours": ("hedy", [ASSIGN, ("later", 300)], 2, f"{NO}in scope, but no cycle has ended for 5 h"),
    "overlooked": (
        "hedy", [ASSIGN, ("later", 100)], 2, f"{NO}in scope, and the service has not processed the user yet",
    ),
    "in scope for long": ("hedy", [ASSIGN, ("later", 12_000), ("cycle_elsewhere",)], 1, f"{UNKNOWN}in scope, and {NO_ENTRY}"),
    "paused before the assignment": ("hedy", [PAUSE, ("later", 1), ASSIGN], 2, f"{NO}provisioning is paused"),
    "paused for long": ("hedy", [ASSIGN, PAUSE, ("later", 12_000)], 1, f"{UNKNOWN}provisioning is paused; {NO_ENTRY}"),
    "paused": ("ada", [PAUSE], 0, f"{CREATED}, but provisioning is paused"),
    "token refused": ("hedy", [BAD_TOKEN, ASSIGN, CYCLE, ("later", 20)], 2, NO + QUARANTINE),
    "token refused just now": ("hedy", [BAD_TOKEN, ASSIGN, CYCLE], 1, f"{UNKNOWN}{QUARANTINE}; {NO_ENTRY}"),
    "quarantined": ("ada", [BAD_TOKEN, ASSIGN, CYCLE], 0, f"{CREATED}, but {QUARANTINE}"),
    "deleted in the application": (
        "grace", [("lose",), ("set", "grace", {"surname": "B"}), CYCLE], 2, f"{NO}the user was deleted in the application",
    ),
    "on demand": ("hedy", [ASSIGN, ("on_demand", "hedy")], 0, CREATED),
    # who leaves
    "deleted, before the cycle": (
        "ada", [("delete", "ada")], 0, f"{CREATED}, but the user was deleted in Entra on 2026-11-25; {LEAVES}",
    ),
    "deleted": ("mary", [("delete", "mary"), CYCLE], 2, f"{DISABLED}: the user was deleted in Entra on 2026-11-25"),
    "unassigned, before the cycle": ("ada", [("unassign", "ada")], 0, f"{CREATED}, but {UNASSIGNED}; {LEAVES}"),
    "out of scope, then disabled": ("dora@contoso.com", [("unassign", "dora"), CYCLE], 2, f"{DISABLED}: {UNASSIGNED}"),
    "account disabled": (
        "tim", [("set", "tim", {"accountEnabled": False}), CYCLE], 2, f"{DISABLED}: the account is disabled in Entra",
    ),
    "filtered out later": (
        "ada", [("set", "ada", {"employeeType": None})], 0,
        f'{CREATED}, but {FILTERED} no value (filter "Employees"); {LEAVES}',
    ),
    "unassigned while paused": (
        "ada", [PAUSE, ("unassign", "ada")], 0,
        f"{CREATED}, but {UNASSIGNED}; the user stays active, because provisioning is paused",
    ),
    "back again": (
        "mary", [("unassign", "mary"), CYCLE, ("assign", "mary")], 2,
        f"{DISABLED}; in scope again, so the next cycle enables the user",
    ),
    # what may not be read
    "log denied": ("ada", [NO_LOG], 1, f"{UNKNOWN}the provisioning log cannot be read"),
    "log denied, unassigned": ("hedy", [NO_LOG], 2, NO + UNASSIGNED),
    "groups denied": ("hedy", [NO_GROUPS], 1, f"{UNKNOWN}the members of Rule, Staff could not be read"),
    "groups denied, created": ("ada", [NO_GROUPS], 0, CREATED),
    "assignments denied": ("hedy", [NO_ASSIGNMENTS], 1, f"{UNKNOWN}assignments could not be read"),
    "scope denied": (
        "hedy", [("refuse", "GET", "*/synchronization/secrets")], 1,
        f"{UNKNOWN}whether only assigned users are in scope is not known",
    ),
    "mappings denied": (
        "hedy", [ASSIGN, ("refuse", "GET", "*/schema")], 1, f"{UNKNOWN}the attribute mappings cannot be read",
    ),
    "job denied": (
        "ada", [("refuse", "GET", "*/synchronization/jobs")], 1, f"{UNKNOWN}the provisioning job cannot be read",
    ),
    "deleted users denied": (
        "nobody", [("refuse", "GET", "/directory/deletedItems/microsoft.graph.user")], 2,
        "not provisioned: Entra has no such user; deleted users could not be read",
    ),
}  # fmt: skip


# They are before the scenarios in which the application gets this user.
ANSWERS = {
    "refused": (BAD_REQUEST, "the application answered BadRequest: ", "title is required"),
    "duplicate": (DUPLICATE, "the application answered Conflict: ", "userName is taken"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_refused_creation_has_the_answer_of_the_application(desk, name):
    fault, start, detail = ANSWERS[name]
    for step, *arguments in (fault, ASSIGN, CYCLE):
        getattr(desk, step)(*arguments)
    answer = dict(desk.answer("hedy@contoso.com").answers[0].checks)["answer"]
    assert answer.startswith(start)
    assert detail in answer
    assert "answer" not in dict(desk.answer("hedy@contoso.com", redact=True).answers[0].checks)


@pytest.mark.parametrize("name", SCENARIOS)
def test_first_line_and_exit_code(desk, name):
    user, steps, code, line = SCENARIOS[name]
    for step, *arguments in steps:
        getattr(desk, step)(*arguments)
    user, _, app = user.partition(" in ")
    report = desk.answer(user if "@" in user else f"{user}@contoso.com", app or DESK)
    text = rendering.text(report, width=2000)
    assert (text.partition("\n")[0].partition(": ")[2], int(exit_code(report))) == (line, code), text


AGAIN = "When provisioning runs again, the next cycle"
RESUME = "An administrator must start provisioning: `scimconf resume --app Desk`."
ACTIONS = {
    "unassigned while paused": ("ada", [PAUSE, ("unassign", "ada")], f"{AGAIN} disables the user in the application. {RESUME}"),
    "deleted while paused": ("ada", [PAUSE, ("delete", "ada")], f"{AGAIN} disables the user in the application. {RESUME}"),
    "assigned while paused": (
        "hedy", [PAUSE, ("later", 1), ASSIGN],
        f"{AGAIN} creates the user in the application, or takes over an account that matches. {RESUME}",
    ),
    "paused": ("ada", [PAUSE], f"{AGAIN} keeps the user active, and sends what has changed. {RESUME}"),
    "quarantined, unassigned": (
        "ada", [BAD_TOKEN, ASSIGN, CYCLE, ("unassign", "ada")], f"{AGAIN} disables the user in the application. Correct",
    ),
    "back again while paused": (
        "mary", [("unassign", "mary"), CYCLE, ("assign", "mary"), PAUSE], f"{AGAIN} enables the user in the application. ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIONS)
def test_what_the_proposal_does_to_this_user(desk, name):
    user, steps, action = ACTIONS[name]
    for step, *arguments in steps:
        getattr(desk, step)(*arguments)
    assert desk.answer(f"{user}@contoso.com").answers[0].action.startswith(action)


# ---- several applications, and the forms of the answer ---------------------------------------------------------------


def test_without_an_application_the_answer_is_about_those_that_concern_the_user(desk):
    report = desk.answer("ada@contoso.com", "")
    assert [answer.application for answer in report.answers] == ["Desk", "Everyone", "Idle", "Mailroom"]
    assert report.others == ("Closed", "Off", "Roleless")
    assert "Bare" not in rendering.text(report)
    assert exit_code(report) == 2
    assert len(desk.answer("ada@contoso.com", "", every=True).answers) == 7
    assert "Not assigned, and not in the log: Closed, Off, Roleless." in rendering.text(report)


def test_applications_that_could_not_be_read_are_named(desk):
    idle = desk.tenant.principal("Idle")["id"]
    desk.refuse("GET", f"/servicePrincipals/{idle}/synchronization/jobs", 500, {"error": {"code": "x", "message": "y"}})
    report = desk.answer("ada@contoso.com", "")
    assert [name for name, _ in report.unread] == ["Idle"]
    assert exit_code(report) == 1
    assert "Idle could not be read" in rendering.text(report, width=200)
    assert "`Idle` could not be read" in rendering.markdown(report)


def test_a_deleted_user_without_an_application(desk):
    desk.delete("mary")
    report = desk.answer("Mary", "")
    assert [answer.application for answer in report.answers] == ["Desk"]


def test_requests_are_shared_by_applications(desk):
    desk.tenant.service.journal.entries.clear()
    desk.answer("zoe@contoso.com", "", every=True)
    paths = [entry["path"] for entry in desk.tenant.journal]
    assert len([path for path in paths if path.endswith("transitiveMemberOf/microsoft.graph.group")]) == 1
    assert len([path for path in paths if path == "/auditLogs/provisioning"]) == 1
    assert not desk.tenant.writes


def test_names_that_are_several_users_or_a_group(desk):
    report = desk.answer("Dora")
    assert [text for _, text in report.answers[0].checks] == ["dora2@contoso.com", "dora@contoso.com"]
    assert exit_code(report) == 1
    redacted = desk.answer("Dora", redact=True)
    assert "contoso" not in rendering.text(redacted)
    report = desk.answer("Staff")
    assert report.answers[0].sentence == "this is a group, and not a user"


def test_a_user_by_id_living_and_deleted(desk):
    user = desk.user("ada")
    assert desk.answer(user).user == "ada@contoso.com"
    desk.delete("ada")
    report = desk.answer(user)
    assert report.answers[0].sentence.endswith(f"deleted in Entra on 2026-11-25; {LEAVES}")
    group = next(row["id"] for row in desk.tenant.state["groups"] if row["displayName"] == "Staff")
    assert desk.answer(group).answers[0].sentence == "this is a group, and not a user"
    assert desk.answer("00000000-0000-4000-8000-000000000009").answers[0].sentence.startswith("Entra has no such user")


def test_redaction_leaves_no_value_of_the_user(desk):
    report = desk.answer("fred@contoso.com", redact=True)
    text = rendering.text(report, width=2000)
    assert text.startswith(f'user-{desk.user("fred")[:8]}: {NO}{FILTERED} "…"')
    for each in (text, rendering.markdown(report), rendering.json(report)):
        assert "fred" not in each.lower()
        assert "Contractor" not in each


GOLDEN = {"created": "ada", "nested": "nina", "filtered": "fred", "guest": "linus@fabrikam.com"}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_answers(desk, name):
    user = GOLDEN[name]
    report = desk.answer(user if "@" in user else f"{user}@contoso.com")
    for ending, text in (("txt", rendering.text(report, width=100)), ("md", rendering.markdown(report))):
        assert text == golden_text(EXPECTED / f"{name}.{ending}", text)
