"""`scimconf check-endpoint`: check a SCIM endpoint with the requests that Entra sends."""

from __future__ import annotations

import os
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import click

from scimconf.check_report import CheckReport
from scimconf.cli import options
from scimconf.cli.confirmation import is_confirmed
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.session import stopping_interrupts
from scimconf.cli.streams import masked, masked_text
from scimconf.cli.terminal import Terminal
from scimconf.diagnostics import ScimconfError
from scimconf.files import check_writable, write_file
from scimconf.spec.addresses import FLAGS, flags, keys

if TYPE_CHECKING:
    from scimconf.rehearsal.endpoint.checks import Check
    from scimconf.rehearsal.endpoint.context import RunSettings
    from scimconf.rehearsal.endpoint.oauth import OAuthSettings
    from scimconf.rehearsal.endpoint.run import RunOutcome

COMPLIANT_FLAGS = frozenset({"aadoptscim062020", "azureadscimpatch062020"})
DOMAIN = "contoso.com"
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_NO_URL = "is not a URL such as https://app.example.com/scim/v2"
_TOKEN = re.compile(r"[!-~]+")
_VARIABLE = re.compile(r"[A-Za-z_]{1,40}|[A-Z_][A-Z0-9_]{0,40}")
"""Names that a message may repeat. A token has other characters, or small letters and digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """Which checks are run, against which endpoint, and where the report is printed."""

    url: str
    token_env: str | None = None
    only: tuple[str, ...] = ()
    dialect: str = "auto"
    domain: str = DOMAIN
    timeout: float = 30.0
    oauth: str | None = None
    output_format: str = "text"
    full: bool = False
    out: str | None = None
    yes: bool = False


@click.command("check-endpoint", short_help="Check a SCIM endpoint with the requests that Entra sends.")
@click.argument("url", required=False, metavar="URL")
@click.option("--token-env", metavar="NAME", help="Environment variable with the token of the endpoint.")
@click.option("--only", multiple=True, metavar="ID", help="Run this check, such as B02 or 'WV-*' (repeatable).")
@click.option("--list", "list_only", is_flag=True, help="List the checks, and run none.")
@click.option(
    "--dialect",
    type=click.Choice(["auto", "legacy", "compliant"]),
    default="auto",
    show_default=True,
    help="Dialect of PATCH; auto: compliant if the URL has the flag aadOptscim062020, else legacy.",
)
@click.option("--domain", default=DOMAIN, show_default=True, help="Domain of the names of the users that are created.")
@click.option(
    "--oauth",
    metavar="URL",
    help="Token endpoint, for two checks. The client is in SCIMCONF_OAUTH_CLIENT_ID and SCIMCONF_OAUTH_CLIENT_SECRET.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    help="Seconds for one request with its response.",
)
@options.check_report
def command(list_only: bool, **params: Any) -> int:
    """Check a SCIM endpoint with the requests that Entra sends.

    Runs Microsoft's two acceptance lists, and checks for faults of real servers. Needs no tenant and no spec. URL is the tenant
    URL: Entra appends /Users and /Groups to it.

    Creates users and groups named scimconf-check-… at the endpoint, and deletes them at the end. Asks first. Exit code
    0 means that every check ended as expected, 2 that a check failed. Warnings do not change it.

    \b
        export SCIM_TOKEN=…
        scimconf check-endpoint https://app.example.com/scim/v2 --token-env SCIM_TOKEN
        scimconf check-endpoint http://localhost:8080/scim --token-env SCIM_TOKEN --yes --format junit --out report.xml
    """
    if list_only:
        return _print_list(params["only"])
    if params["url"] is None or params["token_env"] is None:
        raise click.UsageError("URL and --token-env are required, unless --list is used.")
    check_options = options.from_click(CheckOptions, params)
    checks = _selected(check_options.only)
    address = base_address(check_options.url)
    secrets = (endpoint_token(check_options.token_env or ""), *_oauth_secrets(check_options.oauth))
    if not _is_confirmed(check_options, address, len(checks)):
        return ExitCode.FAILED
    if check_options.out:
        check_writable(check_options.out)
    from scimconf.rehearsal.endpoint.masking import RunMask

    click.get_current_context().ensure_object(ExitStack).enter_context(masked(RunMask(secrets).text))
    outcome = _run(check_options, address, checks, secrets)
    _print_report(outcome.report, check_options)
    return combine([ExitCode(outcome.report.exit_code), *([ExitCode.INTERRUPTED] if outcome.interrupted else [])])


def _print_list(patterns: tuple[str, ...]) -> ExitCode:
    group = ""
    for check in _selected(patterns):
        if check.group != group:
            click.echo(f"{check.group}:" if not group else f"\n{check.group}:")
            group = check.group
        click.echo(f"  {check.id:<31} {check.title}")
    return ExitCode.OK


def _selected(patterns: tuple[str, ...]) -> tuple[Check, ...]:
    from scimconf.rehearsal.endpoint.checks import all_checks, select, unmatched
    from scimconf.suggestions import unknown

    for pattern in unmatched(patterns):
        known = [check.id for check in all_checks()]
        message = unknown("check", pattern, known, "`scimconf check-endpoint --list` lists the checks.")
        raise click.BadParameter(message, param_hint="--only")
    return select(patterns)


def base_address(url: str, param_hint: str = "URL") -> str:
    """Return the URL without its query and a trailing slash; raise click.BadParameter if Entra or scimconf rejects it."""
    from scimconf.rehearsal.endpoint.transport import is_loopback

    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise click.BadParameter(f"{url!r} {_NO_URL}.", param_hint="URL") from None
    problem = ""
    if not is_complete:
        problem = _NO_URL
    elif parts.username or parts.password:
        problem = "has a user name. Put the token into the variable that --token-env names"
    elif parts.scheme == "http" and not is_loopback(url):
        problem = "is not encrypted. Write https: http is possible for this machine only"
    elif parts.fragment or any(key.lower() not in FLAGS for key in keys(url)):
        problem = (
            "has a query. Write the URL without it: Entra appends /Users and /Groups; only its flags may follow a `?`"
        )
    if problem:
        raise click.BadParameter(f"{parts.hostname or url!r} {problem}.", param_hint=param_hint)
    return url.partition("?")[0].rstrip("/")


def endpoint_token(variable: str) -> str:
    """Return the token in an environment variable; raise ScimconfError if it is missing or cannot be sent.

    A text that does not look like a name may be the token itself, for which a shell replaced `$NAME`: it is not repeated.
    """
    token = os.environ.get(variable, "")
    if not token and not _VARIABLE.fullmatch(variable):
        message = "this is not the name of an environment variable. Write `--token-env SCIM_TOKEN`, without a `$`."
        raise click.BadParameter(message, param_hint="--token-env")
    if not token:
        raise ScimconfError(
            f"The environment variable {variable} is not set", "It must contain the token of the endpoint."
        )
    if not _TOKEN.fullmatch(token):
        raise ScimconfError(
            f"The environment variable {variable} has a space, a line end or a character beyond ASCII",
            "Set it to the token alone, without `Bearer`.",
        )
    return token


def _oauth_secrets(url: str | None) -> tuple[str, ...]:
    settings = _oauth(url)
    return () if settings is None else tuple(filter(None, [settings.client_secret, settings.assertion]))


def _oauth(url: str | None) -> OAuthSettings | None:
    """Return the token endpoint and its client, None without `--oauth`."""
    from scimconf.rehearsal.endpoint import oauth
    from scimconf.rehearsal.endpoint.transport import is_loopback

    if url is None:
        return None
    if not url.startswith("https://") and not (url.startswith("http://") and is_loopback(url)):
        raise click.BadParameter("the token endpoint must be an https URL.", param_hint="--oauth")
    names = (oauth.CLIENT_ID, oauth.CLIENT_SECRET, oauth.SCOPE, oauth.ASSERTION)
    client_id, secret, scope, assertion = (os.environ.get(name, "") for name in names)
    if not client_id or not secret:
        raise ScimconfError(f"--oauth needs the environment variables {oauth.CLIENT_ID} and {oauth.CLIENT_SECRET}")
    return oauth.OAuthSettings(url=url, client_id=client_id, client_secret=secret, scope=scope, assertion=assertion)


def _is_confirmed(check_options: CheckOptions, address: str, number: int) -> bool:
    """Ask before anything is written, unless `--yes` is given; without a terminal the answer is no."""
    question = (
        f"This runs {number} checks, creates users and groups named scimconf-check-… at {address}, and deletes them "
        "again. Use an endpoint for tests. Continue?"
    )
    return is_confirmed(question, yes=check_options.yes)


def _run(check_options: CheckOptions, address: str, checks: tuple[Check, ...], secrets: tuple[str, ...]) -> RunOutcome:
    from scimconf.cli.events import EventLog
    from scimconf.cli.progress import Progress
    from scimconf.rehearsal.endpoint.run import EndpointRun, check_endpoint
    from scimconf.rehearsal.endpoint.transport import EndpointConnection, is_loopback

    connection = EndpointConnection(
        base_address=address, token=secrets[0], timeout=check_options.timeout, is_loopback=is_loopback(address)
    )
    settings = _settings(check_options)
    with stopping_interrupts(), Progress("checking", EventLog(None)) as progress:
        return check_endpoint(
            EndpointRun(
                connection=connection,
                settings=settings,
                checks=checks,
                subject=", ".join(check_options.only) or "all checks",
                secrets=secrets,
                clock=time.monotonic,
                progress=progress.step,
            )
        )


def _settings(check_options: CheckOptions) -> RunSettings:
    """Return what is the same for all checks, with a name for this run; raise click.BadParameter for a bad domain."""
    from scimconf.rehearsal.endpoint.context import RunSettings
    from scimconf.rehearsal.endpoint.dialect import COMPLIANT, LEGACY

    if not _DOMAIN.fullmatch(check_options.domain):
        raise click.BadParameter(
            f"{check_options.domain!r} is not a domain such as contoso.com.", param_hint="--domain"
        )
    has_flag = bool(flags(check_options.url) & COMPLIANT_FLAGS)
    is_compliant = check_options.dialect == "compliant" or (check_options.dialect == "auto" and has_flag)
    return RunSettings(
        marker=f"scimconf-check-{uuid4().hex[:8]}",
        domain=check_options.domain,
        dialect=COMPLIANT if is_compliant else LEGACY,
        oauth=_oauth(check_options.oauth),
    )


def _print_report(report: CheckReport, check_options: CheckOptions) -> None:
    """Print the report, or write it to a file; then the counts are printed."""
    rendered = render_report(
        report, check_options.output_format, full=check_options.full, to_file=bool(check_options.out)
    )
    if check_options.out is None:
        click.echo(rendered, nl=False)
        return
    from scimconf.render.checks.words import verdict

    write_file(check_options.out, masked_text(rendered))
    click.echo(f"Wrote the report to {check_options.out}. {verdict(report)}", err=True)


def render_report(report: CheckReport, output_format: str, *, full: bool, to_file: bool) -> str:
    """Return the report in a format; text for a file has no color."""
    from scimconf.render.checks import html, junit, markdown, text
    from scimconf.render.checks import json as as_json

    functions = {"json": as_json.report, "markdown": markdown.report, "html": html.report, "junit": junit.report}
    if output_format in functions:
        return functions[output_format](report)
    terminal = Terminal.of_stdout()
    return text.report(report, width=terminal.width, color=terminal.color and not to_file, full=full)
