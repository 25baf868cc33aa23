"""A preview in each form: as reviewed, 80 columns wide, inert whatever a directory holds, and without names where asked."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from golden_files import golden_render, without_assets
from previews import WRITER, Rehearsal, preview, small, tenant

from scimconf.render.common.escaping import cells
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
    "changed-redacted.txt": lambda tmp: preview(desk(), small(tmp, CHANGED), "text", redact=True),
    "changed.html": lambda tmp: preview(desk(), small(tmp, CHANGED), "html", sample=2),
}


def json_text(document):
    """JSON in the order in which a preview writes it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_rendered_is_what_was_reviewed(name, tmp_path):
    rendered = without_assets(RENDERED[name](tmp_path).text)
    assert rendered == golden_render(GOLDEN / name, rendered, json_text)


def test_no_golden_file_is_left_over():
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERED)


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_terminal(tmp_path, width):
    shown = preview(desk(), small(tmp_path, CHANGED), "text", width=width, users=("ada@contoso.com", "tim@contoso.com"))
    assert max(map(cells, shown.text.splitlines())) <= width


def test_json_preview_is_one_document_with_the_users_before_the_summary(tmp_path):
    for shown in (preview(desk(), small(tmp_path, CHANGED)), preview(desk(), small(tmp_path), users=("no@x",))):
        assert json_text(shown.document) == shown.text
        assert list(shown.document["applications"][0]) == [
            "name",
            "population",
            "tenant",
            "warnings",
            "users",
            "summary",
        ]


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
        json.loads(with_value(value, tmp_path, "json"))["applications"][0]["users"][0]["after"]["attributes"]["title"][
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


def test_a_preview_page_inlines_its_assets_and_names_their_digests(tmp_path):
    page = preview(desk(), small(tmp_path), "html").text
    assets = {"style": ("plan.css", "preview.css"), "script": ("preview.js",)}
    for tag, names in assets.items():
        text = "".join((files("scimconf.render.html") / "templates" / name).read_text("utf-8") for name in names)
        assert f"<{tag}>{text}</{tag}>" in page
        assert f"{tag}-src &#39;sha256-{b64encode(sha256(text.encode()).digest()).decode()}&#39;" in page


def test_lone_halves_of_characters_do_not_stop_a_page():
    from scimconf.plan.preview import SentRequest, UserOutcome, UserPreview, UserState
    from scimconf.render.preview.html import PreviewPage
    from scimconf.render.preview.json import JsonPreview
    from scimconf.render.preview.text import TextPreview

    stand = UserState(
        True, "x", sent={"a": SentRequest("value", HOSTILE["surrogate"])}, resource={"a": HOSTILE["surrogate"]}
    )
    person = UserPreview(HOSTILE["surrogate"], "1", UserOutcome.UNCHANGED, stand, stand)
    for form in (TextPreview(full=True), JsonPreview(), PreviewPage()):
        assert form.person(person).encode("utf-8")


# --- what is told once, and what is told apart ------------------------------------------------------------------------


def test_what_both_sides_have_alike_is_written_once(tmp_path):
    people = preview(desk(), small(tmp_path)).people
    assert not {"attributes", "resource"} & people["ada"]["before"].keys()
    assert people["ada"]["after"]["resource"]["title"] == "Principal Analyst"
    changed = preview(desk(), small(tmp_path, "mappings: {users: {attributes: {title: city}}}\n")).people["ada"]
    assert changed["before"]["resource"]["title"] == "Principal Analyst"
    page = preview(desk(), small(tmp_path), "html", users=("ada@contoso.com",)).text
    assert page.count('"displayName": "Ada Lovelace"') == 1


def test_a_page_marks_what_differs_in_the_resource(tmp_path):
    rows = "mappings: {users: {attributes: {title: city}}}\n"
    page = preview(desk(), small(tmp_path, rows), "html", users=("ada@contoso.com",)).text
    assert '<del> "title": "Principal Analyst",\n</del>' in page
    assert '<ins> "title": "London",\n</ins>' in page


def test_a_page_tells_nothing_from_not_mapped_and_from_out_of_scope(tmp_path):
    rows = "mappings: {users: {attributes: {nickName: city, title: extensionAttribute3}}}\n"
    page = preview(desk(), small(tmp_path, rows, "scope: all"), "html", users=("ada@contoso.com", "mary@contoso.com"))
    ada, mary = (page.text.split("<details")[number] for number in (1, 2))
    cells = {name: re.findall(rf"<code>{name}</code>.*?</tr>", ada)[0] for name in ("nickName", "title")}
    assert "<code><del>not mapped</del></code>" in cells["nickName"]
    assert "<code><ins>not sent</ins></code>" in cells["title"]
    assert "not mapped" not in mary.partition("</details>")[0]


def test_a_disabled_person_is_no_creation(tmp_path):
    spec = small(tmp_path, "mappings: {users: {attributes: {timezone: {source: null, default: UTC}}}}\n", "scope: all")
    charles = ("charles@contoso.com",)
    for form in ("text", "html"):
        told = preview(desk(), spec, form, users=charles).text
        assert "Would be updated with" in told
        assert "Would be created as" not in told
    person = preview(desk(), spec, users=charles).people["charles"]
    assert "timezone" not in person["after"]["resource"]


def test_somebody_who_is_left_out_takes_one_line(tmp_path):
    rows = "mappings: {users: {attributes: {title: {expression: 'IIF([city] = \"London\", IgnoreObjectFlow, [jobTitle])'}}}}\n"
    told = preview(desk(), small(tmp_path, rows), "text").text.split("\n\n")[1]
    assert told.count("~ ") == 2, told
    assert "the user is ignored" in " ".join(told.split())
    page = preview(desk(), small(tmp_path, rows), "html", users=("ada@contoso.com",)).text
    assert page.count('<th scope="row">') == 2
    live = desk({"target": "title", "source": 'IIF([city] = "London", IgnoreObjectFlow, [jobTitle])'})
    back = "mappings: {users: {attributes: {title: jobTitle}}}\n"
    told = preview(live, small(tmp_path, back), "text").text
    assert 'userName: "ada@contoso.com"' in told, "all that is sent from now on"


def test_a_part_is_a_document_and_says_that_it_is_a_part(tmp_path):
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    for form, said in (("text", "Incomplete preview"), ("html", "Incomplete preview"), ("json", '"complete": false')):
        rehearsal = desk()
        rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users", times=0)
        assert said in preview(rehearsal, small(tmp_path), form).text


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_what_is_interrupted_is_closed(tmp_path, form, monkeypatch):
    from scimconf.impact.preview_summary import SummaryBuilder

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(SummaryBuilder, "add", interrupted)
    pieces = []
    with pytest.raises(KeyboardInterrupt):
        preview(desk(), small(tmp_path), form, pieces=pieces)
    told = "".join(pieces)
    if form == "json":
        assert json.loads(told)["complete"] is False
        assert json.loads(told)["applications"][0]["summary"]["complete"] is False
    elif form == "html":
        assert told.rstrip().endswith("</html>")
    else:
        assert "Incomplete preview" in told.splitlines()[-1]


def test_a_thousand_people_are_a_page_that_a_browser_opens_at_once(tmp_path):
    """A whole table and two resources for each were more than six megabytes."""
    rows = "mappings: {users: {attributes: {title: {expression: 'Join(\" \", [givenName], [surname])'}}}}\n"
    everyone = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "true"}}
    for application in ({}, everyone):  # all of them enter, all of them change
        rehearsal = desk(generate={"users": 1_000}, application=application)
        assert len(preview(rehearsal, small(tmp_path, rows, "scope: all"), "html").text) < 1_500_000


# --- without names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_redacted_preview_tells_no_name_and_no_value(tmp_path, form):
    shown = preview(desk(), small(tmp_path, CHANGED), form, redact=True, users=("ada@contoso.com", "tim@contoso.com"))
    told = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", shown.text, flags=re.DOTALL)
    for word in ("ada", "Ada", "Lovelace", "Reilly", "Publisher", "Analyst", "London", "E00294", "Cork"):
        assert not re.search(rf"\b{word}\b", told.replace("Europe/London", "")), word
    assert re.search(r"user-[0-9a-f]{8}", told)


FITS_IN_PART = """
mappings:
  users:
    filters: [{name: f, all: [{attribute: displayName, operator: matches, value: '[A-Z]'}]}]
"""


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_reason_that_quotes_a_value_is_masked_wherever_it_stands(tmp_path, form):
    """Why somebody may be in scope, and so why `active` may be another: both quote the name that a filter looked at."""
    named = ("ada@contoso.com", "tim@contoso.com")
    open_, hidden = (
        preview(desk(), small(tmp_path, FITS_IN_PART), form, redact=masked, users=named).text
        for masked in (False, True)
    )
    assert "Lovelace" in open_ and "must match all of" in " ".join(open_.split())
    assert "must match all of …" in " ".join(hidden.split())
    assert "Lovelace" not in hidden


def test_the_order_of_names_is_not_told(tmp_path):
    shown = preview(desk(), small(tmp_path), redact=True)
    assert len(shown.people) == 5
    assert list(shown.people) == sorted(shown.people)
    assert [preview(desk(), small(tmp_path)).people[name]["name"][:1] for name in ("ada", "tim")] == ["a", "t"]


def test_what_goes_wrong_names_nobody_either(tmp_path, capsys):
    asked = ("nobody@contoso.com", "ada@contoso.com", "00000000-0000-0000-0000-00000000dead")
    rehearsal = desk()
    assert preview(rehearsal, small(tmp_path), redact=True, users=asked).code == 1
    said = capsys.readouterr().err
    assert len(re.findall(r"There is no user user-[0-9a-f]{8}\.", said)) == 2
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No, ada@contoso.com."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users/*", times=0)
    assert preview(rehearsal, small(tmp_path), redact=True, users=asked).code == 1
    said += capsys.readouterr().err
    assert "403" in said
    assert not any(name.partition("@")[0] in said for name in asked)


def test_problems_name_nobody_either(tmp_path, capsys):
    spec = small(tmp_path, "assignments: {unlisted: keep, users: [{user: gone@contoso.com, role: admin}]}\n")
    for masked in (False, True):
        preview(desk(), spec, redact=masked)
        assert ("gone@contoso.com" in capsys.readouterr().err) is not masked


def test_pseudonyms_are_those_of_the_plan(tmp_path):
    from scimconf.plan import Plan, Tenant
    from scimconf.plan.redact import text_redactor

    rehearsal, spec = desk(), small(tmp_path, CHANGED)
    planned = rehearsal.plan(spec)
    hide = text_redactor(Plan(planned.tenant or Tenant(), (planned.plan,)))
    shown = preview(rehearsal, spec, redact=True, users=("ada@contoso.com",))
    assert list(shown.people) == [hide("ada@contoso.com")]


def test_who_stays_as_they_are_is_only_counted(tmp_path):
    assert preview(desk(), small(tmp_path), "text").text.splitlines()[2].startswith("5 users: 5 unchanged.")
