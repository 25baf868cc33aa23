"""What vendors do with an account that Entra sets to inactive, by the host of the tenant URL, as their documentation says.

It is for specs without `preset:`; a preset has the facts of its vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

_BY_HOST: Mapping[str, str] = MappingProxyType(
    {
        "smartsheet.com": "Smartsheet deletes an account for good when it becomes inactive",
        "figma.com": "Figma removes an inactive user from the organisation; a user who comes back has no teams",
        "api.github.com": "GitHub suspends the user and obfuscates name and email; a deletion suspends for good",
        "ghe.com": "GitHub suspends the user and obfuscates name and email; a deletion suspends for good",
    }
)
"""Sources: Microsoft's tutorials for Smartsheet, Figma's and GitHub's documentation about SCIM."""


def vendor_treatment(base_address: str) -> str:
    """Return what the vendor of a tenant URL does with an account that becomes inactive, "" if it is not known."""
    try:
        host = (urlsplit(base_address).hostname or "").lower()
    except ValueError:
        return ""
    return next((text for name, text in _BY_HOST.items() if host == name or host.endswith(f".{name}")), "")
