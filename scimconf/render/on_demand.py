"""The result of provision on demand as text."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.monitoring.causes import error_cause
from scimconf.monitoring.comparison import Agreement, UserComparison
from scimconf.monitoring.on_demand import OnDemandResult, OnDemandVerdict
from scimconf.render.comparison import AGREEMENT_STYLES, row_text
from scimconf.render.terminal.page import Page, joined

_STYLES = {
    OnDemandVerdict.PROVISIONED: "create",
    OnDemandVerdict.IN_SYNC: "create",
    OnDemandVerdict.NOT_PROVISIONED: "danger",
}


def text(
    name: str,
    result: OnDemandResult,
    comparison: UserComparison | None,
    *,
    selector: str = "",
    width: int = 80,
    color: bool = False,
) -> str:
    """Return the verdict, the steps of the service, and each value that was sent beside the predicted one.

    What is not sent as predicted is left out. `selector` are the words with which commands name the application.
    """
    page = Page(width, color)
    return joined((*_lines(page, name, result, selector), *_values(page, result, comparison)))


def _lines(page: Page, name: str, result: OnDemandResult, selector: str) -> Iterator[str]:
    yield from page.labelled(0, ("strong", f"{name}: "), (_STYLES[result.verdict], result.verdict.value), hang=2)
    for step in result.steps:
        yield from page.labelled(2, ("quiet", f"{step.kind.lower()} {step.status.lower()}: "), ("", step.text), hang=2)
    event = result.event
    cause = error_cause(event.code) if event.code else None
    if result.verdict is OnDemandVerdict.NOT_PROVISIONED:
        problem = ": ".join(filter(None, [event.code, event.reason]))
        yield from page.prose(2, problem or "the service gives no reason", "danger", hang=2)
        if cause is not None:
            yield from page.prose(2, f"{cause.meaning}. {cause.action_for(selector)}", hang=2)


def _values(page: Page, result: OnDemandResult, comparison: UserComparison | None) -> Iterator[str]:
    rows = comparison.attributes if comparison is not None else ()
    for row in (row for row in rows if row.agreement is not Agreement.AGREES or row.recorded is not None):
        yield from page.labelled(4, AGREEMENT_STYLES[row.agreement], ("", row_text(row)), hang=4)
    for target, (_, value) in result.event.properties.items() if comparison is None else ():
        yield from page.prose(4, f"{target}: {value}", hang=4)
