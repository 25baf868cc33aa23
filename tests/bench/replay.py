"""A server that answers with recorded bytes, so that a measurement is of the client: `python replay.py UPSTREAM READY`.

A request that was not recorded is sent to the upstream, a sandbox, and its response is recorded. Requests of a `$batch` and
ids of a getByIds are recorded one by one, so that other combinations of them are answered too.

`POST /_replay` changes the settings: `mode`, `latency` (seconds of every response) and `shuffle` (a seed: every response has
an own delay, so that responses arrive in any order). It empties the journal, which `GET /_replay` returns.

* mode `cache`: a recorded response is used for any number of requests.
* mode `record`: every request is sent to the upstream; a repeated request gets one more response.
* mode `replay`: the responses of a repeated request are used in the order of their recording; another request is a 501.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx

ROOT = "/v1.0"
CONTROL = "/_replay"
DELAYS = (0.0, 0.0, 0.05, 0.1, 0.3)
"""Seconds, of which `shuffle` selects one for each response."""
DROPPED = {"connection", "transfer-encoding", "content-length", "content-encoding"}


class Recording:
    """The recorded responses: of whole requests in their order, of the requests of batches, and rows by id."""

    def __init__(self) -> None:
        self.responses: dict[str, list[bytes]] = defaultdict(list)
        self.items: dict[str, str] = {}
        self.rows: dict[str, str] = {}
        self.missing: set[str] = set()
        self.used: Counter[str] = Counter()

    def find(self, key: str, target: str, body: Any, *, in_order: bool) -> bytes | None:
        if target.endswith("/$batch"):
            return self._batch(body)
        if target.endswith("/getByIds"):
            return self._rows(body)
        responses = self.responses.get(key)
        if not responses:
            return None
        number = min(self.used[key], len(responses) - 1) if in_order else -1
        self.used[key] += 1
        return responses[number]

    def learn(self, key: str, target: str, body: Any, response: httpx.Response) -> bytes:
        """Record a response and return its bytes."""
        content = message(response.status_code, response.headers.items(), response.content)
        if target.endswith("/$batch") and response.is_success:
            requests = {request["id"]: item_key(request) for request in body["requests"]}
            for row in response.json()["responses"]:
                self.items[requests[row["id"]]] = json.dumps({name: row[name] for name in row if name != "id"})[1:]
        elif target.endswith("/getByIds") and response.is_success:
            rows = {row["id"]: json.dumps(row) for row in response.json()["value"]}
            self.rows.update(rows)
            self.missing.update(set(body["ids"]) - rows.keys())
        else:
            self.responses[key].append(content)
        return content

    def _batch(self, body: Any) -> bytes | None:
        items = [(request["id"], self.items.get(item_key(request))) for request in body["requests"]]
        if any(item is None for _, item in items):
            return None
        text = ",".join(f'{{"id":"{number}",{item}' for number, item in items)
        return message(200, JSON, f'{{"responses":[{text}]}}'.encode())

    def _rows(self, body: Any) -> bytes | None:
        if any(key not in self.rows and key not in self.missing for key in body["ids"]):
            return None
        return message(
            200, JSON, f'{{"value":[{",".join(self.rows[key] for key in body["ids"] if key in self.rows)}]}}'.encode()
        )


JSON = (("content-type", "application/json"),)


def item_key(request: dict[str, Any]) -> str:
    return f"{request['method']} {request['url']} {json.dumps(request.get('body'), sort_keys=True)}"


def message(status: int, headers: Any, content: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Recorded", *(f"{name}: {value}" for name, value in headers if name not in DROPPED)]
    return "\r\n".join([*lines, f"content-length: {len(content)}", "", ""]).encode() + content


class Replay:
    def __init__(self, upstream: str) -> None:
        self.recording = Recording()
        self.journal: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {}
        self._upstream = httpx.AsyncClient(base_url=upstream.removesuffix(ROOT), timeout=600)
        self._dice = random.Random(0)
        self.change({})

    def change(self, settings: dict[str, Any]) -> None:
        self.settings = {"mode": "cache", "latency": 0.0, "shuffle": None, **settings}
        self._dice = random.Random(self.settings["shuffle"])
        self.journal = []
        self.recording.used.clear()

    async def respond(self, method: str, target: str, headers: dict[str, str], content: bytes) -> bytes:
        begin = time.monotonic()
        body = json.loads(content) if content else None
        if target == CONTROL:
            return self._control(method, body)
        entry = {"method": method, "target": target, "body": body, "begin": begin}
        self.journal.append(entry)
        key = f"{method} {target} {json.dumps(body, sort_keys=True)}"
        answer = await self._answer(key, (method, target, body), headers, content)
        delay = self.settings["latency"]
        if self.settings["shuffle"] is not None:
            delay += self._dice.choice(DELAYS)
        if delay:
            await asyncio.sleep(max(0.0, begin + delay - time.monotonic()))
        entry["end"] = time.monotonic()
        return answer

    def _control(self, method: str, body: Any) -> bytes:
        if method == "POST":
            self.change(body)
        return message(200, JSON, json.dumps(self.journal).encode())

    async def _answer(self, key: str, request: tuple[str, str, Any], headers: dict[str, str], content: bytes) -> bytes:
        method, target, body = request
        mode = self.settings["mode"]
        known = None if mode == "record" else self.recording.find(key, target, body, in_order=mode == "replay")
        if known is not None:
            return known
        self.journal[-1]["missed"] = True
        if mode == "replay":
            return message(501, JSON, json.dumps({"error": {"code": "NotRecorded", "message": key[:200]}}).encode())
        sent = {name: headers[name] for name in ("host", "content-type", "consistencylevel") if name in headers}
        response = await self._upstream.request(method, target, headers=sent, content=content or None)
        return self.recording.learn(key, target, body, response)


async def connection(replay: Replay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            content = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(await replay.respond(method, target, headers, content))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def write(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


async def main(upstream: str, ready: str) -> None:
    replay = Replay(upstream)
    server = await asyncio.start_server(lambda *streams: connection(replay, *streams), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    write(Path(ready), f"http://127.0.0.1:{port}{ROOT}")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
