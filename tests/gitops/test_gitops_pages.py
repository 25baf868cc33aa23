"""The pages about pull requests, drift and events say what is so."""

from __future__ import annotations

import json
import re

from golden_files import updating

from scimconf.plan import Result

from .recipes import ROOT, copy_writer
from .test_story import EXTERNAL, PERMIT

BRANCH = (
    EXTERNAL,
    ("{name: Writer editors, role: member}", "{name: Writer editors, absent: true}"),
    ("ada@contoso.com, role: admin", "ada@contoso.com, role: member"),
    ("deletion_threshold: 50 ", "deletion_threshold: 200 "),
)


def page(name):
    return (ROOT / "docs" / name).read_text("utf-8")


def test_the_comment_that_is_shown_is_a_real_one(serve, here, run, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve())
    spec = copy_writer(here / "examples" / "writer-new")
    assert run("apply", "--auto-approve", "examples/writer-new")[0] == 0
    text = spec.read_text("utf-8")
    for before, after in BRANCH:
        assert before in text
        text = text.replace(before, after)
    spec.write_text(text + PERMIT, "utf-8")
    comment = run("plan", "--format", "markdown", "examples/writer-new")[1]
    first, last = "<!-- the comment -->\n", "\n<!-- the end of the comment -->"
    for path in (ROOT / "docs" / "gitops.md",):
        above, _, rest = path.read_text("utf-8").partition(first)
        shown, _, below = rest.partition(last)
        if updating():
            path.write_text(f"{above}{first}{comment.strip()}{last}{below}", "utf-8")
        else:
            assert shown == comment.strip(), "SCIMCONF_UPDATE_GOLDEN=1 writes it anew"


def test_every_event_is_explained_with_its_members():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", page("events.md"), re.MULTILINE)
    explained = {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows}
    sources = "".join(
        (ROOT / "scimconf" / "cli" / name).read_text("utf-8") for name in ("events.py", "progress.py", "session.py")
    )
    written = dict(re.findall(r'\.write\(\s*"(\w+)",([^)]*)', sources))
    assert set(explained) == set(written)
    for name, call in written.items():
        members = set(re.findall(r"(\w+)=", call)) | ({"detail", "message"} if name == "outcome" else set())
        assert members <= explained[name], name
    assert all(f"`{result.name}`" in page("events.md") for result in Result)


def test_the_events_that_are_shown_are_events(serve, here, run, monkeypatch):
    (block,) = re.findall(r"```json\n(.+?)```", page("events.md"), re.DOTALL)
    shown = [json.loads(line) for line in block.splitlines()]
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve())
    assert run("apply", "--auto-approve", "--events", "events.jsonl", ROOT / "examples" / "writer-new")[0] == 0
    real = {}
    for line in (here / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        real[event["event"]] = event
    assert [one["event"] for one in shown] == ["planned", "step", "outcome", "applied", "finished"]
    for one in shown:
        assert list(one) == list(real[one["event"]])
