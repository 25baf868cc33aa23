"""Tests of `workflow.provision` against an engine that provisions over HTTP, and of published responses."""

import json

import pytest
from shared_specs import SHARED
from tenant_fixture import NOON, WRITER

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.monitoring.comparison import Agreement
from scimconf.monitoring.on_demand import OnDemandVerdict, on_demand_result
from scimconf.render import on_demand as rendering
from scimconf.workflow.provision import prepare, provision

ADA = "ada@contoso.com"


@pytest.fixture
def tenant(before_the_first_cycle):
    return before_the_first_cycle


def provisioned(tenant, *users, group="", spec=WRITER):
    async def run(session):
        demand = await prepare(session, tenant.load(spec), users, NOON, group=group)
        return demand, [await provision(session, demand, subject) for subject in demand.subjects]

    return tenant.run(run)


def test_a_user_is_provisioned_and_compared_with_the_prediction(tenant):
    demand, (done,) = provisioned(tenant, ADA)
    assert demand.limits == ("roles are not supported on demand",)
    assert done.result.verdict is OnDemandVerdict.PROVISIONED
    assert done.comparison.agreement is Agreement.AGREES
    text = rendering.text(done.subject.name, done.result, done.comparison)
    assert text.startswith("ada@contoso.com: provisioned\n  import success: ")
    assert '= displayName: "Ada Lovelace"' in text
    assert "nothing" not in text
    _, (again,) = provisioned(tenant, ADA)
    assert again.result.verdict is OnDemandVerdict.IN_SYNC


def test_a_user_who_is_not_assigned_is_not_provisioned(tenant):
    _, (done,) = provisioned(tenant, "hedy@contoso.com")
    assert done.result.verdict is OnDemandVerdict.NOT_PROVISIONED
    text = rendering.text(done.subject.name, done.result, done.comparison)
    assert "NotEffectivelyEntitled" in text
    assert "Assign the" in text


def test_a_group_with_its_members(tenant):
    provisioned(tenant, ADA)
    _, (done,) = provisioned(tenant, ADA, group="Writer editors")
    assert (done.subject.kind, done.result.verdict, done.comparison) == ("Group", OnDemandVerdict.PROVISIONED, None)
    assert "displayName: Writer editors" in rendering.text(done.subject.name, done.result, done.comparison)


def test_what_the_service_does_not_do_is_said_before(tenant, tmp_path):
    ada = tenant.request("GET", "/users/ada@contoso.com")["id"]
    tenant.request("PATCH", f"/users/{ada}", {"accountEnabled": False})
    principal = tenant.request("GET", "/servicePrincipals?$filter=displayName eq 'Writer'")["value"][0]["id"]
    address = {"key": "BaseAddress", "value": "https://app.writer.com/api/scim/v2?aadOptscim062020"}
    tenant.request("PUT", f"/servicePrincipals/{principal}/synchronization/secrets", {"value": [address]})
    demand = tenant.run(lambda session: prepare(session, tenant.load(WRITER), [ADA], NOON))
    assert [limit.split(";")[0].split(",")[0] for limit in demand.limits] == [
        "1 change of the spec is not applied",
        "it sends PATCH requests in the old dialect",
        "roles are not supported on demand",
        "ada@contoso.com is disabled in the tenant",
    ]


@pytest.mark.parametrize(
    ("users", "group", "message"),
    [
        (["nobody@contoso.com"], "", "the tenant has no user nobody@contoso.com"),
        ([], "No such group", 'no group is named "No such group"'),
        ([ADA] * 6, "Writer editors", "at most 5 members on demand, got 6"),
    ],
)
def test_subjects_that_cannot_be_provisioned(tenant, users, group, message):
    with pytest.raises(ScimconfError, match=message):
        provisioned(tenant, *users, group=group)


def test_applications_that_cannot_provision(tenant, tmp_path):
    def spec(text):
        path = tmp_path / "scimconf.yaml"
        path.write_text(f"version: 1\nname: x\napplication: {{{text}}}\nprovisioning: {{enabled: true}}\n")
        return path

    with pytest.raises(ScimconfError, match="K103"):
        provisioned(tenant, ADA, spec=spec("display_name: Nope"))
    with pytest.raises(ScimconfError, match="has no provisioning job"):
        provisioned(tenant, ADA, spec=spec("display_name: New, create: {from_template: custom}"))
    tenant.fault({"status": 401, "body": {}}, method="POST", path="*/provisionOnDemand", times=0)
    with pytest.raises(GraphError) as refused:
        provisioned(tenant, ADA)
    assert "owner" in refused.value.hint


def test_a_lost_answer_does_not_hide_that_the_user_may_be_provisioned(tenant):
    tenant.fault("drop", method="POST", path="*/provisionOnDemand", when="after", times=0)
    with pytest.raises(GraphError) as lost:
        provisioned(tenant, ADA)
    assert "may be provisioned nevertheless" in lost.value.hint


def test_an_application_without_a_mapping_of_groups(tenant):
    schema = tenant.service.tenant.documents.all("schema")[0]
    for rule in schema["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            mapping["enabled"] = mapping["sourceObjectName"] == "User"
    tenant.service.tenant.documents.put("schema", schema["id"], schema)
    with pytest.raises(ScimconfError, match="does not provision groups"):
        provisioned(tenant, group="Writer editors")


# ---- responses -------------------------------------------------------------------------------------------------------


def report(status="Success", **fields):
    return {"statusInfo": {"status": status}, "sourceIdentity": {"id": "1", "type": "User"}, **fields}


def key(result, **details):
    return json.dumps({"result": result, "details": details})


@pytest.mark.parametrize(
    ("body", "verdict", "code"),
    [
        ({"key": key("Success"), "value": json.dumps(report())}, OnDemandVerdict.PROVISIONED, ""),
        ({"key": "Microsoft.Identity.StatusInfo", "value": json.dumps([report()])}, OnDemandVerdict.PROVISIONED, ""),
        (
            {"key": key("Skipped", errorCode="RedundantExport"), "value": json.dumps(report("Skipped"))},
            OnDemandVerdict.IN_SYNC,
            "RedundantExport",
        ),
        (
            {"key": key("Failure", errorCode="InvalidCredentials"), "value": json.dumps(report("Failure"))},
            OnDemandVerdict.NOT_PROVISIONED,
            "InvalidCredentials",
        ),
        ({"key": key("NewWord"), "value": json.dumps(report("NewWord"))}, OnDemandVerdict.NOT_PROVISIONED, ""),
        ({"key": "{", "value": "["}, OnDemandVerdict.NOT_PROVISIONED, ""),
        ({"value": "[]"}, OnDemandVerdict.NOT_PROVISIONED, ""),
        (None, OnDemandVerdict.NOT_PROVISIONED, ""),
    ],
)
def test_verdicts(body, verdict, code):
    result = on_demand_result(body)
    assert (result.verdict, result.event.code) == (verdict, code)
    assert rendering.text("ada", result, None).startswith(f"ada: {verdict.value}")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("44-provisionondemand-response-success-2022.json", OnDemandVerdict.PROVISIONED),
        ("45-provisionondemand-response-skipped-2020.json", OnDemandVerdict.IN_SYNC),
    ],
)
def test_published_responses(name, verdict):
    path = SHARED / "data" / "samples" / name
    if not path.exists():
        pytest.skip("the published captures are not there")
    result = on_demand_result(json.loads(path.read_text()))
    assert result.verdict is verdict, result
    assert result.steps
