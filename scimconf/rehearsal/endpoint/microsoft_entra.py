"""The tests of Microsoft's validator that go through Entra: 1 to 14.

The requests are those of the provisioning engine of the sandbox. `entra_tenant` needs the extra `sandbox`; without it
these checks are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scimconf.rehearsal.endpoint.bodies import ENTERPRISE, MANAGER, value_at
from scimconf.rehearsal.endpoint.context import (
    CheckContext,
    CheckFunction,
    CheckSkippedError,
    as_json,
    describe_answer,
    id_of,
    require,
)
from scimconf.rehearsal.endpoint.created import resource_path
from scimconf.rehearsal.endpoint.setups import GROUP, USER, Setup

if TYPE_CHECKING:
    from scimconf.rehearsal.endpoint.entra_tenant import EntraTenant

CHANGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "displayName": ("displayName", "Grace Hopper"),
        "givenName": ("name.givenName", "Grace"),
        "surname": ("name.familyName", "Hopper"),
        "jobTitle": ("title", "Admiral"),
        "department": (f"{ENTERPRISE}:department", "Research"),
        "mobilePhone": ('phoneNumbers[type eq "mobile"].value', "+15415550199"),
        "city": ('addresses[type eq "work"].locality', "Eugene"),
    }
)
"""The properties of a user in Graph that the update changes, with the target attribute and the new value."""
_VARIANT = "a provisioning cycle"
"""The setup of these tests: what a cycle creates."""


def _tenant(context: CheckContext, users: Sequence[str], **options: Any) -> EntraTenant:
    """Return a tenant in this process; skip the check if what it needs is not installed."""
    try:
        from scimconf.rehearsal.endpoint.entra_tenant import EntraTenant, TenantContent
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package == "scimconf":
            raise
        raise CheckSkippedError(f"{package} is not installed: pip install 'scimconf[sandbox]'") from None
    return EntraTenant(context, TenantContent(users=users, **{"assigned": users, **options}))


def _one(context: CheckContext, endpoint: str, name: str) -> Mapping[str, Any]:
    """Return the only resource with a name."""
    attribute = "userName" if endpoint == "/Users" else "displayName"
    matches = context.find(endpoint, attribute, name)
    require(len(matches) == 1, f'the filter matches {len(matches)} resources with the name "{name}"')
    return matches[0]


# --- users ----------------------------------------------------------------------------------------------------------


def _created_user(context: CheckContext) -> tuple[EntraTenant, str, Mapping[str, Any]]:
    """Provision one user, and return the tenant, the name of the user and the user at the endpoint."""
    name = context.user_name()
    tenant = _tenant(context, [name])
    with context.preparing(Setup(USER, _VARIANT)):
        tenant.require_logged("create", _display(name), tenant.cycle())
        return tenant, name, _one(context, "/Users", name)


def _display(name: str) -> str:
    return name.partition("@")[0]


def _creates_user(context: CheckContext) -> str:
    _created_user(context)
    return "the filter finds the user, and the log has the creation"


def _updates_user(context: CheckContext) -> str:
    tenant, name, user = _created_user(context)
    new_name = f"updated-{name}"
    properties = {key: value for key, (_, value) in CHANGES.items()}
    tenant.change(name, **properties, userPrincipalName=new_name)
    tenant.require_logged("update", CHANGES["displayName"][1], tenant.cycle())
    resource = context.read(resource_path("/Users", id_of(user)))
    expected = {"userName": new_name, **dict(CHANGES.values())}
    differing = [path for path, value in expected.items() if not _is_same(value_at(resource, path), value)]
    require(not differing, f"these do not have the new value: {', '.join(differing)}")
    return "all changed attributes have the new values"


def _is_same(stored: Any, value: str) -> bool:
    return isinstance(stored, str) and stored.lower() == value.lower()


def _disables_user(context: CheckContext) -> str:
    tenant, name, _ = _created_user(context)
    tenant.change(name, accountEnabled=False)
    tenant.require_logged("disable", _display(name), tenant.cycle())
    _require_active(_one(context, "/Users", name), active=False)
    return "the filter finds the user, and `active` is false"


def _require_active(user: Mapping[str, Any], *, active: bool) -> None:
    require(user.get("active") is active, f"`active` is {as_json(user.get('active'))}")


def _deletes_user(context: CheckContext) -> str:
    tenant, name, user = _created_user(context)
    tenant.purge(name)
    tenant.cycle()
    response = context.get(resource_path("/Users", id_of(user)))
    require(response.status == 404, f"GET of the user answered {describe_answer(response)}")
    return "the user is deleted"


def _manages(context: CheckContext) -> str:
    names = [context.user_name() for _ in range(3)]
    tenant = _tenant(context, names)
    user, *managers = names
    with context.preparing(Setup(USER, _VARIANT)):
        tenant.cycle()
        ids = {name: id_of(_one(context, "/Users", name)) for name in managers}
    for manager in (*managers, ""):
        tenant.set_manager(user, manager)
        tenant.cycle()
        stored = value_at(_one(context, "/Users", user), MANAGER)
        stored_id = stored.get("value") if isinstance(stored, dict) else stored
        require((stored_id or "") == ids.get(manager, ""), f"the manager is {as_json(stored)}")
    return "the manager is set, changed and removed"


def _restores_user(context: CheckContext) -> str:
    tenant, name, _ = _created_user(context)
    tenant.unassign(name)
    tenant.cycle()
    _require_active(_one(context, "/Users", name), active=False)
    tenant.assign(name)
    tenant.cycle()
    _require_active(_one(context, "/Users", name), active=True)
    return "the user is disabled, and enabled again"


def _on_demand(context: CheckContext, kind: str) -> str:
    if kind == "Group":
        context.require_groups()
    name = context.user_name() if kind == "User" else context.name()
    group = {"group": name, "assigned": [name]} if kind == "Group" else {}
    tenant = _tenant(context, [name] if kind == "User" else [], **group)
    result = tenant.on_demand(name, kind)
    require(result == "Success", f"the result is {result}")
    _one(context, f"/{kind}s", name)
    return "the filter finds the resource"


# --- groups ---------------------------------------------------------------------------------------------------------


def _created_group(
    context: CheckContext, members: Sequence[str] = (), others: Sequence[str] = ()
) -> tuple[EntraTenant, str]:
    """Provision one group with members, and return the tenant and the name of the group; `others` are users too."""
    context.require_groups()
    name = context.name()
    users = [*members, *others]
    tenant = _tenant(context, users, group=name, members=members, assigned=[name, *users])
    with context.preparing(Setup(GROUP, _VARIANT)):
        tenant.require_logged("create", name, tenant.cycle())
    return tenant, name


def _creates_group(context: CheckContext) -> str:
    _, name = _created_group(context)
    _one(context, "/Groups", name)
    return "the filter finds the group, and the log has the creation"


def _updates_group(context: CheckContext) -> str:
    tenant, name = _created_group(context)
    new_name = f"{name}-Modified"
    tenant.change(name, displayName=new_name)
    tenant.require_logged("update", new_name, tenant.cycle())
    _one(context, "/Groups", new_name)
    return "the filter finds the group by its new name"


def _deletes_group(context: CheckContext) -> str:
    tenant, name = _created_group(context)
    tenant.delete_group(name)
    tenant.cycle()
    require(not context.find("/Groups", "displayName", name), "the filter still finds the group")
    return "the filter finds no group"


def _adds_member(context: CheckContext) -> str:
    user = context.user_name()
    tenant, name = _created_group(context, others=[user])
    tenant.add_member(name, user)
    tenant.cycle()
    _require_member(context, name, user, is_member=True)
    return "the group in the list has the member"


def _removes_member(context: CheckContext) -> str:
    user = context.user_name()
    tenant, name = _created_group(context, members=[user])
    tenant.remove_member(name, user)
    tenant.cycle()
    _require_member(context, name, user, is_member=False)
    return "the group in the list has no such member"


def _require_member(context: CheckContext, group: str, user: str, *, is_member: bool) -> None:
    members = _one(context, "/Groups", group).get("members") or []
    ids = [str(member.get("value")) for member in members if isinstance(member, dict)]
    user_id = id_of(_one(context, "/Users", user))
    require((user_id in ids) is is_member, f"the group in the list has the members {ids}")


def _restores_group(context: CheckContext) -> str:
    tenant, name = _created_group(context)
    tenant.unassign(name)
    tenant.cycle()
    require(not context.find("/Groups", "displayName", name), "the filter still finds the unassigned group")
    tenant.assign(name)
    tenant.cycle()
    _one(context, "/Groups", name)
    return "the group is deleted, and created again"


CHECKS: Mapping[str, CheckFunction] = MappingProxyType(
    {
        "Create_User_Test": _creates_user,
        "Update_User_Test": _updates_user,
        "Disable_User_Test": _disables_user,
        "Delete_User_Test": _deletes_user,
        "User_Update_Manager_Test": _manages,
        "Restore_User_Test": _restores_user,
        "POD_User_Test": partial(_on_demand, kind="User"),
        "Create_Group_Test": _creates_group,
        "Update_Group_Test": _updates_group,
        "Delete_Group_Test": _deletes_group,
        "Group_Update_Add_Member_Test": _adds_member,
        "Group_Update_Remove_Member_Test": _removes_member,
        "POD_Group_Test": partial(_on_demand, kind="Group"),
        "Restore_Group_Test": _restores_group,
    }
)
