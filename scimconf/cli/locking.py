"""The lock of `scimconf apply --lock`: its options, who holds it, and what is printed and logged about it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from scimconf.cli.options import together
from scimconf.cli.session import Session
from scimconf.documents.lock import MAX_HOLDER, Lock, is_holder
from scimconf.render.common.escaping import visible

if TYPE_CHECKING:
    from scimconf.graph.execution.lock import LockAction, LockOptions

_SILENT = ("extended", "released")
_GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB")
_GITLAB = ("CI_PIPELINE_URL", "CI_JOB_NAME")
_AZURE = ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_STAGENAME", "SYSTEM_JOBNAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSettings:
    """The lock of one command: `holder` is "" if nobody named one and no lock is taken."""

    enabled: bool
    holder: str
    duration: timedelta
    break_lock: bool


def _check_holder(_context: click.Context, _parameter: click.Parameter, holder: str | None) -> str | None:
    if holder is not None and not is_holder(holder):
        problem = f"{holder!r} cannot be the holder of a lock"
        raise click.BadParameter(f"{problem}: use 1 to {MAX_HOLDER} printable characters, without spaces at the ends")
    return holder


options = together(
    click.option(
        "--lock",
        is_flag=True,
        help="Lock each application, so that no other run applies it at the same time. An apply without --lock takes no "
        "lock, but ends if another run has one.",
    ),
    click.option(
        "--lock-holder",
        metavar="TEXT",
        callback=_check_holder,
        help="Who has the lock. The same holder takes over the lock of a run that was killed. "
        "Default: the run and job of GitHub, GitLab or Azure DevOps, else a new name.",
    ),
    click.option(
        "--lock-duration",
        type=click.IntRange(1, 1440),
        default=15,
        show_default=True,
        metavar="MINUTES",
        help="After how many minutes the lock of a killed run ends. A running apply extends it.",
    ),
    click.option("--break-lock", is_flag=True, help="Take the lock although another run has it. Implies --lock."),
)


def lock_settings(params: Mapping[str, Any], environ: Mapping[str, str], host: str) -> LockSettings:
    """Return the lock of the command line; in a pipeline, its run is the holder also without --lock."""
    enabled = bool(params["lock"] or params["break_lock"])
    holder = params["lock_holder"] or pipeline_run(environ) or (_new_holder(environ, host) if enabled else "")
    return LockSettings(
        enabled=enabled,
        holder=holder,
        duration=timedelta(minutes=params["lock_duration"]),
        break_lock=params["break_lock"],
    )


def pipeline_run(environ: Mapping[str, str]) -> str:
    """Return the address of this run and its job from the variables of a forge, "" outside of one.

    A run that is repeated has the same address, so that it takes over the lock of the run that was killed.
    """
    values = {name: environ.get(name, "") for name in (*_GITHUB, *_GITLAB, *_AZURE)}
    if environ.get("GITHUB_ACTIONS") == "true" and all(values[name] for name in _GITHUB):
        run = f"{values['GITHUB_SERVER_URL']}/{values['GITHUB_REPOSITORY']}/actions/runs/{values['GITHUB_RUN_ID']}"
        return _holder(f"{run}#{values['GITHUB_JOB']}")
    if environ.get("GITLAB_CI") == "true" and all(values[name] for name in _GITLAB):
        return _holder(f"{values['CI_PIPELINE_URL']}#{values['CI_JOB_NAME']}")
    if environ.get("TF_BUILD") and all(values[name] for name in _AZURE[:3]):
        project = quote(values["SYSTEM_TEAMPROJECT"])
        run = f"{values['SYSTEM_COLLECTIONURI']}{project}/_build/results?buildId={values['BUILD_BUILDID']}"
        return _holder(f"{run}#{values['SYSTEM_STAGENAME']}.{values['SYSTEM_JOBNAME']}")
    return ""


def _holder(text: str) -> str:
    """Return a text as a holder: one that is too long, or not printable, ends with a hash of the whole."""
    if is_holder(text):
        return text
    printable = "".join(character if character.isprintable() else "?" for character in text.strip())
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{printable[: MAX_HOLDER - 13]}~{digest}"


def _new_holder(environ: Mapping[str, str], host: str) -> str:
    """Return a holder that no other run has: the user, the host, and a random number."""
    user = environ.get("USER") or environ.get("USERNAME") or "unknown"
    return _holder(f"{user}@{host or 'unknown'}/{secrets.token_hex(4)}")


def lock_options(
    session: Session, name: str, settings: LockSettings, redact: Callable[[str], str]
) -> LockOptions | None:
    """Return how the apply of one application locks it, None if it does not; what happens is printed and logged."""
    from scimconf.graph.execution.lock import LockOptions

    def report(action: LockAction, lock: Lock, message: str) -> None:
        session.events.locked(name, action, replace(lock, holder=redact(lock.holder)), redact(message))
        if action not in _SILENT:
            session.progress.print_line(visible(f"{name}: {redact(message)}"))

    if not settings.enabled:
        return None
    return LockOptions(
        holder=settings.holder,
        run=secrets.token_hex(4),
        clock=lambda: datetime.now(tz=UTC),
        duration=settings.duration,
        break_lock=settings.break_lock,
        report=report,
    )
