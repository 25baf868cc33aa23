"""A rollback returns the documents of a scenario to what they were before an apply, also after a killed one.

Ids of deleted roles and assignments, stored secrets, and definitions of attributes do not return; see `NOT_RETURNED`.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tenant_fixture import Person, Rehearsal, all_allowed, exit_code, wishes

from scimconf.diagnostics import ScimconfError
from scimconf.export import ExportedSpec
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.render import yaml
from scimconf.spec.load import load
from scimconf.workflow.export import ignore_rules
from scimconf.workflow.history import begin_entry, entry_place, history_entries, read_documents, saved_documents
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.rollback import entry_at, entry_name, past_spec, spec_at

from .test_scenarios import ENVIRON, HERE, SCENARIOS, states, tenant_of

CREDENTIALS = ("SecretToken", "Password", "AuthenticationType", "Oauth2")
"""What the keys of credentials begin with: those of today stay."""


class Keeper(Person):
    """Approves, and keeps the history in a folder."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.number = FolderStore(str(folder)), 0

    def begin_history(self, planned):
        self.number += 1
        now = datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=self.number)
        return entry_place(self.folder, begin_entry(self.folder, planned, now))


def facts(documents):
    """Return what a rollback has to return, of the documents of a snapshot or of a history entry, by document."""
    documents = json.loads(json.dumps(dict(documents), default=list))
    (application,) = documents["applications"]
    roles = {role["id"].lower(): role["value"] or role["displayName"] for role in application["appRoles"]}
    result = {
        "applications": {
            roles[role["id"].lower()]: (role["displayName"], role["description"], role["isEnabled"])
            for role in application["appRoles"]
        },
        "jobs": [job["schedule"]["state"] == "Active" for job in documents["jobs"]],
    }
    if "assignments" in documents:
        rows = [(row["principalId"], roles.get(row["appRoleId"].lower(), "")) for row in documents["assignments"]]
        result["assignments"] = sorted(rows)
    if "schema" in documents:
        result["schema"] = dict(mapping_facts(documents["schema"]))
    if "secrets" in documents:
        result["secrets"] = {
            row["key"]: row["value"]
            for row in documents["secrets"]
            if not row["key"].startswith(CREDENTIALS) and row["value"] != "False"  # the default
        }
    return result


def mapping_facts(schema):
    for rule in schema["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            name = mapping["sourceObjectName"]
            yield name, (mapping["enabled"], mapping["flowTypes"], mapping["scope"])
            for row in mapping["attributeMappings"]:
                source = row["source"] and "".join(
                    (row["source"].get("expression") or row["source"]["name"] or "").split()
                )
                values = (source, row["matchingPriority"], row["defaultValue"], row["flowType"])
                yield (name, row["targetAttributeName"]), values


def apply_state(tenant, state, person):
    report = tenant.apply(tenant.plan(state, all_allowed()), all_allowed(), person)
    assert (exit_code(report), report.error) == (0, "")


def rolled_back(tenant, state, store):
    """Roll back to the newest entry and return the facts before its apply and after the rollback."""
    loaded = tenant.load(state)
    entry = history_entries(store, loaded.spec.name)[0]
    past = read_documents(store, entry)
    exported = tenant.run(lambda session: past_spec(session, loaded, past))
    path = state.with_name("rollback.yaml")
    text = yaml.write_spec(exported.tree)
    former = load(
        str(path), lambda name: text if name == str(path) else Path(name).read_bytes(), ENVIRON, {}, lambda _: True
    )
    assert former.spec is not None, [problem.message for problem in former.diagnostics]
    report = tenant.apply(tenant.plan(former, all_allowed()), all_allowed())
    assert (exit_code(report), report.error) == (0, ""), (report, text)
    before = facts(past)
    after = facts(saved_documents(tenant.plan(former, wishes()).snapshot))
    return before, {name: after[name] for name in before}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in ("mappings", "unlisted") else [pytest.mark.slow]) for name in SCENARIOS],
)
def test_a_rollback_returns_the_documents_of_every_state(name, tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    tenant, person = Rehearsal(tenant_of(name), environ=ENVIRON), Keeper(tmp_path)
    first, *others = states(name)
    apply_state(tenant, first, person)
    for state in others:
        apply_state(tenant, state, person)
        if person.number > 1:
            before, after = rolled_back(tenant, state, person.folder)
            assert after == before, state
            apply_state(tenant, state, person)


def killed(tenant, state, person, number, when):
    """Return whether an apply got as far as its n-th write, where its process died."""
    planned = tenant.plan(state, all_allowed())
    return tenant.dies(number, when, lambda: tenant.apply(planned, all_allowed(), person))


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rollback_after_a_killed_apply_returns_the_documents(when, tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    first, second, *_ = states("writer")
    start = Rehearsal(tenant_of("writer"), environ=ENVIRON)
    apply_state(start, first, Keeper(tmp_path / "first"))
    for number in range(1, 40):
        tenant, person = start.copy(), Keeper(tmp_path / f"{when}-{number}")
        if not killed(tenant, second, person, number, when):
            break
        before, after = rolled_back(tenant, second, person.folder)
        assert after == before, number
    assert number > 3


def test_what_the_history_does_not_have_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    tenant, person = Rehearsal(environ=ENVIRON), Keeper(tmp_path)
    state = states("writer")[0]
    apply_state(tenant, state, person)
    apply_state(tenant, states("writer")[1], person)
    loaded = tenant.load(state)
    past = dict(read_documents(person.folder, history_entries(person.folder, loaded.spec.name)[0]))
    live = facts(saved_documents(tenant.plan(states("writer")[1]).snapshot))
    for name in ("assignments", "schema", "secrets"):
        del past[name]
    exported = tenant.run(lambda session: past_spec(session, loaded, past))
    assert len(exported.tree["assignments"]["users"]) + len(exported.tree["assignments"].get("groups", ())) > 0
    rows = exported.tree["mappings"]["users"]["attributes"]
    assert {target for target, row in rows.items() if row != {"absent": True}} == {
        name[1] for name in live["schema"] if isinstance(name, tuple) and name[0] == "User"
    }


def test_an_application_that_did_not_exist_cannot_be_returned_to(tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    tenant, person = Rehearsal(environ=ENVIRON), Keeper(tmp_path)
    state = states("writer")[0]
    apply_state(tenant, state, person)
    entries = history_entries(person.folder, tenant.load(state).spec.name)
    with pytest.raises(ScimconfError, match="did not exist before this apply"):
        tenant.run(lambda session: past_spec(session, tenant.load(state), read_documents(person.folder, entries[-1])))


def test_entries_are_found_by_the_beginning_of_their_time():
    entries = [HistoryEntry(application="writer", time=time) for time in ("20261130T14", "20261129T15", "20261129T14")]
    assert entry_at(entries, "").time == "20261130T14"
    assert entry_at(entries, "20261129T14").time == "20261129T14"
    with pytest.raises(ScimconfError, match="several entries begin with 20261129: 20261129T15, 20261129T14"):
        entry_at(entries, "20261129")
    with pytest.raises(ScimconfError, match="no entry begins with 2025: 20261130T14"):
        entry_at(entries, "2025")
    with pytest.raises(ScimconfError, match="no history"):
        entry_at([], "")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("writer", ("", "writer", "")),
        ("writer/20261130T14", ("", "writer", "20261130T14")),
        ("/srv/entra/.scimconf/history/writer/20261130T14/", ("/srv/entra/.scimconf/history", "writer", "20261130T14")),
        (
            "https://contoso.blob.core.windows.net/history/writer/20261130T14",
            ("https://contoso.blob.core.windows.net/history", "writer", "20261130T14"),
        ),
        ("D:\\entra\\history\\writer\\20261130T14", ("D:/entra/history", "writer", "20261130T14")),
    ],
)
def test_an_entry_is_named_by_its_application_and_time_or_by_its_place(text, parts):
    assert entry_name(text) == parts


def test_the_newest_entry_can_be_exported_although_it_is_a_rollback():
    entries = [HistoryEntry(application="writer", time="20261130T14", run=RunContext(rollback="20261129T14"))]
    assert entry_at(entries, "", is_return=False).time == "20261130T14"
    with pytest.raises(ScimconfError, match="the last apply was a rollback"):
        entry_at(entries, "")
    with pytest.raises(ScimconfError, match="there is no history"):
        entry_at([], "")


@pytest.mark.parametrize(
    ("comment", "rules", "after"),
    [
        ("", ("L1",), "scimconf: ignore L1 why"),
        ("the template has it", ("L1",), "scimconf: ignore L1 why; the template has it"),
        ("scimconf: ignore L401, L402 mine", ("L401", "L301"), "scimconf: ignore L401, L402, L301 mine"),
        ("scimconf: ignore L401 mine", ("L401",), "scimconf: ignore L401 mine"),
    ],
)
def test_a_comment_ignores_more_rules(comment, rules, after):
    exported = ExportedSpec({}, comments={("a",): comment} if comment else {})
    ignore_rules(exported, ("a",), rules, "why")
    assert exported.comments == {("a",): after}


def test_an_export_of_the_past_is_managed_like_any_other_export(tmp_path, monkeypatch):
    monkeypatch.chdir(HERE)
    tenant, person = Rehearsal(environ=ENVIRON), Keeper(tmp_path)
    for state in states("writer")[:2]:
        apply_state(tenant, state, person)
    entry = history_entries(person.folder, "writer")[0]
    past = read_documents(person.folder, entry)
    exported = tenant.run(lambda session: spec_at(session, "writer", past))
    assert "unlisted: delete" not in yaml.write_spec(exported.tree)
    assert exported.tree["connection"]["base_address"]


def test_entries_of_other_commands_are_no_states_to_return_to():
    pause = HistoryEntry(application="writer", time="20261130T15", command="pause")
    apply = HistoryEntry(application="writer", time="20261130T14")
    assert entry_at([pause, apply], "") == apply
    assert entry_at([pause, apply], "20261130T1") == apply
    with pytest.raises(ScimconfError, match="the entry 20261130T15 is of `pause`, which changes no documents"):
        entry_at([pause, apply], "20261130T15")
    with pytest.raises(ScimconfError, match="there is no history"):
        entry_at([pause], "")
