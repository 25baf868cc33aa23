"""Many users: memory does not grow with them, and time grows as they do."""

import sys
import tracemalloc
from datetime import UTC, datetime

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.preview import Preview
from scimconf.impact.preview_summary import SummaryBuilder
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan.preview_redact import unredacted
from scimconf.render.preview.html import PreviewPage
from scimconf.render.preview.json import JsonPreview
from scimconf.render.preview.text import TextPreview

NAMES = ("displayName", "givenName", "surname", "jobTitle")


def row(source, match=None):
    return {"source": source, "match": match, "default": None, "apply": "always"}


def scene():
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


def through(number, form, one):
    """All users passed through, page by page, every piece thrown away."""
    summing = SummaryBuilder(one.matching)
    for start in range(0, number, 999):
        for each in [user(count) for count in range(start, min(start + 999, number))]:
            form.person(one.with_resources(summing.add(one.user(each), unredacted)))
    return form.ended(summing.summary())


def peak(number, form):
    one = scene()
    through(10, form, one)
    tracemalloc.start()
    try:
        through(number, form, one)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_stays_flat():
    """A page of users is the most there ever is; of those who are gone, a number each is kept for duplicates."""
    small, large = peak(1_000, TextPreview()), peak(10_000, TextPreview())
    assert large - small < 10_000 * 110
    assert large < small * 2.5


def calls(number, form):
    """Calls of functions, which do not depend on the machine; the first ones, which make things ready, left out."""
    one, count = scene(), 0
    through(1, form, one)

    def counting(_frame, event, _argument):
        nonlocal count
        count += event == "call"

    sys.setprofile(counting)
    try:
        through(number, form, one)
    finally:
        sys.setprofile(None)
    return count


def test_ten_times_the_users_take_ten_times_the_work():
    for form in (TextPreview, JsonPreview, PreviewPage):
        made = form()
        made.opened()
        few, many = calls(30, made), calls(300, made)
        assert 8 < many / few < 11, form
