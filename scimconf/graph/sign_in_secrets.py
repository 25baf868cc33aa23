"""The secrets that a sign-in uses and that the environment holds: they are masked, and never sent to Graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from scimconf.files import read_regular_file

SHORTEST = 8
"""Characters; a shorter value is no secret of a service, and masking it would make output unreadable."""
MAX_ASSERTION = 65_536
_SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|JWT|HEADER|ASSERTION")
_NO_SECRET = re.compile(r"_(FILE|PATH|URL|URI|ENDPOINT|ID|NAME|USER|USERNAME|CREDENTIALS)$")
_PROXY = re.compile(r"(HTTPS?|ALL)_PROXY")


def environment_secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables with secrets of a sign-in or a pipeline, and the passwords of proxies."""
    from scimconf.spec.secret_variables import RESERVED

    for name, value in environ.items():
        upper = name.upper()
        if RESERVED.match(upper) and _SECRET.search(upper) and not _NO_SECRET.search(upper):
            yield from _long_enough(value.strip())
        elif _PROXY.fullmatch(upper):
            yield from _long_enough(_password(value))


def assertion(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the pipeline's OIDC token in AZURE_FEDERATED_TOKEN_FILE, which may be another one later."""
    file = environ.get("AZURE_FEDERATED_TOKEN_FILE")
    if file:
        try:
            yield from _long_enough(read_regular_file(file, MAX_ASSERTION).decode("utf-8", "replace").strip())
        except OSError:
            return  # azure reports it


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def _long_enough(value: str) -> Iterator[str]:
    if len(value) >= SHORTEST:
        yield value
