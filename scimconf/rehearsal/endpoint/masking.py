"""Masks the secrets of a run in everything that an endpoint returns, before it becomes part of a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scimconf.graph.secret_masking import MASK, SecretMask
from scimconf.graph.sign_in_secrets import SHORTEST
from scimconf.graph.token_parts import GRAM, TokenParts
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.messages import EndpointResponse


class RunMask:
    """The secrets of a run. Parts of a secret of at least twice GRAM characters are masked too.

    A shorter text than SHORTEST, such as the token of a server on a laptop, is no secret: masking it would make the report
    unreadable.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._mask, self._parts = SecretMask(), TokenParts()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask another secret from now on, such as an access token."""
        if len(secret) < SHORTEST:
            return
        self._mask.add(secret)
        if len(secret) >= 2 * GRAM:
            self._parts.add(secret)

    def text(self, text: str) -> str:
        """Return the text with each secret replaced by stars."""
        return self._parts.replace(self._mask.mask_text(text), MASK)

    def json(self, value: Json) -> Json:
        """Return a JSON value with its strings and the keys of its objects masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.json(part) for key, part in value.items()}
        return [self.json(part) for part in value] if isinstance(value, list) else value

    def response(self, response: EndpointResponse) -> EndpointResponse:
        """Return a response whose texts are masked."""
        return replace(
            response,
            content_type=self.text(response.content_type),
            body=self.json(response.body),
            problem=self.text(response.problem),
        )
