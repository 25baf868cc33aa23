"""The settings of the Graph client: URL, limits and timeouts. No third party.

Tokens are sent over https to one of Microsoft's clouds only. A loopback address is a sandbox, for which no credential
is read or sent.
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
    """A Microsoft cloud: its name for `--cloud`, and the hosts of Graph and of sign-in (Graph: national clouds)."""

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
    """The settings of one command; times are seconds.

    `budget` limits the time that all requests wait for retries, `throttled` and `failed` the attempts of one request.
    `authority` is a certificate file to trust, for a sandbox with https only.
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
    def root(self) -> str:
        """The URL of the host, without a path."""
        return self.base.removesuffix(VERSION_PATH)

    @property
    def anonymous(self) -> bool:
        return is_loopback(self.host)

    @property
    def cloud(self) -> Cloud:
        """The cloud of the base URL; the public one for a sandbox."""
        return next((cloud for cloud in CLOUDS if cloud.graph == self.host), PUBLIC)


def graph_settings(environ: Mapping[str, str], cloud: str | None = None) -> Settings:
    """Return the settings of `--cloud` or `SCIMCONF_CLOUD`, and of `SCIMCONF_GRAPH_URL`."""
    name, clouds = cloud or environ.get("SCIMCONF_CLOUD"), {cloud.name: cloud for cloud in CLOUDS}
    if name and name not in clouds:
        raise ScimconfError(f"unknown cloud {name!r}. Valid clouds: {', '.join(clouds)}")
    chosen = clouds[name] if name else None
    url = environ.get("SCIMCONF_GRAPH_URL", "").strip()
    if not url:
        return Settings(base=(chosen or PUBLIC).base)
    settings = Settings(base=url.rstrip("/"), authority=environ.get("SSL_CERT_FILE", ""))
    if chosen and not settings.anonymous and settings.cloud != chosen:
        problem = f"has the host {settings.host}, but the cloud {chosen.name} has {chosen.graph}"
        raise ScimconfError(f"SCIMCONF_GRAPH_URL {problem}")
    return settings


def check_base(base: str) -> None:
    """Raise unless this is Graph v1.0 of a Microsoft cloud, or of a sandbox on this machine."""
    parts = _split(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ScimconfError("invalid Graph URL: expected http(s)://HOST/v1.0 without a user name")
    if not parts.path.endswith(VERSION_PATH) or parts.query or parts.fragment:
        example = f"{parts.scheme}://{parts.netloc}{VERSION_PATH}"
        raise ScimconfError(f"invalid Graph URL: expected it to end in {VERSION_PATH}, as {example} does")
    if not is_loopback(parts.hostname):
        _check_cloud(parts)


def _split(base: str) -> SplitResult:
    """Return the parts of a URL; raise ScimconfError for an invalid port, or a line end, which urlsplit ignores."""
    try:
        parts = urlsplit(base)
        is_url = base.isprintable() and (parts.port is None or parts.port > 0)
    except ValueError:
        is_url = False
    if not is_url:
        raise ScimconfError("SCIMCONF_GRAPH_URL is not a valid URL: check its host, its port and its end")
    return parts


def _check_cloud(parts: SplitResult) -> None:
    if parts.scheme != "https":
        raise ScimconfError(f"invalid Graph URL: expected https for {parts.netloc}, which is not this machine")
    if parts.netloc not in {cloud.graph for cloud in CLOUDS}:
        known = ", ".join(cloud.graph for cloud in CLOUDS)
        raise ScimconfError(f"{parts.netloc} is not Microsoft Graph; tokens are sent to {known} only")
    if parts.path != VERSION_PATH:
        raise ScimconfError(f"invalid Graph URL: expected https://{parts.netloc}{VERSION_PATH}")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
