"""What stands behind the `?` of an address: flags of the service's, and what should have been a secret.

An address is shown to whoever may read the application, and stands in every plan; so a key in it is no secret any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FLAGS = frozenset({"aadoptscim062020", "azureadscimpatch2017"})
"""What the provisioning service itself reads in an address; the application never sees it."""

_SECRETIVE = re.compile(
    r".*(token|secret|password|passwd|pwd|signature|apikey|accesskey)|(.*[-_.])?(key|sig|code|auth)", re.IGNORECASE
)
_PART = re.compile(r"([?&;])([^=&;]*)=([^&;]+)")


def keys(address: str) -> Iterator[str]:
    """The keys of an address's query, whether or not they have values."""
    for part in re.split(r"[&;]", address.partition("?")[2]):
        if part:
            yield part.partition("=")[0]


def holds_secret(address: str) -> bool:
    """Whether a key of the query speaks of a secret, and has a value."""
    return masked(address) != address


def masked(address: str) -> str:
    """The address with the values of such keys hidden."""
    return _PART.sub(lambda one: f"{one[1]}{one[2]}=***" if _SECRETIVE.fullmatch(one[2]) else one[0], address)
