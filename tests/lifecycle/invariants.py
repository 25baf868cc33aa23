"""What must hold after every round of a lifecycle, whatever struck. Each invariant yields the violations as sentences."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from scimconf.plan import Action, Address, ApplyStatus, Result
from scimconf.plan.resource import decode
from tests.lifecycle.rounds import Round
from tests.lifecycle.state import Fact, Names, different, is_explained
from tests.tenant_fixture import Rehearsal, exit_code

UNCERTAIN = re.compile("may have taken effect|not known whether|not visible yet|timed out")
"""What a report says about a step whose effect could not be confirmed."""
PASSIVE = re.compile("(wait for|wait until|check that|test the|record) ")
"""How the descriptions of steps begin that write nothing, or, to record a rotation, what may be there already."""
NOT_WRITTEN = (ApplyStatus.FAILED, ApplyStatus.BLOCKED, ApplyStatus.INVALID)
OF_JOB = ("job", "mapping", "row", "object", "attribute", "schema")


def violations(result: Round, environ: dict[str, str]) -> list[str]:
    """Return the violations of one round."""
    return [f"{check.__name__}: {text}" for check in CHECKS for text in check(result)] + [
        f"no_secret: {text}" for text in no_secret(result, environ)
    ]


def no_crash(result: Round) -> Iterator[str]:
    """An error of the service never ends in an internal error."""
    if result.crash:
        yield result.crash
    for outcome in result.report.outcomes if result.report else ():
        if "defect" in outcome.detail or "unexpected error" in outcome.detail.lower():
            yield f"{outcome.message}: {outcome.detail}"
    if result.report and "unexpected error" in result.report.error.lower():
        yield result.report.error


def plan_writes_nothing(result: Round) -> Iterator[str]:
    for exchange in result.exchanges[: result.planning]:
        if exchange.is_write:
            yield f"{exchange.method} {exchange.path}"


def finished_means_empty_plan(result: Round) -> Iterator[str]:
    """After an apply that ends with 0, a plan has no changes, unless others were at work."""
    if result.report is None or exit_code(result.report) != 0 or result.others or result.late:
        return
    for outcome in result.report.outcomes:
        if outcome.result in (Result.FAILED, Result.SKIPPED) and outcome.addresses:  # others are optional
            yield f"exit 0 although {outcome.result.word}: {outcome.message}"
    yield from (f"remains after exit 0: {text}" for text in _remaining(result))


def _remaining(result: Round) -> list[str]:
    remaining = result.remaining
    if remaining is None:
        return []
    return [str(error.message) for error in remaining.errors] + [
        f"{change.action.value} {change.address}" for change in remaining.plan.changes
    ]


def report_is_exact(result: Round) -> Iterator[str]:
    """What a report calls done has its effect; what it calls failed or skipped has none, or is called unconfirmed."""
    if result.report is None or result.others or result.late or result.remaining is None or result.remaining.errors:
        return
    assert result.planned is not None
    is_new = _creates(result, "application")
    remaining = {
        change.address
        for change in result.remaining.plan.changes
        if not (is_new and change.address.kind == "application" and change.action is Action.UPDATE)
    }
    planned = {change.address for change in result.planned.plan.changes}
    for address, worst in result.report.by_address().items():
        if worst in (Result.DONE, Result.MATCHING) and address in remaining:
            yield f"{address} is reported {worst.word} and is not"
    for outcome in result.report.outcomes:
        is_open = outcome.result in (Result.SKIPPED, Result.FAILED) and not PASSIVE.match(outcome.message)
        if is_open and not UNCERTAIN.search(f"{outcome.detail} {outcome.hint}"):
            addresses = planned & set(outcome.addresses)
            if addresses and not addresses & remaining:
                yield f"reported {outcome.result.word}, with its effect: {outcome.message}: {outcome.detail}"


def outcomes_are_logged(result: Round) -> Iterator[str]:
    """Every outcome of a step in the report was reported when it happened, and the other way round."""
    if result.report is None or result.report.status is ApplyStatus.STALE:
        return
    logged = Counter((outcome.result, outcome.message) for outcome in result.finished_steps)
    steps = [outcome for outcome in result.report.outcomes if outcome.message]
    reported = Counter(
        (outcome.result, outcome.message) for outcome in steps if outcome.result is not Result.UNCONFIRMED
    )
    for result_and_message in (reported - logged) + Counter(
        {key: count for key, count in (logged - reported).items() if key[0] is not Result.UNCONFIRMED}
    ):
        yield str(result_and_message)


def wrote_is_true(result: Round) -> Iterator[str]:
    """A report without a write leaves the tenant as it was; one with a write has sent one."""
    if result.report is None:
        return
    changed = different(result.before, result.after) - result.touched
    effective = [exchange for exchange in result.exchanges if exchange.took_effect]
    if result.report.status in NOT_WRITTEN and result.report.wrote:
        yield f"{result.report.status} although something was written"
    withdrawn = any(exchange.method == "DELETE" for exchange in effective)
    if not result.report.wrote and effective and not withdrawn and not result.late:
        yield f"reports no write, but {effective[0].method} {effective[0].path} took effect"
    if not result.report.wrote and changed and not result.late:
        yield f"reports no write, but the tenant differs: {sorted(changed, key=str)[:5]}"
    if result.report.wrote and not any(exchange.is_write for exchange in result.exchanges):
        yield "reports a write and sent none"


def pause_is_reported(result: Round) -> Iterator[str]:
    """An apply that leaves a running job paused reports it, and reports it only then."""
    if result.report is None or result.others or result.late:
        return
    was, now = _is_active(result.before), _is_active(result.after)
    assert result.planned is not None
    stops = any(
        change.address.kind == "schedule" and (field := change.field("enabled")) is not None and field.before
        for change in result.planned.plan.changes
    )
    if was and not now and not stops and not result.report.is_paused and any(map(_is_job, result.after)):
        yield "provisioning is paused and the report does not say so"
    if result.report.is_paused and now:
        yield "the report says that provisioning is paused, and it runs"


def _is_job(fact: Fact) -> bool:
    return fact[0] == "job"


def _is_active(facts: Iterable[Fact] | dict[Fact, object]) -> bool:
    assert isinstance(facts, dict)
    return any(value for fact, value in facts.items() if fact[0] == "job" and fact[2] == "state")


def unmanaged_is_unchanged(result: Round) -> Iterator[str]:
    """Only what the plans of the round name has changed; everything else, of Writer and of others, is as it was."""
    changed = different(result.before, result.after) - result.touched
    names, allowed = Names(result.before, result.after), _addresses(result)
    is_new, has_new_job = _creates(result, "application"), _creates(result, "job")
    for fact in sorted(changed, key=str):
        if (is_new and fact[0] != "other") or (has_new_job and fact[0] in OF_JOB):
            continue
        if result.planned is None or not is_explained(fact, allowed, names):
            yield f"{fact}: {result.before.get(fact)} → {result.after.get(fact)}"[:600]


def _addresses(result: Round) -> set[Address]:
    plans = [plan for plan in (result.planned, *result.later_plans) if plan is not None]
    addresses = {change.address for plan in plans for change in plan.plan.changes}
    return addresses | set(result.report.by_address() if result.report else ())


def _creates(result: Round, kind: str) -> bool:
    """Return whether a plan of the round creates or replaces the application or the job."""
    plans = [plan for plan in (result.planned, *result.later_plans) if plan is not None]
    changes = [change for plan in plans for change in plan.plan.changes if change.address.kind == kind]
    return any(change.action is not Action.UPDATE for change in changes)


def last_roles_stay(result: Round) -> Iterator[str]:
    """At no moment does a principal lose its last role unless the plan removes it and gives no other."""
    plans = [plan for plan in (result.planned, *result.later_plans) if plan is not None]
    changes = [change for plan in plans for change in plan.plan.changes]
    assignments = [change for change in changes if change.address.kind == "assignment"]
    removals = [change.address for change in changes if change.address.kind == "app_role"]
    removals += [change.address for change in assignments if change.action in (Action.DELETE, Action.REPLACE)]
    created = [change.address.rest.rpartition("/")[0] for change in assignments if change.action is Action.CREATE]
    receivers = {decode(name).lower() for name in created}
    deleted = [change.address.rest.rpartition("/")[0] for change in assignments if change.action is Action.DELETE]
    losers = {decode(name).lower() for name in deleted}
    names = Names(result.before, result.after)
    held = {fact[2:] for fact in result.before if fact[0] == "assignment"}
    for principal in result.roles_lost:
        name = names.principals.get(principal, principal)
        facts = [("assignment", "", principal, role) for key, role in held if key == principal]
        # Another client may have assigned the role after `before` was read; then the plan that removes it explains it.
        is_removed = all(is_explained(fact, removals, names) for fact in facts) if facts else name in losers
        if not is_removed or name in receivers:
            yield f"{name} lost the last of {len(facts)} roles"


def no_secret(result: Round, environ: dict[str, str]) -> Iterator[str]:
    """No value of a secret, in no form, is in anything that a command prints or writes."""
    patterns = {name: secret_pattern(value) for name, value in environ.items()}
    text = "\n".join(result.texts)
    for name, pattern in patterns.items():
        match = pattern.search(text)
        if match:
            yield f"{name} in {text[max(0, match.start() - 80) : match.end() + 40]!r}"


def secret_pattern(value: str) -> re.Pattern[str]:
    """Return a pattern that finds the random part of a secret as text, in hexadecimal and in base64."""
    core = re.match(r"[0-9a-z]+", value)
    assert core is not None
    raw = core[0].encode()
    middles = [base64.b64encode(bytes(offset) + raw).decode().rstrip("=")[4:-2] for offset in range(3)]
    return re.compile("|".join(map(re.escape, [core[0], raw.hex(), *middles])), re.IGNORECASE)


CHECKS: tuple[Callable[[Round], Iterator[str]], ...] = (
    no_crash,
    plan_writes_nothing,
    finished_means_empty_plan,
    report_is_exact,
    outcomes_are_logged,
    wrote_is_true,
    pause_is_reported,
    unmanaged_is_unchanged,
    last_roles_stay,
)


def created_twice(tenant: Rehearsal) -> Iterator[str]:
    """Nothing exists twice: no application of a name, no job of one, no role. An assignment cannot, by the sandbox's key."""
    rows = tenant.service.tenant.store.rows
    for kind, count in rows(
        "SELECT json_extract(doc, '$.displayName'), COUNT(*) FROM objects WHERE kind = 'servicePrincipal' GROUP BY 1"
    ):
        if count > 1:
            yield f"{count} applications are named {kind}"
    for _, count in rows("SELECT parent, COUNT(*) FROM objects WHERE kind = 'job' GROUP BY parent"):
        if count > 1:
            yield f"{count} jobs of one application"
    for (text,) in rows("SELECT json_extract(doc, '$.appRoles') FROM objects WHERE kind = 'application'"):
        values = Counter(role["value"] for role in json.loads(text) if role["value"])
        yield from (f"{count} roles {value}" for value, count in values.items() if count > 1)
