"""Deliberately broken clients: the lifecycles must find a violation for each of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scimconf.graph import reading
from scimconf.graph.execution import batch_sender, context, document_writer, scheduler, sender
from scimconf.graph.protocol.retry import Attempt
from scimconf.graph.secrets import Secrets
from scimconf.plan import Pause
from scimconf.steps import Phase

Patch = Callable[[Any, str, Any], None]
APPLY = importlib.import_module("scimconf.workflow.apply")
"""The module: its package exports a function with the same name."""


def resend_creations(patch: Patch) -> None:
    """A request that creates something is sent again like any other."""
    request = sender.build_request

    async def changed(context: Any, step: Any) -> Any:
        return replace(await request(context, step), sent_once=False, repeatable=True)

    patch(sender, "build_request", changed)
    patch(batch_sender, "build_request", changed)


def call_lost_writes_done(patch: Patch) -> None:
    """A request whose response was lost is reported as done."""

    async def changed(_context: Any, _step: Any, _attempts: Any, _error: Any) -> bool:
        return False

    patch(sender, "_must_resend", changed)


def call_failed_writes_done(patch: Patch) -> None:
    """The outcome of a failed step is DONE."""
    finish = context.ExecutionContext.finish_step

    def changed(self: Any, step: Any, result: Any, *texts: str) -> None:
        finish(self, step, min(result, result.UNCONFIRMED), *texts)

    patch(context.ExecutionContext, "finish_step", changed)


def forget_lost_attempts(patch: Patch) -> None:
    """An error after an attempt that took effect counts as no write."""
    patch(Attempt, "is_lost", property(lambda _self: False))


def forget_lost_writes(patch: Patch) -> None:
    """An error without a response counts as no write."""
    patch(context, "may_be_written", lambda _error: False)


def hide_uncertainty(patch: Patch) -> None:
    """A failed step does not say that it may have taken effect."""
    patch(context, "_MAY_BE_DONE", "")


def print_secrets(patch: Patch) -> None:
    """Values of secrets are masked nowhere."""
    patch(Secrets, "mask_text", lambda _self, text: text)


def delete_first(patch: Patch) -> None:
    """What is deleted is deleted before anything is created."""
    phases = scheduler.phases

    def changed(*arguments: Any) -> Any:
        order = (Phase.STOP, Phase.CLEAR, Phase.BUILD, Phase.START)
        return {phase: phases(*arguments)[phase] for phase in order}

    patch(scheduler, "phases", changed)


def hide_pauses(patch: Patch) -> None:
    """The report does not say that provisioning stays paused."""
    patch(APPLY, "_pause", lambda _steps, _result: Pause.NONE)


def drop_foreign_parts(patch: Patch) -> None:
    """A write of the schema loses what scimconf does not name."""
    body = document_writer._body

    def changed(*arguments: Any) -> Any:
        document = body(*arguments)
        for directory in document.get("directories", ()) if isinstance(document, dict) else ():
            directory["objects"] = [{**definition, "metadata": []} for definition in directory["objects"]]
        return document

    patch(document_writer, "_body", changed)


def end_after_one_round(patch: Patch) -> None:
    """An apply does not plan again."""
    patch(APPLY, "ROUNDS", 1)


def accept_any_shape(patch: Patch) -> None:
    """A response without the property to write, or no object at all, is the base of a write."""
    patch(reading, "_checked", lambda _document, _names, raw: raw)


LOST_ANSWERS = ("500 after", "503 after", "504 after", "429 after", "reset after", "timeout after")
REFUSED = ("403 before", "401 before")
MUTANTS: dict[Callable[[Patch], None], tuple[tuple[str, ...], int]] = {
    resend_creations: (LOST_ANSWERS, 5),
    call_lost_writes_done: (("500 before", "reset before", "timeout before"), 5),
    call_failed_writes_done: (REFUSED, 3),
    forget_lost_attempts: (("504 after", "403 before"), 33),
    forget_lost_writes: (("reset after", "timeout after", *REFUSED), 10),
    hide_uncertainty: ((*LOST_ANSWERS, *REFUSED), 7),
    print_secrets: (("echo",), 3),
    delete_first: ((), 13),
    hide_pauses: (REFUSED, 9),
    drop_foreign_parts: ((), 0),
    end_after_one_round: ((), 1),
    accept_any_shape: (("{} answer",), 54),
}
"""The broken clients, each with the kinds of faults under which it shows, and the first seed that finds it.

Clients were once broken in these ways: `forget_lost_attempts`, `hide_uncertainty`,
`accept_any_shape`.
"""
