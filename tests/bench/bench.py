"""Ratios, measured in one run: `make bench`.

Absolute times depend on the machine, so only ratios of two times are printed. The two sides of a pair run alternately,
A B A B …, after one warm-up, with bytecode caches on; the result is the median of the ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WRITER = str(ROOT / "examples" / "writer-new")
RUNS = int(os.environ.get("BENCH_RUNS", "9"))
LATENCY_MS = 30

MODELS = "import click, yaml; from scimconf.spec.model import Spec; Spec.model_rebuild()"
"""The minimum cost of `validate`: import of its libraries and construction of the models."""

READS = """
import json, sys
import httpx
base, reads = sys.argv[1], json.load(open(sys.argv[2]))
with httpx.Client(timeout=60) as client:
    for method, url, body in reads:
        client.request(method, base + url, json=body).raise_for_status()
"""
"""The same reads with bare httpx, one after another."""


def environment(**more: str) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**variables, "WRITER_SCIM_TOKEN": "a-token-for-the-sandbox", **more}


def run(command: Sequence[str], env: dict[str, str]) -> float:
    """Return the run time of a process in seconds."""
    begin = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - begin


def ratio(one: Callable[[], float], other: Callable[[], float]) -> tuple[float, float, float]:
    """Return minimum, median and maximum of the ratios."""
    one(), other()
    ratios = sorted(one() / other() for _ in range(RUNS))
    return ratios[0], statistics.median(ratios), ratios[-1]


def scimconf(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scimconf", *arguments]


@contextmanager
def sandbox() -> Iterator[str]:
    """Yield the Graph URL of a sandbox tenant in its own process."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        process = subprocess.Popen(
            scimconf("sandbox", "serve", "--port", "0", "--ready-file", str(ready)),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(600):
                if ready.exists():
                    break
                time.sleep(0.05)
            yield ready.read_text(encoding="utf-8").strip()
        finally:
            process.terminate()
            process.wait()


def control(url: str, method: str, path: str, body: object = None) -> Any:
    """Send a request to the control API of the sandbox."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url.removesuffix("/v1.0") + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def reads_of(url: str, env: dict[str, str]) -> list[tuple[str, str, object]]:
    """Return the requests of one plan: method, path with query, and body."""
    control(url, "DELETE", "/_sandbox/journal")
    run(scimconf("plan", WRITER), env)
    journal = control(url, "GET", "/_sandbox/journal")
    return [(row["method"], target(row), row["body"]) for row in journal["value"]]


def target(row: dict[str, Any]) -> str:
    """Return path and query of a request as a client sends them; the journal omits the `$` of OData options."""
    options = {f"${name}": value for name, value in row["query"].items()}
    return row["path"] + (f"?{urllib.parse.urlencode(options)}" if options else "")


def report(title: str, measured: tuple[float, float, float], limit: float) -> bool:
    least, median, most = measured
    fine = median <= limit
    print(f"{title}: {median:.2f}x (from {least:.2f}x to {most:.2f}x, at most {limit}x){'' if fine else '  TOO SLOW'}")
    return fine


def main() -> int:
    env = environment()
    validate = ratio(lambda: run(scimconf("validate", WRITER), env), lambda: run([sys.executable, "-c", MODELS], env))
    fine = report("validate against its libraries and models", validate, 1.5)
    with sandbox() as url, tempfile.TemporaryDirectory() as folder:
        env = environment(SCIMCONF_GRAPH_URL=url)
        run(scimconf("apply", "--auto-approve", "--backup", folder, WRITER), env)
        control(url, "PUT", "/_sandbox/switches", {"latency_ms": LATENCY_MS})
        reads = reads_of(url, env)
        file = Path(folder) / "reads.json"
        file.write_text(json.dumps(reads), encoding="utf-8")
        bare = [sys.executable, "-c", READS, url, str(file)]
        plan = ratio(lambda: run(scimconf("plan", WRITER), env), lambda: run(bare, env))
        fine = report(f"plan against its {len(reads)} reads with bare httpx", plan, 1.5) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
