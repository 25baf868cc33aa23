"""`write_spec`: a new spec from plain values."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest
import yaml

from scimconf.render.yaml import CommentNotes, format_text, write_spec
from scimconf.spec.tree import Plain


def written(tree, **notes) -> str:
    text = write_spec(tree, CommentNotes(**notes))
    assert format_text(text) == text
    return text


def test_write_spec_lays_out_a_whole_spec():
    tree = {
        "guard_exemptions": [{"reason": "CHG-1", "until": date(2026, 12, 1), "guard": "mass-removal", "max": 40}],
        "assignments": {
            "users": [{"user": "ada@contoso.com", "roles": ["a", "b"]}], "unlisted": "keep", "users_from": ["people.csv"],
        },
        "mappings": {
            "groups": {"enabled": False},
            "users": {
                "attributes": {
                    "userName": {"source": "userPrincipalName", "match": 1},
                    'emails[type eq "work"].value': "mail",
                    "timezone": {"source": None, "default": "Europe/Berlin"},
                    "name": {"expression": 'Join(" ", [givenName], [surname])', "match": Plain("none")},
                },
                "target_attributes": {"urn:x:y": {"type": "string", "raw": {"a": 1.5}}, "b": {}},
                "filters": [{"name": "f", "all": [{"attribute": "a", "operator": "INCLUDES", "value": "0010"}]}],
            },
        },
        "connection": {"base_address": "https://app.example.com/scim", "secret_token": {"env": "T", "rotation": "2026-11"}},
        "job": {"template": "scim"},
        "application": {"create": {"from_template": "custom"}, "display_name": "Writer"},
        "name": "writer",
        "version": 1,
    }  # fmt: skip
    assert written(tree) == dedent("""\
        version: 1
        name: writer

        application:
          display_name: Writer
          create: {from_template: custom}

        job: {template: scim}

        connection:
          base_address: https://app.example.com/scim
          secret_token: {env: T, rotation: "2026-11"}

        mappings:
          users:
            target_attributes:
              urn:x:y:
                type: string
                raw: {a: 1.5}
              b: {}
            attributes:
              userName: {source: userPrincipalName, match: 1}
              'emails[type eq "work"].value': mail
              timezone: {source: null, default: Europe/Berlin}
              name:
                expression: >-
                  Join(" ", [givenName], [surname])
                match: none
            filters:
              - name: f
                all:
                  - {attribute: a, operator: "INCLUDES", value: "0010"}
          groups:
            enabled: false

        assignments:
          unlisted: keep
          users:
            - {user: ada@contoso.com, roles: [a, b]}
          users_from: [people.csv]

        guard_exemptions:
          - {guard: mass-removal, max: 40, until: 2026-12-01, reason: CHG-1}
        """)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("default", "none", 'default: "none"'), ("default", Plain("none"), "default: none"), ("match", "none", "match: none"),
        ("email", "none", "email: none"), ("deletion_threshold", "none", "deletion_threshold: none"),
        ("a", "yes", 'a: "yes"'), ("a", Plain("yes"), "a: yes"), ("a", True, "a: true"), ("a", 7, "a: 7"),
    ],
)  # fmt: skip
def test_write_spec_quotes_string_none_unless_the_key_means_none(path, value, line):
    assert written({"strange": {path: value}}) == f"strange:\n  {line}\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\ntwo", "|-\n    one\n    two"), ("one\ntwo\n", "|\n    one\n    two"), ("one\n", '"one\\n"'),
        ("one\n two", '"one\\n two"'), ("one\n\ntwo", '"one\\n\\ntwo"'), ("", '""'),
    ],
)  # fmt: skip
def test_write_spec_writes_multiline_string_as_block_if_possible(text, lines):
    assert written({"strange": {"a": text}}) == f"strange:\n  a: {lines}\n"


def test_write_spec_places_notes_above_beside_and_below():
    made = written(
        {"version": 1, "app_roles": {"roles": [{"value": "a"}, {"value": "b"}]}, "name": "x"},
        head="yaml-language-server: $schema=x\n\nMade by\n  export\n\n",
        above={("app_roles",): "Roles\n\nas they are", ("app_roles", "roles", 1): "the second"},
        beside={("name",): "the\nname", ("app_roles", "roles"): "all"},
        below={(): "the end", ("app_roles",): "no more"},
    )
    assert made == dedent("""\
        # yaml-language-server: $schema=x

        # Made by
        #   export

        version: 1
        name: x  # the name

        # Roles

        # as they are
        app_roles:
          roles:  # all
            - {value: a}
            # the second
            - {value: b}
          # no more
        # the end
        """)


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x07", "\ufeff"])
def test_write_spec_keeps_hostile_note_in_a_comment(sign):
    note = f"a{sign}tenant: evil{sign}"
    made = written(
        {"version": 1, "name": "x"}, head=note, above={("name",): note}, beside={("name",): note}, below={(): note}
    )
    assert [line for line in made.splitlines() if not line.startswith("#") and line][0:1] == ["version: 1"]
    assert "\ntenant" not in made


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b", "\u2060", "\u00ad", "\u3164", "\U000e0041", "\x00"])
@pytest.mark.parametrize("path", ["name", "expression", "lines"])
def test_write_spec_escapes_signs_that_are_invisible_or_change_the_direction(sign, path):
    text = {"name": f"a{sign}b", "expression": f'Join("{sign}", [a])', "lines": f"a{sign}\nb\n"}[path]
    spec = (
        {"mappings": {"users": {"attributes": {"x": {"expression": text}}}}} if path == "expression" else {"name": text}
    )

    written_text = written(spec)

    assert sign not in written_text
    assert yaml.safe_load(written_text) == spec
