"""Ask before something is written: the option that answers beforehand, and the question on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from scimconf.cli.terminal import can_ask

Command = TypeVar("Command", bound=Callable[..., Any])


def option(name: str = "yes", text: str = "Do not ask for confirmation.") -> Callable[[Command], Command]:
    """Return the option that answers yes beforehand, as the parameter `name`."""
    return click.option("-y", "--yes", "--auto-approve", name, is_flag=True, help=text)


def can_answer(*, yes: bool) -> bool:
    """Return whether the answer is known or can be asked for; if not, print what to write instead."""
    if yes or can_ask():
        return True
    click.echo("Not a terminal, cannot ask. Use --yes.", err=True)
    return False


def is_confirmed(question: str, *, yes: bool) -> bool:
    """Return whether the user agrees, beforehand with `yes` or at the question."""
    if yes or not can_answer(yes=yes):
        return yes
    from scimconf.cli.session import interruptible_prompt

    with interruptible_prompt():
        return click.confirm(question, err=True)
