"""Tests of `scimconf.toml`: which sign-in each spec uses, errors in the file, and commands over several tenants."""

from __future__ import annotations

import json

import pytest

from scimconf.cli import session, tenants
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.options import CommonOptions
from scimconf.diagnostics import DiagnosticsError, ScimconfError
from scimconf.render.diagnostics import text as diagnostics_text
from tests.spec.reading import MINIMAL, load_text

ID = "11111111-2222-3333-4444-555555555555"
PLAN, APPLY = "aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000"
FILE = f"""\
[tenants."contoso.com"]
auth = "workload"
tenant_id = "{ID}"
client_id = "{PLAN}"
apply_client_id = "{APPLY}"

[tenants."fabrikam.cn"]
auth = "cli"
cloud = "china"
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return the root of a repository, which is the working folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(tenant="", name="writer"):
    return load_text(MINIMAL.replace("name: writer", f"name: {name}") + (f"tenant: {tenant}\n" if tenant else ""))


def grouped(specs, common=None, **more):
    groups = tenants.by_tenant(specs, common or CommonOptions(), **more)
    return [
        (group.name, len(group.specs), group.common.auth, group.common.cloud, dict(group.environ)) for group in groups
    ]


def test_specs_without_a_tenants_file_use_one_sign_in(repository):
    assert grouped([spec("contoso.com"), spec("fabrikam.cn")]) == [("", 2, None, None, {})]


def test_each_tenant_has_its_sign_in(repository):
    (repository / "scimconf.toml").write_text(FILE)
    contoso = {"AZURE_TENANT_ID": ID, "AZURE_CLIENT_ID": PLAN}
    expected = [
        ("", 1, None, None, {}),
        ("contoso.com", 2, "workload", None, contoso),
        ("fabrikam.cn", 1, "cli", "china", {"AZURE_TENANT_ID": "fabrikam.cn"}),
    ]
    assert grouped([spec("fabrikam.cn"), spec("CONTOSO.com"), spec(), spec(ID)]) == expected


def test_apply_may_sign_in_as_another_application(repository):
    (repository / "scimconf.toml").write_text(FILE)
    [(_, _, _, _, environ)] = grouped([spec("contoso.com")], is_apply=True)
    assert environ["AZURE_CLIENT_ID"] == APPLY


def test_options_of_the_command_line_replace_those_of_the_file(repository):
    (repository / "scimconf.toml").write_text(FILE)
    common = CommonOptions(auth="environment", cloud="public")
    assert grouped([spec("fabrikam.cn")], common)[0][2:4] == ("environment", "public")


def test_file_of_a_spec_folder_is_not_read(repository, monkeypatch):
    """A pull request that is checked out below the working folder cannot decide who signs in."""
    (repository / "apps").mkdir()
    (repository / "apps" / "scimconf.toml").write_text("[tenants")
    assert grouped([spec("contoso.com")]) == [("", 1, None, None, {})]
    (repository / "scimconf.toml").write_text(FILE)
    monkeypatch.chdir(repository / "apps")
    assert grouped([spec("contoso.com")])[0][0] == "contoso.com"


def test_named_file_is_read_instead(repository):
    (repository / "scimconf.toml").write_text("[tenants")
    (repository / "trusted.toml").write_text(FILE)
    assert grouped([spec("contoso.com")], CommonOptions(tenants="trusted.toml"))[0][0] == "contoso.com"


def test_tenant_that_the_file_does_not_have(repository):
    (repository / "scimconf.toml").write_text(FILE)
    with pytest.raises(DiagnosticsError) as caught:
        tenants.by_tenant([spec("contoso.cm")], CommonOptions())
    text = diagnostics_text(caught.value.diagnostics)
    assert 'tenant: the tenant "contoso.cm" is not in scimconf.toml. Did you mean contoso.com?' in text


def test_missing_file_is_an_error(repository):
    with pytest.raises(DiagnosticsError):
        tenants.by_tenant([spec()], CommonOptions(tenants="nowhere.toml"))


class Groups:
    """Three tenants; the command returns the code of each, or raises it."""

    def __init__(self, *ends):
        self.ends = dict(zip(("a", "b", "c"), ends, strict=True))
        self.runs = []

    def run(self):
        groups = [tenants.TenantSpecs(name, (), CommonOptions()) for name in self.ends]
        return tenants.run_each(groups, self.command)

    def command(self, group):
        self.runs.append(group.name)
        end = self.ends[group.name]
        if isinstance(end, Exception):
            raise end
        return end


def test_tenant_that_fails_does_not_stop_the_others(capsys):
    groups = Groups(ExitCode.OK, ScimconfError("Could not sign in"), ExitCode.CHANGES)
    assert groups.run() is ExitCode.FAILED
    assert groups.runs == ["a", "b", "c"]
    assert "b: Could not sign in" in capsys.readouterr().err


def test_interrupt_stops_and_lists_the_tenants_that_did_not_run(capsys):
    groups = Groups(ExitCode.INTERRUPTED, ExitCode.OK, ExitCode.OK)
    assert groups.run() is ExitCode.INTERRUPTED
    assert groups.runs == ["a"]
    assert capsys.readouterr().err == "Not run: b, c.\n"


# --- commands, against a sandbox whose tenant is contoso.com ---------------------------------------------------------

SPEC = """\
version: 1
name: {name}
tenant: {tenant}
application: {{display_name: Writer, create: {{from_template: custom}}}}
connection: {{base_address: "https://app.example.com/scim", secret_token: {{env: WRITER_SCIM_TOKEN}}}}
provisioning: {{enabled: false}}
"""


@pytest.fixture
def both(cli, monkeypatch):
    """Return the command line in a folder with the specs of two tenants, and the variables of each sign-in."""
    cli.file("a.scimconf.yaml", SPEC.format(name="writer", tenant="contoso.com"))
    cli.file("b.scimconf.yaml", SPEC.format(name="writer", tenant="fabrikam.cn"))
    cli.file("scimconf.toml", FILE.replace('cloud = "china"\n', ""))
    cli.sign_ins = []

    def fetched(_settings, auth, environ, _mask):
        cli.sign_ins.append((auth, environ.get("AZURE_TENANT_ID"), environ.get("AZURE_CLIENT_ID")))

    monkeypatch.setattr(session, "_fetched_token", fetched)
    return cli


def test_plan_signs_in_to_each_tenant_and_reports_each(both):
    ended = both("plan", "--events", "events.jsonl", ".")
    assert both.sign_ins == [("workload", ID, PLAN), ("cli", "fabrikam.cn", None)]
    assert ended.out.count("Tenant: contoso.com") == 2
    assert ended.code == ExitCode.BLOCKED  # the sandbox is not fabrikam.cn
    events = [json.loads(line)["event"] for line in (both.folder / "events.jsonl").read_text().splitlines()]
    assert events.count("planned") == 2
    assert events.count("finished") == 2


@pytest.mark.parametrize("words", [["--format", "json"], ["--format", "html"], ["--out", "plan.json"]])
def test_document_of_one_tenant_is_refused_for_several(both, words):
    ended = both("plan", *words, ".")
    assert ended.code == ExitCode.USAGE
    assert "works with the specs of one tenant, got several: contoso.com, fabrikam.cn." in ended.err
    assert both.sign_ins == []


def test_apply_signs_in_with_the_identity_of_apply(both):
    ended = both("apply", "--auto-approve", ".")
    assert both.sign_ins == [("workload", ID, APPLY), ("cli", "fabrikam.cn", None)]
    assert "writer" in ended.out
    assert ended.code == ExitCode.BLOCKED


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--max-applications", "0"], "1 application would change, and --max-applications is 0"),
        (["--max-users", "0"], ""),
        (["--max-applications", "1", "--max-users", "100"], ""),
    ],
)
def test_apply_within_limits(cli, words, problem):
    cli.file("scimconf.yaml", SPEC.format(name="writer", tenant="contoso.com"))
    ended = cli("apply", "--auto-approve", *words, "scimconf.yaml")
    if problem:
        assert ended.code == ExitCode.BLOCKED
        assert ended.err.endswith(f"No changes were made: {problem}.\n")
        assert cli.writes == []
    else:
        assert ended.code == ExitCode.OK
