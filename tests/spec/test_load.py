"""Loading: encodings, sizes, variables, references, variable files, locations."""

from __future__ import annotations

import pytest

from scimconf.diagnostics import Location
from scimconf.spec.load import MAX_SIZE, load, load_variables
from scimconf.spec.loaded import digest
from scimconf.spec.tree import CsvRows
from tests.spec.reading import MINIMAL, lines, load_text


@pytest.mark.parametrize(
    "text", [MINIMAL, MINIMAL.encode(), "\ufeff" + MINIMAL, MINIMAL.encode("utf-8-sig"), MINIMAL.replace("\n", "\r\n")]
)
def test_load_accepts_strings_and_bytes_with_or_without_a_byte_order_mark(text):
    assert load_text(text).spec.name == "writer"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (MINIMAL.encode("utf-16"), "1:1"),
        (b"\xff", "1:1"),
        ("name: \ud800", "1:7"),
        (b"\xef\xbb\xbfversion: 1\r\nname: \xc3\xa4\xff", "2:8"),
    ],
)
def test_load_locates_the_first_byte_that_is_not_utf_8(text, place):
    assert (
        lines(load_text(text).diagnostics)
        == f"spec.yaml:{place}  S002  the file is not UTF-8. Save the file as UTF-8.\n"
    )


def test_load_accepts_a_csv_file_that_is_larger_than_a_spec_may_be():
    content = MINIMAL + "assignments: {unlisted: keep, users_from: [people.csv]}\n"
    loaded = load_text(content, {"people.csv": "user,role\n" + "\n" * MAX_SIZE + "ada@contoso.com,member\n"})
    assert loaded.diagnostics == ()


@pytest.mark.parametrize(
    ("size", "rows", "error"),
    [
        (200, 2, ""),
        (
            200,
            3,
            "people.csv:4:1  S008  the file has more than 2 rows. Move parts of it to other CSV files.\n",
        ),
        (20, 2, "people.csv  S008  the file is larger than 0 MB. Move parts of it to other CSV files.\n"),
    ],
)
def test_load_limits_csv_files(monkeypatch, size, rows, error):
    monkeypatch.setattr("scimconf.spec.load.MAX_CSV_SIZE", size)
    monkeypatch.setattr("scimconf.spec.rows.MAX_ROWS", 2)
    lines_of_file = ["user,role", *(f"user{number}@contoso.com,member" for number in range(rows))]
    content = MINIMAL + "assignments: {unlisted: keep, users_from: [people.csv]}\n"
    assert lines(load_text(content, {"people.csv": "\n".join(lines_of_file)}).diagnostics) == error


def test_load_rejects_a_file_larger_than_max_size():
    assert lines(load_text("#" * (MAX_SIZE + 1)).diagnostics) == (
        "spec.yaml  S008  the file is larger than 4 MB. Move parts of it to files that it `extends`.\n"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_load_reports_a_file_that_cannot_be_read(error, reason):
    def read(_path):
        raise error

    loaded = load("spec.yaml", read, {}, {}, lambda _: True)
    assert lines(loaded.diagnostics) == f"spec.yaml  S001  cannot read spec.yaml: {reason}. Check the path.\n"
    assert (loaded.spec, loaded.paths, loaded.origin(("name",))) == (None, (), None)


def test_load_converts_a_variable_to_the_expected_type():
    text = MINIMAL.replace("enabled: true", 'enabled: "${var:ON}", deletion_threshold: "${var:MANY}"')
    loaded = load_text(f"{text}tenant: ${{var:TENANT}}.com\n", ON="false", MANY="7", TENANT="contoso")
    assert lines(loaded.diagnostics) == ""
    assert (loaded.spec.provisioning.enabled, loaded.spec.provisioning.deletion_threshold) == (False, 7)
    assert loaded.spec.tenant == "contoso.com"


def test_load_keeps_other_dollar_signs_as_text():
    loaded = load_text(
        f"{MINIMAL}mappings: {{users: {{attributes: {{title: {{constant: '${{name}} ${{0}} $1 ${{VAR}}'}}}}}}}}\n"
    )
    assert loaded.spec.mappings["users"].attributes["title"].constant == "${name} ${0} $1 ${VAR}"


def test_load_does_not_read_the_value_of_an_environment_variable():
    loaded = load(
        "spec.yaml",
        lambda _: f"{MINIMAL}connection: {{secret_token: '${{env:TOKEN}}'}}\n",
        {"TOKEN": "hunter2"},
        {},
        lambda _: True,
    )
    assert loaded.spec.connection.secret_token.env == "TOKEN"
    assert "hunter2" not in repr(loaded)


def test_loaded_does_not_contain_a_secret_of_the_file():
    loaded = load_text(
        f"{MINIMAL}connection: {{secret_token: hunter2, other: {{Password: '${{var:P}}'}}}}\n", P="hunter3"
    )
    assert "hunter" not in repr(loaded) + repr(loaded.resolved) + lines(loaded.diagnostics)


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("name",), 2, 1),
        (("application", "display_name"), 3, 15),
        (("application", "create", "from_template"), 3, 1),
        (("guard_exemptions", 0, "until"), 5, 43),
        (("guard_exemptions", 7), 5, 1),
        (("nowhere",), 0, 0),
        ((), 0, 0),
    ],
)
def test_origin_is_the_location_of_the_closest_part_of_a_path(path, line, column):
    loaded = load_text(f"{MINIMAL}guard_exemptions: [{{guard: scope-widened, until: 2026-12-01, reason: x}}]\n")
    assert loaded.origin(path) == Location("spec.yaml", line, column)


def test_origin_of_roles_is_the_location_of_the_role():
    loaded = load_text(
        f"{MINIMAL}assignments:\n  unlisted: keep\n  users:\n    - user: ada@contoso.com\n      role: admin\n"
    )
    assert loaded.origin(("assignments", "users", 0, "roles", 0)) == Location("spec.yaml", 9, 7)


def test_load_expands_aliases():
    loaded = load_text(
        f"{MINIMAL}assignments: {{unlisted: keep, users: [&ada {{user: ada@contoso.com, role: a}}], groups: []}}\ntenant: &t contoso.com\njob: {{template: *t}}\n"
    )
    assert loaded.spec.job.template == "contoso.com"


@pytest.mark.parametrize(
    "section", ["assignments: {unlisted: keep, users_from: a.csv}", "assignments: x", "connection: x"]
)
def test_load_reports_a_section_of_the_wrong_type_once(section):
    assert [problem.code for problem in load_text(f"{MINIMAL}{section}\n").diagnostics] == ["S203"]


def test_load_variables_returns_strings():
    table, problems = load_variables("vars.yaml", lambda _: "TENANT: contoso.com\nTHRESHOLD: 0050\nON: yes\n")
    assert (table, problems) == ({"TENANT": "contoso.com", "THRESHOLD": "0050", "ON": "yes"}, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: [x]\nB: null\n", ("v.yaml:1:1  S025  A: the value of a variable must be a string. Write `A: TEXT`.\n"
         "v.yaml:2:1  S025  B: the value of a variable must be a string. Write `B: TEXT`.\n")),
        ("- a\n", "v.yaml:1:1  S011  the file must be a mapping of keys and values. Begin with `version: 1`.\n"),
        ("A: ${var:B}\n", 'v.yaml:1:1  S023  the variable "B" has no value. Pass `--var B=VALUE`, or set SCIMCONF_VAR_B, or add it to a `--var-file`.\n'),
    ],
)  # fmt: skip
def test_load_variables_reports_errors(text, expected):
    assert lines(load_variables("v.yaml", lambda _: text)[1]) == expected


def test_load_groups_csv_rows_by_user_and_ignores_other_columns():
    csv = "\ufeffUser, Name, Role\nada@contoso.com,Ada,admin\n\ngrace@contoso.com,Grace,member\nADA@contoso.com,Ada,member\n"
    loaded = load_text(f"{MINIMAL}assignments: {{unlisted: delete, users_from: [a.csv]}}\n", {"a.csv": csv})
    assert lines(loaded.diagnostics) == ""
    (rows,) = loaded.spec.assignments.imported
    assert [*zip(rows.users.principals, rows.users.roles, strict=True)] == [
        ("ada@contoso.com", ("admin", "member")), ("grace@contoso.com", ("member",)),
    ]  # fmt: skip


def test_load_reads_a_csv_file_of_10000_rows():
    csv = "user,role\n" + "".join(f"user{number}@contoso.com,member\n" for number in range(10_000))
    loaded = load_text(f"{MINIMAL}assignments: {{unlisted: delete, users_from: [a.csv]}}\n", {"a.csv": csv})
    assert len(loaded.spec.assignments.imported[0].users) == 10_000


def test_load_imports_a_csv_file_that_is_named_twice_twice_and_lists_it_once():
    loaded = load_text(
        f"{MINIMAL}assignments: {{unlisted: keep, users_from: [a.csv, a.csv]}}\n", {"a.csv": "user,role\n"}
    )
    assert loaded.paths == ("spec.yaml", "a.csv")
    assert len(loaded.spec.assignments.imported) == 2


@pytest.mark.parametrize("expression", [r'Append([a], "say \"(\"")', "Now()", "Switch([a], , (b))"])
def test_load_accepts_a_plain_expression_that_is_a_yaml_scalar(expression):
    loaded = load_text(
        f"{MINIMAL}mappings:\n  users:\n    attributes:\n      a:\n        expression: {expression}  # why\n"
    )
    assert loaded.spec.mappings["users"].attributes["a"].expression == expression


def test_load_reports_an_empty_csv_file_as_s030():
    loaded = load_text(f"{MINIMAL}assignments: {{unlisted: delete, users_from: [a.csv]}}\n", {"a.csv": ""})
    assert [problem.code for problem in loaded.diagnostics] == ["S030"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('tenant: "a\\0b"', "S015  character 2 of the value is NUL (U+0000). Delete it."),
        ('"a\\0": b', "S015  character 2 of the value is NUL (U+0000). Delete it."),
        ("tenant: ${var:X}", "S015  character 1 of the value is a byte that is not UTF-8. Delete it."),
        (f"tenant: {'a' * 100_001}", "S008  a value of 100,001 characters; at most 100,000 are allowed. Shorten it."),
    ],
)
def test_load_rejects_a_value_that_cannot_be_sent(line, expected):
    assert expected in lines(load_text(f"{MINIMAL}{line}\n", X="\udcff").diagnostics)


def test_load_rejects_a_csv_cell_that_cannot_be_sent():
    text = f"{MINIMAL}assignments: {{unlisted: keep, users_from: [a.csv]}}\n"
    assert lines(load_text(text, {"a.csv": "user,role\nada\0,admin\n"}).diagnostics) == (
        "a.csv:2:1  S015  character 4 of the value is NUL (U+0000). Delete it.\n"
    )


CSV_ROWS = """\
user,role
ada@contoso.com,admin
grace@contoso.com,member

ADA@contoso.com,member
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [((0,), 2), ((0, "user"), 2), ((0, "roles"), 2), ((0, "roles", 0), 2), ((0, "roles", 1), 5), ((1, "roles", 0), 3)],
)
def test_each_part_of_a_csv_row_has_the_location_of_its_row(path, line):
    text = f"{MINIMAL}assignments: {{unlisted: keep, users_from: [a.csv]}}\n"
    loaded = load_text(text, {"a.csv": CSV_ROWS})
    assert loaded.origin(("assignments", "imported", 0, "users", *path)) == Location("a.csv", line, 1)


def test_no_row_of_a_csv_file_without_errors_is_made(monkeypatch):
    monkeypatch.delattr(CsvRows, "row")
    text = f"{MINIMAL}assignments: {{unlisted: keep, users_from: [a.csv]}}\n"
    loaded = load_text(text, {"a.csv": CSV_ROWS})
    first, second = loaded.spec.assignments.listed
    assert (first.written, first.roles, second.roles) == ("ada@contoso.com", ("admin", "member"), ("member",))
    assert digest(loaded.resolved)
