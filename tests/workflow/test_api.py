"""Tests of the Python API: it requires the same approvals as the command line, and its defaults are safe."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest
from canary import WATCH
from tenant_fixture import ROOT, TOKEN, WRITER, Rehearsal

import scimconf
from scimconf.api import TenantClient
from scimconf.diagnostics import DiagnosticsError, GraphError
from scimconf.documents.lock import locks
from scimconf.graph.execution import lock as lock_module
from scimconf.graph.secrets import Secrets
from scimconf.kinds.registry import ALL_GUARDS
from scimconf.plan import ApplyStatus


@asynccontextmanager
async def client(tenant):
    async with tenant.graph() as graph:
        yield TenantClient(graph, tenant.secrets, claims=tenant.claims)


def run(tenant, work):
    async def command():
        async with client(tenant) as api:
            return await work(api)

    return asyncio.run(command())


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", TOKEN)
    return tmp_path


@pytest.fixture
def spec(folder):
    """Writer in a folder of its own: the history is in the repository of a spec."""
    shutil.copytree(WRITER.parent, folder / "writer")
    return scimconf.load(folder / "writer" / WRITER.name)


def applied(tenant, spec, approve=lambda _items: True, **options):
    async def work(api):
        return await api.apply(await api.plan(spec, **options), approve=approve)

    return run(tenant, work)


def test_load_replaces_variables_and_reports_missing_ones(folder):
    path = folder / "a.yaml"
    path.write_text(
        "version: 1\nname: a\napplication: {display_name: '${var:TITLE}'}\nprovisioning: {enabled: false}\n"
    )
    assert scimconf.load(path, variables={"TITLE": "Zeta"}).spec.application.display_name == "Zeta"
    with pytest.raises(scimconf.SpecError) as error:
        scimconf.load(path)
    assert [diagnostic.code for diagnostic in error.value.diagnostics] == ["S023"]


def test_plan_raises_the_errors_that_validate_returns(folder):
    path = folder / "a.yaml"
    path.write_text(
        "version: 1\nname: a\napplication: {display_name: A}\nprovisioning: {enabled: false}\n"
        "guard_exemptions: [{guard: scope-widened, until: 2020-01-01, reason: test}]\n"
    )
    spec = scimconf.load(path)
    assert "K003" in {diagnostic.code for diagnostic in scimconf.validate(spec)}
    tenant = Rehearsal()
    with pytest.raises(scimconf.SpecError):
        run(tenant, lambda api: api.plan(spec))
    assert tenant.journal == []


def test_plan_raises_spec_errors_that_need_the_tenant(folder):
    path = folder / "a.yaml"
    path.write_text("version: 1\nname: a\napplication: {display_name: A}\nprovisioning: {enabled: false}\n")
    with pytest.raises(scimconf.SpecError) as error:
        run(Rehearsal(), lambda api: api.plan(scimconf.load(path)))
    assert [diagnostic.code for diagnostic in error.value.diagnostics] == ["K103"]


def test_application_plan_to_text_and_to_json_match_the_plan_command(spec):
    plan = run(Rehearsal(), lambda api: api.plan(spec, exclude=["schedule"]))
    assert plan.to_text().startswith("Tenant: contoso.com\n")
    assert '"exclude": [' in plan.to_json()
    assert (plan.tenant.domain, plan.is_complete) == ("contoso.com", False)
    assert {guard.id for guard in plan.blocking_guards} <= {guard.id for guard in plan.guards}
    assert all(not warning.is_error for warning in plan.warnings)


def test_apply_without_approval_writes_nothing(spec):
    tenant, requests = Rehearsal(), []
    report = applied(tenant, spec, lambda items: bool(requests.append(items)))
    assert (report.status, report.error, tenant.writes) == (ApplyStatus.FAILED, "The plan was not approved.", [])
    assert requests == [("application-created", "initial-start")]


def test_apply_requests_no_approval_while_a_guard_blocks(spec, folder):
    tenant, requests, messages = Rehearsal(), [], []
    assert applied(tenant, spec).status is ApplyStatus.APPLIED
    path = folder / "all.yaml"
    path.write_text(f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n")
    report = applied(tenant, scimconf.load(path, allow_paths=[ROOT]), lambda items: requests.append(items) or True)
    assert (report.status, requests) == (ApplyStatus.BLOCKED, [])
    report = run(
        tenant,
        lambda api: _allowed(api, scimconf.load(path, allow_paths=[ROOT]), lambda *step: messages.append(step)),
    )
    assert report.status is ApplyStatus.APPLIED
    assert messages[-1][1:] == (messages[-1][2], messages[-1][2])


async def _allowed(api, spec, progress):
    plan = await api.plan(spec, allow=["scope-widened"])
    return await api.apply(plan, approve=lambda _items: True, progress=progress, history="saved")


def test_apply_reports_missing_secrets_before_it_requests_approval(spec):
    tenant, requests = Rehearsal(), []
    tenant.secrets = Secrets({})
    report = applied(tenant, spec, lambda items: requests.append(items) or True)
    assert (report.status, report.error, requests) == (ApplyStatus.FAILED, "WRITER_SCIM_TOKEN is not set", [])


def test_apply_reports_a_secret_file_that_others_can_read(folder):
    token = WATCH.secret_file(folder / "token", TOKEN)
    token.chmod(0o644)
    path = folder / "own.yaml"
    path.write_text(
        "version: 1\nname: own\napplication: {display_name: Own, create: {from_template: custom}}\n"
        "provisioning: {enabled: false}\n"
        "connection: {base_address: 'https://app.example.com/scim', secret_token: {file: token}}\n"
    )
    report = applied(Rehearsal(), scimconf.load(path))
    (warning,) = report.warnings
    assert (report.status, warning) == (
        ApplyStatus.APPLIED,
        f"other users can read the file {token}, which holds a secret (its mode is 0644). Run `chmod 600 {token}`.",
    )


@pytest.mark.parametrize(("check_permissions", "diagnostics", "writes"), [(True, ["K006"], 0), (False, [], 1)])
def test_apply_stops_without_permissions_unless_they_are_not_checked(spec, check_permissions, diagnostics, writes):
    reads = ["Application.Read.All", "Synchronization.Read.All", "Organization.Read.All", "Directory.Read.All"]
    tenant, approvals = Rehearsal({"base": "contoso"}, permissions=reads), []

    async def work(api):
        plan = await api.plan(spec, allow=ALL_GUARDS, impact=False)
        names = [permission.name for permission in plan.missing_permissions]
        assert "AppRoleAssignment.ReadWrite.All" in names
        return await api.apply(
            plan, approve=lambda items: not approvals.append(items), check_permissions=check_permissions
        )

    report = run(tenant, work)
    assert report.status is ApplyStatus.FAILED
    assert [diagnostic.code for diagnostic in report.diagnostics] == diagnostics
    assert (len(approvals), len(tenant.writes), tenant.made) == (writes, writes, [])


def test_apply_requests_approval_again_for_deletions_of_a_later_pass(folder):
    tenant, requests = Rehearsal(), []
    path = folder / "own.yaml"
    path.write_text(f"extends: [{WRITER}]\nmappings: {{users: {{unlisted: delete}}}}\n")
    report = applied(
        tenant, scimconf.load(path, allow_paths=[ROOT]), lambda items: requests.append(items) or len(requests) == 1
    )
    assert report.status is ApplyStatus.PARTIALLY_APPLIED
    assert "not approved" in report.error
    assert len(requests) == 2


def test_preview_returns_users_and_the_names_of_missing_users(spec):
    preview = run(Rehearsal(), lambda api: api.preview(spec, users=["ada@contoso.com", "nobody@contoso.com"]))
    assert ([user.name for user in preview.users], preview.missing) == (["ada@contoso.com"], ("nobody@contoso.com",))
    assert preview.summary.complete


def test_export_by_name_app_id_or_object_id_round_trips(spec, folder):
    tenant = Rehearsal()
    applied(tenant, spec)
    principal = tenant.principal()
    exports = [
        run(tenant, lambda api, app=app: api.export(app, name="copy"))
        for app in ("Writer", principal["appId"], principal["id"])
    ]
    (folder / "copy.yaml").write_text(exports[0].to_yaml())
    plan = run(tenant, lambda api: api.plan(scimconf.load(folder / "copy.yaml")))
    assert plan.changes == ()
    assert exports[0].notes == exports[1].notes == exports[2].notes
    with pytest.raises(DiagnosticsError):
        run(tenant, lambda api: api.export("0a0a0a0a-0000-4000-8000-000000000001"))


def test_export_of_an_unreadable_tenant_raises_graph_error():
    tenant = Rehearsal()
    tenant.fault({"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}, method="GET", times=0)
    with pytest.raises(GraphError):
        run(tenant, lambda api: api.export("Writer"))


def locked(tenant, spec, holder, approve=lambda _items: True):
    async def work(api):
        return await api.apply(await api.plan(spec), approve=approve, lock_holder=holder)

    return run(tenant, work)


def test_apply_with_a_lock_holder_locks_the_application_meanwhile(folder, monkeypatch):
    """A later pass that deletes something is approved under the lock."""
    monkeypatch.setattr(lock_module, "SETTLE", 0.0)
    tenant, states, requests = Rehearsal(), [], []
    tenant.watch = lambda: states.extend(
        lock.holder for row in tenant.service.tenant.documents.all("servicePrincipal") for lock in locks(row["tags"])
    )
    path = folder / "own.yaml"
    path.write_text(f"extends: [{WRITER}]\nmappings: {{users: {{unlisted: delete}}}}\n")
    spec = scimconf.load(path, allow_paths=[ROOT])
    report = locked(tenant, spec, "nightly job", lambda items: requests.append(items) or len(requests) == 1)
    assert (report.status, len(requests), {*states}) == (ApplyStatus.PARTIALLY_APPLIED, 2, set())
    report = locked(tenant, spec, "nightly job")
    assert (report.status, {*states}) == (ApplyStatus.APPLIED, {"nightly job"})
    assert locks(tenant.principal()["tags"]) == ()


def test_apply_refuses_a_lock_holder_that_a_tag_cannot_have(spec):
    with pytest.raises(scimconf.ScimconfError, match=r"'ada\\n' cannot be the holder of a lock"):
        locked(Rehearsal(), spec, "ada\n")


# ---- watch provisioning ---------------------------------------------------------------------------------------------


def test_status_logs_comparison_and_why_of_an_application_by_name_and_by_spec(after_the_first_cycle, spec):
    tenant = after_the_first_cycle

    async def work(api):
        for app in ("Writer", spec):
            status, log, compared = (
                await api.status(app),
                await api.logs(app, user="ada@contoso.com"),
                await api.compare_logs(app),
            )
            assert (status.jobs[0].phase.value, status.has_failures) == ("running", False)
            assert {event.source_name for event in log.events} == {"ada@contoso.com"}
            assert (len(compared.users), compared.disagrees) == (8, False)
            assert (await api.why("ada@contoso.com", app)).answers[0].provisioning.value == "provisioned"
        assert [status.display_name for status in await api.all_statuses()] == ["Writer"]
        assert (await api.logs("Writer", statuses=["failure"])).events == ()

    run(tenant, work)


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.status("Nope"),
        lambda api: api.logs("Nope"),
        lambda api: api.compare_logs("Nope"),
        lambda api: api.provision("Nope", ["ada@contoso.com"], approve=bool),
        lambda api: api.why("ada@contoso.com", "Nope"),
    ],
)
def test_an_application_that_does_not_exist_is_an_error(call):
    with pytest.raises(scimconf.ScimconfError, match='no application "Nope"'):
        run(Rehearsal(), call)


def test_provision_calls_approve_before_it_writes(before_the_first_cycle, spec):
    tenant, called = before_the_first_cycle, []
    tenant.forget()

    async def declined(api):
        return await api.provision(spec, ["ada@contoso.com"], approve=lambda limits: bool(called.append(limits)))

    assert run(tenant, declined) == []
    assert "roles are not supported on demand" in called[0]
    assert tenant.writes == []
    (done,) = run(tenant, lambda api: api.provision("Writer", ["ada@contoso.com"], approve=lambda _limits: True))
    assert (done.result.verdict.value, done.comparison.agreement.value) == ("provisioned", "agrees")


def test_history_has_the_applies_of_a_spec(folder, spec):
    tenant = Rehearsal()

    async def work(api):
        plan = await api.plan(spec)
        await api.apply(plan, approve=lambda _items: True, history="elsewhere")
        return api.history(spec, "elsewhere"), api.history(spec, folder / "none")

    (entry,), none = run(tenant, work)
    assert (entry.application, entry.status, none) == ("writer", "applied", [])


def test_the_history_is_by_default_in_the_repository_of_the_spec(folder, spec, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    (folder / "writer" / ".git").mkdir()
    tenant = Rehearsal()

    async def work(api):
        report = await api.apply(await api.plan(spec), approve=lambda _items: True)
        return report, api.history(spec)

    report, (entry,) = run(tenant, work)
    assert report.history_entry == str(folder / "writer" / ".scimconf" / "history" / "writer" / entry.time)
    assert list((folder / "elsewhere").iterdir()) == []
