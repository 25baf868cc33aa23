"""Generates `scimconf/sandbox/data/vendors/`: the gallery applications of the sandbox, from the facts of the catalogue.

Published are the names, credentials, attributes and the matching attribute. Not published, and so invented here: the ids
of templates that no page names, app roles, and the default mappings, which are those of non-gallery applications for the
attributes in the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from scimconf.presets.catalogue import CatalogueEntry, entries
from scimconf.presets.model import Facts, MatchingRule, PublishedAttributes, VendorConnection

SANDBOX = Path(__file__).resolve().parents[2] / "scimconf" / "sandbox" / "data"
FOLDER = SANDBOX / "vendors"
CREDENTIALS = {
    "bearer": ("BaseAddress", "SecretToken"),
    "client_credentials": ("BaseAddress", "Oauth2TokenExchangeUri", "Oauth2ClientId", "Oauth2ClientSecret"),
    "user_and_password": ("UserName", "Password"),
}
SECRETS = {"SecretToken", "Oauth2ClientSecret", "Password"}
TAGS = ["WindowsAzureActiveDirectoryIntegratedApp"]
READ_ONLY = "id"
"""The anchor, which RFC 7643 lets only the application set: where a page names it as matching, the display name matches instead."""
OBJECTS = {"users": "User", "groups": "Group"}
MATCHING_SOURCES = {
    "externalId": "[objectId]",
    "displayName": "[displayName]",
    'emails[type eq "work"].value': "[mail]",
    "userName": "[userPrincipalName]",
}


def hand_written() -> set[str]:
    """Return the names of the gallery applications whose data is written by hand."""
    return {row["name"] for row in json.loads((SANDBOX / "gallery.json").read_text("utf-8"))}


def texts() -> Mapping[str, str]:
    """Return the expected content of each file of the folder by name."""
    return {
        f"{entry.name}.json": json.dumps(_document(entry, attributes), indent=1, ensure_ascii=False) + "\n"
        for entry in entries()
        if (attributes := _published(entry)) is not None
    }


def _published(entry: CatalogueEntry) -> PublishedAttributes | None:
    application, attributes = entry.facts.application, entry.facts.attributes
    is_generated = entry.grade == "preset" and application.kind == "gallery" and application.name not in hand_written()
    return attributes if is_generated and isinstance(attributes, PublishedAttributes) else None


def _document(entry: CatalogueEntry, attributes: PublishedAttributes) -> dict[str, Any]:
    application = entry.facts.application
    template = application.template_id
    return {
        "application": {
            "template_id": _id(f"{entry.name}/template") if template == "unknown" else template,
            "name": application.name,
            "key": entry.name,
            "publisher": entry.facts.title,
            "roles": ["User", "msiam_access"],
            "tags": TAGS,
            "provisioning": [entry.name],
        },
        "template": _template(entry, attributes),
    }


def _template(entry: CatalogueEntry, attributes: PublishedAttributes) -> dict[str, Any]:
    facts, connection = entry.facts, entry.facts.connection
    kind = connection.kind if isinstance(connection, VendorConnection) else "bearer"
    keys = (*CREDENTIALS.get(kind, ()), *(connection.keys if isinstance(connection, VendorConnection) else ()))
    objects = {"users": attributes.users, "groups": attributes.groups}
    mappings = [_mapping(key, facts, names) for key, names in objects.items() if names]
    job = facts.application.job_template
    return {
        "template_id": entry.name if job == "unknown" else job,
        "default": True,
        "oauth": kind == "authorized_by_person",
        "fields": [{"name": key.lower()} | ({"secret": True} if key in SECRETS else {}) for key in keys],
        "directory": facts.application.name,
        "objects": {OBJECTS[key]: [_anchor(), *_definitions(names)] for key, names in objects.items() if names},
        "rules": [
            {
                "id": _id(f"{entry.name}/rule"),
                "name": "USERGROUP_OUTBOUND_USERGROUP" if attributes.groups else "USER_OUTBOUND_USER",
                "mappings": mappings,
            }
        ],
    }


def _anchor() -> dict[str, Any]:
    return {"name": "id", "anchor": True}


def _definitions(names: Mapping[str, str]) -> Iterator[Any]:
    for name, word in names.items():
        if name == READ_ONLY:
            continue
        properties: dict[str, Any] = {"name": name}
        if word.endswith("[]"):
            properties["multivalued"] = True
        kind = word.removesuffix("[]").capitalize()
        if kind != "String":
            properties["type"] = kind
        if kind == "Reference":
            properties["referencedObjects"] = [{"referencedObjectName": "User", "referencedProperty": "id"}]
        yield properties if len(properties) > 1 else name


def _mapping(key: str, facts: Facts, names: Mapping[str, str]) -> dict[str, Any]:
    rule = getattr(facts.matching, key)
    preferred = rule.attributes[0] if isinstance(rule, MatchingRule) else ""
    matching = (
        preferred if preferred in names and preferred != READ_ONLY else "userName" if key == "users" else "displayName"
    )
    sources = _generic_sources()[OBJECTS[key]] | {matching: MATCHING_SOURCES.get(matching, "[userPrincipalName]")}
    rows = [
        {"target": name, "source": sources[name]} | ({"matchingPriority": 1} if name == matching else {})
        for name in sorted(names)
        if name in sources
    ]
    return {"source": OBJECTS[key], "target": OBJECTS[key], "rows": rows}


def _generic_sources() -> Mapping[str, dict[str, str]]:
    """Return the sources of the default mappings of non-gallery applications by object and target attribute."""
    schema = json.loads((SANDBOX / "templates" / "scim.json").read_text("utf-8"))["schema"]
    mappings = schema["synchronizationRules"][0]["objectMappings"]
    return {
        mapping["sourceObjectName"]: {
            row["targetAttributeName"]: row["source"]["expression"] for row in mapping["attributeMappings"]
        }
        for mapping in mappings
    }


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"scimconf/{name}"))


def write() -> None:
    """Write all files, and delete those of former presets."""
    content = texts()
    for path in FOLDER.glob("*.json"):
        if path.name not in content:
            path.unlink()
    for name, text in content.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
