"""Demo: set up Writer from one file in a simulated tenant on this machine.

Run it with `make demo`. It needs no tenant, account or settings. It stops what it starts, and writes only to a temporary
folder.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

ROOT = Path(__file__).resolve().parents[1]
SCIMCONF = [sys.executable, "-m", "scimconf"]
SPEC = "examples/writer-new"
# A SCIM server in place of Writer. What Entra sends for the role is not documented; this is one of the possible forms.
PROVISIONING = ["--target", "tolerant", "--switch", "role_blob=display_name", "--switch", "bare_extension=attribute"]
ROLE = "urn:custom:params:scim:schemas:extension:writer:2.0"


def main() -> int:
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as url:
        environ = {**plain_environment(), "SCIMCONF_GRAPH_URL": url, "WRITER_SCIM_TOKEN": "a-token-of-the-demo"}
        heading("1. Plan: what would change in an empty tenant, and for which users")
        expect(2, run(environ, "plan", "--detailed-exitcode", SPEC))
        heading("2. Apply: make the changes, then plan again until no changes remain")
        expect(0, run(environ, "apply", "--yes", "--history", f"{folder}/history", SPEC))
        heading("3. Plan again: no changes")
        expect(0, run(environ, "plan", "--detailed-exitcode", SPEC))
        heading("4. The tenant now")
        print_tenant(url)
        heading("5. A provisioning cycle: the users and groups that the application gets")
        print_cycle(url)
    heading("Done. Everything came from examples/writer-new/scimconf.yaml; no process is left running.")
    return 0


# --- running -----------------------------------------------------------------------------------------------------


def plain_environment() -> dict[str, str]:
    """Return the caller's environment without variables for signing in or choosing another tenant."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "SCIMCONF_"))}


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """Yield the URL of a simulated tenant on a free port, in a session of its own so that Ctrl-C stops apply first."""
    ready = folder / "ready"
    command = [*SCIMCONF, "sandbox", "serve", "--port", "0", "--ready-file", str(ready), *PROVISIONING]
    with (folder / "sandbox.log").open("w+") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=plain_environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            while not ready.exists():
                if server.poll() is not None:
                    log.seek(0)
                    sys.exit(f"The sandbox did not start.\n{log.read()}")
                time.sleep(0.05)
            yield ready.read_text()
        finally:
            server.terminate()
            server.wait()


def run(environ: Mapping[str, str], *arguments: str) -> int:
    print(f"$ scimconf {' '.join(arguments)}", flush=True)
    code = subprocess.run([*SCIMCONF, *arguments], cwd=ROOT, env=environ, check=False).returncode
    print(f"exit code {code}", flush=True)
    return code


def expect(expected: int, code: int) -> None:
    if code != expected:
        sys.exit(f"The demo expected exit code {expected}.")


# --- printing ----------------------------------------------------------------------------------------------------


def heading(text: str) -> None:
    bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    print(f"\n{bold[0]}== {text}{bold[1]}\n", flush=True)


def control(url: str, endpoint: str, body: object = None) -> Any:
    """Send a request to a control endpoint of the sandbox, a POST if there is a body, and return its JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{url.removesuffix('/v1.0')}/_sandbox/{endpoint}", data)  # noqa: S310  the sandbox on this machine
    with build_opener(ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def print_tenant(url: str) -> None:
    """Print the tenant's state as read from the sandbox, not through scimconf."""
    state = control(url, "state")
    (principal,) = state["servicePrincipals"]
    (job,) = state["jobs"]
    secrets = {pair["key"]: pair["value"] for pair in state["secrets"][principal["id"]]}
    roles = {role["id"]: role["displayName"] for role in principal["appRoles"]}
    print(f"application   {principal['displayName']}, with the roles {', '.join(roles.values())}")
    print(
        f"job           template {job['templateId']}, {job['schedule']['state']}, every {job['schedule']['interval']}"
    )
    print(f"connection    {secrets['BaseAddress']}, token {secrets['SecretToken']} (Graph never shows it)")
    print(f"scope         {'everyone' if secrets['SyncAll'] == 'true' else 'only assigned users and groups'}")
    for line in mapping_lines(state["schemas"][0]):
        print(f"mapping       {line}")
    for row in state["appRoleAssignments"]:
        print(f"assigned      {row['principalDisplayName']} as {roles[row['appRoleId']]}")


def print_cycle(url: str) -> None:
    """Run a provisioning cycle, and print the users and groups as the target application has them."""
    (cycle,) = control(url, "cycle", {})["value"]
    target = control(url, "target")
    names = {user["id"]: user["displayName"] for user in target["users"]}
    counts = cycle["execution"]
    print(f"cycle         {cycle['cycle']}, {counts['countExported']} changes sent, {counts['countEscrowed']} failed")
    for user in target["users"]:
        roles = user.get(ROLE, {}).get("User", "no role")
        state = "active" if user["active"] else "disabled"
        role = ", ".join(roles) if isinstance(roles, list) else roles
        print(f"user          {user['userName']}, externalId {user['externalId']}, {state}, {role}")
    for group in target["groups"]:
        print(f"group         {group['displayName']}: {', '.join(names[item['value']] for item in group['members'])}")


def mapping_lines(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the size of each object mapping, and the rows that Writer's guide asks for."""
    for mapping in (mapping for rule in schema["synchronizationRules"] for mapping in rule["objectMappings"]):
        rows = mapping["attributeMappings"]
        yield f"{mapping['sourceObjectName']}: {len(rows)} attributes"
        for row in rows:
            if "writer" in row["targetAttributeName"] or row["targetAttributeName"] == "externalId":
                yield f"  {row['source']['expression']} → {row['targetAttributeName']}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
