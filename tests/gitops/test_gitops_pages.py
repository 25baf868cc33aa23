"""The pages `docs/gitops.md` and `docs/events.md` match the behavior of the code."""

from __future__ import annotations

import json
import re

from golden_files import updating

from scimconf.plan import Result

from .recipes import ROOT, copy_writer
from .test_story import EXEMPTION, EXTERNAL

BRANCH = (
    EXTERNAL,
    ("{name: Writer editors, role: member}", "{name: Writer editors, absent: true}"),
    ("ada@contoso.com, role: admin", "ada@contoso.com, role: member"),
    ("deletion_threshold: 50 ", "deletion_threshold: 200 "),
)


def page(name):
    return (ROOT / "docs" / name).read_text("utf-8")


def test_gitops_page_shows_the_real_markdown_comment(serve, workdir, run, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve())
    spec = copy_writer(workdir / "examples" / "writer-new")
    assert run("apply", "--auto-approve", "examples/writer-new")[0] == 0
    text = spec.read_text("utf-8")
    for before, after in BRANCH:
        assert before in text
        text = text.replace(before, after)
    spec.write_text(text + EXEMPTION, "utf-8")
    comment = run("plan", "--format", "markdown", "examples/writer-new")[1]
    first, last = "<!-- the comment -->\n", "\n<!-- the end of the comment -->"
    for path in (ROOT / "docs" / "gitops.md",):
        above, _, rest = path.read_text("utf-8").partition(first)
        shown, _, below = rest.partition(last)
        if updating():
            path.write_text(f"{above}{first}{comment.strip()}{last}{below}", "utf-8")
        else:
            assert shown == comment.strip(), "SCIMCONF_UPDATE_GOLDEN=1 writes it anew"


def test_events_page_documents_every_event_and_its_members():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", page("events.md"), re.MULTILINE)
    explained = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows}
    sources = "".join(
        (ROOT / "scimconf" / "cli" / name).read_text("utf-8")
        for name in ("events.py", "job_commands.py", "progress.py", "session.py")
    )
    written = dict(re.findall(r'\.write\(\s*"(\w+)",([^)]*)', sources))
    assert set(explained) == set(written)
    for name, call in written.items():
        members = set(re.findall(r"(\w+)=", call)) | ({"detail", "message"} if name == "outcome" else set())
        assert members <= explained[name], name
    assert all(f"`{result.name}`" in page("events.md") for result in Result)


def test_events_page_example_has_the_members_of_real_events(serve, workdir, run, monkeypatch):
    (block,) = re.findall(r"```json\n(.+?)```", page("events.md"), re.DOTALL)
    shown = [json.loads(line) for line in block.splitlines()]
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve())
    assert run("apply", "--auto-approve", "--events", "events.jsonl", ROOT / "examples" / "writer-new")[0] == 0
    real = {}
    for line in (workdir / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        real[event["event"]] = event
    assert [one["event"] for one in shown] == ["planned", "step", "outcome", "applied", "finished"]
    for one in shown:
        assert list(one) == list(real[one["event"]])
