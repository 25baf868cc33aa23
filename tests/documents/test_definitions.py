"""Attribute definitions in the spec's words, and back."""

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
def test_a_definition_in_the_specs_words(raw, expected):
    """Null and left out are the default, in any case of the type; what the spec has no word for stands as it is."""
    assert definitions.definition_fields(raw) == {**DEFAULTS, **expected}


@pytest.mark.parametrize("kind", ["string", "integer", "reference", "binary", "boolean", "datetime"])
@pytest.mark.parametrize("mutability", ["read_write", "read_only", "immutable", "write_only"])
def test_a_new_definition_reads_back_as_it_was_written(kind, mutability):
    """Every word of the spec has its word in Graph."""
    fields = {**DEFAULTS, "type": kind, "mutability": mutability, "references": ["Group"], "ours": 1}
    raw = definitions.definition_raw("a", fields)
    assert raw["name"] == "a"
    now = definitions.definition_fields(raw)
    assert {word: now[word] for word in fields} == fields


def test_only_what_differs_is_rewritten():
    """Fields that say the same in other words keep their own words; unknown ones stay."""
    raw = {"ours": 1, "name": "a", "type": "string", "multivalued": None}
    assert definitions.changed(raw, {"type": "string", "multivalued": False}) == raw
    assert definitions.changed(raw, {"type": "integer", "references": ["User"], "case_exact": True}) == {
        **raw,
        "type": "Integer",
        "caseExact": True,
        "referencedObjects": [{"referencedObjectName": "User", "referencedProperty": None}],
    }
