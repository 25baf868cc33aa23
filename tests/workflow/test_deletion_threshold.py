"""Plans around the deletion threshold: a plan that reaches it, one that undoes deletions held back, and a later start."""

import pytest
from tenant_fixture import WRITER, all_allowed, told, wishes

from scimconf.kinds.provisioning import ProvisioningState
from scimconf.monitoring.job_commands import StagedDeletion
from scimconf.monitoring.log_events import logged_events
from scimconf.plan import ApplyStatus, Impact, Plan
from scimconf.render import html, markdown
from scimconf.render import json as machine
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from scimconf.workflow.deletion_threshold import threshold_warnings, users_held_back

EDITORS = "    - {name: Writer editors, role: member}\n"


@pytest.fixture
def spec(tmp_path):
    """Return a function that writes Writer's spec, whose list of assignments is complete."""
    (tmp_path / "people.csv").write_text((WRITER.parent / "people.csv").read_text("utf-8"), "utf-8")

    def write(threshold="2", editors=EDITORS):
        text = WRITER.read_text("utf-8").replace("deletion_threshold: 50", f"deletion_threshold: {threshold}")
        head, _, tail = text.replace(EDITORS, editors).partition("assignments:")
        path = tmp_path / "scimconf.yaml"
        path.write_text(f"{head}assignments:{tail.replace('unlisted: keep', 'unlisted: delete')}", "utf-8")
        return path

    return write


def applied(tenant, path):
    assert tenant.apply(path, all_allowed()).status is ApplyStatus.APPLIED
    tenant.forget()


def cycle(tenant):
    (summary,) = tenant.request("POST", "/_sandbox/cycle", {})["value"]
    return summary


def of_code(planned, code):
    return [warning.message for warning in planned.plan.warnings if warning.code == code]


@pytest.fixture
def mistaken(after_the_first_cycle, spec):
    """Return Writer after its group was removed by mistake: the job is in quarantine, and holds 3 users back."""
    tenant = after_the_first_cycle
    applied(tenant, spec())
    cycle(tenant)
    applied(tenant, spec(editors=""))
    assert cycle(tenant)["quarantine"]["reason"] == "TooManyDeletes"
    return tenant


@pytest.mark.slow
def test_an_undone_mistake_creates_nobody_and_needs_no_exemption(mistaken, spec):
    undone = mistaken.plan(spec())
    (message,) = of_code(undone, "K304")
    assert message.startswith("3 deletions that are held back end, since the users are in scope again: barbara@")
    assert "0 users may be created" in told(undone)
    assert "`scimconf restart --app Writer` after the apply" in " ".join(told(undone).split())
    assert undone.blocking_guards == ()
    assert mistaken.apply(undone, wishes()).status is ApplyStatus.APPLIED
    mistaken.request("POST", f"{mistaken.job()}/restart", {"criteria": {}})
    summary = cycle(mistaken)
    actions = {(entry["provisioningAction"], entry["sourceIdentity"]["identityType"]) for entry in summary["entries"]}
    assert (summary["quarantine"], summary["stagedDeletions"]) == (None, 0)
    assert ("create", "User") not in actions


@pytest.mark.slow
def test_deletions_that_the_log_does_not_list_are_a_warning_and_the_guard_blocks(mistaken, spec):
    mistaken.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "No."}}}, path="/auditLogs/*", times=0
    )
    undone = mistaken.plan(spec())
    (warning,) = (each for each in undone.plan.warnings if each.code == "K304")
    assert "the provisioning log cannot be read" in warning.message
    assert "--allow quarantined" in warning.hint
    assert [guard.id for guard in undone.blocking_guards] == ["quarantined"]


@pytest.mark.slow
def test_a_plan_that_reaches_the_deletion_threshold_says_so_in_every_format(after_the_first_cycle, spec):
    tenant = after_the_first_cycle
    applied(tenant, spec("3"))
    tenant.forget()
    planned = tenant.plan(spec("3", editors=""))
    (message,) = of_code(planned, "K305")
    assert message.startswith(
        "3 users and 1 group leave the scope at once, and the deletion threshold is 3: the service holds"
    )
    plan = Plan(planned.tenant, (planned.plan,))
    for text in (told(planned), markdown.plan(plan), html.plan(plan), machine.plan(plan)):
        assert "scimconf allow-deletions --app Writer" in " ".join(text.split())
    assert of_code(tenant.plan(spec("5", editors="")), "K305") == [], "a threshold that the plan itself raises"
    assert of_code(tenant.plan(spec("none", editors="")), "K305") == []


@pytest.mark.slow
def test_a_start_after_a_pause_creates_only_users_who_came_into_scope_since(after_the_first_cycle):
    tenant = after_the_first_cycle
    tenant.request("POST", f"{tenant.job()}/pause")
    text = " ".join(told(tenant.plan(WRITER)).split())
    assert "; only those who came into scope after the cycle of 2026-11-25 12:00 UTC; others have an account" in text
    tenant.request("POST", f"{tenant.job()}/restart", {"criteria": {"resetScope": "Full"}})
    tenant.request("POST", f"{tenant.job()}/pause")
    tenant.forget()
    text = " ".join(told(tenant.plan(WRITER)).split())
    assert "; the job has no links to accounts, so users are matched by userName" in text


def staged(source_id, name, kind="User", target_id="", *, is_certain=True):
    identity = {"id": source_id, "identityType": kind, "displayName": name}
    (event,) = logged_events([{"sourceIdentity": identity, "targetIdentity": {"id": target_id}}])
    return StagedDeletion(event, is_certain)


def test_users_held_back_have_an_account_and_a_name_that_can_be_redacted():
    deletions = [
        staged("u1", "ada@contoso.com"),
        staged("u2", "Grace Hopper"),
        staged("g1", "Writer editors", "Group"),
        staged("u3", "tim@contoso.com", is_certain=False),
        staged("u4", "tim@contoso.com", target_id="t", is_certain=False),
        staged("", "ada@contoso.com"),
    ]
    assert users_held_back(deletions) == {"u1": "ada@contoso.com", "u2": "u2", "u4": "tim@contoso.com"}


LEAVING = Impact(2, 5)


@pytest.mark.parametrize(
    ("leaving", "state", "text"),
    [
        (LEAVING, {"deletion_threshold": 2}, "2 users leave the scope at once, and the deletion threshold is 2: the service holds"),
        (Impact(1, 5), {"deletion_threshold": 1}, "1 user leaves the scope at once"),
        (Impact(2, 5, "at_most"), {"deletion_threshold": 2}, "up to 2 users leave the scope at once"),
        (Impact(1, 5, undetermined=2), {"deletion_threshold": 2}, "up to 3 users leave the scope at once, and the deletion threshold is 2: the service may hold"),
        (Impact(2, 5, "at_least"), {"deletion_threshold": 2}, "at least 2 users leave"),
        (Impact(2, None, sample_size=9), {"deletion_threshold": 2}, "at least 2 users leave"),
        (LEAVING, {"deletion_threshold": 3}, ""),
        (LEAVING, {}, ""),
        (None, {"deletion_threshold": 1}, ""),
        (LEAVING, {"deletion_threshold": 1, "skip_out_of_scope_deletions": True}, ""),
    ],
)  # fmt: skip
def test_threshold_warnings_say_how_many_leave(leaving, state, text):
    tree = {"version": 1, "name": "a", "application": {"display_name": "A"}, "provisioning": {"enabled": True}}
    spec = Spec.model_validate(tree)
    warnings = [each.message for each in threshold_warnings(spec, Snapshot(), ProvisioningState(**state), (), leaving)]
    assert [message[: len(text)] for message in warnings] == ([text] if text else [])


def test_threshold_warnings_are_silent_while_provisioning_is_off():
    tree = {"version": 1, "name": "a", "application": {"display_name": "A"}, "provisioning": {"enabled": False}}
    state = ProvisioningState(deletion_threshold=1)
    assert list(threshold_warnings(Spec.model_validate(tree), Snapshot(), state, (), LEAVING)) == []
