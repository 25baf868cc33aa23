"""The checks, in an order in which each has what it needs.

Each records facts in the report. A check that fails does not stop the others.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable, Mapping

from scimconf.documents import rows, schema, scopes
from scimconf.documents.job import BASE
from scimconf.graph.client import Request
from scimconf.graph.probe.context import JOB, ProbeContext
from scimconf.json_types import Json

Check = Callable[[ProbeContext], Awaitable[None]]
ADDRESS = "https://scimconf-probe.invalid/scim"


async def _template(probe: ProbeContext) -> None:
    templates = await probe.retry_while_new(lambda: probe.graph.collect(f"{BASE}/templates", probe.names, {"$top": ""}))
    probe.note("templates", sorted(str(template["id"]) for template in templates))
    default = next((template for template in templates if template.get("default")), templates[0])
    probe.names["template"] = str(default["id"])
    probe.note("template_schema_inline", "schema" in default)
    raw = await probe.get(f"{BASE}/templates/{{template}}/schema")
    probe.note("template_version", re.sub(r"[0-9-]{10}T[0-9:.]+Z", "TIME", str(raw.get("version"))))
    probe.note("template_mappings", {str(location): _rows(location) for location in schema.object_mappings(raw)})


def _rows(location: schema.MappingLocation) -> dict[str, Json]:
    return {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(location)}


async def _roles(probe: ProbeContext) -> None:
    """Whether roles can be sent as they were read, with `origin`."""
    roles = (await probe.get("/applications/{app}"))["appRoles"]
    request = Request("PATCH", "/applications/{app}", dict(probe.names), body={"appRoles": roles})
    probe.note("roles_sent_back", await probe.refusal(request))


async def _job(probe: ProbeContext) -> None:
    body = {"templateId": probe.names["template"]}
    request = Request("POST", f"{BASE}/jobs", dict(probe.names), body=body)
    answer: Json = await probe.retry_while_new(lambda: probe.graph.send(request))
    job = answer.body
    probe.names["job"] = str(job["id"])
    probe.note("job_created", answer.status)
    probe.note("job_id_parts", str(job["id"]).count(".") + 1)
    probe.note("job_id_ends_with_app_id", str(job["id"]).endswith(probe.names["app_id"]))
    probe.note("initial_state", {"state": job["schedule"]["state"], "code": job["status"]["code"]})
    probe.note("interval", job["schedule"].get("interval"))
    await probe.get(JOB)


async def _second_job(probe: ProbeContext) -> None:
    body = {"templateId": probe.names["template"]}
    answer = await probe.refusal(Request("POST", f"{BASE}/jobs", dict(probe.names), body=body))
    probe.note("second_job", "allowed" if answer.startswith("20") else answer)


_PAIRS = {"SecretToken": "not-a-secret", "SyncAll": "False", "BaseAddress": ADDRESS}
NOTIFICATIONS = '{ "Enabled" : false }'


async def _secrets(probe: ProbeContext) -> None:
    """What a PUT of secrets does with missing keys, empty values, the order of keys and the text of values."""
    initial = await probe.rows(f"{BASE}/secrets")
    probe.note("before_any", {str(pair["key"]): str(pair["value"]) for pair in initial})
    first = await _stored(probe, {**_PAIRS, "SyncNotificationSettings": NOTIFICATIONS})
    probe.note("masked", sorted(key for key, value in first.items() if value == "*"))
    probe.note("notifications_shown", first.get("SyncNotificationSettings"))
    probe.note("False_shown", first.get("SyncAll"))
    again = ["SyncAll", "BaseAddress", "SecretToken"]
    second = await _stored(probe, {**{key: _PAIRS[key] for key in again}, "SyncAll": "false"})
    probe.note("false_shown", second.get("SyncAll"))
    order = [key for key in second if key in again]
    probe.note("order", {str(again): "written", str(sorted(again)): "sorted", str([*_PAIRS]): "kept"}.get(str(order)))
    third = await _stored(probe, {"SyncAll": "false"})
    probe.note("secrets_put", "merge" if "BaseAddress" in third else "replace")
    probe.note("empty_value_removes", "SyncAll" not in await _stored(probe, {**_PAIRS, "SyncAll": ""}))


async def _stored(probe: ProbeContext, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets as they are shown after a PUT."""
    path = f"{BASE}/secrets"
    await probe.graph.put(path, probe.names, {"value": [{"key": key, "value": value} for key, value in pairs.items()]})
    return {str(pair["key"]): str(pair["value"]) for pair in await probe.rows(path)}


async def _masked_write(probe: ProbeContext) -> None:
    """Whether a `*` that is sent back is refused; whether it is stored literally cannot be seen."""
    body = {"value": [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "*"}]}
    probe.note("masked_write", await probe.refusal(Request("PUT", f"{BASE}/secrets", dict(probe.names), body=body)))


async def _credentials(probe: ProbeContext) -> None:
    body = {"templateId": probe.names["template"], "useSavedCredentials": False}
    body["credentials"] = [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "not-a-secret"}]
    request = Request("POST", f"{JOB}/validateCredentials", dict(probe.names), body=body)
    probe.note("credentials_refusal", await probe.refusal(request))


async def _round_trip(probe: ProbeContext) -> None:
    """What the service changes in a schema that is sent back with an expression in an unusual layout."""
    path = f"{JOB}/schema"
    before = await probe.get(path)
    location = schema.find_object_mapping(before, schema.Selector("users"))
    assert location is not None
    text = 'Join( " " ,[givenName],  [surname] )'
    parsed = await probe.graph.post(f"{path}/parseExpression", probe.names, {"expression": text})
    probe.note("parsed_text", (parsed.get("parsedExpression") or {}).get("expression"))
    row = {"targetAttributeName": "title", "source": {**parsed["parsedExpression"], "expression": text}}
    others = [row for row in schema.rows(location) if row.get("targetAttributeName") != "title"]
    body = copy.deepcopy(before)
    target = body["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]
    target["attributeMappings"] = [*reversed(others), row]
    probe.note("schema_put", await probe.put_schema(body))
    _compare(probe, body, await probe.get(path), location)


def _compare(probe: ProbeContext, sent: Json, after: Json, location: schema.MappingLocation) -> None:
    mapping = after["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]
    wrote = sent["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]
    names = [row["targetAttributeName"] for row in mapping["attributeMappings"]]
    title = next(row for row in mapping["attributeMappings"] if row["targetAttributeName"] == "title")
    probe.note("order_kept", names == [row["targetAttributeName"] for row in wrote["attributeMappings"]])
    probe.note("order_sorted", names == sorted(names))
    probe.note("expression_text", title["source"]["expression"])
    probe.note("defaults_filled_in", sorted(set(title) - {"targetAttributeName", "source"}))
    probe.note("flags", mapping["flowTypes"])
    probe.note("metadata_kept", mapping.get("metadata") == wrote.get("metadata"))
    probe.note("version_changes", after.get("version") != sent.get("version"))


async def _constant(probe: ProbeContext) -> None:
    """How a constant with all of its properties is shown."""
    constant = {"type": "Constant", "name": "x", "expression": '"x"', "parameters": []}
    stored = await _mapped(probe, {"targetAttributeName": "title", "source": constant})
    probe.note("constant", {key: stored["source"].get(key) for key in ("expression", "parameters")})


async def _mapped(probe: ProbeContext, row: Json) -> Json:
    """Return the user mapping of `title` after a PUT with this row."""
    path = f"{JOB}/schema"
    body = await probe.get(path)
    location = schema.find_object_mapping(body, schema.Selector("users"))
    assert location is not None
    others = [row for row in schema.rows(location) if row.get("targetAttributeName") != "title"]
    location.mapping["attributeMappings"] = [*others, row]
    await probe.graph.put(path, probe.names, body)
    after = schema.find_object_mapping(await probe.get(path), schema.Selector("users"))
    assert after is not None
    return next(row for row in schema.rows(after) if row["targetAttributeName"] == "title")


async def _names(probe: ProbeContext) -> None:
    """Whether the name of a mapping can be changed."""
    path = f"{JOB}/schema"
    body = await probe.get(path)
    location = schema.find_object_mapping(body, schema.Selector("users"))
    assert location is not None
    location.mapping["name"] = "scimconf probe"
    probe.note("names_put", await probe.put_schema(body))
    after = schema.find_object_mapping(await probe.get(path), schema.Selector("users"))
    assert after is not None
    probe.note("names_kept", after.mapping.get("name") == "scimconf probe")


async def _parse_error(probe: ProbeContext) -> None:
    request = Request("POST", f"{JOB}/schema/parseExpression", dict(probe.names), body={"expression": "Join("})
    probe.note("parse_error", await probe.refusal(request))


async def _delete_schema(probe: ProbeContext) -> None:
    """Reset the schema to the template's; no later check uses the schema."""
    probe.note("schema_deleted", await probe.refusal(Request("DELETE", f"{JOB}/schema", dict(probe.names))))


async def _filters(probe: ProbeContext) -> None:
    path = f"{JOB}/schema"
    operators = await probe.rows(f"{path}/filterOperators()")
    probe.note("catalogue_key", "name" if all("name" in operator for operator in operators) else "id")
    probe.note(
        "filter_operators",
        {str(operator.get("name") or operator.get("id")): operator.get("arity") for operator in operators},
    )
    body = await probe.get(path)
    location = schema.find_object_mapping(body, schema.Selector("users"))
    assert location is not None
    mapping = body["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]
    unary = scopes.operator_spelling("is_not_null", operators)
    clause = {"sourceOperandName": "department", "operatorName": unary, "targetOperand": {"values": []}}
    mapping["scope"] = {"groups": [{"name": "probe", "clauses": [clause]}], "inputFilterGroups": []}
    probe.note("filter_put", await probe.put_schema(body))
    after = await probe.get(path)
    scope = after["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]["scope"]
    probe.note("unary_operand", scope["groups"][0]["clauses"][0].get("targetOperand"))
    mapping["scope"] = {"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []}
    probe.note("empty_filter_put", await probe.put_schema(body))
    emptied = await probe.get(path)
    probe.note(
        "empty_scope_is_null",
        emptied["synchronizationRules"][location.rule_index]["objectMappings"][location.mapping_index]["scope"] is None,
    )


async def _refusals(probe: ProbeContext) -> None:
    """How invalid schemas are refused; none of them is stored."""
    body = await probe.get(f"{JOB}/schema")
    location = schema.find_object_mapping(body, schema.Selector("users"))
    assert location is not None

    def changed(change: Callable[[Json], None]) -> Json:
        wrong = copy.deepcopy(body)
        change(wrong["synchronizationRules"][location.rule_index])
        return wrong

    def unknown_target(rule: Json) -> None:
        row = {"targetAttributeName": "noSuchAttribute", "source": {"type": "Attribute", "name": "mail"}}
        rule["objectMappings"][location.mapping_index]["attributeMappings"].append(row)

    def twice(rule: Json) -> None:
        mappings = rule["objectMappings"][location.mapping_index]["attributeMappings"]
        mappings.append(copy.deepcopy(mappings[0]))

    def unknown_rule(rule: Json) -> None:
        rule["id"] = "00000000-0000-4000-8000-000000000000"

    wrong = {"unknown_target": unknown_target, "duplicate_target": twice, "unknown_rule": unknown_rule}
    for name, change in wrong.items():
        probe.note(f"refusal_{name}", await probe.put_schema(changed(change)))
        await probe.put_schema(body)
    probe.note("if_match", await probe.put_schema(body, {"If-Match": '"not-its-etag"'}))


async def _pause(probe: ProbeContext) -> None:
    for fact, verb in (("started", "start"), ("paused", "pause")):
        job = await probe.control(verb)
        probe.note(fact, {"state": job["schedule"]["state"], "code": job["status"]["code"]})
    job = await probe.control("restart", {"criteria": {"resetScope": "Watermark, Escrows, QuarantineState"}})
    probe.note("restarted", {"state": job["schedule"]["state"]})


CHECKS: Mapping[str, Check] = {
    "template": _template,
    "roles": _roles,
    "job": _job,
    "second_job": _second_job,
    "secrets": _secrets,
    "masked_write": _masked_write,
    "credentials": _credentials,
    "round_trip": _round_trip,
    "constant": _constant,
    "names": _names,
    "filters": _filters,
    "refusals": _refusals,
    "parse_error": _parse_error,
    "delete_schema": _delete_schema,
    "pause": _pause,
}
