"""The source attributes that Entra offers to applications, and what people call them elsewhere.

The list is for checking offline; an application's own schema is right where it says otherwise. The engine's names are
older than Graph's: `mobile`, not `mobilePhone`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

_USER = """
    objectId IsSoftDeleted accountEnabled alternativeSecurityIds appRoleAssignments assistant city companyName costCenter
    country createdDateTime department dirSyncEnabled displayName division employeeHireDate employeeId
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


def is_known(name: str, mapping: str) -> bool:
    return name in ATTRIBUTES[mapping] or _EXTENSION.fullmatch(name) is not None


def alike(name: str, known: Collection[str]) -> str:
    """What was probably meant, as a hint; nothing where nothing is like it."""
    lower = {each.lower(): each for each in known}
    if _GRAPH.get(name) in known:
        return f"Graph's {name} is {_GRAPH[name]} here."
    if name.lower() in lower:
        return f"Case counts: write {lower[name.lower()]}."
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75)
    return f"Did you mean {lower[near[0]]}?" if near else ""
