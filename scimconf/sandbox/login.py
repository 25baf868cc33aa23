"""The sign-in service and the cloud metadata, for clients that need them to find and to call Graph.

Tokens are unsigned JWTs. They identify the calling application, so that it can be an owner of what it creates, and they
show the permissions of all callers. They grant nothing: the sandbox accepts any token.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimconf.sandbox.directory.owners import CALLER
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.service import PERMISSIONS, Service
from scimconf.sandbox.tenant import Tenant, stable_id

TOKEN_LIFETIME_SECONDS = 3599
Endpoint = Callable[[Request], Awaitable[Response]]


def login_routes(service: Service) -> list[Route]:
    return [
        Route("/metadata/endpoints", _metadata, methods=["GET"]),
        Route("/{tenant}/oauth2/v2.0/token", _token(service), methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _configuration, methods=["GET"]),
        Route("/{tenant}/discovery/v2.0/keys", _keys, methods=["GET"]),
    ]


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


async def _metadata(request: Request) -> Response:
    """Return the endpoints of this cloud in the format of Azure Resource Manager, which itself is not simulated."""
    root = _root(request)
    return JSONResponse(
        {
            "name": "scimconf sandbox",
            "resourceManager": "https://unused.invalid",
            "microsoftGraphResourceId": root,
            "graphAudience": f"{root}/",
            "authentication": {"loginEndpoint": root, "audiences": [root], "tenant": "common"},
            "suffixes": {},
        }
    )


async def _configuration(request: Request) -> Response:
    root, tenant = _root(request), request.path_params["tenant"]
    return JSONResponse(
        {
            "issuer": f"{root}/{tenant}/v2.0",
            "authorization_endpoint": f"{root}/{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/{tenant}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/{tenant}/discovery/v2.0/keys",
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["none"],
        }
    )


async def _keys(_request: Request) -> Response:
    return JSONResponse({"keys": []})


# ---- tokens ---------------------------------------------------------------------------------------------------------


def _token(service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        error = _token_error(form)
        if error is not None:
            return JSONResponse(error, status_code=401 if error["error"] == "invalid_client" else 400)
        token = _access_token(service.tenant, form["client_id"], _root(request))
        body = {"token_type": "Bearer", "expires_in": TOKEN_LIFETIME_SECONDS, "ext_expires_in": TOKEN_LIFETIME_SECONDS}
        return JSONResponse(body | {"access_token": token})

    return endpoint


def _token_error(form: Mapping[str, str]) -> Json | None:
    if form.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", 70003, "The sandbox issues tokens for client credentials only.")
    if not form.get("client_id"):
        return _error("invalid_request", 900144, "The request body must contain the parameter: 'client_id'.")
    if not form.get("client_secret") and not form.get("client_assertion"):
        return _error("invalid_client", 7000218, "The request body must contain 'client_assertion' or 'client_secret'.")
    return None


def _error(error: str, number: int, message: str) -> Json:
    return {"error": error, "error_description": f"AADSTS{number}: {message}", "error_codes": [number]}


def _access_token(tenant: Tenant, client_id: str, root: str) -> str:
    """Return a JWT with the permissions of all callers, or text that no client can read, as a switch decides."""
    claims, kind = _claims(tenant, client_id, root), tenant.switches.access_tokens
    if kind == "opaque":
        return stable_id(f"token/{client_id}")
    if kind == "delegated":
        scopes = " ".join(claims.pop("roles"))
        return _jwt({**claims, "idtyp": "user", "scp": scopes})
    return _jwt(claims)


def _claims(tenant: Tenant, client_id: str, root: str) -> Json:
    """Return the claims of a client; store its service principal, which no list contains."""
    caller = stable_id(f"caller/{client_id}")
    organization = tenant.stored_value(ORGANIZATION)["id"]
    name = f"Client {client_id}"
    tenant.documents.put(CALLER, caller, {"id": caller, "appId": client_id, "displayName": name})
    issued_at = int(tenant.now().timestamp())
    return {
        "aud": root,
        "iss": f"{root}/{organization}/v2.0",
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + TOKEN_LIFETIME_SECONDS,
        "app_displayname": name,
        "appid": client_id,
        "idtyp": "app",
        "oid": caller,
        "roles": tenant.stored_value(PERMISSIONS) or [],
        "sub": caller,
        "tid": organization,
        "ver": "1.0",
    }


def _jwt(claims: Json) -> str:
    return f"{_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}."


def _part(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")
