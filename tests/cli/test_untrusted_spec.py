"""A spec may come from a pull request: it reads no file outside of its repository, and shows no file that is no spec."""

from __future__ import annotations

import pytest

from scimconf.files import AllowedFolders, repository_root

SPEC = """\
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
provisioning: {enabled: true}
"""
CANARY = "canary-5f0c"
NO_SPECS = {
    "docker.json": f'{{"auths": {{"registry": {{"auth": "{CANARY}"}}}}}}\n',
    "kubeconfig": f"apiVersion: v1\nusers:\n  - {{name: {CANARY}, user: {{token: {CANARY}}}}}\n",
    "shadow": f"{CANARY}:*:20228:0:99999:7:::\n",
    "broken.yaml": f"expression: Join({CANARY}: : [\n",
    "empty": "",
}


@pytest.fixture
def repository(cli, monkeypatch):
    """A repository `repo` in the working folder; `repo/apps/writer` is the spec's folder."""
    monkeypatch.delenv("SCIMCONF_ALLOW_PATH")
    (cli.folder / "repo" / ".git").mkdir(parents=True)
    (cli.folder / "repo" / "apps" / "writer").mkdir(parents=True)
    return cli


def validate(cli, text, *options):
    return cli("validate", *options, cli.file("repo/apps/writer/scimconf.yaml", text))


@pytest.mark.parametrize("name", NO_SPECS)
@pytest.mark.parametrize("options", [(), ("--show-spec",), ("--format", "json")])
def test_validate_shows_nothing_of_a_base_that_is_no_spec(name, options, repository):
    repository.file(f"repo/{name}", NO_SPECS[name])

    result = validate(repository, f"{SPEC}extends: [../../{name}]\n", *options)

    assert result.code == 65
    assert "S013" in result.out + result.err
    assert CANARY not in result.out + result.err


NAMED_OUTSIDE = {
    "a base": "extends: [{path}]\n",
    "a CSV file of users": "assignments: {{unlisted: keep, users_from: [{path}]}}\n",
    "a CSV file of groups": "assignments: {{unlisted: keep, groups_from: [{path}]}}\n",
    "a secret": "connection: {{secret_token: {{file: {path}}}}}\n",
    "a client secret": "connection: {{oauth2: {{client_secret: {{file: {path}}}}}}}\n",
    "another secret": "connection: {{other: {{Password: {{file: {path}}}}}}}\n",
}


@pytest.mark.parametrize("line", NAMED_OUTSIDE.values(), ids=NAMED_OUTSIDE)
@pytest.mark.parametrize("path", ["../../../secrets/x", "link"], ids=["outside", "a link that leads outside"])
def test_validate_reads_no_file_outside_of_the_repository(line, path, repository):
    outside = repository.file("secrets/x", f"version: 1\nname: {CANARY}\n")
    (repository.folder / "repo/apps/writer/link").symlink_to(outside)

    result = validate(repository, SPEC + line.format(path=path))

    assert result.code == 65
    assert "S014" in result.out
    assert "--allow-path" in result.out
    assert CANARY not in result.out + result.err


def test_validate_reads_no_spec_that_is_a_link_out_of_the_repository(repository):
    outside = repository.file("secrets/x", NO_SPECS["shadow"])
    (repository.folder / "repo/apps/scimconf.yaml").symlink_to(outside)

    result = repository("validate", repository.folder / "repo/apps")

    assert (result.code, "S014" in result.out) == (65, True)
    assert CANARY not in result.out + result.err


def test_a_spec_names_any_file_of_its_repository_and_those_that_the_option_allows(repository):
    repository.file("repo/base.yaml", "version: 1\nname: writer\n")
    repository.file("people/users.csv", "user,role\n")
    text = (
        f"{SPEC}extends: [../../base.yaml]\nassignments: {{unlisted: keep, users_from: [../../../people/users.csv]}}\n"
    )

    assert "S014" in validate(repository, text).out
    allowed = validate(repository, text, "--allow-path", repository.folder / "people")
    assert (allowed.code, allowed.out) == (0, "writer: valid\n")


def test_a_spec_outside_of_a_repository_names_files_of_its_folder_only(repository):
    repository.file("loose/base.yaml", "version: 1\nname: writer\n")
    inside = repository.file("loose/scimconf.yaml", f"{SPEC}extends: [base.yaml]\n")
    below = repository.file("loose/apps/scimconf.yaml", f"{SPEC}extends: [../base.yaml]\n")

    assert repository("validate", inside).code == 0
    assert "S014" in repository("validate", below).out


@pytest.mark.parametrize("mode", [(), ("--diff",), ("--check", "--diff")])
def test_fmt_shows_nothing_of_a_file_that_is_no_spec(mode, repository):
    outside = repository.file("secrets/x", f"{SPEC}application:   {{display_name:  {CANARY}}}\n")
    (repository.folder / "repo/apps/scimconf.yaml").symlink_to(outside)
    config = repository.file("repo/apps/kubeconfig", NO_SPECS["kubeconfig"])

    for path in (repository.folder / "repo/apps", config):
        result = repository("fmt", *mode, path)
        assert result.code == 65
        assert CANARY not in result.out + result.err
    assert config.read_text() == NO_SPECS["kubeconfig"]


def test_a_saved_plan_records_the_folders_that_its_specs_may_name(repository):
    repository.file("people/users.csv", "user,role\n")
    spec = repository.file(
        "repo/apps/writer/scimconf.yaml",
        f"{SPEC}application: {{display_name: Writer, create: {{from_template: custom}}}}\n".replace(
            "application: {display_name: Writer}\n", "", 1
        )
        + "assignments: {unlisted: keep, users_from: [../../../people/users.csv]}\n",
    )
    people = repository.folder / "people"

    assert repository("plan", "--out", "plan.json", "--allow-path", people, spec).code == 0
    result = repository("apply", "--auto-approve", "--allow", "application-created", "plan.json")

    assert "S014" not in result.out + result.err


def test_repository_root_is_the_nearest_folder_with_git_or_the_folder_of_the_file(tmp_path):
    (tmp_path / "outer" / ".git").mkdir(parents=True)
    (tmp_path / "outer" / "worktree").mkdir()
    (tmp_path / "outer" / "worktree" / ".git").write_text("gitdir: elsewhere\n")

    assert repository_root(str(tmp_path / "outer/apps/scimconf.yaml")) == tmp_path / "outer"
    assert repository_root(str(tmp_path / "outer/worktree/a/scimconf.yaml")) == tmp_path / "outer" / "worktree"
    assert repository_root(str(tmp_path / "scimconf.yaml")) == tmp_path
    assert not AllowedFolders.of_spec(str(tmp_path / "outer/a")).contain(str(tmp_path / "outer-2"))


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, True), (0o604, True)])
def test_apply_warns_of_a_secret_file_that_others_can_read(mode, warns, repository):
    """The warning comes before the question, and once; a plan opens no file."""
    token = repository.file("repo/apps/writer/a token.txt", f"{CANARY}\n")
    token.chmod(mode)
    connection = "connection: {base_address: https://app.example.com/scim, secret_token: {file: a token.txt}}\n"
    create = SPEC.replace("{display_name: Writer}", "{display_name: Writer, create: {from_template: custom}}")
    file = repository.file("repo/apps/writer/scimconf.yaml", create + connection)

    assert "K408" not in repository("plan", file).err
    result = repository("apply", file)

    assert result.err.count("K408") == warns
    if warns:
        path = f"'{token}'"
        assert f"which holds a secret (its mode is {mode:04o}). Run `chmod 600 {path}`." in result.err
    assert CANARY not in result.out + result.err
