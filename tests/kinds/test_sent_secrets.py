"""secret-redirected and the tags behind it: which secrets a plan sends to which hosts, against those of the last apply."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

from scimconf.documents.application import sent
from scimconf.kinds.sent_secrets import redirection_message
from scimconf.plan import Address
from scimconf.plan.guards import RedirectedSecret
from scimconf.workflow.plan import PlannedApplication
from tests.kinds.cases import apply_steps, make_plan, tenant_documents
from tests.kinds.test_comparison import NEW

HERE = "https://app.writer.com/api/scim/v2"
THERE = "https://eu.writer.com/scim"


def bearer(reference: str = "env: TOKEN", url: str = HERE, more: str = "") -> str:
    return f"connection: {{base_address: '{url}', secret_token: {{{reference}}}{more}}}"


def client(token_url: str, url: str = HERE, rotation: str = "1") -> str:
    oauth2 = f"token_url: {token_url}, client_id: x, client_secret: {{env: CLIENT, rotation: '{rotation}'}}"
    return f"connection: {{authentication: oauth2_client_credentials, base_address: {url}, oauth2: {{{oauth2}}}}}"


def password(name: str, more: str = "", rotation: str = "1") -> str:
    secret = f"Password: {{env: {name}, rotation: '{rotation}'}}"
    return f"connection: {{authentication: other, other: {{{secret}{more}}}}}"


def vault(name: str, version: str, rotation: str) -> str:
    return (
        f"key_vault: {{vault: https://v12.vault.azure.net, secret: {name}, version: {version}}}, rotation: {rotation}"
    )


def tenant_after(text: str) -> dict[str, Any]:
    """Return the documents of the base tenant, with the secrets of a spec and no others, after its apply."""
    secrets = [pair for pair in tenant_documents({})["secrets"] if pair["key"] != "SecretToken"]
    documents = tenant_documents({"secrets": secrets})
    return apply_steps(make_plan(text, options={"resend_secrets": True}).steps, documents)


def redirections(planned: PlannedApplication) -> list[str]:
    """Return the messages of the guards about the connection, without the part about users."""
    guards = [one for one in planned.plan.guards if one.id in ("secret-redirected", "endpoint-changed")]
    return [f"{one.id}: {re.sub(r'(users would be provisioned).*', '...', one.message)}" for one in guards]


class Case(NamedTuple):
    """What the last apply applied, the spec of now, and the guard that it raises, "" if none."""

    last: str
    now: str
    message: str = ""


TOKEN_ROTATED = bearer("env: TOKEN, rotation: '2'")
SENT = "secret-redirected: the secret {} would be sent to {}, and the last apply sent {}"
HASHED = "; only a hash of the name is recorded"
CASES = {
    "nothing changes": Case(bearer(), bearer()),
    "another reference that is not sent": Case(bearer(), bearer("env: OTHER")),
    "another rotation": Case(bearer(), TOKEN_ROTATED),
    "another reference": Case(
        bearer(),
        bearer("env: OTHER, rotation: '2'"),
        SENT.format("env:OTHER", "app.writer.com", "another secret there") + HASHED,
    ),
    "a file of the same name": Case(
        bearer(),
        bearer("file: TOKEN, rotation: '2'"),
        SENT.format("file:TOKEN", "app.writer.com", "another secret there") + HASHED,
    ),
    "another host": Case(
        bearer(), bearer(url=THERE), SENT.format("env:TOKEN", "eu.writer.com", "it to app.writer.com; ...")
    ),
    "another port": Case(
        bearer(),
        bearer(url="https://app.writer.com:8443/api/scim/v2"),
        SENT.format("env:TOKEN", "app.writer.com:8443", "it to app.writer.com; ..."),
    ),
    "another reference and host": Case(
        bearer(),
        bearer("env: OTHER", THERE),
        SENT.format("env:OTHER", "eu.writer.com", "another secret to app.writer.com") + HASHED + "; ...",
    ),
    "another path of the host": Case(bearer(), bearer(url="https://app.writer.com/other"), "endpoint-changed: ..."),
    "a flag and another letter case": Case(
        bearer(), bearer(url="https://APP.writer.com/api/scim/v2/?aadOptscim062020")
    ),
    "another setting": Case(bearer(), bearer() + "\nprovisioning: {enabled: true, deletion_threshold: 9}"),
    "another setting and reference": Case(
        bearer(),
        bearer("env: OTHER") + "\nprovisioning: {enabled: true, deletion_threshold: 9}",
        SENT.format("env:OTHER", "app.writer.com", "another secret there") + HASHED,
    ),
    "another version in the key vault": Case(bearer(vault("a", "1", "1")), bearer(vault("a", "2", "2"))),
    "another secret in the key vault": Case(
        bearer(vault("a", "1", "1")),
        bearer(vault("b", "1", "2")),
        SENT.format("key_vault:b in https://v12.vault.azure.net", "app.writer.com", "another secret there") + HASHED,
    ),
    "another token URL": Case(
        client("https://login.writer.com/token"),
        client("https://login.evil.example/token"),
        SENT.format(
            "env:CLIENT",
            "login.evil.example and app.writer.com",
            "it to login.writer.com and app.writer.com",
        ),
    ),
    "the tokens of a client go to another host": Case(
        client("https://login.writer.com/token"),
        client("https://login.writer.com/token", THERE),
        SENT.format(
            "env:CLIENT",
            "login.writer.com and eu.writer.com",
            "it to login.writer.com and app.writer.com; ...",
        ),
    ),
    "a token in place of a client": Case(
        client("https://app.writer.com/token"),
        bearer(more=", authentication: bearer"),
        "secret-redirected: the secret env:TOKEN would be sent to app.writer.com, and Entra has no secret_token of the "
        "application yet: if this secret belongs to the application, allow the guard once",
    ),
    "another domain": Case(
        password("PASSWORD", ", Domain: acme, Server: s"),
        password("PASSWORD", ", Domain: Other, Server: s"),
        SENT.format("env:PASSWORD", "app.writer.com, other and s", "it to app.writer.com, acme and s"),
    ),
    "an address below another key": Case(
        password("PASSWORD", ", Endpoint: https://a.example/x"),
        password("PASSWORD", ", Endpoint: https://b.example/x"),
        SENT.format("env:PASSWORD", "app.writer.com and b.example", "it to app.writer.com and a.example"),
    ),
    "several secrets": Case(
        password("A", ", TokenKey: {env: B}"),
        password("A", ", TokenKey: {env: B}, Domain: x", "2"),
        "secret-redirected: the secrets env:A and env:B would be sent to app.writer.com and x, and the last apply sent "
        "them to app.writer.com",
    ),
    "several references": Case(
        password("A", ", TokenKey: {env: B}"),
        password("B", ", TokenKey: {env: A}", "2"),
        "secret-redirected: the secrets env:B and env:A would be sent to app.writer.com, and the last apply sent other "
        f"secrets there{HASHED}",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_secret_redirected_blocks_another_secret_or_another_host(name):
    """An apply of the plan records what it sends, so that the same plan is not blocked again."""
    last, now, message = CASES[name]
    documents = tenant_after(last)
    planned = make_plan(now, **documents)
    assert redirections(planned) == ([message] if message else [])
    assert ("record_sent" in operations(planned)) is ("secret-redirected" in message)
    again = make_plan(now, options={"resend_secrets": True}, **apply_steps(planned.steps, documents))
    if "not sent" not in name:
        assert "secret-redirected" not in str(redirections(again))


def operations(planned: PlannedApplication) -> list[str]:
    return [getattr(step, "operation", "") for step in planned.steps]


@pytest.mark.parametrize("name", ["nothing changes", "another rotation", "another reference", "another host"])
def test_secret_redirected_does_not_block_before_the_first_start(name):
    """The first secret of an application is covered by `application-created` and `initial-start`; it is recorded."""
    last, now, message = CASES[name]
    planned = make_plan(now, **{**tenant_after(last), "jobs": tenant_documents(NEW)["jobs"]})
    assert redirections(planned) == []
    assert ("record_sent" in operations(planned)) is ("secret-redirected" in message)


MISSING = (
    "secret-redirected: the secret env:TOKEN would be sent to {}, and no earlier apply has recorded what it sent, as on an "
    "application that was set up in the portal: if this secret belongs to the application, allow the guard once; apply then "
    "records it"
)


def stored(**pairs: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


def test_secret_redirected_blocks_the_first_secret_of_an_application_that_was_set_up_in_the_portal():
    """A plan without changes, as after an export, sends nothing and is not blocked."""
    assert redirections(make_plan(bearer())) == []
    assert redirections(make_plan(TOKEN_ROTATED)) == [MISSING.format("app.writer.com")]
    assert redirections(make_plan(bearer(url=THERE))) == [MISSING.format("eu.writer.com") + "; ..."]


def test_secret_redirected_names_no_host_that_the_template_decides():
    planned = make_plan("connection: {secret_token: {env: TOKEN, rotation: '2'}}", secrets=stored(SecretToken="*"))
    assert redirections(planned) == [MISSING.format("the host that the application's template sets")]


def test_secret_redirected_blocks_if_graph_does_not_return_the_tags():
    """Nothing can be recorded either."""
    rows = [{key: value for key, value in tenant_documents({})["service_principals"][0].items() if key != "tags"}]
    planned = make_plan(bearer(url=THERE), service_principals=rows)
    (message,) = redirections(planned)
    assert "and Graph does not show the tags that record what the last apply sent" in message
    assert "record_sent" not in operations(planned)


def test_secret_redirected_blocks_a_host_that_was_changed_in_the_portal():
    """The plan writes another setting only, and the secret goes along, to the stored address."""
    documents = tenant_after(bearer())
    documents["secrets"] = [
        {**pair, "value": THERE} if pair["key"] == "BaseAddress" else pair for pair in documents["secrets"]
    ]
    text = bearer() + "\nprovisioning: {enabled: true, deletion_threshold: 9}"
    planned = make_plan(text, options={"exclude": ["writer:connection"]}, **documents)
    assert [change.address.local for change in planned.plan.changes] == ["settings"]
    assert redirections(planned) == [SENT.format("env:TOKEN", "eu.writer.com", "it to another host")]


def test_secret_redirected_counts_the_users_of_another_endpoint_only():
    """The guard belongs to the connection, also if another change sends the secret."""
    documents = tenant_after(bearer())
    text = bearer("env: OTHER") + "\nprovisioning: {enabled: true, deletion_threshold: 9}"
    for planned in (make_plan(text, **documents), make_plan(bearer(url=THERE), **documents)):
        (guard,) = [one for one in planned.plan.guards if one.id == "secret-redirected"]
        assert (guard.address, guard.count) == (Address("writer", "connection"), None)


@pytest.mark.parametrize("masked", ["BaseAddress", ""])
def test_secret_redirected_compares_a_masked_address_by_the_spec(masked):
    """Graph may mask any value; a write then sends the spec's."""
    documents = tenant_after(bearer())
    documents["secrets"] = [{**pair, "value": "*"} if pair["key"] == masked else pair for pair in documents["secrets"]]
    assert redirections(make_plan(TOKEN_ROTATED, **documents)) == []


PARTIAL = ", authentication: other, other: {Password: {env: PASSWORD}}, on_unreadable_secret: send_changed_keys"


@pytest.mark.parametrize(("unreadable", "secrets"), [(False, ["env:TOKEN"]), (True, [])])
def test_secret_redirected_leaves_out_stored_secrets_that_are_not_sent(unreadable, secrets):
    """With `send_changed_keys`, the others go along only if the whole set can be written."""
    more = stored(AppKey="*") if unreadable else []
    documents = {"secrets": [*tenant_documents({})["secrets"], *more]}
    text = (
        bearer(more=", on_unreadable_secret: send_changed_keys")
        + "\nprovisioning: {enabled: true, deletion_threshold: 9}"
    )
    (messages,) = [redirections(make_plan(text, **documents))]
    assert [re.findall(r"env:\w+", message) for message in messages] == ([secrets] if secrets else [])


def test_the_tags_of_sent_secrets_hold_two_salted_hashes():
    """They contain no name, and those of two applications and of two keys differ."""
    first = tenant_after(password("A", ", TokenKey: {env: A}"))["service_principals"][0]["tags"]
    tags = sent(first)
    assert tags.keys() == {"Password", "TokenKey"}
    assert all(re.fullmatch(r"[0-9a-f]{32}\.[0-9a-f]{32}", value) for value in tags.values())
    assert tags["Password"] != tags["TokenKey"]
    row = {**tenant_documents({})["service_principals"][0], "id": "5b000000-0000-4000-8000-000000000009"}
    planned = make_plan(password("A"), service_principals=[row])
    (other,) = [step.value for step in planned.steps if getattr(step, "operation", "") == "record_sent"]
    assert not set(other.split(".")) & set(tags["Password"].split("."))


def test_a_record_that_cannot_be_read_is_missing():
    row = {**tenant_documents({})["service_principals"][0], "tags": ["scimconf-sent:SecretToken=x", "scimconf-sent:"]}
    assert redirections(make_plan(TOKEN_ROTATED, service_principals=[row])) == [MISSING.format("app.writer.com")]


def test_redirection_message_separates_secrets_that_differ_in_another_way():
    address = Address("writer", "connection")
    first = RedirectedSecret(address=address, field="other.A", source="env:A", hosts=("h",), is_other_host=True)
    second = RedirectedSecret(address=address, field="other.B", source="env:B", hosts=("h",), record="new")
    third = RedirectedSecret(address=address, field="other.C", source="env:C", hosts=("h",), record="new")
    assert redirection_message([first, second, third]) == (
        "the secret env:A would be sent to h, and the last apply sent it to another host; the secrets env:B and env:C would "
        "be sent to h, and Entra has no other.B and other.C of the application yet: if these secrets belong to the "
        "application, allow the guard once"
    )
