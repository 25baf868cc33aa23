"""The users of a canary as text: what was sent beside what was predicted, and how many are as predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.diagnostics import plural
from scimconf.monitoring.canary import CanaryResult, problems
from scimconf.monitoring.comparison import Agreement
from scimconf.render import on_demand
from scimconf.render.terminal.page import Page, joined

NOTHING_PROVEN = "So these users show nothing about the changes: choose others, for whom the changes send something."


def user(result: CanaryResult, *, width: int = 80, color: bool = False) -> str:
    """Return the result for one user: the steps of the service and each value, or why the call failed."""
    if result.result is None:
        page = Page(width, color)
        return joined(page.labelled(0, ("strong", f"{result.user.name}: "), ("danger", result.error), hang=2))
    return on_demand.text(result.user.name, result.result, result.comparison, width=width, color=color)


def summary(results: Sequence[CanaryResult]) -> Iterator[str]:
    """Yield how many users are as predicted, how many values are undetermined, and what is not as predicted."""
    right = sum(result.is_as_predicted for result in results)
    rows = [row for result in results if result.comparison is not None for row in result.comparison.attributes]
    unknown = sum(row.agreement is Agreement.UNDETERMINED for row in rows)
    wrong = f", {len(results) - right} not" if right < len(results) else ""
    open_ = f"; {unknown} of {plural(len(rows), 'value')} undetermined" if unknown else ""
    yield f"{plural(right, 'user')} as predicted{wrong}{open_}."
    silent = [result.user.name for result in results if result.is_as_predicted and not result.is_compared]
    if silent:
        yield f"  No value could be compared for {', '.join(silent)}: nothing was sent whose value is known."
    if len(silent) == len(results):
        yield f"  {NOTHING_PROVEN}"
    for result in results:
        yield from (f"  {problem}" for problem in problems(result))
