"""The settings of the two checks that need a token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

CLIENT_ID, CLIENT_SECRET = "SCIMCONF_OAUTH_CLIENT_ID", "SCIMCONF_OAUTH_CLIENT_SECRET"
SCOPE, ASSERTION = "SCIMCONF_OAUTH_SCOPE", "SCIMCONF_OAUTH_ASSERTION"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """A token endpoint with the credentials of a client; `assertion` is a token of another issuer, or ""."""

    url: str
    client_id: str
    client_secret: str
    scope: str = ""
    assertion: str = ""

    def client_credentials(self) -> str:
        """Return the form of the client credentials grant (RFC 6749, section 4.4)."""
        return self._form({"client_secret": self.client_secret})

    def client_assertion(self) -> str:
        """Return the form that has a signed token instead of a secret (RFC 7523, section 2.2)."""
        return self._form({"client_assertion_type": JWT_BEARER, "client_assertion": self.assertion})

    def _form(self, proof: Mapping[str, str]) -> str:
        scope = {"scope": self.scope} if self.scope else {}
        return urlencode({"grant_type": "client_credentials", "client_id": self.client_id, **proof, **scope})
