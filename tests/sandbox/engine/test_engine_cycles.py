"""Cycles of a started job, over HTTP: what is sent to the endpoint, and what the tenant shows of it."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.client import users

GROUP = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com"]}
DISABLE = {
    False: '[{"op": "Replace", "path": "active", "value": "False"}]',
    True: '[{"op": "replace", "path": "active", "value": false}]',
}
ENABLE = {
    False: '[{"op": "Replace", "path": "active", "value": "True"}]',
    True: '[{"op": "replace", "path": "active", "value": true}]',
}
both_dialects = pytest.mark.parametrize(
    "flag", [pytest.param(False, id="legacy"), pytest.param(True, id="aadOptscim062020", marks=pytest.mark.slow)]
)


@pytest.fixture
def synced(provisioned):
    """Return a function that makes a tenant after its initial cycle."""

    def make(**options):
        tenant = provisioned(**options)
        tenant.cycle()
        tenant.endpoint.take()
        return tenant

    return make


# ---- initial cycles -------------------------------------------------------------------------------------------------


def test_initial_cycle_creates_the_assigned_users_and_the_next_sends_nothing(provisioned, endpoint):
    tenant = provisioned()
    summary = tenant.cycle()
    assert (summary["cycle"], tenant.events(summary)) == ("initial", ["create success Ada", "create success Grace"])
    assert endpoint.calls() == [
        "GET /scim/Users?filter=userName+eq+%22ada%40contoso.com%22",
        "POST /scim/Users",
        "GET /scim/Users?filter=userName+eq+%22grace%40contoso.com%22",
        "POST /scim/Users",
    ]
    assert tenant.sent() == []


@both_dialects
def test_an_existing_user_is_matched_and_only_what_differs_is_sent(provisioned, endpoint, flag):
    key = endpoint.add("Users", userName="ada@contoso.com", displayName="Ada", title="Countess", active=True)
    tenant = provisioned(assigned=("ada@contoso.com",), flag=flag)
    tenant.cycle()
    (patch,) = [sent for sent in endpoint.requests if sent.method == "PATCH"]
    assert patch.path == f"/scim/Users/{key}"
    written = [
        name
        for row in patch.body["Operations"]
        for name in (row.get("path"), *dict(row["value"] if flag and "path" not in row else {}))
    ]
    assert "displayName" not in written and "active" not in written and "title" not in written
    assert "name.givenName" in written
    assert not [sent for sent in endpoint.requests if sent.method == "POST"]
    assert tenant.sent() == []


def test_matching_stops_at_the_first_hit_in_the_order_of_precedence(provisioned, endpoint):
    edits = [{"target": "externalId", "source": "[mailNickname]", "matchingPriority": 2}]
    key = endpoint.add("Users", userName="other@contoso.com", externalId="ada", active=True)
    tenant = provisioned(assigned=("ada@contoso.com",), edits=edits)
    tenant.cycle()
    assert endpoint.calls("GET") == [
        "GET /scim/Users?filter=userName+eq+%22ada%40contoso.com%22",
        "GET /scim/Users?filter=externalId+eq+%22ada%22",
    ]
    assert endpoint.resources["Users"][key]["userName"] == "ada@contoso.com"


def test_a_value_with_quotes_is_escaped_in_the_filter(provisioned, endpoint):
    edits = [
        {"target": "userName", "source": "[userPrincipalName]", "matchingPriority": 0},
        {"target": "displayName", "source": "[displayName]", "matchingPriority": 1},
    ]
    tenant = provisioned(assigned=("ada@contoso.com",), edits=edits)
    tenant.change("ada", displayName='Ada "A\\B" Lovelace')
    key = endpoint.add("Users", displayName='Ada "A\\B" Lovelace', userName="x")
    tenant.cycle()
    assert endpoint.calls("POST") == [] and endpoint.resources["Users"][key]["userName"] == "ada@contoso.com"


def test_two_matches_are_a_failure_and_nothing_is_written(provisioned, endpoint):
    for _ in range(2):
        endpoint.add("Users", userName="ada@contoso.com")
    tenant = provisioned(assigned=("ada@contoso.com",))
    assert tenant.events(tenant.cycle()) == ["create failure Ada: DuplicateTargetEntries"]
    assert endpoint.calls("POST", "PATCH") == []


def test_no_matching_value_is_a_failure(provisioned, endpoint):
    edits = [
        {"target": "userName", "source": "[userPrincipalName]", "matchingPriority": 0},
        {"target": "externalId", "source": "[employeeId]", "matchingPriority": 1},
    ]
    tenant = provisioned(assigned=("ada@contoso.com",), edits=edits)
    assert tenant.events(tenant.cycle()) == ["create failure Ada: EntryJoiningPropertyValueIsMissing"]
    assert endpoint.requests == []


def test_two_users_that_match_one_object_fail_the_second(provisioned, endpoint):
    edits = [{"target": "userName", "source": '"shared"', "matchingPriority": 1}]
    tenant = provisioned(edits=edits)
    assert tenant.events(tenant.cycle()) == ["create success Ada", "create failure Grace: DuplicateSourceEntries"]


@both_dialects
def test_groups_follow_users_and_members_follow_groups(provisioned, endpoint, flag):
    tenant = provisioned(assigned=("Editors",), groups=[GROUP], flag=flag)
    tenant.cycle()
    assert endpoint.calls("POST") == ["POST /scim/Users", "POST /scim/Users", "POST /scim/Groups"]
    assert "GET /scim/Groups?excludedAttributes=members&filter=displayName+eq+%22Editors%22" in endpoint.calls("GET")
    patches = [sent for sent in endpoint.requests if sent.method == "PATCH"]
    assert sorted(sent.body["Operations"][0]["value"][0]["value"] for sent in patches) == ["u1", "u2"]
    assert {sent.body["Operations"][0]["op"] for sent in patches} == {"add" if flag else "Add"}
    assert [sent.method for sent in endpoint.requests[-2:]] == ["PATCH", "PATCH"]


def test_members_of_nested_groups_are_not_provisioned(provisioned, endpoint):
    inner = {"displayName": "Inner", "members": ["joe@contoso.com"]}
    outer = {"displayName": "Outer", "members": ["ada@contoso.com", "group:Inner"]}
    provisioned(assigned=("Outer",), groups=[inner, outer]).cycle()
    assert [row["userName"] for row in endpoint.resources["Users"].values()] == ["ada@contoso.com"]
    assert endpoint.by_name("Outer")["members"] == [{"value": "u1"}]


def test_a_nested_group_that_is_provisioned_is_a_member(provisioned, endpoint):
    inner = {"displayName": "Inner", "members": ["joe@contoso.com"]}
    outer = {"displayName": "Outer", "members": ["group:Inner"]}
    provisioned(assigned=("Outer", "Inner"), groups=[inner, outer]).cycle()
    assert endpoint.by_name("Outer")["members"] == [{"value": endpoint.by_name("Inner")["id"]}]


def test_all_users_and_groups_are_provisioned_with_sync_all(provisioned, endpoint):
    provisioned(assigned=(), groups=[GROUP], secrets={"SyncAll": "true"}).cycle()
    assert len(endpoint.resources["Users"]) == 3 and len(endpoint.resources["Groups"]) == 1


def test_disabled_and_filtered_users_are_not_created(provisioned, endpoint):
    scope = {"groups": [{"name": "Sales only", "clauses": [
        {"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": ["Sales"]}}]}]}  # fmt: skip
    tenant = provisioned(assigned=("ada@contoso.com", "grace@contoso.com", "joe@contoso.com"), edits=[{"scope": scope}])
    tenant.change("ada", accountEnabled=False)
    tenant.change("grace", department="Legal")
    summary = tenant.cycle()
    assert tenant.events(summary) == ["create skipped Ada", "create skipped Grace", "create success Joe"]
    details = summary["entries"][1]["provisioningSteps"][1]["details"]
    assert json.loads(details["ScopeEvaluationResult"]) == {"Sales only.department EQUALS 'Sales'": False}


# ---- incremental cycles ---------------------------------------------------------------------------------------------


@both_dialects
def test_a_changed_attribute_is_sent_after_a_read_of_the_user(synced, flag):
    tenant = synced(flag=flag)
    tenant.change("ada", displayName="Countess")
    operation = '{"op": "replace", "value": {"displayName": "Countess"}}' if flag else (
        '{"op": "Replace", "path": "displayName", "value": "Countess"}')  # fmt: skip
    assert tenant.sent() == ["GET /Users/u1", f"PATCH /Users/u1 [{operation}]"]


def test_a_cleared_or_unmapped_attribute_sends_no_change(synced):
    tenant = synced()
    tenant.change("ada", employeeType="Contractor")
    assert tenant.sent() == []
    tenant.change("ada", department=None)
    assert tenant.sent() == ["GET /Users/u1"]


@both_dialects
@pytest.mark.parametrize("event", ["disabled", "unassigned", "deleted"])
def test_a_user_who_leaves_is_disabled(synced, event, flag):
    tenant = synced(flag=flag)
    leave(tenant, event)
    assert tenant.sent() == ["GET /Users/u1", f"PATCH /Users/u1 {DISABLE[flag]}"]
    assert tenant.sent() == []


@both_dialects
@pytest.mark.parametrize("event", ["disabled", "unassigned", "deleted"])
def test_a_user_who_returns_is_enabled(synced, event, flag):
    tenant = synced(flag=flag)
    key = tenant.user("ada")
    leave(tenant, event)
    tenant.cycle()
    if event == "disabled":
        tenant.change("ada", accountEnabled=True)
    elif event == "unassigned":
        tenant.assign(key)
    else:
        tenant.restore(key)
    assert tenant.sent() == ["GET /Users/u1", f"PATCH /Users/u1 {ENABLE[flag]}"]


def leave(tenant, event):
    if event == "disabled":
        tenant.change("ada", accountEnabled=False)
    elif event == "unassigned":
        tenant.unassign(tenant.user("ada"))
    else:
        tenant.delete_user("ada")


def test_a_purged_user_is_deleted_and_an_absent_one_is_no_failure(synced, endpoint):
    tenant = synced()
    ada, grace = tenant.delete_user("ada"), tenant.delete_user("grace")
    tenant.cycle()
    tenant.purge(ada)
    tenant.purge(grace)
    del endpoint.resources["Users"]["u2"]
    assert sorted(tenant.sent()) == ["DELETE /Users/u1", "DELETE /Users/u2"]
    assert tenant.sent() == []


def test_a_deleted_user_is_purged_after_thirty_days(synced):
    tenant = synced()
    tenant.delete_user("ada")
    tenant.cycle()
    assert tenant.sent("P29D") == []
    assert tenant.sent("P2D") == ["DELETE /Users/u1"]


def test_unassigned_and_then_deleted_users_send_no_delete(synced):
    tenant = synced()
    tenant.unassign(tenant.user("ada"))
    tenant.cycle()
    tenant.endpoint.take()
    key = tenant.delete_user("ada")
    assert tenant.sent() == []
    tenant.purge(key)
    assert tenant.sent() == []


def test_an_account_disabled_and_then_unassigned_is_not_managed_any_more(synced):
    tenant = synced()
    tenant.change("ada", accountEnabled=False)
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    assert tenant.sent() == []
    tenant.purge(tenant.delete_user("ada"))
    assert tenant.sent() == []


@pytest.mark.parametrize(
    ("event", "expected"), [("unassigned", []), ("disabled", ["GET /Users/u1", f"PATCH /Users/u1 {DISABLE[False]}"])]
)
def test_skip_out_of_scope_deletions_keeps_unassigned_users_only(synced, event, expected):
    tenant = synced(secrets={"SkipOutOfScopeDeletions": "True"})
    leave(tenant, event)
    assert tenant.sent() == expected


def test_without_a_mapping_of_is_soft_deleted_leavers_keep_their_accounts(synced):
    tenant = synced(edits=[{"remove": "active"}])
    tenant.unassign(tenant.user("ada"))
    tenant.delete_user("grace")
    assert tenant.sent() == []


@pytest.mark.parametrize(
    ("actions", "event", "expected"),
    [
        ("Add,Delete", "disabled", []),
        ("Add,Update", "purged", []),
        ("Update,Delete", "created", ["GET /Users?filter=userName+eq+%22joe%40contoso.com%22"]),
        ("Add,Delete", "changed", ["GET /Users/u1"]),
    ],
)
def test_actions_of_the_target_object_gate_each_request(synced, actions, event, expected):
    tenant = synced()
    schema = tenant.client.schema()
    users(schema)["flowTypes"] = actions
    tenant.client.put_schema(schema)
    tenant.cycle()
    if event == "disabled":
        tenant.change("ada", accountEnabled=False)
    elif event == "purged":
        key = tenant.delete_user("ada")
        tenant.cycle()
        tenant.purge(key)
    elif event == "created":
        tenant.assign(tenant.user("joe"))
    else:
        tenant.change("ada", displayName="Countess")
    assert tenant.sent() == expected


def test_a_target_without_an_active_attribute_deletes_instead_of_disabling(synced):
    tenant = synced()
    schema = tenant.client.schema()
    mapping = users(schema)
    for row in schema["directories"][1]["objects"]:
        row["attributes"] = [entry for entry in row["attributes"] if entry["name"] != "active"]
    rows = mapping["attributeMappings"]
    mapping["attributeMappings"] = [row for row in rows if row["targetAttributeName"] != "active"]
    tenant.client.put_schema(schema)
    tenant.cycle()
    tenant.unassign(tenant.user("ada"))
    assert tenant.sent() == ["DELETE /Users/u1"]


# ---- groups ---------------------------------------------------------------------------------------------------------


@both_dialects
def test_a_group_is_renamed_and_its_members_change(synced, flag):
    tenant = synced(assigned=("Editors",), groups=[GROUP], flag=flag)
    key = tenant.group("Editors")
    tenant.client.patch(f"/groups/{key}", {"displayName": "Authors"})
    operation = '{"op": "replace", "value": {"displayName": "Authors"}}' if flag else (
        '{"op": "Replace", "path": "displayName", "value": "Authors"}')  # fmt: skip
    read = "GET /Groups/g3?excludedAttributes=members"
    assert tenant.sent() == [read, f"PATCH /Groups/g3 [{operation}]"]
    add_member(tenant, key, "joe")
    added = '{"op": "add", "path": "members", "value": [{"value": "u4"}]}'
    assert tenant.sent() == [
        "GET /Users?filter=userName+eq+%22joe%40contoso.com%22",
        "POST /Users",
        read,
        f"PATCH /Groups/g3 [{added if flag else added.replace('add', 'Add')}]",
    ]
    tenant.client.delete(f"/groups/{key}/members/{tenant.user('joe')}/$ref")
    removed = '{"op": "remove", "path": "members[value eq \\"u4\\"]"}' if flag else (
        '{"op": "Remove", "path": "members", "value": [{"value": "u4"}]}')  # fmt: skip
    assert tenant.sent() == [
        "GET /Users/u4",
        f"PATCH /Users/u4 {DISABLE[flag]}",
        read,
        f"PATCH /Groups/g3 [{removed}]",
    ]


def add_member(tenant, group, name):
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{tenant.user(name)}"}
    tenant.client.post(f"/groups/{group}/members/$ref", body, expect=204)


def test_an_unassigned_group_disables_its_members_and_is_deleted(synced, endpoint):
    tenant = synced(assigned=("Editors", "ada@contoso.com"), groups=[GROUP])
    tenant.unassign(tenant.group("Editors"))
    assert tenant.sent() == ["GET /Users/u2", f"PATCH /Users/u2 {DISABLE[False]}", "DELETE /Groups/g3"]
    tenant.assign(tenant.group("Editors"))
    tenant.cycle()
    assert len(endpoint.by_name("Editors")["members"]) == 2


def test_a_group_that_returns_members_is_replaced_by_the_new_member(provisioned, endpoint):
    endpoint.returns_members = True
    tenant = provisioned(assigned=("Editors",), groups=[GROUP])
    tenant.cycle()
    endpoint.take()
    add_member(tenant, tenant.group("Editors"), "joe")
    assert tenant.sent()[-1] == 'PATCH /Groups/g3 [{"op": "Replace", "path": "members", "value": [{"value": "u4"}]}]'
    assert endpoint.by_name("Editors")["members"] == [{"value": "u4"}]


@pytest.mark.parametrize(("switches", "count"), [({}, 3), ({"member_batch": 2}, 2), ({"member_batch": 0}, 1)])
def test_member_batch_is_the_number_of_members_of_a_request(provisioned, endpoint, switches, count):
    group = {"displayName": "Editors", "members": ["ada@contoso.com", "grace@contoso.com", "joe@contoso.com"]}
    provisioned(assigned=("Editors",), groups=[group], switches=switches).cycle()
    assert len(endpoint.calls("PATCH")) == count
    assert len(endpoint.by_name("Editors")["members"]) == 3


# ---- managers -------------------------------------------------------------------------------------------------------

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"


def set_manager(tenant, name, manager):
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{tenant.user(manager)}"}
    tenant.client.put(f"/users/{tenant.user(name)}/manager/$ref", body)


@both_dialects
def test_a_manager_is_set_changed_and_removed(synced, flag):
    tenant = synced(assigned=("ada@contoso.com", "grace@contoso.com", "joe@contoso.com"), flag=flag)
    op = str.lower if flag else str
    set_manager(tenant, "ada", "grace")
    assert tenant.sent() == [
        "GET /Users/u1",
        f'PATCH /Users/u1 [{{"op": "{op("Add")}", "path": "{MANAGER}", "value": "u2"}}]',
    ]
    set_manager(tenant, "ada", "joe")
    assert tenant.sent()[1] == f'PATCH /Users/u1 [{{"op": "{op("Replace")}", "path": "{MANAGER}", "value": "u3"}}]'
    tenant.client.delete(f"/users/{tenant.user('ada')}/manager/$ref")
    removed = (
        f'{{"op": "replace", "path": "{MANAGER}", "value": ""}}' if flag else f'{{"op": "Remove", "path": "{MANAGER}"}}'
    )
    assert tenant.sent()[1] == f"PATCH /Users/u1 [{removed}]"


def test_a_manager_who_comes_into_scope_later_is_sent_after_a_restart_only(synced):
    tenant = synced()
    set_manager(tenant, "ada", "joe")
    assert tenant.sent() == []
    tenant.assign(tenant.user("joe"))
    assert tenant.sent() == ["GET /Users?filter=userName+eq+%22joe%40contoso.com%22", "POST /Users"]
    assert tenant.sent() == []
    tenant.restart()
    assert f'PATCH /Users/u1 [{{"op": "Add", "path": "{MANAGER}", "value": "u3"}}]' in tenant.sent()


# ---- links, restarts and initial cycles -----------------------------------------------------------------------------


def test_a_schema_put_makes_the_next_cycle_an_initial_one_that_keeps_the_links(synced):
    tenant = synced()
    tenant.client.put_schema(tenant.client.schema())
    assert tenant.sent() == ["GET /Users/u1", "GET /Users/u2"]
    assert tenant.cycle()["cycle"] == "incremental"


@pytest.mark.parametrize(
    ("scope", "kind", "first"),
    [
        ("", "initial", "GET /Users/u1"),
        ("Watermark", "initial", "GET /Users/u1"),
        ("Full", "initial", "GET /Users?filter=userName+eq+%22ada%40contoso.com%22"),
        ("QuarantineState", "incremental", None),
    ],
)
def test_restart_resets_what_its_scope_says(synced, scope, kind, first):
    tenant = synced()
    tenant.restart(scope)
    summary = tenant.cycle()
    calls = tenant.endpoint.calls()
    assert (summary["cycle"], calls[0].replace("/scim", "") if calls else None) == (kind, first)


def test_changes_of_settings_and_of_the_target_start_no_initial_cycle(synced, endpoint):
    tenant = synced()
    tenant.settings(SyncAll="true")
    endpoint.resources["Users"]["u1"]["displayName"] = "Changed in the application"
    assert tenant.sent() == []
    tenant.restart()
    assert 'PATCH /Users/u1 [{"op": "Replace", "path": "displayName", "value": "Ada"}]' in tenant.sent()


@pytest.mark.parametrize(
    ("position", "event"), [("match", "create success Ada"), ("failure", "update failure Ada: InvalidAnchor")]
)
def test_a_linked_user_that_is_missing_is_matched_again(synced, endpoint, position, event):
    tenant = synced(switches={"missing_target": position})
    endpoint.resources["Users"].clear()
    tenant.change("ada", displayName="Ada")
    tenant.change("ada", jobTitle="Countess")
    assert tenant.events(tenant.cycle()) == [event]


def test_roles_are_compared_for_all_users_after_the_application_changed(synced):
    edits = [{"target": 'roles[primary eq "True"].value', "source": "SingleAppRoleAssignment([appRoleAssignments])"}]
    tenant = synced(edits=edits)
    principal = tenant.client.principal()
    (application,) = tenant.client.value(f"/applications?$filter=appId eq '{principal['appId']}'")
    path = f"/applications/{application['id']}"
    for changed in ({"isEnabled": False}, {"isEnabled": True, "displayName": "Member"}):
        roles = tenant.client.get(path)["appRoles"]
        tenant.client.patch(
            path, {"appRoles": [role | (changed if role["displayName"] == "User" else {}) for role in roles]}
        )
    assert [text for text in tenant.sent() if text.startswith("PATCH")] == [
        f'PATCH /Users/{key} [{{"op": "Replace", "path": "roles[primary eq \\"True\\"].value", "value": "Member"}}]'
        for key in ("u1", "u2")
    ]


def test_a_killed_cycle_continues_without_creating_anybody_twice(provisioned, endpoint, tmp_path):
    state = str(tmp_path / "tenant.db")
    tenant = provisioned(state=state)
    tenant.client.post("/_sandbox/faults", {"path": "*/Users", "nth": 4, "action": {"status": 401}}, expect=201)
    assert tenant.cycle()["execution"]["state"] == "Failed"
    again = provisioned(state=state)
    assert again.job["status"]["code"] == "Quarantine"
    summary = again.cycle("P1D")
    assert (summary["cycle"], again.events(summary)) == ("initial", ["other skipped Ada", "create success Grace"])
    assert len(endpoint.resources["Users"]) == 2
    assert again.sent() == []


# ---- roles ----------------------------------------------------------------------------------------------------------

WRITER_ROLE = "urn:custom:params:scim:schemas:extension:writer:2.0:User:role"


@pytest.mark.parametrize("target", [WRITER_ROLE, 'roles[primary eq "True"].value'])
def test_a_user_with_two_roles_fails_and_a_change_of_the_role_is_sent(provisioned, endpoint, target):
    edits = [{"attribute": {"name": target, "type": "String"}}] if target == WRITER_ROLE else []
    edits.append({"target": target, "source": "SingleAppRoleAssignment([appRoleAssignments])"})
    tenant = provisioned(assigned=("ada@contoso.com",), edits=edits)
    tenant.cycle()
    (created,) = [sent.body for sent in endpoint.requests if sent.method == "POST"]
    assert WRITER_ROLE.rpartition(":")[0] not in created["schemas"]
    if target == WRITER_ROLE:
        assert created[target.rpartition(":")[0]] == {"role": "User"}
    else:
        assert created["roles"][0]["value"] == "User"
    principal = tenant.client.principal()
    other = next(role["id"] for role in principal["appRoles"] if role["displayName"] != "User")
    body = {"principalId": tenant.user("ada"), "resourceId": principal["id"], "appRoleId": other}
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    tenant.client.post(path, body)
    assert tenant.events(tenant.cycle()) == ["update failure Ada: MultipleGrantsNotSupported"]
    rows = tenant.client.value(path)
    tenant.client.delete(f"{path}/{next(row['id'] for row in rows if row['appRoleId'] != other)}")
    (patch,) = [text for text in tenant.sent() if text.startswith("PATCH")]
    assert '"value": "msiam_access"' in patch
