"""Manual steps that nobody has confirmed block the first start, and only that."""

import pytest
from tenant_fixture import NOON, Rehearsal, exit_code, wishes

SPEC = """
version: 1
name: writer
tenant: contoso.com
application: {display_name: Writer}
owners: [ada@contoso.com]
vendor_contact: support@writer.com
before_start:
  - step: Enable SCIM%s
connection: {base_address: "https://app.writer.com/scim", secret_token: {env: WRITER_SCIM_TOKEN}}
provisioning: {enabled: %s, scope: assigned}
"""
CONFIRMED = "\n    confirmed: %s\n    by: ada@contoso.com"
BOTH = {"initial-start", "before-start-unconfirmed"}


@pytest.fixture
def spec(tmp_path):
    def write(confirmation="", enabled="true"):
        file = tmp_path / "scimconf.yaml"
        file.write_text(SPEC % (confirmation, enabled))
        return file

    return write


def tenant():
    return Rehearsal({"applications": [{"displayName": "Writer", "template": "custom"}]})


def blocking(planned):
    return {guard.id for guard in planned.blocking_guards}


def test_before_start_unconfirmed_blocks_the_first_start_until_a_person_confirms_the_step(spec):
    """Once provisioning has run, the step blocks nothing."""
    rehearsal = tenant()
    planned = rehearsal.plan(spec())
    assert blocking(planned) == BOTH
    report = rehearsal.apply(planned)
    assert (exit_code(report), rehearsal.writes) == (4, [])
    assert 'before-start-unconfirmed: 1 step of before_start is not confirmed: "Enable SCIM"' in report.error
    assert blocking(rehearsal.plan(spec(enabled="false"))) == set()
    assert exit_code(rehearsal.apply(spec(CONFIRMED % NOON.date()))) == 0
    for text in (spec(), spec(CONFIRMED % NOON.date())):
        assert rehearsal.plan(text).plan.changes == ()


@pytest.mark.parametrize(("day", "blocks"), [("2026-11-24", False), ("2026-11-25", False), ("2026-11-26", True)])
def test_before_start_unconfirmed_blocks_a_step_that_is_confirmed_in_the_future(spec, day, blocks):
    assert blocking(tenant().plan(spec(CONFIRMED % day))) == (BOTH if blocks else {"initial-start"})


def test_allow_allows_a_start_with_an_unconfirmed_step(spec):
    rehearsal, options = tenant(), wishes(allow=("before-start-unconfirmed",))
    assert exit_code(rehearsal.apply(rehearsal.plan(spec(), options), options)) == 0
