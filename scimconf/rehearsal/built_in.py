"""The SCIM server of the sandbox as the endpoint of a rehearsal."""

from __future__ import annotations

from scimconf.diagnostics import ScimconfError
from scimconf.presets.catalogue import find_entry
from scimconf.presets.target import target_limits
from scimconf.rehearsal.run import PlayedVendor
from scimconf.sandbox.target import RunningTarget, TargetError, start_target


def start_built_in(kind: str, token: str, vendor: PlayedVendor | None = None) -> RunningTarget:
    """Start the server and return it, to be used as a context manager; raise ScimconfError if it cannot be started.

    It plays the limits of the vendor.
    """
    try:
        return start_target(kind, token=token, limits=None if vendor is None else vendor.limits)
    except TargetError as error:
        raise ScimconfError(str(error)) from None


def played_vendor(preset: str) -> PlayedVendor:
    """Return the vendor of a preset or fact page; raise ScimconfError if there is none."""
    entry = find_entry(preset)
    if entry is None:
        error = ScimconfError(f'unknown preset or fact page "{preset}"')
        error.hint = "`scimconf preset list` shows all."
        raise error
    return PlayedVendor(entry.facts.title, target_limits(entry.facts))
