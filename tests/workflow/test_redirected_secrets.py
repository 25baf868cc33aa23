"""secret-redirected over a whole apply: records before secrets, kills in between, denied records, and saved plans."""

import json
from itertools import count

import pytest
from tenant_fixture import Rehearsal, changes, exit_code, wishes

from scimconf.documents.application import sent
from scimconf.graph.secrets import Secrets
from scimconf.plan import Result
from scimconf.render.json import plan as as_json
from scimconf.workflow.apply import guards_that_need_allow
from scimconf.workflow.export import export_application
from scimconf.workflow.plan_all import PlanResults
from scimconf.workflow.saved_plan import changes_since, read_saved_plan

MOVED = "connection: {base_address: 'https://eu.writer.com/api/scim/v2'}\n"
ROTATED = "connection: {secret_token: {env: WRITER_SCIM_TOKEN, rotation: '1'}}\n"
OTHER = "connection: {secret_token: {env: OTHER_TOKEN, rotation: '2'}}\n"
SETTING = "provisioning: {deletion_threshold: 7}\n"
ENVIRON = {"WRITER_SCIM_TOKEN": "a-token-that-works", "OTHER_TOKEN": "another-token"}
ALLOWED = wishes(allow=("secret-redirected",))
WRITER = {
    "displayName": "Writer",
    "createdDateTime": "2026-01-01T00:00:00Z",
    "template": "custom",
    "secrets": {"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "secret", "SyncAll": "false"},
}
PORTAL = {"base": "contoso", "applications": [{**WRITER, "jobs": [{"template": "scim", "state": "Active"}]}]}
NEW = {"base": "contoso", "applications": [{**WRITER, "jobs": [{"template": "scim"}]}]}
SPEC = """\
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
provisioning: {enabled: true, deletion_threshold: 6}
connection:
  base_address: https://app.writer.com/api/scim/v2
  secret_token: {env: WRITER_SCIM_TOKEN}
"""
READS = ("Application.Read.All", "Synchronization.ReadWrite.All", "Organization.Read.All", "Directory.Read.All")


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    """A tenant after the first apply to an application that was set up in the portal."""
    tenant = Rehearsal(PORTAL, environ=ENVIRON)
    file = tmp_path_factory.mktemp("first") / "scimconf.yaml"
    file.write_text(SPEC)
    assert exit_code(tenant.apply(file, ALLOWED)) == 0
    return tenant


@pytest.fixture
def writer(applied):
    return applied.copy()


@pytest.fixture
def spec(tmp_path):
    """Return a function that writes the spec, or one that extends it."""

    def write(text="", base=SPEC):
        (tmp_path / "base.yaml").write_text(base)
        path = tmp_path / "scimconf.yaml"
        path.write_text(f"extends: [base.yaml]\n{text}")
        return path

    return write


def blocking(planned):
    return [guard.id for guard in guards_that_need_allow(planned)]


def record(tenant):
    """Return the recorded hashes of the token, None if there is no tag."""
    return sent(tenant.principal()["tags"]).get("SecretToken")


def test_the_first_apply_of_a_job_that_never_ran_records_the_secret_before_it_is_sent(spec):
    """No guard is asked for besides those of a first run."""
    tenant = Rehearsal(NEW, environ=ENVIRON)
    planned = tenant.plan(spec(MOVED))
    assert [guard.id for guard in planned.plan.guards] == ["initial-start"]
    assert exit_code(tenant.apply(planned)) == 0
    written = [entry.rpartition("/")[2] for entry in tenant.made]
    assert written.index(tenant.principal()["id"]) < written.index("secrets")
    assert blocking(tenant.plan(spec(OTHER))) == ["secret-redirected"]


def test_the_first_apply_records_a_secret_with_its_first_rotation_before_provisioning_starts(spec):
    """One write of the tags: a kill before it leaves the rotation unrecorded, so that the secret is sent again."""
    tenant = Rehearsal(NEW, environ=ENVIRON)
    assert exit_code(tenant.apply(spec(ROTATED))) == 0
    written = [entry.rpartition("/")[2] for entry in tenant.made]
    assert written == ["secrets", tenant.principal()["id"], "start"]
    assert blocking(tenant.plan(spec(OTHER))) == ["secret-redirected"]


@pytest.mark.parametrize("text", ["MOVED", "ROTATED"])
@pytest.mark.parametrize(("write", "when"), [(1, "before"), (1, "after"), (2, "after")])
def test_the_first_apply_goes_on_after_a_kill_without_an_exemption(spec, text, write, when):
    tenant, file = Rehearsal(NEW, environ=ENVIRON), spec(globals()[text])
    planned = tenant.plan(file)
    assert tenant.dies(write, when, lambda: tenant.apply(planned))
    assert blocking(tenant.plan(file)) == []
    assert exit_code(tenant.apply(file)) == 0
    assert record(tenant) is not None


def test_a_change_of_settings_does_not_store_credentials_that_the_application_refuses(writer, spec):
    """All secrets are written together, so a change of a setting sends the token of this run."""
    writer.environ["WRITER_SCIM_TOKEN"] = "wrong-and-refused-token"
    writer.secrets = Secrets(writer.environ)
    before = writer.saved()
    report = writer.apply(spec(SETTING), ALLOWED)
    assert exit_code(report) == 1
    assert [outcome.message for outcome in report.failed] == ["test the connection with the new credentials"]
    assert writer.saved() == before
    writer.environ["WRITER_SCIM_TOKEN"] = ENVIRON["WRITER_SCIM_TOKEN"]
    writer.secrets = Secrets(writer.environ)
    assert exit_code(writer.apply(spec(SETTING), ALLOWED)) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            MOVED,
            "the secret env:WRITER_SCIM_TOKEN would be sent to eu.writer.com, and the last apply sent it to app.writer.com",
        ),
        (
            OTHER,
            "the secret env:OTHER_TOKEN would be sent to app.writer.com, and the last apply sent another secret there",
        ),
        (SETTING, ""),
    ],
)
def test_apply_stops_before_a_redirected_secret_is_sent(writer, spec, text, message):
    """One exemption is enough, also if the tenant URL changes; afterwards the same secret and host are not blocked."""
    planned = writer.plan(spec(text))
    assert blocking(planned) == (["secret-redirected"] if message else [])
    assert message in "".join(guard.message for guard in planned.plan.guards)
    before = writer.saved(), record(writer)
    if message:
        assert exit_code(writer.apply(planned)) == 4
        assert (writer.saved(), record(writer)) == before
    assert exit_code(writer.apply(spec(text), ALLOWED)) == 0
    assert changes(writer.plan(spec(text))) == []
    assert blocking(writer.plan(spec(text), wishes(resend_secrets=True))) == []
    assert (record(writer) == before[1]) is not message.startswith("the secret")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        (MOVED, "before"),
        pytest.param(MOVED, "after", marks=pytest.mark.slow),
        pytest.param(OTHER, "before", marks=pytest.mark.slow),
        pytest.param(OTHER, "after", marks=pytest.mark.slow),
    ],
)
def test_the_same_apply_continues_after_a_kill_between_the_record_and_the_secret(writer, spec, text, when):
    """Killed before the record, it sent nothing; after it, its exemption still allows another endpoint."""
    file, first, tenants = spec(text), record(writer), killed(writer, spec(text), when)
    records = []
    for tenant in tenants:
        records.append(record(tenant) != first)
        is_sent = bool(changes(tenant.plan(file))) is False
        expected = ["endpoint-changed"] if text is MOVED and not is_sent else []
        assert blocking(tenant.plan(file)) == (expected if records[-1] else ["secret-redirected"])
        assert records[-1] >= is_sent
        assert exit_code(tenant.apply(file, ALLOWED)) == 0
        assert changes(tenant.plan(file)) == []
    assert records == sorted(records)
    assert records[-1]


def killed(first, file, when):
    """Yield copies of a tenant in which an apply was killed at each of its writes."""
    for number in count(1):
        tenant = first.copy()
        if not tenant.dies(number, when, lambda one=tenant: one.apply(file, ALLOWED)):
            return
        yield tenant


@pytest.mark.slow
def test_refused_credentials_are_not_recorded(writer, spec):
    """The secrets of the last apply are still stored, so going back to the old spec needs no exemption."""
    first = record(writer)
    writer.fault({"status": 400}, method="POST", path="*/validateCredentials")
    assert exit_code(writer.apply(spec(MOVED), ALLOWED)) == 1
    assert record(writer) == first
    assert blocking(writer.plan(spec(SETTING))) == []


def test_an_apply_without_permission_for_the_record_sends_the_secrets_and_says_so(spec):
    """The next plan that sends them is blocked again."""
    tenant = Rehearsal(PORTAL, environ=ENVIRON, permissions=READS)
    report = tenant.apply(spec(), ALLOWED)
    (skipped,) = [outcome for outcome in report.outcomes if outcome.result is not Result.DONE]
    assert (exit_code(report), skipped.result, skipped.addresses) == (0, Result.SKIPPED, ())
    assert skipped.message == "record which secret is sent to which host for SecretToken"
    assert "Application.ReadWrite.OwnedBy" in skipped.hint
    assert skipped.hint.endswith(
        "Without this record, the guard secret-redirected blocks each plan that sends the secret."
    )
    assert record(tenant) is None
    file = spec("provisioning: {deletion_threshold: 8}\n")
    assert (changes(tenant.plan(file)), blocking(tenant.plan(file))) == (["~ settings"], ["secret-redirected"])


@pytest.mark.slow
def test_a_failed_record_stops_the_apply_before_the_secrets(writer, spec):
    before = writer.saved()
    writer.fault({"status": 400}, method="PATCH", path="/servicePrincipals/*")
    assert exit_code(writer.apply(spec(MOVED), ALLOWED)) == 1
    assert writer.saved() == before


def test_the_spec_of_an_application_that_was_set_up_in_the_portal_shows_no_changes_and_no_guard(spec):
    """An export sends nothing; the first plan that does explains the guard."""
    tenant = Rehearsal(PORTAL)
    exported = tenant.run(lambda session: export_application(session, "Writer", full=False))
    assert exported.tree["connection"]["secret_token"] == {"env": "WRITER_SCIM_TOKEN"}
    planned = tenant.plan(spec(base=SPEC.replace(", deletion_threshold: 6", "")))
    assert (changes(planned), planned.plan.guards) == ([], ())
    (guard,) = tenant.plan(spec()).plan.guards
    assert "as on an application that was set up in the portal" in guard.message


def saved(tenant, planned, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(as_json(PlanResults([planned]).combined_plan()))
    return read_saved_plan(str(file))


@pytest.mark.slow
def test_a_saved_plan_stays_valid_when_the_secret_is_recorded_in_between(writer, spec, tmp_path):
    """The record is no drift and no part of the fingerprint; the plan of today has one guard less."""
    file = spec(MOVED)
    earlier = saved(writer, writer.plan(file, ALLOWED), tmp_path)
    writer.dies(1, "after", lambda: writer.apply(file, ALLOWED))
    today = writer.plan(file, ALLOWED)
    assert [(guard.id, guard.allowed_by) for guard in today.plan.guards] == [
        ("endpoint-changed", "--allow secret-redirected")
    ]
    assert changes_since(earlier, PlanResults([today]).combined_plan()) == ()


@pytest.mark.slow
def test_a_saved_plan_is_blocked_when_the_record_disappears_in_between(writer, spec, tmp_path):
    """An apply evaluates the guards of today."""
    file = spec(SETTING)
    earlier = saved(writer, writer.plan(file), tmp_path)
    principal = writer.principal()
    tags = [tag for tag in principal["tags"] if not tag.startswith("scimconf-sent:")]
    writer.request("PATCH", f"/servicePrincipals/{principal['id']}", {"tags": tags})
    today = writer.plan(file)
    assert (changes_since(earlier, PlanResults([today]).combined_plan()), blocking(today)) == (
        (),
        ["secret-redirected"],
    )


@pytest.mark.slow
def test_the_plan_file_has_the_guard_and_no_value(writer, spec):
    document = json.loads(as_json(PlanResults([writer.plan(spec(OTHER))]).combined_plan()))
    (guard,) = document["applications"][0]["guards"]
    assert (guard["id"], guard["address"], guard["count"]) == ("secret-redirected", "writer:connection", None)
    assert not any(value in json.dumps(document) for value in ENVIRON.values())


@pytest.mark.slow
def test_rotations_and_records_are_separate_tags(writer, spec):
    """A new rotation changes no record."""
    first = record(writer)
    text = "connection: {secret_token: {env: WRITER_SCIM_TOKEN, rotation: '%s'}}\n"
    for rotation in ("1", "2"):
        assert exit_code(writer.apply(spec(text % rotation))) == 0
        assert f"scimconf:SecretToken={rotation}" in writer.principal()["tags"]
        assert (record(writer), changes(writer.plan(spec(text % rotation)))) == (first, [])


def test_the_first_rotation_of_an_imported_application_needs_an_exemption_and_later_ones_none(tmp_path):
    """As docs/rotation.md says for pipelines, which pass no --allow."""
    tenant = Rehearsal(PORTAL, environ=ENVIRON)
    exported = tenant.run(lambda session: export_application(session, "Writer", full=False)).tree
    file = tmp_path / "scimconf.yaml"

    def rotated(rotation, **more):
        token = {"env": "WRITER_SCIM_TOKEN", "rotation": rotation}
        tree = {**exported, "connection": {**exported["connection"], "secret_token": token}, **more}
        file.write_text(json.dumps(tree))
        return tenant.plan(file)

    exemption = {"guard": "secret-redirected", "until": "2099-01-07", "reason": "first rotation since the import"}
    assert blocking(rotated("1")) == ["secret-redirected"]
    planned = rotated("1", guard_exemptions=[exemption])
    assert (changes(planned), blocking(planned)) == (["~ connection"], [])
    assert exit_code(tenant.apply(planned)) == 0
    assert blocking(rotated("2")) == []


def test_a_failure_after_a_secret_was_sent_says_that_it_is_stored(writer, spec):
    """The rotation is recorded last: without its tag the next apply sends the secret again."""
    writer.fault({"status": 403, "body": {}}, method="PATCH", path="/servicePrincipals/*", times=0)
    report = writer.apply(spec(ROTATED))
    (failed,) = report.failed
    assert (exit_code(report), failed.message) == (5, "record rotation of SecretToken")
    assert failed.detail.endswith("; SecretToken was sent before this failure, and is stored")
    assert ENVIRON["WRITER_SCIM_TOKEN"] not in repr(report)
