"""Tests of what an export makes of the tenant's texts: names of specs and of secrets, and what a previous spec keeps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.diagnostics import ScimconfError
from scimconf.export.carried import carry_over
from scimconf.export.names import MAX_NAME, slug, spec_names
from scimconf.export.secret_pattern import (
    SecretNames,
    apply_pattern,
    describe_reference,
    parse_pattern,
    references_of,
)
from scimconf.kinds.exported import ExportedSpec
from scimconf.spec.load import load
from scimconf.spec.patterns import SLUG
from tests.export.made_by_hand import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Writer", "writer"),
        ("Contoso Expenses (EU)", "contoso-expenses-eu"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b:c*d?\x00\n", "a-b-c-d"),
        ("CON", "con-app"),
        ("con.txt", "con-txt"),
        ("COM¹", "com1-app"),
        ("Ünïcode Überall", "unicode-uberall"),
        ("\U0001f680", ""),
        (" . ", ""),
        ("x" * 200, "x" * MAX_NAME),
        ("y" * 59 + "---z", "y" * 59),
    ],
)
def test_a_name_is_one_part_of_a_path_on_every_system(text, expected):
    assert slug(text) == expected


@given(st.text(max_size=200))
def test_any_text_gives_a_name_that_is_safe(text):
    name = slug(text)
    assert re.fullmatch("([a-z0-9]+(-[a-z0-9]+)*)?", name)
    assert len(name) <= MAX_NAME
    assert not re.fullmatch("con|prn|aux|nul|(com|lpt)[0-9]", name)


def test_names_of_specs_are_unique_in_more_than_letter_case():
    rows = [{"displayName": name, "appId": f"{number}1111111-aaaa"} for number, name in enumerate(HOSTILE)]
    rows += [{"displayName": None, "appId": "99999999-aaaa"}]
    names = list(spec_names(rows, taken=("WRITER-2", "con-app")))
    assert names == [
        "etc-passwd",
        "con-app-2",
        "writer",
        "writer-3",
        "app-41111111",
        "cmd-c-calc-a0",
        "unicode-uberall",
        "a-b-c-d",
        "code-script-everyone",
        "x" * MAX_NAME,
        "app-99999999",
    ]
    assert all(re.match(SLUG, name) for name in names)


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        (
            "key_vault:contoso-kv/{name}-scim",
            "SecretToken",
            "key_vault https://contoso-kv.vault.azure.net writer-1-scim",
        ),
        (
            "key_vault:https://kv-1.vault.azure.net/{name}-{key}",
            "ClientSecret",
            "key_vault https://kv-1.vault.azure.net writer-1-client-secret",
        ),
        ("env:SCIM_{name}", "SecretToken", "env SCIM_WRITER_1"),
        ("file:../secrets/{name}.txt", "Password", "file ../secrets/writer-1.txt"),
    ],
)
def test_a_pattern_makes_the_reference_of_each_application(pattern, key, expected):
    assert describe_reference(parse_pattern(pattern).reference("Writer.1", key)) == expected


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("{name}-scim", "does not state where secrets are stored"),
        ("vault:x/{name}", "does not state where secrets are stored"),
        ("key_vault:contoso-kv/scim", "has no {name}: all applications would share one secret"),
        ("key_vault:{name}", "names no vault"),
        ("key_vault:{name}/x-{name}", "names no vault"),
        ("key_vault:not a vault/{name}", '"not a vault" is not an Azure Key Vault'),
        ("key_vault:https://evil.example/{name}", "is not an Azure Key Vault"),
        ("key_vault:contoso-kv/{name}_scim", '"name_scim" is not the name of a secret'),
        ("env:{name}{NAME}", "{NAME} is not a placeholder"),
        ("env:1{name}", '"1NAME" is not the name of an environment variable'),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_what_to_write(pattern, part):
    with pytest.raises(ScimconfError) as error:
        parse_pattern(pattern)
    assert part in str(error.value)
    assert "key_vault:VAULT/{name}-scim" in error.value.hint


def spec(name, **connection):
    return ExportedSpec({"version": 1, "name": name, "connection": connection})


def references(exported):
    return [describe_reference(reference) for _, reference in references_of(exported.tree)]


def test_no_two_secrets_have_one_name():
    """Of several secrets each has its key in the name; a name that another application has gets a number."""
    names, pattern = SecretNames(set()), parse_pattern("env:{name}")
    several = spec("x", secret_token={"env": "A", "rotation": "7"}, other={"Url": "u", "Password": {"env": "B"}})
    single = spec("x-password", oauth2={"client_secret": {"env": "C"}})
    again = spec("x-password", secret_token={"env": "D"})
    for exported in (several, single, again):
        apply_pattern(exported, pattern, names)
    assert references(several) == ["env X_SECRET_TOKEN", "env X_PASSWORD"]
    assert several.tree["connection"]["secret_token"]["rotation"] == "7"
    assert references(single) == ["env X_PASSWORD_2"]
    assert references(again) == ["env X_PASSWORD_3"]
    apply_pattern(without := ExportedSpec({"version": 1, "name": "y"}), pattern, names)
    assert references(without) == []


PREVIOUS = """
version: 1
name: mine
application: {display_name: Writer}
owners: [ada@contoso.com]
vendor_contact: help@writer.com
before_start:
  - {step: Enable SCIM, confirmed: 2026-11-20, by: Ada}
connection:
  secret_token: ${env:MY_TOKEN}
  oauth2: []
  other:
    Password: {file: secrets/p, rotation: "1", expires: 2027-01-31}
    Domain: contoso
provisioning: {enabled: true}
guard_exemptions: [{guard: mass-removal, max: 40, until: 2026-12-31, reason: "CHG-1"}]
tests: [{name: a, given: {accountEnabled: false, x: null, y: "false", z: 0010}, expect: {active: "False"}}]
"""


def test_a_new_export_keeps_what_only_the_previous_spec_has():
    """Plain words keep their meaning; the rotation is that of the tenant."""
    previous = load("apps/w.yaml", lambda _: PREVIOUS.encode(), {}, {}, lambda _: True)
    exported = spec(
        "other",
        secret_token={"env": "A", "rotation": "7"},
        other={"Password": {"env": "B", "rotation": "8"}, "Token": {"env": "C"}},
    )
    exported.tree |= {"application": {"app_id": "x"}, "provisioning": {"enabled": False}}
    carry_over(exported, previous)
    tree = exported.tree
    assert list(tree) == [
        "version", "name", "application", "owners", "vendor_contact", "before_start", "connection", "provisioning",
        "guard_exemptions", "tests",
    ]  # fmt: skip
    assert (tree["name"], tree["application"], tree["provisioning"]) == ("mine", {"app_id": "x"}, {"enabled": False})
    assert tree["before_start"] == [{"step": "Enable SCIM", "confirmed": "2026-11-20", "by": "Ada"}]
    assert tree["guard_exemptions"][0]["max"] == 40
    assert tree["tests"][0]["given"] == {"accountEnabled": False, "x": None, "y": "false", "z": "0010"}
    assert tree["connection"]["secret_token"] == {"env": "MY_TOKEN", "rotation": "7"}
    assert tree["connection"]["other"]["Password"] == {"file": "secrets/p", "expires": "2027-01-31", "rotation": "8"}
    assert tree["connection"]["other"]["Token"] == {"env": "C"}
    broken = load("w.yaml", lambda _: b"connection: none\n", {}, {}, lambda _: True)
    carry_over(again := spec("other", secret_token={"env": "A"}), broken)
    assert again.tree == {"version": 1, "name": "other", "connection": {"secret_token": {"env": "A"}}}
