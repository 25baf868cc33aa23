"""Fixtures: a scripted Graph over httpx's MockTransport, with its own clock, and specs that extend the example."""

import asyncio
import json

import httpx
import pytest
from canary import WATCH
from tenant_fixture import WRITER

from scimconf.graph.client import Settings, open_graph

DATE = "Wed, 25 Nov 2026 08:00:00 GMT"


class Fake:
    """Answers from a script: responses, exceptions or functions of the request; the last one is repeated."""

    base = "http://127.0.0.1:8080/v1.0"

    def __init__(self):
        self.script = []
        self.requests = []
        self.slept = []
        self.told = []
        self.time = 1000.0

    def answers(self, *script):
        self.script = list(script)
        return self

    def handler(self, request):
        self.requests.append(request)
        headers = [(name, value) for name, value in request.headers.items() if name != "authorization"]
        WATCH.look_at_request(request.method, str(request.url), headers, request.content)
        item = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(item):
            item = item(request)
        if isinstance(item, Exception):
            raise item
        return item

    async def sleep(self, seconds):
        """Time passes once everyone else had the chance to fall asleep too."""
        self.slept.append(seconds)
        until = self.time + seconds
        for _ in range(50):
            await asyncio.sleep(0)
        self.time = max(self.time, until)

    def run(self, work, *, token=None, transport=None, mask_text=str, random=lambda: 1.0, **settings):
        async def command():
            graph = open_graph(
                Settings(**{"base": self.base, **settings}),
                token,
                transport=transport or httpx.MockTransport(self.handler),
                mask_text=mask_text,
                sleep=self.sleep,
                clock=lambda: self.time,
                random=random,
                on_wait=lambda seconds, why: self.told.append((seconds, why)),
            )
            async with graph:
                return await work(graph)

        return asyncio.run(command())

    def get(self, **options):
        return self.run(lambda graph: graph.get("/me"), **options)

    @property
    def urls(self):
        return [str(request.url) for request in self.requests]

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]

    @staticmethod
    def ok(body=None, status=200, **headers):
        return lambda _request: httpx.Response(
            status, json=body if body is not None else {}, headers={"date": DATE, "request-id": "srv-1", **headers}
        )

    @staticmethod
    def error(status, code="Code", message="Message.", **headers):
        body = {"error": {"code": code, "message": message, "innerError": {"request-id": "inner-1"}}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda _request: httpx.Response(status, json=body, headers={"date": DATE, **named})


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def spec(tmp_path):
    """Return a function that writes a spec that extends the example, and returns its path."""

    def write(text, name="scimconf"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(f"extends: [{WRITER}]\n{text}")
        return file

    return write
