"""The export of the connection, and the keys of Graph that both directions share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scimconf.documents import application, secrets
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.spec.addresses import holds_secret, host_problem, other_problem
from scimconf.spec.model.connection import CONFIDENTIAL, SERVICE_OWNED
from scimconf.spec.patterns import ENDPOINT, ENV_REFERENCE, HTTPS
from scimconf.spec.secret_variables import secret_variable

PORTAL = "an administrator authorized the connection in the portal, and the service keeps the tokens"
REFERENCES = "Graph never returns secrets: store them where the references point to"
KEYS = {
    "authentication": "AuthenticationType",
    "base_address": "BaseAddress",
    "secret_token": "SecretToken",
    "oauth2.token_url": "Oauth2TokenExchangeUri",
    "oauth2.client_id": "Oauth2ClientId",
    "oauth2.client_secret": "Oauth2ClientSecret",
}
"""The fields of a connection in the spec, and Graph's key of each; every other key is a field below `other`."""
_FIELDS = {key: field for field, key in KEYS.items()}


def field_of(key: str) -> str:
    """Return the field of the connection that has a key of Graph."""
    return _FIELDS.get(key, f"other.{key}")


def export_connection(request: ExportRequest) -> ExportedSpec:
    """Return the connection with a reference to an environment variable in place of each secret."""
    name, part = request.name, ExportedSpec()
    stored = secrets.values(request.snapshot.get("secrets"))
    is_authorized = bool(secrets.service_owned(request.snapshot.get("secrets")))
    keys = {key: value for key, value in stored.items() if key not in secrets.SETTINGS | SERVICE_OWNED}
    if not keys and not is_authorized:
        return part
    rotations = application.rotations(request.snapshot.rows("service_principals")[0].get("tags"))
    grant = keys.pop("AuthenticationType", None)
    fields = {field: keys.pop(key) for field, key in KEYS.items() if key in keys}
    section: dict[str, Any] = {}
    if "base_address" in fields and _is_expressible(fields["base_address"], ENDPOINT):
        section["base_address"] = fields.pop("base_address")
    oauth2 = _oauth2(name, fields, rotations) if grant == secrets.CLIENT_CREDENTIALS else None
    if oauth2 is not None:
        section["oauth2"] = oauth2
    elif "secret_token" in fields and not is_authorized:
        section["secret_token"] = _reference(name, "SCIM_TOKEN", rotations.get("SecretToken"))
        del fields["secret_token"]
    hidden = [key for key, value in keys.items() if other_problem(key, value)]
    keys = {key: value for key, value in keys.items() if key not in hidden}
    if keys:
        section["other"] = {key: _other(name, key, value, rotations.get(key)) for key, value in keys.items()}
    authentication = _authentication(section, grant, is_mixed="secret_token" in fields)
    if is_authorized:
        section = {"authentication": "portal", **section}
    elif authentication and (section or not hidden):
        section = {"authentication": authentication, **section}
    elif grant not in (None, secrets.CLIENT_CREDENTIALS):
        fields["authentication"] = grant
    unwritten = (*(KEYS[field] for field in fields), *hidden)
    part.omitted += [f"a spec cannot express {key} of the connection; it stays as it is" for key in unwritten]
    if section:
        part.tree["connection"] = section
        part.comments["connection",] = PORTAL if section.get("authentication") == "portal" else REFERENCES
    return part


def _oauth2(name: str, fields: dict[str, str], rotations: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the OAuth2 client and remove its fields; None if a part of it is missing."""
    url, client, secret = (fields.get(f"oauth2.{part}") for part in ("token_url", "client_id", "client_secret"))
    if not url or not _is_expressible(url) or client in (None, secrets.MASK) or secret is None:
        return None
    for part in ("token_url", "client_id", "client_secret"):
        del fields[f"oauth2.{part}"]
    reference = _reference(name, "CLIENT_SECRET", rotations.get("Oauth2ClientSecret"))
    return {"token_url": url, "client_id": client, "client_secret": reference}


def _is_expressible(url: str, form: str = HTTPS) -> bool:
    return re.match(form, url) is not None and not holds_secret(url) and not host_problem(url)


def _authentication(section: Mapping[str, Any], grant: str | None, *, is_mixed: bool) -> str | None:
    """Return how the service signs in; None if to write it would change something."""
    if grant == secrets.CLIENT_CREDENTIALS:
        return "oauth2_client_credentials" if "oauth2" in section and not is_mixed else None
    if grant is not None:
        return None
    if "secret_token" in section:
        return "bearer"
    return "other" if "other" in section else "entra_token"


def _reference(name: str, key: str, rotation: str | None) -> dict[str, str]:
    """Return a reference to an environment variable that is named after the application."""
    return {"env": secret_variable(name, key), **({"rotation": rotation} if rotation else {})}


def _other(name: str, key: str, value: str, rotation: str | None) -> Any:
    is_secret = value == secrets.MASK or key in CONFIDENTIAL or re.match(ENV_REFERENCE, value)
    return _reference(name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key), rotation) if is_secret else value
