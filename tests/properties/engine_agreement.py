"""What a preview says of the users of a tenant, compared with the engine's scope and creation bodies for the same tenant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.sandbox.engine.mapping import desired, job_flows
from scimconf.sandbox.engine.resource import creation_body
from scimconf.sandbox.engine.scope import decide
from scimconf.sandbox.engine.source import read_source
from scimconf.sandbox.engine.values import Desired, ObjectFlow, Scope, Source, SourceObject
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.connection import stored_secrets
from tests.preview.previews import preview
from tests.tenant_fixture import Rehearsal

IN_SCOPE = (Scope.IN, Scope.ACCOUNT_DISABLED)


def previewed_users(tenant: Rehearsal, spec: str) -> dict[str, Any]:
    """Return the previewed state of each user of the tenant by id, after the plan of a spec."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scimconf.yaml"
        path.write_text(spec, "utf-8")
        (application,) = preview(tenant, path).document["applications"]
    return {user["id"]: user["after"] for user in application["users"]}


def assert_engine_agrees(tenant: Rehearsal, spec: str) -> int:
    """Assert that the engine agrees with a preview of the tenant; return the number of compared users.

    What a preview does not determine is not compared; the engine decides it by switches.
    """
    previewed = previewed_users(tenant, spec)
    stored = tenant.service.tenant
    (principal,) = stored.documents.all("servicePrincipal")
    source = read_source(stored, principal)
    flows = job_flows(stored.documents.all("schema")[0])
    flow = next((flow for flow in flows if flow.kind == "User"), None)
    if flow is None:
        assert not any(state["in_scope"] for state in previewed.values())
        return 0
    sync_all = stored_secrets(stored, principal["id"]).get("SyncAll", "").lower() == "true"
    scopes = decide(source, flow, stored.switches, sync_all=sync_all)
    for key, state in previewed.items():
        _assert_user_agrees(flow, source.users[key], scopes[key], state, stored)
    _assert_others_are_not_assigned(source, scopes, previewed)
    return len(previewed)


def _assert_others_are_not_assigned(source: Source, scopes: dict[str, Scope], previewed: dict[str, Any]) -> None:
    others = {scopes[key] for key in source.users.keys() - previewed.keys()}
    assert others <= {Scope.NOT_ASSIGNED, Scope.SOFT_DELETED}


def ignored(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [sent for sent in state["attributes"].values() if sent["kind"] == "ignored" and "reason" in sent]


def _assert_user_agrees(flow: ObjectFlow, user: SourceObject, scope: Scope, state: dict[str, Any], stored: Any) -> None:
    if state["in_scope"] is None:
        return
    assert state["in_scope"] is (scope in IN_SCOPE), (user.name, scope, state["reason"])
    if not state["in_scope"]:
        return
    switches = stored.switches.changed({"undetermined": "not_sent"})
    context = EvaluationContext(stored.now(), tenant_domain="contoso.com")
    sent = desired(flow, user, scope, context, switches, creating=not state["disabled"])
    assert bool(sent.ignored_by) is any("IgnoreObjectFlow" in sent["reason"] for sent in ignored(state))
    kinds = {target: request["kind"] for target, request in state["attributes"].items()}
    assert sent.ignored_by or bool(sent.failure) is ("failure" in kinds.values()), (user.name, kinds, sent)
    if sent.ignored_by:
        return
    determined = Desired({target: value for target, value in sent.values.items() if kinds[target] != "undetermined"})
    body = creation_body(flow, determined, switches)
    assert body.pop("meta") == {"resourceType": "User"}
    assert json.loads(json.dumps(body)) == state["resource"], user.name


def engine_payload(rows: list[dict[str, Any]], attributes: dict[str, Any]) -> dict[str, Any] | None:
    """Return the body that creates a user with these source attributes, without `meta`; None if the user fails."""
    mapping = {"sourceObjectName": "User", "targetObjectName": "User", "attributeMappings": rows}
    definitions = [{"name": "active", "type": "Boolean"}]
    directory = {"name": "application", "objects": [{"name": "User", "attributes": definitions}]}
    rule = {"targetDirectoryName": "application", "objectMappings": [mapping]}
    (flow,) = job_flows({"synchronizationRules": [rule], "directories": [directory]})
    user = SourceObject("User", "1", "ada", attributes)
    context = EvaluationContext(datetime(2030, 1, 1, tzinfo=UTC))
    sent = desired(flow, user, Scope.IN, context, Switches(), creating=True)
    if sent.failure is not None:
        return None
    body = creation_body(flow, sent, Switches())
    del body["meta"]
    return body
