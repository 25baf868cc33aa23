"""Demo: the life of an application in a simulated tenant on this machine, from a plan to a rollback.

Run it with `make demo`. It needs no tenant, account or settings. It stops what it starts, and writes only to a temporary
folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

EXAMPLE = Path(__file__).resolve().parent / "writer-new"
SCIMCONF = [sys.executable, "-m", "scimconf"]
PROVISIONING = ["--target", "tolerant", "--switch", "role_blob=display_name", "--switch", "bare_extension=attribute"]
TOKEN = "a-token-of-the-demo"  # noqa: S105  of a SCIM server on this machine
ADMINISTRATOR = "grace@contoso.com"
ROLE = "urn:custom:params:scim:schemas:extension:writer:2.0"
NEIGHBOR = "      externalId: mailNickname"
NEW_LINE = "title: department"
READING = """
What Entra sends for a role of Writer is not documented. The two switches choose one possible reading:
the names of the user's roles (role_blob), in an attribute of the extension (bare_extension)."""
COLOR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def main() -> int:
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(EXAMPLE, folder / "writer")
        print(
            "The folder writer is a copy of examples/writer-new. All outputs are shortened: … stands for lines left out."
        )
        heading("A simulated tenant, with a SCIM server in place of Writer")
        with sandbox(folder) as url:
            print_sandbox(url)
            run_commands(Demo(folder, url))
    heading("Done. No process is left running. docs/start.md is the same with a spec of your own.")
    return 0


@dataclass(frozen=True)
class Demo:
    """The folder in which commands run, and the URL of the simulated tenant."""

    folder: Path
    url: str

    def run(self, command: str, *, code: int = 0, head: int = 0, tail: int = 0) -> None:
        """Run a command of scimconf and print it as a user types it, with the first and last lines of its output."""
        print_command(f"scimconf {command}")
        environ = {**plain_environment(), "SCIMCONF_GRAPH_URL": self.url, "WRITER_SCIM_TOKEN": TOKEN}
        if COLOR:
            environ |= {"FORCE_COLOR": "1", "COLUMNS": str(min(shutil.get_terminal_size().columns, 100))}
        argv = [*SCIMCONF, *command.split()]
        result = subprocess.run(argv, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        if result.returncode != code:
            sys.exit(f"{result.stdout}{result.stderr}The exit code is {result.returncode}; the demo expected {code}.")
        print(shortened(result.stdout, head, tail))
        if code:
            print(f"[exit code {code}]")

    def control(self, endpoint: str, body: object = None) -> Any:
        """Send a request to a control endpoint of the sandbox, a POST if there is a body, and return its JSON."""
        return request("GET" if body is None else "POST", self.control_url(endpoint), body)

    def control_url(self, endpoint: str) -> str:
        return f"{self.url.removesuffix('/v1.0')}/_sandbox/{endpoint}"

    def graph(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the simulated Microsoft Graph, and return its JSON."""
        return request(method, f"{self.url}/{path}", body)

    def edit(self, old: str, new: str) -> None:
        """Replace a text in the spec."""
        path = self.folder / "writer" / "scimconf.yaml"
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")


def run_commands(demo: Demo) -> None:
    heading("1. Check the spec, and show what would change, and for which users. Both write nothing")
    demo.run("validate writer")
    demo.run("plan writer", head=12, tail=18)
    heading("2. Apply it; --yes answers the guards. Then the plan has no changes")
    demo.run("apply --yes writer", tail=3)
    demo.run("plan writer", tail=1)
    heading("3. The service provisions the assigned users and groups, in a cycle every 40 minutes")
    run_cycle(demo)
    print_target(demo)
    demo.run("status writer", head=14)
    heading(
        "4. Grace maps objectId to externalId in the portal. drift finds it and exits with 2; apply restores the spec"
    )
    edit_in_portal(demo)
    demo.run("drift writer", code=2, head=14, tail=4)
    demo.run("apply --yes writer", tail=4)
    heading(f"5. The spec gets the line `{NEW_LINE}`. It is applied, and rolled back")
    demo.edit(NEIGHBOR, f"      {NEW_LINE}\n{NEIGHBOR}")
    demo.run("plan writer", head=10, tail=1)
    demo.run("apply --yes writer", tail=3)
    demo.run("rollback --yes writer", head=10, tail=4)
    demo.edit(f"      {NEW_LINE}\n", "")
    print("\nThe line is deleted from the spec as well, so that the next apply does not bring it back:")
    demo.run("plan writer", tail=1)
    heading("6. After the next cycle: did the service do to each user what the spec predicts?")
    run_cycle(demo)
    demo.run("logs --compare writer", head=10)


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
            command, cwd=folder, env=plain_environment(), stdout=log, stderr=log, start_new_session=True
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


def shortened(text: str, head: int, tail: int) -> str:
    """Return the first and last lines of a text, with a line that counts those in between; short texts as they are."""
    lines = text.rstrip("\n").splitlines()
    omitted = len(lines) - head - tail
    if omitted <= 1 or not head + tail:
        return "\n".join(lines)
    return "\n".join([*lines[:head], f"  … {omitted} lines", *lines[len(lines) - tail :]])


# --- the tenant and the application ------------------------------------------------------------------------------


def run_cycle(demo: Demo) -> None:
    """Run a provisioning cycle 41 minutes later, and print how many changes it sent."""
    body = json.dumps({"after": "PT41M"})
    print_command(f"curl -X POST {demo.control_url('cycle')} -d '{body}'")
    (cycle,) = demo.control("cycle", json.loads(body))["value"]
    counts = cycle["execution"]
    print(f"{cycle['cycle']} cycle: {counts['countExported']} changes sent, {counts['countEscrowed']} failed")


def print_target(demo: Demo) -> None:
    """Print the users and groups as the target application has them, read from its SCIM server."""
    print_command(f"curl {demo.control_url('target')}")
    target = demo.control("target")
    names = {user["id"]: user["displayName"] for user in target["users"]}
    for user in target["users"]:
        roles = user.get(ROLE, {}).get("User", [])
        state = "active" if user["active"] else "disabled"
        text = ", ".join(dict.fromkeys(roles if isinstance(roles, list) else [roles]))
        print(f"user   {user['userName']}, externalId {user['externalId']}, {state}, {text or 'no role'}")
    for group in target["groups"]:
        print(f"group  {group['displayName']}: {', '.join(names[item['value']] for item in group['members'])}")


def edit_in_portal(demo: Demo) -> None:
    """Change the source of the mapping to externalId with the requests that the portal sends."""
    (principal,) = demo.graph("GET", "servicePrincipals?$filter=displayName%20eq%20'Writer'")["value"]
    jobs = f"servicePrincipals/{principal['id']}/synchronization/jobs"
    (job,) = demo.graph("GET", jobs)["value"]
    schema = demo.graph("GET", f"{jobs}/{job['id']}/schema")
    for mapping in (mapping for rule in schema["synchronizationRules"] for mapping in rule["objectMappings"]):
        for row in mapping["attributeMappings"]:
            if mapping["sourceObjectName"] == "User" and row["targetAttributeName"] == "externalId":
                row["source"] |= {"expression": "[objectId]", "name": "objectId"}
    demo.graph("PUT", f"{jobs}/{job['id']}/schema", schema)


def request(method: str, url: str, body: object = None) -> Any:
    """Send a request to the sandbox on this machine, and return the JSON of its response, or None."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Sandbox-User": ADMINISTRATOR}
    message = Request(url, data, headers, method=method)  # noqa: S310
    with build_opener(ProxyHandler({})).open(message) as response:
        text = response.read()
    return json.loads(text) if text else None


# --- printing ----------------------------------------------------------------------------------------------------


def bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if COLOR else text


def heading(text: str) -> None:
    print(f"\n\n{bold(f'== {text}')}", flush=True)


def print_command(command: str) -> None:
    print(f"\n{bold(f'$ {command}')}", flush=True)


def print_sandbox(url: str) -> None:
    """Print the command of the sandbox, and which readings of undocumented behavior it has."""
    port = urlsplit(url).port
    print_command(f"scimconf sandbox serve --port {port} {' '.join(PROVISIONING)} &")
    print_command(f"export SCIMCONF_GRAPH_URL={url} WRITER_SCIM_TOKEN={TOKEN}")
    print(READING)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
