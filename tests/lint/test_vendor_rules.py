"""Rules of a vendor about specs that name its preset, with invented facts."""

from __future__ import annotations

import pytest

from scimconf.lint.mapping_context import MappingContext
from scimconf.lint.rules import vendor
from scimconf.presets.catalogue import CatalogueEntry, find_entry
from scimconf.presets.model import Facts
from scimconf.render.common.labels import diagnostic_sentence
from scimconf.snapshot import Snapshot
from tests.lint.specs import loaded

SOURCE = {"source": "guide"}
FACTS = {
    "title": "Acme",
    "summary": "An invented vendor.",
    "sources": {"guide": {"title": "Guide", "page": "acme.example/guide", "date": "unknown", "read": "2026-11-30"}},
    "confirmation": {"by": "Nobody.", "last": "never"},
    "application": {"kind": "custom", "name": "Acme", **SOURCE},
    "tenant_url": "unknown",
    "connection": "unknown",
    "token": "unknown",
    "matching": {"users": {"attributes": ["userName", "externalId"], **SOURCE}, "groups": "none"},
    "rows": {"users": "unknown", "groups": "none"},
    "roles": "unknown",
    "groups": "unknown",
    "deprovisioning": "unknown",
}


def entry(**facts):
    return CatalogueEntry("acme", "preset", Facts.model_validate(FACTS | facts))


def reported(rule, piece, snapshot=None, **facts):
    """Return the messages of a rule about a part of a spec."""
    spec = loaded(piece).spec
    context = MappingContext(spec, snapshot, entry(**facts))
    return [diagnostic_sentence(diagnostic) for diagnostic in rule(context)]


def mapped(row, section="users", **keys):
    inner = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"mappings:\n  {section}:\n{inner}    attributes:\n      {row}\n"


LIMITS = [
    {"attribute": "userName", "max_length": 100, **SOURCE},
    {"attribute": "nickName", "pattern": "[a-z]+", **SOURCE},
    {"attribute": "title", "forbidden_characters": "<>", **SOURCE},
    {"attribute": "displayName", "object": "groups", "max_length": 5, "required": True, **SOURCE},
]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("userName: mailNickname", ""),
        ("userName: objectId", ""),
        ("userName: userPrincipalName", "userName may have more than 100 characters, which Acme refuses"),
        ("userName: {expression: 'ToUpper([mailNickname])'}", ""),
        (
            "userName: {expression: 'Join(\".\", [givenName], [surname])'}",
            "userName may have more than 100 characters, which Acme refuses",
        ),
        ("userName: {expression: 'Left([userPrincipalName], 100)'}", ""),
        ('userName: {expression: \'Switch([country], "x", "UK", "y")\'}', ""),
        ("nickName: {constant: Ada}", "nickName is not of the form [a-z]+, which Acme refuses"),
        ("nickName: {constant: ada}", ""),
        ("nickName: givenName", ""),
        ("title: jobTitle", "title may contain `<` or `>`, which Acme refuses"),
        ("title: {constant: '<a>'}", "title contains `<` or `>`, which Acme refuses"),
        ('title: {expression: \'Replace([jobTitle], "<", , , "", , )\'}', ""),
        ("displayName: displayName", ""),
        ("userName: {absent: true}", ""),
    ],
)
def test_refused_values_are_reported_for_mappings_that_may_send_them(row, message):
    lines = reported(vendor.refused_values, mapped(row), limits=LIMITS)
    assert [line.partition(": ")[2].partition(". ")[0] for line in lines] == ([message] if message else [])


def test_missing_rows_are_known_with_unlisted_delete_or_in_a_plan():
    rows = {"users": {"required": ["userName"], **SOURCE}, "groups": {**SOURCE}}
    limits = [{"attribute": "displayName", "required": True, **SOURCE}, {**LIMITS[3]}]
    piece = mapped("title: jobTitle", unlisted="keep")
    assert reported(vendor.missing_rows, piece, rows=rows, limits=limits) == []
    planned = reported(vendor.missing_rows, piece, Snapshot(), rows=rows, limits=limits)
    assert [line.partition(". ")[0] for line in planned] == [
        "mappings.users: Acme needs userName, which nothing maps",
        "mappings.users: Acme needs displayName, which nothing maps",
    ]
    deleting = mapped("displayName: displayName", unlisted="delete")
    assert len(reported(vendor.missing_rows, deleting, rows=rows, limits=limits)) == 1
    groups = mapped("members: members", "groups", unlisted="delete")
    assert len(reported(vendor.missing_rows, groups, rows=rows, limits=limits)) == 1
    assert reported(vendor.missing_rows, mapped("title: jobTitle", enabled="false"), Snapshot(), rows=rows) == []


def test_unsupported_rows_are_forbidden_ones_and_others_that_must_go():
    piece = mapped("title: jobTitle\n      userName: mailNickname\n      roles: jobTitle\n      nickName: surname")
    forbidden = {"users": {"forbidden": ["title"], **SOURCE}, "groups": "none"}
    assert [line.partition(". ")[0] for line in reported(vendor.unsupported_rows, piece, rows=forbidden)] == [
        "mappings.users.attributes.title: Acme does not support title"
    ]
    rules = {
        "users": {"required": ["userName"], "others": "must_go", "forbidden": ["title"], **SOURCE},
        "groups": "none",
    }
    roles = {"sent": "many", "attribute": "roles", **SOURCE}
    attributes = {"users": {"nickName": "string"}, **SOURCE}
    lines = reported(vendor.unsupported_rows, piece, rows=rules, roles=roles, attributes=attributes)
    assert [line.partition(". ")[0] for line in lines] == [
        "mappings.users.attributes.title: Acme does not support title",
        "mappings.users: Acme asks to delete all other mappings of the template, and `unlisted` is keep",
    ]
    lines = reported(
        vendor.unsupported_rows,
        mapped("title: mail", unlisted="delete"),
        rows=rules | {"users": rules["users"] | {"forbidden": []}},
    )
    assert [line.partition(". ")[0] for line in lines] == [
        "mappings.users.attributes.title: Acme does not support title"
    ]


@pytest.mark.parametrize(
    ("row", "section", "number"),
    [
        ("userName: {source: mail, match: 1}", "users", 0),
        ("nickName: {source: mail, match: 1}", "users", 1),
        ("nickName: mail", "users", 0),
        ("externalId: {source: objectId, match: 1}", "groups", 0),
    ],
)
def test_matching_is_reported_if_the_vendor_cannot_be_searched_by_the_attribute(row, section, number):
    assert len(reported(vendor.unsupported_matching, mapped(row, section))) == number


@pytest.mark.parametrize(
    ("support", "keys", "number"),
    [
        ("none", "enabled: true", 1),
        ("none", "enabled: false", 0),
        ("update_only", "enabled: true", 1),
        ("update_only", "actions: [update, delete]", 1),
        ("update_only", "actions: [update]", 0),
        ("full", "enabled: true", 0),
    ],
)
def test_groups_are_reported_as_far_as_the_vendor_does_not_take_them(support, keys, number):
    piece = f"mappings: {{groups: {{{keys}}}}}"
    assert len(reported(vendor.unsupported_groups, piece, groups={"support": support, **SOURCE})) == number
    assert reported(vendor.unsupported_groups, "mappings: {}", groups={"support": support, **SOURCE}) == []


@pytest.mark.parametrize(
    "rule",
    [
        vendor.refused_values,
        vendor.missing_rows,
        vendor.unsupported_rows,
        vendor.unsupported_matching,
        vendor.unsupported_groups,
    ],
)
def test_rules_of_a_vendor_are_silent_without_a_preset(rule):
    context = MappingContext(loaded(mapped("userName: {source: mail, match: 1}")).spec)
    assert list(rule(context)) == []


def test_unknown_preset_is_an_error_with_a_suggestion():
    (line,) = [diagnostic for diagnostic in vendor.unknown_preset(MappingContext(loaded("preset: slak").spec))]
    assert (line.code, line.hint) == ("L700", "Did you mean `slack`?")
    assert find_entry("slak") is None
