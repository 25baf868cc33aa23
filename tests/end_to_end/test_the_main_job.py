"""The main job as a stranger does it: a sandbox on a socket, the command line, and what the tenant then holds."""

import json

import httpx
import pytest
from server_fixture import PATIENCE, child, environment, run, wait_until
from tenant_fixture import WRITER

ROLE_ATTRIBUTE = "urn:custom:params:scim:schemas:extension:writer:2.0:User"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """The URL of `scimconf sandbox serve`, as it stands in the file that says when it listens."""
    folder = tmp_path_factory.mktemp("door")
    ready = folder / "url"
    process = child(["sandbox", "serve", "--port", "0", "--ready-file", str(ready)], environment(""), cwd=folder)
    wait_until(lambda: ready.exists() or process.poll() is not None)
    yield ready.read_text()
    process.terminate()
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert not ready.exists(), "a sandbox that has stopped is not ready"


@pytest.fixture(scope="module")
def walked(door, tmp_path_factory):
    """Plan, apply, plan again: each with its exit code and what it printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("desk"))
        for name, value in environment(door).items():
            patch.setenv(name, value)
        first = run(["plan", "--detailed-exitcode", str(WRITER)])
        applied = run(["apply", "--auto-approve", str(WRITER)])
        again = run(["plan", "--detailed-exitcode", str(WRITER)])
        return first, applied, again


@pytest.fixture(scope="module")
def graph(door, walked):
    """A plain HTTP client, which shares nothing with ours."""

    def get(path, **query):
        response = httpx.get(f"{door}{path}", params={f"${name}": value for name, value in query.items()})
        response.raise_for_status()
        return response.json()

    return get


def only(answer):
    (found,) = answer["value"]
    return found


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
    return {one["key"]: one["value"] for one in graph(f"{sync}/secrets")["value"]}


def mapping(schema, source):
    (found,) = [
        one
        for rule in schema["synchronizationRules"]
        for one in rule["objectMappings"]
        if one["sourceObjectName"] == source
    ]
    return found


def row(schema, target):
    (found,) = [one for one in mapping(schema, "User")["attributeMappings"] if one["targetAttributeName"] == target]
    return found


def test_plan_apply_and_plan_end_with_2_0_and_0(walked):
    """Changes, done, nothing left."""
    assert [one.code for one in walked] == [2, 0, 0]
    assert walked[2].out.endswith("No changes. The tenant matches the spec.\n")


def test_1_the_application_is_created_from_its_template(application):
    """The template of non-gallery applications."""
    assert application["displayName"] == "Writer"
    assert application["applicationTemplateId"] == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"


def test_2_the_connection_holds_address_and_token_and_the_note_of_its_rotation(secrets, principal):
    """The token is there and reads back as a star; that it was tried before it was stored, the journal says."""
    assert secrets["BaseAddress"] == "https://app.writer.com/api/scim/v2"
    assert secrets["SecretToken"] == "*"
    assert "scimconf:SecretToken=2026-11" in principal["tags"]


def test_2_new_credentials_are_tried_before_they_are_stored(door, walked):
    """validateCredentials with the new ones, then the PUT, then validateCredentials with the stored ones."""
    journal = httpx.get(f"{door.removesuffix('/v1.0')}/_sandbox/journal").json()["value"]
    asked = [one for one in journal if one["path"].endswith("/validateCredentials") or one["method"] == "PUT"]
    seen = [one["body"].get("useSavedCredentials", "put") for one in asked if not one["path"].endswith("/schema")]
    assert seen == [False, "put", True]


def test_3_the_job_is_made_from_the_default_template(job):
    """Of the application's own template, and only one."""
    assert job["templateId"] == "scim"


def test_4_users_and_groups_are_mapped_with_all_actions(schema):
    """`mailNickname` fills `externalId`; userName finds people."""
    assert (mapping(schema, "User")["enabled"], mapping(schema, "Group")["enabled"]) == (True, True)
    assert mapping(schema, "User")["flowTypes"].split(",") == ["Add", "Update", "Delete"]
    assert row(schema, "externalId")["source"]["name"] == "mailNickname"
    assert row(schema, 'emails[type eq "work"].value')["source"]["name"] == "mail"
    assert row(schema, "userName")["matchingPriority"] == 1


def test_5_and_6_the_role_attribute_is_defined_and_mapped_always(schema, application):
    """Roles by value, and the attribute that carries them."""
    definitions = [
        attribute["name"]
        for directory in schema["directories"]
        for one in directory["objects"]
        if one["name"] == mapping(schema, "User")["targetObjectName"]
        for attribute in one["attributes"]
    ]
    assert definitions.count(ROLE_ATTRIBUTE) == 1
    assert row(schema, ROLE_ATTRIBUTE)["source"]["name"] == "appRoleAssignments"
    assert row(schema, ROLE_ATTRIBUTE)["flowType"] == "Always"
    assert {"admin", "member"} <= {one["value"] for one in application["appRoles"] if one["isEnabled"]}


def test_7_users_and_groups_are_assigned_to_their_roles(graph, principal, application):
    """Those of the spec, and those of its CSV file."""
    roles = {one["id"]: one["value"] for one in application["appRoles"]}
    rows = graph(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo", top="999")["value"]
    assert {(one["principalDisplayName"], roles[one["appRoleId"]]) for one in rows} == {
        ("Writer editors", "member"),
        ("Writer admins", "admin"),
        ("Ada Lovelace", "admin"),
        ("Grace Hopper", "member"),
        ("Alan Turing", "member"),
        ("Katherine Johnson", "member"),
        ("Radia Perlman", "member"),
    }


def test_8_scope_mails_threshold_and_skipped_deletions_are_keys_of_the_secrets(secrets):
    """Written as a whole, once."""
    assert secrets["SyncAll"] == "false"
    assert secrets.get("SkipOutOfScopeDeletions", "False").lower() == "false"
    settings = json.loads(secrets["SyncNotificationSettings"])
    assert settings == {
        "Enabled": True,
        "Recipients": "identity@contoso.com",
        "DeleteThresholdEnabled": True,
        "DeleteThresholdValue": 50,
    }


def test_9_provisioning_is_on_and_was_started_last(job, door):
    """After everything else had succeeded."""
    assert job["schedule"]["state"] == "Active"
    assert job["status"]["quarantine"] is None
    journal = httpx.get(f"{door.removesuffix('/v1.0')}/_sandbox/journal").json()["value"]
    writes = [one for one in journal if one["method"] != "GET" and not one["path"].endswith(("getByIds", "$batch"))]
    assert writes[-1]["path"].endswith("/start")
    assert all(one["status"] < 300 for one in writes)
