"""Canonical layout of `format_text`, by example."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from scimconf.diagnostics import DiagnosticsError
from scimconf.render.yaml import format_text
from scimconf.render.yaml.parser import UnreadableError, read
from scimconf.render.yaml.verify import check, difference, loaded

ROOT = Path(__file__).parents[2]


def formatted(text: str) -> str:
    made = format_text(dedent(text))
    assert format_text(made) == made
    return made


def first_diagnostic(text: str):
    with pytest.raises(DiagnosticsError) as raised:
        format_text(dedent(text), "a.yaml")
    return raised.value.diagnostics[0]


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/scimconf.yaml")), ids=lambda path: path.parent.name)
def test_format_text_does_not_change_the_examples(path):
    assert format_text(path.read_text()) == path.read_text()


def test_format_text_orders_keys_by_model_and_separates_sections():
    assert formatted("""\
        provisioning:


          scope: assigned
          strange: kept
          enabled: true
        mine: {a: b}
        extends: [base.yaml]
        name: writer

        version: 1
        assignments: {groups: [{role: member, id: 1, name: Editors}], unlisted: keep}
        """) == dedent("""\
        version: 1
        name: writer
        extends: [base.yaml]

        provisioning:
          enabled: true
          scope: assigned
          strange: kept

        assignments: {unlisted: keep, groups: [{name: Editors, id: 1, role: member}]}

        mine: {a: b}
        """)


def test_format_text_keeps_order_of_rows_and_lists():
    text = "mappings:\n  users:\n    attributes:\n      b: x\n      a: y\n    actions: [delete, create]\n"
    assert formatted(text).index("b: x") < formatted(text).index("a: y")
    assert "[delete, create]" in formatted(text)


def test_format_text_moves_editor_comments_to_the_top():
    made = formatted(
        "# Writer\n\n# yaml-language-server: $schema=x\n# $schema: x\n# the name\nname: writer\nversion: 1\n"
    )
    assert made == (
        "# yaml-language-server: $schema=x\n# $schema: x\n# Writer\n\nversion: 1\n# the name\nname: writer\n"
    )


def test_format_text_moves_comments_with_their_node():
    assert formatted("""\
        # The head, without a blank line below
        provisioning:          # beside a section
            enabled: true # beside a value
            # the end of the section
        # above the version
        version: 1
        # after the version

        # above the name

        name: writer
        # the end
        """) == dedent("""\
        # The head, without a blank line below
        # above the version
        version: 1
        # after the version

        # above the name

        name: writer

        provisioning:          # beside a section
          enabled: true   # beside a value
          # the end of the section
        # the end
        """)


def test_format_text_expands_flow_collections_with_comments():
    assert formatted("""\
        application: { # first
          # above
          display_name: Writer, # beside
          create: {from_template: custom} # and this

          # below
        } # last
        guards: [ # none
        ]
        job: {
          # no template
        }
        """) == dedent("""\
        # last
        application:  # first
          # above
          display_name: Writer  # beside
          create: {from_template: custom}  # and this
          # below

        # no template
        job: {}

        guards: []  # none
        """)


def test_format_text_places_item_comments_above_the_dash():
    assert formatted("""\
        assignments:
        # all of them
          users:
          - # the first

            # her name
            user: ada
            role: a
              # odd depth

          -
            user: bob   # the second
            role: b
            # commented: out
          # of the list
          protect: # several
          # one
          - &k
            # of k
            group: x
          - *k
        """) == dedent("""\
        assignments:
          # of the list
          protect:  # several
            # one
            - &k
              # of k
              group: x
            - *k
          # all of them
          users:
            # the first

            # her name
            - user: ada
              role: a
              # odd depth

            - user: bob  # the second
              role: b
              # commented: out
        """)


def test_format_text_moves_comment_between_key_and_value_above_both():
    assert formatted("name:  # one\n  # two\n  writer  # three\n") == "# two\n# three\nname: writer  # one\n"


def test_format_text_keeps_flow_collections_on_one_line_if_they_fit():
    short = "assignments: {users: [" + ", ".join(["{user: a, role: b}"] * 3) + "]}\n"
    assert formatted(short.replace(", ", ",\n  ")) == short
    made = formatted(short.replace("user: a", "user: " + "a" * 20))
    assert made == "assignments:\n  users:\n" + f"    - {{user: {'a' * 20}, role: b}}\n" * 3


def test_format_text_of_nested_lists():
    assert formatted("strange:\n-  - a\n   -   - b\n       - &x [c]\n- *x\n") == (
        "strange:\n  - - a\n    - - b\n      - &x [c]\n  - *x\n"
    )


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("'Writer'", "Writer"), ('"Writer, Inc"', '"Writer, Inc"'), ("'it''s'", '"it\'s"'), ("Wri\\ter", "Wri\\ter"),
        ('"say \\"hi\\""', "'say \"hi\"'"), ("'a\\b'", "'a\\b'"), ('"a\\tb"', '"a\\tb"'), ('"\\u2028\\x7f"', '"\\u2028\\u007f"'),
        ("'https://x.example/a'", "https://x.example/a"), ("'ada@x.example'", "ada@x.example"),
        ("NO", "NO"), ("'NO'", '"NO"'), ("0010", "0010"), ("'0010'", '"0010"'), ("1.10", "1.10"), ("'1.10'", '"1.10"'),
        ("none", "none"), ("'none'", '"none"'), ("2026-11", "2026-11"), ("'2026-11'", '"2026-11"'), ("'true'", '"true"'),
        ("''", '""'), ("'a '", '"a "'), ("'a: b'", '"a: b"'), ("'a #b'", '"a #b"'), ("'a:'", '"a:"'), ("'-a'", '"-a"'),
        ("'${var:X}'", '"${var:X}"'), ("${var:X}", "${var:X}"), ("'é'", "é"), ("'\U0001f642'", '"\U0001f642"'),
        ("a\n    b", "a b"), ("'a\n\n    b'", '"a\\nb"'), ("a\n\n    b", '"a\\nb"'),
    ],
)  # fmt: skip
def test_format_text_keeps_only_significant_quotes(written, made):
    assert formatted(f"application:\n  display_name: {written}\n") == f"application:\n  display_name: {made}\n"


def test_format_text_keeps_quotes_of_colon_in_flow_collection():
    assert formatted("strange: ['a:b', a:b]\n") == 'strange: ["a:b", a:b]\n'


def test_format_text_keeps_quotes_of_operator_in_graph_spelling():
    text = "mappings:\n  users:\n    filters:\n      - name: f\n        all:\n"
    clauses = ["{attribute: a, operator: 'Includes', value: 'b'}", "{attribute: a, operator: 'equals', value: 'b'}"]
    made = formatted(text + "".join(f"          - {one}\n" for one in clauses))
    assert made.splitlines()[5:] == [
        '          - {attribute: a, operator: "Includes", value: b}', "          - {attribute: a, operator: equals, value: b}",
    ]  # fmt: skip


def formatted_expression(written: str) -> str:
    """Return the formatted value of an `expression` key."""
    made = formatted(f"mappings:\n  users:\n    attributes:\n      a:\n        expression: {written}\n")
    return dedent("\n".join(made.splitlines()[4:])).partition("expression: ")[2]


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ('Join(" ", [a])', '>-\n  Join(" ", [a])'),
        ("'[a]'", ">-\n  [a]"),
        ("|-\n          [a]", ">-\n  [a]"),
        (">-\n           Join([a],\n             [b])\n", ">-\n  Join([a],\n    [b])"),
        ("|\n          [a]", "|\n  [a]"),
        (">2-\n            [a]\n          [b]", ">2-\n    [a]\n  [b]"),
        ('"a\\nb"', '"a\\nb"'),
        ("${var:X}", "${var:X}"),
        ("null", "null"),
        ("word", ">-\n  word"),
        ("&x word", "&x word"),
        ("&x Not([a])", "&x >-\n  Not([a])"),
        ("''", '""'),
        ('"\\u00a0"', ">-\n  \u00a0"),
        ('"(\\ufeff)"', '"(\\ufeff)"'),
    ],
)
def test_format_text_writes_expression_as_folded_block_if_possible(written, made):
    assert formatted_expression(written) == made


def test_format_text_expands_row_with_expression():
    made = formatted("mappings: {users: {attributes: {a: {match: 1, expression: 'Not([b])'}}}}\n")
    assert made == (
        "mappings:\n  users:\n    attributes:\n      a:\n        expression: >-\n          Not([b])\n        match: 1\n"
    )


def test_format_text_breaks_long_expression_outside_of_quotes():
    names, long = ", ".join(["[givenName]"] * 12), "y" * 120
    made = formatted_expression(f'\'Switch([department], "a  b {"c " * 50}", {names}  & "\\" d" & "x {long}")\'')
    assert made.splitlines() == [
        ">-",
        "  Switch([department],",
        f'  "a  b {"c " * 50}",',
        "  " + ", ".join(["[givenName]"] * 7) + ",",
        "  " + ", ".join(["[givenName]"] * 4) + ",",
        '  [givenName]  & "\\" d" &',
        f'  "x {long}")',
    ]


def test_format_text_keeps_long_multiline_scalar_folded():
    made = formatted("application:\n  display_name: " + "word\n    " * 30 + "word\n")
    lines = made.splitlines()
    assert lines[1] == "  display_name: >-"
    assert max(map(len, lines)) <= 100
    line = "application:\n  display_name: " + "word " * 30 + "word\n"
    assert formatted(line) == line


@pytest.mark.parametrize(
    "block",
    ["|\n    a\n\n     b\n", "|+\n    a\n\n\n", "|2-\n     a\n    b\n", ">+\n\n    a\n\n", "|-  # why\n    a\n"],
    ids=["clipped", "kept", "indented", "blank above", "comment"],
)
def test_format_text_keeps_block_scalars(block):
    text = f"application:\n  display_name: {block}"
    assert formatted(text) == text
    assert formatted(f"{text}name: x\n".replace("\n    ", "\n         ").replace("|2", "|7"))[8:] == (
        f"\n{text}" if "+" not in block else f"\n{text}"
    )


def test_format_text_adds_no_blank_lines_to_keep_block():
    text = "application:\n  display_name: |+\n    a\n  # c\n  object_id: |+\n    b\n\nprovisioning: {}\n"
    assert formatted(text) == text


def test_format_text_writes_empty_block_as_empty_string():
    assert formatted("strange:\n  a: |\n  b: x\n") == 'strange:\n  a: ""\n  b: x\n'


def test_format_text_of_block_at_end_of_file_without_newline():
    assert formatted("strange: |\n  a") == "strange: |-\n  a\n"


def test_format_text_moves_anchor_to_first_use():
    assert formatted("""\
        provisioning: {notifications: &n {email: &e a@example.com}}
        application: {display_name: *e}
        *e : *n
        &k mine: *k
        """) == dedent("""\
        application: {display_name: &e a@example.com}

        provisioning: {notifications: &n {email: *e}}
        *e : *n
        &k mine: *k
        """)


def test_format_text_expands_flow_collection_that_cannot_hold_a_node():
    made = formatted("provisioning: {notifications: {email: *e}}\n".replace("*e", "x") + "mine: &e a, b\n")
    assert made.endswith("mine: &e a, b\n")
    made = formatted("strange:\n  mine: &e a, b\n  *e : x\nextends: [*e]\njob: {*e : *e}\n")
    assert made == "extends:\n  - &e a, b\n\njob: {*e : *e}\n\nstrange:\n  mine: *e\n  *e : x\n"
    made = formatted("strange: {? &e a, : b}\n".replace("&e a,", "&e 'a,'") + "name: *e\n")
    assert made == 'name: &e "a,"\n\nstrange: {*e : b}\n'


def test_format_text_quotes_block_scalar_key():
    assert formatted("strange:\n  ? |-\n    a: b\n  : c\n") == 'strange:\n  "a: b": c\n'


def test_format_text_removes_document_markers():
    assert formatted("%YAML 1.1\n---  # one\nversion: 1\n...\n# two\n") == "# one\nversion: 1\n# two\n"


def test_format_text_of_empty_mapping():
    assert formatted("\n# nothing\n{}\n") == "# nothing\n{}\n"
    assert formatted("# nothing\n\n# at all\n{ # here\n}\n") == "# nothing\n\n# at all\n{}\n# here\n"


def test_format_text_keeps_crlf_and_normalizes_cr_line_breaks():
    assert format_text("version:  1\r\nname:  x\r\n") == "version: 1\r\nname: x\r\n"
    assert format_text("\ufeffversion:  1\rname:  x") == "version: 1\nname: x\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: b\na: c\n", "S005", 2, 1), ("a: !x b\n", "S010", 1, 1), ("a: {b\n", "S003", 2, 1), ("a:\n", "S006", 1, 1),
        ("- a\n", "S011", 1, 1), ("", "S011", 1, 1), ("a: *b\n", "S003", 1, 4), ("a: &x 1\nb: &x 2\n", "S003", 2, 4),
        ("a: b\n---\na: b\n", "S004", 2, 1), ("expression: Join(a #b)\n", "S012", 1, 1), ("a: &x [*x]\n", "S008", 1, 4),
    ],
)  # fmt: skip
def test_format_text_reports_invalid_yaml_with_location(text, code, line, column):
    diagnostic = first_diagnostic(text)
    assert (diagnostic.code, diagnostic.location.file, diagnostic.location.line, diagnostic.location.column) == (
        code,
        "a.yaml",
        line,
        column,
    )


def test_format_text_formats_spec_with_semantic_errors():
    assert formatted("enabled: yes\nextends: x\nassignments: {users_from: [x]}\n")


def test_format_text_reports_unsupported_yaml_with_location():
    diagnostic = first_diagnostic("version: 1\nname:\twriter\n")
    assert (diagnostic.code, diagnostic.location.line, diagnostic.location.column) == ("F001", 2, 6)


def test_check_rejects_changed_values_and_lost_comments():
    with pytest.raises(DiagnosticsError, match="would change"):
        check(loaded("a: {b: 1}", "a"), read("a: 1"), "a: {b: '1'}", "a")
    with pytest.raises(DiagnosticsError, match="lose a comment"):
        check(loaded("a: 1", "a"), read("a: 1 # x"), "a: 1", "a")


def test_difference_returns_path_of_first_difference():
    assert difference({"a": ["x", "y"]}, {"a": ["x", "y"]}) is None
    assert difference({"a": ["x", "y"]}, {"a": ["x", "z"]}) == ("a", 1)
    assert difference({"a": {"b": ["x"]}}, {"a": {"b": []}}) == ("a", "b")
    assert difference({"a": "b"}, {"c": "b"}) == ()


def test_read_raises_unreadable_error_without_location():
    with pytest.raises(UnreadableError) as raised:
        read("a: \x01")
    assert (raised.value.line, raised.value.column) == (0, 0)
