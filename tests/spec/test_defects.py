"""One file per defect, named after it, with the problems that it must give.

The first line says who must find it: `# text`, only reading does; `# shape`, the JSON Schema does too; `# meaning`, the
JSON Schema must not.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from scimconf.spec.codes import CODES
from scimconf.spec.json_schema import json_schema
from scimconf.spec.load import _Loader, load
from scimconf.spec.nodes import Builder
from scimconf.spec.references import Variables
from scimconf.spec.tree import plain_json
from tests.golden_files import golden_text
from tests.spec.reading import lines, read_in

FOLDER = Path(__file__).parent / "defects"
DEFECTS = sorted(FOLDER.glob("*.yaml"))
ENVIRON = {"ONLY_IN_THE_ENVIRONMENT": "x"}
VARIABLES = {"TENANT": "contoso.com"}
SCHEMA = Draft7Validator(json_schema())


def as_json(text: str):
    """The file as a YAML 1.2 editor sees it."""
    return plain_json(Builder("", text.split("\n"), Variables({}, {})).build(_Loader(text).get_single_node()))


def kind(path: Path) -> str:
    return path.read_text().partition("\n")[0].removeprefix("# ")


@pytest.mark.parametrize("path", DEFECTS, ids=lambda path: path.stem)
def test_a_defect_gives_its_problems(path):
    loaded = load(path.name, read_in(FOLDER), ENVIRON, VARIABLES)
    golden = path.with_suffix(".txt")
    assert lines(loaded.problems) == golden_text(golden, lines(loaded.problems))
    assert loaded.spec is None
    assert loaded.problems


@pytest.mark.parametrize("path", [path for path in DEFECTS if kind(path) == "shape"], ids=lambda path: path.stem)
def test_the_json_schema_refuses_a_defect_of_shape(path):
    assert list(SCHEMA.iter_errors(as_json(path.read_text())))


@pytest.mark.parametrize("path", [path for path in DEFECTS if kind(path) == "meaning"], ids=lambda path: path.stem)
def test_the_json_schema_accepts_a_defect_of_meaning(path):
    assert not list(SCHEMA.iter_errors(as_json(path.read_text())))


def test_every_defect_says_who_finds_it():
    assert {kind(path) for path in DEFECTS} == {"text", "shape", "meaning"}


def test_every_code_has_a_defect():
    shown = {code for path in DEFECTS for code in CODES if f"  {code}  " in path.with_suffix(".txt").read_text()}
    elsewhere = {"S002", "S025", "S312"}  # not UTF-8, files of variables, several specs: other tests
    assert set(CODES) == shown | elsewhere


def test_no_secret_is_ever_shown():
    assert not [path.name for path in FOLDER.glob("*.txt") if "hunter2" in path.read_text()]
