"""Questions to a real tenant: what the documentation leaves open, settled on a throw-away application.

Each question is one small function that writes what it saw into the findings; none needs another to have succeeded.
The findings hold no id, no name of the tenant and no secret. The application is deleted at the end, whatever happened.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf.documents import rows, schema
from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.documents.job import BASE
from scimconf.errors import GraphError
from scimconf.live.graph import Graph, Request
from scimconf.live.observe import Live
from scimconf.live.patience import is_late

Json = Any
NAME = "scimconf probe (throw-away)"
JOB = f"{BASE}/jobs/{{job}}"
ADDRESS = "https://scimconf-probe.invalid/scim"


@dataclass(slots=True)
class Findings:
    """What was seen, by the question's name; `failed` are questions that got no answer, with the refusal."""

    facts: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_over: str = ""


Question = Callable[["_Probe"], Awaitable[None]]


async def probe(live: Live, tell: Callable[[str], None]) -> Findings:
    """Makes the application, asks everything, deletes it; raises GraphError where not even that could be made."""
    made = await live.graph.post(f"/applicationTemplates/{CUSTOM_TEMPLATE}/instantiate", body={"displayName": NAME})
    live.patience.made_here = True
    names = {"sp": made["servicePrincipal"]["id"], "app": made["application"]["id"]}
    asked = _Probe(live, names)
    try:
        for name, question in QUESTIONS.items():
            tell(name.replace("_", " "))
            try:
                await question(asked)
            except GraphError as error:
                asked.found.failed[name] = f"{error.status} {error.code}"
            except (KeyError, IndexError, TypeError) as error:
                asked.found.failed[name] = f"unexpected answer ({type(error).__name__})"
    finally:
        try:
            await live.graph.delete("/applications/{app}", names)
        except GraphError as error:
            asked.found.left_over = f"{NAME} could not be deleted: {error.status} {error.code}"
    return asked.found


@dataclass(slots=True)
class _Probe:
    """One probing: the way to the tenant, the names of what was made, and what was found."""

    live: Live
    names: dict[str, str]
    found: Findings = field(default_factory=Findings)

    @property
    def graph(self) -> Graph:
        return self.live.graph

    def note(self, name: str, value: Json) -> None:
        self.found.facts[name] = value

    async def when_there(self, ask: Callable[[], Awaitable[Json]]) -> Json:
        """An answer that is not late."""
        wait = self.live.patience.wait()
        while True:
            try:
                answer = await ask()
            except GraphError as error:
                if not is_late(error) or not await wait.again("the application to arrive"):
                    raise
            else:
                if answer or not await wait.again("the application to arrive"):
                    return answer

    async def get(self, path: str) -> Json:
        return await self.when_there(lambda: self.graph.get(path, self.names))

    async def rows(self, path: str) -> list[Json]:
        return list((await self.graph.get(path, self.names))["value"])

    async def refusal(self, request: Request) -> str:
        """`204`, or the status and code of a refusal."""
        try:
            return str((await self.graph.send(request)).status)
        except GraphError as error:
            return f"{error.status} {error.code}"

    async def put_schema(self, body: Json, headers: Mapping[str, str] | None = None) -> str:
        path = f"{JOB}/schema"
        return await self.refusal(Request("PUT", path, dict(self.names), body=body, headers=headers or {}))


# --- the questions, in an order in which each finds what it needs ----------------------------------------------------


async def _template(ask: _Probe) -> None:
    found = await ask.when_there(lambda: ask.graph.collect(f"{BASE}/templates", ask.names, {"$top": ""}))
    ask.note("templates", sorted(str(one["id"]) for one in found))
    default = next((one for one in found if one.get("default")), found[0])
    ask.names["template"] = str(default["id"])
    ask.note("template_schema_inline", "schema" in default)
    table = await ask.get(f"{BASE}/templates/{{template}}/schema")
    ask.note("template_version", table.get("version"))
    ask.note("template_mappings", {str(place): _table(place) for place in schema.places(table)})


def _table(place: schema.Place) -> dict[str, Json]:
    return {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(place)}


async def _job(ask: _Probe) -> None:
    body = {"templateId": ask.names["template"]}
    made = await ask.when_there(lambda: ask.graph.post(f"{BASE}/jobs", ask.names, body))
    ask.names["job"] = str(made["id"])
    ask.note("job_id_parts", str(made["id"]).count(".") + 1)
    ask.note("born", {"state": made["schedule"]["state"], "code": made["status"]["code"]})
    ask.note("interval", made["schedule"].get("interval"))
    await ask.get(JOB)


async def _second_job(ask: _Probe) -> None:
    body = {"templateId": ask.names["template"]}
    answer = await ask.refusal(Request("POST", f"{BASE}/jobs", dict(ask.names), body=body))
    ask.note("second_job", "allowed" if answer.startswith("20") else answer)


async def _secrets(ask: _Probe) -> None:
    path = f"{BASE}/secrets"
    ask.note("secrets_before_any", sorted(str(one["key"]) for one in await ask.rows(path)))
    first = [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "not-a-secret"}]
    await ask.graph.put(path, ask.names, {"value": [*first, {"key": "SyncAll", "value": "false"}]})
    shown = {str(one["key"]): str(one["value"]) for one in await ask.rows(path)}
    ask.note("masked", sorted(key for key, value in shown.items() if value == "*"))
    await ask.graph.put(path, ask.names, {"value": [{"key": "SyncAll", "value": "false"}]})
    ask.note("secrets_put", "merge" if "BaseAddress" in {one["key"] for one in await ask.rows(path)} else "replace")
    await ask.graph.put(path, ask.names, {"value": [*first, {"key": "SyncAll", "value": ""}]})
    ask.note("empty_value_removes", "SyncAll" not in {one["key"] for one in await ask.rows(path)})


async def _star(ask: _Probe) -> None:
    """Whether a `*` that is sent back is stored to the letter cannot be seen; whether it is refused can."""
    body = {"value": [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "*"}]}
    ask.note("star_answer", await ask.refusal(Request("PUT", f"{BASE}/secrets", dict(ask.names), body=body)))


async def _credentials(ask: _Probe) -> None:
    body = {"templateId": ask.names["template"], "useSavedCredentials": False}
    body["credentials"] = [{"key": "BaseAddress", "value": ADDRESS}, {"key": "SecretToken", "value": "not-a-secret"}]
    request = Request("POST", f"{JOB}/validateCredentials", dict(ask.names), body=body)
    ask.note("credentials_refusal", await ask.refusal(request))


async def _round_trip(ask: _Probe) -> None:
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


def _compare(ask: _Probe, sent: Json, after: Json, place: schema.Place) -> None:
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


async def _filters(ask: _Probe) -> None:
    path = f"{JOB}/schema"
    listed = await ask.rows(f"{path}/filterOperators()")
    ask.note("filter_operators", {str(one.get("name") or one.get("id")): one.get("arity") for one in listed})
    body = await ask.get(path)
    place = schema.place(body, schema.Selector("users"))
    assert place is not None
    mapping = body["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]
    clause = {"sourceOperandName": "department", "operatorName": "IS NOT NULL", "targetOperand": {"values": []}}
    mapping["scope"] = {"groups": [{"name": "probe", "clauses": [clause]}], "inputFilterGroups": []}
    ask.note("filter_put", await ask.put_schema(body))
    after = await ask.get(path)
    kept = after["synchronizationRules"][place.rule_index]["objectMappings"][place.mapping_index]["scope"]
    ask.note("unary_operand", kept["groups"][0]["clauses"][0].get("targetOperand"))


async def _refusals(ask: _Probe) -> None:
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


async def _pause(ask: _Probe) -> None:
    await ask.graph.post(f"{JOB}/start", ask.names, repeatable=True)
    started = await ask.get(JOB)
    ask.note("started", {"state": started["schedule"]["state"], "code": started["status"]["code"]})
    await ask.graph.post(f"{JOB}/pause", ask.names, repeatable=True)
    paused = await ask.get(JOB)
    ask.note("paused", {"state": paused["schedule"]["state"], "code": paused["status"]["code"]})


QUESTIONS: Mapping[str, Question] = {
    "template": _template,
    "job": _job,
    "second_job": _second_job,
    "secrets": _secrets,
    "star": _star,
    "credentials": _credentials,
    "round_trip": _round_trip,
    "filters": _filters,
    "refusals": _refusals,
    "pause": _pause,
}


def switches(facts: Mapping[str, Json]) -> dict[str, str]:
    """The sandbox's switches that answer as this tenant did, where a question was answered."""
    found: dict[str, str] = {}
    if "secrets_put" in facts:
        found["secrets_put"] = facts["secrets_put"]
    if "second_job" in facts:
        found["second_job"] = "allowed" if facts["second_job"] == "allowed" else "refused"
    if "paused" in facts:
        found["paused_state"] = facts["paused"]["state"]
    if "started" in facts and facts["started"]["code"] in ("NotRun", "Active"):
        found["started_code"] = facts["started"]["code"]
    if "order_sorted" in facts:
        found["sort_mappings"] = "yes" if facts["order_sorted"] else "no"
    if "flags" in facts:
        found["flags_spaces"] = "added" if ", " in str(facts["flags"]) else "stripped"
    if "unary_operand" in facts:
        found["unary_operand"] = "null" if facts["unary_operand"] is None else "empty"
    if "expression_text" in facts and "parsed_text" in facts:
        found["expression_kept"] = "rebuilt" if facts["expression_text"] == facts["parsed_text"] else "as_sent"
    if "template_schema_inline" in facts:
        found["inline_template_schema"] = "yes" if facts["template_schema_inline"] else "no"
    return found
