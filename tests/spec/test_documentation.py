"""Every code and every key is explained."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from scimconf.spec.model import Spec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "diagnostics.md").read_text()
DESCRIPTIONS = tomllib.loads((ROOT / "scimconf/spec/model/descriptions.toml").read_text("utf-8"))


def test_every_key_has_a_description_and_no_other():
    generated = Spec.model_json_schema()
    models = {"Spec": generated, **generated["$defs"]}
    properties = {name: set(model["properties"]) for name, model in models.items() if "properties" in model}
    assert {name: set(descriptions) for name, descriptions in DESCRIPTIONS.items()} == properties


def test_every_code_has_an_example():
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert [one[:4] for one in sections if one.startswith("S") and "```" not in one] == []


def test_every_complaint_on_the_page_is_one_that_is_made():
    made = "".join(path.read_text() for path in (Path(__file__).parent / "defects").glob("*.txt"))
    shown = re.findall(r"^\S+  ((S\d{3})  .+)$", PAGE, re.MULTILINE)
    elsewhere = {"S002", "S025", "S312"}  # made by other tests than those of one defective file
    assert [said for said, code in shown if said not in made and code not in elsewhere] == []
