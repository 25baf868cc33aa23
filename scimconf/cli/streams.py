"""Prepare stdin, stdout and stderr: always open, able to print any character.

Errors writing to stderr are ignored; errors writing to stdout are reported.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast

NAMES = ("stdin", "stdout", "stderr")
BLOCK = 1 << 16


class _LossyFile(io.FileIO):
    """A file that reports success for what cannot be written: its reader has gone away, or its disk is full."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


class MaskedStream:
    """A text stream that masks secrets in each text written to it.

    It has no `buffer`, because click would write to that directly if the encoding of the stream is ASCII.
    """

    def __init__(self, stream: TextIO, mask_text: Callable[[str], str]) -> None:
        self.inner, self.mask = stream, mask_text

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def write(self, text: str) -> int:
        """Write a text with its secrets masked; raise TypeError for bytes, by which click tests a stream."""
        if not isinstance(text, str):
            raise TypeError("expected a text")
        return self.inner.write(self.mask(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts with their secrets masked; a secret may extend over several of them."""
        self.write("".join(lines))


@contextmanager
def masked(mask_text: Callable[[str], str]) -> Iterator[None]:
    """Mask the secrets in everything that is printed in this context, on stdout and on stderr."""
    stdout, stderr = MaskedStream(sys.stdout, mask_text), MaskedStream(sys.stderr, mask_text)
    with redirect_stdout(cast("TextIO", stdout)), redirect_stderr(cast("TextIO", stderr)):
        yield


def masked_text(text: str) -> str:
    """Return a text that is written to a file as stdout would print it: with the secrets in it masked."""
    stream: Any = sys.stdout
    while isinstance(stream, MaskedStream):
        text, stream = stream.mask(text), stream.inner
    return text


def blocks(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts joined to blocks of BLOCK characters or a little more.

    No text is divided between blocks: a secret in it is masked.
    """
    block: list[str] = []
    length = 0
    for text in texts:
        block.append(text)
        length += len(text)
        if length >= BLOCK:
            yield "".join(block)
            block, length = [], 0
    if block:
        yield "".join(block)


def prepare() -> None:
    """Replace closed streams by empty ones, and let every stream escape what its encoding does not have."""
    for name in NAMES:
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  it stays open
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError, ValueError):
        raw: io.RawIOBase = _LossyFile(sys.stderr.fileno(), "w", closefd=False)
        buffer = io.BufferedWriter(raw)
        sys.stderr = io.TextIOWrapper(buffer, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def print_to_stderr(text: str) -> None:
    """Print a line on stderr; ignore errors."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")


def abandon(stream: TextIO) -> None:
    """Flush a stream; discard what it cannot write, because Python would end with an error of its own."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
