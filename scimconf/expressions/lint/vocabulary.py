"""The source attributes that Entra offers to applications, and their names in Graph.

The list is for offline checks; the schema of the application takes precedence. The names in mappings are older than
Graph's: `mobile`, not `mobilePhone`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from scimconf.expressions.errors import suggest

_USER = """
    objectId IsSoftDeleted accountEnabled alternativeSecurityIds appRoleAssignments assistant city companyName
    costCenter country createdDateTime department dirSyncEnabled displayName division employeeHireDate employeeId
    employeeLeaveDateTime employeeOrgData.costCenter employeeOrgData.division employeeType facsimileTelephoneNumber
    givenName immutableId jobTitle mail mailNickname manager mobile netId onPremisesDistinguishedName
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesUserPrincipalName originalUserPrincipalName
    otherMails passwordProfile.password physicalDeliveryOfficeName postalCode preferredLanguage proxyAddresses
    sipProxyAddress state streetAddress surname telephoneNumber usageLocation userPrincipalName userType
"""
_GROUP = """
    objectId IsSoftDeleted description dirSyncEnabled displayName mail mailEnabled mailNickname members
    onPremisesSamAccountName onPremisesSecurityIdentifier owners proxyAddresses securityEnabled
"""
ATTRIBUTES = {
    "users": frozenset(_USER.split()) | {f"extensionAttribute{number}" for number in range(1, 16)},
    "groups": frozenset(_GROUP.split()),
}
BOOLEANS = frozenset({"IsSoftDeleted", "accountEnabled", "dirSyncEnabled", "mailEnabled", "securityEnabled"})
REFERENCES = frozenset({"manager", "members", "owners"})
MULTIVALUED = frozenset({"alternativeSecurityIds", "appRoleAssignments", "otherMails", "proxyAddresses"})

_EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w+")
_GRAPH = {
    "businessPhones": "telephoneNumber",
    "faxNumber": "facsimileTelephoneNumber",
    "id": "objectId",
    "mobilePhone": "mobile",
    "officeLocation": "physicalDeliveryOfficeName",
    "onPremisesImmutableId": "immutableId",
    "onPremisesSyncEnabled": "dirSyncEnabled",
}


_MEMBERSHIPS = frozenset({"memberof", "ismemberof", "transitivememberof", "groups"})
MEMBERSHIP_HINT = (
    "Users have no attribute with their groups here. Assign the group to the application: that brings its direct members "
    "into scope, and the mapping of groups sends them."
)


def is_membership(name: str) -> bool:
    """Return whether a name stands for the groups of a user, which mappings and filters cannot read."""
    return name.lower() in _MEMBERSHIPS


def is_known(name: str, mapping: str) -> bool:
    """Return whether Entra offers the attribute to applications, for the mapping "users" or "groups"."""
    return name in ATTRIBUTES[mapping] or _EXTENSION.fullmatch(name) is not None


def name_hint(name: str, known: Collection[str]) -> str:
    """Return a hint with the known name that was probably meant, or an empty string."""
    if _GRAPH.get(name) in known:
        return f"Write {_GRAPH[name]}, which is the name of Graph's {name} in mappings."
    if is_membership(name):
        return MEMBERSHIP_HINT
    match = suggest(name, known)
    if match is None:
        return ""
    return f"Names are case-sensitive: write {match}." if match.lower() == name.lower() else f"Did you mean `{match}`?"
