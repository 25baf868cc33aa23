"""Shapes of Graph's documents: the first error is reported by its path and types."""

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
    ("name", "raw", "error"),
    [
        ("service_principals", [], ""),
        ("service_principals", None, ""),
        ("service_principals", [PRINCIPAL], ""),
        ("service_principals", {}, "expected a list, got an object"),
        ("service_principals", [5], "[0]: expected an object, got a number"),
        ("service_principals", [None], "[0]: expected an object, got null"),
        ("service_principals", [{**PRINCIPAL, "id": 7}], "[0].id: expected a string, got a number"),
        ("service_principals", [{**PRINCIPAL, "id": None}], "[0].id: expected a string, got null"),
        ("service_principals", [{**PRINCIPAL, "id": ""}], "[0].id: expected an id, got an empty string"),
        ("service_principals", [{**PRINCIPAL, "displayName": []}], "[0].displayName: expected a string, got a list"),
        (
            "service_principals",
            [PRINCIPAL, {**PRINCIPAL, "appRoles": [ROLE, {}]}],
            "[1].appRoles[1].id: expected a string, got null",
        ),
        ("service_principals", [{**PRINCIPAL, "appRoleAssignmentRequired": False}], ""),
        (
            "service_principals",
            [{**PRINCIPAL, "appRoleAssignmentRequired": "false"}],
            "[0].appRoleAssignmentRequired: expected a boolean, got a string",
        ),
        (
            "service_principal_settings",
            {"id": "1", "appRoleAssignmentRequired": 0},
            "appRoleAssignmentRequired: expected a boolean, got a number",
        ),
        ("templates", [{"id": "1", "default": None}], ""),
        ("templates", [{"id": "1", "default": "true"}], "[0].default: expected a boolean, got a string"),
        ("service_principals", [{**PRINCIPAL, "tags": "a"}], "[0].tags: expected a list, got a string"),
        ("job", None, "expected an object, got null"),
        ("job", {"id": "1", "templateId": "2", "schedule": None, "status": {"quarantine": None}}, ""),
        ("job", {"id": "1", "templateId": "2", "schedule": "on"}, "schedule: expected an object, got a string"),
        ("schema", SCHEMA, ""),
        ("schema", {"directories": [{"name": {}}]}, "directories[0].name: expected a string, got an object"),
        (
            "schema",
            {"synchronizationRules": [{"objectMappings": [{"attributeMappings": [{"matchingPriority": "1"}]}]}]},
            "synchronizationRules[0].objectMappings[0].attributeMappings[0].matchingPriority: expected a number, got a string",
        ),
        ("users", 5, ""),
    ],
)
def test_first_shape_error_returns_the_path_and_the_types(name, raw, error):
    """The error never contains the value. A document without a shape is not checked."""
    assert first_shape_error(name, raw) == error


def test_first_shape_error_rejects_a_boolean_as_a_number():
    rule = {"synchronizationRules": [{"objectMappings": [{"attributeMappings": [{"matchingPriority": True}]}]}]}
    assert first_shape_error("schema", rule).endswith("matchingPriority: expected a number, got a boolean")


@needs_samples
def test_first_shape_error_accepts_published_documents():
    """The jobs are running, in quarantine, or never started."""
    raw = {
        number: sample(number) for number in ("05", "06", "30", "32", "33", "34", "35", "36", "37", "41", "50", "52")
    }
    assert [first_shape_error("job", raw[number]) for number in ("30", "32", "34", "35", "36")] == [""] * 5
    rows = {"jobs": "33", "templates": "37", "filter_operators": "41", "secrets": "52"}
    assert {name: first_shape_error(name, raw[number]["value"]) for name, number in rows.items()} == dict.fromkeys(
        rows, ""
    )
    assert first_shape_error("schema", raw["05"]) == first_shape_error("template_schema", raw["06"]["schema"]) == ""


def test_every_document_that_is_written_as_a_patch_has_a_shape():
    """Without one, a response that is no service principal counts as one without tags."""
    makers = (application.service_principal, application.sent_secrets, application.service_principal_settings)
    written = [application.application(), *(maker() for maker in makers)]
    assert {document.name for document in written} <= SHAPES.keys()
    assert {first_shape_error(document.name, {}) for document in written} == {"id: expected a string, got null"}


@pytest.mark.parametrize("name", SHAPES)
def test_first_shape_error_never_raises(name):
    for value in (None, True, 5, "x", [], {}, [[]], [{}], [None], {"a": 1}):
        json.dumps(first_shape_error(name, value))


def test_set_tag_preserves_a_null_tag():
    raw = {"tags": [None, "scimconf:A=1"]}
    assert application.rotations(raw["tags"]) == {"A": "1"}
    assert application.set_tag(raw, ("A",), "2") == {"tags": [None, "scimconf:A=2"]}
