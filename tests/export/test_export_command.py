"""The commands `export` and `diff`: files, output and exit codes."""

from __future__ import annotations

import pytest
from tenant_fixture import TOKEN, WRITER

from scimconf.render.yaml import format_text

ROLES = [{"value": "admin", "displayName": "admin"}]


def load_application(desk, users=0, **application):
    """Replace the content of the sandbox tenant with one application, and users who are assigned to it."""
    from scimconf.sandbox.tenant_file import TenantFile

    content = {
        "applications": [{"displayName": "Writer", "template": "custom", "jobs": [{"template": "scim"}], **application}]
    }
    if users:
        content["generate"] = {"users": users, "assign": {"application": "Writer", "role": "User"}}
    with desk.service.tenant.store.transaction():
        desk.service.tenant.store.wipe()
        TenantFile(content).load(desk.service.tenant)
    return desk


@pytest.fixture
def writer(desk):
    assert desk("apply", "--auto-approve", WRITER).code == 0
    desk.service.journal.entries.clear()
    return desk


def test_export_to_a_file_round_trips_without_changes(writer):
    result = writer("export", "--app", "Writer", "--out", "w.scimconf.yaml")
    assert (result.code, result.out) == (0, "")
    assert "Wrote w.scimconf.yaml." in result.err
    planned = writer("plan", "w.scimconf.yaml", "--detailed-exitcode")
    assert (planned.code, writer.writes) == (0, [])
    text = (writer.folder / "w.scimconf.yaml").read_text()
    assert format_text(text) == text
    assert text.startswith("# yaml-language-server: $schema=")
    assert "# the template has [userPrincipalName]" not in text
    assert TOKEN not in text
    assert "tenant: contoso.com" in text


def test_export_names_a_json_schema_that_exists_or_says_how_to_write_it(writer):
    advice = "`scimconf init --only-schema` writes"
    assert advice in writer("export", "--app", "Writer", "--out", "w.scimconf.yaml").err
    assert writer("init", "--only-schema", "apps").code == 0
    result = writer("export", "--app", "Writer", "--out", "apps/w.scimconf.yaml")
    assert (result.code, advice in result.err) == (0, False)
    assert "$schema=.scimconf/spec.schema.json" in (writer.folder / "apps/w.scimconf.yaml").read_text()


def test_export_without_out_prints_the_spec_on_stdout(writer):
    result = writer("export", "--app", "Writer", "--full")
    assert result.code == 0
    assert format_text(result.out) == result.out
    assert "unlisted: report" in result.out
    assert writer("export", "--app", "Writer", "--full").out == result.out


def test_export_overwrites_an_existing_file_only_with_force(writer):
    writer.file("w.yaml", "mine")
    result = writer("export", "--app", "Writer", "--out", "w.yaml")
    assert (result.code, (writer.folder / "w.yaml").read_text()) == (64, "mine")
    assert "--force" in result.err
    assert writer("export", "--app", "Writer", "--out", "w.yaml", "--force").code == 0
    assert (writer.folder / "w.yaml").read_text() != "mine"


def test_export_finds_the_application_by_name_application_id_and_object_id(writer):
    from scimconf.sandbox.control import dump

    principal = dump(writer.service)["servicePrincipals"][0]
    texts = {
        writer("export", "--app", one, "--name", "w").out for one in ("Writer", principal["appId"], principal["id"])
    }
    assert len(texts) == 1
    assert "\nname: w\n" in texts.pop()
    assert writer("export", "--app", "00000000-0000-4000-8000-000000000000").code == 65
    assert writer("export", "--app", "Nobody").code == 65


def test_export_writes_no_file_if_a_read_is_denied(writer):
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    writer.fault(refused, method="GET", path="*/secrets", times=0)
    result = writer("export", "--app", "Writer", "--out", "w.yaml")
    assert result.code == 65
    assert not (writer.folder / "w.yaml").exists()


def test_export_reports_what_a_spec_cannot_express_and_strict_exits_2(desk):
    """It is reported on stderr and in a comment at the end of the file, without control characters."""
    load_application(desk, roles=[{"value": "a b", "displayName": "a\x1b[2J"}])
    result = desk("export", "--app", "Writer", "--out", "w.yaml")
    assert result.code == 0
    assert "  not in the spec: the role a b has a value" in result.err
    assert "# The application also has, which a spec cannot contain:" in (desk.folder / "w.yaml").read_text()
    assert desk("export", "--app", "Writer", "--strict").code == 2
    assert desk("export", "--app", "Writer", "--strict", "--full").code == 2


def test_export_writes_more_than_50_users_to_a_csv_file(desk):
    """The CSV file is read by plan, and is overwritten only with --force."""
    load_application(desk, users=60)
    assert desk("export", "--app", "Writer", "--out", "w.scimconf.yaml").code == 0
    lines = (desk.folder / "w.users.csv").read_text().splitlines()
    assert (lines[0], len(lines), lines[1]) == ("user,role", 61, "user00001@contoso.com,User")
    assert "users_from: [w.users.csv]" in (desk.folder / "w.scimconf.yaml").read_text()
    assert desk("plan", "w.scimconf.yaml", "--detailed-exitcode").code == 0
    (desk.folder / "w.scimconf.yaml").unlink()
    assert desk("export", "--app", "Writer", "--out", "w.scimconf.yaml").code == 64
    assert not (desk.folder / "w.scimconf.yaml").exists()
    assert desk("export", "--app", "Writer", "--out", "w.scimconf.yaml", "--force").code == 0
    assert "user00060@contoso.com" in desk("export", "--app", "Writer").out


def test_export_all_writes_the_users_of_an_application_beside_its_spec(desk):
    """A spec whose application the tenant does not have is named."""
    load_application(desk, users=60)
    left = "version: 1\nname: left\napplication: {display_name: Left}\nprovisioning: {enabled: false}\n"
    desk.file("apps/inner/scimconf.yaml", left)
    result = desk("export", "--all", "apps")
    assert result.code == 0, result
    assert len((desk.folder / "apps" / "writer.users.csv").read_text().splitlines()) == 61
    assert "users_from: [writer.users.csv]" in (desk.folder / "apps" / "writer.scimconf.yaml").read_text()
    assert "apps/inner/scimconf.yaml: no application with a provisioning job" in result.err
    assert desk("plan", "apps", "--detailed-exitcode").code == 0
    assert (desk.folder / "apps" / "inner" / "scimconf.yaml").read_text() == left


def test_export_all_finds_specs_with_variables(desk):
    load_application(desk)
    assert desk("export", "--all", "apps").code == 0
    file = desk.folder / "apps" / "writer.scimconf.yaml"
    text = file.read_text()
    app_id = text.partition('app_id: "')[2][:36]
    file.write_text(text.replace(app_id, "${var:APP}"))
    result = desk("export", "--all", "apps", "--var", f"APP={app_id}")
    assert (result.code, "exists, not changed, plan empty" in result.err) == (0, True), result


def test_export_all_that_fails_for_an_application_exits_1_and_writes_the_worklist(desk):
    load_application(desk)
    denied = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    desk.fault(denied, method="GET", path="*/secrets", times=0)
    result = desk("export", "--all", "apps")
    assert (result.code, "Writer: failed: " in result.err) == (1, True), result
    assert "- [ ] " in (desk.folder / "apps" / "adopt.md").read_text()
    assert not list((desk.folder / "apps").glob("*.yaml"))


# --- unmanaged resources ---------------------------------------------------------------------------------------------

SMALL = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
provisioning: {enabled: true}
mappings: {users: {attributes: {externalId: mailNickname}}}
app_roles: {roles: [{value: admin, description: Writer organisation admin}]}
assignments: {unlisted: keep, groups: [{name: Writer admins, role: admin}]}
"""


def test_plan_counts_unmanaged_resources_and_show_unmanaged_lists_them(writer):
    writer.file("small.yaml", SMALL)
    result = writer("plan", "small.yaml")
    assert result.code == 0
    assert "attribute_mapping/users/title" not in result.out
    assert "unmanaged: " in " ".join(result.out.lower().split())
    listed = writer("plan", "--show-unmanaged", "small.yaml").out
    for address in ("attribute_mapping/users/title", "app_role/member", "assignment/user:ada@contoso.com/admin"):
        assert address in listed


# --- diff ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_specs(desk):
    desk.file("one.yaml", SMALL)
    desk.file("other.yaml", SMALL.replace("mailNickname", "mail").replace("Writer admins", "Writer editors"))
    return desk


def test_diff_of_two_specs_exits_2_and_sends_no_request(two_specs):
    result = two_specs("diff", "one.yaml", "other.yaml")
    assert result.code == 2
    assert "attribute_mapping/users/externalId" in result.out
    assert "+ assignment/group:Writer editors" in result.out
    same = two_specs("diff", "one.yaml", "one.yaml")
    assert same.code == 0
    assert list(two_specs.service.journal.entries) == []


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_diff_prints_a_change_in_every_format(two_specs, form):
    result = two_specs("diff", "one.yaml", "other.yaml", "--format", form)
    assert result.code == 2
    assert "externalId" in result.out
    if form == "json":
        import json

        document = json.loads(result.out)
        assert {one["action"] for one in document["applications"][0]["changes"]} == {"create", "delete", "update"}


def test_diff_of_two_specs_compares_secret_references(two_specs):
    for name, variable in (("one", "A_TOKEN"), ("other", "B_TOKEN")):
        two_specs.file(
            f"{name}.yaml", f"{SMALL}connection: {{authentication: bearer, secret_token: {{env: {variable}}}}}\n"
        )
    result = two_specs("diff", "one.yaml", "other.yaml")
    assert result.code == 2
    assert "A_TOKEN" in result.out
    assert "B_TOKEN" in result.out


def test_diff_of_two_specs_reports_a_field_of_one_spec_in_both_directions(two_specs):
    two_specs.file("other.yaml", SMALL.replace("enabled: true}", "enabled: true, deletion_threshold: 7}"))
    for sides in (("one.yaml", "other.yaml"), ("other.yaml", "one.yaml")):
        result = two_specs("diff", *sides)
        assert result.code == 2
        assert "deletion_threshold" in result.out


def test_diff_of_an_application_and_a_spec_ignores_unmanaged_resources(writer):
    writer.file("small.yaml", SMALL.replace("mailNickname", "mail"))
    result = writer("diff", "app:Writer", "small.yaml")
    assert result.code == 2
    assert "attribute_mapping/users/externalId" in result.out
    assert "attribute_mapping/users/title" not in result.out
    assert writer("diff", "app:Writer", WRITER).code == 0
    assert writer.writes == []


def test_diff_of_a_spec_and_an_application_reports_unmanaged_resources(writer):
    """Secrets are not compared."""
    writer.file("small.yaml", SMALL)
    result = writer("diff", "small.yaml", "app:Writer")
    assert result.code == 2
    assert "attribute_mapping/users/title" in result.out
    full = writer("export", "--app", "Writer", "--full", "--out", "full.yaml")
    assert full.code == 0
    assert writer("diff", "full.yaml", "app:Writer").code == 0


def test_diff_of_an_application_and_a_preset_shows_what_differs_from_the_guide(desk):
    load_application(desk, displayName="Our Slack", template="Slack", jobs=[{"template": "Slack"}])
    result = desk("diff", "app:Our Slack", "preset:slack")
    assert result.code == 2
    lines = {line.split()[1] for line in result.out.splitlines() if line.startswith(("  ~ ", "  + "))}
    names = {"userName", "displayName"}
    assert lines == {*(f"attribute_mapping/users/{name}" for name in names), "schedule", "settings"}
    assert "Left([mailNickname], 20)" in result.out
    assert desk.writes == []


def test_diff_compares_two_applications(writer):
    from scimconf.sandbox.tenant_file import TenantFile

    del TenantFile
    writer.file(
        "copy.yaml",
        writer("export", "--app", "Writer", "--full").out.replace("display_name: Writer", "display_name: Copy", 1),
    )
    applied = writer("apply", "--auto-approve", "copy.yaml")
    assert applied.code == 0, applied.err
    same = writer("diff", "app:Writer", "app:Copy")
    assert same.code == 0, same.out
    writer.file(
        "more.yaml",
        writer("export", "--app", "Copy", "--name", "writer", "--full").out.replace(
            "deletion_threshold: 50", "deletion_threshold: 60"
        ),
    )
    assert writer("apply", "--auto-approve", "more.yaml").code == 0
    result = writer("diff", "app:Writer", "app:Copy")
    assert result.code == 2
    assert "deletion_threshold" in result.out


@pytest.mark.parametrize(
    ("sides", "code"),
    [
        (("none.yaml", "one.yaml"), 65),
        (("one.yaml", "bad.yaml"), 65),
        (("one.yaml", "."), 65),
        (("app:Nobody", "one.yaml"), 65),
        (("one.yaml",), 64),
    ],
)
def test_diff_exits_with_65_for_an_invalid_side_and_64_for_a_missing_side(two_specs, sides, code):
    two_specs.file("bad.yaml", "version: 2")
    (two_specs.folder / "bad.yaml").rename(two_specs.folder / "bad.scimconf.yaml") if sides[-1] == "." else None
    if sides[-1] == ".":
        two_specs.file("a.scimconf.yaml", SMALL)
        two_specs.file(
            "bad.scimconf.yaml",
            SMALL.replace("name: writer", "name: reader").replace("display_name: Writer", "display_name: Reader"),
        )
    assert two_specs("diff", *sides).code == code


def test_export_of_a_missing_application_does_not_suggest_to_create_it(desk):
    result = desk("export", "--app", "Nobody")
    assert result.code == 65
    assert "K103" in result.err
    assert "create:" not in result.err
    assert "Use the name that the portal shows" in result.err


@pytest.mark.parametrize("full", [[], ["--full"]])
@pytest.mark.parametrize("odd", ["${var:X}", "a ${env:X} b"])
def test_export_reports_and_omits_text_that_a_spec_would_read_as_a_reference(desk, full, odd):
    roles = [{"value": f"v{one}", "displayName": name, "description": "x"} for one, name in enumerate([odd, "b", odd])]
    settings = {"BaseAddress": "https://app.example.com/scim", "SecretToken": TOKEN, "UserName": odd}
    load_application(desk, displayName=odd, roles=roles, secrets=settings)
    result = desk("export", "--app", odd, "--name", "odd", *full, "--out", "odd.yaml")
    assert result.code == 0
    assert result.err.count(f"app_roles.roles: a spec would read {odd} as a reference") == 2
    assert f"a spec would read {odd} as a reference" in result.err
    planned = desk("plan", "odd.yaml", "--detailed-exitcode")
    assert planned.code == (2 if full else 0)
    assert not [line for line in planned.out.splitlines() if line.lstrip()[:2] in ("+ ", "~ ", "- ")]


TEMPLATES_OWN = """
extends: [{base}]
mappings:
  users:
    target_attributes: {{title: {{type: string, multivalued: false, required: false}}}}
role_attribute: {{target: nickName, source: appRoleAssignments, apply: always}}
"""


def test_diff_ignores_target_attributes_that_template_and_spec_both_define(desk):
    spec = desk.file("own.yaml", TEMPLATES_OWN.format(base=WRITER))
    allowed = ["--auto-approve", "--ignore", "L401"]
    assert desk("apply", *allowed, spec).code == 0
    assert desk("plan", "--detailed-exitcode", spec).code == 0
    for sides in (("app:Writer", spec), (spec, "app:Writer")):
        assert "target_attribute" not in desk("diff", *sides).out
    spec.write_text(spec.read_text().replace("required: false", "required: true"))
    for sides in (("app:Writer", spec), (spec, "app:Writer")):
        assert "~ target_attribute/users/title" in desk("diff", *sides).out


def test_an_export_that_graph_denies_a_part_of_exits_5_and_says_what_to_grant(desk):
    load_application(desk, assignments=[{"user": "ada@contoso.com", "role": None}])
    desk.service.tenant.store_value("permissions", ["Application.Read.All", "Synchronization.Read.All"])
    result = desk("export", "--app", "Writer", "--out", "w.yaml")
    assert result.code == 5
    assert "Grant the identity User.ReadBasic.All and Organization.Read.All with admin consent" in result.err
    text = (desk.folder / "w.yaml").read_text()
    assert "# Not exported, because Graph denied reading it:" in text
    assert "needs Organization.Read.All" in text
    result = desk("export", "--all", "apps")
    assert result.code == 5
    assert "incomplete: Graph denied reading 2" in result.err
    worklist = (desk.folder / "apps/adopt.md").read_text()
    assert "Graph denied reading:" in worklist
    desk.service.tenant.store_value("permissions", None)
    assert desk("export", "--all", "apps", "--force").code == 0


def test_plan_of_all_files_that_an_export_writes_skips_its_worklist(desk):
    load_application(desk, users=60)
    assert desk("export", "--all", "apps").code == 0
    paths = sorted(str(path) for path in (desk.folder / "apps").iterdir())
    result = desk("plan", *paths)
    assert (result.code, len(paths)) == (0, 4)
    assert result.err.startswith("Not specs, skipped: ")
    assert "adopt.csv" in result.err
