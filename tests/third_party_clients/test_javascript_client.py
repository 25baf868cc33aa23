"""Microsoft's Graph client for JavaScript over TLS: list, paging, create, assign, write a schema, delete."""

import json
import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).with_name("client.cjs")


def test_javascript_client_creates_configures_and_deletes_an_application(served, graph_client):
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": str(served.authority)}
    command = ["node", str(SCRIPT), served.root]
    done = subprocess.run(
        command, check=False, cwd=graph_client, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "users": 262,
        "roles": [None, None, "admin"],
        "assigned": ["Ada Lovelace"],
        "unassigned": 0,
        "secrets": [{"key": "BaseAddress", "value": "https://own.example/scim"}, {"key": "SecretToken", "value": "*"}],
        "before": 22,
        "after": 21,
        "state": "Active",
        "gone": [404, "Request_ResourceNotFound"],
    }
