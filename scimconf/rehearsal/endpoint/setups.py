"""What checks need before they can test anything: users and groups at the endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from scimconf.rehearsal.endpoint.bodies import ENTERPRISE


@dataclass(frozen=True, slots=True)
class Setup:
    """A part of the setup of checks, such as "a user"; `variant` is "" for the smallest body that Entra sends."""

    name: str
    variant: str = ""


USER, GROUP, MEMBERS = "a user", "a group", "a group with members"
TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        USER: ("No user is created.", "Accept this creation and return the user with its id: Entra sends such a body."),
        GROUP: (
            "No group is created.",
            "Accept this creation and return the group with its id: Entra sends such a body.",
        ),
        MEMBERS: ("No membership is provisioned.", "Accept `add` of `members` with a value (see B26)."),
    }
)
"""The consequence and the hint if a part of the setup fails."""


class CheckSetupError(Exception):
    """What a check needs first could not be created, so nothing was tested. The message is what the endpoint did."""

    def __init__(self, setup: Setup, actual: str) -> None:
        super().__init__(actual)
        self.setup = setup


def setup_of(endpoint: str, body: Mapping[str, Any]) -> Setup:
    """Return the setup that creates this body; bodies with other attributes than the smallest are variants."""
    smallest = _SMALLEST[endpoint]
    extension = body.get(ENTERPRISE)
    names = {*body, *(f"{ENTERPRISE}:{name}" for name in (extension if isinstance(extension, dict) else ()))}
    return Setup(USER if endpoint == "/Users" else GROUP, " ".join(sorted(names ^ smallest)))


_USER = {"schemas", "externalId", "userName", "active", "displayName", "emails", "meta", "name"}
_SMALLEST: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "/Users": frozenset(_USER),
        "/Groups": frozenset({"schemas", "externalId", "displayName", "meta"}),
    }
)
