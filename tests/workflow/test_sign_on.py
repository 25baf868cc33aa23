"""A required single sign-on that is not set up blocks the first start, and only that."""

import pytest
from tenant_fixture import Rehearsal, exit_code, wishes

SPEC = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer, single_sign_on: saml%s}
connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: %s, scope: assigned}
"""
CREATE = ", create: {from_template: custom}"


@pytest.fixture
def spec(tmp_path):
    def write(enabled="true", create=""):
        file = tmp_path / "scimconf.yaml"
        file.write_text(SPEC % (create, enabled))
        return file

    return write


def tenant(mode=None, **job):
    application = {"displayName": "Writer", "template": "custom", "preferredSingleSignOnMode": mode}
    return Rehearsal({"applications": [application | ({"jobs": [job]} if job else {})]})


def blocking(planned):
    return {guard.id for guard in planned.blocking_guards}


def test_sign_on_missing_blocks_the_first_start_until_single_sign_on_is_set_up(spec):
    rehearsal = tenant()
    planned = rehearsal.plan(spec())
    assert blocking(planned) == {"initial-start", "sign-on-missing"}
    report = rehearsal.apply(planned)
    assert (exit_code(report), rehearsal.writes) == (4, [])
    assert "sign-on-missing: the spec requires SAML single sign-on" in report.error
    rehearsal.request(
        "PATCH", f"/servicePrincipals/{rehearsal.principal()['id']}", {"preferredSingleSignOnMode": "saml"}
    )
    assert exit_code(rehearsal.apply(spec())) == 0


def test_sign_on_missing_blocks_also_the_creation_of_an_application_that_would_start(spec):
    rehearsal = Rehearsal()
    planned = rehearsal.plan(spec(create=CREATE))
    assert blocking(planned) == {"application-created", "initial-start", "sign-on-missing"}
    assert (exit_code(rehearsal.apply(planned)), rehearsal.writes) == (4, [])
    assert exit_code(rehearsal.apply(spec(enabled="false", create=CREATE))) == 0


def test_allow_allows_a_start_without_single_sign_on(spec):
    rehearsal, options = tenant(), wishes(allow=("sign-on-missing",))
    assert exit_code(rehearsal.apply(rehearsal.plan(spec(), options), options)) == 0


def test_sign_on_missing_does_not_block_a_spec_that_starts_nothing(spec):
    assert blocking(tenant().plan(spec(enabled="false"))) == set()
    assert blocking(tenant("saml").plan(spec())) == {"initial-start"}
