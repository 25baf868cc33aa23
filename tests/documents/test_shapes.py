"""What of Graph's documents has to be as documented: a place where it is not, and nothing else."""

from __future__ import annotations

import json

import pytest

from scimconf.documents import application
from scimconf.documents.shapes import SHAPES, first_shape_error
from tests.documents.samples import needs_samples, sample

ROLE = {"id": "1", "allowedMemberTypes": ["User"]}
PRINCIPAL = {"id": "1", "appId": "2", "displayName": None, "appRoles": [ROLE], "tags": ["a", None], "more": 5}
MAPPING = {"scope": {"groups": [{"clauses": [{"targetOperand": {"values": ["x"]}}]}]}, "attributeMappings": [{}]}
SCHEMA = {"synchronizationRules": [{"id": "r", "objectMappings": [MAPPING]}], "directories": None}


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("service_principals", [], ""),
        ("service_principals", None, ""),
        ("service_principals", [PRINCIPAL], ""),
        ("service_principals", {}, "it is no list"),
        ("service_principals", [5], "[0] is no object"),
        ("service_principals", [None], "[0] is no object"),
        ("service_principals", [{**PRINCIPAL, "id": 7}], "[0].id is no text"),
        ("service_principals", [{**PRINCIPAL, "id": None}], "[0].id is no text"),
        ("service_principals", [{**PRINCIPAL, "id": ""}], "[0].id is empty"),
        ("service_principals", [{**PRINCIPAL, "displayName": []}], "[0].displayName is no text"),
        ("service_principals", [PRINCIPAL, {**PRINCIPAL, "appRoles": [ROLE, {}]}], "[1].appRoles[1].id is no text"),
        ("service_principals", [{**PRINCIPAL, "tags": "a"}], "[0].tags is no list"),
        ("job", None, "it is no object"),
        ("job", {"id": "1", "templateId": "2", "schedule": None, "status": {"quarantine": None}}, ""),
        ("job", {"id": "1", "templateId": "2", "schedule": "on"}, "schedule is no object"),
        ("schema", SCHEMA, ""),
        ("schema", {"directories": [{"name": {}}]}, "directories[0].name is no text"),
        (
            "schema",
            {"synchronizationRules": [{"objectMappings": [{"attributeMappings": [{"matchingPriority": "1"}]}]}]},
            "synchronizationRules[0].objectMappings[0].attributeMappings[0].matchingPriority is no number",
        ),
        ("users", 5, ""),
    ],
)
def test_the_first_place_that_is_not_as_documented_is_told(name, raw, says):
    """By its path and never by its value; a document without a shape is somebody else's to judge."""
    assert first_shape_error(name, raw) == says


@needs_samples
def test_real_documents_are_as_documented():
    """Those that others published, of jobs that run, are in quarantine, or were never started."""
    raw = {
        number: sample(number) for number in ("05", "06", "30", "32", "33", "34", "35", "36", "37", "41", "50", "52")
    }
    assert [first_shape_error("job", raw[number]) for number in ("30", "32", "34", "35", "36")] == [""] * 5
    rows = {"jobs": "33", "templates": "37", "filter_operators": "41", "secrets": "52"}
    assert {name: first_shape_error(name, raw[number]["value"]) for name, number in rows.items()} == dict.fromkeys(
        rows, ""
    )
    assert first_shape_error("schema", raw["05"]) == first_shape_error("template_schema", raw["06"]["schema"]) == ""


@pytest.mark.parametrize("name", SHAPES)
def test_whatever_a_document_is_instead_is_told_or_fine(name):
    """No value of JSON is a reason to fail."""
    for value in (None, True, 5, "x", [], {}, [[]], [{}], [None], {"a": 1}):
        json.dumps(first_shape_error(name, value))


def test_a_tag_that_is_none_is_kept():
    """It is nobody's of ours."""
    raw = {"tags": [None, "scimconf:A=1"]}
    assert application.rotations(raw["tags"]) == {"A": "1"}
    assert application.set_tag(raw, ("A",), "2") == {"tags": [None, "scimconf:A=2"]}
