"""The main job in half a minute: Writer's whole set-up, from one file, in a pretend tenant on this machine.

Run it with `make demo`. It needs no tenant, no account and no settings; whatever it starts it stops, and what it
writes goes into a temporary folder.
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
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parents[1]
SCIMCONF = [sys.executable, "-m", "scimconf"]
SPEC = "examples/writer-new"


def main() -> int:
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as url:
        environ = {**plain_environment(), "SCIMCONF_GRAPH_URL": url, "WRITER_SCIM_TOKEN": "a-token-of-the-demo"}
        heading("1. The plan: what differs from an empty tenant, and what it does to people")
        expect(2, run(environ, "plan", "--detailed-exitcode", SPEC))
        heading("2. Apply: makes it so, and plans again until nothing is left")
        expect(0, run(environ, "apply", "--auto-approve", "--backup", f"{folder}/backup", SPEC))
        heading("3. The plan again: nothing to do")
        expect(0, run(environ, "plan", "--detailed-exitcode", SPEC))
        heading("4. What the tenant now holds")
        tell_holdings(url)
    heading("Done. Everything came from examples/writer-new/scimconf.yaml; nothing was left running.")
    return 0


# --- what is run -----------------------------------------------------------------------------------------------------


def plain_environment() -> dict[str, str]:
    """The caller's environment without anything that would sign in or choose another tenant."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "SCIMCONF_"))}


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """The URL of a pretend tenant on a free port. In a session of its own: Ctrl-C does not pull it from under an apply."""
    ready = folder / "ready"
    command = [*SCIMCONF, "sandbox", "serve", "--port", "0", "--ready-file", str(ready)]
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


def expect(wanted: int, code: int) -> None:
    if code != wanted:
        sys.exit(f"The demo expected exit code {wanted}.")


# --- what is told ----------------------------------------------------------------------------------------------------


def heading(text: str) -> None:
    bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    print(f"\n{bold[0]}== {text}{bold[1]}\n", flush=True)


def tell_holdings(url: str) -> None:
    """A few lines about the tenant, from the sandbox itself and not through scimconf."""
    with build_opener(ProxyHandler({})).open(url.removesuffix("/v1.0") + "/_sandbox/state") as answer:
        state = json.load(answer)
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


def mapping_lines(schema: Mapping[str, Any]) -> Iterator[str]:
    """How many rows each mapping has, and those that the Writer guide asks for."""
    for one in (found for rule in schema["synchronizationRules"] for found in rule["objectMappings"]):
        rows = one["attributeMappings"]
        yield f"{one['sourceObjectName']}: {len(rows)} attributes"
        for row in rows:
            if "writer" in row["targetAttributeName"] or row["targetAttributeName"] == "externalId":
                yield f"  {row['source']['expression']} → {row['targetAttributeName']}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
