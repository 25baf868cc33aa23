"""Export of a live application: the spec round-trips, and unknown properties are preserved."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path

import pytest

from scimconf.export import ExportedSpec
from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.workflow.export import export
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
    "60-scim-job-schema-2020-full",
]
COMPLETE = {NAMES[0]: "Email", NAMES[1]: "Email", NAMES[-1]: "displayName"}
"""The complete schemas, each with a target attribute of users whose mapping a test changes."""

NAMES_WRITTEN = [pytest.param(name, marks=pytest.mark.slow) for name in NAMES[:2]] + [NAMES[-1]]
"""The complete schemas as parameters: the default run writes the one of the `scim` template."""

VOLATILE = ("version", "id")


def exported(tenant: Rehearsal, app: str = "Writer", *, full: bool = False) -> ExportedSpec:
    return tenant.run(lambda live: export(live, {"display_name": app}, "exported", "contoso.com", full=full))


def load_exported(spec: ExportedSpec, folder: Path):
    """Write an exported spec to a folder and load it."""
    path = folder / "exported.yaml"
    path.write_text(write_spec(spec.tree), "utf-8")
    result = load(str(path), lambda name: Path(name).read_bytes(), {}, {}, lambda _: True)
    assert result.spec is not None, [problem.message for problem in result.diagnostics]
    return result


def writer_tenant() -> Rehearsal:
    tenant = Rehearsal()
    planned = tenant.plan(WRITER)
    tenant.apply(planned, everything_open(planned))
    tenant.forget()
    return tenant


def sample_schema(name: str):
    file = SAMPLES / f"{name}.json"
    if not file.exists():
        pytest.skip("the published documents are not beside this checkout")
    document = json.loads(file.read_bytes())
    return document.get("schema") or (document.get("value") or [{}])[0].get("schema") or document


def tenant_with_schema(schema) -> Rehearsal:
    """Return a tenant with an application whose job has this schema; None is the default schema."""
    job = {"template": "scim", "state": "Disabled", "schema": schema}
    return Rehearsal({"applications": [{"displayName": "Sample", "template": "Custom", "jobs": [job]}]})


@pytest.mark.parametrize("full", [False, True], ids=["default", "full"])
def test_export_round_trips_and_apply_writes_nothing(tmp_path, full):
    tenant = writer_tenant()
    spec = load_exported(exported(tenant, full=full), tmp_path)
    planned = tenant.plan(spec)
    assert (planned.errors, changes(planned)) == ((), [])
    tenant.forget()
    assert exit_code(tenant.apply(planned)) == 0
    assert tenant.writes == []


def test_export_writes_the_same_text_twice():
    tenant = writer_tenant()
    assert write_spec(exported(tenant, full=True).tree) == write_spec(exported(tenant, full=True).tree)


def test_full_export_recreates_the_application_in_an_empty_tenant(tmp_path):
    """The documents are equal, except for ids and versions."""
    tenant = writer_tenant()
    spec = load_exported(exported(tenant, full=True), tmp_path)
    other = Rehearsal(environ={"EXPORTED_SCIM_TOKEN": TOKEN})
    planned = other.plan(spec)
    report = other.apply(planned, everything_open(planned))
    assert (exit_code(report), report.error) == (0, "")
    assert without_volatile_fields(other.schema()) == without_volatile_fields(tenant.schema())
    assert other.saved() == tenant.saved()
    assert other.assigned() == tenant.assigned()
    assert {name: role_texts(role) for name, role in other.roles().items()} == {
        name: role_texts(role) for name, role in tenant.roles().items()
    }


def without_volatile_fields(schema):
    return {key: value for key, value in schema.items() if key not in (*VOLATILE, "@odata.context")}


def role_texts(role):
    return {key: role[key] for key in ("displayName", "description", "isEnabled", "allowedMemberTypes")}


@pytest.mark.parametrize("name", NAMES)
def test_export_of_a_published_schema_round_trips(tmp_path, name):
    """The schemas are complete, partial or malformed."""
    tenant = tenant_with_schema(sample_schema(name))
    spec = exported(tenant, "Sample", full=True)
    planned = tenant.plan(load_exported(spec, tmp_path))
    assert changes(planned) == []
    assert [problem.code for problem in planned.errors if problem.code != "no-matching"] == []


def tenant_with_written_schema(schema) -> Rehearsal:
    """Return a tenant with an application whose job got this schema by a PUT.

    A new job accepts the schema of its template only; the job of another template has the schema before the PUT.
    """
    has_template_rules = schema["synchronizationRules"][0]["id"] == "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
    tenant = tenant_with_schema(None if has_template_rules else schema)
    tenant.put_schema(schema, "Sample")
    return tenant


@pytest.mark.parametrize("name", NAMES_WRITTEN)
@pytest.mark.parametrize("full", [False, True], ids=["default", "full"])
def test_export_of_a_complete_schema_round_trips_after_it_was_written(tmp_path, name, full):
    tenant = tenant_with_written_schema(sample_schema(name))
    spec = load_exported(exported(tenant, "Sample", full=full), tmp_path)
    before = tenant.schema("Sample")
    planned = tenant.plan(spec)
    assert (planned.errors, changes(planned)) == ((), [])
    tenant.put_schema(before, "Sample")
    assert without_volatile_fields(tenant.schema("Sample")) == without_volatile_fields(before)


@pytest.mark.parametrize("tenant_with", [tenant_with_schema, tenant_with_written_schema], ids=["read", "written"])
@pytest.mark.parametrize("name", NAMES_WRITTEN)
def test_apply_of_an_exported_spec_changes_only_the_edited_mapping(tmp_path, name, tenant_with):
    """The PUT body equals the schema that was read, except for one mapping and one source attribute."""
    tenant, target = tenant_with(sample_schema(name)), COMPLETE[name]
    before = tenant.schema("Sample")
    spec = exported(tenant, "Sample", full=True)
    spec.tree["mappings"]["users"]["attributes"][target] = "otherMail"
    tenant.switch(sort_mappings="no")
    spec.tree["mappings"]["users"].setdefault("source_attributes", {})["otherMail"] = {"type": "string"}
    planned = tenant.plan(load_exported(spec, tmp_path))
    assert planned.errors == ()
    tenant.forget()
    report = tenant.apply(planned, everything_open(planned))
    assert [one.detail for one in report.failed] == []
    (put,) = [one for one in tenant.journal if one["method"] == "PUT" and one["path"].endswith("/schema")]
    wanted = copy.deepcopy(before)
    row = next(one for one in mapping(wanted)["attributeMappings"] if one["targetAttributeName"] == target)
    sent = next(one for one in mapping(put["body"])["attributeMappings"] if one["targetAttributeName"] == target)
    assert sent["source"]["name"] == "otherMail"
    row["source"] = sent["source"]
    attributes = wanted["directories"][0]["objects"][0]["attributes"]
    attributes.append(put["body"]["directories"][0]["objects"][0]["attributes"][-1])
    assert json.dumps(put["body"]) == json.dumps(wanted)
    again = tenant.plan(load_exported(spec, tmp_path))
    assert (again.errors, changes(again)) == ((), [])


def test_export_of_a_missing_application_raises_k103():
    from scimconf.diagnostics import DiagnosticsError

    with pytest.raises(DiagnosticsError) as caught:
        exported(Rehearsal(), "Nobody")
    assert [problem.code for problem in caught.value.diagnostics] == ["K103"]


def test_export_sends_no_write_request():
    tenant = writer_tenant()
    exported(tenant, full=True)
    assert tenant.writes == []
    assert asyncio.iscoroutinefunction(export)


def test_plan_of_an_export_shows_what_is_edited_in_the_portal_afterwards(tmp_path):
    """Also where the mappings were those of the template when they were exported."""
    tenant = tenant_with_schema(None)
    spec = load_exported(exported(tenant, "Sample"), tmp_path)
    schema = tenant.schema("Sample")
    rows = mapping(schema)["attributeMappings"]
    rows[:] = [row for row in rows if row["targetAttributeName"] != "title"]
    row = next(row for row in rows if row["targetAttributeName"] == "externalId")
    row["source"] = {"expression": "[objectId]", "name": "objectId", "type": "Attribute", "parameters": []}
    rows.append(copy.deepcopy(row) | {"targetAttributeName": "nickName"})
    tenant.put_schema(schema, "Sample")
    planned = tenant.plan(spec)
    prefix = "exported:attribute_mapping/users"
    assert [str(change.address) for change in planned.plan.changes] == [f"{prefix}/externalId", f"{prefix}/title"]
    assert [str(resource.address) for resource in planned.plan.unmanaged_drift] == [f"{prefix}/nickName"]
