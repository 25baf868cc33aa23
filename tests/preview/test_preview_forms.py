"""A preview in each format: golden files, line width, escaping and redaction."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from golden_files import golden_render, without_assets
from previews import WRITER, Rehearsal, minimal_spec, preview, tenant_with_writer

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


def writer_tenant(*edits, **more):
    return Rehearsal(TenantFile(tenant_with_writer(*edits, **more)))


RENDERED = {
    "writer.txt": lambda tmp: preview(Rehearsal(), WRITER, "text"),
    "writer-user.txt": lambda tmp: preview(Rehearsal(), WRITER, "text", users=("alan@contoso.com",)),
    "writer.json": lambda tmp: preview(Rehearsal(), WRITER, "json"),
    "changed.txt": lambda tmp: preview(writer_tenant(), minimal_spec(tmp, CHANGED), "text"),
    "changed.json": lambda tmp: preview(writer_tenant(), minimal_spec(tmp, CHANGED), "json", sample=2),
    "changed-redacted.txt": lambda tmp: preview(writer_tenant(), minimal_spec(tmp, CHANGED), "text", redact=True),
    "changed.html": lambda tmp: preview(writer_tenant(), minimal_spec(tmp, CHANGED), "html", sample=2),
}


def json_text(document):
    """Return JSON with the keys in the order of a preview."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", RENDERED)
def test_preview_output_equals_the_golden_file(name, tmp_path):
    rendered = without_assets(RENDERED[name](tmp_path).text)
    assert rendered == golden_render(GOLDEN / name, rendered, json_text)


def test_preview_golden_folder_contains_only_files_that_are_tested():
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERED)


@pytest.mark.parametrize("width", [40, 80])
def test_text_preview_wraps_lines_at_the_width_of_the_terminal(tmp_path, width):
    result = preview(
        writer_tenant(),
        minimal_spec(tmp_path, CHANGED),
        "text",
        width=width,
        users=("ada@contoso.com", "tim@contoso.com"),
    )
    assert max(map(cells, result.text.splitlines())) <= width


def test_json_preview_is_one_document_with_the_users_before_the_summary(tmp_path):
    for result in (
        preview(writer_tenant(), minimal_spec(tmp_path, CHANGED)),
        preview(writer_tenant(), minimal_spec(tmp_path), users=("no@x",)),
    ):
        assert json_text(result.document) == result.text
        assert list(result.document["applications"][0]) == [
            "changed_only",
            "name",
            "population",
            "tenant",
            "warnings",
            "users",
            "summary",
        ]


@pytest.mark.parametrize("form", ["json", "html"])
def test_preview_of_changes_only_counts_the_other_users(tmp_path, form):
    """Nobody changes: the application matches the spec."""
    everybody = preview(writer_tenant(), minimal_spec(tmp_path), form)
    changing = preview(writer_tenant(), minimal_spec(tmp_path), form, changed_only=True)
    if form == "html":
        assert len(changing.text) < len(everybody.text)
        assert "those who do not change are not listed" in changing.text
        return
    (summary,) = [application["summary"] for application in changing.document["applications"]]
    assert (summary["users"], len(everybody.users), changing.users) == (5, 5, {})


# --- hostile values --------------------------------------------------------------------------------------------------


def preview_of_value(value, tmp_path, form, **options):
    """Preview a user whose attributes have this value."""
    user = {"userPrincipalName": "eve@contoso.com", "displayName": value, "jobTitle": value, "department": value}
    application = {"assignments": [{"user": "eve@contoso.com", "role": "admin"}]}
    rehearsal = writer_tenant(users=[user], application=application)
    return preview(
        rehearsal, minimal_spec(tmp_path, "mappings: {users: {attributes: {nickName: jobTitle}}}\n"), form, **options
    ).text


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "surrogate"])
def test_preview_escapes_hostile_values_in_every_format(name, tmp_path):
    value = HOSTILE[name]
    for form in ("text", "json", "html"):
        result = preview_of_value(value, tmp_path, form)
        assert all(char.isprintable() or char == "\n" for char in result), form
    assert (
        json.loads(preview_of_value(value, tmp_path, "json"))["applications"][0]["users"][0]["after"]["attributes"][
            "title"
        ]["value"]
        == value
    )


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name for name, _ in attrs}))


@pytest.mark.parametrize("name", ["script", "close", "quote"])
def test_preview_page_contains_no_elements_of_user_values(name, tmp_path):
    page = Elements()
    page.feed(preview_of_value(HOSTILE[name], tmp_path, "html"))
    tags = [tag for tag, _ in page.found]
    assert (tags.count("script"), tags.count("h1"), tags.count("style")) == (1, 1, 1)
    assert not any(attribute.startswith("on") for _, attributes in page.found for attribute in attributes)


def test_preview_page_inlines_its_assets_and_names_their_digests(tmp_path):
    page = preview(writer_tenant(), minimal_spec(tmp_path), "html").text
    assets = {"style": ("plan.css", "preview.css"), "script": ("preview.js",)}
    for tag, names in assets.items():
        text = "".join((files("scimconf.render.html") / "templates" / name).read_text("utf-8") for name in names)
        assert f"<{tag}>{text}</{tag}>" in page
        assert f"{tag}-src &#39;sha256-{b64encode(sha256(text.encode()).digest()).decode()}&#39;" in page


def test_preview_sinks_encode_a_lone_surrogate():
    from scimconf.plan.preview import UserOutcome, UserPreview, UserState
    from scimconf.plan.sent_request import SentRequest
    from scimconf.render.preview.html import PreviewPage
    from scimconf.render.preview.json import JsonPreview
    from scimconf.render.preview.text import TextPreview

    state = UserState(
        True, "x", sent={"a": SentRequest("value", HOSTILE["surrogate"])}, resource={"a": HOSTILE["surrogate"]}
    )
    user = UserPreview(HOSTILE["surrogate"], "1", UserOutcome.UNCHANGED, state, state)
    for form in (TextPreview(full=True), JsonPreview(), PreviewPage()):
        assert form.person(user).encode("utf-8")


# --- states and differences ------------------------------------------------------------------------------------------


def test_preview_writes_an_unchanged_resource_once(tmp_path):
    users = preview(writer_tenant(), minimal_spec(tmp_path)).users
    assert not {"attributes", "resource"} & users["ada"]["before"].keys()
    assert users["ada"]["after"]["resource"]["title"] == "Principal Analyst"
    changed = preview(
        writer_tenant(), minimal_spec(tmp_path, "mappings: {users: {attributes: {title: city}}}\n")
    ).users["ada"]
    assert changed["before"]["resource"]["title"] == "Principal Analyst"
    page = preview(writer_tenant(), minimal_spec(tmp_path), "html", users=("ada@contoso.com",)).text
    assert page.count('"displayName": "Ada Lovelace"') == 1


def test_preview_page_marks_changed_lines_of_a_resource(tmp_path):
    rows = "mappings: {users: {attributes: {title: city}}}\n"
    page = preview(writer_tenant(), minimal_spec(tmp_path, rows), "html", users=("ada@contoso.com",)).text
    assert '<del> "title": "Principal Analyst",\n</del>' in page
    assert '<ins> "title": "London",\n</ins>' in page


def test_preview_page_distinguishes_not_sent_not_mapped_and_out_of_scope(tmp_path):
    rows = "mappings: {users: {attributes: {nickName: city, title: extensionAttribute3}}}\n"
    page = preview(
        writer_tenant(),
        minimal_spec(tmp_path, rows, "scope: all"),
        "html",
        users=("ada@contoso.com", "mary@contoso.com"),
    )
    ada, mary = (page.text.split("<details")[number] for number in (1, 2))
    cells = {name: re.findall(rf"<code>{name}</code>.*?</tr>", ada)[0] for name in ("nickName", "title")}
    assert "<code><del>not mapped</del></code>" in cells["nickName"]
    assert "<code><ins>not sent</ins></code>" in cells["title"]
    assert "not mapped" not in mary.partition("</details>")[0]


def test_preview_shows_a_disabled_user_as_an_update(tmp_path):
    spec = minimal_spec(
        tmp_path, "mappings: {users: {attributes: {timezone: {source: null, default: UTC}}}}\n", "scope: all"
    )
    charles = ("charles@contoso.com",)
    for form in ("text", "html"):
        output = preview(writer_tenant(), spec, form, users=charles).text
        assert "Would be updated with" in output
        assert "Would be created as" not in output
    user = preview(writer_tenant(), spec, users=charles).users["charles"]
    assert "timezone" not in user["after"]["resource"]


def test_preview_shows_a_user_ignored_by_ignore_object_flow_in_one_line(tmp_path):
    rows = "mappings: {users: {attributes: {title: {expression: 'IIF([city] = \"London\", IgnoreObjectFlow, [jobTitle])'}}}}\n"
    output = preview(writer_tenant(), minimal_spec(tmp_path, rows), "text").text.split("\n\n")[1]
    assert output.count("~ ") == 2, output
    assert "the user is ignored" in " ".join(output.split())
    page = preview(writer_tenant(), minimal_spec(tmp_path, rows), "html", users=("ada@contoso.com",)).text
    assert page.count('<th scope="row">') == 2
    live = writer_tenant({"target": "title", "source": 'IIF([city] = "London", IgnoreObjectFlow, [jobTitle])'})
    back = "mappings: {users: {attributes: {title: jobTitle}}}\n"
    output = preview(live, minimal_spec(tmp_path, back), "text").text
    assert 'userName: "ada@contoso.com"' in output, "all that is sent from now on"


def test_incomplete_preview_is_marked_as_incomplete_in_every_format(tmp_path):
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No."}}
    for form, output in (("text", "Incomplete preview"), ("html", "Incomplete preview"), ("json", '"complete": false')):
        rehearsal = writer_tenant()
        rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users", times=0)
        assert output in preview(rehearsal, minimal_spec(tmp_path), form).text


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_interrupted_preview_ends_with_a_complete_document(tmp_path, form, monkeypatch):
    from scimconf.impact.preview_summary import SummaryBuilder

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(SummaryBuilder, "add", interrupted)
    pieces = []
    with pytest.raises(KeyboardInterrupt):
        preview(writer_tenant(), minimal_spec(tmp_path), form, pieces=pieces)
    output = "".join(pieces)
    if form == "json":
        assert json.loads(output)["complete"] is False
        assert json.loads(output)["applications"][0]["summary"]["complete"] is False
    elif form == "html":
        assert output.rstrip().endswith("</html>")
    else:
        assert "Incomplete preview" in output.splitlines()[-1]


@pytest.mark.slow
def test_preview_page_of_1000_users_is_smaller_than_1500000_characters(tmp_path):
    """A full table and two resources for each user took more than six megabytes."""
    rows = "mappings: {users: {attributes: {title: {expression: 'Join(\" \", [givenName], [surname])'}}}}\n"
    scope_all = {"secrets": {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x", "SyncAll": "true"}}
    for application in ({}, scope_all):  # all users enter the scope, all users change
        rehearsal = writer_tenant(generate={"users": 1_000}, application=application)
        assert len(preview(rehearsal, minimal_spec(tmp_path, rows, "scope: all"), "html").text) < 1_500_000


# --- redaction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_redacted_preview_contains_no_user_name_and_no_value(tmp_path, form):
    result = preview(
        writer_tenant(),
        minimal_spec(tmp_path, CHANGED),
        form,
        redact=True,
        users=("ada@contoso.com", "tim@contoso.com"),
    )
    output = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", result.text, flags=re.DOTALL)
    for word in ("ada", "Ada", "Lovelace", "Reilly", "Publisher", "Analyst", "London", "E00294", "Cork"):
        assert not re.search(rf"\b{word}\b", output.replace("Europe/London", "")), word
    assert re.search(r"user-[0-9a-f]{8}", output)


FITS_IN_PART = """
mappings:
  users:
    filters: [{name: f, all: [{attribute: displayName, operator: matches, value: '[A-Z]'}]}]
"""


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_redacted_preview_removes_values_that_a_reason_quotes(tmp_path, form):
    """The reasons for the scope and for `active` both quote the name that a filter compares."""
    named = ("ada@contoso.com", "tim@contoso.com")
    plain, redacted = (
        preview(writer_tenant(), minimal_spec(tmp_path, FITS_IN_PART), form, redact=masked, users=named).text
        for masked in (False, True)
    )
    assert "Lovelace" in plain and "must match all of" in " ".join(plain.split())
    assert "must match all of …" in " ".join(redacted.split())
    assert "Lovelace" not in redacted


def test_redacted_preview_sorts_users_by_pseudonym(tmp_path):
    result = preview(writer_tenant(), minimal_spec(tmp_path), redact=True)
    assert len(result.users) == 5
    assert list(result.users) == sorted(result.users)
    assert [preview(writer_tenant(), minimal_spec(tmp_path)).users[name]["name"][:1] for name in ("ada", "tim")] == [
        "a",
        "t",
    ]


def test_redacted_preview_errors_of_graph_contain_no_user_name(tmp_path, capsys):
    names = ("nobody@contoso.com", "ada@contoso.com", "00000000-0000-0000-0000-00000000dead")
    rehearsal = writer_tenant()
    assert preview(rehearsal, minimal_spec(tmp_path), redact=True, users=names).code == 1
    output = capsys.readouterr().err
    assert len(re.findall(r"There is no user user-[0-9a-f]{8}\.", output)) == 2
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "No, ada@contoso.com."}}
    rehearsal.fault({"status": 403, "body": denied}, method="GET", path="*/users/*", times=0)
    assert preview(rehearsal, minimal_spec(tmp_path), redact=True, users=names).code == 1
    output += capsys.readouterr().err
    assert "403" in output
    assert not any(name.partition("@")[0] in output for name in names)


def test_redacted_preview_diagnostics_contain_no_user_name(tmp_path, capsys):
    tests = "[{given: {mail: ada@contoso.com}, expect: x}]"
    spec = minimal_spec(tmp_path, f"mappings: {{users: {{attributes: {{title: {{source: mail, tests: {tests}}}}}}}}}\n")
    for masked in (False, True):
        preview(writer_tenant(), spec, redact=masked)
        assert ("ada@contoso.com" in capsys.readouterr().err) is not masked


def test_redacted_preview_uses_the_pseudonyms_of_the_plan(tmp_path):
    from scimconf.plan import Plan, Tenant
    from scimconf.plan.redact import text_redactor

    rehearsal, spec = writer_tenant(), minimal_spec(tmp_path, CHANGED)
    planned = rehearsal.plan(spec)
    redact = text_redactor(Plan(planned.tenant or Tenant(), (planned.plan,)))
    result = preview(rehearsal, spec, redact=True, users=("ada@contoso.com",))
    assert list(result.users) == [redact("ada@contoso.com")]


def test_text_preview_only_counts_unchanged_users(tmp_path):
    assert (
        preview(writer_tenant(), minimal_spec(tmp_path), "text")
        .text.splitlines()[2]
        .startswith("5 users: 5 unchanged.")
    )
