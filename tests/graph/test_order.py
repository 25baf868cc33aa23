"""The order of steps, and the checks of steps when a plan is made."""

from __future__ import annotations

import pytest

from scimconf.diagnostics import PlanError
from scimconf.graph.execution import order
from scimconf.graph.execution.order import check_steps, phases
from scimconf.plan import Address
from scimconf.snapshot import Document
from scimconf.steps import Edit, PendingDocument, Phase, Read, Send

JOB = Document("job", "/jobs/{job}")
SCHEMA = Document("schema", "/jobs/{job}/schema", written="put")
SECRETS = Document("secrets", "/secrets", collection=True, written="put_values")
AFTER = {"assignment": ("app_role",), "app_role": ("application",)}


def address(kind, key=""):
    return Address("writer", kind, key)


def send(description, *, kind="job", key="", phase=Phase.BUILD, path="/jobs", **fields):
    return Send(phase, (address(kind, key),), description, "POST", path, **fields)


def edit(description, document=SCHEMA, *, kind="attribute_mapping", key="", phase=Phase.BUILD, **fields):
    return Edit(phase, (address(kind, key),), description, document, "set_mapping", (), **fields)


def create_job(**fields):
    return send("create job", outputs=(("job", "id"),), **fields)


def waits(steps, phase=Phase.BUILD, after=AFTER):
    """Node → the nodes that it waits for, by description."""
    nodes = phases(steps, after)[phase]
    return {node.description: {other.description for other in others} for node, others in nodes.items()}


# --- check_steps ----------------------------------------------------------------------------------------------------


def test_check_steps_accepts_names_of_the_snapshot_and_of_earlier_steps():
    check_steps([create_job(), edit("map"), send("start", path="/jobs/{job}/start", phase=Phase.START)], (), {})
    check_steps([edit("map")], ["job"], {})
    check_steps([], (), {})


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (edit("map"), "{job}"),
        (Read(Phase.BUILD, (address("job"),), "wait", JOB, "is_there", ()), "{job}"),
        (send("start", path="/jobs/{job}/start"), "{job}"),
        (send("create job", body={"templateId": "{template}", "app": ["{app}"]}), "{app}, {template}"),
    ],
)
def test_check_steps_refuses_a_placeholder_without_a_producer(step, names):
    with pytest.raises(PlanError) as error:
        check_steps([step], ["service_principal"], {})
    assert str(error.value) == f'defect in scimconf: nothing provides {names} for the step "{step.description}"'
    assert "report it" in error.value.hint


def test_check_steps_looks_at_each_step_once(monkeypatch):
    steps, seen = [send(f"assign {number}", key=str(number), batch=True) for number in range(10)], []
    monkeypatch.setattr(order, "required_names", lambda step: seen.append(step) or frozenset())
    check_steps(steps, (), {})
    assert seen == steps


def test_check_steps_refuses_a_producer_in_a_later_phase():
    with pytest.raises(PlanError, match=r"\{job\}"):
        check_steps([edit("map", phase=Phase.STOP), create_job()], (), {})


def test_check_steps_refuses_an_edit_listed_before_the_request_that_provides_its_name():
    """The edit waits for the name, and the request for the earlier step of its own address."""
    steps = [edit("edit", kind="job"), create_job()]
    with pytest.raises(PlanError, match="defect in scimconf: these steps wait for each other: .*create job"):
        check_steps(steps, (), {})
    check_steps(list(reversed(steps)), (), {})


def test_check_steps_refuses_kinds_that_come_after_each_other():
    steps = [send("a", kind="one"), send("b", kind="two")]
    with pytest.raises(PlanError, match="wait for each other"):
        check_steps(steps, (), {"one": ("two",), "two": ("one",)})


def test_check_steps_refuses_a_pending_document_without_an_edit():
    check = send("validate credentials", body={"credentials": PendingDocument("secrets")}, before_write="secrets")
    with pytest.raises(PlanError, match="secrets, which no step edits"):
        check_steps([check], (), {})
    check_steps([check, edit("store", SECRETS, kind="connection")], (), {})


# --- nodes ----------------------------------------------------------------------------------------------------------


def test_phases_joins_the_edits_of_one_document_and_the_requests_of_one_batch():
    steps = [
        edit("map title", key="title"),
        edit("map mail", key="mail"),
        send("assign ada", kind="assignment", key="ada", batch=True),
        send("assign alan", kind="assignment", key="alan", batch=True),
        send("create job"),
    ]
    assert waits(steps) == {"map title and 1 more": set(), "assign ada and 1 more": set(), "create job": set()}
    (node, batch, single) = phases(steps, AFTER)[Phase.BUILD]
    assert (node.document, batch.document, single.document) == ("schema", "", "")
    assert [str(one) for one in node.addresses] == [str(address("attribute_mapping", key)) for key in ("title", "mail")]


def test_phases_separates_edits_of_one_document_by_phase():
    steps = [edit("disable", phase=Phase.STOP), edit("change")]
    assert waits(steps, Phase.STOP) == {"disable": set()}
    assert waits(steps) == {"change": set()}


# --- edges ----------------------------------------------------------------------------------------------------------


def test_a_node_waits_for_the_producer_of_its_names():
    assert waits([edit("map"), create_job()])["map"] == {"create job"}
    assert waits([create_job(), send("check", path="/jobs/{job}")])["check"] == {"create job"}


def test_a_node_waits_for_the_kinds_that_its_kind_depends_on():
    steps = [send("assign", kind="assignment"), send("create role", kind="app_role"), send("other")]
    assert waits(steps) == {"assign": {"create role"}, "create role": set(), "other": set()}


def test_in_the_clear_phase_kinds_are_deleted_in_reverse_order():
    steps = [
        send("delete role", kind="app_role", phase=Phase.CLEAR),
        send("unassign", kind="assignment", phase=Phase.CLEAR),
    ]
    assert waits(steps, Phase.CLEAR) == {"delete role": {"unassign"}, "unassign": set()}


def test_steps_of_one_address_keep_their_order():
    steps = [send("create"), send("wait"), send("configure"), send("other", key="2")]
    assert waits(steps) == {"create": set(), "wait": {"create"}, "configure": {"wait"}, "other": set()}


def test_before_write_and_after_write_order_a_request_around_the_write_of_a_document():
    steps = [
        edit("store", SECRETS, kind="connection"),
        send("validate", before_write="secrets"),
        send("notify", key="2", after_write="secrets"),
        edit("tag", SCHEMA, kind="settings", after_write="secrets"),
        send("unrelated", key="3", before_write="unwritten", after_write="unwritten"),
    ]
    assert waits(steps) == {
        "store": {"validate"},
        "validate": set(),
        "notify": {"store"},
        "tag": {"store"},
        "unrelated": set(),
    }
