"""A role swap on an active job: paused around it where one role can be sent, and started without a restart."""

import pytest

from scimconf.expressions import parse, to_source
from scimconf.kinds.mappings import one_role_targets
from scimconf.snapshot import Snapshot
from scimconf.steps import Phase, Read
from tests.kinds.cases import make_plan, spec_of

ADMIN, MEMBER = "20000000-0000-4000-8000-00000000000b", "20000000-0000-4000-8000-00000000000c"
ADA, EDITORS = "10000000-0000-4000-8000-0000000000a1", "10000000-0000-4000-8000-0000000000b1"
ASSIGNMENTS = [
    {"id": "1", "principalId": ADA, "principalType": "User", "principalDisplayName": "Ada", "appRoleId": MEMBER},
    {"id": "2", "principalId": EDITORS, "principalType": "Group", "principalDisplayName": "E", "appRoleId": MEMBER},
]
SWAP = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}"
SWAPS = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}], groups: [{name: Writer editors, role: admin}]}"
GAIN = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, roles: [admin, member]}]}"
SINGLE, RAW = "SingleAppRoleAssignment([appRoleAssignments])", "[appRoleAssignments]"
ALL = "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"
JOINED = 'Join(",", AppRoleAssignments([appRoleAssignments]))'
PAUSED = [
    "stop pause provisioning",
    "clear wait until the old roles are removed",
    "start test the stored credentials before provisioning starts",
    "start start provisioning",
]


def swap(spec, live=None, refused=(), **documents):
    """Return the plan of a spec for a tenant whose schema has this source of the role attribute."""
    row = {"targetAttributeName": "role", "flowType": "Always", "matchingPriority": 0}
    place = "synchronizationRules/0/objectMappings/0/attributeMappings/+"
    rows = {} if live is None else {place: {**row, "source": live}}
    return make_plan(spec, refused, assignments=ASSIGNMENTS, **{"schema+": rows}, **documents)


def controls(planned):
    """Return the steps that control the job, and the wait for removed roles."""
    steps = [step for step in planned.steps if step.addresses[0].kind == "schedule" or isinstance(step, Read)]
    return [
        f"{step.phase.name.lower()} {step.description}" for step in steps if "provisioning to" not in step.description
    ]


@pytest.mark.parametrize(
    ("spec", "source"),
    [
        pytest.param(SWAP, SINGLE, id="one role"),
        pytest.param(SWAP, f'Switch({SINGLE}, "a", "b", "c")', id="one role in a function"),
        pytest.param(SWAP, RAW, id="the attribute without a function"),
        pytest.param(SWAP + f"\nrole_attribute: {{target: role, expression: '{SINGLE}'}}", ALL, id="only after"),
        pytest.param(SWAP + f"\nrole_attribute: {{target: role, expression: '{ALL}'}}", SINGLE, id="only before"),
    ],
)
def test_a_role_swap_pauses_an_active_job_where_one_role_can_be_sent(spec, source):
    planned = swap(spec, to_source(parse(source)))
    assert sorted(controls(planned)) == sorted(PAUSED)
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "K302"]
    assert warning.message == (
        "1 user gets another role: provisioning is paused first and started again last, because role takes one role"
    )


@pytest.mark.parametrize(
    ("spec", "live", "job"),
    [
        pytest.param(SWAP, None, "Active", id="no role is sent"),
        pytest.param(SWAP, ALL, "Active", id="all roles are sent"),
        pytest.param(SWAP, JOINED, "Active", id="all roles are joined"),
        pytest.param(GAIN, SINGLE, "Active", id="a second role and no swap"),
        pytest.param(SWAP, SINGLE, "Disabled", id="the job is off"),
    ],
)
def test_a_role_swap_does_not_pause_other_jobs(spec, live, job):
    enabled = f"provisioning: {{enabled: {str(job == 'Active').lower()}}}\n"
    planned = swap(enabled + spec, live and to_source(parse(live)), **{"jobs+": {"0/schedule/state": job}})
    assert [step for step in planned.steps if step.phase in (Phase.STOP, Phase.START)] == []
    assert "K302" not in [warning.code for warning in planned.plan.warnings]


def test_a_role_swap_pauses_the_job_if_the_schema_could_not_be_read():
    planned = swap(SWAP, refused=["schema"])
    assert sorted(controls(planned)) == sorted(PAUSED)
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "K302"]
    assert "because the role mapping takes one role" in warning.message


def test_role_swaps_of_users_and_groups_are_counted():
    planned = swap(SWAPS, to_source(parse(SINGLE)))
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "K302"]
    assert warning.message.startswith("1 user and 1 group get other roles")


def test_a_role_swap_with_provisioning_switched_off_stays_off():
    planned = swap("provisioning: {enabled: false}\n" + SWAP, to_source(parse(SINGLE)))
    assert controls(planned) == ["clear wait until the old roles are removed", "stop pause provisioning"]
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "K302"]
    assert warning.message == (
        "1 user gets another role: provisioning is paused first and stays off, because role takes one role"
    )


def test_a_source_that_is_no_expression_takes_no_role():
    planned = swap(SWAP, {"type": "Unknown", "name": "x", "expression": "Join(", "parameters": []})
    assert "K302" not in [warning.code for warning in planned.plan.warnings]


def test_an_invalid_expression_takes_no_role():
    rows = {"role": SINGLE, "title": "Join("}
    lines = "".join(f"      {target}: {{expression: '{source}'}}\n" for target, source in rows.items())
    assert one_role_targets(spec_of(f"mappings:\n  users:\n    attributes:\n{lines}"), Snapshot({})) == ("role",)
