"""Each least-privilege profile is sufficient for what it promises, and needs each of its permissions."""

import pytest
import yaml

from scimconf.diagnostics import GraphError
from scimconf.permissions import PROFILES
from scimconf.plan import ApplyStatus
from scimconf.spec.model import GUARDS
from tests.tenant_fixture import WRITER, Rehearsal, codes, wishes

GRANTS = {profile.name: profile.permissions for profile in PROFILES}
WRITE_ASSIGNMENTS = "appRoleAssign"
SHARED = ("version", "name", "tenant", "application", "provisioning", "mappings")
KEYS = {
    "plan": SHARED,
    "plan-assignments": (*SHARED, "assignments"),
    "apply": SHARED,
    "apply-assignments": (*SHARED, "assignments"),
    "owned": (*SHARED, "connection", "app_roles", "role_attribute"),
    "owned-assignments": (*SHARED, "connection", "app_roles", "role_attribute", "assignments"),
}
"""The sections of the example's spec that a profile is for."""
EXISTING = {
    "base": "contoso",
    "applications": [
        {
            "displayName": "Writer",
            "createdDateTime": "2026-01-01T00:00:00Z",
            "template": "custom",
            "roles": [{"value": "admin", "displayName": "admin"}, {"value": "member", "displayName": "member"}],
            "assignments": [{"group": "Writer editors", "role": "admin"}],
            "secrets": {"BaseAddress": "https://app.writer.com/api/scim/v2", "SecretToken": "secret"},
            "jobs": [{"template": "scim", "state": "Paused"}],
        }
    ],
}
NEW = {"base": "contoso"}
OPTIONS = wishes(allow=tuple(guard for guard in GUARDS if guard != "tenant-mismatch"))


@pytest.fixture
def spec_for(tmp_path):
    """Return a function that writes the spec for a profile and returns its path."""

    def write(profile):
        spec = yaml.safe_load(WRITER.read_text("utf-8"))
        path = tmp_path / "scimconf.yaml"
        if not profile.startswith("owned"):
            spec["provisioning"] = {"enabled": True}  # the other settings are stored with the secrets
        path.write_text(yaml.safe_dump({key: spec[key] for key in KEYS[profile]}), "utf-8")
        (tmp_path / "people.csv").write_bytes(WRITER.with_name("people.csv").read_bytes())
        return path

    return write


def tenant_for(profile, permissions=None, **switches):
    tenant = NEW if profile.startswith("owned") else EXISTING
    return Rehearsal(tenant, permissions=permissions or GRANTS[profile], **switches)


BIG = "owned-assignments"  # it creates everything


@pytest.mark.parametrize(
    "profile", [*(name for name in GRANTS if name != BIG), pytest.param(BIG, marks=pytest.mark.slow)]
)
def test_profile_is_sufficient_for_what_it_promises(profile, spec_for):
    path, rehearsal = spec_for(profile), tenant_for(profile)
    planned = rehearsal.plan(path, OPTIONS)
    assert codes(planned) == []
    assert planned.plan.changes
    assert bool(planned.missing_permissions) == profile.startswith("plan")
    if profile.startswith("plan"):
        assert rehearsal.writes == []
        return
    report = rehearsal.apply(planned, OPTIONS)
    assert report.status is ApplyStatus.APPLIED, report.error
    assert rehearsal.plan(path, OPTIONS).plan.changes == ()


@pytest.mark.slow
@pytest.mark.parametrize("profile", [name for name in GRANTS if not name.endswith("assignments")])
def test_a_spec_without_assignments_never_needs_to_assign(profile, spec_for):
    """Nor does it read users and groups to plan, except to count them, which is optional."""
    path, rehearsal = spec_for(profile), tenant_for(profile)
    rehearsal.apply(rehearsal.plan(path, OPTIONS), OPTIONS)
    requests = [(entry["method"], entry["path"]) for entry in rehearsal.journal]
    assert [call for call in requests if WRITE_ASSIGNMENTS in call[1] and call[0] != "GET"] == []
    assert [path for path in rehearsal.made if WRITE_ASSIGNMENTS in path] == []


LESS = [(profile.name, name) for profile in PROFILES for name in profile.permissions]
NAMED = {
    "GroupMember.Read.All": ("Group.ReadBasic.All",),
    "Synchronization.ReadWrite.All": ("Synchronization.Read.All",),
    "Application.ReadWrite.OwnedBy": ("Application.Read.All", "Application.ReadWrite.OwnedBy"),
}
"""One of these is named: the least privileged permission of the request that is refused."""


def everything_printed(rehearsal, path):
    """Return all messages and hints of a plan and its apply, and the report, None if nothing could be planned."""
    try:
        planned = rehearsal.plan(path, OPTIONS)
    except GraphError as error:
        return f"{error} {error.hint}", None
    report = rehearsal.apply(planned, OPTIONS)
    diagnostics = (*planned.errors, *planned.plan.warnings, *report.diagnostics)
    texts = [f"{diagnostic.message} {diagnostic.hint}" for diagnostic in diagnostics]
    return " ".join([*texts, *(guard.message for guard in planned.plan.guards), report.error]), report


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "removed"), LESS)
def test_one_permission_less_is_named_and_nothing_is_written(profile, removed, spec_for):
    path, remaining = spec_for(profile), [name for name in GRANTS[profile] if name != removed]
    rehearsal = tenant_for(profile, remaining)
    messages, report = everything_printed(rehearsal, path)
    assert any(name in messages for name in NAMED.get(removed, (removed,)))
    assert report is None or report.status is not ApplyStatus.APPLIED
    assert rehearsal.made == []
