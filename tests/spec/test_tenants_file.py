"""Errors in the tenants file: each has a line and a hint."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from scimconf.diagnostics import DiagnosticsError
from scimconf.render.diagnostics import text as diagnostics_text
from scimconf.spec.tenants_file import read, schema


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            '[tenants."contoso.com"]\nauht = "cli"\nauth = "cli"\n',
            'scimconf.toml:2:0  S321  tenants.contoso.com.auht: unknown key "auht". Did you mean auth?',
        ),
        (
            '[tenants."a.com"]\nauth = "cli"\n[tenants."contoso.com"]\nauth = "cli "\n',
            (
                "scimconf.toml:4:0  S321  tenants.contoso.com.auth: the value is not allowed. "
                "Write 'environment', 'workload', 'managed', 'cli' or 'device_code'."
            ),
        ),
        (
            '[tenants."contoso.com"]\nauth = "cli"\nclient_id = "scimconf-plan"\n',
            (
                "scimconf.toml:3:0  S321  tenants.contoso.com.client_id: the value is not an id. Write the id as "
                "00000000-0000-0000-0000-000000000000."
            ),
        ),
        (
            '[tenants."contoso.com"]\n',
            'scimconf.toml:1:0  S321  tenants.contoso.com.auth: `auth` is missing. Add it, such as auth = "workload".',
        ),
        (
            "[tenants\n",
            (
                "scimconf.toml:1:9  S321  not TOML: expected ']' at the end of a table declaration. "
                'A tenant is a table: [tenants."contoso.com"].'
            ),
        ),
        ("tenants = 1\n", None),
        ("[tenant]\n", 'scimconf.toml:1:0  S321  tenant: unknown key "tenant". Did you mean tenants?'),
        ("\udcff", "scimconf.toml  S001  cannot be read: it is not UTF-8."),
    ],
)
def test_errors_in_the_file(content, error):
    with pytest.raises(DiagnosticsError) as caught:
        read(content.encode("utf-8", "surrogateescape"), "scimconf.toml")
    lines = diagnostics_text(caught.value.diagnostics).splitlines()
    if error is None:
        assert re.match(r"scimconf\.toml:1:0  S321  tenants: input should be a valid dict", lines[0])
    else:
        assert lines[0] == error


def test_schema_accepts_what_is_read_and_rejects_an_unknown_key():
    validator = Draft202012Validator(schema())
    entry = {"auth": "workload", "client_id": "aaaaaaaa-0000-0000-0000-000000000000"}
    assert validator.is_valid({"tenants": {"contoso.com": entry}})
    assert not validator.is_valid({"tenants": {"contoso.com": {**entry, "clientid": "x"}}})
    assert not validator.is_valid({"tenants": {"contoso.com": {}}})
