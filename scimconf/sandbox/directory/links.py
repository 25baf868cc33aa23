"""The links of users and groups: memberships, ownerships, managers and assignments.

Members, owners (`owners/ID`) and managers (`manager/ID`) are rows of the table of members. A deleted object has no links;
they are stored beside it, and a restored object has them again as far as the other object exists.
"""

from __future__ import annotations

from scimconf.sandbox.http_types import Json
from scimconf.sandbox.tenant import Tenant

DELETED_LINKS = "deletedLinks"
_ASSIGNMENT = "id, resource_id, role_id, principal_id, principal_type, principal_name, created"
_LINKED_KINDS = "('user', 'group', 'application', 'servicePrincipal', 'caller')"


def remove_links(tenant: Tenant, key: str) -> Json:
    """Delete the links of a user or group, and return them as a document for `restore_links`."""
    ends = (key, f"manager/{key}", f"owners/{key}", key)
    members = tenant.store.rows(
        "SELECT group_id, member_id FROM members WHERE group_id IN (?, ?, ?) OR member_id = ? ORDER BY seq", ends
    )
    assigned = tenant.store.rows(
        f"SELECT {_ASSIGNMENT} FROM assignments WHERE principal_id = ? AND stale_reads = 0 ORDER BY seq",  # noqa: S608
        (key,),
    )
    tenant.store.run("DELETE FROM members WHERE group_id IN (?, ?, ?) OR member_id = ?", ends)
    tenant.store.run("DELETE FROM assignments WHERE principal_id = ?", (key,))
    return {"members": members, "assignments": assigned}


def keep_links(tenant: Tenant, key: str, links: Json) -> None:
    """Store the links of a deleted user or group beside it."""
    tenant.documents.put(DELETED_LINKS, key, links)


def restore_links(tenant: Tenant, key: str) -> None:
    """Insert the stored links of a deleted user or group again, unless the other object does not exist any more."""
    links = tenant.documents.get(DELETED_LINKS, key) or {}
    tenant.documents.remove(DELETED_LINKS, key)
    if tenant.switches.restored_links == "lost":
        return
    for owner, member in links.get("members", ()):
        other = owner.rsplit("/", 1)[-1] if member == key else member
        if _exists(tenant, other):
            tenant.store.run("INSERT OR IGNORE INTO members (group_id, member_id) VALUES (?, ?)", (owner, member))
    for row in links.get("assignments", ()):
        if _exists(tenant, row[1]):
            tenant.store.run(
                f"INSERT OR IGNORE INTO assignments ({_ASSIGNMENT}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                row,
            )


def _exists(tenant: Tenant, key: str) -> bool:
    sql = f"SELECT 1 FROM objects WHERE id = ? AND kind IN {_LINKED_KINDS}"  # noqa: S608  constant kinds
    return tenant.store.value(sql, (key,)) is not None
