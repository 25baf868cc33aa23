"""Specs with a defect and their expected diagnostics. A file contains many cases:

## a name (text | shape | meaning)  "shape": the JSON Schema rejects it; "meaning": the JSON Schema accepts it
the YAML, to which a minimal spec is added unless the heading ends in "whole file"
=> the expected diagnostics, one on each line
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from jsonschema import Draft7Validator

from scimconf.spec.json_schema import json_schema
from scimconf.spec.load import _Loader, load
from scimconf.spec.nodes import Builder
from scimconf.spec.references import Variables
from scimconf.spec.tree import plain_json
from tests.spec.reading import MINIMAL, lines, read_in

FOLDER = Path(__file__).parent / "defects"
PAGE = Path(__file__).parents[2] / "docs" / "diagnostics.md"
ENVIRON = {"ONLY_IN_THE_ENVIRONMENT": "x"}
VARIABLES = {"TENANT": "contoso.com"}
SCHEMA = Draft7Validator(json_schema())
HEADING = re.compile(r"^## (.+) \((text|shape|meaning)(, whole file)?\)\n", re.MULTILINE)
EXPECTED = re.compile(r"^=> (.*\n)", re.MULTILINE)


class Defect(NamedTuple):
    """One case in a file of defects."""

    heading: str
    kind: str
    body: str
    expected: str
    is_whole: bool

    @property
    def text(self):
        """Return the spec: a minimal spec without the keys of the body, and then the body."""
        if self.is_whole:
            return self.body
        keys = set(re.findall(r"^(\w+)", self.body, re.MULTILINE))
        return "".join(f"{line}\n" for line in MINIMAL.splitlines() if line.partition(":")[0] not in keys) + self.body

    def load(self):
        def read(path):
            return self.text if path == "spec.yaml" else read_in(FOLDER)(path)

        return load("spec.yaml", read, ENVIRON, VARIABLES, lambda path: not path.startswith(("..", "/")))


def defects_of(path):
    _, *parts = HEADING.split(path.read_text("utf-8"))
    for name, kind, whole, text in zip(*[iter(parts)] * 4, strict=True):
        body, expected = EXPECTED.sub("", text), "".join(EXPECTED.findall(text))
        yield Defect(f"## {name} ({kind}{whole or ''})\n", kind, body, expected, bool(whole))


FILES = sorted(FOLDER.glob("S*.txt"))
DEFECTS = [pytest.param(defect, id=defect.heading[3:-1]) for path in FILES for defect in defects_of(path)]


def defects_of_kind(kind):
    return [case for case in DEFECTS if case.values[0].kind == kind]


if os.environ.get("SCIMCONF_UPDATE_GOLDEN"):
    for file in FILES:
        parts = []
        for case in defects_of(file):
            golden = "".join(f"=> {line}\n" for line in lines(case.load().diagnostics).splitlines())
            parts.append(case.heading + case.body + golden)
        file.write_text("".join(parts), "utf-8")
    DEFECTS = [pytest.param(defect, id=defect.heading[3:-1]) for path in FILES for defect in defects_of(path)]


def as_json(text: str):
    """Return the file as a YAML 1.2 editor reads it."""
    return plain_json(Builder("", text.split("\n"), Variables({}, {})).build(_Loader(text).get_single_node()))


@pytest.mark.parametrize("defect", DEFECTS)
def test_load_of_a_defect_gives_the_expected_diagnostics(defect):
    loaded = defect.load()
    assert lines(loaded.diagnostics) == defect.expected
    assert loaded.spec is None
    assert loaded.diagnostics


@pytest.mark.parametrize("defect", defects_of_kind("shape"))
def test_json_schema_rejects_a_defect_of_shape(defect):
    assert list(SCHEMA.iter_errors(as_json(defect.text)))


@pytest.mark.parametrize("defect", defects_of_kind("meaning"))
def test_json_schema_accepts_a_defect_of_meaning(defect):
    assert not list(SCHEMA.iter_errors(as_json(defect.text)))


def test_defects_cover_every_diagnostic_code():
    expected = "".join(case.values[0].expected for case in DEFECTS)
    elsewhere = {"S002", "S025", "S312", "S320", "S321"}  # not UTF-8, variable files, several specs: tested elsewhere
    documented = re.findall(r"^### (S\d{3}) .+$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert documented == sorted({*re.findall(r"  (S\d{3})  ", expected), *elsewhere})


@pytest.mark.parametrize("defect", DEFECTS)
def test_load_gives_each_diagnostic_a_hint(defect):
    assert [problem for problem in defect.load().diagnostics if not problem.hint] == []


def test_diagnostics_of_defects_contain_no_secret():
    assert not [case.id for case in DEFECTS if "hunter2" in case.values[0].expected]
