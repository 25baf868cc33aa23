"""The application's own documents: service principal, application, tenant, and who is assigned.

A service principal is looked up by whatever identifies the application; the look-up is a collection, since absence
shows in collections only. Everything here is pure: constructors of documents, views of raw JSON, edits of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import cast
from uuid import UUID, uuid5

from scimconf.plan import Tenant
from scimconf.snapshot import AssignmentRow, Document, Json, escape_placeholders

CUSTOM_TEMPLATE = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The non-gallery template: Graph reference, applicationTemplate instantiate."""

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role of an assignment without a role; legal only where the application declares none."""

_PRINCIPAL_FIELDS = (
    "id,appId,displayName,appRoles,tags,preferredSingleSignOnMode,applicationTemplateId,appOwnerOrganizationId"
)


def quoted(text: str) -> str:
    """A string literal of an OData filter, in which nothing is a name to be filled in."""
    return "'" + escape_placeholders(text).replace("'", "''") + "'"


def organization() -> Document:
    """The tenant itself, which says whether it is the one that the spec names."""
    return Document(
        "organization",
        "/organization",
        query=(("$select", "id,displayName,verifiedDomains"),),
        collection=True,
    )


def tenant(raw: Json) -> Tenant | None:
    """The tenant of an `/organization` answer; None when it says nothing."""
    first = next(iter(raw or ()), None)
    if not isinstance(first, Mapping):
        return None
    domains = [domain for domain in first.get("verifiedDomains") or () if domain.get("name")]
    default = next((domain["name"] for domain in domains if domain.get("isDefault")), "")
    return Tenant(str(first.get("id", "")), default, tuple(domain["name"] for domain in domains))


def service_principals(prop: str, value: str) -> Document:
    """The service principals whose `prop` (displayName, appId or id) is `value`; exactly one gives the names."""
    return Document(
        "service_principals",
        "/servicePrincipals",
        query=(("$filter", f"{prop} eq {quoted(value)}"), ("$select", _PRINCIPAL_FIELDS)),
        collection=True,
        binds=_bind_principal,
    )


def _bind_principal(documents: Mapping[str, Json]) -> Mapping[str, str]:
    rows = documents.get("service_principals") or []
    if len(rows) != 1:
        return {}
    return {"service_principal": rows[0]["id"], "app_id": rows[0]["appId"]}


def service_principal() -> Document:
    """The one service principal, for its tags."""
    return Document(
        "service_principal",
        "/servicePrincipals/{service_principal}",
        query=(("$select", "id,tags"),),
        written="patch",
        properties=("tags",),
        seen_in="service_principals",
    )


def applications() -> Document:
    """The application object behind the service principal; none where the application belongs to another tenant."""
    return Document(
        "applications",
        "/applications",
        query=(("$filter", "appId eq '{app_id}'"), ("$select", "id,appId,createdDateTime,appRoles")),
        collection=True,
        binds=_bind_application,
        empty_may_be_stale=True,
    )


def _bind_application(documents: Mapping[str, Json]) -> Mapping[str, str]:
    rows = documents.get("applications") or []
    return {"app": rows[0]["id"]} if len(rows) == 1 else {}


def application() -> Document:
    """The application object, for its appRoles: a PATCH replaces the whole collection."""
    return Document(
        "application",
        "/applications/{app}",
        query=(("$select", "id,appId,appRoles"),),
        written="patch",
        seen_in="applications",
        properties=("appRoles",),
    )


def application_templates(display_name: str) -> Document:
    """Gallery templates of a display name; exactly one gives `{gallery}`."""
    return Document(
        "application_templates",
        "/applicationTemplates",
        query=(("$filter", f"displayName eq {quoted(display_name)}"), ("$select", "id,displayName")),
        collection=True,
        binds=_bind_gallery,
    )


def _bind_gallery(documents: Mapping[str, Json]) -> Mapping[str, str]:
    rows = documents.get("application_templates") or []
    return {"gallery": rows[0]["id"]} if len(rows) == 1 else {}


def assignments() -> Document:
    """Who holds which role of the application; slim rows, page by page."""
    return Document(
        "assignments", "/servicePrincipals/{service_principal}/appRoleAssignedTo", collection=True, row="assignment"
    )


def roles(documents: Mapping[str, Json]) -> list[Json]:
    """The app roles: the application's own where it can be read, else the service principal's copy."""
    for name in ("applications", "service_principals"):
        rows = documents.get(name) or []
        if len(rows) == 1:
            return [{**role, "id": str(role["id"]).lower()} for role in rows[0].get("appRoles") or ()]
    return []


def assigned(rows: Iterable[Json]) -> list[AssignmentRow]:
    """Rows of assignments, the ids in small letters, so that ids from different answers are the same text."""
    return [
        cast("AssignmentRow", {**row, **{name: str(row[name]).lower() for name in ("principalId", "appRoleId")}})
        for row in rows
    ]


_ROLES = UUID("5b0bd6cb-3c2e-5b0c-9c5e-7f7f5a1f5d5a")


def new_role_id(app_id: str, name: str, taken: Collection[str] = ()) -> str:
    """The id that a new role gets, from the application's id and the role's name: the same one in every run.

    A role that was made here and got another value by hand keeps its id, so that one is `taken`.
    """
    found = str(uuid5(_ROLES, f"{app_id.lower()}/{name}"))
    return new_role_id(app_id, f"{name}/", taken) if found in taken else found


# --- edits ---------------------------------------------------------------------------------------------------------


def _role(raw: Json, role_id: str) -> Json | None:
    return next((role for role in raw.get("appRoles") or () if _is(role, role_id)), None)


def _is(role: Json, role_id: str) -> bool:
    return str(role.get("id")).lower() == role_id.lower()


def _same(role: Json, value: Json) -> bool:
    return all(_plain(name, role.get(name)) == _plain(name, wanted) for name, wanted in value.items())


def _plain(name: str, value: Json) -> Json:
    if name == "value":
        return value or None
    return sorted(value or ()) if name == "allowedMemberTypes" else value


def role_view(raw: Json, key: tuple[str, ...]) -> Json:
    """The role of id `key[0]` apart from whether it is enabled, which a change goes through."""
    role = _role(raw, key[0])
    names = ("displayName", "description", "value", "allowedMemberTypes")
    return None if role is None else {name: _plain(name, role.get(name)) for name in names}


def role_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """Whether the role of id `key[0]` is there with these properties."""
    role = _role(raw, key[0])
    return role is not None and _same(role, value)


def _roles(raw: Json) -> list[Json]:
    """The roles as they are sent: without `origin`, which is read-only (Graph reference, appRole)."""
    return [{name: value for name, value in role.items() if name != "origin"} for role in raw.get("appRoles") or ()]


def set_role(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """The application with that role made or changed; Graph must see a role disabled before it takes a change."""
    existing = _roles(raw)
    role = _role({"appRoles": existing}, key[0])
    if role is None:
        return {**raw, "appRoles": [*existing, {"id": key[0], **value}]}
    return {**raw, "appRoles": [{**one, **value} if one is role else one for one in existing]}


def role_gone(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    return _role(raw, key[0]) is None


def remove_role(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    return {**raw, "appRoles": [role for role in _roles(raw) if not _is(role, key[0])]}


def role_disabled(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    """Whether the role is disabled, or not there at all."""
    role = _role(raw, key[0])
    return role is None or bool(role.get("isEnabled") is False)


def disable_role(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    roles_now = [{**one, "isEnabled": False} if _is(one, key[0]) else one for one in _roles(raw)]
    return {**raw, "appRoles": roles_now}


# --- tags: what rotation of a secret was stored last ---------------------------------------------------------------

_TAG = "scimconf:"


def rotations(tags: Json) -> dict[str, str]:
    """`scimconf:KEY=ROTATION` tags as key → rotation."""
    pairs = [tag[len(_TAG) :].partition("=") for tag in tags or () if str(tag).startswith(_TAG)]
    return {key: rotation for key, equals, rotation in pairs if equals}


def tag_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    return bool(rotations(raw.get("tags")).get(key[0]) == value)


def set_tag(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """The tags with one rotation said; everybody else's tags are kept."""
    mine = f"{_TAG}{key[0]}="
    kept = [tag for tag in raw.get("tags") or () if not str(tag).startswith(mine)]
    return {**raw, "tags": [*kept, f"{mine}{value}"]}
