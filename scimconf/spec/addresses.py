"""The tenant URL: which endpoint it is, the flags of the provisioning service, and parameters that look like secrets.

Everyone who can read the application sees the URL, and every plan shows it, so a secret in it is not secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FORMER_FLAGS = {"azureadscimpatch062020": "aadOptscim062020"}
"""A flag by the name that Microsoft's documentation used in 2020 and 2021, and its present name."""
FLAG_NAMES = ("aadOptscim062020", "AzureAdScimPatch2017")
FLAGS = frozenset({*map(str.lower, FLAG_NAMES), *FORMER_FLAGS})
"""Parameters that the provisioning service itself reads. It does not send them to the application."""

_SECRET_NAME = re.compile(
    r".*(token|secret|password|passwd|pwd|signature|apikey|accesskey)|(.*[-_.])?(key|sig|code|auth)", re.IGNORECASE
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""The last label of a host that is read as an IPv4 address, as in the URL standard."""
_LOOPBACK = re.compile(r"127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
_LINK_LOCAL = re.compile(
    r"[^.]+\.local|.*\.localdomain|metadata|instance-data|(metadata|instance-data)\.(google|ec2|azure)\.internal|metadata\.goog"
)
"""Names that are valid on one machine or network only: multicast DNS (RFC 6762) and the metadata services of clouds. A
domain below `.local`, such as `app.corp.local`, may be one of an on-premises Active Directory."""
HOST_KEYS = frozenset({"Domain", "InstanceName", "Server", "Url"})
"""Graph's keys (synchronizationSecret) that decide the host of gallery applications, beside `BaseAddress`."""
_AUTHORITY = re.compile(r"[a-z]+://[a-z0-9.-]+(:[0-9]+)?([/?#]|$)", re.IGNORECASE)
_PARAMETER = re.compile(r"([?&;])([^=&;]*)=([^&;]+)")


def host_problem(address: str) -> str:
    """Return why the service must not send credentials to the host of a URL; "" if it may.

    A host that is a number names an address, never an application: nobody can review what is behind it. A loopback
    address stays possible for a sandbox, and `localhost` for the on-premises provisioning agent.
    """
    host = endpoint(address)[0].partition("://")[2].partition(":")[0].rstrip(".")
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and not _LOOPBACK.fullmatch(host):
        return f"the host {host} is an IP address"
    if _LINK_LOCAL.fullmatch(host):
        return f"the host {host} is a link-local name"
    return ""


def is_local(address: str) -> bool:
    """Return whether a tenant URL is an http URL, which the spec allows for this machine only: Entra needs https."""
    return address.lower().startswith("http://")


def is_url(value: str) -> bool:
    return value.lower().startswith(("https://", "http://"))


def other_problem(key: str, value: str) -> str:
    """Return why a value of another key that decides a host cannot be reviewed or must not be used; "" if it may."""
    if not is_url(value) and key not in HOST_KEYS:
        return ""
    hidden = next((char for char in value if not "!" <= char <= "~" and char != " "), "")
    if hidden:
        return f"the address has the character U+{ord(hidden):04X}, which may hide another address"
    if not is_url(value):
        return host_problem(f"https://{value}") if "." in value else ""
    if not _AUTHORITY.match(value):
        return "the address has more than a host and a port before its path, which may hide another host"
    return host_problem(value)


def keys(address: str) -> Iterator[str]:
    """Yield the names of the URL's query parameters, with or without a value."""
    for parameter in _parameters(address):
        yield parameter.partition("=")[0]


def flags(address: str) -> frozenset[str]:
    """Return the flags of the service in the query, in lower case."""
    return frozenset(key.lower() for key in keys(address)) & FLAGS


def endpoint(address: str) -> tuple[str, str, frozenset[str]]:
    """Return scheme and host, path, and parameters: what is equal for two URLs of one endpoint.

    The flags of the service, a trailing slash, the port 443, and upper case in the host make no difference.
    """
    scheme, _, rest = address.partition("?")[0].partition("://")
    host, _, path = rest.partition("/")
    parameters = (part for part in _parameters(masked(address)) if part.partition("=")[0].lower() not in FLAGS)
    return f"{scheme}://{host}".lower().removesuffix(":443"), path.rstrip("/"), frozenset(parameters)


def _parameters(address: str) -> Iterator[str]:
    return filter(None, re.split(r"[&;]", address.partition("?")[2]))


def holds_secret(address: str) -> bool:
    """Return whether a query parameter has a value and a name that suggests a secret."""
    return masked(address) != address


def masked(address: str) -> str:
    """Return the URL with the values of such parameters replaced by `***`."""
    return _PARAMETER.sub(
        lambda match: f"{match[1]}{match[2]}=***" if _SECRET_NAME.fullmatch(match[2]) else match[0], address
    )
