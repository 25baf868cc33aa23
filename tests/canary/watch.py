"""Looks for the mark of secrets in texts, files, requests and exceptions, in the forms in which they can leak."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canary.values import MARK

MAX_FILE = 16 * 2**20
NEEDS_SECRET = (("PUT", "/secrets"), ("POST", "/validateCredentials"))
"""The requests that send a secret: the method, and the end of the path."""


def _forms() -> Iterator[bytes]:
    raw = MARK.encode()
    yield raw.lower()
    yield raw.hex().encode()
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield base64.b64encode(bytes(before) + raw)[first:last].lower()


FORMS = tuple(_forms())
_TEXT_FORMS = tuple(form.decode() for form in FORMS)


def contains_secret(text: str | bytes) -> bool:
    if isinstance(text, str):
        lower = text.lower()
        return any(form in lower for form in _TEXT_FORMS)
    lower_bytes = text.lower()
    return any(form in lower_bytes for form in FORMS)


class Watch:
    """The leaks of the test that runs. What a test writes itself, such as a file with a token, is declared."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self.declared: set[Path] = set()

    def look(self, channel: str, text: str | bytes | None) -> None:
        """Record a leak if a text of this channel contains a secret."""
        if text and contains_secret(text):
            self.leaks.append(f"{channel}: {_excerpt(text)}")

    def declare(self, *files: Path) -> None:
        """Allow a secret in these files, which the test writes as input, and in those of a folder."""
        self.declared.update(file.resolve() for file in files)

    def secret_file(self, file: Path, text: str) -> Path:
        """Write a file of the test that contains a secret; return it."""
        self.declare(file)
        file.write_text(text)
        return file

    def look_at_files(self, folder: Path) -> None:
        """Look at each regular file below a folder, except those that were declared."""
        for parent, _, names in os.walk(folder):
            for name in names:
                file = Path(parent, name)
                if file.is_file() and not self._is_declared(file) and file.stat().st_size <= MAX_FILE:
                    self.look(f"file {file.relative_to(folder)}", _read(file))

    def look_at_request(self, method: str, url: str, headers: Any, body: Any) -> None:
        """Look at a request to Graph: its URL and headers, and its body unless it is one that sends the secret."""
        path = url.partition("?")[0]
        self.look(f"URL of {method} {path}", url)
        self.look(f"headers of {method} {path}", repr(headers))
        if body is not None and not any(method == verb and path.endswith(end) for verb, end in NEEDS_SECRET):
            self.look(
                f"body of {method} {path}", body if isinstance(body, str | bytes) else json.dumps(body, default=repr)
            )

    def look_at_exception(self, error: BaseException | None) -> None:
        """Look at the texts and members of an exception, and of those that it is chained to in a traceback."""
        while error is not None:
            members = getattr(error, "__dict__", {})
            self.look(f"{type(error).__name__}", f"{error} {error!r} {members!r} {getattr(error, '__notes__', '')}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)

    def take(self) -> list[str]:
        """Return the leaks until now and forget them, and what was declared."""
        leaks, self.leaks = list(dict.fromkeys(self.leaks)), []
        self.declared.clear()
        return leaks

    def _is_declared(self, file: Path) -> bool:
        if not self.declared:
            return False
        real = file.resolve()
        return real in self.declared or any(parent in self.declared for parent in real.parents)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _excerpt(text: str | bytes) -> str:
    """Return what stands around the first leak."""
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    lower = plain.lower()
    start = min(lower.find(form) for form in _TEXT_FORMS if form in lower)
    return repr(plain[max(0, start - 60) : start + 60])


WATCH = Watch()
"""The watch of this process; the plugin reads it after each test."""
