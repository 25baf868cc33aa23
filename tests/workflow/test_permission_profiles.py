"""Each least-privilege profile is sufficient for what it promises, and needs each of its permissions."""

from datetime import timedelta

import pytest
import yaml

from scimconf.diagnostics import GraphError
from scimconf.permissions import PROFILES
from scimconf.plan import ApplyStatus
from scimconf.spec.load import load
from scimconf.spec.model import GUARDS
from scimconf.workflow.doctor import tenant_checks
from scimconf.workflow.export import compose, export_application
from scimconf.workflow.logs import LogOptions, logs
from scimconf.workflow.preview import UserSelection, preview
from scimconf.workflow.status import StatusOptions, statuses
from scimconf.workflow.targets import application_target
from scimconf.workflow.why import WhyOptions, why
from tests.tenant_fixture import NOON, WRITER, Rehearsal, codes, wishes

ALL_GRANTS = {profile.name: profile.permissions for profile in PROFILES}
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
GRANTS = {name: ALL_GRANTS[name] for name in KEYS}
READING = ("preview", "operate")
"""The profiles for commands that print what they read; all others are in `KEYS`."""
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


LESS = [(profile, name) for profile in GRANTS for name in GRANTS[profile]]
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


# ---- export ----------------------------------------------------------------------------------------------------------


def exported(rehearsal):
    """Return the spec of the application, with its text, and what could not be read."""
    spec = rehearsal.run(lambda session: export_application(session, "Writer", full=False))
    return compose(spec).spec, spec.unread


def plan_text(rehearsal, text):
    loaded = load("spec.yaml", lambda _path: text, {}, {}, lambda _path: True)
    return rehearsal.plan(loaded, wishes(impact=False))


def test_an_export_plans_with_the_same_permissions_and_is_complete():
    """A group has its id in an exported spec, so that ids are looked up too."""
    rehearsal = tenant_for("plan-assignments")
    text, unread = exported(rehearsal)
    assert unread == {}
    assert text == exported(Rehearsal(EXISTING))[0]
    planned = plan_text(rehearsal, text)
    assert (codes(planned), planned.plan.changes, planned.plan.warnings) == ([], (), ())


@pytest.mark.parametrize(
    ("removed", "named"),
    [("GroupMember.Read.All", "Group.ReadBasic.All"), ("Organization.Read.All", "Organization.Read.All")],
)
def test_an_export_with_one_permission_less_names_it(removed, named):
    remaining = [name for name in GRANTS["plan-assignments"] if name != removed]
    text, unread = exported(tenant_for("plan-assignments", remaining))
    assert list(unread.values()) == [named]
    assert f"; needs {named}\n" in text


# ---- what is printed about users and the service ---------------------------------------------------------------------


class Printed:
    """Collects the preview of a plan."""

    def __init__(self):
        self.parts = []

    def begin(self, header):
        self.parts.append(header)

    def add_users(self, users):
        self.parts += users

    def end(self, summary):
        self.parts.append(summary)

    def progress(self, _done, _total):
        return None


def previewed(rehearsal):
    """Return the parts of a preview, and the effects in the plan."""
    printed, planned = Printed(), rehearsal.plan(WRITER, OPTIONS)
    rehearsal.run(lambda live: preview(live.graph, planned, UserSelection(("ada@contoso.com",)), printed, NOON))
    return [*printed.parts, planned.plan.changes, *planned.errors, *planned.plan.warnings]


def operated(rehearsal):
    """Return the results of the commands about a running application."""
    target, window = application_target("Writer"), timedelta(days=1)

    async def work(live):
        graph = live.graph
        return [
            await statuses(graph, [target], StatusOptions(window=window, now=NOON)),
            await logs(graph, [target], LogOptions(window=window, now=NOON)),
            await why(graph, "ada@contoso.com", WhyOptions(now=NOON, target=target)),
            await tenant_checks(graph, NOON, []),
        ]

    return rehearsal.run(work)


def results(rehearsal, profile, permissions):
    """Return what the commands of a profile read, or their error, as text."""
    tenant = rehearsal.copy()
    tenant.service.tenant.store_value("permissions", permissions)
    try:
        return repr((previewed if profile == "preview" else operated)(tenant))
    except GraphError as error:
        return f"{error} {error.hint}"


@pytest.mark.parametrize("profile", READING)
def test_a_profile_reads_what_all_permissions_read(profile, after_the_first_cycle):
    tenant = after_the_first_cycle
    assert results(tenant, profile, list(ALL_GRANTS[profile])) == results(tenant, profile, None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "removed"), [(profile, name) for profile in READING for name in ALL_GRANTS[profile]]
)
def test_one_permission_less_reads_less(profile, removed, after_the_first_cycle):
    remaining = [name for name in ALL_GRANTS[profile] if name != removed]
    text = results(after_the_first_cycle, profile, remaining)
    assert text != results(after_the_first_cycle, profile, None)
    if removed != "GroupMember.Read.All":  # members of groups and groups as recipients are then unknown in the result
        assert removed in text


def test_every_profile_is_tested():
    assert set(ALL_GRANTS) == {*KEYS, *READING}
