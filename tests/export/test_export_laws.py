"""Any live application becomes a spec whose plan is empty; nothing unknown is lost on the way there and back."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path

import pytest

from scimconf.export import ExportedSpec
from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.workflow import export
from tests.tenant_fixture import TOKEN, WRITER, Rehearsal, changes, everything_open, exit_code, mapping

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "samples"
NAMES = [
    "05-salesforce-job-schema-2017-full",
    "06-salesforce-sfoutdelta-template-2017-full",
    "07-docs-salesforce-directory-extension",
    "08-docs-salesforce-custom-target-attr",
    "09-docs-schema-get-stub",
    "10-docs-schema-update-ex1-repaired",
    "11-docs-update-ex2-customappsso-custom-attr",
    "12-docs-aws-awssinglesignon-template-2021-repaired",
    "13-docs-update-ex3-mapping-in-rules-malformed",
    "17-docs-crosstenant-azure2azure-schema-stub-repaired",
]
VOLATILE = ("version", "id")


def exported(tenant: Rehearsal, app: str = "Writer", *, full: bool = False) -> ExportedSpec:
    return tenant.run(lambda live: export(live, {"display_name": app}, "exported", "contoso.com", full=full))


def loaded(declared: ExportedSpec, folder: Path):
    path = folder / "exported.yaml"
    path.write_text(write_spec(declared.tree), "utf-8")
    found = load(str(path), lambda name: Path(name).read_bytes(), {}, {})
    assert found.spec is not None, [problem.message for problem in found.diagnostics]
    return found


def set_up() -> Rehearsal:
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    tenant.forget()
    return tenant


def sample(name: str):
    file = SAMPLES / f"{name}.json"
    if not file.exists():
        pytest.skip("the published documents are not beside this checkout")
    document = json.loads(file.read_bytes())
    return document.get("schema") or (document.get("value") or [{}])[0].get("schema") or document


def with_schema(schema) -> Rehearsal:
    """A tenant in which an application's job has this schema, as if it had always been there."""
    job = {"template": "scim", "state": "Disabled", "schema": schema}
    return Rehearsal({"applications": [{"displayName": "Sample", "template": "Custom", "jobs": [job]}]})


@pytest.mark.parametrize("full", [False, True], ids=["default", "full"])
def test_what_is_exported_plans_to_nothing_and_is_applied_without_a_write(tmp_path, full):
    """The first thing that an engineer checks before daring to apply."""
    tenant = set_up()
    spec = loaded(exported(tenant, full=full), tmp_path)
    planned = tenant.plan(spec)
    assert (planned.errors, changes(planned)) == ((), [])
    tenant.forget()
    assert exit_code(tenant.apply(planned)) == 0
    assert tenant.writes == []


def test_what_is_exported_twice_is_the_same_to_the_letter():
    """No clock, no order of arrival in it."""
    tenant = set_up()
    assert write_spec(exported(tenant, full=True).tree) == write_spec(exported(tenant, full=True).tree)


def test_a_full_export_makes_the_same_application_in_an_empty_tenant(tmp_path):
    """The documents are equal, apart from ids and versions."""
    tenant = set_up()
    spec = loaded(exported(tenant, full=True), tmp_path)
    other = Rehearsal(environ={"EXPORTED_SCIM_TOKEN": TOKEN})
    planned = other.plan(spec)
    report = other.apply(planned, everything_open(planned))
    assert (exit_code(report), report.error) == (0, "")
    assert settled(other.schema()) == settled(tenant.schema())
    assert other.saved() == tenant.saved()
    assert other.assigned() == tenant.assigned()
    assert {name: words(role) for name, role in other.roles().items()} == {
        name: words(role) for name, role in tenant.roles().items()
    }


def settled(schema):
    return {key: value for key, value in schema.items() if key not in (*VOLATILE, "@odata.context")}


def words(role):
    return {key: role[key] for key in ("displayName", "description", "isEnabled", "allowedMemberTypes")}


@pytest.mark.parametrize("name", NAMES)
def test_a_published_schema_is_exported_and_plans_to_nothing(tmp_path, name):
    """Complete, partial and malformed documents: handled, or refused with a problem, never a crash."""
    tenant = with_schema(sample(name))
    found = exported(tenant, "Sample", full=True)
    planned = tenant.plan(loaded(found, tmp_path))
    assert changes(planned) == []
    assert [problem.code for problem in planned.errors if problem.code != "no-matching"] == []


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_change_of_one_mapping_changes_that_mapping_and_nothing_else(tmp_path, name):
    """What is PUT differs from what was read in one row, keys and order included."""
    tenant = with_schema(sample(name))
    before = tenant.schema("Sample")
    found = exported(tenant, "Sample", full=True)
    found.tree["mappings"]["users"]["attributes"]["Email"] = "otherMail"
    tenant.switch(sort_mappings="no")
    found.tree["mappings"]["users"].setdefault("source_attributes", {})["otherMail"] = {"type": "string"}
    planned = tenant.plan(loaded(found, tmp_path))
    assert planned.errors == ()
    tenant.forget()
    report = tenant.apply(planned, everything_open(planned))
    assert [one.detail for one in report.failed] == []
    (put,) = [one for one in tenant.journal if one["method"] == "PUT" and one["path"].endswith("/schema")]
    wanted = copy.deepcopy(before)
    row = next(one for one in mapping(wanted)["attributeMappings"] if one["targetAttributeName"] == "Email")
    sent = next(one for one in mapping(put["body"])["attributeMappings"] if one["targetAttributeName"] == "Email")
    assert sent["source"]["name"] == "otherMail"
    row["source"] = sent["source"]
    attributes = wanted["directories"][0]["objects"][0]["attributes"]
    attributes.append(put["body"]["directories"][0]["objects"][0]["attributes"][-1])
    assert json.dumps(put["body"]) == json.dumps(wanted)


def test_an_application_that_is_not_there_is_a_problem():
    """With what to do, and nothing written."""
    from scimconf.diagnostics import DiagnosticsError

    with pytest.raises(DiagnosticsError) as caught:
        exported(Rehearsal(), "Nobody")
    assert [problem.code for problem in caught.value.diagnostics] == ["K103"]


def test_an_export_reads_only():
    """Not one write request, whatever is exported."""
    tenant = set_up()
    exported(tenant, full=True)
    assert tenant.writes == []
    assert asyncio.iscoroutinefunction(export)
