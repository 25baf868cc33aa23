"""The SCIM server of the sandbox as the endpoint of a rehearsal."""

from __future__ import annotations

from scimconf.diagnostics import ScimconfError
from scimconf.presets.catalogue import find_entry
from scimconf.presets.target import target_limits
from scimconf.sandbox.target import RunningTarget, TargetError, start_target


def start_built_in(kind: str, token: str, preset: str = "") -> RunningTarget:
    """Start the server and return it, to be used as a context manager; raise ScimconfError if it cannot be started.

    It plays the limits of the vendor of a preset or fact page.
    """
    entry = find_entry(preset) if preset else None
    try:
        return start_target(kind, token=token, limits=None if entry is None else target_limits(entry.facts))
    except TargetError as error:
        raise ScimconfError(str(error)) from None
