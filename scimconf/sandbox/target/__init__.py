"""SCIM servers for tests: they receive what a provisioning job sends, and show it."""

from scimconf.sandbox.target.catalogue import TargetError
from scimconf.sandbox.target.running import RunningTarget, start_target

__all__ = ["RunningTarget", "TargetError", "start_target"]
