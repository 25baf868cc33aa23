"""The checks, in an order in which each has what it needs.

Each records facts in the report. A check that fails does not stop the others.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from scimconf.documents import rows, schema, scopes
from scimconf.documents.job import BASE
from scimconf.graph.client import Request
from scimconf.graph.probe.context import JOB, SCHEMA, SECRETS, ProbeContext
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
    mappings = {
        str(location): {str(row["targetAttributeName"]): rows.row_fields(row) for row in schema.rows(location)}
        for location in schema.object_mappings(raw)
    }
    probe.note("template_mappings", mappings)


async def _roles(probe: ProbeContext) -> None:
    """Whether roles can be sent as they were read, with `origin`."""
    roles = (await probe.get("/applications/{app}"))["appRoles"]
    probe.note("roles_sent_back", await probe.refusal("PATCH", "/applications/{app}", {"appRoles": roles}))


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
    answer = await probe.refusal("POST", f"{BASE}/jobs", {"templateId": probe.names["template"]})
    probe.note("second_job", "allowed" if answer.startswith("20") else answer)


_PAIRS = {"SecretToken": "not-a-secret", "SyncAll": "False", "BaseAddress": ADDRESS}
NOTIFICATIONS = '{ "Enabled" : false }'


async def _secrets(probe: ProbeContext) -> None:
    """What a PUT of secrets does with missing keys, empty values, the order of keys and the text of values."""
    initial = await probe.rows(SECRETS)
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
    await probe.graph.put(SECRETS, probe.names, {"value": _pairs(pairs)})
    return {str(pair["key"]): str(pair["value"]) for pair in await probe.rows(SECRETS)}


def _pairs(values: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in values.items()]


async def _masked_write(probe: ProbeContext) -> None:
    """Whether a `*` that is sent back is refused; whether it is stored literally cannot be seen."""
    body = {"value": _pairs({"BaseAddress": ADDRESS, "SecretToken": "*"})}
    probe.note("masked_write", await probe.refusal("PUT", SECRETS, body))


async def _credentials(probe: ProbeContext) -> None:
    pairs = _pairs({"BaseAddress": ADDRESS, "SecretToken": "not-a-secret"})
    body = {"templateId": probe.names["template"], "useSavedCredentials": False, "credentials": pairs}
    probe.note("credentials_refusal", await probe.refusal("POST", f"{JOB}/validateCredentials", body))


async def _round_trip(probe: ProbeContext) -> None:
    """What the service changes in a schema that is sent back with an expression in an unusual layout."""
    body, location = await probe.users()
    text = 'Join( " " ,[givenName],  [surname] )'
    parsed = await probe.graph.post(f"{SCHEMA}/parseExpression", probe.names, {"expression": text})
    probe.note("parsed_text", (parsed.get("parsedExpression") or {}).get("expression"))
    row = {"targetAttributeName": "title", "source": {**parsed["parsedExpression"], "expression": text}}
    mappings = [*reversed(_without_title(location)), row]
    location.mapping["attributeMappings"] = mappings
    probe.note("schema_put", await probe.refusal("PUT", SCHEMA, body))
    after, stored = await probe.users()
    names = [row["targetAttributeName"] for row in stored.mapping["attributeMappings"]]
    title = _title(stored)
    probe.note("order_kept", names == [row["targetAttributeName"] for row in mappings])
    probe.note("order_sorted", names == sorted(names))
    probe.note("expression_text", title["source"]["expression"])
    probe.note("defaults_filled_in", sorted(set(title) - {"targetAttributeName", "source"}))
    probe.note("flags", stored.mapping["flowTypes"])
    probe.note("metadata_kept", stored.mapping.get("metadata") == location.mapping.get("metadata"))
    probe.note("version_changes", after.get("version") != body.get("version"))


def _without_title(location: schema.MappingLocation) -> list[Json]:
    return [row for row in schema.rows(location) if row["targetAttributeName"] != "title"]


def _title(location: schema.MappingLocation) -> Json:
    return next(row for row in schema.rows(location) if row["targetAttributeName"] == "title")


async def _constant(probe: ProbeContext) -> None:
    """How a constant with all of its properties is shown."""
    body, location = await probe.users()
    constant = {"type": "Constant", "name": "x", "expression": '"x"', "parameters": []}
    row = {"targetAttributeName": "title", "source": constant}
    location.mapping["attributeMappings"] = [*_without_title(location), row]
    await probe.graph.put(SCHEMA, probe.names, body)
    source = _title((await probe.users())[1])["source"]
    probe.note("constant", {key: source.get(key) for key in ("expression", "parameters")})


async def _names(probe: ProbeContext) -> None:
    """Whether the name of a mapping can be changed."""
    body, location = await probe.users()
    location.mapping["name"] = "scimconf probe"
    probe.note("names_put", await probe.refusal("PUT", SCHEMA, body))
    probe.note("names_kept", (await probe.users())[1].mapping.get("name") == "scimconf probe")


async def _parse_error(probe: ProbeContext) -> None:
    probe.note("parse_error", await probe.refusal("POST", f"{SCHEMA}/parseExpression", {"expression": "Join("}))


async def _delete_schema(probe: ProbeContext) -> None:
    """Reset the schema to the template's; no later check uses the schema."""
    probe.note("schema_deleted", await probe.refusal("DELETE", SCHEMA))


async def _filters(probe: ProbeContext) -> None:
    operators = await probe.rows(f"{SCHEMA}/filterOperators()")
    probe.note("catalogue_key", "name" if all("name" in operator for operator in operators) else "id")
    arities = {str(operator.get("name") or operator.get("id")): operator.get("arity") for operator in operators}
    probe.note("filter_operators", arities)
    body, location = await probe.users()
    unary = scopes.operator_spelling("is_not_null", operators)
    clause = {"sourceOperandName": "department", "operatorName": unary, "targetOperand": {"values": []}}
    location.mapping["scope"] = {"groups": [{"name": "probe", "clauses": [clause]}], "inputFilterGroups": []}
    probe.note("filter_put", await probe.refusal("PUT", SCHEMA, body))
    scope = (await probe.users())[1].mapping["scope"]
    probe.note("unary_operand", scope["groups"][0]["clauses"][0].get("targetOperand"))
    location.mapping["scope"] = {"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []}
    probe.note("empty_filter_put", await probe.refusal("PUT", SCHEMA, body))
    probe.note("empty_scope_is_null", (await probe.users())[1].mapping["scope"] is None)


async def _refusals(probe: ProbeContext) -> None:
    """How invalid schemas are refused; none of them is stored."""
    valid, _ = await probe.users()
    unknown = {"targetAttributeName": "noSuchAttribute", "source": {"type": "Attribute", "name": "mail"}}
    for name in ("unknown_target", "duplicate_target", "unknown_rule"):
        body, location = await probe.users()
        mappings = location.mapping["attributeMappings"]
        if name == "unknown_rule":
            location.rule["id"] = "00000000-0000-4000-8000-000000000000"
        else:
            mappings.append(unknown if name == "unknown_target" else mappings[0])
        probe.note(f"refusal_{name}", await probe.refusal("PUT", SCHEMA, body))
        await probe.refusal("PUT", SCHEMA, valid)
    probe.note("if_match", await probe.refusal("PUT", SCHEMA, valid, {"If-Match": '"not-its-etag"'}))


async def _pause(probe: ProbeContext) -> None:
    for fact, verb in (("started", "start"), ("paused", "pause")):
        job = await probe.control(verb)
        probe.note(fact, {"state": job["schedule"]["state"], "code": job["status"]["code"]})
    job = await probe.control("restart", {"criteria": {"resetScope": "Watermark, Escrows, QuarantineState"}})
    probe.note("restarted", {"state": job["schedule"]["state"]})


async def _on_demand(probe: ProbeContext) -> None:
    """Whether provision on demand works while the job is paused: a user who does not exist is asked for in both states.

    Nothing is provisioned. If both answers are the same refusal, it is about the user, and nothing is known.
    """
    _, location = await probe.users()
    subject = {"objectId": "00000000-0000-4000-8000-000000000000", "objectTypeName": "User"}
    body = {"parameters": [{"ruleId": location.rule["id"], "subjects": [subject]}]}
    for fact, verb in (("on_demand_started", "start"), ("on_demand_paused", "pause")):
        await probe.control(verb)
        probe.note(fact, await probe.refusal("POST", f"{JOB}/provisionOnDemand", body))


_CHECKS = (
    _template, _roles, _job, _second_job, _secrets, _masked_write, _credentials, _round_trip, _constant, _names,
    _filters, _refusals, _parse_error, _delete_schema, _pause, _on_demand,
)  # fmt: skip
CHECKS: Mapping[str, Check] = {check.__name__.removeprefix("_"): check for check in _CHECKS}
