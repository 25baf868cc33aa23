"""Words of other tools, such as Terraform and kubectl, and what scimconf calls them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from scimconf.suggestions import suggest, unknown

COMMAND_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "console": "expression eval",
        "delete": "retire",
        "destroy": "retire",
        "get": "status --all",
        "import": "export",
        "lint": "validate",
        "list": "status --all",
        "login": "doctor",
        "restore": "rollback",
        "start": "resume",
        "stop": "pause",
        "sync": "apply",
        "test": "validate",
        "up": "apply",
        "watch": "status --watch",
        "whoami": "doctor",
    }
)
STATE_WORDS = frozenset({"refresh", "state", "taint", "untaint", "workspace"})
NO_STATE = "scimconf keeps no state file: each plan reads the tenant."
OPTION_WORDS: Mapping[str, str] = MappingProxyType({"target": "--only", "approve": "--yes", "output": "--out"})
"""Long options of other tools, without dashes."""


def unknown_command(name: str, commands: Iterable[str]) -> str:
    """Return the message for a word that is no command."""
    if name in STATE_WORDS:
        return f"unknown command '{name}'. {NO_STATE}"
    if name in COMMAND_WORDS:
        return f"unknown command '{name}'. Did you mean {COMMAND_WORDS[name]}?"
    return unknown("command", name, commands)


def unknown_option(option: str, argv: Sequence[str], known: Sequence[str]) -> str:
    """Return the message for an option that a command does not have, as it is written in the arguments.

    click reads `-target` as the short options `-t`, `-a`, `-r` and so on, and names the first.
    """
    written = next((word for word in argv if word.startswith(option)), option).partition("=")[0]
    name = written.lstrip("-")
    match = OPTION_WORDS.get(name, "")
    is_long_with_one_dash = not written.startswith("--") and len(written) > 2
    if is_long_with_one_dash and f"--{name}" in known:
        match = f"--{name}"
    if match not in known:
        match = suggest(f"--{name}", known) or ""
    hint = f" Did you mean {match}?" if match else ""
    return f"unknown option {written if is_long_with_one_dash else option}.{hint}"
