"""A sandbox behind a real socket, and the command line in front of it: in this process, in a child, in a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from canary import WATCH
from tenant_fixture import ROOT, TOKEN, is_write

from scimconf.cli.main import main
from scimconf.sandbox.server import create_app

PATIENCE = 600.0
"""Seconds after which a child that does nothing is given up."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str


class Listener:
    """An ASGI application on a free port of this machine, served by a thread."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", date_header=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    @property
    def url(self) -> str:
        (listener,) = self._server.servers[0].sockets
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1.0"


class Server(Listener):
    """A sandbox behind a socket; the tests look into it without the socket."""

    def __init__(self, tenant: Any = None, **switches: Any) -> None:
        app = create_app(tenant, switches=switches)
        self.service = app.state.service
        super().__init__(app)

    @property
    def writes(self) -> list[str]:
        entries = list(self.service.journal.entries)
        return [f"{one['method']} {one['path']}" for one in entries if is_write(one["method"], one["path"])]


def wait_until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def environment(url: str, **more: str) -> dict[str, str]:
    """What a command needs to reach a sandbox and to set Writer up."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START")
        if name in os.environ
    }
    return {
        **kept,
        "SCIMCONF_GRAPH_URL": url,
        "SCIMCONF_ALLOW_PATH": str(ROOT),
        "SCIMCONF_HISTORY": ".scimconf/history",  # in the working folder, not in this repository
        "WRITER_SCIM_TOKEN": TOKEN,
        "TERM": "xterm-256color",
        **more,
    }


def run(argv: Sequence[str]) -> Said:
    """A command in this process, with neither terminal nor colour."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    WATCH.look("stdout", out.getvalue())
    WATCH.look("stderr", err.getvalue())
    return Said(code, out.getvalue(), err.getvalue())


def child(argv: Sequence[str], env: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
    """A command as a process of its own."""
    command = [sys.executable, "-m", "scimconf", *argv]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=dict(env), **{"cwd": ROOT, **pipes, **options})


@contextlib.contextmanager
def terminal(argv: Sequence[str], env: Mapping[str, str], columns: int = 80, **options: Any) -> Iterator[Terminal]:
    """A command whose input and output are a terminal, as a person has it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = child(argv, env, stdin=theirs, stdout=theirs, stderr=theirs, text=False, **options)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


class Terminal:
    """The other side of a terminal: what was printed so far, and a keyboard."""

    def __init__(self, process: subprocess.Popen[Any], handle: int) -> None:
        self.process = process
        self._handle = handle
        self.text = ""

    def until(self, words: str) -> str:
        """Reads until some words were printed."""
        while words not in self.text:
            more = self._read()
            assert more, self.text
            self.text += more
        return self.text

    def types(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def ends(self) -> int:
        """The exit code, once everything is read."""
        while more := self._read():
            self.text += more
        WATCH.look("terminal", self.text)
        return self.process.wait(PATIENCE)

    def interrupted(self) -> int:
        """The exit code after SIGINT at a prompt, sent again while nothing happens.

        Python's readline does not notice a signal that arrives just before it begins to wait.
        """
        time.sleep(0.5)  # until it waits
        self.process.send_signal(signal.SIGINT)
        while not select.select([self._handle], [], [], 10.0)[0]:
            self.process.send_signal(signal.SIGINT)
        return self.ends()

    def _read(self) -> str:
        try:
            return os.read(self._handle, 65536).decode("utf-8", "replace")
        except OSError:
            return ""
