"""The SCIM server of the sandbox as the endpoint of a rehearsal."""

from __future__ import annotations

from scimconf.diagnostics import ScimconfError
from scimconf.sandbox.target import RunningTarget, TargetError, start_target


def start_built_in(kind: str, token: str) -> RunningTarget:
    """Start the server and return it, to be used as a context manager; raise ScimconfError if it cannot be started."""
    try:
        return start_target(kind, token=token)
    except TargetError as error:
        raise ScimconfError(str(error)) from None
