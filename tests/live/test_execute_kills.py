"""The process dies before or after each of its writes; plainly running it again is the way on, and nobody is hurt."""

from itertools import count

import pytest
from rehearsal import WRITER, Killed, Rehearsal, changes, everything_open

from scimconf.plan import Result

BASE = f"extends: [{WRITER}]\n"
SWAP = """
assignments:
  groups:
    - {name: Writer editors, role: admin}
  users:
    - {user: ada@contoso.com, role: member}
    - {user: mary@contoso.com, role: admin}
"""
SCOPE = """
provisioning:
  scope: all
"""
ROLES = """
app_roles:
  roles:
    - {value: member, display_name: Team member, description: Writes}
"""
LATE = {"late_reads": 2, "role_propagation": 2, "role_disable": "replicated"}
DEATHS = pytest.mark.parametrize("when", ["before", "after"])
TENANTS = pytest.mark.parametrize("switches", [{}, LATE, {"secrets_put": "replace"}], ids=["plain", "late", "replace"])


@pytest.fixture
def spec(tmp_path):
    def write(text=""):
        file = tmp_path / "scimconf.yaml"
        file.write_text(BASE + text)
        return file

    return write


def at_every_write(switches, before, after, when, *, first=1):
    """For every n: a tenant in the state before, and the run towards the state after that died at its n-th write."""
    for number in count(first):
        rehearsal = Rehearsal(**switches)
        if before is not None:
            assert rehearsal.apply(rehearsal.plan(before())).exit_code == 0
            rehearsal.forget()
        died = dies(rehearsal, after, number, when)
        yield rehearsal
        if not died:
            assert number > first
            return


def dies(rehearsal, spec, number, when):
    """Whether the run got as far as its n-th write; there it is gone, without a word."""
    rehearsal.wire.kill_at, rehearsal.wire.when = number, when
    try:
        reach(rehearsal, spec)
    except Killed:
        died = True
    else:
        died = False
    rehearsal.revive()
    return died


def reach(rehearsal, spec):
    wanted = everything_open(rehearsal.plan(spec))
    report = rehearsal.apply(rehearsal.plan(spec, wanted), wanted)
    assert report.exit_code == 0, [one for one in report.outcomes if one.result is not Result.DONE] + [report.error]


def converges(rehearsal, spec):
    reach(rehearsal, spec)
    assert changes(rehearsal.plan(spec)) == []


@TENANTS
@DEATHS
def test_a_first_run_that_dies_is_finished_by_the_next_and_makes_one_application(spec, switches, when):
    """With late arrival, a death right after the making itself is left out: the next run cannot know of it yet."""
    first = 2 if switches is LATE and when == "after" else 1
    for rehearsal in at_every_write(switches, None, spec(), when, first=first):
        converges(rehearsal, spec())
        made = [one for one in rehearsal.asked("POST", "/instantiate") if one["status"] == 201]
        jobs = [one for one in rehearsal.asked("POST", "/synchronization/jobs") if one["status"] == 201]
        assert (len(made), len(jobs)) == (1, 1)
        assert rehearsal.writes[-1].endswith("/start"), "provisioning starts last"


@TENANTS
@DEATHS
def test_nobody_is_without_a_role_while_roles_are_swapped(spec, switches, when):
    """Looked at after every single request of both runs, and in each batch: it creates or deletes, never both."""
    for rehearsal in at_every_write(switches, spec, spec(SWAP), when):
        rehearsal.forget()
        converges(rehearsal, spec(SWAP))
        held = rehearsal.assigned()
        assert (held["Ada Lovelace"], held["Writer editors"], held["Mary Jackson"]) == ({"member"}, {"admin"}, {"admin"})
        verbs = {}
        for one in rehearsal.journal:
            if "batch" in one:
                verbs.setdefault(one["request_id"], set()).add(one["method"])
        assert all(len(some) == 1 for some in verbs.values())


@pytest.fixture(autouse=True)
def everybody_who_had_a_role_has_one(request, monkeypatch):
    """Watches the assignments after every request, in the tests of swaps."""
    if "without_a_role" not in request.function.__name__:
        return
    first = Rehearsal.forget

    def forget(self):
        first(self)
        everyone = self.assigned()

        def watch():
            lost = set(everyone) - set(self.assigned_now())
            assert not lost, f"{lost} lost their last role"

        self.watch = watch

    monkeypatch.setattr(Rehearsal, "forget", forget)
