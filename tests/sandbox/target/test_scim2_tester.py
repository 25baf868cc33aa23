"""scim2-tester, an independent conformance test, against targets as they are served."""

from __future__ import annotations

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from .scim_client import TargetClient

CHECKS = 135


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["strict", "tolerant"])
def test_a_target_passes_every_check(kind: str) -> None:
    with TargetClient(kind) as target:
        headers = {"Authorization": f"Bearer {target.target.token}"}
        with httpx2.Client(base_url=target.url, headers=headers, timeout=600) as http:
            client = SyncSCIMClient(http)
            client.discover()
            results = check_server(client)
    assert [(result.title, result.reason) for result in results if result.status is not Status.SUCCESS] == []
    assert len(results) == CHECKS
