"""From a user as Graph shows it to the source attributes that expressions see.

The engine's names are older than Graph's. What has no known counterpart, and what is not in a user at all, is a
`Gap`: an expression that needs it is undetermined, for the reason given here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

Json = Any
_NOTHING: Mapping[str, str] = MappingProxyType({})

COMPUTED = frozenset({"IsSoftDeleted", "appRoleAssignments"})
"""What the service works out by itself, from scope and assignments."""

ALWAYS = ("id", "userPrincipalName", "accountEnabled")

GAP: Any = object()
"""In the place of a value that is not known: whatever looks at it is undetermined."""

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
    "manager": "it is a reference, and which id the application has for the manager is known to the service only",
    **dict.fromkeys(
        ("createdDateTime", "employeeHireDate", "employeeLeaveDateTime"),
        "in which form a date reaches an expression is not documented",
    ),
}
BASIC = frozenset({"displayName", "givenName", "id", "mail", "surname", "userPrincipalName"})
"""The properties of users that `User.ReadBasic.All` lets a caller read; in place of the others Graph says null."""

BASIC_ONLY = "only basic properties of users could be read, which takes User.Read.All"
_UNSAID = "Graph's answer does not have it"
_EXTENSION = "extension_"
_GUEST = "#EXT#"


def gap(name: str) -> str:
    """Why an attribute's value cannot be known here; empty where it can."""
    if name in COMPUTED or name in _PATHS or name.startswith(_EXTENSION):
        return ""
    return _REASONS.get(name, "which property of Graph's users it is, is not known")


def selected(names: Iterable[str]) -> tuple[str, ...]:
    """The properties to ask Graph for, so that these attributes are known."""
    known = (name for name in names if name not in COMPUTED and not gap(name))
    return tuple(sorted({*ALWAYS, *(str(_path(name)[0]) for name in known)}))


def is_basic(user: Json) -> bool:
    """Whether only basic properties could be read: no account is without the one that says whether it is enabled."""
    return user.get("accountEnabled") is None


def reader(names: Collection[str]) -> Callable[[Json], dict[str, Any]]:
    """The function from a user to these attributes; built once, called for each user."""
    seen, why = seer(names), unread(names)
    return lambda user: seen(user, why(user))


def seer(names: Collection[str]) -> Callable[[Json, Collection[str]], dict[str, Any]]:
    """The function from a user, and the attributes that could not be read of this one, to all of them."""
    gaps = {name: GAP for name in names if gap(name)}
    plain = [(name, str(path[0])) for name, path in _paths(names) if len(path) == 1 and name != "userPrincipalName"]
    deep = [(name, path) for name, path in _paths(names) if len(path) > 1]
    named = "userPrincipalName" in names

    def see(user: Json, hidden: Collection[str]) -> dict[str, Any]:
        found = {name: user.get(prop) for name, prop in plain}
        for name, path in deep:
            found[name] = _deep(user, path)
        if named:
            found["userPrincipalName"] = stripped(user.get("userPrincipalName"))
        found |= gaps
        for name in hidden:
            found[name] = GAP
        return found

    return see


def unread(names: Collection[str]) -> Callable[[Json], Mapping[str, str]]:
    """The function from a user to the attributes that could be known, but not of this one, each with the reason."""
    paths = [(name, str(path[0])) for name, path in _paths(names)]
    hidden = MappingProxyType({name: BASIC_ONLY for name, prop in paths if prop not in BASIC})
    sure = {prop for _, prop in paths if not prop.startswith(_EXTENSION)}

    def why(user: Json) -> Mapping[str, str]:
        if is_basic(user):
            return hidden
        missing = () if sure <= user.keys() else sure - user.keys()
        return {name: _UNSAID for name, prop in paths if prop in missing} if missing else _NOTHING

    return why


def stripped(name: Any) -> Any:
    """A guest's name as expressions see it: `ada_fabrikam.com#EXT#@contoso.com` is `ada@fabrikam.com`."""
    if not isinstance(name, str) or _GUEST not in name:
        return name
    alias, at, domain = name.partition(_GUEST)[0].rpartition("_")
    return f"{alias}@{domain}" if at else name


def _paths(names: Iterable[str]) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(name, _path(name)) for name in sorted(names) if name not in COMPUTED and not gap(name)]


def _path(name: str) -> tuple[str | int, ...]:
    return _PATHS.get(name, (name,))


def _deep(user: Json, path: tuple[str | int, ...]) -> Any:
    first, then = path
    inner = user.get(first)
    if isinstance(then, int):
        return inner[then] if isinstance(inner, list) and len(inner) > then else None
    return inner.get(then) if isinstance(inner, Mapping) else None
