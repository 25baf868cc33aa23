"""Markdown output escapes values: a parser finds no tag, link, mention, table or fence in them."""

import re

import plans
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_profiles import examples
from markdown_it import MarkdownIt

from scimconf.plan import Action, Address, ApplicationPlan, Change, FieldChange
from scimconf.render import markdown
from scimconf.render.markdown.diagram import diagram, label
from scimconf.render.markdown.escaping import cell, clipped, code, prose, size

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {"paragraph", "heading", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td", "strong"}
TAGS = re.compile(
    r"<details>\n<summary><code>[^<>]*</code>: [\w ,]+</summary>\n?|</details>\n?|<!-- scimconf: [\w.:/@=+ -]* -->\n?"
)
PROSE = re.compile(r"[^@#<>\[\]`$|\\^&]*")
"""Text outside of code: none of the characters that a forge interprets."""


def tokens(text):
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def assert_inert(text):
    for token in tokens(text):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind == "text":
            assert PROSE.fullmatch(token.content), token.content
            assert "://" not in token.content
            assert not re.search(r"\bwww\.|[0-9a-f]{7}|\bGH-\d|:\w+:", token.content)
        elif kind in {"html_block", "html_inline"}:
            assert TAGS.fullmatch(token.content), token.content
        elif kind == "fence":
            assert token.info in {"diff", "mermaid"}
            assert token.map[1] - token.map[0] == token.content.count("\n") + 2
        else:
            assert kind in {*OURS, "code_inline", "inline", "softbreak"}, kind


VALUES = pytest.mark.parametrize("value", plans.HOSTILE.values(), ids=list(plans.HOSTILE))


@VALUES
@pytest.mark.parametrize("as_html", [True, False])
def test_markdown_plan_renders_hostile_value_as_text(value, as_html):
    rendered = markdown.plan(plans.everywhere(value), max_length=1_000_000, marker=value, as_html=as_html)
    assert_inert(rendered)
    assert all(line.isprintable() for line in rendered.split("\n"))
    rendered.encode()


@VALUES
def test_markdown_plan_structure_does_not_depend_on_values(value):
    def shape(text):
        return [token.type for token in PARSER.parse(text) if token.level == 0]

    expected = shape(markdown.plan(plans.everywhere("plain"), max_length=9_000_000))
    assert shape(markdown.plan(plans.everywhere(value), max_length=9_000_000)) == expected


@VALUES
def test_truncated_markdown_plan_renders_hostile_value_as_text(value):
    for most in (300, 1_500, 4_000, 12_000):
        rendered = markdown.plan(plans.everywhere(value), max_length=most, marker=value)
        assert_inert(rendered)
        assert size(rendered) <= most


@examples(60)
@given(st.text(st.sampled_from("`|<>@#[]()!*_~&\\-=+.:/ \n\r\t1aw$") | st.characters(), max_size=40))
def test_markdown_plan_renders_any_string_as_text(value):
    assert_inert(markdown.plan(plans.everywhere(value), max_length=1_000_000, marker=value))


@given(st.text(st.sampled_from("`| \\ab"), max_size=30))
def test_code_keeps_exact_string(value):
    (inline,) = [token for token in PARSER.parse(f"x {code(value)} y") if token.type == "inline"]
    (span,) = [token for token in inline.children if token.type == "code_inline"]
    content = span.content.replace("\\x60", "`")
    assert content == value or (not value.strip() and not content.strip())


@given(st.text(st.sampled_from("`| \\ab"), max_size=30))
def test_cell_does_not_break_the_table(value):
    table = f"| a | b |\n| --- | --- |\n| {cell(value)} | 1 |\n"
    assert [token.content for token in PARSER.parse(table) if token.type == "inline"][-1] == "1"
    assert "|" not in cell(value)


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("the role is lost, and who had it", "the role is lost, and who had it"),
        ("the group aaaaaaaa-1 is called X", "the group `aaaaaaaa-1` is called X"),
        ('there is no user "ada@b.c", sorry.', 'there is no user `"ada@b.c"`, sorry.'),
        ("say @here @there now", "say `@here @there` now"),
        ("needs WRITER_SCIM_TOKEN.", "needs `WRITER_SCIM_TOKEN`."),
        ("single sign-on can't be --allow scope-widened", "single sign-on can't be `--allow scope-widened`"),
        ("1,234 of 5 people", "1,234 of 5 people"),
        ("defaced www. deadbeef www-x", "`defaced www`. `deadbeef www-x`"),
        ("Did you mean `Zoomtopia`?", "Did you mean `Zoomtopia`?"),
        ('no display_name "Zoomtopio", and 1 more', 'no `display_name` `"Zoomtopio"`, and 1 more'),
        (
            "error K811: assignments.users[0]: a@b.c was deleted",
            "error `K811`: `assignments.users[0]`: `a@b.c` was deleted",
        ),
        ("1 user: a@b.c, d@e.f and 2 more", "1 user: `a@b.c`, `d@e.f` and 2 more"),
        ("add `guard: scope-all` to guard_exemptions", "add `guard: scope-all` to `guard_exemptions`"),
        ('was Switch([x], title, "a b", "c"), now none', 'was `Switch([x], title, "a b", "c")`, now none'),
        ("unclosed a[b, and (x@y, z@y)", "unclosed `a[b`, and (`x@y`, `z@y`)"),
        ("(see `id:`).", "(see `id:`)."),
        ("stops (0 users (no user is assigned))", "stops (0 users (no user is assigned))"),
        ('x`y "a', '``x`y "a``'),
        (" a ", "a"),
        ("wait   for it", "wait for it"),
        (".", "`.`"),
        ("`", "`` ` ``"),
        ("", ""),
    ],
)
def test_prose_puts_only_names_in_code(sentence, shown):
    assert prose(sentence) == shown


def test_clipped_shortens_long_strings_and_shows_their_length():
    assert clipped("x" * 1_234, 10) == "x" * 10 + "… (1,234 characters)"
    assert len(code("x" * 100_000)) < 300
    assert len(prose("x y " * 100_000)) < 1_000


# --- mermaid -------------------------------------------------------------------------------------------------------


@VALUES
def test_label_contains_no_mermaid_or_markdown_syntax(value):
    assert re.fullmatch(r"(?:[\w ]|#\d+;|(?<=[A-Za-z])\.(?=[A-Za-z])|[^\x00-\x7f])+", label(value))
    assert "_" not in label(value)


def test_diagram_of_hostile_mapping_has_the_lines_of_a_plain_one():
    def drawn(value):
        fields = (FieldChange("source", "[a]", f'Join("", [{value}], [b])'),)
        address = Address("a", "attribute_mapping", f"users/{value}")
        return diagram(ApplicationPlan("a", changes=(Change(address, Action.UPDATE, fields=fields),)))

    plain = drawn("plain").count("\n")
    for value in plans.HOSTILE.values():
        assert drawn(value).count("\n") in {plain, plain - 4}  # without attributes if it is not an expression


def test_diagram_is_empty_without_a_source_change():
    fields = (FieldChange("match", 1, 2),)
    change = Change(Address("a", "attribute_mapping", "users/x"), Action.UPDATE, fields=fields)
    assert diagram(ApplicationPlan("a", changes=(change,))) == ""


@pytest.mark.parametrize(
    "name",
    ["script", "mention", "references", "sha", "bare link", "link", "autolink", "fence lines", "comment", "math"],
)
def test_assert_inert_detects_unescaped_value(name):
    with pytest.raises(AssertionError):
        assert_inert(f"a value: {plans.HOSTILE[name]}\n")
