"""The boundary of scim2-server and scim2-models: a SCIM service in memory.

No other module imports them: both rename things in minor versions, and are pinned exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scim2_models import (
    Attribute,
    AuthenticationScheme,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    UnauthorizedException,
    Uniqueness,
)
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from scimconf.sandbox.target.messages import TargetRequest, TargetResponse

_TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
Attributes = Mapping[str, Mapping[str, Any]]
"""The attributes of an extension: the definition of each by its name, as in RFC 7643 section 7."""
_URIS = ("profileUrl", "photos")
_URN = re.compile(r"urn:[a-z0-9-]+:\S+", re.IGNORECASE | re.ASCII)
_RESERVED_NAMES = ("user", "group", "enterpriseuser")
_TYPES = {"users": "User", "groups": "Group"}


class ScimPeer:
    """A SCIM service with users and groups in memory that accepts one bearer token.

    A request is served without a pause, so that concurrent requests cannot interleave. All calls belong to one event
    loop, except `resources`.
    """

    def __init__(self, token: str, *, tolerant: bool) -> None:
        self._token = token
        self._policy = _TOLERANT if tolerant else ScimPolicy()
        self._storage = InMemoryStorage()
        self._extensions: dict[tuple[str, str], Attributes] = {}
        self._application = self._build({})

    async def respond(self, request: TargetRequest) -> TargetResponse:
        """Return the response of scim2-server."""
        scim_request = ScimRequest(
            method=request.method,
            base_url=request.base_url,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
        )
        response = await self._application.serve(scim_request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return TargetResponse(int(response.status), response.body, headers)

    def resources(self) -> list[dict[str, Any]]:
        """Return all stored resources in the order of their creation."""
        with self._storage.lock:
            documents = [resource.model_dump() for resource in self._storage.resources]
        return sorted(documents, key=lambda document: str(document["meta"]["created"]))

    def attributes(self, endpoint: str, urn: str) -> Attributes:
        """Return the declared attributes of an extension; the endpoint is `users` or `groups`."""
        return self._extensions.get((_TYPES[endpoint], urn), {})

    def declare(self, endpoint: str, urn: str, attributes: Attributes) -> None:
        """Add attributes to an extension, and convert the stored resources. Nothing changes if a name is not allowed."""
        key = (_TYPES[endpoint], urn)
        if not _URN.fullmatch(urn) or any(
            _contains(urn, other) or _contains(other, urn) for _, other in self._extensions
        ):
            return
        extensions = {**self._extensions, key: {**self._extensions.get(key, {}), **attributes}}
        try:
            application = self._build(extensions)
        except (ValueError, TypeError, NameError, AttributeError):
            return
        self._extensions, self._application = extensions, application
        provider = application.provider
        with self._storage.lock, provider:
            self._storage.resources = [_converted(provider, resource) for resource in self._storage.resources]

    def _build(self, extensions: Mapping[tuple[str, str], Attributes]) -> _Application:
        config = load_default_service_provider_config()
        config.authentication_schemes = [_bearer_scheme()]
        schemas = load_default_schemas()
        if self._policy is _TOLERANT:
            _loosen(schemas)
        names = _names([urn for _, urn in extensions])
        added = (_extension_schema(urn, names[urn], attributes) for (_, urn), attributes in extensions.items())
        types = [_extended(item, extensions) for item in load_default_resource_types().values()]
        provider = ScimProvider.from_discovery([*schemas.values(), *added], types, config=config, policy=self._policy)
        return _Application(AsyncInMemoryStorage(self._storage), provider, self._token)


class _Application(ASGIApplication):
    """scim2-server with a bearer token and without environment variables."""

    def __init__(self, storage: AsyncInMemoryStorage, provider: ScimProvider, token: str) -> None:
        super().__init__(storage, provider, ScimService(provider))
        self._token = token

    def check_auth(self, request: ScimRequest) -> None:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or token != self._token:
            raise UnauthorizedException


def _bearer_scheme() -> AuthenticationScheme:
    return AuthenticationScheme.model_validate(
        {"type": "oauthbearertoken", "name": "bearer_token", "description": "The token of the target"}
    )


def _loosen(schemas: Mapping[str, Schema]) -> None:
    """Let a second group with the same name conflict, and accept any text as a URI, as Microsoft's validator expects."""
    for attribute in schemas["urn:ietf:params:scim:schemas:core:2.0:Group"].attributes or []:
        if attribute.name == "displayName":
            attribute.uniqueness = Uniqueness.server
    for attribute in schemas["urn:ietf:params:scim:schemas:core:2.0:User"].attributes or []:
        for part in [attribute, *(attribute.sub_attributes or [])] if attribute.name in _URIS else []:
            if part.type is Attribute.Type.reference:
                part.type = Attribute.Type.string
                part.reference_types = None


def _extension_schema(urn: str, name: str, attributes: Attributes) -> Schema:
    definitions = [{"name": name, **definition} for name, definition in attributes.items()]
    return Schema.model_validate({"id": urn, "name": name, "attributes": definitions})


def _names(urns: list[str]) -> dict[str, str]:
    """Return a unique name for each extension: the part before its version, such as `writer`, with a number if needed."""
    names: dict[str, str] = {}
    for number, urn in enumerate(urns):
        words = [part for part in urn.split(":")[1:] if part.isidentifier() and part.lower() not in _RESERVED_NAMES]
        name = words[-1] if words else "extension"
        names[urn] = f"{name}{number}" if name in names.values() else name
    return names


def _contains(urn: str, other: str) -> bool:
    """Return whether a URN would be that of an attribute in the extension of the other."""
    return urn != other and urn.lower().startswith(f"{other.lower()}:")


def _extended(resource_type: ResourceType, extensions: Mapping[tuple[str, str], Attributes]) -> ResourceType:
    added = [{"schema": urn, "required": False} for name, urn in extensions if name == resource_type.name]
    if not added:
        return resource_type
    document = resource_type.model_dump()
    return ResourceType.model_validate(
        {**document, "schemaExtensions": [*document.get("schemaExtensions", []), *added]}
    )


def _converted(provider: ScimProvider, resource: Any) -> Any:
    model = provider.model_for(resource.meta.resource_type)
    assert model is not None
    return model.model_validate(resource.model_dump())
