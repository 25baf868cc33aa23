"""A tenant described in JSON, so that a test or a rehearsal can set one up in a few lines.

    {
      "base": "contoso",                       or "empty": without the users and groups of Contoso
      "organization": {"displayName": "Fabrikam", "id": …, "verifiedDomains": ["fabrikam.com"]},
      "users": ["joe@contoso.com", {"userPrincipalName": "eve@contoso.com", "department": "Sales",
                "manager": "ada@contoso.com"}],
      "groups": [{"displayName": "Sales", "members": ["eve@contoso.com", "group:Writer editors"]}],
      "applications": [{
        "displayName": "Writer",
        "template": "custom",                  name or id of a gallery application; null: a plain registration
        "roles": [{"value": "admin", "displayName": "admin"}],     in addition to those of the template
        "roles_only": false,                   true: without the roles of the template
        "assignments": [{"user": "ada@contoso.com", "role": "admin"}, {"group": "Writer editors", "role": "User"}],
        "secrets": {"BaseAddress": "https://…", "SecretToken": "…", "SyncAll": "false"},
        "jobs": [{"template": "scim", "state": "Active", "edits": [EDIT, …], "schema": {…}}],
        "tags": ["…"], "appRoleAssignmentRequired": true, "createdDateTime": "2020-01-01T00:00:00Z"
      }],
      "endpoints": {"https://app.example.com/scim": {"tokens": ["the only valid token"]}},
      "rejected_tokens": ["…"],                bearer tokens that Graph refuses
      "permissions": ["Application.Read.All"], permissions of every caller; without this key, all
      "switches": {"secrets_put": "replace"},
      "generate": {"users": 10000, "groups": 100, "assign": {"application": "Writer", "role": "User", "users": 500}}
    }

An EDIT has an `object` (`User` or `Group`) and one of: `{"target": T, "source": "[mail]" or null, …}` sets an attribute
mapping, with further keys as in Graph; `{"remove": T}` removes one; `{"attribute": {"name": …}}` defines a target
attribute; `{"scope": …}`, `{"flowTypes": …}` and `{"enabled": …}` set a property of the object mapping. The `schema` of a
job replaces the whole document. A role is referenced by its value or display name, a group by its display name or id.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from scimconf.expressions import ExpressionError, parse, to_source
from scimconf.sandbox import generated
from scimconf.sandbox.data_files import new_document, read_data
from scimconf.sandbox.directory import applications, assignments, managers
from scimconf.sandbox.directory import users_and_groups as directory
from scimconf.sandbox.directory.filters import property_columns
from scimconf.sandbox.gallery import BY_NAME, GALLERY, GalleryEntry
from scimconf.sandbox.http_types import Json, ResponseError
from scimconf.sandbox.service import PERMISSIONS, REJECTED_TOKENS
from scimconf.sandbox.store import Condition
from scimconf.sandbox.switches import SwitchError, Switches
from scimconf.sandbox.synchronization import connection, jobs
from scimconf.sandbox.synchronization.call import SCHEMA
from scimconf.sandbox.synchronization.templates import attribute_definition, attribute_mapping, templates_of
from scimconf.sandbox.tenant import Tenant, stable_id

_CONTOSO: Json = read_data("contoso.json")  # the default tenant: twelve users, seven groups, no application
_KEYS: Mapping[str, Mapping[str, str]] = read_data("tenant_file_keys.json")
"""The valid keys of a tenant, of `generate` and of an application, and the types of their values."""

_NULLABLE_KEYS = ("template", "notes", "preferredSingleSignOnMode")
_PRINCIPAL_KEYS = ("tags", "notes", "preferredSingleSignOnMode", "appRoleAssignmentRequired")
_TYPE_NAMES: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    int: "an integer",
    str: "a string",
    bool: "a boolean",
    float: "a number",
    type(None): "null",
}


MAX_SHOWN = 60
"""Characters of a value in a message."""


class TenantFileError(ValueError):
    """The description of a tenant is invalid. The message begins with the location: file, key and index."""


@dataclass(frozen=True, slots=True)
class TenantFile:
    """The description of a tenant. `name` is the path of its file, for messages."""

    content: Mapping[str, Any] = field(default_factory=dict)
    name: str = "tenant"

    def __post_init__(self) -> None:
        with _located(self.name):
            _check_keys(self.content, _KEYS["tenant"])
            with _located("generate"):
                _check_keys(self.content.get("generate", {}), _KEYS["generate"])
                _check_numbers(self.content.get("generate", {}))
            for index, application in enumerate(self.content.get("applications", [])):
                with _located(f"applications[{index}]"):
                    _check_keys(application, _KEYS["application"])
                    _require_name(application, "displayName")

    @classmethod
    def read(cls, path: Path) -> TenantFile:
        """Return the description in a JSON file; raise TenantFileError if it is invalid."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise TenantFileError(f"{path}: not valid JSON: {error}") from error
        if not isinstance(content, dict):
            raise TenantFileError(f"{path}: expected an object, got {_type_name(content)}")
        return cls(content, str(path))

    @property
    def switches(self) -> Mapping[str, object]:
        positions: Mapping[str, object] = self.content.get("switches", {})
        return positions

    def load(self, tenant: Tenant) -> None:
        """Create the described objects in an empty tenant, without replication delay."""
        positions = tenant.switches
        tenant.switches = positions.changed({"late_reads": 0, "role_propagation": 0})
        try:
            with _located(self.name):
                self._load(tenant)
        finally:
            tenant.switches = positions

    def _load(self, tenant: Tenant) -> None:
        content = self.content
        tenant.store_value(directory.ORGANIZATION, _organization(content.get("organization", {})))
        tenant.store_value(connection.ENDPOINTS, content.get("endpoints", {}))
        tenant.store_value(REJECTED_TOKENS, content.get("rejected_tokens", []))
        tenant.store_value(PERMISSIONS, content.get("permissions"))
        tenant.documents.put_many("applicationTemplate", (entry.document() for entry in GALLERY.values()))
        if content.get("base", "contoso") == "contoso":
            _load_contoso(tenant)
        _for_each(content, "users", partial(_add_user, tenant))
        _for_each(content, "users", partial(_set_manager, tenant))
        _for_each(content, "groups", partial(_add_group, tenant))
        generate = content.get("generate", {})
        users = generated.add_users(tenant, generate.get("users", 0))
        generated.add_groups(tenant, generate.get("groups", 0), users)
        _for_each(content, "applications", partial(_add_application, tenant))
        _assign_generated(tenant, generate, users)


def initial_switches(tenant_file: TenantFile, positions: Mapping[str, object]) -> Switches:
    """Return the switches of a tenant file, overridden by `positions`."""
    try:
        described = Switches().changed(tenant_file.switches)
    except SwitchError as error:
        raise TenantFileError(f"{tenant_file.name}: switches: {error}") from error
    return described.changed(positions)


# ---- users and groups -----------------------------------------------------------------------------------------------


def _organization(document: Json) -> Json:
    domains = document.get("verifiedDomains")
    if domains and all(isinstance(domain, str) for domain in domains):
        document = document | {
            "verifiedDomains": [
                {"capabilities": "Email", "isDefault": not n, "isInitial": False, "name": name, "type": "Managed"}
                for n, name in enumerate(domains)
            ]
        }
    return {**_CONTOSO["organization"], **document}


def _load_contoso(tenant: Tenant) -> None:
    tenant.documents.put_many("user", (directory.new_user(tenant, user) for user in _CONTOSO["users"]))
    for group in _CONTOSO["groups"]:
        directory.add_group(tenant, {name: value for name, value in group.items() if name != "members"})
        for member in group["members"]:
            directory.put_member(tenant, group["id"], member)


def _add_user(tenant: Tenant, description: Any) -> None:
    properties = _require_name(description, "userPrincipalName")
    directory.add_user(tenant, {key: value for key, value in properties.items() if key != "manager"})


def _set_manager(tenant: Tenant, description: Any) -> None:
    manager = description.get("manager") if isinstance(description, dict) else None
    if manager is not None:
        user = _find_user(tenant, description["userPrincipalName"])
        managers.set_manager(tenant, user["id"], _find_user(tenant, manager)["id"])


def _add_group(tenant: Tenant, description: Any) -> None:
    properties = dict(_require_name(description, "displayName"))
    members = {"members": properties.pop("members", [])}
    group = directory.add_group(tenant, properties)
    _for_each(members, "members", partial(_add_member, tenant, group))


def _add_member(tenant: Tenant, group: Json, name: str) -> None:
    is_group = name.startswith("group:")
    member = _find_group(tenant, name.removeprefix("group:")) if is_group else _find_user(tenant, name)
    directory.put_member(tenant, group["id"], member["id"])


def _find_user(tenant: Tenant, name: str) -> Json:
    return _find_only(tenant, "user", "userPrincipalName", name)


def _find_group(tenant: Tenant, name: str) -> Json:
    return _find_only(tenant, "group", "displayName", name)


def _find_only(tenant: Tenant, kind: str, name: str, value: str) -> Json:
    """Return the only object with an id, or with a name; raise TenantFileError if there are none or several."""
    document = tenant.documents.get(kind, value)
    if document is not None:
        return document
    where = Condition(f"{property_columns(name)[name].sql} = ?", (value,))
    documents = tenant.documents.all(kind, where)
    if not documents:
        raise TenantFileError(f"there is no {kind} with the {name} {value!r}")
    if len(documents) > 1:
        raise TenantFileError(f"{len(documents)} {kind}s have the {name} {value!r}. Write the id of one of them")
    return documents[0]


def _assign_generated(tenant: Tenant, description: Json, users: Sequence[Json]) -> None:
    target = description.get("assign")
    if not target:
        return
    with _located("generate.assign"):
        principal = _find_only(tenant, applications.SERVICE_PRINCIPAL, "displayName", target["application"])
        assigned = users[: max(0, target.get("users", len(users)))]
        assignments.insert_assignments(tenant, principal["id"], _role_id(principal, target["role"]), assigned)


# ---- applications ---------------------------------------------------------------------------------------------------


def _add_application(tenant: Tenant, description: Json) -> None:
    name = description["displayName"]
    entry = _gallery_entry(description.get("template", "custom"))
    if entry is None:
        application = applications.add_application(tenant, {"displayName": name})
        principal = applications.add_service_principal(tenant, application, {})
    else:
        application, principal = applications.instantiate(tenant, entry, name)
    template_roles = [] if description.get("roles_only") else application["appRoles"]
    roles = [*template_roles, *(_new_role(application["id"], role) for role in description.get("roles", []))]
    common = {"createdDateTime": description.get("createdDateTime", application["createdDateTime"]), "appRoles": roles}
    tenant.documents.put(applications.APPLICATION, application["id"], application | common)
    principal = principal | common | {key: description[key] for key in _PRINCIPAL_KEYS if key in description}
    tenant.documents.put(applications.SERVICE_PRINCIPAL, principal["id"], principal)
    _for_each(description, "assignments", partial(_add_assignment, tenant, principal))
    with _located("secrets"):
        pairs = [{"key": key, "value": value} for key, value in description.get("secrets", {}).items()]
        connection.store_secrets(tenant, principal["id"], connection.parse_pairs(pairs))
    _for_each(description, "jobs", partial(_add_job, tenant, principal))


def _gallery_entry(template: str | None) -> GalleryEntry | None:
    if template is None:
        return None
    entry = GALLERY.get(template.lower()) or BY_NAME.get(template.lower())
    if entry is None:
        names = ", ".join(sorted(BY_NAME))
        raise TenantFileError(f"template: the gallery has no application {template!r}. It has: {names}")
    return entry


def _new_role(application_id: str, description: Json) -> Json:
    name = description.get("displayName") or description.get("value")
    key = stable_id(f"{application_id}/role/{description.get('value') or name}")
    return new_document("appRole") | {"id": key, "description": name, "displayName": name} | description


def _role_id(principal: Json, name: str | None) -> str:
    if name is None:
        return assignments.DEFAULT_ROLE
    for role in principal["appRoles"]:
        if name in (role["value"], role["displayName"], role["id"]):
            return str(role["id"])
    names = ", ".join(str(role["displayName"]) for role in principal["appRoles"])
    raise TenantFileError(f"application {principal['displayName']!r} has no role {name!r}. It has: {names}")


def _add_assignment(tenant: Tenant, principal: Json, row: Json) -> None:
    assignee = _find_user(tenant, row["user"]) if "user" in row else _find_group(tenant, row["group"])
    assignments.insert_assignments(tenant, principal["id"], _role_id(principal, row.get("role")), [assignee])


# ---- jobs -----------------------------------------------------------------------------------------------------------


def _add_job(tenant: Tenant, principal: Json, description: Json) -> None:
    templates = {
        template.template_id: template for template in templates_of(principal["applicationTemplateId"], tenant.switches)
    }
    name = description.get("template", "scim")
    if name not in templates:
        available = ", ".join(templates) or "none"
        raise TenantFileError(
            f"application {principal['displayName']!r} has no provisioning template {name!r}. It has: {available}"
        )
    job = jobs.add_job(tenant, principal, templates[name])
    schema: Json = description.get("schema") or tenant.documents.get(SCHEMA, job["id"]) or {}
    _for_each(description, "edits", partial(_apply_edit, schema))
    tenant.documents.put(SCHEMA, job["id"], schema | {"id": job["id"]})
    if description.get("state", "Disabled") == "Active":
        jobs.activate_job(tenant, job)


def _apply_edit(schema: Json, edit: Json) -> None:
    mapping = _object_mapping(schema, edit.get("object", "User"))
    rows = mapping["attributeMappings"]
    if "attribute" in edit:
        _define_attribute(schema, mapping["targetObjectName"], edit["attribute"])
    elif "remove" in edit:
        rows[:] = [row for row in rows if row["targetAttributeName"] != edit["remove"]]
    elif "target" in edit:
        rows[:] = [row for row in rows if row["targetAttributeName"] != edit["target"]]
        source = edit.get("source")
        properties = {key: value for key, value in edit.items() if key not in ("object", "target")}
        properties["source"] = to_source(parse(source)) if isinstance(source, str) else source
        rows.append(attribute_mapping(edit["target"], **properties))
        rows.sort(key=lambda row: str(row["targetAttributeName"]).lower())
    else:
        mapping |= {key: edit[key] for key in ("scope", "flowTypes", "enabled") if key in edit}


def _object_mapping(schema: Json, source_object: str) -> Json:
    for rule in schema["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            if mapping["sourceObjectName"] == source_object:
                object_mapping: Json = mapping
                return object_mapping
    raise TenantFileError(f"object: the schema has no object mapping of {source_object!r}")


def _define_attribute(schema: Json, object_name: str, properties: Json) -> None:
    for definition in (definition for part in schema["directories"] for definition in part["objects"]):
        if definition["name"] == object_name:
            definition["attributes"].append(attribute_definition(**properties))


# ---- checks ---------------------------------------------------------------------------------------------------------


@contextmanager
def _located(location: str) -> Iterator[None]:
    """Add a location to the errors of a block; turn the errors of malformed values into TenantFileError."""
    try:
        yield
    except TenantFileError as error:
        raise TenantFileError(f"{location}: {error}") from error
    except KeyError as error:
        raise TenantFileError(f"{location}: missing key {error}") from error
    except (ResponseError, ExpressionError) as error:
        raise TenantFileError(f"{location}: {error.message}") from error
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, sqlite3.Error) as error:
        raise TenantFileError(f"{location}: a value has the wrong type: {error}") from error
    except RecursionError as error:
        raise TenantFileError(f"{location}: a value is nested too deep") from error


def _for_each(content: Mapping[str, Any], key: str, load: Callable[[Any], None]) -> None:
    """Load each element of a list; errors name the key and the index."""
    for index, element in enumerate(content.get(key, [])):
        with _located(f"{key}[{index}]"):
            load(element)


def _require_name(description: Any, name: str) -> Json:
    if isinstance(description, str):
        return {name: description}
    if not isinstance(description, dict):
        raise TenantFileError(f"expected an object or a string, got {_type_name(description)}")
    if not description.get(name):
        raise TenantFileError(f"missing key {name!r}")
    return description


def _check_numbers(generate: Mapping[str, Any]) -> None:
    for key in ("users", "groups"):
        if generate.get(key, 0) > generated.MAX_GENERATED:
            raise TenantFileError(f"{key}: at most {generated.MAX_GENERATED:,} can be generated")


def _check_keys(content: Any, valid: Mapping[str, str]) -> None:
    if not isinstance(content, Mapping):
        raise TenantFileError(f"expected an object, got {_type_name(content)}")
    for key, value in content.items():
        if key not in valid:
            raise TenantFileError(f"unknown key {key!r}. Valid keys: {', '.join(sorted(valid))}")
        if _type_name(value) != valid[key] and not (value is None and key in _NULLABLE_KEYS):
            raise TenantFileError(f"{key}: expected {valid[key]}, got {_type_name(value)} ({_shortened(value)})")


def _shortened(value: object) -> str:
    """Return a value for a message: of a number or a text the beginning, of a list or an object nothing of it."""
    text = "…" if isinstance(value, list | dict) and value else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "an unsupported value")
