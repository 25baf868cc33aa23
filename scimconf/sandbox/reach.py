"""The addresses to which the sandbox may send requests: those on this machine, and hosts that were named explicitly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the requests of a job are sent: the tenant URL with its flags, and the bearer token.

    `activity` is the text about the cycle that requests contain by the switch `adscimversion_header`.
    """

    address: str
    token: str
    activity: str = ""

    def within(self, date: str, activity_id: str) -> Destination:
        """Return the destination of the requests of an activity: a cycle, or a request to the sandbox."""
        return replace(self, activity=f"Date:{date}, ActivityId:{activity_id}")


@dataclass(frozen=True, slots=True)
class Reach:
    """Decides to which addresses requests are sent.

    `hosts` are allowed in addition to loopback, each as a host name or as `HOST:PORT`. `target` replaces the address and
    the token of every job; the flags in the address of a job still apply.
    """

    hosts: frozenset[str] = frozenset()
    target: Destination | None = None

    def destination(self, secrets: Mapping[str, str]) -> Destination:
        """Return where the requests of a job with these secrets are sent, whether or not that is allowed."""
        address = secrets.get("BaseAddress", "").strip()
        if self.target is None:
            return Destination(address, bearer_token(secrets))
        flags = _split(address).query
        parts = urlsplit(self.target.address)
        routed = urlunsplit((parts.scheme, parts.netloc, parts.path, flags, ""))
        return Destination(routed, self.target.token)

    def includes(self, address: str) -> bool:
        """Return whether requests may be sent to a URL."""
        parts = _split(address)
        host = (parts.hostname or "").lower()
        port = _port(parts)
        if parts.scheme not in _PORTS or not host or port is None:
            return False
        return is_loopback(host) or bool({host, f"{host}:{port}"} & self.hosts)

    def drives(self, secrets: Mapping[str, str]) -> bool:
        """Return whether a job with these secrets is provisioned by real cycles."""
        return self.includes(self.destination(secrets).address)


NOWHERE_ELSE = Reach()
"""Loopback only."""


def bearer_token(secrets: Mapping[str, str]) -> str:
    """Return the token that the service sends: one of an authorization in the portal, else the secret token."""
    return secrets.get("Oauth2AccessToken") or secrets.get("SecretToken") or ""


def is_loopback(host: str) -> bool:
    """Return whether a host is `localhost` or a loopback IP address. Names are not resolved."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
