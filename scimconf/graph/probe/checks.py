"""The questions, in an order in which each finds what it needs.

Each is one small function that writes what it saw into the findings; none needs another to have succeeded.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from scimconf.documents import rows, schema, scopes
from scimconf.documents.job import BASE
from scimconf.graph.client import Request
from scimconf.graph.probe.context import JOB, ProbeContext

Json = Any
Question = Callable[[ProbeContext], Awaitable[None]]
ADDRESS = "https://scimconf-probe.invalid/scim"


async def _template(ask: ProbeContext) -> None:
    found = await ask.when_there(lambda: ask.graph.collect(f"{BASE}/templates", ask.names, {"$top": ""}))
    ask.note("templates", sorted(str(one["id"]) for one in found))
    default = next((one for one in found if one.get("default")), found[0])
    ask.names["template"] = str(default["id"])
    ask.note("template_schema_inline", "schema" in default)
    table = await ask.get(f"{BASE}/templates/{{template}}/schema")
    ask.note("template_version", re.sub(r"[0-9-]{10}T[0-9:.]+Z", "TIME", str(table.get("version"))))
    ask.note("template_mappings", {str(place): _table(place) for place in schema.places(table)})


def _table(place: schema.MappingLocation) -> dict[str, Json]:
    return {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(place)}


async def _roles(ask: ProbeContext) -> None:
    """Whether roles are taken back as they were read, `origin` with them."""
    roles = (await ask.get("/applications/{app}"))["appRoles"]
    request = Request("PATCH", "/applications/{app}", dict(ask.names), body={"appRoles": roles})
    ask.note("roles_sent_back", await ask.refusal(request))


async def _job(ask: ProbeContext) -> None:
    body = {"templateId": ask.names["template"]}
    request = Request("POST", f"{BASE}/jobs", dict(ask.names), body=body)
    answer: Json = await ask.when_there(lambda: ask.graph.send(request))
    made = answer.body
    ask.names["job"] = str(made["id"])
    ask.note("job_created", answer.status)
    ask.note("job_id_parts", str(made["id"]).count(".") + 1)
    ask.note("job_id_ends_with_app_id", str(made["id"]).endswith(ask.names["app_id"]))
    ask.note("born", {"state": made["schedule"]["state"], "code": made["status"]["code"]})
    ask.note("interval", made["schedule"].get("interval"))
    await ask.get(JOB)


async def _second_job(ask: ProbeContext) -> None:
    body = {"templateId": ask.names["template"]}
    answer = await ask.refusal(Request("POST", f"{BASE}/jobs", dict(ask.names), body=body))
    ask.note("second_job", "allowed" if answer.startswith("20") else answer)


_PAIRS = {"SecretToken": "not-a-secret", "SyncAll": "False", "BaseAddress": ADDRESS}
MAILS = '{ "Enabled" : false }'


async def _secrets(ask: ProbeContext) -> None:
    """What a PUT of the set does with keys that it does not name, with empty values, with order, and with texts."""
    shown = await ask.rows(f"{BASE}/secrets")
    ask.note("before_any", {str(one["key"]): str(one["value"]) for one in shown})
    first = await _stored(ask, {**_PAIRS, "SyncNotificationSettings": MAILS})
    ask.note("masked", sorted(key for key, value in first.items() if value == "*"))
    ask.note("mails_shown", first.get("SyncNotificationSettings"))
    ask.note("False_shown", first.get("SyncAll"))
    again = ["SyncAll", "BaseAddress", "SecretToken"]
    second = await _stored(ask, {**{key: _PAIRS[key] for key in again}, "SyncAll": "false"})
    ask.note("false_shown", second.get("SyncAll"))
    order = [key for key in second if key in again]
    ask.note("order", {str(again): "written", str(sorted(again)): "sorted", str([*_PAIRS]): "kept"}.get(str(order)))
    third = await _stored(ask, {"SyncAll": "false"})
    ask.note("secrets_put", "merge" if "BaseAddress" in third else "replace")
    ask.note("empty_value_removes", "SyncAll" not in await _stored(ask, {**_PAIRS, "SyncAll": ""}))


async def _stored(ask: ProbeContext, pairs: Mapping[str, str]) -> dict[str, str]:
    """The set as it is shown after a PUT."""
    path = f"{BASE}/secrets"
    await ask.graph.put(path, ask.names, {"value": [{"key": key, "value": value} for key, value in pairs.items()]})
    return {str(one["key"]): str(one["value"]) for one in await ask.rows(path)}


async def _star(ask: ProbeContext) -> None:
    """Whether a `*` that is sent back is stored to the letter cannot be seen; whether it is refused can."""
    body = {"value": [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "*"}]}
    ask.note("star_answer", await ask.refusal(Request("PUT", f"{BASE}/secrets", dict(ask.names), body=body)))


async def _credentials(ask: ProbeContext) -> None:
    body = {"templateId": ask.names["template"], "useSavedCredentials": False}
    body["credentials"] = [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "not-a-secret"}]
    request = Request("POST", f"{JOB}/validateCredentials", dict(ask.names), body=body)
    ask.note("credentials_refusal", await ask.refusal(request))


async def _round_trip(ask: ProbeContext) -> None:
    """What the service makes of a schema that is sent back with an expression in a layout of its own."""
    path = f"{JOB}/schema"
    before = await ask.get(path)
    place = schema.place(before, schema.Selector("users"))
    assert place is not None
    text = 'Join( " " ,[givenName],  [surname] )'
    parsed = await ask.graph.post(f"{path}/parseExpression", ask.names, {"expression": text})
    ask.note("parsed_text", (parsed.get("parsedExpression") or {}).get("expression"))
    row = {"targetAttributeName": "title", "source": {**parsed["parsedExpression"], "expression": text}}
    others = [one for one in schema.rows(place) if one.get("targetAttributeName") != "title"]
    body = copy.deepcopy(before)
    target = body["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]
    target["attributeMappings"] = [*reversed(others), row]
    ask.note("schema_put", await ask.put_schema(body))
    _compare(ask, body, await ask.get(path), place)


def _compare(ask: ProbeContext, sent: Json, after: Json, place: schema.MappingLocation) -> None:
    mapping = after["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]
    wrote = sent["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]
    names = [one["targetAttributeName"] for one in mapping["attributeMappings"]]
    title = next(one for one in mapping["attributeMappings"] if one["targetAttributeName"] == "title")
    ask.note("order_kept", names == [one["targetAttributeName"] for one in wrote["attributeMappings"]])
    ask.note("order_sorted", names == sorted(names))
    ask.note("expression_text", title["source"]["expression"])
    ask.note("defaults_filled_in", sorted(set(title) - {"targetAttributeName", "source"}))
    ask.note("flags", mapping["flowTypes"])
    ask.note("metadata_kept", mapping.get("metadata") == wrote.get("metadata"))
    ask.note("version_changes", after.get("version") != sent.get("version"))


async def _constant(ask: ProbeContext) -> None:
    """How a constant reads back that was written in full, and a mapping that leaves out whatever it can."""
    constant = {"type": "Constant", "name": "x", "expression": '"x"', "parameters": []}
    stored = await _mapped(ask, {"targetAttributeName": "title", "source": constant})
    ask.note("constant", {key: stored["source"].get(key) for key in ("expression", "parameters")})


async def _mapped(ask: ProbeContext, row: Json) -> Json:
    """The users' mapping of `title` as it reads back after this one was PUT."""
    path = f"{JOB}/schema"
    body = await ask.get(path)
    place = schema.place(body, schema.Selector("users"))
    assert place is not None
    others = [one for one in schema.rows(place) if one.get("targetAttributeName") != "title"]
    place.mapping["attributeMappings"] = [*others, row]
    await ask.graph.put(path, ask.names, body)
    after = schema.place(await ask.get(path), schema.Selector("users"))
    assert after is not None
    return next(one for one in schema.rows(after) if one["targetAttributeName"] == "title")


async def _names(ask: ProbeContext) -> None:
    """Whether the name of a mapping can be changed."""
    path = f"{JOB}/schema"
    body = await ask.get(path)
    place = schema.place(body, schema.Selector("users"))
    assert place is not None
    place.mapping["name"] = "scimconf probe"
    ask.note("names_put", await ask.put_schema(body))
    after = schema.place(await ask.get(path), schema.Selector("users"))
    assert after is not None
    ask.note("names_kept", after.mapping.get("name") == "scimconf probe")


async def _parse_error(ask: ProbeContext) -> None:
    request = Request("POST", f"{JOB}/schema/parseExpression", dict(ask.names), body={"expression": "Join("})
    ask.note("parse_error", await ask.refusal(request))


async def _delete_schema(ask: ProbeContext) -> None:
    """Last of all that touches the schema: it is the template's again."""
    ask.note("schema_deleted", await ask.refusal(Request("DELETE", f"{JOB}/schema", dict(ask.names))))


async def _filters(ask: ProbeContext) -> None:
    path = f"{JOB}/schema"
    listed = await ask.rows(f"{path}/filterOperators()")
    ask.note("catalogue_key", "name" if all("name" in one for one in listed) else "id")
    ask.note("filter_operators", {str(one.get("name") or one.get("id")): one.get("arity") for one in listed})
    body = await ask.get(path)
    place = schema.place(body, schema.Selector("users"))
    assert place is not None
    mapping = body["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]
    unary = scopes.operator_spelling("is_not_null", listed)
    clause = {"sourceOperandName": "department", "operatorName": unary, "targetOperand": {"values": []}}
    mapping["scope"] = {"groups": [{"name": "probe", "clauses": [clause]}], "inputFilterGroups": []}
    ask.note("filter_put", await ask.put_schema(body))
    after = await ask.get(path)
    kept = after["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]["scope"]
    ask.note("unary_operand", kept["groups"][0]["clauses"][0].get("targetOperand"))
    mapping["scope"] = {"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []}
    ask.note("empty_filter_put", await ask.put_schema(body))
    emptied = await ask.get(path)
    ask.note(
        "empty_scope_is_null",
        emptied["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]["scope"] is None,
    )


async def _refusals(ask: ProbeContext) -> None:
    """How a wrong schema is refused; none of these is stored."""
    body = await ask.get(f"{JOB}/schema")
    place = schema.place(body, schema.Selector("users"))
    assert place is not None

    def changed(change: Callable[[Json], None]) -> Json:
        wrong = copy.deepcopy(body)
        change(wrong["synchronizationRules"][place.rule_index])
        return wrong

    def unknown_target(rule: Json) -> None:
        row = {"targetAttributeName": "noSuchAttribute", "source": {"type": "Attribute", "name": "mail"}}
        rule["objectMappings"][place.mapping_index]["attributeMappings"].append(row)

    def twice(rule: Json) -> None:
        mappings = rule["objectMappings"][place.mapping_index]["attributeMappings"]
        mappings.append(copy.deepcopy(mappings[0]))

    def unknown_rule(rule: Json) -> None:
        rule["id"] = "00000000-0000-4000-8000-000000000000"

    wrong = {"unknown_target": unknown_target, "duplicate_target": twice, "unknown_rule": unknown_rule}
    for name, change in wrong.items():
        ask.note(f"refusal_{name}", await ask.put_schema(changed(change)))
        await ask.put_schema(body)
    ask.note("if_match", await ask.put_schema(body, {"If-Match": '"not-its-etag"'}))


async def _pause(ask: ProbeContext) -> None:
    for fact, verb in (("started", "start"), ("paused", "pause")):
        job = await ask.control(verb)
        ask.note(fact, {"state": job["schedule"]["state"], "code": job["status"]["code"]})
    job = await ask.control("restart", {"criteria": {"resetScope": "Watermark, Escrows, QuarantineState"}})
    ask.note("restarted", {"state": job["schedule"]["state"]})


QUESTIONS: Mapping[str, Question] = {
    "template": _template,
    "roles": _roles,
    "job": _job,
    "second_job": _second_job,
    "secrets": _secrets,
    "star": _star,
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
