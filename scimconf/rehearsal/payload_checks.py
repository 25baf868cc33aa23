"""Compares the payloads of a spec's tests with the bodies by which the provisioning service creates such users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scimconf.check_report import CheckResult, CheckStatus
from scimconf.impact.mapping_tests import json_differences, value_text
from scimconf.rehearsal.rehearsed_tenant import RehearsedTenant
from scimconf.sandbox.engine.mapping import desired
from scimconf.sandbox.engine.resource import creation_body
from scimconf.sandbox.engine.values import AppRole, Kind, ObjectFlow, Scope, SourceObject
from scimconf.spec.model import MappingTest, Spec

GROUP = "Tests with a payload"
_KINDS: Mapping[str, Kind] = {"users": "User", "groups": "Group"}
_ROLES, _SOFT_DELETED = "appRoleAssignments", "IsSoftDeleted"
_OBJECT_ID = "00000000-0000-0000-0000-000000000000"


def payload_results(tenant: RehearsedTenant, spec: Spec) -> Iterator[CheckResult]:
    """Yield a result for each test of the spec that has a payload."""
    for number, test in enumerate((test for test in spec.tests if test.payload is not None), 1):
        yield _result(tenant, spec, test, f"payload-{number}")


def _result(tenant: RehearsedTenant, spec: Spec, test: MappingTest, key: str) -> CheckResult:
    kind = _KINDS.get(test.mapping)
    flow = tenant.flow(kind) if kind is not None else None
    expected = f"the body has {value_text(test.payload)}"
    if kind is None or flow is None or test.given.get(_SOFT_DELETED) is True:
        reason = f"nobody is created by the mapping {test.mapping} for this test"
        return CheckResult(
            id=key, title=test.name, group=GROUP, status=CheckStatus.SKIPPED, expected=expected, actual=reason
        )
    body, failure = _body(tenant, _listed_only(flow, spec, test.mapping), test)
    if "schemas" not in (test.payload or {}):
        body.pop("schemas", None)
    problems = [failure] if failure else list(json_differences(body, test.payload, ""))
    return CheckResult(
        id=key,
        title=test.name,
        group=GROUP,
        status=CheckStatus.FAILED if problems else CheckStatus.PASSED,
        expected=expected,
        actual="; ".join(problems) if problems else "the body is equal",
        consequence="Users are created with another body than the test expects." if problems else "",
        hint="Change `payload:` of the test, or the mapping." if problems else "",
    )


def _listed_only(flow: ObjectFlow, spec: Spec, section: str) -> ObjectFlow:
    """Return the flow without the mappings that the spec does not list: a payload is about the listed ones."""
    listed = set(spec.mappings[section].attributes) if section in spec.mappings else set()
    if spec.role_attribute is not None:
        listed.add(spec.role_attribute.target)
    return replace(flow, flows=tuple(row for row in flow.flows if row.target in listed))


def _body(tenant: RehearsedTenant, flow: ObjectFlow, test: MappingTest) -> tuple[dict[str, Any], str]:
    """Return the body of the creation, or why there is none."""
    context = tenant.evaluation_context()
    if test.now is not None:
        context = replace(context, now=test.now)
    switches = tenant.service.tenant.switches
    source = _source_object(flow.kind, test.given)
    sent = desired(flow, source, Scope.IN, context, switches, creating=True)
    if sent.failure is not None:
        return {}, sent.failure.reason
    if sent.ignored_by:
        return {}, ""
    body = creation_body(flow, sent, switches)
    body.pop("meta", None)
    return body, ""


def _source_object(kind: Kind, values: Mapping[str, Any]) -> SourceObject:
    attributes = {name: _value(value) for name, value in values.items() if value is not None}
    roles = attributes.pop(_ROLES, None)
    attributes.pop(_SOFT_DELETED, None)
    key = str(attributes.get("objectId", _OBJECT_ID))
    return SourceObject(kind, key, key, attributes, roles=tuple(_role(role) for role in roles or ()))


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _role(role: Any) -> AppRole:
    fields = role if isinstance(role, Mapping) else {"value": str(role), "displayName": str(role)}
    return AppRole(fields.get("id", ""), fields.get("value", ""), fields.get("displayName", ""))
