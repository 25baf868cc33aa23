"""docs/rehearsal.md shows what the command prints, and the numbers of a run."""

from __future__ import annotations

import re

import pytest
from canary import TOKEN
from golden_files import updating
from server_fixture import run as run_command

from scimconf.rehearsal.endpoint import transport
from scimconf.sandbox.target import start_target

from .test_recipes import CI

PAGE = CI.parents[1] / "docs" / "rehearsal.md"
FIRST, LAST = "<!-- the report -->\n", "<!-- the end of the report -->"


def stable(text):
    """Return the output with the URL of the page, and without what differs between runs."""
    text = re.sub(r"http://127\.0\.0\.1:\d+/v2", "http://127.0.0.1:8080/scim/v2", text)
    text = re.sub(r"scimconf-check-[0-9a-f]{8}", "scimconf-check-5b1f0c9d", text)
    text = re.sub(r"[0-9]{4}-[0-9-]+T[0-9:.]+Z", "2026-11-30T09:00:00Z", text)
    ids = list(dict.fromkeys(re.findall(r"\b[0-9a-f]{32}\b", text)))
    for number, name in enumerate(ids, 1):
        text = text.replace(name, f"{number:032x}")
    return text


def test_rehearsal_page_shows_the_output_of_the_command(monkeypatch):
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "100")
    with start_target("faulty:B02", token=TOKEN) as target:
        argv = ["check-endpoint", target.url, "--token-env", "SCIM_TOKEN", "--yes", "--only", "B02"]
        printed = stable(run_command(argv).out)
    block = f"```text\n{printed}```\n"
    above, _, rest = PAGE.read_text("utf-8").partition(FIRST)
    current, _, below = rest.partition(LAST)
    if updating():
        PAGE.write_text(f"{above}{FIRST}{block}{LAST}{below}", "utf-8")
    else:
        assert current == block, "SCIMCONF_UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize(
    "sentence",
    [
        f"a response after {transport.MAX_BODY // 1024 // 1024} MiB",
        f"a run after {transport.MAX_REQUESTS:,} requests",
        f"after {transport.MAX_SECONDS / 60:.0f} minutes",
    ],
)
def test_rehearsal_page_names_the_limits(sentence):
    assert sentence in " ".join(PAGE.read_text("utf-8").split())
