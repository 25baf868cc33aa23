"""A tenant described in JSON, so that a test or a rehearsal sets one up in a few lines.

    {
      "base": "contoso",                       or "empty": without the built-in people
      "organization": {"displayName": "Fabrikam", "id": …, "verifiedDomains": ["fabrikam.com"]},
      "users": ["joe@contoso.com", {"userPrincipalName": "eve@contoso.com", "department": "Sales"}],
      "groups": [{"displayName": "Sales", "members": ["eve@contoso.com", "group:Writer editors"]}],
      "applications": [{
        "displayName": "Writer",
        "template": "custom",                  a gallery application's name or id; null: a plain registration
        "roles": [{"value": "admin", "displayName": "admin"}],     added to those of the template
        "roles_only": false,                   true: the template's own are left out
        "assignments": [{"user": "ada@contoso.com", "role": "admin"}, {"group": "Writer editors", "role": "User"}],
        "secrets": {"BaseAddress": "https://…", "SecretToken": "…", "SyncAll": "false"},
        "jobs": [{"template": "scim", "state": "Active", "edits": [EDIT, …], "schema": {…}}],
        "tags": ["…"], "createdDateTime": "2020-01-01T00:00:00Z"
      }],
      "endpoints": {"https://app.example.com/scim": {"tokens": ["the only one that works"]}},
      "rejected_tokens": ["…"],                bearer tokens for Graph that are refused
      "permissions": ["Application.Read.All"], what the caller is granted; without it, everything
      "switches": {"secrets_put": "replace"},
      "generate": {"users": 10000, "groups": 100, "assign": {"application": "Writer", "role": "User"}}
    }

An EDIT names an object (`User`, `Group`) and one of: `{"target": T, "source": "[mail]" or null, …}` sets a mapping,
further keys being Graph's; `{"remove": T}` takes one away; `{"attribute": {"name": …}}` defines a target attribute;
`{"scope": …}`, `{"flowTypes": …}` and `{"enabled": …}` set these. A job's `schema` replaces the whole document.
A role is named by its value or its display name; a group by its name, its id, or both through `{"id": …}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scimconf.expressions import parse, to_source
from scimconf.sandbox import contoso
from scimconf.sandbox.directory import applications, assignments, users_and_groups
from scimconf.sandbox.directory.filters import property_columns
from scimconf.sandbox.gallery import BY_NAME, GALLERY, GalleryEntry
from scimconf.sandbox.http_types import GraphError, Json
from scimconf.sandbox.service import PERMISSIONS, REJECTED_TOKENS
from scimconf.sandbox.store import Condition
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization import connection, jobs
from scimconf.sandbox.synchronization.templates import attribute_definition, templates_of
from scimconf.sandbox.tenant import Tenant, stable_id

_KEYS = frozenset(
    {
        "base", "organization", "users", "groups", "applications", "endpoints", "rejected_tokens", "permissions",
        "switches", "generate",
    }
)  # fmt: skip
_APPLICATION_KEYS = frozenset(
    {
        "displayName", "template", "roles", "roles_only", "assignments", "secrets", "jobs", "tags", "createdDateTime",
        "notes", "preferredSingleSignOnMode",
    }
)  # fmt: skip


_TYPES: Mapping[str, type] = {
    "organization": dict,
    "users": list,
    "groups": list,
    "applications": list,
    "endpoints": dict,
    "rejected_tokens": list,
    "permissions": list,
    "switches": dict,
    "generate": dict,
}
_GENERATED: Mapping[str, type] = {"users": int, "groups": int, "assign": dict}
_APPLICATION_TYPES: Mapping[str, type] = {
    "displayName": str,
    "roles": list,
    "assignments": list,
    "secrets": dict,
    "jobs": list,
    "tags": list,
    "createdDateTime": str,
}
_TYPE_NAMES: Mapping[type, str] = {dict: "an object", list: "a list", int: "a number", str: "a text"}


class TenantFileError(ValueError):
    """The description of a tenant does not make sense."""


@dataclass(frozen=True, slots=True)
class TenantFile:
    """A described tenant."""

    content: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_unknown(self.content, _KEYS, "a tenant")
        _check_types(self.content, _TYPES)
        _check_types(self.content.get("generate", {}), _GENERATED)
        for application in self.content.get("applications", []):
            if not isinstance(application, dict):
                raise TenantFileError(f"{application!r} is not an object, as an application is")
            _require_name(application, "displayName")
            _refuse_unknown(application, _APPLICATION_KEYS, "an application")
            _check_types(application, _APPLICATION_TYPES)

    @classmethod
    def read(cls, path: Path) -> TenantFile:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise TenantFileError(f"{path}: this is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise TenantFileError(f"{path}: a tenant is an object")
        return cls(content)

    @property
    def switches(self) -> Mapping[str, object]:
        positions: Mapping[str, object] = self.content.get("switches", {})
        return positions

    def load(self, tenant: Tenant) -> None:
        """Builds it in an empty store; everything in it has long arrived."""
        positions = tenant.switches
        tenant.switches = positions.changed({"late_reads": 0, "role_propagation": 0})
        try:
            self._load(tenant)
        except (AttributeError, LookupError, StopIteration, TypeError, GraphError) as error:
            said = error.message if isinstance(error, GraphError) else f"{type(error).__name__}: {error}"
            raise TenantFileError(f"the description of the tenant does not make sense: {said}") from error
        finally:
            tenant.switches = positions

    def _load(self, tenant: Tenant) -> None:
        content = self.content
        tenant.store_value(users_and_groups.ORGANIZATION, _organization(content.get("organization", {})))
        tenant.store_value(connection.ENDPOINTS, content.get("endpoints", {}))
        tenant.store_value(REJECTED_TOKENS, content.get("rejected_tokens", []))
        tenant.store_value(PERMISSIONS, content.get("permissions"))
        tenant.documents.put_many("applicationTemplate", (entry.document() for entry in GALLERY.values()))
        if content.get("base", "contoso") == "contoso":
            _load_contoso(tenant)
        for user in content.get("users", []):
            users_and_groups.add_user(tenant, _require_name(user, "userPrincipalName"))
        for group in content.get("groups", []):
            _add_group(tenant, _require_name(group, "displayName"))
        generated = _generate(tenant, content.get("generate", {}))
        for application in content.get("applications", []):
            _add_application(tenant, application)
        _assign_generated(tenant, content.get("generate", {}), generated)


# ---- people ---------------------------------------------------------------------------------------------------------


def _organization(given: Json) -> Json:
    domains = given.get("verifiedDomains")
    if domains and all(isinstance(one, str) for one in domains):
        given = given | {
            "verifiedDomains": [
                {"capabilities": "Email", "isDefault": not n, "isInitial": False, "name": name, "type": "Managed"}
                for n, name in enumerate(domains)
            ]
        }
    return contoso.ORGANIZATION | given


def _load_contoso(tenant: Tenant) -> None:
    tenant.documents.put_many("user", (users_and_groups.new_user(tenant, user) for user in contoso.users()))
    for group, members in contoso.groups():
        users_and_groups.add_group(tenant, group)
        for member in members:
            users_and_groups.put_member(tenant, group["id"], member)


def _add_group(tenant: Tenant, given: Json) -> None:
    group = users_and_groups.add_group(tenant, {key: value for key, value in given.items() if key != "members"})
    for member in given.get("members", []):
        users_and_groups.put_member(tenant, group["id"], _member(tenant, member)["id"])


def _member(tenant: Tenant, name: str) -> Json:
    if name.startswith("group:"):
        return _group(tenant, name.removeprefix("group:"))
    return _user(tenant, name)


def _user(tenant: Tenant, name: str) -> Json:
    return _only(tenant, "user", "userPrincipalName", name)


def _group(tenant: Tenant, name: str) -> Json:
    return _only(tenant, "group", "displayName", name)


def _only(tenant: Tenant, kind: str, name: str, value: str) -> Json:
    found = tenant.documents.get(kind, value)
    if found is not None:
        return found
    where = Condition(f"{property_columns(name)[name].sql} = ?", (value,))
    listed = tenant.documents.all(kind, where)
    if len(listed) != 1:
        raise TenantFileError(f"{len(listed)} objects of kind {kind} have the {name} {value!r}")
    return listed[0]


def _generate(tenant: Tenant, given: Json) -> list[Json]:
    users = [
        users_and_groups.new_user(
            tenant,
            {
                "id": stable_id(f"generated/user/{number}"),
                "userPrincipalName": f"user{number:05d}@contoso.com",
                "displayName": f"User {number:05d}",
                "givenName": "User",
                "surname": f"{number:05d}",
            },
        )
        for number in range(1, given.get("users", 0) + 1)
    ]
    groups = [
        users_and_groups.new_group(
            tenant, {"id": stable_id(f"generated/group/{number}"), "displayName": f"Group {number:05d}"}
        )
        for number in range(1, given.get("groups", 0) + 1)
    ]
    tenant.documents.put_many("user", users)
    tenant.documents.put_many("group", groups)
    return users


def _assign_generated(tenant: Tenant, given: Json, users: Iterable[Json]) -> None:
    wanted = given.get("assign")
    if not wanted:
        return
    principal = _only(tenant, applications.SERVICE_PRINCIPAL, "displayName", wanted["application"])
    assignments.put_many(tenant, principal["id"], _role(principal, wanted["role"]), users)


# ---- applications ---------------------------------------------------------------------------------------------------


def _add_application(tenant: Tenant, given: Json) -> None:
    name = given["displayName"]
    entry = _entry(given.get("template", "custom"))
    if entry is None:
        application = applications.add_application(tenant, {"displayName": name})
        principal = applications.add_service_principal(tenant, application, {})
    else:
        application, principal = applications.instantiate(tenant, entry, name)
    own = [] if given.get("roles_only") else application["appRoles"]
    roles = [*own, *(_new_role(application["id"], role) for role in given.get("roles", []))]
    dated = {"createdDateTime": given.get("createdDateTime", application["createdDateTime"])}
    more = {key: given[key] for key in ("tags", "notes", "preferredSingleSignOnMode") if key in given}
    tenant.documents.put(applications.APPLICATION, application["id"], application | dated | {"appRoles": roles})
    principal = principal | dated | more | {"appRoles": roles}
    tenant.documents.put(applications.SERVICE_PRINCIPAL, principal["id"], principal)
    _add_assignments(tenant, principal, given.get("assignments", []))
    secrets = given.get("secrets", {})
    connection.store_secrets(tenant, principal["id"], connection.parse_pairs(_pairs(secrets)))
    for job in given.get("jobs", []):
        _add_job(tenant, principal, job)


def _entry(template: str | None) -> GalleryEntry | None:
    if template is None:
        return None
    entry = GALLERY.get(template.lower()) or BY_NAME.get(template.lower())
    if entry is None:
        raise TenantFileError(f"the gallery has no application {template!r}")
    return entry


def _new_role(application_id: str, given: Json) -> Json:
    name = given.get("displayName") or given.get("value")
    return {
        "allowedMemberTypes": ["User"],
        "description": name,
        "displayName": name,
        "id": stable_id(f"{application_id}/role/{given.get('value') or name}"),
        "isEnabled": True,
        "origin": "Application",
        "value": None,
    } | given


def _role(principal: Json, name: str | None) -> str:
    if name is None:
        return assignments.DEFAULT_ROLE
    for role in principal["appRoles"]:
        if name in (role["value"], role["displayName"], role["id"]):
            return str(role["id"])
    raise TenantFileError(f"application {principal['displayName']!r} has no role {name!r}")


def _add_assignments(tenant: Tenant, principal: Json, rows: Iterable[Json]) -> None:
    for row in rows:
        assigned = _user(tenant, row["user"]) if "user" in row else _group(tenant, row["group"])
        assignments.put_many(tenant, principal["id"], _role(principal, row.get("role")), [assigned])


def _pairs(secrets: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in secrets.items()]


# ---- jobs -----------------------------------------------------------------------------------------------------------


def _add_job(tenant: Tenant, principal: Json, given: Json) -> None:
    shapes = {shape.template_id: shape for shape in templates_of(principal["applicationTemplateId"])}
    if given.get("template", "scim") not in shapes:
        raise TenantFileError(f"application {principal['displayName']!r} has no template {given.get('template')!r}")
    job = jobs.add_job(tenant, principal, shapes[given.get("template", "scim")])
    schema = given.get("schema") or tenant.documents.get(jobs.SCHEMA, job["id"])
    assert schema is not None
    for edit in given.get("edits", []):
        _edit(schema, edit)
    tenant.documents.put(jobs.SCHEMA, job["id"], schema | {"id": job["id"]})
    if given.get("state", "Disabled") == "Active":
        jobs.activate_job(tenant, job)


def _edit(schema: Json, edit: Json) -> None:
    mapping = next(
        mapping
        for rule in schema["synchronizationRules"]
        for mapping in rule["objectMappings"]
        if mapping["sourceObjectName"] == edit.get("object", "User")
    )
    rows = mapping["attributeMappings"]
    if "attribute" in edit:
        _define(schema, mapping["targetObjectName"], edit["attribute"])
    elif "remove" in edit:
        rows[:] = [row for row in rows if row["targetAttributeName"] != edit["remove"]]
    elif "target" in edit:
        rows[:] = [row for row in rows if row["targetAttributeName"] != edit["target"]]
        rows.append(_row(edit))
        rows.sort(key=lambda row: str(row["targetAttributeName"]))
    else:
        mapping |= {key: edit[key] for key in ("scope", "flowTypes", "enabled") if key in edit}


def _row(edit: Json) -> Json:
    source = edit.get("source")
    return {
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": 0,
    } | {
        **{key: value for key, value in edit.items() if key not in ("object", "target", "source")},
        "source": to_source(parse(source)) if isinstance(source, str) else source,
        "targetAttributeName": edit["target"],
    }


def _define(schema: Json, object_name: str, given: Json) -> None:
    for directory in schema["directories"]:
        for definition in directory["objects"]:
            if definition["name"] == object_name:
                definition["attributes"].append(attribute_definition(**given))


# ---- small things ---------------------------------------------------------------------------------------------------


def _require_name(given: Any, name: str) -> Json:
    if isinstance(given, str):
        return {name: given}
    if not isinstance(given, dict) or not given.get(name):
        raise TenantFileError(f"{given!r} has no {name}")
    return given


def _refuse_unknown(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise TenantFileError(f"{what} has no {unknown[0]!r}; it has: {', '.join(sorted(known))}")


def _check_types(given: Mapping[str, Any], sorts: Mapping[str, type]) -> None:
    for name, sort in sorts.items():
        value = given.get(name)
        if value is not None and (not isinstance(value, sort) or (sort is int and isinstance(value, bool))):
            raise TenantFileError(f"{name} is {value!r}, which is not {_TYPE_NAMES[sort]}")


def initial_switches(described: TenantFile, given: Mapping[str, object]) -> Switches:
    """The defaults, the file's positions, and the caller's over them."""
    return Switches().changed(described.switches).changed(given)
