"""Tests of the worklist of an export of all applications: what is left to do for each."""

from datetime import UTC, datetime

import pytest

from scimconf.monitoring.adoption import MAX_CHANGES, AdoptedApplication, AdoptionResult, PlanProof, tasks
from scimconf.monitoring.contacts import Contact, ContactState
from scimconf.monitoring.job_status import job_status

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
QUARANTINED = job_status(
    {
        "id": "scim.1",
        "schedule": {"state": "Active"},
        "status": {"code": "Quarantine", "quarantine": {"reason": "TooManyDeletes"}},
    },
    NOON,
)
OFF = job_status({"id": "scim.2", "schedule": {"state": "Disabled"}}, NOON)
ADA = Contact("owner", "ada@contoso.com", ContactState.ENABLED, "id-ada", "ada@contoso.com")
EVE = Contact("owner", "eve@contoso.com", ContactState.MISSING)
MAIL = Contact("recipient", "identity@contoso.com", ContactState.ENABLED)
NOBODY = Contact("recipient", "nobody@contoso.com", ContactState.MISSING)
OUTSIDE = Contact("recipient", "ops@vendor.example", ContactState.EXTERNAL)
NO_OWNER = "name who answers for it under `owners`"
DEFECT = "this is a defect of scimconf, please report it"


def application(action="written", **values):
    given = {"owners": (ADA,), "recipients": (MAIL,), "jobs": (OFF,), "proof": PlanProof(0), **values}
    return AdoptedApplication(name="writer", display_name="Writer", action=action, **given)


@pytest.mark.parametrize(
    ("adopted", "expected"),
    [
        (application(), []),
        (application("failed", problem="denied"), ["denied"]),
        (application("gone", problem="it was deleted during the export"), ["it was deleted during the export"]),
        (application(proof=PlanProof(1, ("a:b",))), [f"the plan has 1 change (a:b): {DEFECT}"]),
        (
            application("kept", proof=PlanProof(MAX_CHANGES + 2, ("a:b",) * MAX_CHANGES)),
            [f"the plan has 22 changes ({', '.join(['a:b'] * 20)} and 2 more): the spec and the tenant differ"],
        ),
        (application(proof=PlanProof(problem="K203 x")), ["the spec could not be planned: K203 x"]),
        (application(proof=PlanProof(0, warnings=("no user x",))), ["no user x"]),
        (application(owners=()), [NO_OWNER]),
        (application(owners=(), entra_owners=(ADA,)), [f"{NO_OWNER}; the owners in Entra are ada@contoso.com"]),
        (
            application(owners=(ADA, EVE)),
            ["the tenant has no user or group eve@contoso.com: name another one under `owners`"],
        ),
        (
            application(recipients=(NOBODY, OUTSIDE)),
            ["no user or group of the tenant has the address nobody@contoso.com: change `provisioning.notifications`"],
        ),
        (
            application(recipients=()),
            ["nobody gets emails about a quarantine: set `provisioning.notifications`"],
        ),
        (application(recipients=(), mail_problem="denied"), []),
    ],
)
def test_tasks_are_what_is_left_to_do(adopted, expected):
    assert list(tasks(adopted)) == expected


def test_tasks_have_the_quarantine_and_each_secret():
    first, second = tasks(application(jobs=(QUARANTINED,), secrets=("env WRITER_SCIM_TOKEN",)))
    assert first.startswith("end the quarantine (TooManyDeletes): ")
    assert second.startswith("store the secret of the connection as env WRITER_SCIM_TOKEN: ")


def test_a_result_counts_what_happened():
    result = AdoptionResult(applications=(application(), application("kept"), application("failed")))
    assert (result.count("written"), result.count("written", "kept"), result.count("gone")) == (1, 2, 0)
    assert [each.is_failed for each in result.applications] == [False, False, True]
    assert [each.has_spec for each in result.applications] == [True, True, False]
    assert application("gone").has_spec is False
    proofs = PlanProof(), PlanProof(0), PlanProof(0, warnings=("no user x",)), PlanProof(1)
    assert [proof.is_empty for proof in proofs] == [False, True, True, False]
