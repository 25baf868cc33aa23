"""The bodies of Microsoft's web validator, by a captured run of February 2026, and its comparison. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.bodies import CORE_GROUP, CORE_USER, ENTERPRISE, operation

Word = Callable[[], str]
"""Returns a new random word."""
_SIMPLE = ("displayName", "title", "preferredLanguage")
_TRAILING = ("userType", "nickName", "locale", "timezone", "profileUrl")
_NAMES = ("givenName", "familyName", "formatted", "middleName", "honorificPrefix", "honorificSuffix")
_ADDRESS = ("formatted", "streetAddress", "locality", "region", "postalCode")
_ENTERPRISE = ("employeeNumber", "department", "costCenter", "organization", "division")
_PHONES = ("work", "mobile", "fax")
_KNOWN: Mapping[str, str] = {"preferredLanguage": "el-CY", "timezone": "America/Guyana", "country": "Estonia"}


def web_user(user_name: str, word: Word) -> dict[str, Any]:
    """Return a user with every attribute, in the order of the captured request."""
    phone = "45-955-7623"
    address = {"type": "work", **_words(_ADDRESS, word), "primary": True, "country": _KNOWN["country"]}
    role = {"primary": "True", "display": word(), "value": word(), "type": word()}
    return {
        "userName": user_name,
        "active": True,
        "displayName": word(),
        "title": word(),
        "emails": [{"type": "work", "value": user_name, "primary": True}],
        "preferredLanguage": _KNOWN["preferredLanguage"],
        "name": _words(_NAMES, word),
        "addresses": [address],
        "phoneNumbers": [
            {"type": kind, "value": phone, **({"primary": True} if kind == "work" else {})} for kind in _PHONES
        ],
        ENTERPRISE: {**_words(_ENTERPRISE, word), "manager": {"value": word()}},
        "roles": [role],
        **_words(_TRAILING, word),
        "schemas": [CORE_USER, ENTERPRISE],
    }


def web_group(name: str, external_id: str) -> dict[str, Any]:
    return {"displayName": name, "externalId": external_id, "schemas": [CORE_GROUP]}


def web_replacements(address: str, word: Word) -> dict[str, Json]:
    """Return new values by path for the PATCH that replaces every attribute, in the order of the captured request."""
    return {
        "active": True,
        "displayName": word(),
        "title": word(),
        'emails[type eq "work"].value': address,
        'emails[type eq "work"].primary': True,
        "preferredLanguage": "nus-SS",
        **{f"name.{name}": word() for name in _NAMES},
        **{f'addresses[type eq "work"].{part}': word() for part in _ADDRESS},
        'addresses[type eq "work"].primary': True,
        'addresses[type eq "work"].country': "Tunisia",
        'phoneNumbers[type eq "work"].value': "16-953-9121",
        'phoneNumbers[type eq "work"].primary': True,
        **{f'phoneNumbers[type eq "{kind}"].value': "16-953-9121" for kind in _PHONES[1:]},
        **{f"{ENTERPRISE}:{name}": word() for name in _ENTERPRISE},
        **{f'roles[primary eq "True"].{part}': word() for part in ("display", "value", "type")},
        **_words(_TRAILING, word),
    }


def replace_all(values: Mapping[str, Json]) -> list[dict[str, Json]]:
    return [operation("replace", path, value) for path, value in values.items()]


def _words(names: tuple[str, ...], word: Word) -> dict[str, str]:
    return {name: _KNOWN.get(name) or word() for name in names}


def missing_values(sent: Mapping[str, Json], resource: Mapping[str, Any]) -> list[str]:
    """Return the paths of what was sent and did not come back; the schemas are not compared."""
    return [
        path for name, value in sent.items() if name != "schemas" for path in _missing(name, value, resource.get(name))
    ]


def _missing(path: str, sent: Json, returned: Any) -> list[str]:
    if isinstance(sent, dict):
        parts = returned if isinstance(returned, dict) else {}
        return [
            missing for name, value in sent.items() for missing in _missing(f"{path}.{name}", value, parts.get(name))
        ]
    if isinstance(sent, list):
        elements = returned if isinstance(returned, list) else []
        return [path for element in sent if not any(not _missing(path, element, other) for other in elements)]
    return [] if is_equal(sent, returned) else [path]


def is_equal(sent: Json, returned: Any) -> bool:
    """Return whether a simple value came back; the string "True" may become a boolean."""
    return sent == returned or (returned is not None and str(sent).lower() == str(returned).lower())
