"""Two clients write the schema or the secrets of one application at the same time.

No edit is lost in silence: it is preserved, or the apply whose edits were overwritten ends with exit code 3.
"""

import copy
from random import Random

import httpx
import pytest
from canary import TOKEN
from interleaving import Jitter, Others, run_all
from tenant_fixture import WRITER, Rehearsal, all_allowed, changes, exit_code, row

STALE = 3
TITLE = "mappings: {users: {attributes: {title: {source: department}}}}"
NICKNAME = "mappings: {users: {attributes: {nickName: {source: mailNickname}}}}"
EXPRESSION = 'mappings: {users: {attributes: {title: {expression: "ToUpper([department])"}}}}'
THRESHOLD = "provisioning: {deletion_threshold: 7}"
SKIP = "provisioning: {skip_out_of_scope_deletions: true}"


@pytest.fixture(scope="module")
def applied():
    """Return a tenant that is as the example says, made once."""
    rehearsal = Rehearsal()
    planned = rehearsal.plan(WRITER, all_allowed())
    assert exit_code(rehearsal.apply(planned, all_allowed())) == 0
    return rehearsal


@pytest.fixture
def writer(applied):
    return applied.copy()


def failures(report):
    return [message for message in (report.error, *(outcome.detail for outcome in report.failed)) if message]


def hints(report):
    return " ".join([report.hint, *(outcome.hint for outcome in report.failed)])


def edited(schema, target="displayName", default="Theirs"):
    """Return a schema in which another client has edited one mapping."""
    schema = copy.deepcopy(schema)
    row(schema, target)["defaultValue"] = default
    return schema


def nth(number, method, ending, after=("PUT", "/schema")):
    """Return whether a request is the n-th of this kind after the first write; without `after`, of all."""
    counts = {"matches": 0}

    def when(rehearsal, request):
        if after and not rehearsal.asked(*after):
            return False
        counts["matches"] += request.method == method and request.url.path.endswith(ending)
        return counts["matches"] == number

    return when


def apply_among(rehearsal, file, when, *requests, **options):
    """Apply while another client sends requests; return the report."""
    [report] = run_all(rehearsal, (file, Jitter(rehearsal, Random(1), Others(rehearsal, when, *requests))), **options)
    return report


# --- the order of requests ------------------------------------------------------------------------------------------


def test_write_parses_expressions_before_the_read_that_precedes_the_put(writer, spec):
    assert exit_code(writer.apply(spec(EXPRESSION), all_allowed())) == 0
    requests = [(entry["method"], entry["path"].rpartition("/")[2]) for entry in writer.journal]
    put = requests.index(("PUT", "schema"))
    assert requests[put - 1] == ("GET", "schema")
    assert ("POST", "parseExpression") in requests[:put]
    assert ("POST", "parseExpression") not in requests[put:]


@pytest.mark.parametrize("fault", ["drop", {"status": 500}, {"status": 503}, {"status": 429}])
@pytest.mark.parametrize("when", ["before", "after"])
def test_write_reads_the_schema_before_it_sends_it_again(writer, spec, fault, when):
    """An edit that another client makes meanwhile is preserved: the same body is never sent twice."""
    writer.fault(fault, method="PUT", path="*/schema", when=when)
    schema = copy.deepcopy(writer.schema())
    if when == "after":
        row(schema, "title")["source"] = {"type": "Attribute", "name": "department", "expression": "[department]"}
    meanwhile = ("PUT", writer.job() + "/schema", edited(schema))
    report = apply_among(writer, spec(TITLE), nth(1, "GET", "/schema"), meanwhile)
    assert (exit_code(report), failures(report)) == (0, [])
    assert row(writer.schema(), "displayName")["defaultValue"] == "Theirs"
    assert row(writer.schema(), "title")["source"]["name"] == "department"


# --- another client edits between requests --------------------------------------------------------------------------


def test_write_preserves_an_edit_made_while_expressions_are_parsed(writer, spec):
    meanwhile = ("PUT", writer.job() + "/schema", edited(writer.schema()))
    report = apply_among(writer, spec(EXPRESSION), nth(1, "POST", "/parseExpression", after=()), meanwhile)
    assert exit_code(report) == 0
    assert row(writer.schema(), "displayName")["defaultValue"] == "Theirs"
    assert changes(writer.plan(spec(EXPRESSION))) == []


@pytest.mark.parametrize("number", [1, 2], ids=["before the read-back", "before the next plan"])
def test_apply_reports_an_overwritten_mapping_and_does_not_wait_for_it(writer, spec, number):
    stale = ("PUT", writer.job() + "/schema", edited(writer.schema()))
    report = apply_among(writer, spec(TITLE), nth(number, "GET", "/schema"), stale)
    assert exit_code(report) == STALE
    [message] = failures(report)
    assert message.startswith(
        "writer:attribute_mapping/users/title: overwritten after this apply wrote it: another run"
    )
    assert "history/1/schema.json" in hints(report)
    assert writer.slept == 0
    assert changes(writer.plan(spec(TITLE))) == ["~ attribute_mapping/users/title"]


def test_apply_reports_a_mapping_to_which_another_client_gives_a_third_value(writer, spec):
    theirs = ("PUT", writer.job() + "/schema", edited(writer.schema(), "title", "Theirs"))
    report = apply_among(writer, spec(TITLE), nth(1, "GET", "/schema"), theirs)
    assert exit_code(report) == STALE
    assert "not as this apply wrote it" in failures(report)[0]
    assert writer.slept == 0


def test_apply_accepts_a_later_edit_of_another_mapping(writer, spec):
    """The other client has read the edits of this run, so nothing is lost."""
    schema = copy.deepcopy(writer.schema())
    row(schema, "title")["source"] = {"type": "Attribute", "name": "department", "expression": "[department]"}
    later = ("PUT", writer.job() + "/schema", edited(schema))
    report = apply_among(writer, spec(TITLE), nth(1, "GET", "/schema"), later)
    assert (exit_code(report), failures(report)) == (0, [])


# --- roles ----------------------------------------------------------------------------------------------------------

RENAME = "app_roles: {roles: [{value: member, display_name: Team member}]}"


def test_apply_reports_a_role_that_another_client_edits_and_does_not_wait_for_it(writer, spec):
    """It is edited while it is disabled, and enabled again: this apply waits until it reads as disabled."""
    [application] = writer.state["applications"]
    path = f"/applications/{application['id']}"
    roles = [
        role | {"displayName": "Theirs"} if role["value"] == "member" else role for role in application["appRoles"]
    ]
    when = nth(1, "GET", path, after=("PATCH", path))
    report = apply_among(writer, spec(RENAME), when, ("PATCH", path, {"appRoles": roles}))
    assert exit_code(report) == STALE
    [message] = failures(report)
    assert message.startswith("writer:app_role/member: not as this apply wrote it: another run or the portal wrote")
    assert "history/1/applications.json" in hints(report)
    assert writer.slept == 0


# --- secrets --------------------------------------------------------------------------------------------------------


def pairs(rehearsal, **values):
    """Return the secrets set as another client sends it."""
    stored = {**rehearsal.saved(), "SecretToken": TOKEN, **values}
    return {"value": [{"key": key, "value": value} for key, value in stored.items()]}


@pytest.mark.parametrize("number", [1, 2], ids=["before the read-back", "before the next plan"])
def test_apply_reports_an_overwritten_setting_and_does_not_wait_for_it(writer, spec, number):
    stale = ("PUT", writer.sync() + "/secrets", pairs(writer, SkipOutOfScopeDeletions="true"))
    when = nth(number, "GET", "/secrets", after=("PUT", "/secrets"))
    report = apply_among(writer, spec(THRESHOLD), when, stale)
    assert exit_code(report) == STALE
    assert "another run or the portal wrote the secrets at the same time" in failures(report)[0]
    assert "history/1/secrets.json" in hints(report)
    assert writer.slept == 0


def test_apply_reports_that_a_token_may_be_overwritten_if_another_value_changed(writer, spec):
    stale = ("PUT", writer.sync() + "/secrets", pairs(writer, SyncAll="true"))
    when = nth(1, "GET", "/secrets", after=("PUT", "/secrets"))
    report = apply_among(writer, spec(""), when, stale, resend_secrets=True)
    assert exit_code(report) == STALE
    assert failures(report)[0].startswith("writer:connection")


def test_apply_sends_a_token_again_without_a_difference_in_other_values(writer, spec):
    report = apply_among(writer, spec(""), lambda _rehearsal, _request: False, resend_secrets=True)
    assert (exit_code(report), failures(report)) == (0, [])


def test_apply_reports_a_change_of_another_setting_and_does_not_wait_for_it(writer, spec):
    theirs = (
        '{"Enabled":true,"Recipients":"identity@contoso.com","DeleteThresholdEnabled":true,"DeleteThresholdValue":7}'
    )
    values = {"SyncNotificationSettings": theirs, "SkipOutOfScopeDeletions": "true"}
    later = ("PUT", writer.sync() + "/secrets", pairs(writer, **values))
    when = nth(2, "GET", "/secrets", after=("PUT", "/secrets"))
    report = apply_among(writer, spec(THRESHOLD), when, later)
    assert exit_code(report) == STALE
    assert failures(report) == ["writer:settings: another run or the portal has changed it since this apply wrote it"]
    assert writer.slept == 0


def test_a_key_that_appears_after_a_write_is_no_sign_of_another_client(writer, spec):
    added = ("PUT", writer.sync() + "/secrets", pairs(writer, UpdateKeyOnSoftDelete="true"))
    when = nth(1, "GET", "/secrets", after=("PUT", "/secrets"))
    report = apply_among(writer, spec(""), when, added, resend_secrets=True)
    assert (exit_code(report), failures(report)) == (0, [])


def test_a_masked_setting_after_a_write_is_no_sign_of_another_client(writer, spec):
    writer.switch(mask="settings")
    report = writer.apply(writer.plan(spec(THRESHOLD)), all_allowed())
    assert (exit_code(report), failures(report)) == (0, [])


# --- If-Match -------------------------------------------------------------------------------------------------------


def test_if_match_preserves_an_edit_between_read_and_put(writer, spec):
    writer.switch(if_match="honoured")
    meanwhile = ("PUT", writer.job() + "/schema", edited(writer.schema()))
    report = apply_among(writer, spec(TITLE), nth(1, "PUT", "/schema", after=()), meanwhile)
    assert (exit_code(report), failures(report)) == (0, [])
    assert row(writer.schema(), "displayName")["defaultValue"] == "Theirs"
    assert row(writer.schema(), "title")["source"]["name"] == "department"


def test_a_service_whose_etag_never_matches_is_written_without_if_match(writer, spec):
    writer.switch(if_match="honoured")

    class NeverMatches(Jitter):
        async def handle_async_request(self, request):
            if "if-match" in request.headers:
                return httpx.Response(412, request=request, json={"error": {"code": "PreconditionFailed"}})
            return await super().handle_async_request(request)

    [report] = run_all(writer, (spec(TITLE), NeverMatches(writer, Random(1))))
    assert (exit_code(report), failures(report)) == (0, [])


def test_a_service_without_etags_gets_no_if_match(writer, spec):
    headers = []

    class Recorder(Jitter):
        async def handle_async_request(self, request):
            headers.append("if-match" in request.headers)
            return await super().handle_async_request(request)

    run_all(writer, (spec(TITLE), Recorder(writer, Random(1))))
    assert not any(headers)


# --- two applies ----------------------------------------------------------------------------------------------------


def holds(rehearsal, name):
    schema, saved = rehearsal.schema(), rehearsal.saved()
    return {
        "title": lambda: row(schema, "title")["source"]["name"] == "department",
        "nickname": lambda: row(schema, "nickName") is not None,
        "threshold": lambda: '"DeleteThresholdValue":7' in saved["SyncNotificationSettings"],
        "skip": lambda: saved["SkipOutOfScopeDeletions"].lower() == "true",
    }[name]()


PAIRS = {
    "schema": {"title": TITLE, "nickname": NICKNAME},
    "secrets": {"threshold": THRESHOLD, "skip": SKIP},
}


@pytest.mark.parametrize(
    ("pair", "seed"),
    [("schema", 1), ("secrets", 1)]
    + [pytest.param(pair, seed, marks=pytest.mark.slow) for pair in ("schema", "secrets") for seed in range(2, 12)],
)
def test_of_two_concurrent_applies_no_edit_is_lost_with_exit_code_0(writer, spec, pair, seed):
    random = Random(seed)
    runs = [(spec(text, name), Jitter(writer, random)) for name, text in PAIRS[pair].items()]
    reports = run_all(writer, *runs)
    assert writer.slept == 0
    for name, report in zip(PAIRS[pair], reports, strict=True):
        assert exit_code(report) in (0, STALE), failures(report)
        assert exit_code(report) == STALE or holds(writer, name), name


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 11)])
def test_of_two_concurrent_applies_with_if_match_both_succeed(writer, spec, seed):
    writer.switch(if_match="honoured")
    random = Random(seed)
    runs = [(spec(text, name), Jitter(writer, random)) for name, text in PAIRS["schema"].items()]
    reports = run_all(writer, *runs)
    assert [exit_code(report) for report in reports] == [0, 0]
    assert all(holds(writer, name) for name in PAIRS["schema"])
