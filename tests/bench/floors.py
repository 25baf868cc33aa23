"""The floors of the measurements: the same requests with bare httpx. `python floors.py FLOOR URL FILE`, in a process.

FILE has the requests as JSON: `waves` (lists of method, target and body), `pages` (the target of the first page of
assignments, or null) and `batches` (bodies of `$batch`). Every response is parsed.

* `sequential`: the waves, the pages, and the names of the principals by getByIds, one request after another.
* `concurrent`: wave after wave, the requests of a wave at the same time; the pages from the start, and the names of each
  page by getByIds as soon as it is there. At most 8 requests at a time.
* `batches`: two batches at a time.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.modules["httpx._main"] = None  # type: ignore[assignment]  # httpx's own command line, which the client leaves out too

import httpx  # noqa: E402

CONCURRENCY, WRITES = 8, 2


class Floor:
    def __init__(self, client: httpx.AsyncClient, requests: dict[str, Any]) -> None:
        self._client = client
        self._requests = requests
        self._slots = asyncio.Semaphore(CONCURRENCY)  # the pool of httpx is slow with many requests that wait in it

    async def send(self, method: str, target: str, body: Any = None) -> Any:
        async with self._slots:
            response = await self._client.request(method, target, json=body)
        if response.status_code >= 400 and response.status_code != 404:
            response.raise_for_status()
        return response.json() if response.content[:1] in (b"{", b"[") else None

    async def sequential(self) -> None:
        for wave in self._requests["waves"]:
            for request in wave:
                await self.send(*request)
        pages = [page async for page in self._pages()]
        for page in pages:
            await self._names(page)

    async def concurrent(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._waves())
            async for page in self._pages():
                group.create_task(self._names(page))

    async def _waves(self) -> None:
        for wave in self._requests["waves"]:
            await asyncio.gather(*(self.send(*request) for request in wave))

    async def _pages(self) -> Any:
        target = self._requests["pages"]
        while target:
            page = await self.send("GET", target)
            yield page["value"]
            target = page.get("@odata.nextLink")

    async def _names(self, page: list[Any]) -> None:
        body = {"ids": list(dict.fromkeys(row["principalId"] for row in page)), "types": ["user", "group"]}
        await self.send("POST", "/v1.0/directoryObjects/getByIds", body)

    async def batches(self) -> None:
        slots = asyncio.Semaphore(WRITES)

        async def send(body: Any) -> None:
            async with slots:
                await self.send("POST", "/v1.0/$batch", body)

        await asyncio.gather(*map(send, self._requests["batches"]))


async def main(floor: str, url: str, requests: dict[str, Any]) -> None:
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False, verify=False) as client:
        await getattr(Floor(client, requests), floor)()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3], json.loads(Path(sys.argv[3]).read_text("utf-8"))))
