"""Runs rehearsals of specs against targets in this process."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from canary.values import TOKEN
from canary.watch import WATCH

from scimconf.rehearsal.naming import Naming
from scimconf.rehearsal.run import RehearsalOptions, default_switches
from scimconf.rehearsal.whole_run import rehearse
from scimconf.sandbox.target import start_target
from scimconf.spec.load import load

MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


def loaded_spec(text, path="scimconf.yaml"):
    loaded = load(path, lambda _: text.encode(), {}, {}, lambda _: True)
    assert loaded.spec is not None, [diagnostic.message for diagnostic in loaded.diagnostics]
    return loaded


def loaded_file(path):
    loaded = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _: True)
    assert loaded.spec is not None, [diagnostic.message for diagnostic in loaded.diagnostics]
    return loaded


@contextmanager
def played(loaded, kind="tolerant", flag="", **options):
    """Yield the report of a rehearsal against a target, and the target as it is afterwards."""
    switches = default_switches().changed(options.pop("switches", {}))
    with start_target(kind, token=TOKEN) as target:
        naming = options.pop("naming", Naming())
        settings = RehearsalOptions(
            address=target.url + flag,
            token=options.pop("token", TOKEN),
            started=MONDAY,
            naming=naming,
            is_built_in=not naming.marker,
            switches=switches,
            **options,
        )
        outcome = rehearse(loaded, settings, lambda work: asyncio.run(work()), lambda: 0.0, 30.0)
        WATCH.look("report", repr(outcome.report))
        yield outcome.report, target


def by_id(report):
    return {result.id: result for result in report.results}


def statuses(report):
    return {result.id: result.status.value for result in report.results}
