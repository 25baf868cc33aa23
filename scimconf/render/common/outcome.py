"""Sentences about how an apply ended, for every output format."""

from __future__ import annotations

from scimconf.plan import Report

_LASTS = "nobody is created, changed or disabled until an apply succeeds"


def paused_sentence(report: Report) -> str:
    """Return since when provisioning is paused; it ends with a colon if the report has the command that continues."""
    since = "this apply" if report.paused_since is None else f"{report.paused_since:%Y-%m-%d %H:%M:%S} UTC"
    end = ". Run:" if report.command else ". Run apply again."
    return f"Provisioning is paused since {since}: {_LASTS}{end}"
