"""Tests of the worklist of an export of all applications, with golden files."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from golden_files import golden_render

from scimconf.monitoring.adoption import AdoptedApplication, AdoptionResult, PlanProof
from scimconf.monitoring.contacts import Contact, ContactState
from scimconf.monitoring.job_status import job_status
from scimconf.plan import Impact
from scimconf.render import adoption

GOLDEN = Path(__file__).parent / "adoption"
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOSTILE = "=cmd()|<script>`@everyone\x1b[2J"
ADA = Contact("owner", "ada@contoso.com", ContactState.ENABLED, "id-ada", "ada@contoso.com")
GRACE = Contact("owner", "id-grace", ContactState.DISABLED, "id-grace", "grace@contoso.com")


def job(template="scim", state="Active", **status):
    return job_status({"id": "1", "templateId": template, "schedule": {"state": state}, "status": status}, NOON)


RUN = {"timeBegan": "2026-11-30T11:40:00Z", "timeEnded": "2026-11-30T11:48:00Z"}
RESULT = AdoptionResult(
    applications=(
        AdoptedApplication(
            name="writer",
            display_name="Writer",
            app_id="11111111",
            path="apps/writer.scimconf.yaml",
            action="written",
            jobs=(job(code="Active", steadyStateFirstAchievedTime="2026-11-02T08:00:00Z", lastExecution=RUN),),
            in_scope=Impact(3, 12),
            omitted=("the assignment of Robot (ServicePrincipal) is not managed: a spec lists users and groups only",),
            proof=PlanProof(0),
            owners=(ADA, GRACE),
            entra_owners=(ADA,),
            recipients=(Contact("recipient", "ops@vendor.example", ContactState.EXTERNAL),),
            secrets=("key_vault https://kv.vault.azure.net writer-scim",),
        ),
        AdoptedApplication(
            name="cmd",
            display_name=HOSTILE,
            app_id="22222222",
            path="apps/cmd.scimconf.yaml",
            action="kept",
            jobs=(job(code="Quarantine", quarantine={"reason": "TooManyDeletes"}), job("old", "Disabled")),
            proof=PlanProof(1, (f"cmd:app_role/{HOSTILE}",)),
            entra_owners=(Contact("owner", HOSTILE, ContactState.ENABLED, "x", HOSTILE),),
            recipients=(Contact("recipient", HOSTILE, ContactState.MISSING),),
        ),
        AdoptedApplication(
            name="old",
            display_name="Old",
            path="apps/old.scimconf.yaml",
            action="replaced",
            jobs=(job(state="Disabled", lastExecution=RUN),),
            proof=PlanProof(7, tuple(f"old:app_role/{number}" for number in range(7))),
            differences=("old:settings",),
            entra_owners_problem="403 Denied",
            mail_problem="the secrets cannot be read",
        ),
        AdoptedApplication(
            name="same", display_name="Same", path="apps/same.scimconf.yaml", action="unchanged", jobs=(job(),),
            proof=PlanProof(problem="K203 several templates"),
        ),
        AdoptedApplication(
            name="less", display_name="Less", path="apps/less.scimconf.yaml", action="kept", jobs=(job(),),
            proof=PlanProof(0, warnings=("the tenant has no user x",)), retired="2026-11-20",
        ),
        AdoptedApplication(name="denied", display_name="Denied", action="failed", problem=f"403 {HOSTILE}"),
        AdoptedApplication(name="gone", display_name="Gone", action="gone", problem="it was deleted during the export"),
    ),
    orphans=("apps/left.scimconf.yaml",),
)  # fmt: skip


def lines():
    texts = [adoption.line(each) for each in RESULT.applications]
    return "\n".join([*texts, adoption.verdict(RESULT)]) + "\n"


@pytest.mark.parametrize(
    ("name", "rendered"),
    [
        ("adopt.md", lambda: adoption.as_markdown(RESULT, "scimconf export --all apps")),
        ("adopt.csv", lambda: adoption.as_csv(RESULT)),
        ("adopt.txt", lines),
    ],
)
def test_golden(name, rendered):
    text = rendered()
    assert text == golden_render(GOLDEN / name, text, str)


def test_no_cell_of_the_csv_is_a_formula():
    rows = list(csv.reader(io.StringIO(adoption.as_csv(RESULT))))
    assert rows[0] == list(adoption.COLUMNS)
    assert {len(row) for row in rows} == {len(adoption.COLUMNS)}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("applications", "sentence"),
    [
        ((), "0 applications have a provisioning job: no specs."),
        (RESULT.applications[:1], "1 application has a provisioning job: 1 written; all plans are empty."),
        (RESULT.applications[5:], "2 applications have a provisioning job: 1 failed, 1 deleted meanwhile."),
    ],
)
def test_the_verdict_is_one_sentence(applications, sentence):
    assert adoption.verdict(AdoptionResult(applications=applications)) == sentence


def test_without_orphans_and_tasks_there_is_no_such_section():
    application = AdoptedApplication(name="x", display_name="X", action="written", owners=(ADA,), proof=PlanProof(0))
    text = adoption.as_markdown(AdoptionResult(applications=(application,)), "x")
    assert "Specs without an application" not in text
    assert "does not contain" not in text
