"""Previews of many users: constant memory and linear time."""

import sys
import tracemalloc
from datetime import UTC, datetime

import pytest
from previews import Rehearsal, minimal_spec, preview, tenant_with_writer

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan.preview_redact import unredacted
from scimconf.render.preview.html import PreviewPage
from scimconf.render.preview.json import JsonPreview
from scimconf.render.preview.text import TextPreview
from scimconf.sandbox.tenant_file import TenantFile
from scimconf.workflow.preview import YIELD_AFTER

NAMES = ("displayName", "givenName", "surname", "jobTitle")


def row(source, match=None):
    return {"source": source, "match": match, "default": None, "apply": "always"}


def title_preview():
    rows = {name: row(f"[{name}]") for name in NAMES} | {
        "userName": row("[userPrincipalName]", 1),
        "active": row('Switch([IsSoftDeleted], , "False", "True", "True", "False")'),
    }
    before = ProvisioningState(exists=True, scope="all", rows=rows)
    after = ProvisioningState(
        exists=True, scope="all", rows={**rows, "title": row('Join(" ", [givenName], [jobTitle])')}
    )
    return Preview(before, after, {}, EvaluationContext(datetime(2026, 11, 25, tzinfo=UTC)))


def user(number):
    return {
        "id": f"{number:032}",
        "userPrincipalName": f"user{number}@contoso.com",
        "accountEnabled": True,
        **{name: f"{name} {number}" for name in NAMES},
    }


def preview_users(number, form, user_preview):
    """Preview users page by page, and discard the output."""
    summary_builder = SummaryBuilder(user_preview.matching)
    for start in range(0, number, 999):
        for each in [user(count) for count in range(start, min(start + 999, number))]:
            form.person(user_preview.with_resources(summary_builder.add(user_preview.user(each), unredacted)))
    return form.ended(summary_builder.summary())


def peak_memory(number, form):
    """Return the peak of allocated bytes."""
    user_preview = title_preview()
    preview_users(10, form, user_preview)
    tracemalloc.start()
    try:
        preview_users(number, form, user_preview)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_preview_memory_does_not_grow_with_the_number_of_users():
    """Only one page of users is in memory; a number for each earlier user is kept to find duplicates."""
    small, large = peak_memory(1_000, TextPreview()), peak_memory(10_000, TextPreview())
    assert large - small < 10_000 * 110
    assert large < small * 2.5


def count_calls(number, form):
    """Count function calls, which do not depend on the machine; calls of a first preview are excluded."""
    user_preview, count = title_preview(), 0
    preview_users(1, form, user_preview)

    def counting(_frame, event, _argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(counting)
    try:
        preview_users(number, form, user_preview)
    finally:
        sys.setprofile(None)
    return count


def test_preview_of_a_user_as_json_takes_few_calls():
    """Evaluating and writing one more user of six mappings; the JSON encoder of Python alone would take a thousand."""
    form = JsonPreview()
    assert count_calls(130, form) - count_calls(30, form) < 100 * 500


def test_preview_writes_some_users_at_a_time(tmp_path):
    """The text of a page of users, which is some megabytes, is not in memory as a whole."""
    pieces = []
    rehearsal = Rehearsal(TenantFile(tenant_with_writer(generate={"users": 100})))
    result = preview(rehearsal, minimal_spec(tmp_path, provisioning="scope: all"), sample=90, pieces=pieces)
    assert len(result.users) == 90
    assert max(piece.count('"differences":') for piece in pieces) == YIELD_AFTER == 20


def test_preview_calls_grow_linearly_with_the_number_of_users():
    for form in (TextPreview, JsonPreview, PreviewPage):
        sink = form()
        sink.opened()
        few, many = count_calls(30, sink), count_calls(300, sink)
        assert 8 < many / few < 11, form
