"""Names of exported specs and their folders, made of display names, which anybody in the tenant can choose. Pure.

A name has lower-case ASCII letters, digits and `-` only, so it is one part of a path on every system, and differs from
every other name in more than letter case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

MAX_NAME = 60
"""Characters of a name: paths of Windows have 260, and a secret in Azure Key Vault 127."""
_RESERVED = re.compile("con|prn|aux|nul|(com|lpt)[0-9]")
"""Names of devices, which no file of Windows can have."""
_GAP = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """Return a text in lower-case ASCII letters, digits and `-`; "" if nothing of it is left, as of an emoji."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = _GAP.sub("-", plain)[: MAX_NAME + 1].strip("-")[:MAX_NAME].strip("-")
    return f"{name}-app" if _RESERVED.fullmatch(name) else name


def spec_names(principals: Iterable[Mapping[str, Any]], taken: Collection[str] = ()) -> dict[str, Mapping[str, Any]]:
    """Return each service principal by a name for its spec; equal names get a number.

    `taken` are names that are not used, in any letter case. A name of which nothing is left is made of the application id.
    """
    used = {name.casefold() for name in taken}
    names: dict[str, Mapping[str, Any]] = {}
    for principal in principals:
        base = slug(str(principal.get("displayName") or "")) or f"app-{slug(str(principal.get('appId')))[:8]}"
        name, number = base, 1
        while name in used:
            number += 1
            name = f"{base}-{number}"
        used.add(name)
        names[name] = principal
    return names
