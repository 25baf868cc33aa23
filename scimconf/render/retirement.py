"""The end of an application as text, Markdown and JSON: its state, what is done next, and the accounts that are not closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from scimconf.diagnostics import plural
from scimconf.json_types import Json
from scimconf.monitoring.accounts import Account, AccountState
from scimconf.monitoring.retirement import Retirement, RetirementStage
from scimconf.monitoring.retirement_steps import RetirementPlan, RetirementStep
from scimconf.monitoring.times import ago, stamp
from scimconf.plan import Plan
from scimconf.render.json import plan_document, write
from scimconf.render.markdown.escaping import cell, code, prose
from scimconf.render.terminal.page import Page, joined

MAX_ACCOUNTS = 50
"""Accounts that text and Markdown list; JSON has all."""
_LABEL = 14
_NEXT = {
    RetirementStage.ASSIGNMENTS: "in use",
    RetirementStage.ACCOUNTS: "nobody is assigned, and not all accounts are closed",
    RetirementStage.SHUTDOWN: "all accounts are closed, and provisioning is not shut down",
    RetirementStage.RETIRED: "retired",
}


_SENTENCES = {
    RetirementStep.START: "Start provisioning, so that users are disabled.",
    RetirementStep.RELEASE_DELETIONS: "Ask whether to release the deletions that the service holds back.",
    RetirementStep.RETRY_FAILED: "Restart provisioning, so that failed accounts are tried again at once.",
    RetirementStep.AWAIT_CYCLE: (
        "Wait for a cycle, until the provisioning log shows that each account was disabled or deleted. If one was not, it is "
        "listed, and the command ends there."
    ),
    RetirementStep.DELETE_APPLICATION: "Ask again, and delete the application itself.",
}


class FactLine(NamedTuple):
    """A labelled line; `style` is a style of terminal pages."""

    label: str
    text: str
    style: str = ""


def text(plan: RetirementPlan, *, width: int = 80, color: bool = False) -> str:
    """Return the state, what prevents the end, and what is done next."""
    page = Page(width, color)
    return joined([*_heading(page, plan.retirement), *_body(page, plan)])


def _heading(page: Page, retirement: Retirement) -> Iterator[str]:
    style = "create" if retirement.stage is RetirementStage.RETIRED else "update"
    yield from page.labelled(0, ("strong", f"{retirement.name}: "), (style, heading(retirement)), hang=2)


def heading(retirement: Retirement) -> str:
    """Return the state in a few words."""
    if retirement.stage is RetirementStage.RETIRED and retirement.open_accounts:
        return f"shut down, but {_accounts(len(retirement.open_accounts))} not proven to be closed"
    return _NEXT[retirement.stage]


def _body(page: Page, plan: RetirementPlan) -> Iterator[str]:
    retirement = plan.retirement
    for line in facts(retirement):
        yield from page.labelled(2, ("quiet", f"{line.label:{_LABEL - 1}} "), (line.style, line.text), hang=_LABEL)
    for message, hint in retirement.obstacles():
        yield from page.labelled(2, ("danger", "! "), ("", f"{message}."), hang=2)
        yield from page.prose(4, hint)
    steps = list(next_steps(plan))
    if steps:
        yield page.line(2, ("strong", _steps_heading(plan)))
    for number, step in enumerate(steps, 1):
        yield from page.prose(4, f"{number}. {step}", hang=3)
    if text := by_hand(plan):
        yield from page.prose(2, text)


def _steps_heading(plan: RetirementPlan) -> str:
    return "Blocked. When it is not, this command will:" if plan.refused else "This command will:"


def facts(retirement: Retirement) -> Iterator[FactLine]:
    """Yield what is known about the application."""
    yield FactLine("application", f"{retirement.display_name}, application id {retirement.app_id}")
    yield FactLine("assigned", _assigned(retirement))
    yield FactLine("accounts", _account_counts(retirement))
    yield FactLine("leavers", _leavers(retirement), "" if retirement.leavers.closes else "danger")
    yield FactLine("job", _job(retirement), "danger" if retirement.job.is_quarantined else "")
    yield FactLine("threshold", _threshold(retirement), "danger" if retirement.exceeds_threshold else "")
    yield FactLine("sign-on", _sign_on(retirement), "danger" if retirement.sign_on else "")
    yield FactLine("secrets", ", ".join(retirement.secrets) + " stored" if retirement.secrets else "none stored")
    if retirement.unknown:
        yield FactLine("not known", retirement.unknown, "danger")
    if retirement.log_problem:
        yield FactLine("log", f"could not be read: {retirement.log_problem}", "danger")


def _assigned(retirement: Retirement) -> str:
    parts = [plural(retirement.users, "user"), plural(retirement.groups, "group")]
    others = f"; {plural(retirement.others, 'application')} stay assigned" if retirement.others else ""
    scope = "every user of the directory is in scope" if retirement.scope == "all" else ""
    return f"{' and '.join(parts)}{f', and {scope}' if scope else ''}{others}"


def _account_counts(retirement: Retirement) -> str:
    if not retirement.has_run:
        return "none: provisioning was never started"
    counts = Counter(account.state for account in retirement.accounts)
    if not counts:
        return "none known: neither the log of 30 days nor the history has any"
    if retirement.stage is RetirementStage.ASSIGNMENTS and not retirement.removed:
        active = len(retirement.open_accounts)
        closed = len(retirement.accounts) - active
        others = "1 other is closed or was" if closed == 1 else f"{closed:,} others are closed or were"
        before = f"; {others} never created" if closed else ""
        return f"{active:,} active or of unknown state, as far as assignments and the log of 30 days show{before}"
    return ", ".join(f"{counts[state]:,} {state.value}" for state in AccountState if counts[state])


def _leavers(retirement: Retirement) -> str:
    vendor = (
        retirement.leavers.vendor or "what the application does then is not known: look at the vendor's documentation"
    )
    return f"{retirement.leavers.sends}; {vendor}" if retirement.leavers.closes else retirement.leavers.sends


def _job(retirement: Retirement) -> str:
    job, now = retirement.job, retirement.now
    if job.quarantine is not None:
        return f"in quarantine ({job.quarantine.reason}): {job.quarantine.cause.meaning}"
    if not retirement.is_on:
        return job.state
    last = job.last.ended if job.last is not None else None
    ended = f": last cycle {ago(last, now)}" if last is not None else ""
    following = f", next about {stamp(job.next_cycle)}" if job.next_cycle is not None else ""
    return f"{job.state}{ended}{following}"


def _threshold(retirement: Retirement) -> str:
    if retirement.threshold is None:
        return "none: the service holds no deletions back"
    if retirement.exceeds_threshold:
        return (
            f"{retirement.threshold:,}: at least as many leave at once, so the service holds the deletions back and puts the "
            "job into quarantine; this command then asks whether to release them"
        )
    return f"{retirement.threshold:,}: fewer leave"


def _sign_on(retirement: Retirement) -> str:
    if not retirement.sign_on:
        return "not set up, as far as Entra shows"
    consequence = "users cannot sign in without their assignments if these are required"
    return f"{retirement.sign_on}: {consequence}, and the application is not deleted"


def next_steps(plan: RetirementPlan) -> Iterator[str]:
    """Yield what the command does from here on, as sentences."""
    for step in plan.steps:
        yield _sentence(step, plan.retirement)


def by_hand(plan: RetirementPlan) -> str:
    """Return what a person does afterwards, "" if the run does not come to it."""
    is_ending = RetirementStep.SHUT_DOWN in plan.steps
    return (
        "Then by hand: revoke the token at the vendor, and write `retired:` into the spec, if there is one."
        if is_ending
        else ""
    )


def _sentence(step: RetirementStep, retirement: Retirement) -> str:
    match step:
        case RetirementStep.REMOVE_ASSIGNMENTS:
            return _removal(retirement)
        case RetirementStep.SHUT_DOWN:
            keys = f", and delete {', '.join(retirement.secrets)} from Entra" if retirement.secrets else ""
            return f"Save the documents in the history, stop provisioning{keys}."
    return _SENTENCES[step]


def _removal(retirement: Retirement) -> str:
    narrows = " The scope becomes `assigned` first." if retirement.scope == "all" else ""
    removed = "remove all assignments of users and groups"
    if retirement.is_on:
        text = f"Pause provisioning, {removed}, and restart it."
    elif retirement.has_run:
        text = f"{removed.capitalize()}, and start provisioning, so that users are disabled."
    else:
        text = f"{removed.capitalize()}."
    return f"{text}{narrows} Roles and mappings stay."


def remaining(retirement: Retirement, *, width: int = 80, color: bool = False) -> str:
    """Return the accounts that are not closed, each with the reason and what to do."""
    page = Page(width, color)
    rows = retirement.open_accounts
    lines = [*page.prose(0, f"{retirement.name}: {_accounts(len(rows))} not proven to be closed.", "danger", hang=2)]
    for account in rows[:MAX_ACCOUNTS]:
        lines += page.labelled(2, ("strong", f"{account.name}: "), ("", account.reason), hang=2)
    if len(rows) > MAX_ACCOUNTS:
        lines.append(page.line(2, ("quiet", f"and {len(rows) - MAX_ACCOUNTS:,} more")))
    for action in dict.fromkeys(account.action for account in rows if account.action):
        lines += page.prose(2, action, hang=2)
    if retirement.unknown:
        lines += page.prose(2, f"Not known: {retirement.unknown}. --accept-unknown continues all the same.", hang=2)
    if retirement.log_problem:
        lines += page.prose(2, f"The provisioning log could not be read: {retirement.log_problem}", hang=2)
    return joined(lines)


def _accounts(number: int) -> str:
    return "1 account is" if number == 1 else f"{number:,} accounts are"


def markdown(plan: RetirementPlan, changes: str = "") -> str:
    """Return the same for a pull request, with the Markdown of the changes below it."""
    retirement = plan.retirement
    lines = [f"## Retirement of {code(retirement.display_name)}: {prose(heading(retirement))}", ""]
    lines += ["| | |", "|---|---|", *(f"| {line.label} | {cell(line.text)} |" for line in facts(retirement)), ""]
    for message, hint in retirement.obstacles():
        lines += [f"**Blocked:** {prose(message)}. {prose(hint)}", ""]
    if plan.refused:
        lines += [f"**Blocked:** {prose(plan.refused)}. {prose(plan.hint)}", ""]
    steps = [f"{number}. {prose(step)}" for number, step in enumerate(next_steps(plan), 1)]
    lines += [_steps_heading(plan), "", *steps, ""] if steps else []
    lines += [prose(by_hand(plan)), ""] if by_hand(plan) else []
    rows = retirement.open_accounts if retirement.removed is not None else ()
    if rows:
        lines += ["| account | state | reason |", "|---|---|---|"]
        lines += [f"| {cell(row.name)} | {row.state.value} | {cell(row.reason)} |" for row in rows[:MAX_ACCOUNTS]]
        lines += [f"| and {len(rows) - MAX_ACCOUNTS:,} more | | |"] if len(rows) > MAX_ACCOUNTS else []
        lines.append("")
    return "\n".join(lines) + (f"\n{changes}" if changes else "")


def json(plan: RetirementPlan, changes: Plan | None = None) -> str:
    """Return the state with all accounts, and the document of the changes, null without one."""
    retirement = plan.retirement
    values = {
        "name": retirement.name,
        "application": {
            "display_name": retirement.display_name,
            "app_id": retirement.app_id,
            "service_principal": retirement.principal,
        },
        "stage": retirement.stage.value,
        "assigned": {"users": retirement.users, "groups": retirement.groups, "applications": retirement.others},
        "scope": retirement.scope,
        "deletion_threshold": retirement.threshold,
        "exceeds_threshold": retirement.exceeds_threshold,
        "leavers": {"sends": retirement.leavers.sends, "vendor": retirement.leavers.vendor or None},
        "job": {"on": retirement.is_on, "has_run": retirement.has_run, "quarantine": _quarantine(retirement)},
        "single_sign_on": retirement.sign_on or None,
        "secrets": list(retirement.secrets),
        "accounts": [_account(account) for account in retirement.accounts],
        "unknown": retirement.unknown or None,
        "log_problem": retirement.log_problem or None,
        "obstacles": [{"message": message, "action": hint} for message, hint in retirement.obstacles()],
        "deletion_obstacles": list(retirement.deletion_obstacles()),
        "blocked": plan.refused or None,
        "steps": list(next_steps(plan)),
        "plan": None if changes is None else plan_document(changes),
        "format_version": "2.0",
    }
    return write(values)


def _account(account: Account) -> Json:
    return {**account.document(), "settled": account.is_settled}


def _quarantine(retirement: Retirement) -> str | None:
    return None if retirement.job.quarantine is None else retirement.job.quarantine.reason
