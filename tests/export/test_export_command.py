"""`scimconf export` as people use it: what is written where, and how it ends."""

from __future__ import annotations

import pytest
from tenant_fixture import TOKEN, WRITER

from scimconf.render.yaml import format_text

ROLES = [{"value": "admin", "displayName": "admin"}]


def populated(desk, users=0, **application):
    """The desk's tenant with an application in it."""
    from scimconf.sandbox.tenant_file import TenantFile

    described = {
        "applications": [{"displayName": "Writer", "template": "custom", "jobs": [{"template": "scim"}], **application}]
    }
    if users:
        described["generate"] = {"users": users, "assign": {"application": "Writer", "role": "User"}}
    with desk.service.tenant.store.transaction():
        desk.service.tenant.store.wipe()
        TenantFile(described).load(desk.service.tenant)
    return desk


@pytest.fixture
def writer(desk):
    assert desk("apply", "--auto-approve", WRITER).code == 0
    desk.service.journal.entries.clear()
    return desk


def test_what_is_written_plans_to_nothing(writer):
    """The way that the page on adoption shows."""
    said = writer("export", "--app", "Writer", "--out", "w.scimconf.yaml")
    assert (said.code, said.out) == (0, "")
    assert "Wrote w.scimconf.yaml." in said.err
    planned = writer("plan", "w.scimconf.yaml", "--detailed-exitcode")
    assert (planned.code, writer.writes) == (0, [])
    text = (writer.folder / "w.scimconf.yaml").read_text()
    assert format_text(text) == text
    assert text.startswith("# yaml-language-server: $schema=")
    assert "# the template has [userPrincipalName]" not in text
    assert TOKEN not in text
    assert "tenant: contoso.com" in text


def test_without_a_file_it_goes_to_stdout(writer):
    """The product on one stream, the talk on the other."""
    said = writer("export", "--app", "Writer", "--full")
    assert said.code == 0
    assert format_text(said.out) == said.out
    assert "unlisted: report" in said.out
    assert writer("export", "--app", "Writer", "--full").out == said.out


def test_a_file_that_is_there_stays_unless_forced(writer):
    """Nobody loses a spec by exporting twice."""
    writer.file("w.yaml", "mine")
    said = writer("export", "--app", "Writer", "--out", "w.yaml")
    assert (said.code, (writer.folder / "w.yaml").read_text()) == (64, "mine")
    assert "--force" in said.err
    assert writer("export", "--app", "Writer", "--out", "w.yaml", "--force").code == 0
    assert (writer.folder / "w.yaml").read_text() != "mine"


def test_it_is_found_by_name_by_application_id_and_by_object_id(writer):
    """And the spec is called as one wishes."""
    from scimconf.sandbox.control import dump

    principal = dump(writer.service)["servicePrincipals"][0]
    texts = {
        writer("export", "--app", one, "--name", "w").out for one in ("Writer", principal["appId"], principal["id"])
    }
    assert len(texts) == 1
    assert "\nname: w\n" in texts.pop()
    assert writer("export", "--app", "00000000-0000-4000-8000-000000000000").code == 65
    assert writer("export", "--app", "Nobody").code == 65


def test_a_refused_read_is_no_export(writer):
    """A part would pass for the whole."""
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    writer.fault(refused, method="GET", path="*/secrets", times=0)
    said = writer("export", "--app", "Writer", "--out", "w.yaml")
    assert said.code == 65
    assert not (writer.folder / "w.yaml").exists()


def test_what_cannot_be_said_is_told_and_strict_says_so(desk):
    """At the end of the file, on stderr, and as an exit code where that is asked for; nothing repaints a screen."""
    populated(desk, roles=[{"value": "a:b", "displayName": "a\x1b[2J"}])
    said = desk("export", "--app", "Writer", "--out", "w.yaml")
    assert said.code == 0
    assert "  not in the spec: the role a:b has a value" in said.err
    assert "# The application also has, which a spec cannot contain:" in (desk.folder / "w.yaml").read_text()
    assert desk("export", "--app", "Writer", "--strict").code == 2
    assert desk("export", "--app", "Writer", "--strict", "--full").code == 2


def test_many_users_go_to_a_file_beside_it(desk):
    """Which is read again, and is not written over either."""
    populated(desk, users=60)
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


# --- what is left alone ----------------------------------------------------------------------------------------------

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


def test_a_small_spec_counts_what_it_leaves_alone_and_lists_it_where_asked(writer):
    """So that nobody fears for what is not written."""
    writer.file("small.yaml", SMALL)
    said = writer("plan", "small.yaml")
    assert said.code == 0
    assert "attribute_mapping/users/title" not in said.out
    assert "unmanaged: " in " ".join(said.out.lower().split())
    listed = writer("plan", "--show-unmanaged", "small.yaml").out
    for address in ("attribute_mapping/users/title", "app_role/member", "assignment/user:ada@contoso.com/admin"):
        assert address in listed


# --- diff ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(desk):
    desk.file("one.yaml", SMALL)
    desk.file("other.yaml", SMALL.replace("mailNickname", "mail").replace("Writer admins", "Writer editors"))
    return desk


def test_two_specs_differ_without_a_tenant(two):
    """Exit code 2 where they do; nothing is asked of Graph."""
    said = two("diff", "one.yaml", "other.yaml")
    assert said.code == 2
    assert "attribute_mapping/users/externalId" in said.out
    assert "+ assignment/group:Writer editors" in said.out
    same = two("diff", "one.yaml", "one.yaml")
    assert same.code == 0
    assert list(two.service.journal.entries) == []


@pytest.mark.parametrize("form", ["json", "markdown", "html"])
def test_every_form_tells_a_difference(two, form):
    """By the renderers of a plan."""
    said = two("diff", "one.yaml", "other.yaml", "--format", form)
    assert said.code == 2
    assert "externalId" in said.out
    if form == "json":
        import json

        document = json.loads(said.out)
        assert {one["action"] for one in document["applications"][0]["changes"]} == {"create", "delete", "update"}


def test_where_secrets_are_kept_is_a_difference_of_specs(two):
    """By the reference, never by a value."""
    for name, variable in (("one", "A_TOKEN"), ("other", "B_TOKEN")):
        two.file(f"{name}.yaml", f"{SMALL}connection: {{authentication: bearer, secret_token: {{env: {variable}}}}}\n")
    said = two("diff", "one.yaml", "other.yaml")
    assert said.code == 2
    assert "A_TOKEN" in said.out
    assert "B_TOKEN" in said.out


def test_a_field_that_only_one_of_them_says_is_a_difference_both_ways(two):
    """What is no longer said is told as gone."""
    two.file("other.yaml", SMALL.replace("enabled: true}", "enabled: true, deletion_threshold: 7}"))
    for sides in (("one.yaml", "other.yaml"), ("other.yaml", "one.yaml")):
        said = two("diff", *sides)
        assert said.code == 2
        assert "deletion_threshold" in said.out


def test_an_application_against_a_spec_is_ruled_by_it(writer):
    """As a plan would be: what the spec does not list is left alone."""
    writer.file("small.yaml", SMALL.replace("mailNickname", "mail"))
    said = writer("diff", "app:Writer", "small.yaml")
    assert said.code == 2
    assert "attribute_mapping/users/externalId" in said.out
    assert "attribute_mapping/users/title" not in said.out
    assert writer("diff", "app:Writer", WRITER).code == 0
    assert writer.writes == []


def test_a_spec_against_an_application_shows_what_else_is_live(writer):
    """The other way round everything that the spec does not say is a difference; a secret is none."""
    writer.file("small.yaml", SMALL)
    said = writer("diff", "small.yaml", "app:Writer")
    assert said.code == 2
    assert "attribute_mapping/users/title" in said.out
    full = writer("export", "--app", "Writer", "--full", "--out", "full.yaml")
    assert full.code == 0
    assert writer("diff", "full.yaml", "app:Writer").code == 0


def test_two_applications(writer):
    """Staging and production, by name."""
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
    said = writer("diff", "app:Writer", "app:Copy")
    assert said.code == 2
    assert "deletion_threshold" in said.out


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
def test_what_cannot_be_compared(two, sides, code):
    """A problem with its file, or a hint about usage."""
    two.file("bad.yaml", "version: 2")
    (two.folder / "bad.yaml").rename(two.folder / "bad.scimconf.yaml") if sides[-1] == "." else None
    if sides[-1] == ".":
        two.file("a.scimconf.yaml", SMALL)
        two.file(
            "bad.scimconf.yaml",
            SMALL.replace("name: writer", "name: reader").replace("display_name: Writer", "display_name: Reader"),
        )
    assert two("diff", *sides).code == code


def test_an_application_that_is_not_there_is_not_to_be_created(desk):
    """That is a hint for a spec; here there is none."""
    said = desk("export", "--app", "Nobody")
    assert said.code == 65
    assert "K103" in said.err
    assert "create:" not in said.err
    assert "Use the name that the portal shows" in said.err


@pytest.mark.parametrize("full", [[], ["--full"]])
@pytest.mark.parametrize("odd", ["${var:X}", "a ${env:X} b"])
def test_what_would_be_read_as_a_reference_is_told_and_left_out(desk, full, odd):
    """A spec has no other way to say such a text; what is written loads, and plans to nothing."""
    roles = [{"value": f"v{one}", "displayName": name, "description": "x"} for one, name in enumerate([odd, "b", odd])]
    settings = {"BaseAddress": "https://app.example.com/scim", "SecretToken": TOKEN, "UserName": odd}
    populated(desk, displayName=odd, roles=roles, secrets=settings)
    said = desk("export", "--app", odd, "--name", "odd", *full, "--out", "odd.yaml")
    assert said.code == 0
    assert said.err.count(f"app_roles.roles: a spec would read {odd} as a reference") == 2
    assert f"a spec would read {odd} as a reference" in said.err
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


def test_what_the_template_brings_along_and_a_spec_writes_is_no_difference(desk):
    """A role may go to an attribute that is there already: the plan is empty, and so is the difference."""
    spec = desk.file("own.yaml", TEMPLATES_OWN.format(base=WRITER))
    allowed = ["--auto-approve", "--ignore", "L401"]
    assert desk("apply", *allowed, spec).code == 0
    assert desk("plan", "--detailed-exitcode", spec).code == 0
    for sides in (("app:Writer", spec), (spec, "app:Writer")):
        assert "target_attribute" not in desk("diff", *sides).out
    spec.write_text(spec.read_text().replace("required: false", "required: true"))
    for sides in (("app:Writer", spec), (spec, "app:Writer")):
        assert "~ target_attribute/users/title" in desk("diff", *sides).out
