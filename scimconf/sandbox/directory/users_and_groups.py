"""Requests about the organization, users, groups, members and directory objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from scimconf.sandbox.data_files import new_document
from scimconf.sandbox.directory.filters import FilterColumn, property_columns
from scimconf.sandbox.directory.links import keep_links, remove_links
from scimconf.sandbox.directory.responses import (
    CollectionType,
    PagedRows,
    collection_response,
    context_annotation,
    convert_rows,
    entity_response,
    page_response,
    select_properties,
    writable_properties,
)
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    bad_request,
    not_found,
    unsupported_query,
)
from scimconf.sandbox.store import Condition
from scimconf.sandbox.tenant import Tenant

ORGANIZATION = "organization"
USER_DEFAULTS = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
_BASIC_PROPERTIES = frozenset({"displayName", "givenName", "id", "mail", "surname", "userPrincipalName"})
_READ_ALL_PROPERTIES = frozenset(
    {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)
_ADDRESSES = {"proxyAddresses": FilterColumn("", frozenset())}
"""Filtered with `any` (Graph reference, user and group); comparisons of the whole collection are not needed."""
_USER_FILTERS = property_columns(
    "id", "displayName", "userPrincipalName", "mail", "mailNickname", "employeeId", "employeeType", "department",
    "givenName", "surname", "jobTitle", "accountEnabled", "userType", "createdDateTime", "country", "city", "companyName",
) | _ADDRESSES  # fmt: skip
_GROUP_FILTERS = property_columns(
    "id", "displayName", "mail", "mailNickname", "securityEnabled", "mailEnabled", "groupTypes", "description",
    "createdDateTime",
) | _ADDRESSES  # fmt: skip
_REQUIRED_OF_USERS: Mapping[str, type] = {"displayName": str, "userPrincipalName": str}
_REQUIRED_OF_GROUPS: Mapping[str, type] = {
    "displayName": str,
    "mailEnabled": bool,
    "mailNickname": str,
    "securityEnabled": bool,
}
MAX_IDS = 1000
_TYPES = {"user": "#microsoft.graph.user", "group": "#microsoft.graph.group"}


# ---- organization ---------------------------------------------------------------------------------------------------


def list_organization(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = select_properties(request, tenant.stored_value(ORGANIZATION))
    return GraphResponse(200, {"@odata.context": f"{request.base_url}/$metadata#organization", "value": [document]})


def get_organization(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = tenant.stored_value(ORGANIZATION)
    if request.path_parameters["organization"].lower() != document["id"]:
        raise not_found(request.path_parameters["organization"])
    return entity_response(request, "organization", document)


# ---- users ----------------------------------------------------------------------------------------------------------


def list_users(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return collection_response(
        tenant,
        request,
        CollectionType("user", "users", _USER_FILTERS, USER_DEFAULTS, ("displayName", "userPrincipalName")),
        partial(_visible_properties, request),
    )


def get_user(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return entity_response(
        request,
        "users",
        _visible_properties(request, find_user(tenant, request.path_parameters["user"])),
        USER_DEFAULTS,
    )


def _visible_properties(request: GraphRequest, document: Json) -> Json:
    """Return a user as the caller can read it: with `User.ReadBasic.All`, other than basic properties are empty."""
    if request.permissions is None or request.permissions & _READ_ALL_PROPERTIES:
        return document
    empty: Json = {name: [] if isinstance(value, list) else None for name, value in document.items()}
    return empty | {name: document[name] for name in _BASIC_PROPERTIES if name in document}


def create_user(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = request.object_body()
    _require(document, "User", _REQUIRED_OF_USERS)
    refuse_taken_name(tenant, document["userPrincipalName"])
    created = add_user(tenant, writable_properties(document))
    return GraphResponse(201, context_annotation(request, "users/$entity") | created)


def update_user(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = find_user(tenant, request.path_parameters["user"])
    changes = writable_properties(request.object_body())
    name = str(changes.get("userPrincipalName", document["userPrincipalName"]))
    if name.lower() != document["userPrincipalName"].lower():
        refuse_taken_name(tenant, name)
    _update_principal(tenant, "user", document, changes)
    return NO_CONTENT


def delete_user(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _remove_principal(tenant, "user", find_user(tenant, request.path_parameters["user"]))
    return NO_CONTENT


def find_user(tenant: Tenant, key: str) -> Json:
    """Return a user by object id or user principal name; raise a 404 if there is none."""
    user = tenant.documents.get("user", key)
    if user is None:
        matches = tenant.documents.all("user", Condition(f"{_USER_FILTERS['userPrincipalName'].sql} = ?", (key,)))
        user = matches[0] if matches else None
    if user is None:
        raise not_found(key)
    return user


def new_user(tenant: Tenant, properties: Json) -> Json:
    """Return a user with defaults for the missing properties; `userPrincipalName` is required. Nothing is stored."""
    name: str = properties["userPrincipalName"]
    alias = name.split("@", 1)[0]
    return {
        "id": properties.get("id") or tenant.new_id("user"),
        "createdDateTime": tenant.stamp(),
        "displayName": properties.get("displayName") or alias,
        "mail": name if "#EXT#" not in name else None,
        "mailNickname": alias,
        **new_document("user"),
        **{key: value for key, value in properties.items() if key != "passwordProfile"},
    }


def add_user(tenant: Tenant, properties: Json) -> Json:
    """Store a user with defaults for the missing properties, and return it."""
    document = new_user(tenant, properties)
    tenant.documents.put("user", document["id"], document)
    return document


def _require(document: Json, resource: str, properties: Mapping[str, type]) -> None:
    """Raise a 400 if a property is missing, is an empty string or has another type."""
    for name, kind in properties.items():
        if not isinstance(document.get(name), kind) or document[name] == "":
            raise bad_request(f"A value is required for property '{name}' of resource '{resource}'.")


def refuse_taken_name(tenant: Tenant, name: str) -> None:
    """Raise a 400 if a user has this user principal name."""
    same_name = Condition(f"{_USER_FILTERS['userPrincipalName'].sql} = ?", (name,))
    if tenant.documents.find("user", same_name, limit=1):
        raise bad_request("Another object with the same value for property userPrincipalName already exists.")


# ---- groups ---------------------------------------------------------------------------------------------------------


def list_groups(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return collection_response(tenant, request, CollectionType("group", "groups", _GROUP_FILTERS))


def get_group(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return entity_response(request, "groups", find_group(tenant, request.path_parameters["group"]))


def create_group(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = writable_properties(request.object_body())
    _require(document, "Group", _REQUIRED_OF_GROUPS)
    return GraphResponse(201, context_annotation(request, "groups/$entity") | add_group(tenant, document))


def update_group(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    document = find_group(tenant, request.path_parameters["group"])
    _update_principal(tenant, "group", document, writable_properties(request.object_body()))
    return NO_CONTENT


def delete_group(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _remove_principal(tenant, "group", find_group(tenant, request.path_parameters["group"]))
    return NO_CONTENT


def find_group(tenant: Tenant, key: str) -> Json:
    group = tenant.documents.get("group", key)
    if group is None:
        raise not_found(key)
    return group


def new_group(tenant: Tenant, properties: Json) -> Json:
    """Return a group with defaults for the missing properties; `displayName` is required. Nothing is stored."""
    return {
        "id": properties.get("id") or tenant.new_id("group"),
        "createdDateTime": tenant.stamp(),
        "mailNickname": "".join(letter for letter in properties["displayName"] if letter.isalnum()) or "group",
        **new_document("group"),
        **properties,
    }


def add_group(tenant: Tenant, properties: Json) -> Json:
    """Store a group with defaults for the missing properties, and return it."""
    document = new_group(tenant, properties)
    tenant.documents.put("group", document["id"], document)
    return document


# ---- members --------------------------------------------------------------------------------------------------------

_ANY_MEMBER = "1"
_USERS_ONLY = "member_id IN (SELECT id FROM objects WHERE kind = 'user')"
_GROUPS_ONLY = "member_id IN (SELECT id FROM objects WHERE kind = 'group')"
_GROUPS_AROUND = (
    "WITH RECURSIVE outer_groups (id) AS (SELECT group_id FROM members WHERE member_id = ? UNION SELECT group_id"
    " FROM members JOIN outer_groups ON members.member_id = outer_groups.id) SELECT id FROM outer_groups"
)
"""The groups that an object is in, directly or in an inner group; the value of the statement is the id of the object."""
_USERS_INSIDE = (
    "WITH RECURSIVE inner_groups (id) AS (SELECT ? UNION SELECT member_id FROM members JOIN inner_groups ON"
    " members.group_id = inner_groups.id WHERE member_id IN (SELECT id FROM objects WHERE kind = 'group'))"
    " SELECT first, member_id FROM (SELECT MIN(seq) AS first, member_id FROM members WHERE group_id IN"
    " (SELECT id FROM inner_groups) AND member_id IN (SELECT id FROM objects WHERE kind = 'user') GROUP BY member_id)"
    " WHERE 1"
)
"""The users in a group and in all groups inside it, each once; the first value of the statement is the id of the group."""


def list_members(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return _members(tenant, request, "directoryObjects", _ANY_MEMBER)


def list_member_users(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the members that are users."""
    return _members(tenant, request, "users", _USERS_ONLY)


def list_member_groups(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the members that are groups."""
    return _members(tenant, request, "groups", _GROUPS_ONLY)


def list_own_groups(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the groups that a user is a direct member of (Graph: list memberOf, cast to groups)."""
    return _groups_of(tenant, request, "SELECT group_id FROM members WHERE member_id = ?")


def list_all_groups(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the groups that a user is in, directly or in an inner group (Graph: list transitiveMemberOf)."""
    return _groups_of(tenant, request, _GROUPS_AROUND)


def _groups_of(tenant: Tenant, request: GraphRequest, sql: str) -> GraphResponse:
    if not request.is_advanced:
        raise unsupported_query("OData cast requires $count=true and the header ConsistencyLevel: eventual.")
    user = find_user(tenant, request.path_parameters["user"])["id"]
    groups = [find_group(tenant, key) for (key,) in sorted(tenant.store.rows(sql, (user,)))]
    rows = [(number, select_properties(request, group)) for number, group in enumerate(groups, 1)]
    listing = PagedRows("groups", lambda after, limit: rows[after : after + limit], lambda: len(rows))
    return page_response(tenant, request, listing)


def list_all_users(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the users in a group and in the groups inside it, each once (Graph: list transitive members)."""
    group = find_group(tenant, request.path_parameters["group"])["id"]
    to_body = partial(_member_body, request)
    listing = PagedRows(
        "users",
        lambda after, limit: convert_rows(to_body, _transitive_rows(tenant, group, after, limit)),
        partial(_transitive_count, tenant, group),
    )
    return page_response(tenant, request, listing)


def _members(tenant: Tenant, request: GraphRequest, name: str, where: str) -> GraphResponse:
    group = find_group(tenant, request.path_parameters["group"])["id"]
    to_body = partial(_member_body, request)
    listing = PagedRows(
        name,
        lambda after, limit: convert_rows(to_body, _member_rows(tenant, group, after, limit, where)),
        partial(_member_count, tenant, group, where),
    )
    return page_response(tenant, request, listing)


def count_members(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    if not request.is_advanced:
        raise bad_request("$count is not currently supported.", code="Request_BadRequest")
    return GraphResponse(200, _member_count(tenant, find_group(tenant, request.path_parameters["group"])["id"]))


def add_member(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    group = find_group(tenant, request.path_parameters["group"])["id"]
    link = str(request.object_body().get("@odata.id", ""))
    member = find_principal(tenant, link.split("?", 1)[0].rsplit("/", 1)[-1])
    if member is None:
        raise not_found(link)
    if not put_member(tenant, group, member["id"]):
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    return NO_CONTENT


def remove_member(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    group = find_group(tenant, request.path_parameters["group"])["id"]
    deleted = tenant.store.run(
        "DELETE FROM members WHERE group_id = ? AND member_id = ?", (group, request.path_parameters["member"])
    )
    if not deleted:
        raise not_found(request.path_parameters["member"])
    return NO_CONTENT


def put_member(tenant: Tenant, group: str, member: str) -> bool:
    """Add a member to a group; return False if it already is a member."""
    return bool(tenant.store.run("INSERT OR IGNORE INTO members (group_id, member_id) VALUES (?, ?)", (group, member)))


def _member_rows(tenant: Tenant, group: str, after: int, limit: int, where: str) -> list[tuple[int, Json]]:
    rows = tenant.store.rows(
        f"SELECT seq, member_id FROM members WHERE group_id = ? AND seq > ? AND {where} ORDER BY seq LIMIT ?",  # noqa: S608
        (group, after, limit),
    )
    principals = ((number, find_principal(tenant, member)) for number, member in rows)
    return [(number, principal) for number, principal in principals if principal is not None]


def _transitive_rows(tenant: Tenant, group: str, after: int, limit: int) -> list[tuple[int, Json]]:
    rows = tenant.store.rows(f"{_USERS_INSIDE} AND first > ? ORDER BY first LIMIT ?", (group, after, limit))
    principals = ((number, find_principal(tenant, member)) for number, member in rows)
    return [(number, principal) for number, principal in principals if principal is not None]


def _transitive_count(tenant: Tenant, group: str) -> int:
    return len(tenant.store.rows(_USERS_INSIDE, (group,)))


def _member_count(tenant: Tenant, group: str, where: str = _ANY_MEMBER) -> int:
    count: int = tenant.store.value(f"SELECT COUNT(*) FROM members WHERE group_id = ? AND {where}", (group,))  # noqa: S608
    return count


def _member_body(request: GraphRequest, document: Json) -> Json:
    return select_properties(request, document, () if _is_not_user(document) else ("@odata.type", *USER_DEFAULTS))


# ---- directory objects ----------------------------------------------------------------------------------------------


def get_by_ids(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    body = request.object_body()
    ids = body.get("ids")
    if not isinstance(ids, list) or not ids:
        raise bad_request("A value is required for parameter 'ids'.")
    if len(ids) > MAX_IDS:
        raise bad_request(f"Too many values specified in 'ids'; the maximum is {MAX_IDS}.")
    types = [str(kind).lower() for kind in body.get("types") or ("user", "group", "serviceprincipal", "application")]
    principals = [
        principal for key in dict.fromkeys(map(str, ids)) if (principal := find_principal(tenant, key, types))
    ]
    return GraphResponse(
        200,
        {
            "@odata.context": f"{request.base_url}/$metadata#directoryObjects",
            "value": [_member_body(request, document) for document in principals],
        },
    )


def find_principal(tenant: Tenant, key: Any, types: list[str] | None = None) -> Json | None:
    """Return a user, group, service principal or application by object id, with its `@odata.type`; None if unknown."""
    for kind in ("user", "group", "servicePrincipal", "application"):
        if types is not None and kind.lower() not in types:
            continue
        document = tenant.documents.get(kind, str(key))
        if document is not None:
            return {"@odata.type": f"#microsoft.graph.{kind}", **document}
    return None


def _is_not_user(document: Json) -> bool:
    return document.get("@odata.type") != "#microsoft.graph.user"


def _update_principal(tenant: Tenant, kind: str, document: Json, changes: Json) -> None:
    merged = document | changes
    tenant.documents.put(kind, document["id"], merged)
    if merged["displayName"] != document["displayName"]:
        tenant.store.run(
            "UPDATE assignments SET principal_name = ? WHERE principal_id = ?", (merged["displayName"], document["id"])
        )


def _remove_principal(tenant: Tenant, kind: str, document: Json) -> None:
    """Delete a user or group with its links, and put it with them into the recycle bin."""
    key = document["id"]
    tenant.documents.remove(kind, key)
    links = remove_links(tenant, key)
    if kind == "user" or _is_recycled(tenant, document):
        deleted = {**document, "deletedDateTime": tenant.stamp()}
        if kind == "user":
            deleted["userPrincipalName"] = key.replace("-", "") + document["userPrincipalName"]
        tenant.documents.put(f"deleted{kind.title()}", key, deleted)
        keep_links(tenant, key, links)


def _is_recycled(tenant: Tenant, group: Json) -> bool:
    """Return whether a deleted group can be restored: Microsoft 365 groups always, security groups by a switch."""
    return "Unified" in (group.get("groupTypes") or ()) or tenant.switches.deleted_security_groups == "recycled"
