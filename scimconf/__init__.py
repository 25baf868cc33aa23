"""Application provisioning in Microsoft Entra ID as code.

The names in `__all__` are the Python API; `docs/api.md` describes them. They are imported on first use, because the
command line imports this package at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scimconf.version import __version__

if TYPE_CHECKING:
    from scimconf.api import (
        ApplyStatus,
        ScimconfError,
        SpecError,
        SpecExport,
        SpecPlan,
        SpecPreview,
        TenantClient,
        connect,
        load,
        validate,
    )

__all__ = [
    "ApplyStatus",
    "ScimconfError",
    "SpecError",
    "SpecExport",
    "SpecPlan",
    "SpecPreview",
    "TenantClient",
    "__version__",
    "connect",
    "load",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("scimconf.api"), name)
    raise AttributeError(f"module 'scimconf' has no attribute '{name}'")
