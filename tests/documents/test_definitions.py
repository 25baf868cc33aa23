"""Attribute definitions: from Graph's fields to those of the spec, and back."""

from __future__ import annotations

import pytest

from scimconf.documents import definitions

DEFAULTS = {
    "type": "string",
    "multivalued": False,
    "required": False,
    "case_exact": False,
    "mutability": "read_write",
    "references": [],
}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"name": "a"}, {}),
        ({"name": "a", "type": None, "multivalued": None, "mutability": None, "referencedObjects": None}, {}),
        ({"name": "a", "type": "DateTime", "caseExact": True}, {"type": "datetime", "case_exact": True}),
        ({"name": "a", "type": "Secret", "mutability": "Other"}, {"type": "secret", "mutability": "Other"}),
        (
            {
                "name": "a",
                "referencedObjects": [{"referencedObjectName": "User"}, {}, {"referencedObjectName": "Group"}],
            },
            {"references": ["Group", "User"]},
        ),
        ({"name": "a", "anchor": True, "ours": [1]}, {"anchor": True, "ours": [1]}),
    ],
)
def test_definition_fields_uses_the_fields_of_the_spec(raw, expected):
    assert definitions.definition_fields(raw) == {**DEFAULTS, **expected}


@pytest.mark.parametrize("kind", ["string", "integer", "reference", "binary", "boolean", "datetime"])
@pytest.mark.parametrize("mutability", ["read_write", "read_only", "immutable", "write_only"])
def test_definition_raw_round_trips(kind, mutability):
    fields = {**DEFAULTS, "type": kind, "mutability": mutability, "references": ["Group"], "ours": 1}
    raw = definitions.definition_raw("a", fields)
    assert raw["name"] == "a"
    now = definitions.definition_fields(raw)
    assert {word: now[word] for word in fields} == fields


def test_changed_rewrites_only_what_differs():
    raw = {"ours": 1, "name": "a", "type": "string", "multivalued": None}
    assert definitions.changed(raw, {"type": "string", "multivalued": False}) == raw
    assert definitions.changed(raw, {"type": "integer", "references": ["User"], "case_exact": True}) == {
        **raw,
        "type": "Integer",
        "caseExact": True,
        "referencedObjects": [{"referencedObjectName": "User", "referencedProperty": None}],
    }
