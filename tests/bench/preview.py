"""What a preview costs beside reading the users: the same pages read with bare httpx and evaluated, against all of it.

Ratios of one run: both sides take turns, and the median of the pairs counts. Run on its own, it exits with 1 where a
limit is passed. The sandbox is in this process, so that reading costs both sides the same.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rehearsal import BASE, Rehearsal

from scimconf.expressions import parse
from scimconf.expressions.evaluation import Circumstances, prepare
from scimconf.kinds.preview import Preview
from scimconf.kinds.preview_sides import Side
from scimconf.kinds.preview_summary import Summing
from scimconf.live import people
from scimconf.plan.preview_redact import unmasked
from scimconf.render.preview_text import Text
from scimconf.sandbox.tenant_file import TenantFile

USERS, RUNS, LIMIT, FLAT = 20_000, 3, 1.5, 2.0
NAMES = (
    *("userPrincipalName", "displayName", "jobTitle", "mail", "preferredLanguage", "givenName", "surname", "state"),
    *("physicalDeliveryOfficeName", "streetAddress", "city", "postalCode", "country", "telephoneNumber", "mobile"),
    *("facsimileTelephoneNumber", "mailNickname", "employeeId", "department"),
)
MAPPINGS = {
    **{name: f"[{name}]" for name in NAMES},
    "active": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
    "formatted": 'Join(" ", [givenName], [surname])',
}
CHANGED = 'Switch(Mid([surname], "5", "1"), Join(" ", [givenName], [surname]), "7", [surname])'
TOLD = Circumstances(datetime(2026, 11, 25, tzinfo=UTC))


def scene() -> Preview:
    """The default mappings before, one of them changed after, for one user in ten."""
    rows = {
        name: {"source": text, "match": None, "default": None, "apply": "always"} for name, text in MAPPINGS.items()
    }
    after = {**rows, "formatted": {**rows["formatted"], "source": CHANGED}}
    return Preview(Side(exists=True, scope="all", rows=rows), Side(exists=True, scope="all", rows=after), {}, TOLD)


async def ours(rehearsal: Rehearsal) -> None:
    one, form = scene(), Text()
    summing = Summing(one.matching)
    graph = rehearsal.graph()
    async with graph:
        async for page in people.everyone(graph, one.select):
            for user in page:
                form.person(summing.add(one.person(user), unmasked))
    form.ended(summing.summary())


async def bare(rehearsal: Rehearsal) -> None:
    functions = [prepare(parse(text)) for text in MAPPINGS.values()]
    link: str | None = f"{BASE}/users?$top=999&$select={','.join(scene().select)}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=rehearsal.app)) as client:
        while link:
            body: Any = (await client.get(link)).json()
            for user in body["value"]:
                for function in functions:
                    function(user, TOLD)
            link = body.get("@odata.nextLink")


def seconds(work: Any, rehearsal: Rehearsal) -> float:
    begin = time.perf_counter()
    asyncio.run(work(rehearsal))
    return time.perf_counter() - begin


def peak(number: int) -> int:
    """The most that passing so many users takes, without what the sandbox holds of them."""
    one, form = scene(), Text()
    summing = Summing(one.matching)
    tracemalloc.start()
    for start in range(0, number, 999):
        page = [
            {"id": f"{count:032}", "userPrincipalName": f"user{count}@contoso.com", "displayName": f"User {count}"}
            for count in range(start, min(start + 999, number))
        ]
        for user in page:
            form.person(summing.add(one.person(user), unmasked))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def main() -> int:
    rehearsal = Rehearsal(TenantFile({"generate": {"users": USERS}}))
    ratio = statistics.median(seconds(ours, rehearsal) / seconds(bare, rehearsal) for _ in range(RUNS))
    print(f"a preview of {USERS:,} users against reading and evaluating them: {ratio:.2f} (limit {LIMIT})")
    flat = peak(100_000) / peak(10_000)
    print(f"its memory for 100,000 users against 10,000: {flat:.2f} (limit {FLAT})")
    return int(ratio > LIMIT or flat > FLAT)


if __name__ == "__main__":
    sys.exit(main())
