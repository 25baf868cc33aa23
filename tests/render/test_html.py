"""The HTML page as text: self-contained, escaped, linear time. Tests in a browser: `test_html_browser.py`."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import plans
import pytest
import rich_plan
from call_counter import calls
from golden_files import golden_text, without_assets

from scimconf.plan import Action, Address, ApplicationPlan, Change, FieldChange, Guard, Plan, Tenant
from scimconf.render import html

GOLDEN = Path(__file__).parent / "pages" / "plan.html"


def test_html_plan_matches_golden_file():
    rendered = without_assets(html.plan(plans.rich()))
    assert rendered == golden_text(GOLDEN, rendered)


class PageParser(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.data = [], []
        self.feed(page)
        self.text = "".join(self.data)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.data.append(data)


def parse(page):
    return PageParser(page)


# --- self-contained ------------------------------------------------------------------------------------------------


def test_html_plan_loads_no_external_resources():
    for tag, attributes in parse(html.plan(plans.rich())).tags:
        assert tag not in {"img", "iframe", "object", "embed", "base", "a", "video"} or attributes["href"] == "#changes"
        assert not {"src", "srcset", "style", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "data:,") in {"data:,", "#changes"}


def test_html_plan_content_security_policy_allows_only_own_style_and_script():
    page = html.plan(plans.rich())
    policy = next(attrs["content"] for tag, attrs in parse(page).tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_html_plan_has_unique_ids_and_valid_label_references():
    tags = parse(html.plan(plans.rich())).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in tags if "aria-labelledby" in attributes} <= set(ids)


# --- hostile values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", plans.HOSTILE.values(), ids=list(plans.HOSTILE))
def test_html_plan_renders_hostile_value_as_text(value):
    page = parse(html.plan(plans.everywhere(value)))
    plain = parse(html.plan(plans.everywhere("plain")))
    own = {"del", "ins", "title", "li", "strong", "span", "br", "option", "code", "path", "g", "rect", "text"}
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | own
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {name for _, attributes in plain.tags for name in attributes} | {"selected"}
    assert all(line.isprintable() for line in page.text.split("\n"))


def test_html_plan_escapes_unprintable_characters():
    text = parse(html.plan(plans.everywhere(plans.HOSTILE["bidi"] + plans.HOSTILE["escape"]))).text
    assert "admin\\u202etxt.exe\\x1b[31mred" in text


# --- contents ------------------------------------------------------------------------------------------------------


def change(action=Action.UPDATE, kind="settings", fields=(), **more):
    return Change(Address("a", kind, "x"), action, fields=fields, **more)


def page_of(*changes, **more):
    return html.plan(Plan(applications=(ApplicationPlan("a", changes=changes, **more),)))


def test_html_plan_marks_changed_part_of_expression():
    page = page_of(change(fields=(FieldChange("source", 'Join(" ", [a], [b])', 'Join(" ", [a], ToLower([b], ))'),)))
    assert '<td class="before" data-side="before"><code>Join(" ", [a], [b])</code></td>' in page
    assert '<code>Join(" ", [a], <ins>ToLower(</ins>[b]<ins>, )</ins>)</code>' in page


def test_html_plan_omits_empty_before_column():
    page = page_of(change(Action.CREATE, fields=(FieldChange("scope", None, "all"),)))
    assert 'scope="col">after<' in page
    assert 'scope="col">before<' not in page


def test_html_plan_without_changes_has_no_filters():
    page = html.plan(Plan(Tenant("1"), (rich_plan.idle(),)))
    assert "No changes. The tenant matches the spec." in page
    assert 'id="filters"' not in page
    assert 'id="filters"' not in html.plan(Plan())


def test_html_plan_shows_guard_count_if_message_lacks_it():
    assert "(count: 1,200)" in page_of(guards=(Guard("g", "too many", count=1_200),))
    assert "(counted" not in page_of(guards=(Guard("g", "12 are too many", count=12),))


def test_html_plan_has_filter_for_changes_without_effect():
    assert '<option value="none">none (1)</option>' in page_of(change())


def test_html_plan_collapses_entries_of_large_plan():
    assert '<body class="many">' in html.plan(plans.large(300))
    assert not re.search(r'<details class="entry[^>]* open', html.plan(plans.large(300)))


def test_html_context_passes_previews_to_extending_template():
    environment = html.environment()
    child = '{% extends "plan.html" %}{% block people %}<p class="people">{{ application.preview }}</p>{% endblock %}'
    page = environment.from_string(child).render(html.context(plans.rich(), {"writer": "Ada <would> be created"}))
    assert '<p class="people">Ada &lt;would&gt; be created</p>' in page
    assert '<p class="people">None</p>' in page
    assert 'class="people"' not in html.plan(plans.rich(), previews={"writer": "Ada"})


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_html_plan_takes_linear_time():
    def work(number):
        plan = plans.large(number)
        return calls(lambda: html.plan(plan))

    work(100)
    assert work(5_000) < 15 * work(500)


def test_html_module_does_not_import_jinja_until_rendering():
    import subprocess
    import sys

    script = (
        "import sys, scimconf.render.text, scimconf.render.markdown, scimconf.render.html as h; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jinja2", "markupsafe", "deepdiff", "rich", "asyncio"} & set(loaded)
