"""End-to-end tests of plan, apply and plan: sandbox process, command line, and the resulting tenant."""

import json

import httpx
import pytest
from server_fixture import PATIENCE, child, environment, run, wait_until
from tenant_fixture import WRITER

ROLE_ATTRIBUTE = "urn:custom:params:scim:schemas:extension:writer:2.0:User"


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory):
    """Yield the URL that `scimconf sandbox serve` writes to its ready file."""
    folder = tmp_path_factory.mktemp("sandbox")
    ready = folder / "url"
    process = child(["sandbox", "serve", "--port", "0", "--ready-file", str(ready)], environment(""), cwd=folder)
    wait_until(lambda: ready.exists() or process.poll() is not None)
    yield ready.read_text()
    process.terminate()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert not ready.exists(), "a sandbox that has stopped is not ready"


@pytest.fixture(scope="module")
def command_results(sandbox_url, tmp_path_factory):
    """Run plan, apply and plan, and return their exit codes and output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        for name, value in environment(sandbox_url).items():
            patch.setenv(name, value)
        first = run(["plan", "--detailed-exitcode", str(WRITER)])
        applied = run(["apply", "--auto-approve", str(WRITER)])
        second = run(["plan", "--detailed-exitcode", str(WRITER)])
        return first, applied, second


@pytest.fixture(scope="module")
def graph(sandbox_url, command_results):
    """Return a plain HTTP client that shares no code with scimconf."""

    def get(path, **query):
        response = httpx.get(f"{sandbox_url}{path}", params={f"${name}": value for name, value in query.items()})
        response.raise_for_status()
        return response.json()

    return get


def only(answer):
    (item,) = answer["value"]
    return item


@pytest.fixture(scope="module")
def principal(graph):
    return only(graph("/servicePrincipals", filter="displayName eq 'Writer'"))


@pytest.fixture(scope="module")
def application(graph, principal):
    return only(graph("/applications", filter=f"appId eq '{principal['appId']}'"))


@pytest.fixture(scope="module")
def sync(principal):
    return f"/servicePrincipals/{principal['id']}/synchronization"


@pytest.fixture(scope="module")
def job(graph, sync):
    return only(graph(f"{sync}/jobs"))


@pytest.fixture(scope="module")
def schema(graph, sync, job):
    return graph(f"{sync}/jobs/{job['id']}/schema")


@pytest.fixture(scope="module")
def secrets(graph, sync):
    return {secret["key"]: secret["value"] for secret in graph(f"{sync}/secrets")["value"]}


def mapping(schema, source):
    (match,) = [
        object_mapping
        for rule in schema["synchronizationRules"]
        for object_mapping in rule["objectMappings"]
        if object_mapping["sourceObjectName"] == source
    ]
    return match


def row(schema, target):
    (match,) = [
        attribute_mapping
        for attribute_mapping in mapping(schema, "User")["attributeMappings"]
        if attribute_mapping["targetAttributeName"] == target
    ]
    return match


def test_plan_exits_2_then_apply_exits_0_then_plan_exits_0(command_results):
    assert [result.code for result in command_results] == [2, 0, 0]
    assert command_results[2].out.endswith("No changes. The tenant matches the spec.\n")


def test_1_apply_creates_the_application_from_the_non_gallery_template(application):
    assert application["displayName"] == "Writer"
    assert application["applicationTemplateId"] == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"


def test_2_apply_writes_the_connection_and_the_rotation_tag_of_the_secret_token(secrets, principal):
    """The secret token reads back as `*`."""
    assert secrets["BaseAddress"] == "https://app.writer.com/api/scim/v2"
    assert secrets["SecretToken"] == "*"
    assert "scimconf:SecretToken=2026-11" in principal["tags"]


def test_2_apply_validates_credentials_before_and_after_it_stores_them(sandbox_url, command_results):
    """validateCredentials with the new ones, the PUT, the same with the stored ones, and again before the start."""
    journal = httpx.get(f"{sandbox_url.removesuffix('/v1.0')}/_sandbox/journal").json()["value"]
    requests = [
        request for request in journal if request["path"].endswith("/validateCredentials") or request["method"] == "PUT"
    ]
    credentials = [
        request["body"].get("useSavedCredentials", "put")
        for request in requests
        if not request["path"].endswith("/schema")
    ]
    assert credentials == [False, "put", True, True]


def test_3_apply_creates_one_job_from_the_default_template(job):
    assert job["templateId"] == "scim"


def test_4_apply_enables_user_and_group_mappings_with_all_actions(schema):
    """`mailNickname` is the source of `externalId`; users are matched by `userName`."""
    assert (mapping(schema, "User")["enabled"], mapping(schema, "Group")["enabled"]) == (True, True)
    assert mapping(schema, "User")["flowTypes"].split(",") == ["Add", "Update", "Delete"]
    assert row(schema, "externalId")["source"]["name"] == "mailNickname"
    assert row(schema, 'emails[type eq "work"].value')["source"]["name"] == "mail"
    assert row(schema, "userName")["matchingPriority"] == 1


def test_5_and_6_apply_defines_the_role_attribute_and_maps_it_always(schema, application):
    definitions = [
        attribute["name"]
        for directory in schema["directories"]
        for item in directory["objects"]
        if item["name"] == mapping(schema, "User")["targetObjectName"]
        for attribute in item["attributes"]
    ]
    assert definitions.count(ROLE_ATTRIBUTE) == 1
    assert row(schema, ROLE_ATTRIBUTE)["source"]["name"] == "appRoleAssignments"
    assert row(schema, ROLE_ATTRIBUTE)["flowType"] == "Always"
    assert {"admin", "member"} <= {item["value"] for item in application["appRoles"] if item["isEnabled"]}


def test_7_apply_assigns_users_and_groups_to_app_roles(graph, principal, application):
    """From the spec and from its CSV file."""
    roles = {item["id"]: item["value"] for item in application["appRoles"]}
    assignments = graph(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", top="999")["value"]
    assert {(item["principalDisplayName"], roles[item["appRoleId"]]) for item in assignments} == {
        ("Writer editors", "member"),
        ("Writer admins", "admin"),
        ("Ada Lovelace", "admin"),
        ("Grace Hopper", "member"),
        ("Alan Turing", "member"),
        ("Katherine Johnson", "member"),
        ("Radia Perlman", "member"),
    }


def test_8_apply_writes_scope_notification_and_threshold_settings_as_secrets(secrets):
    assert secrets["SyncAll"] == "false"
    assert secrets.get("SkipOutOfScopeDeletions", "False").lower() == "false"
    settings = json.loads(secrets["SyncNotificationSettings"])
    assert settings == {
        "Enabled": True,
        "Recipients": "identity@contoso.com",
        "DeleteThresholdEnabled": True,
        "DeleteThresholdValue": 50,
    }


def test_9_apply_starts_provisioning_last(job, sandbox_url):
    assert job["schedule"]["state"] == "Active"
    assert job["status"]["quarantine"] is None
    journal = httpx.get(f"{sandbox_url.removesuffix('/v1.0')}/_sandbox/journal").json()["value"]
    writes = [
        request
        for request in journal
        if request["method"] != "GET" and not request["path"].endswith(("getByIds", "$batch"))
    ]
    assert writes[-1]["path"].endswith("/start")
    assert all(request["status"] < 300 for request in writes)
