"""An apply of many new assignments at Graph's write quota, on a simulated clock: `python quota.py NUMBER`.

Prints how many assignments the apply made, and the simulated seconds. Graph accepts 3,000 writes in 150 seconds from one
application, each write of a `$batch` for itself, and answers others with 429 and a Retry-After (Graph: service limits).
Writes of assignments are answered here and stored in the sandbox's database, which would take minutes over its own API.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tenant_fixture import Rehearsal, Wire, all_allowed

from scimconf.sandbox.directory.assignments import insert_assignments
from scimconf.sandbox.generated import Numbers

WRITES, WINDOW = 3000, 150.0
BATCH_SECONDS = 0.5


class Quota(Wire):
    """Answers batches of new assignments at the quota; everything else is the sandbox's."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__(rehearsal)
        self.tenant = rehearsal
        self.times: deque[float] = deque()
        self.done = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        requests = json.loads(request.content)["requests"] if request.url.path.endswith("/$batch") else []
        if not any(item["method"] == "POST" for item in requests):
            return await super().handle_async_request(request)
        await self.tenant.sleep(BATCH_SECONDS)
        return httpx.Response(200, json={"responses": [self._response(item) for item in requests]})

    def _response(self, item: dict[str, Any]) -> dict[str, Any]:
        now = self.tenant.time
        while self.times and self.times[0] <= now - WINDOW:
            self.times.popleft()
        if len(self.times) >= WRITES:
            wait = str(int(self.times[0] + WINDOW - now) + 1)
            error = {"error": {"code": "TooManyRequests", "message": "Too many requests"}}
            return {"id": item["id"], "status": 429, "headers": {"Retry-After": wait}, "body": error}
        self.times.append(now)
        self.done += 1
        body = item["body"]
        name = "User"
        principal = {"id": body["principalId"], "userPrincipalName": name, "displayName": name}
        insert_assignments(self.tenant.service.tenant, body["resourceId"], body["appRoleId"], [principal])
        return {"id": item["id"], "status": 201, "body": body}


def main(number: int) -> None:
    rehearsal = Rehearsal(Numbers(users=number).tenant())
    rehearsal.wire = quota = Quota(rehearsal)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in Numbers(number, 0, number).spec_files().items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        loaded = rehearsal.load(Path(folder) / "scimconf.yaml")
        rehearsal.environ["GENERATED_SCIM_TOKEN"] = "generated"
        rehearsal.apply(loaded, all_allowed())
    print(json.dumps({"done": quota.done, "seconds": round(rehearsal.time)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
