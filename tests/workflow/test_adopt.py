"""Export of all applications: proven plans, few requests, and failures that do not lose the rest."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass, field

import pytest
from tenant_fixture import NOON, Rehearsal

from scimconf.export.secret_pattern import parse_pattern
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.graph.shared_reads import SharedReads
from scimconf.monitoring.adoption import tasks
from scimconf.render import adoption
from scimconf.sandbox.store import Condition
from scimconf.spec.load import load
from scimconf.workflow.adopt import CONCURRENT, AdoptOptions, adopt
from tests.export import made_by_hand

DENIED = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}


@dataclass
class FolderInMemory:
    """A folder of specs in memory; `raises` is the name of a spec that cannot be written."""

    files: dict[str, str] = field(default_factory=dict)
    existing: tuple = ()
    taken: frozenset = frozenset()
    raises: str = ""

    def path(self, name):
        return f"apps/{name}.scimconf.yaml"

    def users_file(self, path):
        return path.removeprefix("apps/").replace(".scimconf.yaml", ".users.csv")

    def schema(self, path):
        return "schema.json"

    def write(self, path, files):
        if self.raises and self.raises in path:
            raise KeyError("a defect")
        old = self.files.get(path)
        self.files[path] = files.spec
        if files.users:
            self.files[f"apps/{self.users_file(path)}"] = files.users
        return old != files.spec

    def load(self, path):
        return load(path, lambda name: self.files[name].encode(), {}, {}, lambda _: True)

    def reread(self):
        """Return the folder as another run finds it."""
        specs = [self.load(path) for path in self.files if path.endswith(".yaml")]
        return FolderInMemory(self.files, tuple(specs), frozenset(spec.resolved["name"] for spec in specs))


def run(tenant, folder, **options):
    lines = []

    async def command():
        graph = tenant.graph()
        async with graph:
            policy = ConsistencyPolicy(tenant.sleep, lambda: tenant.time, lambda: graph.now)
            shared = SharedReads(graph)
            settings = AdoptOptions(today=NOON.date(), now=NOON, **options)
            return await adopt(lambda: TenantSession(graph, policy, reads=shared), folder, settings, lines.append)

    result = asyncio.run(command())
    assert [each.name for each in lines] == [each.name for each in result.applications]
    return result


def small(*numbers):
    return {"applications": [made_by_hand.application(number) for number in numbers]}


@pytest.fixture
def three():
    return Rehearsal(small(2, 5, 7))


def by_name(result):
    return {application.name: application for application in result.applications}


def test_each_application_has_a_spec_whose_plan_is_empty_and_a_second_run_changes_nothing(three):
    folder = FolderInMemory()
    result = run(three, folder, pattern=parse_pattern("key_vault:contoso-kv/{name}-scim"))
    assert three.writes == []
    assert [(each.name, each.action, each.proof.is_empty) for each in result.applications] == [
        ("cmd-c-calc-a0", "written", True),
        ("a-b-c-d", "written", True),
        ("writer", "written", True),
    ]
    writer, command = by_name(result)["writer"], by_name(result)["cmd-c-calc-a0"]
    assert (writer.in_scope.count, writer.in_scope.precision) == (3, "exact")
    assert writer.secrets == ("key_vault https://contoso-kv.vault.azure.net writer-scim",)
    assert [contact.state.value for contact in command.recipients] == ["missing"]
    files = dict(folder.files)
    again = run(three, folder.reread())
    assert [each.action for each in again.applications] == ["kept"] * 3
    forced = run(three, folder.reread(), force=True)
    assert [each.action for each in forced.applications] == ["unchanged"] * 3
    assert folder.files == files


@pytest.mark.slow
def test_what_changed_is_listed_and_what_only_the_spec_has_stays(three):
    folder = FolderInMemory()
    run(three, folder)
    path = "apps/a-b-c-d.scimconf.yaml"
    folder.files[path] = folder.files[path].replace("deletion_threshold: 107", "deletion_threshold: 8") + (
        "owners: [ada@contoso.com, gone@contoso.com]\n"
    )
    kept = by_name(run(three, folder.reread()))["a-b-c-d"]
    assert (kept.action, kept.proof.changes, kept.proof.addresses) == ("kept", 1, ("a-b-c-d:settings",))
    assert [contact.state.value for contact in kept.owners] == ["enabled", "missing"]
    assert "deletion_threshold: 8" in folder.files[path]
    replaced = by_name(run(three, folder.reread(), force=True))["a-b-c-d"]
    assert (replaced.action, replaced.differences) == ("replaced", ("a-b-c-d:settings",))
    assert "owners: [ada@contoso.com, gone@contoso.com]" in folder.files[path]
    assert "deletion_threshold: 107" in folder.files[path]


def test_specs_with_errors_of_other_tenants_and_of_nobody_are_left_alone(three):
    folder = FolderInMemory()
    run(three, folder)
    folder.files["apps/a-b-c-d.scimconf.yaml"] += "zzz: 1\n"
    other = folder.files["apps/writer.scimconf.yaml"].replace("tenant: contoso.com", "tenant: fabrikam.com")
    folder.files["apps/writer.scimconf.yaml"] = other
    folder.files["apps/x.scimconf.yaml"] = "version: 1\nname: x\napplication: {display_name: X}\nprovisioning: {}\n"
    folder.files["apps/y.scimconf.yaml"] = "version: 1\nname: y\napplication: none\n"
    result = run(three, folder.reread())
    assert [(each.name, each.action) for each in result.applications] == [
        ("cmd-c-calc-a0", "kept"),
        ("a-b-c-d", "kept"),
        ("writer-2", "written"),
    ]
    assert "unknown key `zzz`" in by_name(result)["a-b-c-d"].proof.problem
    assert result.orphans == tuple(f"apps/{name}.scimconf.yaml" for name in ("writer", "x", "y"))
    assert folder.files["apps/writer.scimconf.yaml"] == other


def test_a_retired_spec_stays_also_with_force_and_a_warning_says_that_the_job_is_on(three):
    """One of an application that is gone is not listed as left over."""
    folder = FolderInMemory()
    run(three, folder)
    path = "apps/writer.scimconf.yaml"
    folder.files[path] = folder.files[path].replace("name: writer\n", "name: writer\nretired: 2026-11-20\n")
    folder.files["apps/x.scimconf.yaml"] = "version: 1\nname: x\nretired: 2026-11-20\napplication: {display_name: X}\n"
    text = folder.files[path]
    result = run(three, folder.reread(), force=True)
    writer = by_name(result)["writer"]
    assert (writer.action, writer.retired, folder.files[path] == text) == ("kept", "2026-11-20", True)
    (task,) = tasks(writer)
    assert task == "the spec says that the application was retired on 2026-11-20, and its provisioning is on"
    assert result.orphans == ()


@pytest.mark.parametrize(
    ("path", "failed"),
    [
        ("jobs", "a-b-c-d"),
        ("jobs/*/schema", "a-b-c-d"),
        ("secrets", "a-b-c-d"),
    ],
)
def test_a_denied_read_of_one_application_does_not_lose_the_others(three, path, failed):
    principal = next(each for each in three.state["servicePrincipals"] if each["displayName"] == "a\\b:c*d?")["id"]
    three.fault(DENIED, method="GET", path=f"/servicePrincipals/{principal}/synchronization/{path}", times=0)
    result = by_name(run(three, FolderInMemory()))
    assert {name: each.action for name, each in result.items()} == {
        "cmd-c-calc-a0": "written",
        failed: "failed",
        "writer": "written",
    }
    assert "403" in result[failed].problem or "Denied" in result[failed].problem


def test_an_application_that_is_deleted_meanwhile_does_not_lose_the_others(three):
    """Between the list and its export it is gone: nothing failed."""
    three.fault({"body": {"value": []}, "status": 200}, method="GET", path="/servicePrincipals", nth=2, times=1)
    result = run(three, FolderInMemory())
    assert sorted(each.action for each in result.applications) == ["gone", "written", "written"]
    (gone,) = [each for each in result.applications if each.action == "gone"]
    assert (gone.problem, gone.is_failed) == ("it was deleted during the export", False)


def test_a_defect_of_one_application_is_reported_for_it(three):
    result = by_name(run(three, FolderInMemory(raises="a-b-c-d")))
    assert result["a-b-c-d"].problem.startswith("this is a defect of scimconf: KeyError")
    assert [each.action for each in result.values()] == ["written", "failed", "written"]


def test_a_tenant_whose_name_and_owners_cannot_be_read_is_exported_without_them(three):
    three.fault(DENIED, method="GET", path="/organization", times=0)
    three.fault(DENIED, method="GET", path="/servicePrincipals/*/owners", times=0)
    folder = FolderInMemory()
    result = run(three, folder)
    assert {each.action for each in result.applications} == {"written"}
    assert {each.entra_owners_problem for each in result.applications} == {"403 Denied"}
    assert "tenant:" not in folder.files["apps/writer.scimconf.yaml"]


def test_a_direct_mapping_of_roles_is_a_warning_of_the_worklist():
    row = {"target": "nickName", "source": "[appRoleAssignments]"}
    application = made_by_hand.application(7)
    application["jobs"] = [{**application["jobs"][0], "edits": [row]}]
    (adopted,) = run(Rehearsal({"applications": [application]}), FolderInMemory()).applications
    assert [text for text in adopted.proof.warnings if "appRoleAssignments" in text]


@pytest.mark.slow
def test_a_plan_or_a_count_that_fails_does_not_lose_the_spec(three):
    """A user who is listed is missing, an exemption has expired, users cannot be read."""
    folder = FolderInMemory()
    run(three, folder)
    path = "apps/cmd-c-calc-a0.scimconf.yaml"
    missing = "    - {user: gone@contoso.com, role: admin}\n"
    folder.files[path] = folder.files[path].replace("  users:\n    - ", f"  users:\n{missing}    - ")
    folder.files["apps/writer.scimconf.yaml"] += (
        "guard_exemptions: [{guard: mass-removal, until: 2026-01-01, reason: x}]\n"
    )
    result = by_name(run(three, folder.reread()))
    assert "gone@contoso.com" in result["cmd-c-calc-a0"].proof.warnings[0]
    folder.files[path] = folder.files[path].replace("assignments:\n", "assignments:\n  missing: error\n")
    assert "gone@contoso.com" in by_name(run(three, folder.reread()))["cmd-c-calc-a0"].proof.problem
    assert "expired on 2026-01-01" in result["writer"].proof.problem
    three.fault(DENIED, method="GET", path="/users", times=0)
    denied = by_name(run(three, folder.reread()))
    assert "Denied" in denied["cmd-c-calc-a0"].proof.problem
    assert {each.action for each in denied.values()} == {"kept"}


def test_applications_without_the_tag_are_exported_and_those_of_microsoft_are_not(three):
    """A script may create an application without the tag; an error about its jobs is then no failure."""
    documents = three.service.tenant.documents
    rows = {row["displayName"]: row for row in documents.all("servicePrincipal")}
    changes = {
        "Writer": {"tags": []},
        "a\\b:c*d?": {"tags": [], "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a"},
    }
    for name, properties in changes.items():
        documents.put("servicePrincipal", rows[name]["id"], rows[name] | properties)
    assert sorted(by_name(run(three, FolderInMemory()))) == ["cmd-c-calc-a0", "writer"]
    three.fault(DENIED, method="GET", path=f"/servicePrincipals/{rows['Writer']['id']}/synchronization/jobs", times=0)
    assert sorted(by_name(run(three, FolderInMemory()))) == ["cmd-c-calc-a0"]


def test_owners_in_entra_are_proposed(three):
    principal = next(each for each in three.state["servicePrincipals"] if each["displayName"] == "Writer")["id"]
    link = "https://graph.microsoft.com/v1.0/directoryObjects/43db4fe0-2362-5aa5-a5f4-7de8f6f0f0ed"
    three.request("POST", f"/servicePrincipals/{principal}/owners/$ref", {"@odata.id": link})
    writer = by_name(run(three, FolderInMemory()))["writer"]
    assert [contact.name for contact in writer.entra_owners] == ["ada@contoso.com"]


@pytest.mark.slow
@pytest.mark.parametrize("is_same_template", [False, True])
def test_the_worklist_names_a_second_job_of_an_application(three, is_same_template):
    principal = three.principal("Writer")["id"]
    documents = three.service.tenant.documents
    (job,) = documents.all("job", Condition("parent = ?", (principal,)))
    template = job["templateId"] if is_same_template else "legacy"
    documents.put("job", "second", job | {"id": "second", "templateId": template}, parent=principal)
    writer = by_name(run(three, FolderInMemory()))["writer"]
    assert [status.job_id for status in writer.jobs] == [job["id"], "second"]
    if is_same_template:
        expected = f"the application has several jobs of the same template: {job['id']}, second. Delete all but one in the portal."
        assert (writer.action, writer.problem) == ("failed", expected)
    else:
        assert (writer.action, writer.omitted) == ("written", ("the application has another job, second",))


def test_the_requests_of_an_export_grow_with_the_applications_by_a_constant(three):
    """The list of jobs and the owners are batches; export, plan and counts of an application read each document once."""

    def total(tenant):
        tenant.forget()
        run(tenant, FolderInMemory())
        paths = [call["path"] for call in tenant.journal]
        documents = [path for path in paths if "/synchronization/" in path and "$batch" not in path]
        return len(paths), documents

    few, documents = total(three)
    assert max(documents.count(path) for path in documents if not path.endswith("/jobs")) == 1
    assert max(documents.count(path) for path in documents if path.endswith("/jobs")) == 2  # listed, and exported
    more, _ = total(Rehearsal(small(2, 5, 7, 10, 13, 15)))
    assert (more - few) / 3 <= 11


@pytest.mark.slow
def test_a_bounded_number_of_applications_is_read_at_the_same_time():
    """The specs of the first ones are written before the next ones are read."""
    tenant = Rehearsal(small(*range(10, 10 + CONCURRENT + 2)))
    secrets_read = []

    class Folder(FolderInMemory):
        def write(self, path, files):
            secrets_read.append(sum(call["path"].endswith("/secrets") for call in tenant.journal))
            return super().write(path, files)

    result = run(tenant, Folder())
    assert [each.proof.is_empty for each in result.applications] == [True] * (CONCURRENT + 2)
    assert secrets_read == [CONCURRENT] * CONCURRENT + [CONCURRENT + 2] * 2


@pytest.mark.slow
def test_thirty_applications_made_by_hand_are_adopted_by_one_export():
    """Custom mappings, roles, scopes, quarantined, never started, and of the gallery with other credentials."""
    tenant, folder = Rehearsal(made_by_hand.tenant(30)), FolderInMemory()
    for _ in range(3):  # until the jobs with bad credentials are in quarantine
        for principal in tenant.state["servicePrincipals"]:
            tenant.request("GET", f"/servicePrincipals/{principal['id']}/synchronization/jobs")
    tenant.forget()
    result = run(tenant, folder, pattern=parse_pattern("key_vault:contoso-kv/{name}-scim"))
    assert (len(result.applications), tenant.writes) == (30, [])
    assert [each.name for each in result.applications if not each.proof.is_empty] == []
    secrets = [secret for each in result.applications for secret in each.secrets]
    assert len(secrets) == len({secret.casefold() for secret in secrets}) > 20
    rows = list(csv.DictReader(io.StringIO(adoption.as_csv(result))))
    assert {row["job"] for row in rows} == {"scim", "zoom", "SfOutDelta", "zendesk", "Slack", "fieldbook"}
    assert {row["state"] for row in rows} >= {"on", "in quarantine", "off, no cycle has ended"}
    assert {row["plan"] for row in rows} == {"plan empty"}
    assert [row for row in rows if row["not_in_spec"]]
    page = adoption.as_markdown(result, "scimconf export --all apps")
    assert page.count("\n## ") == 30
    again = run(tenant, folder.reread())
    assert {(each.action, each.proof.changes) for each in again.applications} == {("kept", 0)}
