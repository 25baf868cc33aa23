"""The probe recognises each position of the sandbox's switches."""

from __future__ import annotations

import json
import re

import pytest
from tenant_fixture import Rehearsal

from scimconf.diagnostics import GraphError
from scimconf.graph.probe import NAME, probe, switches
from scimconf.graph.probe.switches import SWITCHES
from scimconf.sandbox.switches import Switches, table

INDISTINGUISHABLE = {
    ("masked_secret_write", "literal"),
    ("masked_secret_write", "keep"),
    ("expression_spaces", "single"),
}
"""Positions that cannot be told apart from outside: an accepted mask, and a text that was spaced or rebuilt."""
POSITIONS = [(one.name, value) for one in table() for value in one.values or () if one.name in SWITCHES]


GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


def probed(tenant: Rehearsal, progress: list[str] | None = None):
    return tenant.run(lambda session: probe(session, (progress if progress is not None else []).append))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [one for one in POSITIONS if one not in INDISTINGUISHABLE])
def test_probe_recognises_each_position_of_a_switch(name, value):
    tenant = Rehearsal(**{name: value})
    found = probed(tenant)
    assert switches(found.facts).get(name) == value, found
    assert found.left_over == ""
    assert NAME not in {one["displayName"] for one in tenant.state["applications"]}


def test_switches_of_a_probe_reproduce_its_facts():
    tenant = Rehearsal(secrets_put="replace", sort_mappings="no", paused_state="Paused", unary_operand="empty")
    found = probed(tenant)
    again = probed(Rehearsal(**switches(found.facts)))
    assert again == found
    assert found.failed == {}
    Switches().changed(switches(found.facts))


def test_probe_reports_progress_and_waits_for_a_new_application():
    told: list[str] = []
    found = probed(Rehearsal(late_reads=2, role_propagation=2), told)
    assert told[:3] == ["template", "roles", "job"]
    assert (found.failed, found.left_over) == ({}, "")


def test_probe_report_contains_no_secret_id_or_name():
    tenant = Rehearsal(schema_version="guid")
    text = json.dumps([probed(tenant).facts, probed(tenant).failed])
    assert GUID.findall(text) == []
    assert not {"contoso", "not-a-secret", "Contoso"} & set(re.findall(r"[\w-]+", text))


@pytest.mark.parametrize(
    ("action", "where", "failed"),
    [
        ({"status": 500, "body": {}}, {"method": "POST", "path": "*/validateCredentials", "times": 0}, {}),
        ({"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, {"method": "PUT", "path": "*/secrets", "times": 0}, {"secrets": "403 Denied"}),
        ({"status": 200, "body": {"value": [{}]}}, {"method": "GET", "path": "*/secrets", "times": 0}, {"secrets": "unexpected response (KeyError)"}),
    ],
)  # fmt: skip
def test_a_failed_check_stops_no_other_and_the_application_is_deleted(action, where, failed):
    tenant = Rehearsal()
    tenant.fault(action, **where)
    found = probed(tenant)
    assert found.failed == failed
    assert "paused" in found.facts
    assert tenant.state["applications"] == []


def test_without_a_job_other_checks_fail_and_the_application_is_deleted():
    tenant = Rehearsal()
    tenant.fault(
        {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}, method="POST", path="*/jobs", times=0
    )
    found = probed(tenant)
    assert found.failed["job"] == "400 Bad"
    assert "secrets_put" in found.facts
    assert tenant.state["applications"] == []


def test_probe_reports_an_application_that_could_not_be_deleted():
    tenant = Rehearsal()
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}},
        method="DELETE",
        path="/applications/*",
    )
    assert probed(tenant).left_over == f"{NAME} could not be deleted: 403 Denied"


def test_probe_raises_if_the_application_cannot_be_created():
    tenant = Rehearsal()
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, method="POST", path="*/instantiate"
    )
    with pytest.raises(GraphError):
        probed(tenant)
    assert tenant.state["applications"] == []


def test_switches_ignores_unknown_values():
    odd = {
        "initial_state": {"code": "Strange"}, "started": {"code": "Quarantine"}, "paused": {"state": "Strange"}, "order": None,
        "on_demand_started": "400 Bad", "on_demand_paused": "400 Bad", "notifications_shown": "*", "masked_write": "204", "False_shown": "0", "false_shown": "0", "before_any": {"SyncAll": "*"},
    }  # fmt: skip
    assert switches(odd) == {}
    assert switches({}) == {}
