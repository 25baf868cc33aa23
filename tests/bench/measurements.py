"""What is measured: each scenario yields a function that runs one round and returns the values of its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import BENCH, ROOT, Cost, Server, control, environment, run, scimconf, servers

from scimconf.sandbox.generated import Numbers, user_name

LATENCY, WRITER_LATENCY = 0.05, 0.03
Round = Callable[[int], Mapping[str, float]]
MODELS = "import click, yaml; from scimconf.spec.model import Spec; Spec.model_rebuild()"
"""The least that `validate` can cost: the import of its libraries and the construction of the models."""
WRITER = str(ROOT / "examples" / "writer-new")
NAMES = ("/directoryObjects/getByIds", "/$batch", "/users?", "/groups?")
PAGES = "/appRoleAssignedTo"


@dataclass(frozen=True)
class Sizes:
    """The sizes of the tenants."""

    assignments: int = 100_000
    fewer: int = 10_000
    new: int = 2500
    """Fewer than Graph's write quota of 3,000 in 150 seconds: beyond it an apply waits."""
    quota: int = 100_000
    misspelt: int = 1000
    applications: int = 300
    provisioned: int = 10_000
    changed: int = 100
    stop_after: float = 1.5
    """Times of the other side after which a process is stopped, whose ratio is then at least this."""


QUICK = Sizes(300, 100, 60, 100, 5, 3, 30, 3)


def spec(folder: Path, files: Mapping[str, str]) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


def generate(numbers: Numbers) -> str:
    return f"--generate=users={numbers.users},groups={numbers.groups},assignments={numbers.assignments}"


def floor(name: str, file: Path) -> Callable[[str], Cost]:
    """Return a function that runs a floor of `floors.py` against a URL."""
    return lambda url: run([sys.executable, str(BENCH / "floors.py"), name, url.removesuffix("/v1.0"), str(file)])


def requests(file: Path, journal: list[dict[str, Any]], *, waves: bool = False, names: bool = True) -> Path:
    """Write the requests of a journal to a file for a floor, each once, without the pages of assignments.

    Without `names` the requests that resolve names are left out too. The waves are those of the journal, or a single one.
    """
    first = next((entry["target"] for entry in journal if PAGES in entry["target"]), None)
    rows: dict[str, list[Any]] = {}
    for entry in journal:
        is_name = any(part in entry["target"] for part in NAMES)
        if (waves or PAGES not in entry["target"]) and (names or not is_name):
            row = [entry["method"], entry["target"], entry["body"]]
            rows.setdefault(json.dumps(row), row)
    parts = _waves(journal) if waves else [list(rows.values())]
    document = {"waves": parts, "pages": None if waves or names else first, "batches": []}
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def _waves(journal: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the requests in waves: each request is one wave after the last that had ended when it began."""
    numbers: list[tuple[float, int]] = []
    waves: dict[int, list[Any]] = {}
    for entry in sorted(journal, key=lambda entry: entry["begin"]):
        number = 1 + max((wave for end, wave in numbers if end <= entry["begin"]), default=-1)
        numbers.append((entry["end"], number))
        waves.setdefault(number, []).append([entry["method"], entry["target"], entry["body"]])
    return [waves[number] for number in sorted(waves)]


# ---- plan of many assignments -------------------------------------------------------------------------------------------


@contextmanager
def assignments(folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Plan assignments that do not change, and the same with misspelt users."""
    many, fewer = Numbers(sizes.assignments, 10, sizes.assignments), Numbers(sizes.fewer, 10, sizes.fewer)
    (folder / "many").mkdir()
    (folder / "fewer").mkdir()
    path, small_path = spec(folder / "spec", many.spec_files()), spec(folder / "small", fewer.spec_files())
    with servers(folder / "many", generate(many)) as server, servers(folder / "fewer", generate(fewer)) as small:
        plan, small_plan = scimconf("plan", path), scimconf("plan", small_path)
        run(plan, url=server.url)
        file = requests(folder / "requests.json", server.journal(), names=False)
        concurrent, sequential = floor("concurrent", file), floor("sequential", file)
        misspelt = spec(folder / "misspelt", _misspelt(many, sizes.misspelt))
        run(small_plan, url=small.url)
        fewer_file = requests(folder / "fewer.json", small.journal(), names=False)
        for url, names in ((server.url, file), (small.upstream, fewer_file)):
            floor("concurrent", names)(url)

        def once(number: int) -> Mapping[str, float]:
            server.change()
            ours, bare = run(plan, url=server.url), concurrent(server.url)
            less = run(small_plan, url=small.url)
            wrong = run(scimconf("plan", misspelt), url=server.url, limit=ours.cpu * sizes.stop_after, codes=(0, 1))
            server.change(latency=LATENCY)
            late, late_bare, late_sequential = run(plan, url=server.url), concurrent(server.url), sequential(server.url)
            near = run(small_plan, url=small.upstream).wall / floor("concurrent", fewer_file)(small.upstream).wall
            return {
                "plan-cpu": ours.cpu / bare.cpu,
                "plan-wall": late.wall / late_bare.wall,
                "plan-sequential": late.wall / late_sequential.wall,
                "plan-memory": ours.memory,
                "plan-requests": _sent(server, plan, number),
                "plan-requests-fewer": max(_sent(small, small_plan, 4 * number + seed) for seed in range(4)),
                "plan-growth": ours.cpu / less.cpu,
                "plan-sandbox": near,
                "misspelt": wrong.cpu / ours.cpu if wrong.complete else sizes.stop_after,
            }

        yield once


def _sent(server: Server, plan: list[str], seed: int) -> int:
    """Return the number of requests of a plan if the responses arrive in any order."""
    server.change(shuffle=seed)
    run(plan, url=server.url)
    return len(server.journal())


def _misspelt(numbers: Numbers, count: int) -> dict[str, str]:
    """Return the files of the spec with the last letter before the number of some users doubled."""
    files = numbers.spec_files()
    text = files["assignments.csv"]
    for number in range(1, count + 1):
        name = user_name(number * (numbers.users // count))
        text = text.replace(f"{name},", f"{name.replace('user', 'userr')},", 1)
    return {**files, "assignments.csv": text}


# ---- apply --------------------------------------------------------------------------------------------------------------


@contextmanager
def new_assignments(folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Apply new assignments, and send the same batches."""
    path = spec(folder / "spec", Numbers(sizes.new, 10, sizes.new).spec_files())
    apply = scimconf("apply", "--auto-approve", "--history", str(folder / "history"), path)
    with servers(folder, generate(Numbers(sizes.new, 10))) as server:
        server.change(mode="record")
        run(apply, url=server.url)
        batches = [entry["body"] for entry in server.journal() if _writes(entry)]
        file = folder / "requests.json"
        file.write_text(json.dumps({"waves": [], "pages": None, "batches": batches}), encoding="utf-8")
        raw = floor("batches", file)
        server.change(mode="replay")  # sent to the sandbox again, the writes would be errors, and recorded as such
        raw(server.url)

        def once(_number: int) -> Mapping[str, float]:
            costs = {}
            for name, latency in (("apply", LATENCY), ("apply-near", 0.0)):
                server.change(mode="replay", latency=latency)
                ours = run(apply, url=server.url)
                server.change(mode="replay", latency=latency)
                costs[name] = ours.wall / raw(server.url).wall
            return costs

        yield once


def _writes(entry: dict[str, Any]) -> bool:
    return "/$batch" in entry["target"] and any(item["method"] == "POST" for item in entry["body"]["requests"])


@contextmanager
def quota(_folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Apply new assignments at the write quota on a simulated clock."""

    def once(number: int) -> Mapping[str, float]:
        if number:  # nothing in it depends on the machine
            return {}
        command = [sys.executable, str(BENCH / "quota.py"), str(sizes.quota)]
        output = subprocess.run(command, capture_output=True, check=True, env=environment(), cwd=ROOT).stdout
        return {"quota": json.loads(output)["done"] / sizes.quota}

    yield once


# ---- many applications, one application ---------------------------------------------------------------------------------


@contextmanager
def fleet(folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Plan many applications in one command, and read their documents once each."""
    names = [f"App {number:03d}" for number in range(1, sizes.applications + 1)]
    tenant = folder / "tenant.json"
    tenant.write_text(json.dumps({"applications": [_application(name) for name in names]}), encoding="utf-8")
    files = {f"{name[-3:]}.scimconf.yaml": _FLEET_SPEC.format(name=name, number=name[-3:]) for name in names}
    path = spec(folder / "specs", files)
    with servers(folder, f"--tenant={tenant}") as server:
        plan = scimconf("plan", path)
        run(plan, url=server.url)
        bare = floor("concurrent", requests(folder / "requests.json", server.journal()))
        bare(server.url)

        def once(_number: int) -> Mapping[str, float]:
            server.change()
            ours = run(plan, url=server.url)
            sent = len(server.journal())
            return {"fleet": ours.cpu / bare(server.url).cpu, "fleet-requests": sent / sizes.applications}

        yield once


_FLEET_SPEC = """\
version: 1
name: app-{number}
tenant: contoso.com
application: {{display_name: {name}}}
connection: {{base_address: "https://{number}.example.com/scim", secret_token: {{env: GENERATED_SCIM_TOKEN}}}}
provisioning: {{enabled: true}}
assignments:
  unlisted: keep
  users: [{{user: ada@contoso.com, role: User}}, {{user: grace@contoso.com, role: User}}]
  groups: [{{name: Writer editors, role: User}}]
"""


def _application(name: str) -> dict[str, Any]:
    principals = ({"user": "ada@contoso.com"}, {"user": "grace@contoso.com"}, {"group": "Writer editors"})
    return {
        "displayName": name,
        "template": "custom",
        "assignments": [{**principal, "role": "User"} for principal in principals],
        "secrets": {"BaseAddress": f"https://{name[-3:]}.example.com/scim", "SecretToken": "generated"},
        "jobs": [{"template": "scim", "state": "Active"}],
    }


@contextmanager
def writer(folder: Path, _sizes: Sizes) -> Iterator[Round]:
    """Plan Writer, and send the same requests in the same waves."""
    with servers(folder) as server:
        run(scimconf("apply", "--auto-approve", "--history", str(folder / "history"), WRITER), url=server.upstream)
        _later(server)
        plan = scimconf("plan", WRITER)
        run(plan, url=server.url)
        server.change(latency=0.3)
        run(plan, url=server.url)
        bare = floor("concurrent", requests(folder / "requests.json", server.journal(), waves=True))
        bare(server.url)

        def once(_number: int) -> Mapping[str, float]:
            server.change(latency=WRITER_LATENCY)
            return {"writer": run(plan, url=server.url).wall / bare(server.url).wall}

        yield once


def _later(server: Server) -> None:
    """Move the clock of the sandbox: an application that was just created is read with more patience."""
    control(f"{server.upstream.removesuffix('/v1.0')}/_sandbox/switches", {"clock_offset_seconds": 172_800}, "PUT")


@contextmanager
def validate(_folder: Path, _sizes: Sizes) -> Iterator[Round]:
    """Validate Writer, and import the libraries."""

    def once(_number: int) -> Mapping[str, float]:
        costs = [(run(scimconf("validate", WRITER)).cpu, run([sys.executable, "-c", MODELS]).cpu) for _ in range(3)]
        return {"validate": sum(ours for ours, _ in costs) / sum(bare for _, bare in costs)}

    yield once


# ---- preview ------------------------------------------------------------------------------------------------------------


@contextmanager
def preview(folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Preview all users of a large and a smaller tenant."""
    with _previewed(folder / "many", sizes.assignments) as many, _previewed(folder / "fewer", sizes.fewer) as fewer:

        def once(_number: int) -> Mapping[str, float]:
            (large, planned), (small, _) = many(), fewer()
            return {
                "preview-cpu": 1000 * large.cpu / sizes.assignments,
                "preview-growth": large.cpu / small.cpu,
                "preview-memory": large.memory / planned.memory,
            }

        yield once


@contextmanager
def _previewed(folder: Path, users: int) -> Iterator[Callable[[], tuple[Cost, Cost]]]:
    """Yield a function that returns the costs of a preview and of a plan of the same change."""
    folder.mkdir()
    numbers = Numbers(users, 10, users)
    files = numbers.spec_files()
    path = spec(folder / "spec", {**files, "scimconf.yaml": files["scimconf.yaml"] + _MAPPING})
    with servers(folder, generate(numbers)) as server:
        command = scimconf("preview", "--all", "--format", "json", "--out", str(folder / "preview.json"), path)
        run(command, url=server.url)
        yield lambda: (run(command, url=server.url), run(scimconf("plan", path), url=server.url))


_MAPPING = """\
mappings: {users: {attributes: {displayName: {expression: 'Join(" ", [surname], [givenName])'}}}}
"""


@contextmanager
def cycles(_folder: Path, sizes: Sizes) -> Iterator[Round]:
    """Provision users in cycles of the sandbox, and send the same requests."""

    def once(_number: int) -> Mapping[str, float]:
        command = [sys.executable, str(BENCH / "cycles.py"), str(sizes.provisioned), str(sizes.changed)]
        output = subprocess.run(command, capture_output=True, check=True, env=environment(), cwd=ROOT).stdout
        seconds = json.loads(output)
        a_user, a_change = seconds["initial-cpu"] / sizes.provisioned, seconds["changed-cpu"] / sizes.changed
        return {
            "cycle-initial": seconds["initial"] / seconds["bare"],
            "cycle-cpu": seconds["initial-cpu"] / seconds["bare-cpu"],
            "cycle-changed": a_change / a_user,
            "cycle-none": 1000 * seconds["none"],
        }

    yield once


SCENARIOS: Mapping[str, Callable[[Path, Sizes], Any]] = {
    "validate": validate,
    "writer": writer,
    "assignments": assignments,
    "apply": new_assignments,
    "quota": quota,
    "fleet": fleet,
    "preview": preview,
    "cycles": cycles,
}
