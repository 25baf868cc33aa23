"""Options that are a span of time, such as `--since 24h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

RETENTION = timedelta(days=30)
"""How long the service keeps entries of the provisioning log, with a P1 or P2 licence (Entra documentation)."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Window(click.ParamType[timedelta]):
    """A span of time such as 30m, 24h or 7d, at most 30 days."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"([1-9]\d{0,4})([mhd])", str(value), re.ASCII)
        if match is None:
            self.fail(f"expected a time such as 30m, 24h or 7d, got {value!r}", param, ctx)
        window = timedelta(**{_UNITS[match[2]]: int(match[1])})
        if window > RETENTION:
            self.fail(f"the service keeps the provisioning log for 30 days, got {value!r}", param, ctx)
        return window
