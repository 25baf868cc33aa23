"""`--env-file`: environment variables from a file such as `.env`, for one command.

The file is read only if the option names it. A variable that the environment already has keeps its value. No value is
ever printed, also not in an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from scimconf.diagnostics import ScimconfError
from scimconf.files import is_readable_by_others, read_file_or_pipe

_MAX_SIZE = 1 << 20
_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)
_DOUBLE = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_SINGLE = re.compile(r"'(?P<text>[^']*)'\s*(?:#.*)?")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ESCAPED = re.compile(r"\\([\"\\$`])")


def parse(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of `NAME=VALUE` lines, as a POSIX shell reads them; nothing is expanded.

    Raise ValueError with the number of the first line that is none.
    """
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is not None:
            value = _value(match["value"].strip())
            if value is None:
                raise ValueError(str(number))
            yield match["name"], value
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(str(number))


def _value(text: str) -> str | None:
    """Return a value without its quotes and its comment; None if a quote is not closed on the same line."""
    if text.startswith('"'):
        match = _DOUBLE.fullmatch(text)
        return None if match is None else _ESCAPED.sub(r"\1", match["text"])
    if text.startswith("'"):
        match = _SINGLE.fullmatch(text)
        return None if match is None else match["text"]
    return _COMMENT.sub("", text, count=1).rstrip()


def load(context: click.Context, _parameter: click.Parameter, path: str | None) -> None:
    """Set the variables of a file until the command ends; warn if other users can read the file."""
    if path is None or context.resilient_parsing:
        return
    content, mode = _read(path)
    try:
        values = dict(parse(content))
    except ValueError as error:
        message = f"{path}, line {error}: expected NAME=VALUE, with any quote closed on the same line"
        raise click.BadParameter(message, param_hint="--env-file") from None
    if is_readable_by_others(mode):
        click.echo(f"Warning: other users can read {path}. Run: chmod 600 {path}", err=True)
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    context.call_on_close(_remover(tuple(added)))


def _read(path: str) -> tuple[str, int]:
    """Return the text and the mode of a file; raise ScimconfError if it cannot be used."""
    try:
        content = read_file_or_pipe(path, _MAX_SIZE + 1)
        text, mode = content.decode("utf-8-sig"), Path(path).stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ScimconfError(f"--env-file {path} cannot be read: {reason}") from None
    if len(content) > _MAX_SIZE:
        raise ScimconfError(f"--env-file {path} is larger than 1 MB", hint="Keep only lines with NAME=VALUE in it.")
    if "\0" in text:
        line = len(text.partition("\0")[0].splitlines() or [""])
        hint = "Delete it: an environment variable cannot contain it."
        raise ScimconfError(f"--env-file {path}, line {line} contains NUL (U+0000)", hint=hint)
    return text, mode


def _remover(names: tuple[str, ...]) -> Callable[[], None]:
    def remove() -> None:
        for name in names:
            os.environ.pop(name, None)

    return remove
