"""The state of a sandbox tenant as facts that can be compared: what differs, and which addresses of a plan explain it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from scimconf.plan import Address
from scimconf.plan.resource import decode
from tests.tenant_fixture import Rehearsal

Fact = tuple[str, ...]
Facts = Mapping[Fact, Any]
NAME = "Writer"
OWN_TAGS = ("scimconf:", "scimconf-sent:")
"""What the tags begin with that scimconf writes."""
PRINCIPAL = ("appRoleAssignmentRequired", "notes", "accountEnabled", "preferredSingleSignOnMode", "homepage")
SETTINGS = ("SyncAll", "SyncNotificationSettings")
_SETTINGS_DEFAULTS = {
    "Enabled": False,
    "Recipients": None,
    "DeleteThresholdEnabled": False,
    "DeleteThresholdValue": 500,
    "HumanResourcesLookaheadQueryEnabled": False,
}


def settle(tenant: Rehearsal) -> None:
    """End all replication delays, so that a plan sees the state as it is."""
    run = tenant.service.tenant.store.run
    run("DELETE FROM delays")
    run("UPDATE objects SET hidden = 0 WHERE hidden > 0")
    run("DELETE FROM assignments WHERE stale_reads > 0")
    run("UPDATE assignments SET hidden = 0 WHERE hidden > 0")


def state_facts(tenant: Rehearsal) -> dict[Fact, Any]:
    """Return everything in the tenant: the application Writer in parts, everything else object by object."""
    store = tenant.service.tenant.store
    objects = store.rows("SELECT kind, id, parent, doc FROM objects")
    own = {
        key for kind, key, _, text in objects if kind == "servicePrincipal" and json.loads(text)["displayName"] == NAME
    }
    jobs = {key for kind, key, parent, _ in objects if kind == "job" and parent in own}
    facts: dict[Fact, Any] = {}
    for kind, key, _, text in objects:
        if key in own or key in jobs or (kind == "application" and json.loads(text)["displayName"] == NAME):
            facts |= _PARTS[kind](key, json.loads(text))
        else:
            facts["other", kind, key] = text
    for resource, principal, role in store.rows(
        "SELECT resource_id, principal_id, role_id FROM assignments WHERE stale_reads = 0"
    ):
        facts["assignment" if resource in own else "other", resource, principal, role] = True
    return {**facts, **_secrets(tenant, own)}


def _application(key: str, application: Mapping[str, Any]) -> dict[Fact, Any]:
    return {("role", key, role["id"]): role for role in application["appRoles"]}


def _principal(key: str, principal: Mapping[str, Any]) -> dict[Fact, Any]:
    facts: dict[Fact, Any] = {("tag", key, tag): True for tag in principal["tags"]}
    return {**facts, **{("principal", key, name): principal[name] for name in PRINCIPAL if name in principal}}


def _job(key: str, job: Mapping[str, Any]) -> dict[Fact, Any]:
    template = (job["templateId"], job["synchronizationJobSettings"])
    return {("job", key, "state"): job["schedule"]["state"] == "Active", ("job", key, "template"): template}


def _secrets(tenant: Rehearsal, own: set[str]) -> dict[Fact, Any]:
    """Return the values of secrets; Graph shows the scope with a default."""
    default = tenant.service.tenant.switches.sync_all_default
    facts: dict[Fact, Any] = {("secret", key, "SyncAll"): default for key in own if default != "absent"}
    for resource, key, value in tenant.service.tenant.store.rows("SELECT resource_id, key, value FROM secrets"):
        facts["secret" if resource in own else "other", resource, key] = (
            _settings(value) if key == SETTINGS[1] else value
        )
    return facts


def _settings(text: str) -> dict[str, Any]:
    """Return the notification settings with the defaults that the service fills in (switch `settings_text`)."""
    return {**_SETTINGS_DEFAULTS, **json.loads(text)}


def _schema_facts(job: str, schema: Mapping[str, Any]) -> Iterator[tuple[Fact, Any]]:
    for number, rule in enumerate(schema.get("synchronizationRules", ())):
        yield ("schema", job, f"rule {number}"), _without(rule, "objectMappings")
        for mapping in rule["objectMappings"]:
            source = mapping["sourceObjectName"]
            yield ("mapping", job, source), _without(mapping, "attributeMappings")
            for row in mapping["attributeMappings"]:
                yield ("row", job, source, row["targetAttributeName"]), {**row, "source": _source(row["source"])}
    for number, directory in enumerate(schema.get("directories", ())):
        for definition in directory["objects"]:
            yield ("object", job, str(number), definition["name"]), _without(definition, "attributes")
            for attribute in definition["attributes"]:
                yield ("attribute", job, str(number), definition["name"], attribute["name"]), attribute


def _source(source: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Return a source without what the service writes in several ways: spaces, and the tree of the expression."""
    if source is None:
        return None
    return source["type"], re.sub(r"\s", "", source.get("expression") or source["name"] or "")


def _without(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


_PARTS: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "application": _application,
    "servicePrincipal": _principal,
    "job": _job,
    "schema": _schema_facts,
}


def different(before: Facts, after: Facts) -> set[Fact]:
    """Return the facts that appeared, disappeared or changed."""
    return {fact for fact in before.keys() | after.keys() if before.get(fact) != after.get(fact)}


class Names:
    """Names of principals and roles by id, from the facts before and after."""

    def __init__(self, *states: Facts) -> None:
        self.principals: dict[str, str] = {}
        self.roles: dict[str, set[str]] = {}
        for facts in states:
            for fact, value in facts.items():
                if fact[:2] == ("other", "user"):
                    self.principals[fact[2]] = f"user:{json.loads(value)['userPrincipalName']}".lower()
                elif fact[:2] == ("other", "group"):
                    self.principals[fact[2]] = f"group:{json.loads(value)['displayName']}".lower()
                elif fact[0] == "role":
                    names = {value["value"] or "", f"~{value['displayName']}"}
                    self.roles.setdefault(fact[2], set()).update(names)


def is_explained(fact: Fact, addresses: Iterable[Address], names: Names) -> bool:
    """Return whether a change of a fact belongs to one of the addresses."""
    by_kind: dict[str, list[str]] = {}
    for address in addresses:
        by_kind.setdefault(address.kind, []).append(address.rest)
    return fact[0] != "other" and bool(_EXPLAINED[fact[0]](fact, by_kind, names))


def _role(fact: Fact, by_kind: Mapping[str, list[str]], names: Names) -> bool:
    return bool(names.roles.get(fact[2], set()) & {decode(rest) for rest in by_kind.get("app_role", ())})


def _assignment(fact: Fact, by_kind: Mapping[str, list[str]], names: Names) -> bool:
    """Return whether an assignment is in the plan, or its role, whose deletion removes it."""
    roles = names.roles.get(fact[3], set())
    if roles & {decode(rest) for rest in by_kind.get("app_role", ())}:
        return True
    principal = names.principals.get(fact[2], fact[2])
    parts = [rest.rpartition("/") for rest in by_kind.get("assignment", ())]
    return any(decode(user).lower() == principal and decode(role) in roles for user, _, role in parts)


def _ends(kinds: tuple[str, ...], name: str, by_kind: Mapping[str, list[str]]) -> bool:
    return any(name == decode(rest).partition("/")[2] for kind in kinds for rest in by_kind.get(kind, ()))


_EXPLAINED: dict[str, Any] = {
    "role": _role,
    "assignment": _assignment,
    "tag": lambda fact, by_kind, names: fact[2].startswith(OWN_TAGS),
    "principal": lambda fact, by_kind, names: "application" in by_kind,
    "secret": lambda fact, by_kind, names: ("settings" if fact[2] in SETTINGS else "connection") in by_kind,
    "job": lambda fact, by_kind, names: fact[2] == "state",
    "schema": lambda fact, by_kind, names: False,
    "mapping": lambda fact, by_kind, names: "object_mapping" in by_kind,
    "row": lambda fact, by_kind, names: _ends(("attribute_mapping",), fact[3], by_kind),
    "object": lambda fact, by_kind, names: False,
    "attribute": lambda fact, by_kind, names: _ends(("target_attribute", "source_attribute"), fact[4], by_kind),
}
