"""Documentation of each diagnostic code and each key of a spec."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from scimconf.spec.model import Spec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "diagnostics.md").read_text()
DESCRIPTIONS = tomllib.loads((ROOT / "scimconf/spec/model/descriptions.toml").read_text("utf-8"))


def test_descriptions_cover_exactly_the_keys_of_the_spec():
    generated = Spec.model_json_schema()
    models = {"Spec": generated, **generated["$defs"]}
    properties = {name: set(model["properties"]) for name, model in models.items() if "properties" in model}
    assert {name: set(descriptions) for name, descriptions in DESCRIPTIONS.items()} == properties


def test_diagnostics_page_has_an_example_for_each_code():
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert [one[:4] for one in sections if one.startswith("S") and "```" not in one] == []


def test_diagnostics_page_shows_only_messages_that_the_defects_give():
    expected = "".join(path.read_text() for path in (Path(__file__).parent / "defects").glob("*.txt"))
    shown = re.findall(r"^\S+  ((S\d{3})  .+)$", PAGE, re.MULTILINE)
    elsewhere = {"S002", "S025", "S312", "S320", "S321"}  # tested elsewhere than in the files of defects
    assert [message for message, code in shown if message not in expected and code not in elsewhere] == []
