"""docs/rehearsal.md shows what rehearse prints of the spec on the page."""

from __future__ import annotations

import re

import pytest
from golden_files import updating
from server_fixture import run
from tenant_fixture import ROOT

from scimconf.rehearsal.rehearsed_spec import MAX_GROUPS, MAX_USERS
from scimconf.rehearsal.supplied_users import _KEPT as KEPT_PROPERTIES

PAGE = ROOT / "docs" / "rehearsal.md"
SPEC = ("<!-- the rehearsed spec -->\n```yaml\n", "```\n<!-- the end of the rehearsed spec -->")
OUTPUT = ("<!-- the rehearsal -->\n", "<!-- the end of the rehearsal -->")


def block(marks):
    """Return the text of the page before, between and after two marks."""
    above, _, rest = PAGE.read_text("utf-8").partition(marks[0])
    current, _, below = rest.partition(marks[1])
    return above, current, below


def stable(text):
    """Return the output without what differs between runs."""
    text = re.sub(r"http://127\.0\.0\.1:\d+/v2", "http://127.0.0.1:50000/v2", text)
    text = re.sub(r"[0-9]{4}-[0-9-]+T[0-9:.]+Z", "2026-11-30T09:00:00Z", text)
    for number, key in enumerate(dict.fromkeys(re.findall(r"\b[0-9a-f]{32}\b", text)), 1):
        text = text.replace(key, f"{number:032x}")
    return text


@pytest.mark.slow
def test_rehearsal_page_shows_the_rehearsal_of_its_spec(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scimconf.yaml").write_text(block(SPEC)[1])
    ended = run(["rehearse"])
    assert ended.code == 0
    printed = f"```text\n{stable(ended.out)}```\n"
    above, current, below = block(OUTPUT)
    if updating():
        PAGE.write_text(f"{above}{OUTPUT[0]}{printed}{OUTPUT[1]}{below}", "utf-8")
    else:
        assert current == printed, "SCIMCONF_UPDATE_GOLDEN=1 writes it anew"


def test_rehearsal_page_names_the_limits_and_the_properties_that_stay():
    text = " ".join(PAGE.read_text("utf-8").split())
    assert f"At most {MAX_USERS} users and {MAX_GROUPS} groups" in text
    assert [
        name for name in KEPT_PROPERTIES - {"accountEnabled", "onPremisesSyncEnabled"} if f"`{name}`" not in text
    ] == []
