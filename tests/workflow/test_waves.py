"""How many requests a plan and an apply send, and how many of them wait for others: waves are round trips."""

import pytest
from tenant_fixture import WRITER, Rehearsal, all_allowed, changes, exit_code, wishes
from waves import counted, plan_and_apply

SYNC = "/synchronization"
ADA = "  users: [{user: ada@contoso.com, role: User}]\n"
SPEC = """\
version: 1
name: app-{number}
application: {{display_name: App {number}}}
provisioning: {{enabled: false}}
assignments:
  unlisted: keep
  groups: [{{name: Writer editors, role: User}}, {{name: {group}, role: User}}]
"""


def kinds(requests):
    """Return the requests without the ids of the application and the job."""
    return ["/".join(part for part in request.split("/") if len(part) < 36) for request in requests]


@pytest.fixture(scope="module")
def applied():
    """A tenant after the first apply of Writer, the waves of that apply, and its report."""
    tenant = Rehearsal()
    with counted(tenant) as count:
        _, [report] = plan_and_apply(tenant, [tenant.load(WRITER)], all_allowed())
    return tenant, count, report


def test_an_apply_of_a_new_application_needs_20_waves(applied):
    _, count, report = applied
    assert exit_code(report) == 0
    assert (len(count.waves), len(count.requests)) == (20, 48)


def test_a_plan_needs_3_waves(applied):
    tenant, _, _ = applied
    with counted(tenant) as count:
        assert changes(tenant.plan(WRITER)) == []
    assert (len(count.waves), len(count.requests)) == (3, 10)


def test_the_last_plan_of_an_apply_reads_what_could_have_changed_at_once(applied):
    _, count, _ = applied
    documents = ["", "/appRoleAssignedTo", f"{SYNC}/jobs", f"{SYNC}/secrets", f"{SYNC}/jobs/schema"]
    last = ["GET /applications", *(f"GET /servicePrincipals{document}" for document in documents)]
    assert sorted(kinds(count.waves[-1])) == sorted(last)
    for constant in ("organization", "groups", "users", f"servicePrincipals{SYNC}/templates"):
        assert kinds(count.requests).count(f"GET /{constant}") == 1


@pytest.mark.parametrize("document", [f"{SYNC}/jobs/schema", f"{SYNC}/secrets"])
def test_an_apply_reads_a_document_directly_before_it_replaces_it(applied, document):
    _, count, _ = applied
    waves = [kinds(wave) for wave in count.waves]
    writes = [number for number, wave in enumerate(waves) if f"PUT /servicePrincipals{document}" in wave]
    assert writes
    assert all(f"GET /servicePrincipals{document}" in waves[number - 1] for number in writes)


@pytest.fixture
def fleet(tmp_path):
    """Five applications with the same users, and the specs of four of them with groups that repeat."""
    principals = [{"user": "ada@contoso.com", "role": "User"}, {"group": "Writer editors", "role": "User"}]
    names = [f"App {number}" for number in range(5)]
    application = {"template": "custom", "jobs": [{"template": "scim"}], "assignments": principals}
    tenant = Rehearsal({"base": "contoso", "applications": [{"displayName": name, **application} for name in names]})
    specs = []
    for number, group in enumerate(["Writer admins", "Writer admins", "Missing", "Missing"]):
        file = tmp_path / f"{number}.scimconf.yaml"
        file.write_text(SPEC.format(number=number, group=group) + ADA)
        specs.append(tenant.load(file))
    return tenant, specs


def test_plans_of_several_applications_resolve_names_together(fleet):
    tenant, specs = fleet
    with counted(tenant) as count:
        results, _ = plan_and_apply(tenant, specs, wishes(impact=False), applies=False)
    assert [len(planned.plan.missing) for planned in results.planned] == [0, 0, 1, 1]
    requests = kinds(count.requests)
    for shared in ("GET /organization", "GET /groups", "POST /directoryObjects/getByIds"):
        assert requests.count(shared) == 1
    assert requests.count("GET /directory/deletedItems/microsoft.graph.group") == 1
    assert requests.count("GET /servicePrincipals/synchronization/jobs") == 4
