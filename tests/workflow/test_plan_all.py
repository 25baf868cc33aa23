"""Tests of `workflow.plan_all`: several applications, each with its plan, its diagnostics or its error."""

from pathlib import Path

import pytest
from tenant_fixture import WRITER, Rehearsal, wishes

from scimconf.diagnostics import ScimconfError
from scimconf.workflow.plan_all import UnmatchedPatternError, plan_all, relative_path


def plans(tenant, *paths, is_reviewed=False, **options):
    specs = [tenant.load(path) for path in paths]
    return tenant.run(lambda session: plan_all(lambda: session, specs, wishes(**options), is_reviewed=is_reviewed))


def small(folder, name, application="display_name: Other, create: {from_template: custom}"):
    path = folder / f"{name}.scimconf.yaml"
    path.write_text(f"version: 1\nname: {name}\napplication: {{{application}}}\nprovisioning: {{enabled: false}}\n")
    return path


def test_plan_all_combines_the_plans_of_all_applications(tmp_path):
    results = plans(Rehearsal(), WRITER, small(tmp_path, "other"))
    assert results.all_planned
    plan = results.combined_plan({"only": []})
    assert [application.name for application in plan.applications] == ["writer", "other"]
    assert plan.tenant.domain == "contoso.com"
    assert not any(Path(path).is_absolute() for application in plan.applications for path in application.paths)


def test_plan_all_continues_after_an_application_with_spec_errors(tmp_path):
    results = plans(Rehearsal(), small(tmp_path, "missing", "app_id: 0a0a0a0a-0000-4000-8000-000000000001"), WRITER)
    assert [planned.name for planned in results.planned] == ["writer"]
    assert [diagnostic.code for diagnostic in results.diagnostics if diagnostic.is_error] == ["K103"]
    assert results.has_spec_errors
    assert not results.all_planned


def test_plan_all_reports_an_expired_exemption_before_it_reads_the_tenant(tmp_path):
    path = small(tmp_path, "expired")
    path.write_text(path.read_text() + "guard_exemptions: [{guard: scope-widened, until: 2020-01-01, reason: test}]\n")
    tenant = Rehearsal()
    results = plans(tenant, path)
    assert ([diagnostic.code for diagnostic in results.diagnostics], tenant.journal) == (["K003"], [])


def test_plan_all_collects_graph_errors_and_unexpected_errors_by_application(tmp_path, monkeypatch):
    tenant = Rehearsal()
    tenant.fault({"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}, method="GET", times=0)
    ((name, error),) = plans(tenant, WRITER).errors
    assert (name, isinstance(error, ScimconfError)) == ("writer", True)

    async def broken(*_arguments):
        raise KeyError("hunter2")

    monkeypatch.setattr("scimconf.workflow.plan_all.plan", broken)
    ((name, error),) = plans(Rehearsal(), WRITER).errors
    assert "KeyError" in str(error)
    assert "hunter2" not in str(error)


def test_failures_name_each_application_that_could_not_be_planned(tmp_path):
    """Errors of Graph, errors of the spec, and two specs of one application are failures of the combined plan."""
    tenant = Rehearsal()
    denied = {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}
    tenant.fault(denied, method="GET", path="*/servicePrincipals", times=1)
    invalid = small(tmp_path, "invalid")
    invalid.write_text(f"{invalid.read_text()}mappings: {{users: {{attributes: {{a: {{expression: ']'}}}}}}}}\n")
    missing = small(tmp_path, "missing", "app_id: 0a0a0a0a-0000-4000-8000-000000000001")
    plan = plans(tenant, small(tmp_path, "broken"), invalid, missing, WRITER).combined_plan()
    assert [(failure.name, failure.message.split(" ")[0]) for failure in plan.failures] == [
        ("broken", "GET"),
        ("invalid", "K501"),
        ("missing", "K103"),
    ]
    assert [Path(*failure.paths).name for failure in plan.failures] == [
        f"{name}.scimconf.yaml" for name in ("broken", "invalid", "missing")
    ]
    assert [application.name for application in plan.applications] == ["writer"]


@pytest.mark.parametrize(
    ("name", "expected"), [("", "odd.yaml"), ("name: odd\n", "odd"), ("name: '<b>'\n", "odd.yaml")]
)
def test_failures_count_further_errors_of_a_spec_and_name_a_file_without_a_name(tmp_path, name, expected):
    from scimconf.spec.load import load

    path = tmp_path / "odd.yaml"
    path.write_text(f"version: 1\n{name}sorce: x\nmapings: {{}}\n")
    loaded = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _path: True)
    tenant = Rehearsal()
    results = tenant.run(lambda session: plan_all(lambda: session, [loaded], wishes()))
    (failure,) = results.failures
    assert failure.name.endswith(expected)
    assert failure.message.endswith(" more errors")


def test_plan_all_raises_keyboard_interrupt(monkeypatch):
    async def stopped(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("scimconf.workflow.plan_all.plan", stopped)
    with pytest.raises(KeyboardInterrupt):
        plans(Rehearsal(), WRITER)


def test_only_pattern_without_a_match_is_an_error_unless_the_plan_was_reviewed():
    with pytest.raises(UnmatchedPatternError, match="--only 'writer:nonsense' matches no address"):
        plans(Rehearsal(), WRITER, only=("writer:nonsense",))
    assert plans(Rehearsal(), WRITER, only=("writer:nonsense",), is_reviewed=True).all_planned


def test_exclude_pattern_without_a_match_is_a_warning():
    results = plans(Rehearsal(), WRITER, exclude=("writer:nonsense", "writer:schedule"))
    assert [diagnostic.code for diagnostic in results.diagnostics] == ["K005"]


def test_is_tenant_mismatch_is_true_only_if_the_tenant_was_read(tmp_path):
    path = tmp_path / "writer.scimconf.yaml"
    path.write_text(f"extends: [{WRITER}]\nname: writer\ntenant: fabrikam.com\n")
    assert plans(Rehearsal(), path).is_tenant_mismatch
    assert not plans(Rehearsal(), WRITER).is_tenant_mismatch
    unreadable = Rehearsal()
    denied = {"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}}}
    unreadable.fault(denied, method="GET", path="*/organization", times=0)
    results = plans(unreadable, path)
    assert not results.is_tenant_mismatch
    assert "tenant-mismatch" in {guard.id for guard in results.planned[0].blocking_guards}


def test_relative_path_keeps_relative_paths_and_converts_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert relative_path("a.yaml") == "a.yaml"
    assert relative_path(str(tmp_path / "a.yaml")) == "a.yaml"


def test_relative_path_keeps_a_path_on_another_drive(monkeypatch):
    def refuse(_path):
        raise ValueError

    monkeypatch.setattr("os.path.relpath", refuse)
    assert relative_path("/elsewhere/a.yaml") == "/elsewhere/a.yaml"
