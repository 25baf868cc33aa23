"""The table of the checks: complete, with texts, and selectable; the flattening of /Schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scimconf.rehearsal.endpoint.bodies import ENTERPRISE, equals, value_at
from scimconf.rehearsal.endpoint.checks import SEVERE, all_checks, select, unmatched
from scimconf.rehearsal.endpoint.schema_paths import declared_paths
from scimconf.rehearsal.endpoint.web_bodies import missing_values, web_replacements, web_user

RUN = Path(__file__).parents[3] / "shared" / "data" / "validator-run-2026-02.json"


def test_table_has_every_check_of_the_lists():
    names = [check.id for check in all_checks()]
    assert len(names) == len(set(names))
    assert {name for name in names if name.startswith("B")} == {f"B{number:02}" for number in range(1, 53)}
    mandatory = [f"WV-{number:02}" for number in range(1, 25)]
    assert [name for name in names if name.startswith("WV-")] == [*mandatory, *(f"WV-P{n}" for n in range(1, 8))]
    assert len([name for name in names if name.endswith(("_Test", "_Verbose"))]) == 25 + 2


def test_severe_faults_come_first():
    names = [check.id for check in all_checks() if check.group == SEVERE]
    assert names == ["B01", "B30", "B02", "B03", "B05", "B06", "B08", "B10", "B12", "B13"]
    assert all_checks()[0].group == SEVERE


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_check_has_texts_for_a_report(check):
    assert check.title
    assert check.hint.endswith((".", "`."))
    assert check.consequence.endswith(".")
    assert bool(check.expected) is (check.id != "B50")
    assert check.severity in ("error", "warning")


def test_checks_are_selected_by_patterns_without_case():
    assert [check.id for check in select(["b02", "wv-p*"])] == ["B02", *(f"WV-P{number}" for number in range(1, 8))]
    assert unmatched(["B02", "B99", "wv-*"]) == ["B99"]
    assert select([]) == all_checks()


def test_filter_is_encoded_as_entra_does():
    assert equals("userName", 'a b"c@d') == "filter=userName+eq+%22a+b%5C%22c%40d%22"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("displayName", "Ada"),
        ("NAME.givenName", "Ada"),
        ('emails[type eq "work"].value', "ada@contoso.com"),
        ("emails[primary eq true].value", "ada@contoso.com"),
        ('emails[type eq "home"].value', None),
        (f"{ENTERPRISE}:department", "Analysis"),
        ("title.x", None),
        ("missing", None),
    ],
)
def test_value_at_reads_paths_of_entra(path, value):
    resource = {
        "displayName": "Ada",
        "name": {"givenName": "Ada"},
        "emails": ["x", {"type": "Work", "primary": True, "value": "ada@contoso.com"}],
        "title": "Engineer",
        ENTERPRISE: {"department": "Analysis"},
    }
    assert value_at(resource, path) == value


def test_declared_paths_are_flattened_as_microsoft_does():
    types = {"name": "type", "canonicalValues": ["work", "home"]}
    value = {"name": "value"}
    schemas = [
        {
            "id": "urn:ietf:params:scim:schemas:core:2.0:User",
            "attributes": [
                {"name": "userName", "type": "string", "required": True},
                {"name": "name", "type": "complex", "subAttributes": [{"name": "givenName"}]},
                {"name": "emails", "type": "complex", "multiValued": True, "subAttributes": [value, types]},
                {"name": "roles", "type": "complex", "multiValued": True, "subAttributes": [value]},
                "garbage",
            ],
        },
        {"id": ENTERPRISE, "attributes": [{"name": "manager", "type": "complex", "subAttributes": [value]}]},
        17,
    ]
    assert declared_paths(schemas) >= {
        "username",
        "name.givenname",
        'emails[type eq "work"].value',
        'emails[type eq "home"].value',
        'roles[primary eq "true"].value',
        f"{ENTERPRISE}:manager".lower(),
    }
    assert declared_paths(schemas, required=True) == {"username"}
    assert declared_paths(None) == frozenset()


def captured():
    if not RUN.exists():
        pytest.skip("the captured run of the web validator is not on this machine")
    requests = [request for test in json.loads(RUN.read_text("utf-8")) for request in test["requests"]]
    return {
        request.split(" ")[0]: json.loads(request.split("\r\n")[3])
        for request in requests
        if '{"' in request and ("/Users 1.1" in request or "nickName" in request)
    }


def shape(value):
    """Return a JSON value with its keys in order, and the type of each other value."""
    if isinstance(value, dict):
        return [(key, shape(part)) for key, part in value.items()]
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


def test_bodies_of_the_web_validator_have_the_shape_of_the_captured_run():
    requests = captured()
    assert shape(web_user("user@contoso.com", lambda: "word")) == shape(requests["POST"])
    operations = requests["PATCH"]["Operations"]
    values = web_replacements("user@contoso.com", lambda: "word")
    assert [(operation["path"], type(operation["value"])) for operation in operations] == [
        (path, type(value)) for path, value in values.items()
    ]


def test_missing_values_names_what_did_not_come_back():
    sent = {"schemas": ["x"], "a": "1", "b": {"c": "2", "d": "3"}, "roles": [{"primary": "True", "value": "x"}]}
    returned = {"a": "1", "b": {"c": "2"}, "roles": [{"value": "x", "primary": True}]}
    assert missing_values(sent, returned) == ["b.d"]
    assert missing_values(sent, {}) == ["a", "b.c", "b.d", "roles"]
