"""The process dies before or after each of its writes; plainly running it again is the way on, and nobody is hurt."""

from itertools import count

import pytest
from tenant_fixture import WRITER, Rehearsal, all_allowed, changes, exit_code

from scimconf.plan import Result

SWAP = """
assignments:
  groups:
    - {name: Writer editors, role: admin}
  users:
    - {user: ada@contoso.com, role: member}
    - {user: mary@contoso.com, role: admin}
"""
ONE_ROLE = """
mappings:
  users:
    attributes:
      title: {expression: "SingleAppRoleAssignment([appRoleAssignments])"}
"""
SCOPE = """
provisioning:
  scope: all
"""
RENAME = """
app_roles:
  roles:
    - {value: member, display_name: Team member, description: Writes}
"""
LATE = {"late_reads": 2, "role_propagation": 2, "role_disable": "replicated"}
REPLACE = {"secrets_put": "replace"}
KILLS = pytest.mark.parametrize("when", ["before", "after"])
TENANTS = pytest.mark.parametrize(
    ("when", "switches"),
    [
        pytest.param("before", {}, id="before-plain"),
        pytest.param("after", {}, id="after-plain"),
        pytest.param("after", LATE, id="after-late", marks=pytest.mark.slow),
        pytest.param("before", LATE, id="before-late", marks=pytest.mark.slow),
        pytest.param("before", REPLACE, id="before-replace", marks=pytest.mark.slow),
        pytest.param("after", REPLACE, id="after-replace", marks=pytest.mark.slow),
    ],
)


@pytest.fixture
def spec(tmp_path):
    """Writes the example with something else in it."""

    def write(name, text=""):
        file = tmp_path / f"{name}.yaml"
        file.write_text(f"extends: [{WRITER}]\n{text}")
        return file

    return write


def reach(rehearsal, file):
    report = rehearsal.apply(rehearsal.plan(file, all_allowed()), all_allowed())
    assert exit_code(report) == 0, [one for one in report.outcomes if one.result is not Result.DONE] + [report.error]


def converge(rehearsal, file):
    reach(rehearsal, file)
    assert changes(rehearsal.plan(file)) == []


def killed_everywhere(rehearsals, file, when, first=1):
    """Takes a new tenant for each number, and kills the run there; the last one came through alive."""
    for number, rehearsal in zip(count(first), rehearsals):
        died = rehearsal.dies(number, when, lambda one=rehearsal: reach(one, file))
        yield rehearsal
        if not died:
            assert number > first, "nothing was killed"
            return


def set_up(switches, file, watch=lambda _rehearsal: lambda: None):
    """Yield copies of one tenant with the application of a spec; from then on `watch` looks after every request."""
    first = Rehearsal(**switches)
    reach(first, file)
    while True:
        rehearsal = first.copy()
        rehearsal.watch = watch(rehearsal)
        yield rehearsal


@TENANTS
def test_apply_after_a_kill_completes_the_first_run_with_one_application(spec, switches, when):
    file = spec("first")
    tenants = (Rehearsal(**switches) for _ in count())
    for rehearsal in killed_everywhere(tenants, file, when, first=2 if switches is LATE and when == "after" else 1):
        converge(rehearsal, file)
        made = [one for one in rehearsal.asked("POST", "/instantiate") if one["status"] == 201]
        jobs = [one for one in rehearsal.asked("POST", "/synchronization/jobs") if one["status"] == 201]
        assert (len(made), len(jobs)) == (1, 1)
        assert rehearsal.made[-1].endswith("/start"), "provisioning starts last"


@TENANTS
def test_a_kill_during_a_role_swap_leaves_no_user_without_a_role_or_active_with_two(spec, switches, when):
    """The job takes one role: a cycle in which a user has two would fail for this user."""

    def watch(rehearsal):
        everyone = rehearsal.held

        def look():
            assert everyone <= rehearsal.held
            assert not is_active(rehearsal) or not has_two_roles(rehearsal)

        return look

    file = spec("swap", ONE_ROLE + SWAP)
    for rehearsal in killed_everywhere(set_up(switches, spec("first", ONE_ROLE), watch), file, when):
        converge(rehearsal, file)
        assert is_active(rehearsal)
        assert rehearsal.made[0].endswith("/pause")
        held = rehearsal.assigned()
        assert [held[name] for name in ("Ada Lovelace", "Writer editors", "Mary Jackson")] == [
            {"member"},
            {"admin"},
            {"admin"},
        ]
        assert all(len(verbs) == 1 for verbs in batches(rehearsal).values())


def has_two_roles(rehearsal):
    """Return whether a principal has two roles, or is still listed with an old one."""
    query = "SELECT 1 FROM assignments GROUP BY principal_id HAVING COUNT(*) > 1"
    return bool(list(rehearsal.service.tenant.store.rows(query)))


def is_active(rehearsal):
    """Return whether the job of a set-up tenant is active, by the pauses and starts that Graph accepted."""
    controls = [one for one in rehearsal.made if one.endswith(("/pause", "/start"))]
    return not controls or controls[-1].endswith("/start")


def batches(rehearsal):
    """Batch → the verbs in it."""
    found = {}
    for one in rehearsal.journal:
        if "batch" in one:
            found.setdefault(one["request_id"], set()).add(one["method"])
    return found


@TENANTS
def test_a_kill_during_a_scope_change_leaves_provisioning_paused(spec, switches, when):
    file, first = spec("scope", SCOPE), spec("first")
    for rehearsal in killed_everywhere(set_up(switches, first), file, when):
        converge(rehearsal, file)
        assert rehearsal.saved()["SyncAll"] == "true"
        assert_paused_around(rehearsal, "/secrets")


@KILLS
def test_apply_after_a_kill_restarts_a_narrowed_scope(spec, when):
    narrow, wide = spec("narrow"), spec("wide", SCOPE)
    for rehearsal in killed_everywhere(set_up({}, wide), narrow, when):
        converge(rehearsal, narrow)
        assert rehearsal.saved()["SyncAll"] == "false"
        assert_paused_around(rehearsal, "/secrets")


def assert_paused_around(rehearsal, ending):
    """In the journal: paused before each such write, then restarted, then started, and nothing after that."""
    on, restarted = True, False
    for one in rehearsal.journal:
        verb = one["path"].rpartition("/")[2]
        if one["method"] == "GET" or (one["status"] or 500) >= 400:
            continue
        if one["path"].endswith(ending):
            assert not on, "written while people were being provisioned"
            restarted = False
        on = {"pause": False, "start": True}.get(verb, on)
        restarted = restarted or verb == "restart"
    assert (on, restarted) == (True, True)
    assert rehearsal.made[-1].endswith("/start")


@TENANTS
def test_apply_after_a_kill_enables_a_renamed_role(spec, switches, when):
    file = spec("rename", RENAME)
    for rehearsal in killed_everywhere(set_up(switches, spec("first")), file, when):
        converge(rehearsal, file)
        role = rehearsal.roles()["member"]
        assert (role["displayName"], role["isEnabled"]) == ("Team member", True)
