"""What `init` begins a spec with: values and the comments that explain them."""

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

Notes = dict[SpecPath, str]
Made = tuple[dict[str, Any], Notes, Notes]
"""A spec, the comments above its paths, and those beside them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said; what is empty was left open."""

    name: str
    display_name: str
    tenant: str = ""
    base_address: str = ""

    @property
    def token(self) -> str:
        """The environment variable for the application's token."""
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII).upper()
        return f"{'' if name[:1].isalpha() else 'APP_'}{name}_SCIM_TOKEN"


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of application: what is asked of nobody, and how the spec is made."""

    name: str
    display_name: str
    base_address: str
    make: Callable[[Answers], Made]


def blank(answers: Answers) -> Made:
    """The frame: the application, its connection, on; everything else as it is in the tenant."""
    tree: dict[str, Any] = {
        "version": 1,
        "name": answers.name,
        "application": {"display_name": answers.display_name, "create": {"from_template": "custom"}},
        "connection": {"authentication": "bearer", "secret_token": {"env": answers.token}},
        "provisioning": {"enabled": True, "scope": "assigned"},
        "mappings": {"users": {"enabled": True}, "groups": {"enabled": True}},
        "assignments": {"unlisted": "keep", "groups": []},
    }
    above: Notes = {
        ("connection", "secret_token"): "Only where the token is kept; its value is read when it is sent.",
        ("provisioning", "scope"): "Only assigned users and groups; the other word is `all`.",
        ("assignments", "unlisted"): "People assigned by hand stay; `report` shows them, `remove` takes them out.",
        ("assignments", "groups"): "For example: - {name: Editors, role: User}",
    }
    if answers.tenant:
        tree["tenant"] = answers.tenant
    else:
        above["application",] = "tenant: contoso.com\nSigned in to any other tenant, nothing would be done.\n"
    if answers.base_address:
        tree["connection"]["base_address"] = answers.base_address
    else:
        above["connection", "secret_token"] = (
            "base_address: https://app.example.com/scim\n" + above["connection", "secret_token"]
        )
    beside: Notes = {
        ("name",): "what addresses and reports begin with",
        ("application", "create"): "makes it where it is missing",
    }
    return tree, above, beside


def writer(answers: Answers) -> Made:
    """Writer (writer.com): what its guides set up by hand in the portal."""
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
    roles = {"admin": "Writer organisation admin", "member": "Writer team member"}
    tree["app_roles"] = {
        "unlisted": "keep",
        "roles": [{"value": role, "display_name": role, "description": said} for role, said in roles.items()],
    }
    tree["role_attribute"] = {"target": WRITER_ATTRIBUTE, "source": "appRoleAssignments", "apply": "always"}
    beside |= {
        ("application", "single_sign_on"): "checked and reported, never changed",
        ("mappings", "users", "unlisted"): "the template's other mappings stay",
        ("role_attribute",): "carries a person's role to Writer",
        ("role_attribute", "source"): "scimconf: ignore L401 Writer takes roles as they are",
    }
    above["assignments", "groups"] = "Writer makes a team of each, for example: - {name: Writer editors, role: member}"
    return tree, above, beside


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "blank": Preset("", "", "", blank),
        "writer": Preset("writer", "Writer", "https://app.writer.com/api/scim/v2", writer),
    }
)
