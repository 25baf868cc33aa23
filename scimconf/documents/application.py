"""The application's documents: service principal, application and tenant.

A service principal is looked up by filter: only an empty collection shows reliably that it does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid5

from scimconf.documents.shapes import PRINCIPAL, PRINCIPAL_SETTINGS
from scimconf.json_types import Json
from scimconf.plan import Tenant
from scimconf.snapshot import Consistency, Document, escape_placeholders

CUSTOM_TEMPLATE = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The template of applications outside the gallery (Graph reference, applicationTemplate: instantiate)."""

SIMILAR_PREFIX = 2
"""Letters that the names of two applications must share, so that one is suggested for the other."""
_PRINCIPAL_FIELDS = ",".join(PRINCIPAL)


def quoted(text: str) -> str:
    """Return a string literal of an OData filter, without placeholders."""
    return "'" + escape_placeholders(text).replace("'", "''") + "'"


def _query(properties: str, condition: str = "") -> tuple[tuple[str, str], ...]:
    select = ("$select", properties)
    return (("$filter", condition), select) if condition else (select,)


def organization() -> Document:
    """Return the document of the tenant."""
    query = _query("id,displayName,verifiedDomains")
    return Document("organization", "/organization", query, collection=True, constant=True)


def tenant(raw: Json) -> Tenant | None:
    """Return the tenant of an `/organization` response, or None if the response is empty."""
    first = next(iter(raw or ()), None)
    if not isinstance(first, Mapping):
        return None
    domains = [domain for domain in first.get("verifiedDomains") or () if domain.get("name")]
    default = next((domain["name"] for domain in domains if domain.get("isDefault")), "")
    return Tenant(str(first.get("id", "")), default, tuple(domain["name"] for domain in domains))


def service_principals(prop: str, value: str) -> Document:
    """Return the service principals whose `prop` (displayName, appId or id) is `value`; a single one binds names."""
    query, binds = _query(_PRINCIPAL_FIELDS, f"{prop} eq {quoted(value)}"), partial(_bind_principal, value)
    return Document("service_principals", "/servicePrincipals", query, collection=True, binds=binds)


def _bind_principal(value: str, documents: Mapping[str, Json]) -> Mapping[str, str]:
    rows = documents.get("service_principals")
    if rows == []:
        return {"name_prefix": value[:SIMILAR_PREFIX].replace("'", "''")}
    return {"service_principal": rows[0]["id"], "app_id": rows[0]["appId"]} if rows and len(rows) == 1 else {}


def _bind_only_row(document: str, name: str, documents: Mapping[str, Json]) -> Mapping[str, str]:
    rows = documents.get(document) or []
    return {name: rows[0]["id"]} if len(rows) == 1 else {}


def similar_applications() -> Document:
    """Return the applications whose names begin like the spec's. It is read only if no application has that name."""
    query = _query("id,appId,displayName", "startswith(displayName,'{name_prefix}')")
    return Document("similar_applications", "/servicePrincipals", query, collection=True)


def registrations(display_name: str) -> Document:
    """Return the application objects with a display name; unlike service principals, they have a date of creation."""
    query = _query("id,appId,createdDateTime", f"displayName eq {quoted(display_name)}")
    return Document("registrations", "/applications", query, collection=True)


def age(registration: Json) -> tuple[float, str]:
    """Return what orders application objects from the oldest: createdDateTime (0 if it is no date), then the id."""
    try:
        created = datetime.fromisoformat(registration.get("createdDateTime") or "")
    except ValueError:
        return 0, str(registration["id"]).lower()
    created = created if created.tzinfo else created.replace(tzinfo=UTC)
    return created.timestamp(), str(registration["id"]).lower()


def service_principal() -> Document:
    """Return the service principal itself, for its tags."""
    return _patched_principal("service_principal", ("tags",))


def sent_secrets() -> Document:
    """Return the service principal for the tags that record where secrets are sent, which precede the secrets."""
    return _patched_principal("sent_secrets", ("tags",))


def service_principal_settings() -> Document:
    """Return the service principal for its settings, which are written apart from the tags: those follow the secrets."""
    return _patched_principal("service_principal_settings", tuple(PRINCIPAL_SETTINGS))


def _patched_principal(name: str, properties: tuple[str, ...]) -> Document:
    path, query = "/servicePrincipals/{service_principal}", _query(",".join(("id", *properties)))
    return Document(name, path, query, written="patch", properties=properties, read_as="service_principals")


def applications() -> Document:
    """Return the application object of the service principal; only the tenant that owns the application has one."""
    query = _query("id,appId,createdDateTime,appRoles", "appId eq '{app_id}'")
    binds = partial(_bind_only_row, "applications", "app")
    needs = ("organization", "service_principals")
    consistency = Consistency(empty_may_be_stale=True, must_have_rows=_is_owned, needs=needs, created=_created)
    return Document("applications", "/applications", query, collection=True, binds=binds, consistency=consistency)


def _is_owned(documents: Mapping[str, Json]) -> bool:
    owner = (documents.get("service_principals") or [{}])[0].get("appOwnerOrganizationId")
    return owner is not None and owner == (documents.get("organization") or [{}])[0].get("id")


def _created(rows: Json) -> str | None:
    return rows[0].get("createdDateTime") if rows else None


def application() -> Document:
    """Return the application object, for its appRoles: a PATCH replaces all of them (Graph reference, appRole)."""
    path, query = "/applications/{app}", _query("id,appId,appRoles")
    return Document("application", path, query, written="patch", properties=("appRoles",), read_as="applications")


def application_templates(display_name: str) -> Document:
    """Return the gallery templates with a display name; a single one binds `{gallery}`."""
    query = _query("id,displayName", f"displayName eq {quoted(display_name)}")
    binds = partial(_bind_only_row, "application_templates", "gallery")
    return Document(
        "application_templates", "/applicationTemplates", query, collection=True, binds=binds, constant=True
    )


def roles(documents: Mapping[str, Json]) -> list[Json]:
    """Return the app roles, ids in lower case: of the application if it was read, else of the service principal."""
    for name in ("applications", "service_principals"):
        rows = documents.get(name) or []
        if len(rows) == 1:
            return [{**role, "id": str(role["id"]).lower()} for role in rows[0].get("appRoles") or ()]
    return []


_ROLE_NAMESPACE = UUID("5b0bd6cb-3c2e-5b0c-9c5e-7f7f5a1f5d5a")


def new_role_id(app_id: str, name: str, taken: Collection[str] = ()) -> str:
    """Return the same id in every run for a new role; an id in `taken` (that of a renamed role) is not used again."""
    role_id = str(uuid5(_ROLE_NAMESPACE, f"{app_id.lower()}/{name}"))
    return new_role_id(app_id, f"{name}/", taken) if role_id in taken else role_id


# --- roles ----------------------------------------------------------------------------------------------------------


def _role(raw: Json, role_id: str) -> Json | None:
    return next((role for role in raw.get("appRoles") or () if _has_id(role, role_id)), None)


def _has_id(role: Json, role_id: str) -> bool:
    return str(role.get("id")).lower() == role_id.lower()


def _normal_field(name: str, value: Json) -> Json:
    if name == "value":
        return value or None
    return sorted(value or ()) if name == "allowedMemberTypes" else value


def role_view(raw: Json, key: tuple[str, ...]) -> Json:
    """Return the fields of the role with id `key[0]` except isEnabled (a change disables it first), or None."""
    role = _role(raw, key[0])
    names = ("displayName", "description", "value", "allowedMemberTypes")
    return None if role is None else {name: _normal_field(name, role.get(name)) for name in names}


def role_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    role = _role(raw, key[0])
    return role is not None and all(
        _normal_field(name, role.get(name)) == _normal_field(name, field) for name, field in value.items()
    )


def _writable_roles(raw: Json) -> list[Json]:
    """Return the roles as they can be sent: without `origin`, which is read-only (Graph reference, appRole)."""
    return [{name: value for name, value in role.items() if name != "origin"} for role in raw.get("appRoles") or ()]


def set_role(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """Create or change a role; Graph accepts most changes only of a role that is disabled (Graph reference, appRole)."""
    existing = _writable_roles(raw)
    current = _role({"appRoles": existing}, key[0])
    if current is None:
        return {**raw, "appRoles": [*existing, {"id": key[0], **value}]}
    return {**raw, "appRoles": [{**role, **value} if role is current else role for role in existing]}


def remove_role(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    return {**raw, "appRoles": [role for role in _writable_roles(raw) if not _has_id(role, key[0])]}


def role_disabled(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    """Return whether the role is disabled or does not exist."""
    role = _role(raw, key[0])
    return role is None or bool(role.get("isEnabled") is False)


def disable_role(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    roles = [{**role, "isEnabled": False} if _has_id(role, key[0]) else role for role in _writable_roles(raw)]
    return {**raw, "appRoles": roles}


# --- properties and tags ---------------------------------------------------------------------------------------------


def property_view(raw: Json, key: tuple[str, ...]) -> Json:
    return raw.get(key[0])


def property_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    return type(raw.get(key[0])) is type(value) and raw.get(key[0]) == value


def set_property(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    return {**raw, key[0]: value}


_ROTATION = "scimconf:"
"""The prefix of the tags that store the rotation of each secret."""
_SENT = "scimconf-sent:"
"""The prefix of the tags that record, as hashes, which secret the last apply sent to which host."""


def rotations(tags: Json) -> dict[str, str]:
    """Return key → rotation of the tags `scimconf:KEY=ROTATION`."""
    return _tag_values(tags, _ROTATION)


def sent(tags: Json) -> dict[str, str]:
    """Return key → hashes of the tags `scimconf-sent:KEY=HASHES`."""
    return _tag_values(tags, _SENT)


def _tag_values(tags: Json, prefix: str) -> dict[str, str]:
    pairs = [tag[len(prefix) :].partition("=") for tag in tags or () if str(tag).startswith(prefix)]
    return {key: value for key, equals, value in pairs if equals}


def tag_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    return bool(rotations(raw.get("tags")).get(key[0]) == value)


def set_tag(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """Record the rotation of the secret `key[0]`; other tags are preserved."""
    return _with_tag(raw, f"{_ROTATION}{key[0]}=", value)


def sent_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    return bool(sent(raw.get("tags")).get(key[0]) == value)


def record_sent(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """Record the hashes of what is sent for the secret `key[0]`; other tags are preserved."""
    return _with_tag(raw, f"{_SENT}{key[0]}=", value)


def _with_tag(raw: Json, prefix: str, value: str) -> Json:
    others = [tag for tag in raw.get("tags") or () if not str(tag).startswith(prefix)]
    return {**raw, "tags": [*others, f"{prefix}{value}"]}
