"""Questions to a real tenant: what the documentation leaves open, settled on a throw-away application.

Each question is one small function that writes what it saw into the findings; none needs another to have succeeded.
The findings hold no id, no name of the tenant and no secret. The application is deleted at the end, whatever happened.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf.documents import rows, schema, scopes
from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.documents.job import BASE
from scimconf.errors import GraphError, ScimconfError
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


UNEXPECTED = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What reading an answer of another shape than ours may end in: then the question has no answer."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)

Question = Callable[["_Probe"], Awaitable[None]]


async def probe(live: Live, tell: Callable[[str], None]) -> Findings:
    """Makes the application, asks everything, deletes it; raises GraphError where not even that could be made."""
    made = await live.graph.post(f"/applicationTemplates/{CUSTOM_TEMPLATE}/instantiate", body={"displayName": NAME})
    live.patience.made_here = True
    application = made["application"]
    names = {"sp": made["servicePrincipal"]["id"], "app": application["id"], "app_id": application["appId"]}
    asked = _Probe(live, names)
    try:
        for name, question in QUESTIONS.items():
            tell(name.replace("_", " "))
            try:
                await question(asked)
            except GraphError as error:
                asked.found.failed[name] = f"{error.status} {error.code}"
            except ScimconfError:
                asked.found.failed[name] = "not asked, since what it is about could not be made"
            except UNEXPECTED as error:
                asked.found.failed[name] = f"unexpected answer ({type(error).__name__})"
    finally:
        asked.found.left_over = await _deleted(asked)
    return Findings(_plain(asked.found.facts), _plain(asked.found.failed), asked.found.left_over)


async def _deleted(asked: _Probe) -> str:
    """What is left to do by hand; nothing once the application is gone."""
    try:
        await asked.done(Request("DELETE", "/applications/{app}", dict(asked.names)))
    except GraphError as error:
        return f"{NAME} could not be deleted: {error.status} {error.code}"
    return ""


def _plain(value: Json) -> Json:
    """The same without ids, wherever they stand."""
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _ID.sub("ID", value) if isinstance(value, str) else value


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

    async def done(self, request: Request) -> None:
        """A request that has no answer of its own, made again while what it is about may be late."""
        wait = self.live.patience.wait()
        while True:
            try:
                await self.graph.send(request)
            except GraphError as error:
                if not is_late(error) or not await wait.again("the application to arrive"):
                    raise
            else:
                return

    async def control(self, verb: str, body: Json = None) -> Json:
        """The job after it was started, paused or restarted."""
        await self.done(Request("POST", f"{JOB}/{verb}", dict(self.names), body=body, repeatable=True))
        return await self.get(JOB)

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
    ask.note("template_version", re.sub(r"[0-9-]{10}T[0-9:.]+Z", "TIME", str(table.get("version"))))
    ask.note("template_mappings", {str(place): _table(place) for place in schema.places(table)})


def _table(place: schema.Place) -> dict[str, Json]:
    return {str(row.get("targetAttributeName")): rows.row_fields(row) for row in schema.rows(place)}


async def _roles(ask: _Probe) -> None:
    """Whether roles are taken back as they were read, `origin` with them."""
    roles = (await ask.get("/applications/{app}"))["appRoles"]
    request = Request("PATCH", "/applications/{app}", dict(ask.names), body={"appRoles": roles})
    ask.note("roles_sent_back", await ask.refusal(request))


async def _job(ask: _Probe) -> None:
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


async def _second_job(ask: _Probe) -> None:
    body = {"templateId": ask.names["template"]}
    answer = await ask.refusal(Request("POST", f"{BASE}/jobs", dict(ask.names), body=body))
    ask.note("second_job", "allowed" if answer.startswith("20") else answer)


_PAIRS = {"SecretToken": "not-a-secret", "SyncAll": "False", "BaseAddress": ADDRESS}
_MAILS = '{ "Enabled" : false }'


async def _secrets(ask: _Probe) -> None:
    """What a PUT of the set does with keys that it does not name, with empty values, with order, and with texts."""
    shown = await ask.rows(f"{BASE}/secrets")
    ask.note("before_any", {str(one["key"]): str(one["value"]) for one in shown})
    first = await _stored(ask, {**_PAIRS, "SyncNotificationSettings": _MAILS})
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


async def _stored(ask: _Probe, pairs: Mapping[str, str]) -> dict[str, str]:
    """The set as it is shown after a PUT."""
    path = f"{BASE}/secrets"
    await ask.graph.put(path, ask.names, {"value": [{"key": key, "value": value} for key, value in pairs.items()]})
    return {str(one["key"]): str(one["value"]) for one in await ask.rows(path)}


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


async def _constant(ask: _Probe) -> None:
    """How a constant reads back that was written in full, and a mapping that leaves out whatever it can."""
    constant = {"type": "Constant", "name": "x", "expression": '"x"', "parameters": []}
    stored = await _mapped(ask, {"targetAttributeName": "title", "source": constant})
    ask.note("constant", {key: stored["source"].get(key) for key in ("expression", "parameters")})


async def _mapped(ask: _Probe, row: Json) -> Json:
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


async def _names(ask: _Probe) -> None:
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


async def _parse_error(ask: _Probe) -> None:
    request = Request("POST", f"{JOB}/schema/parseExpression", dict(ask.names), body={"expression": "Join("})
    ask.note("parse_error", await ask.refusal(request))


async def _delete_schema(ask: _Probe) -> None:
    """Last of all that touches the schema: it is the template's again."""
    ask.note("schema_deleted", await ask.refusal(Request("DELETE", f"{JOB}/schema", dict(ask.names))))


async def _filters(ask: _Probe) -> None:
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


def switches(facts: Mapping[str, Json]) -> dict[str, str]:
    """The sandbox's switches that answer as this tenant did, where a question was answered."""
    found = {name: read(facts) for name, (needs, read) in _SWITCHES.items() if needs <= facts.keys()}
    return {name: position for name, position in found.items() if position}


def _one_of(fact: str, *positions: str) -> Callable[[Mapping[str, Json]], str]:
    """A fact that is a position already, where the sandbox knows it."""
    return lambda facts: str(facts[fact]) if str(facts[fact]) in positions else ""


def _either(fact: str, yes: str, no: str) -> Callable[[Mapping[str, Json]], str]:
    return lambda facts: yes if facts[fact] else no


def _taken(fact: str, yes: str, no: str) -> Callable[[Mapping[str, Json]], str]:
    """By a status: whether a request was taken."""
    return lambda facts: yes if str(facts[fact]).startswith("20") else no


def _mask(facts: Mapping[str, Json]) -> str:
    hidden = set(facts["masked"])
    if "SyncAll" in hidden:
        return "all"
    return "address" if "BaseAddress" in hidden else "settings" if "SyncNotificationSettings" in hidden else "sensitive"


def _mails(facts: Mapping[str, Json]) -> str:
    shown = facts["mails_shown"]
    if not shown or shown == "*":
        return ""
    return "as_sent" if shown == _MAILS else "filled" if "DeleteThreshold" in shown else "compact"


def _booleans(facts: Mapping[str, Json]) -> str:
    shown = (facts["False_shown"], facts["false_shown"])
    positions = {("False", "false"): "as_sent", ("False", "False"): "capitals", ("false", "false"): "lower"}
    return positions.get(shown, "")


def _job_id(facts: Mapping[str, Json]) -> str:
    if facts["job_id_parts"] == 2:
        return "two_parts"
    return "app_id" if facts["job_id_ends_with_app_id"] else "fresh"


def _spaces(facts: Mapping[str, Json]) -> str:
    text, parsed = str(facts["expression_text"]), str(facts["parsed_text"])
    return "none" if text == parsed.replace(", ", ",") else "kept"


_Reading = tuple[frozenset[str], Callable[[Mapping[str, Json]], str]]
_SWITCHES: Mapping[str, _Reading] = {
    "role_origin": (frozenset({"roles_sent_back"}), _taken("roles_sent_back", "ignored", "refused")),
    "inline_template_schema": (frozenset({"template_schema_inline"}), _either("template_schema_inline", "yes", "no")),
    "job_created": (frozenset({"job_created"}), _one_of("job_created", "201", "200")),
    "job_id": (frozenset({"job_id_parts", "job_id_ends_with_app_id"}), _job_id),
    "born": (
        frozenset({"born"}),
        lambda facts: facts["born"]["code"] if facts["born"]["code"] in ("Paused", "NotConfigured") else "",
    ),
    "second_job": (
        frozenset({"second_job"}),
        lambda facts: "allowed" if facts["second_job"] == "allowed" else "refused",
    ),
    "secrets_put": (frozenset({"secrets_put"}), _one_of("secrets_put", "merge", "replace")),
    "secrets_order": (frozenset({"order"}), _one_of("order", "written", "sorted", "kept")),
    "star_secret": (
        frozenset({"star_answer"}),
        lambda facts: "" if facts["star_answer"].startswith("20") else "refused",
    ),
    "mask": (frozenset({"masked"}), _mask),
    "settings_text": (frozenset({"mails_shown"}), _mails),
    "boolean_text": (frozenset({"False_shown", "false_shown"}), _booleans),
    "sync_all_default": (
        frozenset({"before_any"}),
        lambda facts: {"true": "true", "false": "false", "": "absent"}.get(
            str(facts["before_any"].get("SyncAll", "")).lower(), ""
        ),
    ),
    "sort_mappings": (frozenset({"order_sorted"}), _either("order_sorted", "yes", "no")),
    "fill_defaults": (frozenset({"defaults_filled_in"}), _either("defaults_filled_in", "filled", "left_out")),
    "flags_spaces": (
        frozenset({"flags"}),
        lambda facts: "added" if ", " in str(facts["flags"]) else "stripped",
    ),
    "expression_kept": (
        frozenset({"expression_text", "parsed_text"}),
        lambda facts: "rebuilt" if facts["expression_text"] == facts["parsed_text"] else "as_sent",
    ),
    "expression_spaces": (frozenset({"expression_text", "parsed_text"}), _spaces),
    "constant_expression": (
        frozenset({"constant"}),
        lambda facts: "null" if facts["constant"]["expression"] is None else "as_sent",
    ),
    "empty_parameters": (
        frozenset({"constant"}),
        lambda facts: "null" if facts["constant"]["parameters"] is None else "list",
    ),
    "names_put": (frozenset({"names_kept"}), _either("names_kept", "kept", "restored")),
    "catalogue_name": (frozenset({"catalogue_key"}), _one_of("catalogue_key", "name", "id")),
    "operator_names": (
        frozenset({"filter_operators"}),
        lambda facts: "underscored" if "IS_NOT_NULL" in facts["filter_operators"] else "portal",
    ),
    "unary_operand": (frozenset({"unary_operand"}), _either("unary_operand", "empty", "null")),
    "empty_scope": (frozenset({"empty_scope_is_null"}), _either("empty_scope_is_null", "null", "kept")),
    "duplicate_targets": (
        frozenset({"refusal_duplicate_target"}),
        _taken("refusal_duplicate_target", "kept", "refused"),
    ),
    "if_match": (frozenset({"if_match"}), _taken("if_match", "ignored", "honoured")),
    "parse_error": (frozenset({"parse_error"}), _taken("parse_error", "answer", "refusal")),
    "schema_deleted": (frozenset({"schema_deleted"}), _one_of("schema_deleted", "204", "201")),
    "started_code": (
        frozenset({"started"}),
        lambda facts: facts["started"]["code"] if facts["started"]["code"] in ("NotRun", "Active") else "",
    ),
    "paused_state": (
        frozenset({"paused"}),
        lambda facts: facts["paused"]["state"] if facts["paused"]["state"] in ("Disabled", "Paused") else "",
    ),
    "restart_starts": (
        frozenset({"restarted"}),
        lambda facts: "yes" if facts["restarted"]["state"] == "Active" else "no",
    ),
}
"""Switch → the facts that it needs, and how they are read; empty where they do not tell."""
