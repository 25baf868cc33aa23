"""From a user as Graph returns it to the source attributes that expressions read.

The provisioning service has its own attribute names, older than Graph's. An attribute without a known counterpart in
Graph, or that Graph did not return, has the value GAP: an expression that reads it is undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from scimconf.json_types import Json
from scimconf.plan.resource import NOTHING

COMPUTED = frozenset({"IsSoftDeleted", "appRoleAssignments"})
"""Attributes that the service computes from scope and assignments."""

ALWAYS = ("id", "userPrincipalName", "accountEnabled")

GAP: Any = object()
"""The value of an unknown attribute; an expression that reads it is undetermined."""

_SAME = """
    accountEnabled city companyName country department displayName employeeId employeeType givenName jobTitle mail
    mailNickname onPremisesDistinguishedName onPremisesSamAccountName onPremisesSecurityIdentifier
    onPremisesUserPrincipalName otherMails postalCode preferredLanguage proxyAddresses state streetAddress surname
    usageLocation userType
"""
_PATHS: Mapping[str, tuple[str | int, ...]] = {
    **{name: (name,) for name in _SAME.split()},
    **{f"extensionAttribute{n}": ("onPremisesExtensionAttributes", f"extensionAttribute{n}") for n in range(1, 16)},
    "dirSyncEnabled": ("onPremisesSyncEnabled",),
    "employeeOrgData.costCenter": ("employeeOrgData", "costCenter"),
    "employeeOrgData.division": ("employeeOrgData", "division"),
    "facsimileTelephoneNumber": ("faxNumber",),
    "immutableId": ("onPremisesImmutableId",),
    "mobile": ("mobilePhone",),
    "objectId": ("id",),
    "originalUserPrincipalName": ("userPrincipalName",),
    "physicalDeliveryOfficeName": ("officeLocation",),
    "telephoneNumber": ("businessPhones", 0),
    "userPrincipalName": ("userPrincipalName",),
}
_REASONS: Mapping[str, str] = {
    "manager": "only Entra knows the id of the manager in the application",
    **dict.fromkeys(
        ("createdDateTime", "employeeHireDate", "employeeLeaveDateTime"),
        "Microsoft does not document the format of dates in expressions",
    ),
}
BASIC = frozenset({"displayName", "givenName", "id", "mail", "surname", "userPrincipalName"})
"""The properties of users that `User.ReadBasic.All` grants; Graph returns null for all others."""

BASIC_ONLY = "only basic properties of users could be read; grant User.Read.All"
_NOT_RETURNED = "Graph did not return it"
_EXTENSION = "extension_"
_GUEST = "#EXT#"


def gap(name: str) -> str:
    """Return why an attribute's value cannot be known; empty if it can."""
    if name in COMPUTED or name in _PATHS or name.startswith(_EXTENSION):
        return ""
    return _REASONS.get(name, "its property in Graph is unknown")


def selected(names: Iterable[str]) -> tuple[str, ...]:
    known = (name for name in names if name not in COMPUTED and not gap(name))
    return tuple(sorted({*ALWAYS, *(str(_path(name)[0]) for name in known)}))


def is_basic(user: Json) -> bool:
    """Return whether only basic properties were returned: `accountEnabled`, which every account has, is missing."""
    return user.get("accountEnabled") is None


def reader(names: Collection[str]) -> Callable[[Json], dict[str, Any]]:
    """Return a function from a user to the values of these attributes, with GAP for unknown ones."""
    read, gaps = attribute_reader(names), gap_reader(names)
    return lambda user: read(user, gaps(user))


def attribute_reader(names: Collection[str]) -> Callable[[Json, Collection[str]], dict[str, Any]]:
    """Return a function from a user, and the attributes that could not be read, to the values of all attributes."""
    gaps = {name: GAP for name in names if gap(name)}
    paths = _paths(names)
    flat = [(name, str(path[0])) for name, path in paths if len(path) == 1 and name != "userPrincipalName"]
    nested = [(name, path) for name, path in paths if len(path) > 1]
    reads_principal_name = "userPrincipalName" in names

    def read(user: Json, unread: Collection[str]) -> dict[str, Any]:
        values = {name: user.get(prop) for name, prop in flat}
        for name, path in nested:
            values[name] = _nested(user, path)
        if reads_principal_name:
            values["userPrincipalName"] = home_name(user.get("userPrincipalName"))
        values |= gaps
        for name in unread:
            values[name] = GAP
        return values

    return read


def gap_reader(names: Collection[str]) -> Callable[[Json], Mapping[str, str]]:
    """Return a function from a user to those attributes that Graph did not return for this user, with the reason."""
    paths = [(name, str(path[0])) for name, path in _paths(names)]
    not_basic = MappingProxyType({name: BASIC_ONLY for name, prop in paths if prop not in BASIC})
    always_returned = {prop for _, prop in paths if not prop.startswith(_EXTENSION)}

    def read(user: Json) -> Mapping[str, str]:
        if is_basic(user):
            return not_basic
        if always_returned <= user.keys():
            return NOTHING
        missing = always_returned - user.keys()
        return {name: _NOT_RETURNED for name, prop in paths if prop in missing}

    return read


def home_name(name: Any) -> Any:
    """Return the name that expressions see for a guest: `ada_fabrikam.com#EXT#@contoso.com` is `ada@fabrikam.com`."""
    if not isinstance(name, str) or _GUEST not in name:
        return name
    alias, at, domain = name.partition(_GUEST)[0].rpartition("_")
    return f"{alias}@{domain}" if at else name


def _paths(names: Iterable[str]) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(name, _path(name)) for name in sorted(names) if name not in COMPUTED and not gap(name)]


def _path(name: str) -> tuple[str | int, ...]:
    return _PATHS.get(name, (name,))


def _nested(user: Json, path: tuple[str | int, ...]) -> Any:
    name, key = path
    inner = user.get(name)
    if isinstance(key, int):
        return inner[key] if isinstance(inner, list) and len(inner) > key else None
    return inner.get(key) if isinstance(inner, Mapping) else None
