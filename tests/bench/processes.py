"""Processes of the measurements: what a command costs, and the servers that it talks to."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BENCH = Path(__file__).resolve().parent
MIB = 1024
"""Units of `ru_maxrss` in one MiB: it is in KiB on Linux."""


@dataclass(frozen=True)
class Cost:
    """What a process took: wall time and CPU in seconds, peak memory in MiB. `complete` is false if it was stopped."""

    wall: float
    cpu: float
    memory: float
    complete: bool = True


class CommandFailedError(Exception):
    """A measured command failed; the message has the end of what it printed."""


def environment(**more: str) -> dict[str, str]:
    """Return the environment of measured processes: bytecode caches are used, and sets have one order."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    tokens = {"WRITER_SCIM_TOKEN": "a-token-for-the-sandbox", "GENERATED_SCIM_TOKEN": "generated"}
    return {**variables, **tokens, "PYTHONHASHSEED": "0", **more}


def run(command: Sequence[str], *, url: str = "", limit: float = 0, codes: Sequence[int] = (0,)) -> Cost:
    """Run a process and return what it cost; stop it after `limit` CPU seconds, if that is not 0.

    Raise CommandFailedError if its exit code is not one of `codes`.
    """
    env = environment(**({"SCIMCONF_GRAPH_URL": url} if url else {}))
    seconds = math.ceil(limit)
    bounded = partial(resource.setrlimit, resource.RLIMIT_CPU, (seconds, seconds + 1)) if limit else None
    with tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=ROOT,
            preexec_fn=bounded,  # noqa: PLW1509  no threads
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        complete = not (limit and process.returncode == -signal.SIGXCPU)
        if complete and process.returncode not in codes:
            errors.seek(0)
            text = errors.read().decode("utf-8", "replace")[-2000:]
            raise CommandFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MIB, complete=complete)


def scimconf(*arguments: str) -> list[str]:
    """Return a command as its console script runs it: `-m` would import runpy."""
    return [sys.executable, "-c", "from scimconf.cli.main import entry; entry()", *arguments]


@contextmanager
def served(command: Sequence[str], ready: Path) -> Iterator[str]:
    """Run a server in its own process, and yield the URL that it writes to `ready`."""
    ready.unlink(missing_ok=True)
    server = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        while not ready.exists():
            assert server.poll() is None, f"{' '.join(command)} did not start"
            time.sleep(0.05)
        yield ready.read_text(encoding="utf-8").strip()
    finally:
        server.terminate()
        server.wait()


class Server:
    """A replaying server in front of a sandbox; `url` is its address, `upstream` that of the sandbox."""

    def __init__(self, url: str, upstream: str) -> None:
        self.url = url
        self.upstream = upstream

    @property
    def base(self) -> str:
        return self.url.removesuffix("/v1.0")

    def change(self, **settings: Any) -> None:
        """Set mode, latency and shuffle, and empty the journal."""
        control(f"{self.base}/_replay", settings)

    def journal(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = control(f"{self.base}/_replay")
        return entries


@contextmanager
def servers(folder: Path, *options: str) -> Iterator[Server]:
    """Yield a replaying server in front of a sandbox with these options, whose applications are a day old."""
    names = ["--port", "0", "--ready-file", str(folder / "sandbox")]
    with (
        served(scimconf("sandbox", "serve", *names, *options), folder / "sandbox") as upstream,
        served([sys.executable, str(BENCH / "replay.py"), upstream, str(folder / "replay")], folder / "replay") as url,
    ):
        control(f"{upstream.removesuffix('/v1.0')}/_sandbox/switches", {"clock_offset_seconds": 86_400}, "PUT")
        yield Server(url, upstream)


def control(url: str, body: object = None, method: str = "") -> Any:
    """Send a request to the control endpoints of a server."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        url, data=data, headers=headers, method=method or ("GET" if data is None else "POST")
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def machine() -> Mapping[str, Any]:
    """Return what the results depend on: processor, number of processors, and Python."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].partition(": ")[2] if names else "unknown",
        "processors": os.cpu_count(),
        "python": sys.version.split()[0],
    }
