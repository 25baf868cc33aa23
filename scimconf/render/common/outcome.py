"""Sentences about how an apply ended, for every output format."""

from __future__ import annotations

from scimconf.plan import Pause, Report

_LASTS = "nobody is created, changed or disabled until an apply succeeds"
_UNCONFIRMED = {Pause.PAUSE_UNCONFIRMED: "pause", Pause.START_UNCONFIRMED: "start"}


def paused_sentence(report: Report) -> str:
    """Return since when provisioning is paused, or may be; it ends with a colon if the report has a command to go on."""
    since = "this apply" if report.paused_since is None else f"{report.paused_since:%Y-%m-%d %H:%M:%S} UTC"
    end = ". Run:" if report.command else ". Run apply again."
    request = _UNCONFIRMED.get(report.pause)
    if request is None:
        return f"Provisioning is paused since {since}: {_LASTS}{end}"
    return f"Provisioning may be paused since {since}: Graph did not confirm the {request}. If it is, {_LASTS}{end}"
