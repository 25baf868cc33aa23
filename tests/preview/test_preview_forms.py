"""A preview in each form: as reviewed, 80 columns wide, inert whatever a directory holds, and without names where asked."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from previews import WRITER, Rehearsal, preview, small, tenant

from scimconf.render.terminal.characters import cells
from scimconf.sandbox.tenant_file import TenantFile

GOLDEN = Path(__file__).parent / "golden"
CHANGED = """
mappings:
  users:
    unlisted: keep
    filters: [{name: staff, all: [{attribute: employeeType, operator: equals, value: Employee}]}]
    attributes:
      userName: {source: mail, match: 1}
      title: {expression: 'IIF([department] = "Marketing", "Writer", [jobTitle])'}
      nickName: {expression: Guid()}
      timezone: {source: null, default: Europe/London}
      preferredLanguage: {absent: true}
"""
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "bidi": "admin\u202etxt.exe",
    "lines": "a\nb\r\u2028c",
    "close": "</code></details><h1>free</h1>",
    "quote": "\" onmouseover='alert(1)' x=\"",
    "surrogate": "a\udc80b",
}


def desk(*edits, **more):
    return Rehearsal(TenantFile(tenant(*edits, **more)))


RENDERED = {
    "writer.txt": lambda tmp: preview(Rehearsal(), WRITER, "text"),
    "writer-user.txt": lambda tmp: preview(Rehearsal(), WRITER, "text", users=("alan@contoso.com",)),
    "writer.json": lambda tmp: preview(Rehearsal(), WRITER, "json"),
    "changed.txt": lambda tmp: preview(desk(), small(tmp, CHANGED), "text"),
    "changed.json": lambda tmp: preview(desk(), small(tmp, CHANGED), "json", sample=2),
    "changed-redacted.txt": lambda tmp: preview(desk(), small(tmp, CHANGED), "text", redact_principals=True),
    "changed.html": lambda tmp: preview(desk(), small(tmp, CHANGED), "html", sample=2),
}


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_rendered_is_what_was_reviewed(name, tmp_path):
    file, rendered = GOLDEN / name, RENDERED[name](tmp_path).text
    if os.environ.get("SCIMCONF_UPDATE_GOLDEN"):
        file.write_text(rendered, "utf-8")
    assert rendered == file.read_text("utf-8")


def test_no_golden_file_is_left_over():
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERED)


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    shown = preview(desk(), small(tmp_path, CHANGED), "text", width=width, users=("ada@contoso.com", "tim@contoso.com"))
    assert max(map(cells, shown.text.splitlines())) <= width


def test_the_pieces_are_one_document_with_sorted_keys(tmp_path):
    """As if it had been written whole."""
    from scimconf.render.json import write

    for shown in (preview(desk(), small(tmp_path, CHANGED)), preview(desk(), small(tmp_path), users=("no@x",))):
        assert write(json.loads(shown.text)) == shown.text


# --- hostile values -------------------------------------------------------------------------------------------------


def with_value(value, tmp_path, form, **asked):
    user = {"userPrincipalName": "eve@contoso.com", "displayName": value, "jobTitle": value, "department": value}
    application = {"assignments": [{"user": "eve@contoso.com", "role": "admin"}]}
    rehearsal = desk(users=[user], application=application)
    return preview(
        rehearsal, small(tmp_path, "mappings: {users: {attributes: {nickName: jobTitle}}}\n"), form, **asked
    ).text


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "surrogate"])
def test_hostile_values_are_inert_in_every_form(name, tmp_path):
    value = HOSTILE[name]
    for form in ("text", "json", "html"):
        shown = with_value(value, tmp_path, form)
        assert all(char.isprintable() or char == "\n" for char in shown), form
    assert (
        json.loads(with_value(value, tmp_path, "json"))["applications"][0]["people"][0]["after"]["attributes"]["title"][
            "value"
        ]
        == value
    )


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name for name, _ in attrs}))


@pytest.mark.parametrize("name", ["script", "close", "quote"])
def test_a_page_has_only_its_own_elements(name, tmp_path):
    page = Elements()
    page.feed(with_value(HOSTILE[name], tmp_path, "html"))
    tags = [tag for tag, _ in page.found]
    assert (tags.count("script"), tags.count("h1"), tags.count("style")) == (1, 1, 1)
    assert not any(attribute.startswith("on") for _, attributes in page.found for attribute in attributes)


def test_lone_halves_of_characters_do_not_stop_a_page():
    from scimconf.plan.preview import Person, Sent, Stand, Verdict
    from scimconf.render.preview_html import PreviewPage
    from scimconf.render.preview_json import Machine
    from scimconf.render.preview_text import Text

    stand = Stand(True, "x", sent={"a": Sent("value", HOSTILE["surrogate"])}, resource={"a": HOSTILE["surrogate"]})
    person = Person(HOSTILE["surrogate"], "1", Verdict.SAME, stand, stand)
    for form in (Text(full=True), Machine(), PreviewPage()):
        assert form.person(person).encode("utf-8")


# --- without names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_redacted_preview_tells_no_name_and_no_value(tmp_path, form):
    shown = preview(
        desk(), small(tmp_path, CHANGED), form, redact_principals=True, users=("ada@contoso.com", "tim@contoso.com")
    )
    told = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", shown.text, flags=re.DOTALL)
    for word in ("ada", "Ada", "Lovelace", "Reilly", "Publisher", "Analyst", "London", "E00294", "Cork"):
        assert not re.search(rf"\b{word}\b", told.replace("Europe/London", "")), word
    assert re.search(r"~[0-9a-f]{8}", told)


def test_pseudonyms_are_those_of_the_plan(tmp_path):
    from scimconf.plan import Plan, Tenant
    from scimconf.plan.redact import hiding

    rehearsal, spec = desk(), small(tmp_path, CHANGED)
    planned = rehearsal.plan(spec)
    hide = hiding(Plan(planned.comparison.tenant or Tenant(), (planned.comparison.plan,)))
    shown = preview(rehearsal, spec, redact_principals=True, users=("ada@contoso.com",))
    assert list(shown.people) == [hide("ada@contoso.com")]


def test_who_stays_as_they_are_is_only_counted(tmp_path):
    assert preview(desk(), small(tmp_path), "text").text.splitlines()[2].startswith("5 people: 5 stay as they are.")
