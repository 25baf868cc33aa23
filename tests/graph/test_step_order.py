"""The order of steps, phase by phase, without a tenant: which steps run as one, and which wait for which."""

from dataclasses import replace

import pytest

from scimconf.graph.execution.order import phases
from scimconf.plan import Address
from scimconf.snapshot import Document
from scimconf.steps import Edit, Phase, Read, Send

AFTER = {"assignment": ("app_role",), "app_role": ("application",), "attribute_mapping": ("target_attribute",)}
"""As the kinds say: an assignment needs its role, a role its application."""

SCHEMA = Document("schema", "/jobs/{job}/schema", written="put")
SECRETS = Document("secrets", "/secrets", written="put_values")


def send(name, kind="app_role", phase=Phase.BUILD, path="/x", **more):
    """Return a request for one resource, described by its name."""
    return Send(phase, (Address("writer", kind, name),), name, "POST", path, **more)


def edit(name, kind="attribute_mapping", phase=Phase.BUILD, document=SCHEMA, **more):
    return Edit(phase, (Address("writer", kind, name),), name, document, "set", (name,), **more)


def waits(*steps, phase=Phase.BUILD, after=AFTER):
    """Return for each node of a phase, named by its steps' descriptions, the nodes that it waits for."""
    nodes = phases(steps, after)[phase]
    names = {node: "+".join(step.description for step in node.steps) for node in nodes}
    return {names[node]: {names[other] for other in others} for node, others in nodes.items()}


def test_phases_keep_each_step_in_its_own_phase():
    steps = [send(phase.name, phase=phase) for phase in Phase]
    for phase in Phase:
        assert waits(*steps, phase=phase) == {phase.name: set()}


def test_phases_build_in_the_order_of_kinds():
    steps = [send("ada", "assignment"), send("editor", "app_role"), send("app", "application")]
    assert waits(*steps) == {"ada": {"editor"}, "editor": {"app"}, "app": set()}


def test_phases_delete_in_the_reverse_order_of_kinds():
    steps = [
        send(name, kind, Phase.CLEAR)
        for name, kind in (("editor", "app_role"), ("ada", "assignment"), ("app", "application"))
    ]
    assert waits(*steps, phase=Phase.CLEAR) == {"editor": {"ada"}, "ada": set(), "app": {"editor"}}


@pytest.mark.parametrize("phase", [Phase.STOP, Phase.START])
def test_phases_reverse_kinds_only_where_things_are_deleted(phase):
    steps = [send("ada", "assignment", phase), send("editor", "app_role", phase)]
    assert waits(*steps, phase=phase) == {"ada": {"editor"}, "editor": set()}


def test_a_step_waits_for_the_step_that_outputs_a_name_it_uses():
    steps = [
        send("uses it in the path", "schedule", path="/jobs/{job}/start"),
        send("uses it in the body", "settings", body={"id": "{job}"}),
        send("makes the job", "job", outputs=(("job", "id"),)),
        edit("uses it in the document"),
        send("uses another name", "other", path="/jobs/{other}"),
    ]
    maker = {"makes the job"}
    assert waits(*steps) == {
        "uses it in the path": maker,
        "uses it in the body": maker,
        "makes the job": set(),
        "uses it in the document": maker,
        "uses another name": set(),
    }


def test_edits_of_one_document_are_one_node_and_of_two_documents_are_two():
    steps = [edit("title"), edit("token", "connection", document=SECRETS), edit("nickName")]
    assert waits(*steps) == {"title+nickName": set(), "token": set()}


def test_requests_of_one_batch_are_one_node_by_method_and_kind():
    steps = [send("ada", "assignment", batch=True), send("role"), send("bob", "assignment", batch=True)]
    steps += [send("carol", "assignment"), send("reader", "app_role", batch=True)]
    assert waits(*steps, after={}) == {"ada+bob": set(), "role": set(), "carol": set(), "reader": set()}


def test_steps_of_one_address_keep_their_order():
    first = send("schedule", "schedule")
    steps = [
        replace(first, description="restart"),
        send("other", "settings"),
        Read(Phase.BUILD, first.addresses, "wait", SCHEMA, "is", ("on",)),
        replace(first, description="start"),
        replace(first, phase=Phase.START),
    ]
    assert waits(*steps) == {"restart": set(), "other": set(), "wait": {"restart"}, "start": {"wait"}}


def test_a_request_before_a_write_holds_the_write_and_one_after_it_waits():
    steps = [
        send("restart", "schedule", after_write="secrets"),
        edit("token", "connection", document=SECRETS),
        send("try it", "connection", before_write="secrets"),
        edit("tag", "settings", document=SCHEMA, after_write="secrets"),
        send("no such write", "other", before_write="tags", after_write="tags"),
    ]
    found = waits(*steps[:2], *steps[3:])
    assert found == {"restart": {"token"}, "token": set(), "tag": {"token"}, "no such write": set()}
    assert waits(*steps[1:3][::-1]) == {"try it": set(), "token": {"try it"}}


def test_a_node_never_waits_for_itself():
    steps = [edit("title", after_write="schema"), edit("nickName"), edit("title")]
    assert waits(*steps) == {"title+nickName+title": set()}
