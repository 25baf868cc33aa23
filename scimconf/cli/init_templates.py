"""The specs that `scimconf init` writes: values, and the comments that explain them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import SpecPath

SCHEMA = ".scimconf/spec.schema.json"
MODELINES = f"yaml-language-server: $schema={SCHEMA}\n$schema: {SCHEMA}"
"""The first is read by the YAML language server (VS Code, Neovim, Helix, Emacs, Zed …), the second by JetBrains' IDEs."""
WRITER_ATTRIBUTE = "urn:custom:params:scim:schemas:extension:writer:2.0:User"

Comments = dict[SpecPath, str]
Template = tuple[dict[str, Any], Comments, Comments]
"""A spec, the comments above its paths, and those beside them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The values of a new spec; "" if they were skipped."""

    name: str
    display_name: str
    tenant: str = ""
    base_address: str = ""

    @property
    def token(self) -> str:
        """The environment variable of the secret token."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII).upper()
        return f"{'' if name[:1].isalpha() else 'APP_'}{name}_SCIM_TOKEN"


@dataclass(frozen=True, slots=True)
class SpecTemplate:
    """A preset of `init`: defaults of the prompts, and the function that builds the spec."""

    name: str
    display_name: str
    base_address: str
    build: Callable[[Answers], Template]


def blank(answers: Answers) -> Template:
    """Return the minimum: the application, its connection, provisioning on. Nothing else is managed."""
    tree: dict[str, Any] = {
        "version": 1,
        "name": answers.name,
        "application": {"display_name": answers.display_name, "create": {"from_template": "custom"}},
        "connection": {"authentication": "bearer", "secret_token": {"env": answers.token}},
        "provisioning": {"enabled": True, "scope": "assigned"},
        "mappings": {"users": {"enabled": True}, "groups": {"enabled": True}},
        "assignments": {"unlisted": "keep", "groups": []},
    }
    above: Comments = {
        ("connection", "secret_token"): "The variable that contains the token. Its value is read when it is sent.",
        ("provisioning", "scope"): "`assigned`: only assigned users and groups; `all`: everyone in the directory.",
        ("assignments", "unlisted"): "Assignments not listed here: `keep`, `report` or `delete` them.",
        ("assignments", "groups"): "For example: - {name: Editors, role: User}",
    }
    if answers.tenant:
        tree["tenant"] = answers.tenant
    else:
        above["application",] = "tenant: contoso.com\nWith it, apply refuses to run in any other tenant.\n"
    if answers.base_address:
        tree["connection"]["base_address"] = answers.base_address
    else:
        above["connection", "secret_token"] = (
            "base_address: https://app.example.com/scim\n" + above["connection", "secret_token"]
        )
    beside: Comments = {
        ("name",): "addresses begin with it",
        ("application", "create"): "creates the application if it does not exist",
    }
    return tree, above, beside


def writer(answers: Answers) -> Template:
    """Return the spec of Writer (writer.com): what its guides set up in the portal."""
    tree, above, beside = blank(answers)
    tree["application"]["single_sign_on"] = "saml"
    tree["mappings"]["users"] |= {
        "actions": ["create", "update", "delete"],
        "unlisted": "keep",
        "attributes": {
            "userName": {"source": "userPrincipalName", "match": 1},
            "externalId": "mailNickname",
            'emails[type eq "work"].value': "mail",
        },
    }
    roles = {"admin": "Writer organization admin", "member": "Writer team member"}
    tree["app_roles"] = {
        "unlisted": "keep",
        "roles": [
            {"value": role, "display_name": role, "description": description} for role, description in roles.items()
        ],
    }
    tree["role_attribute"] = {"target": WRITER_ATTRIBUTE, "source": "appRoleAssignments", "apply": "always"}
    beside |= {
        ("application", "single_sign_on"): "checked and reported, never changed",
        ("mappings", "users", "unlisted"): "keeps the other mappings of the template",
        ("role_attribute",): "sends the role of each user to Writer",
        ("role_attribute", "source"): "scimconf: ignore L401 Writer takes roles in this format",
    }
    above["assignments", "groups"] = "Writer creates a team for each group: - {name: Writer editors, role: member}"
    return tree, above, beside


PRESETS: Mapping[str, SpecTemplate] = MappingProxyType(
    {
        "blank": SpecTemplate("", "", "", blank),
        "writer": SpecTemplate("writer", "Writer", "https://app.writer.com/api/scim/v2", writer),
    }
)
