"""Where Graph is, and how hard it may be asked: frozen facts, checked once, no third party.

Tokens go to one of Microsoft's clouds over https, or nowhere: a loopback address is a sandbox, and no credential is
ever asked for it or sent to it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from scimconf.diagnostics import ScimconfError

VERSION_PATH = "/v1.0"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds: its name in `--cloud`, and the hosts that serve Graph and sign people in."""

    name: str
    graph: str
    authority: str

    @property
    def base(self) -> str:
        return f"https://{self.graph}{VERSION_PATH}"

    @property
    def scope(self) -> str:
        return f"https://{self.graph}/.default"


PUBLIC = Cloud("public", "graph.microsoft.com", "login.microsoftonline.com")
CLOUDS = (
    PUBLIC,
    Cloud("us-government", "graph.microsoft.us", "login.microsoftonline.us"),
    Cloud("us-dod", "dod-graph.microsoft.us", "login.microsoftonline.us"),
    Cloud("china", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How Graph is reached; times are seconds.

    `budget` bounds the waiting of one command for throttling and for repeated tries, all requests together (waits at
    the same time count once). `throttled` and `failed` bound the tries of one request that was told to come back, and
    of one that failed or was not answered. `authority` is a file of certificates to trust, for a sandbox that serves
    https; for Graph it is httpx that looks for one.
    """

    base: str = PUBLIC.base
    concurrency: int = 8
    budget: float = 1800.0
    throttled: int = 10
    failed: int = 4
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    authority: str = ""

    def __post_init__(self) -> None:
        check_base(self.base)

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or ""

    @property
    def anonymous(self) -> bool:
        """A sandbox on this machine: no credential is asked or sent."""
        return is_loopback(self.host)

    @property
    def cloud(self) -> Cloud:
        """The cloud that the base belongs to; the public one for a sandbox."""
        return next((cloud for cloud in CLOUDS if cloud.graph == self.host), PUBLIC)


def graph_settings(environ: Mapping[str, str], cloud: str | None = None) -> Settings:
    """The settings that `--cloud` or `SCIMCONF_CLOUD`, and `SCIMCONF_GRAPH_URL`, ask for."""
    named = cloud or environ.get("SCIMCONF_CLOUD") or ""
    chosen = cloud_named(named) if named else None
    url = environ.get("SCIMCONF_GRAPH_URL", "").strip()
    if not url:
        return Settings(base=(chosen or PUBLIC).base)
    settings = Settings(base=url.rstrip("/"), authority=environ.get("SSL_CERT_FILE", ""))
    if chosen and not settings.anonymous and settings.cloud != chosen:
        raise ScimconfError(f"SCIMCONF_GRAPH_URL is {settings.host}, but the cloud {chosen.name} is {chosen.graph}")
    return settings


def cloud_named(name: str) -> Cloud:
    for cloud in CLOUDS:
        if cloud.name == name:
            return cloud
    known = ", ".join(cloud.name for cloud in CLOUDS)
    raise ScimconfError(f"{name!r} is not a cloud that is known; there are {known}")


def check_base(base: str) -> None:
    """Raise unless this is Graph v1.0 of a Microsoft cloud, or of a sandbox on this machine."""
    parts = _split(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ScimconfError("The URL of Graph is not an http(s) URL with a host and without a user")
    if not parts.path.endswith(VERSION_PATH) or parts.query or parts.fragment:
        raise ScimconfError(
            f"The URL of Graph must end in {VERSION_PATH}: {parts.scheme}://{parts.netloc}{VERSION_PATH}"
        )
    if not is_loopback(parts.hostname):
        _check_cloud(parts)


def _split(base: str) -> SplitResult:
    """The parts of a URL, its port as well; a line end, which urlsplit passes over, is none of them."""
    try:
        parts = urlsplit(base)
        is_url = base.isprintable() and (parts.port is None or parts.port > 0)
    except ValueError:
        is_url = False
    if not is_url:
        raise ScimconfError("The URL of Graph, SCIMCONF_GRAPH_URL, is no URL: look at its host, its port and its end")
    return parts


def _check_cloud(parts: SplitResult) -> None:
    if parts.scheme != "https":
        raise ScimconfError(f"{parts.netloc} is not this machine, so the URL of Graph must be https")
    if parts.netloc not in {cloud.graph for cloud in CLOUDS}:
        known = ", ".join(cloud.graph for cloud in CLOUDS)
        raise ScimconfError(f"{parts.netloc} is not Microsoft Graph; a token goes to {known} only")
    if parts.path != VERSION_PATH:
        raise ScimconfError(f"The URL of Graph is https://{parts.netloc}{VERSION_PATH}, with nothing in between")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
