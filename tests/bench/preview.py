"""Cost of a preview, compared with reading the same pages with httpx and evaluating the same expressions.

Ratios: both sides run alternately, and the result is the median. As a script it exits with 1 if a limit is exceeded.
The sandbox runs in its own process behind a socket.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tenant_fixture import ROOT

from scimconf.expressions import parse
from scimconf.expressions.evaluation import EvaluationContext, compile_expression
from scimconf.graph import impact_data
from scimconf.graph.client import Settings, open_graph
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan.preview_redact import unredacted
from scimconf.render.preview.text import TextPreview
from scimconf.workflow.preview import YIELD_AFTER

USERS, RUNS, LIMIT, FLAT = 20_000, 3, 1.5, 2.0
GRAPH = (
    *("displayName", "jobTitle", "mail", "preferredLanguage", "givenName", "surname", "state", "officeLocation"),
    *("streetAddress", "city", "postalCode", "country", "mobilePhone", "faxNumber", "mailNickname", "employeeId"),
    "department",
)
NAMES = (
    *("userPrincipalName", "displayName", "jobTitle", "mail", "preferredLanguage", "givenName", "surname", "state"),
    *("physicalDeliveryOfficeName", "streetAddress", "city", "postalCode", "country", "telephoneNumber", "mobile"),
    *("facsimileTelephoneNumber", "mailNickname", "employeeId", "department"),
)
ACTIVE = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
FORMATTED = 'Join(" ", [givenName], [surname])'
CHANGED = 'Switch(Mid([employeeId], "5", "1"), Join(" ", [givenName], [surname]), "7", [surname])'
MAPPINGS = {**{name: f"[{name}]" for name in NAMES}, "active": ACTIVE, "formatted": FORMATTED}
CONTEXT = EvaluationContext(datetime(2026, 11, 25, tzinfo=UTC))


def make_preview() -> Preview:
    """Return a preview of the default mappings in which one mapping changes for one user in ten."""
    rows = {
        name: {"source": text, "match": None, "default": None, "apply": "always"} for name, text in MAPPINGS.items()
    }
    after = {**rows, "formatted": {**rows["formatted"], "source": CHANGED}}
    before = ProvisioningState(exists=True, scope="all", rows=rows)
    return Preview(before, ProvisioningState(exists=True, scope="all", rows=after), {}, CONTEXT)


def run_preview(url: str) -> None:
    async def work() -> None:
        one, form = make_preview(), TextPreview()
        summing = SummaryBuilder(one.matching)
        graph = open_graph(Settings(base=url), None)
        async with graph:
            async for page in impact_data.directory_users(graph, one.properties):
                for number, user in enumerate(page):
                    if number % YIELD_AFTER == 0:
                        await asyncio.sleep(0)
                    form.person(summing.add(one.user(user), unredacted))
        form.ended(summing.summary())

    asyncio.run(work())


def run_bare(url: str) -> None:
    """Read the pages and evaluate each mapping once per user, the changed one before and after."""
    functions = [compile_expression(parse(text)) for text in (*MAPPINGS.values(), CHANGED)]

    async def work() -> None:
        link: str | None = f"{url}/users?$top=999&$select={','.join(make_preview().select)}"
        async with httpx.AsyncClient(trust_env=False) as client:
            while link:
                body: Any = (await client.get(link)).json()
                for user in body["value"]:
                    given = {**user, "IsSoftDeleted": False}
                    for function in functions:
                        function(given, CONTEXT)
                link = body.get("@odata.nextLink")

    asyncio.run(work())


def seconds(work: Any, url: str) -> float:
    begin = time.perf_counter()
    work(url)
    return time.perf_counter() - begin


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """Yield the Graph URL of a sandbox tenant with generated users in its own process."""
    users = [
        {"userPrincipalName": f"user{number}@contoso.com", "businessPhones": [f"+49 {number:010}"]}
        | {name: f"{number:05}" if name == "employeeId" else f"{name} {number}" for name in GRAPH}
        for number in range(USERS)
    ]
    tenant, ready = folder / "tenant.json", folder / "ready"
    tenant.write_text(json.dumps({"users": users}))
    command = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0"]
    command += ["--tenant", str(tenant), "--ready-file", str(ready)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready.exists():
            assert server.poll() is None, "the sandbox did not start"
            time.sleep(0.05)
        yield ready.read_text().strip()
    finally:
        server.terminate()
        server.wait()


def peak(number: int) -> int:
    """Return the peak memory of a preview of that many users, in bytes, without the sandbox."""
    one, form = make_preview(), TextPreview()
    summing = SummaryBuilder(one.matching)
    tracemalloc.start()
    for start in range(0, number, 999):
        page = [
            {"id": f"{count:032}", "userPrincipalName": f"user{count}@contoso.com", "displayName": f"User {count}"}
            for count in range(start, min(start + 999, number))
        ]
        for user in page:
            form.person(summing.add(one.user(user), unredacted))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as url:
        ratio = statistics.median(seconds(run_preview, url) / seconds(run_bare, url) for _ in range(RUNS))
    print(f"a preview of {USERS:,} users against reading and evaluating them: {ratio:.2f} (limit {LIMIT})")
    flat = peak(100_000) / peak(10_000)
    print(f"its memory for 100,000 users against 10,000: {flat:.2f} (limit {FLAT})")
    return int(ratio > LIMIT or flat > FLAT)


if __name__ == "__main__":
    sys.exit(main())
