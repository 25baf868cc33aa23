"""The target attributes of SCIM, and those of the template of custom applications, by their names in a schema.

A name with a filter, such as `roles[primary eq "True"].value`, stands for a single value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
ENTERPRISE_ATTRIBUTES = ("employeeNumber", "costCenter", "organization", "division", "department", "manager")
_ENTERPRISE_NAMES = tuple(f"{ENTERPRISE}{name}" for name in ENTERPRISE_ATTRIBUTES)
SCIM_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "users": (
            *("id", "externalId", "userName", "name", "displayName", "nickName", "profileUrl", "title", "userType"),
            *("preferredLanguage", "locale", "timezone", "active", "password", "emails", "phoneNumbers", "ims"),
            *("photos", "addresses", "groups", "entitlements", "roles", "x509Certificates", *_ENTERPRISE_NAMES),
        ),
        "groups": ("id", "externalId", "displayName", "members"),
    }
)
"""The attributes of users and groups in RFC 7643, sections 4.1 to 4.3."""
MULTIVALUED = frozenset(
    {"emails", "phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509Certificates"}
)
"""The attributes of users that are lists in RFC 7643, section 4.1.2."""


def _typed(name: str, types: str, *parts: str) -> tuple[str, ...]:
    return tuple(f'{name}[type eq "{type_}"].{part}' for type_ in types.split() for part in parts)


TEMPLATE_ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "users": frozenset(
            {
                *("id", "externalId", "userName", "active", "displayName", "nickName", "title", "userType"),
                *("preferredLanguage", "locale", "timezone"),
                *("name.givenName", "name.familyName", "name.formatted"),
                *("name.honorificPrefix", "name.honorificSuffix"),
                *_typed("emails", "work home other", "value"),
                *_typed("phoneNumbers", "work mobile fax home other pager", "value"),
                *_typed("ims", "aim gtalk icq xmpp msn skype qq yahoo", "value"),
                *_typed("addresses", "work home other", "formatted", "streetAddress", "locality", "region"),
                *_typed("addresses", "work home other", "postalCode", "country"),
                *(f'roles[primary eq "True"].{part}' for part in ("display", "type", "value")),
                *_ENTERPRISE_NAMES,
            }
        ),
        "groups": frozenset(SCIM_ATTRIBUTES["groups"]),
    }
)
"""The attributes that the template `scim` defines: a complete schema of such a job, published in 2020."""


def is_scim_attribute(name: str, section: str = "users") -> bool:
    """Return whether SCIM itself defines a target attribute, or the attribute that it is a part of."""
    known = SCIM_ATTRIBUTES[section]
    if name.startswith("urn:"):
        return name in known or name.rpartition(".")[0] in known
    return re.split(r"[.\[]", name)[0] in known


def is_single_value(name: str) -> bool:
    """Return whether a name selects a single value by a filter, as `emails[type eq "work"].value` does."""
    return "[" in name
