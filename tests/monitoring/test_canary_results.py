"""Tests of `monitoring.canary`: what is as predicted, and what stays after the return."""

from dataclasses import replace

import pytest

from scimconf.monitoring.canary import CanaryResult, CanaryUser, leftovers, problems, redacted_result
from scimconf.monitoring.comparison import Agreement, AttributeComparison, UserComparison
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.on_demand import OnDemandResult, OnDemandStep, OnDemandVerdict
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest
from scimconf.render import canary as rendering

(EVENT,) = logged_events(
    [
        {
            "provisioningAction": "update",
            "provisioningStatusInfo": {"status": "failure", "errorInformation": {"errorCode": "Conflict"}},
            "sourceIdentity": {"id": "12345678-1", "identityType": "User", "displayName": "ada@contoso.com"},
        }
    ]
)
VALUES = {
    "title": SentRequest("value", "Analyst"),
    "emails": SentRequest("value", ("a", "b")),
    "same": SentRequest("value", "new"),
    "once": SentRequest("value", "x", apply="on_create"),
    "empty": SentRequest("value", ""),
    "manager": SentRequest("undetermined", reason="only Entra knows"),
}
BEFORE, AFTER = UserState(True, "", sent=VALUES), UserState(True, "")
USER = CanaryUser("ada@contoso.com", "12345678-1", BEFORE, AFTER)

NOT_TRIED = "ada@contoso.com: not tried, since the service did not provision on demand: "


def attribute(target, recorded="new", agreement=Agreement.AGREES):
    return AttributeComparison(target, agreement, "new", recorded)


def result(*rows, verdict=OnDemandVerdict.PROVISIONED, agreement=Agreement.AGREES, user=USER, note=""):
    comparison = UserComparison(user.name, user.user_id, EVENT, agreement, rows, note)
    return CanaryResult(user, OnDemandResult(verdict, EVENT, (OnDemandStep("Import", "Success", "ada"),)), comparison)


WRONG = attribute("title", "other", Agreement.DISAGREES)


@pytest.mark.parametrize(
    ("tried", "is_as_predicted", "texts"),
    [
        (result(attribute("title")), True, []),
        (result(verdict=OnDemandVerdict.IN_SYNC), True, []),
        (result(attribute("x", None, Agreement.UNDETERMINED), agreement=Agreement.UNDETERMINED), True, []),
        (result(WRONG, agreement=Agreement.DISAGREES), False, ["ada@contoso.com: not as predicted: title"]),
        (result(agreement=Agreement.NOT_COMPARED, note="no values"), False, ["ada@contoso.com: not as predicted: no values"]),
        (result(agreement=Agreement.NOT_COMPARED), False, ["ada@contoso.com: not as predicted: nothing to compare"]),
        (result(verdict=OnDemandVerdict.NOT_PROVISIONED), False, ["ada@contoso.com: not provisioned (Conflict)"]),
        (CanaryResult(USER, error="refused"), False, [f"{NOT_TRIED}refused"]),
        (CanaryResult(USER, error="lost", may_be_sent=True), False, ["ada@contoso.com: it is not known what was sent, since the answer of the service shows no result: lost"]),
        (CanaryResult(USER), False, ["ada@contoso.com: not provisioned"]),
        (replace(result(), comparison=None), False, []),
    ],
)  # fmt: skip
def test_what_is_as_predicted(tried, is_as_predicted, texts):
    assert (tried.is_as_predicted, list(problems(tried))) == (is_as_predicted, texts)


def test_summary_names_users_for_whom_no_value_was_compared():
    lines = list(rendering.summary([result(verdict=OnDemandVerdict.IN_SYNC), result(attribute("title"))]))
    assert lines == [
        "2 users as predicted.",
        "  No value could be compared for ada@contoso.com: nothing was sent whose value is known.",
    ]


def test_users_for_whom_nothing_was_compared_prove_nothing():
    silent = result(verdict=OnDemandVerdict.IN_SYNC)
    assert (silent.is_as_predicted, silent.is_compared, result(attribute("title")).is_compared) == (True, False, True)
    assert list(rendering.summary([silent, silent]))[-1].strip() == rendering.NOTHING_PROVEN


def test_what_stays_after_the_return_and_what_the_next_cycle_does():
    rows = [attribute(name) for name in ("title", "emails", "same", "once", "empty", "manager", "unmapped")]
    rows.append(attribute("nothing", None))
    texts = list(leftovers(result(*rows), is_on=True))
    assert texts == [
        'ada@contoso.com: title is "new" in the application; the next cycle sends "Analyst"',
        'ada@contoso.com: emails is "new" in the application; the next cycle sends "a, b"',
        'ada@contoso.com: once is "new" in the application; the mapping of before sends nothing, so it stays',
        'ada@contoso.com: empty is "new" in the application; the mapping of before sends nothing, so it stays',
        'ada@contoso.com: manager is "new" in the application; the next cycle sends a value that only Entra knows',
        'ada@contoso.com: unmapped is "new" in the application; no mapping of before sends it, so it stays',
    ]
    redacted = list(leftovers(redacted_result(result(attribute("title"))), is_on=False, redact=True))
    assert redacted == ["user-12345678: title is sent; the first cycle after a start sends the value of before"]


@pytest.mark.parametrize(
    ("tried", "texts"),
    [
        (CanaryResult(USER, error="lost", may_be_sent=True), ["may be provisioned with the changes; the next cycle evaluates"]),
        (result(attribute("title"), verdict=OnDemandVerdict.IN_SYNC), []),
        (result(attribute("title"), user=replace(USER, before=UserState(False, "not assigned"))), ["disables or deletes the account"]),
    ],
)  # fmt: skip
def test_users_of_whom_nothing_stays_or_everything(tried, texts):
    found = list(leftovers(tried, is_on=True))
    assert len(found) == len(texts)
    assert all(text in sentence for text, sentence in zip(texts, found, strict=True))


def test_a_redacted_result_has_no_name_and_no_value():
    for tried in (result(attribute("title", "Countess")), CanaryResult(USER, error="ada@contoso.com is unknown")):
        redacted = redacted_result(tried)
        shown = rendering.user(redacted) + "".join(rendering.summary([redacted]))
        assert "ada@" not in shown
        assert "Countess" not in shown
        assert shown.startswith("user-12345678: ")
    assert redacted_result(CanaryResult(USER)).error == ""


def test_the_summary_counts_users_and_undetermined_values():
    unknown = attribute("manager", None, Agreement.UNDETERMINED)
    tried = [result(attribute("title"), unknown), CanaryResult(USER, error="lost")]
    assert list(rendering.summary(tried)) == [
        "1 user as predicted, 1 not; 1 of 2 values undetermined.",
        f"  {NOT_TRIED}lost",
    ]
    assert list(rendering.summary(tried[:1])) == ["1 user as predicted; 1 of 2 values undetermined."]
    assert "= title" in rendering.user(tried[0])
