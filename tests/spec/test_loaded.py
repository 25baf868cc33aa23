"""A loaded spec: digest, text, conflicts with other specs, and the search for spec files."""

from __future__ import annotations

import hashlib
import json

import pytest

from scimconf.spec.loaded import conflicts, digest, find, same_application, shared_endpoints, show, without_other_files
from tests.spec.reading import MINIMAL, lines, load_text


def digest_of(text, more=None, **variables):
    return digest(load_text(text, more, **variables).resolved)


SAME = {
    "the order of keys": (MINIMAL, "\n".join(reversed(MINIMAL.strip().split("\n")))),
    "comments and quotes": (MINIMAL, MINIMAL.replace("name: writer", 'name: "writer"  # the name')),
    "flow or block": (
        MINIMAL,
        MINIMAL.replace("application: {display_name: Writer}", "application:\n  display_name: Writer"),
    ),
}
DIFFERENT = {
    "another value": (MINIMAL, MINIMAL.replace("true", "false")),
    "none and the string none": (f"{MINIMAL}tenant: none\n", f'{MINIMAL}tenant: "none"\n'),
    "the order of a list": (f"{MINIMAL}guard_exemptions: [a, b]\n", f"{MINIMAL}guard_exemptions: [b, a]\n"),
}


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME)
def test_digest_is_equal_for_equivalent_specs(first, second):
    assert digest_of(first) == digest_of(second)


@pytest.mark.parametrize(("first", "second"), DIFFERENT.values(), ids=DIFFERENT)
def test_digest_differs_for_different_specs(first, second):
    assert digest_of(first) != digest_of(second)


def test_digest_is_that_of_the_canonical_json_of_the_tree():
    """A saved plan has it, so that it must not change between versions."""
    section = "{unlisted: keep, users: [], users_from: [a.csv], groups_from: [b.csv]}"
    users = 'user,role\nädä@contoso.com,admin\n"a""b@contoso.com",member\nÄdä@contoso.com,member\n'
    groups = "group,role\nWriter editors,member\nABCDEF00-0000-0000-0000-000000000001,member\n"
    resolved = load_text(f"{MINIMAL}assignments: {section}\n", {"a.csv": users, "b.csv": groups}).resolved
    tree = {**resolved, "provisioning": {"enabled": {"": "true"}}, "version": {"": "1"}}
    tree["assignments"] = {**resolved["assignments"], "imported": IMPORTED}
    expected = json.dumps(tree, sort_keys=True, separators=(",", ":"))
    assert digest(resolved) == hashlib.sha256(expected.encode()).hexdigest()


IMPORTED = [
    {
        "file": "a.csv",
        "users": [
            {"user": "ädä@contoso.com", "roles": ["admin", "member"]},
            {"user": 'a"b@contoso.com', "roles": ["member"]},
        ],
    },
    {
        "file": "b.csv",
        "groups": [
            {"name": "Writer editors", "roles": ["member"]},
            {"id": "ABCDEF00-0000-0000-0000-000000000001", "roles": ["member"]},
        ],
    },
]


def test_digest_includes_bases_variables_and_csv_rows():
    text = f"{MINIMAL}tenant: ${{var:T}}\nassignments: {{unlisted: keep, users_from: [a.csv]}}\n"
    csv = "user,role\nada@contoso.com,admin\n"
    first = digest_of(text, {"a.csv": csv}, T="contoso.com")
    assert first != digest_of(text, {"a.csv": csv}, T="fabrikam.com")
    assert first != digest_of(text, {"a.csv": csv + "grace@contoso.com,admin\n"}, T="contoso.com")
    assert first == digest_of("extends: [base.yaml]\n", {"base.yaml": text, "a.csv": csv}, T="contoso.com")


def test_show_prints_each_line_with_its_origin():
    loaded = load_text(
        "extends: [base.yaml]\nname: writer\nmappings:\n  users:\n    filters: []\n    attributes:\n"
        "      'emails[type eq \"work\"].value': mail\n      timezone: {source: null, default: \"none\"}\n",
        {"base.yaml": MINIMAL + "app_roles:\n  roles:\n    - {value: admin, display_name: a: b}\nguard_exemptions: [[], {}]\n"
         .replace("a: b", "'a: b'").replace("[[], {}]", "[]") + "assignments: {unlisted: keep, users_from: [a.csv]}\n",
         "a.csv": "user,role\nada@contoso.com,admin\n"},
    )  # fmt: skip
    assert lines(loaded.diagnostics) == ""
    assert (
        show(loaded)
        == """\
version: 1                                    # base.yaml:1
name: writer                                  # spec.yaml:2
application:                                  # base.yaml:3
  display_name: Writer                        # base.yaml:3
provisioning:                                 # base.yaml:4
  enabled: true                               # base.yaml:4
app_roles:                                    # base.yaml:5
  roles:                                      # base.yaml:6
    - value: admin                            # base.yaml:7
      display_name: "a: b"                    # base.yaml:7
guard_exemptions: []                          # base.yaml:8
assignments:                                  # base.yaml:9
  unlisted: keep                              # base.yaml:9
  users_from:                                 # base.yaml:9
    - a.csv                                   # base.yaml:9
mappings:                                     # spec.yaml:3
  users:                                      # spec.yaml:4
    filters: []                               # spec.yaml:5
    attributes:                               # spec.yaml:6
      "emails[type eq \\"work\\"].value": mail  # spec.yaml:7
      timezone:                               # spec.yaml:8
        source: null                          # spec.yaml:8
        default: "none"                       # spec.yaml:8
"""
    )


def test_show_output_loads_as_the_same_spec():
    loaded = load_text(
        f"{MINIMAL}mappings: {{users: {{attributes: {{a: {{source: b, default: \"none\"}}, b: {{constant: '1'}}, c: {{constant: ' x #y'}}}}}}}}\n"
        "app_roles: {roles: [{value: a, display_name: a b, allowed_members: [users, applications]}]}\n"
    )
    assert load_text(show(loaded)).spec == loaded.spec


def test_show_of_an_unreadable_spec_is_empty():
    assert show(load_text("")) == ""


def test_conflicts_reports_specs_with_the_same_name_or_application():
    first = load_text(MINIMAL)
    second = load_text(MINIMAL.replace("name: writer", "name: WRITER").replace("Writer", "writer"))
    assert lines(conflicts([first, second])) == (
        'spec.yaml:2:1  S312  name: "WRITER" is already used in spec.yaml:2:1. Use another name.\n'
        'spec.yaml:3:15  S312  application.display_name: "writer" is already used in spec.yaml:3:15. '
        "Keep one spec for each application.\n"
    )


def test_same_application_reports_specs_that_identify_it_by_different_keys():
    first, second, third = (load_text(MINIMAL.replace("name: writer", f"name: {name}")) for name in "abc")
    assert lines(same_application([(first, "1"), (third, "2"), (second, "1")])) == (
        "spec.yaml:3:1  S312  application: this is the same application as in spec.yaml:3:1, identified by another "
        "key. Keep one spec for each application.\n"
    )


def test_conflicts_ignore_different_names_and_applications():
    by_id = MINIMAL.replace("name: writer", "name: b").replace(
        "display_name: Writer", "app_id: 00000000-0000-0000-0000-000000000001"
    )
    assert conflicts([load_text(MINIMAL), load_text(by_id), load_text("")]) == ()


@pytest.mark.parametrize(
    ("first", "second", "number"),
    [
        ("contoso.com", "fabrikam.com", 0),
        ("contoso.com", "CONTOSO.com", 2),
        ("contoso.com", "", 2),
        ("", "", 2),
    ],
)
def test_conflicts_of_specs_with_tenants(first, second, number):
    """Specs of different tenants may have one name and one display name; without a tenant they may be of one."""
    specs = [load_text(f"{MINIMAL}tenant: {tenant}\n" if tenant else MINIMAL) for tenant in (first, second)]
    assert len(conflicts(specs)) == number


def test_conflict_names_the_earlier_spec_of_the_same_tenant():
    contents = [f"{MINIMAL}tenant: {tenant}\n" for tenant in ("contoso.com", "fabrikam.com", "contoso.com")]
    specs = [load_text(content) for content in contents]
    assert len(conflicts(specs)) == 2
    assert len(conflicts([*specs, load_text(contents[1])])) == 4


CONNECTION = "connection: {{base_address: {url}, secret_token: {{env: {token}}}}}\n"


@pytest.mark.parametrize(
    ("first", "second", "is_shared"),
    [
        (("https://app.example.com/scim", "TOKEN"), ("https://app.example.com/scim", "TOKEN"), True),
        (("https://app.example.com/scim", "TOKEN"), ("https://APP.example.com/scim/?aadOptscim062020", "TOKEN"), True),
        (("https://app.example.com/scim", "TOKEN"), ("https://app.example.com/scim", "OTHER"), False),
        (("https://app.example.com/scim", "TOKEN"), ("https://app.example.com/scim2", "TOKEN"), False),
    ],
)
def test_shared_endpoints(first, second, is_shared):
    specs = [load_text(MINIMAL + CONNECTION.format(url=url, token=token)) for url, token in (first, second)]
    assert lines(shared_endpoints(specs)) == (
        f"spec.yaml:5:14  S320  connection.base_address: {second[0]} and the credentials are also those of "
        "spec.yaml:5:14. Two jobs that provision the same accounts undo each other's changes. Keep one of them.\n"
        if is_shared
        else ""
    )


def test_shared_endpoints_ignore_specs_without_credentials():
    url = "connection: {base_address: https://app.example.com/scim}\n"
    assert list(shared_endpoints([load_text(MINIMAL), load_text(MINIMAL + url), load_text(MINIMAL + url)])) == []


def test_find_returns_a_file_once_if_it_is_named_twice():
    assert find(["a.yaml", "./a.yaml", "b/./a.yaml"], {}.get)[0] == ("a.yaml", "b/./a.yaml")
    assert find(["./a.yaml", "b/../a.yaml"], {}.get, lambda path: path[-6:])[0] == ("./a.yaml",)


def test_find_returns_the_specs_of_a_folder():
    folders = {
        "apps": ["b.scimconf.yaml", "base.yaml", "scimconf.yaml", "a.scimconf.yaml", "people.csv"],
        "empty": ["x.yaml"],
    }
    files, problems = find(["one.yaml", "apps", "apps/scimconf.yaml", "empty"], folders.get)
    assert files == ("one.yaml", "apps/a.scimconf.yaml", "apps/b.scimconf.yaml", "apps/scimconf.yaml")
    assert (
        lines(problems) == "empty  S001  no scimconf.yaml and no *.scimconf.yaml in this folder. "
        "Name the file, or create a spec with `scimconf init`.\n"
    )


@pytest.mark.parametrize(
    ("paths", "specs", "others"),
    [
        (
            ["apps/adopt.csv", "apps/adopt.md", "apps/hr", "apps/x.scimconf.yaml", "apps/x.users.CSV"],
            ["apps/hr", "apps/x.scimconf.yaml"],
            ["apps/adopt.csv", "apps/adopt.md", "apps/x.users.CSV"],
        ),
        (["apps/adopt.md", "-", "/dev/fd/63"], ["-", "/dev/fd/63"], ["apps/adopt.md"]),
        (["adopt.md"], ["adopt.md"], []),
        ([], [], []),
    ],
)
def test_files_that_lie_beside_specs_are_left_out_if_there_are_others(paths, specs, others):
    assert without_other_files(paths) == (specs, others)
