"""Object flows and switches for tests of the engine's pure stages."""

from __future__ import annotations

from typing import Any

from scimconf.expressions import parse
from scimconf.expressions.evaluation import compile_expression
from scimconf.sandbox.engine.values import AttributeFlow, ObjectFlow
from scimconf.sandbox.switches import Switches

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ACTIONS = frozenset({"Add", "Update", "Delete"})


def switches(**positions: Any) -> Switches:
    return Switches().changed(positions)


def attribute_flow(target: str, text: str = "[displayName]", **fields: Any) -> AttributeFlow:
    return AttributeFlow(target, text, compile_expression(parse(text)), **fields)


def object_flow(*flows: AttributeFlow, kind: Any = "User") -> ObjectFlow:
    resource: Any = "Users" if kind == "User" else "Groups"
    return ObjectFlow(kind, resource, kind, ACTIONS, flows)


USERS = object_flow(attribute_flow("userName", "[userPrincipalName]", matching_priority=1))
GROUPS = object_flow(attribute_flow("displayName", matching_priority=1), kind="Group")
