"""Property of `logs --compare`: it finds no disagreement with an engine that is right, and the mapping of one that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from scimconf.monitoring.comparison import Agreement, LogComparison
from scimconf.sandbox.reach import Destination
from scimconf.sandbox.target import start_target
from scimconf.workflow.comparison import compare_logs
from scimconf.workflow.logs import LogOptions
from tests.hypothesis_profiles import examples
from tests.preview.previews import MINIMAL, WRITER_APPLICATION, tenant_with_writer
from tests.properties.specs import TEXTS
from tests.properties.test_engine_laws import SECRETS, edits
from tests.tenant_fixture import NOON, Rehearsal

NAMES = ("zoe@contoso.com", "max@contoso.com")
RANDOM = ("jobTitle", "city", "department", "employeeId", "country", "givenName", "mail")


def people() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return a strategy of two users with some random attributes."""
    attributes = st.fixed_dictionaries({}, optional=dict.fromkeys(RANDOM, TEXTS.filter(str.strip)))
    pairs = st.tuples(attributes, attributes)
    return pairs.map(
        lambda pair: [{"userPrincipalName": name, **values} for name, values in zip(NAMES, pair, strict=True)]
    )


def compared(tenant: Rehearsal, spec: Any) -> LogComparison:
    """Run a cycle with an empty application, and compare its log with the predictions."""
    with start_target("tolerant", token="sandbox") as empty:  # noqa: S106
        stored = tenant.service.tenant
        stored.reach = replace(stored.reach, target=Destination(empty.url, empty.token))
        tenant.request("POST", "/_sandbox/cycle", {})
    options = LogOptions(window=timedelta(days=1), now=NOON)
    (result,) = tenant.run(lambda session: compare_logs(lambda: session, [spec], options))
    assert not result.problem
    return result


def mapped_targets(tenant: Rehearsal) -> list[str]:
    """Return the targets of the mappings of users, in the order in which the switch `wrong_mapping` numbers them."""
    (schema,) = tenant.service.tenant.documents.all("schema")
    mappings = [mapping for rule in schema["synchronizationRules"] for mapping in rule["objectMappings"]]
    users = [mapping for mapping in mappings if mapping["sourceObjectName"] == "User"]
    return sorted(row["targetAttributeName"] for mapping in users for row in mapping["attributeMappings"])


@pytest.mark.slow
@examples(10)
@given(edits(), people(), st.data())
def test_comparison_agrees_with_the_engine_and_names_the_mapping_of_a_fault(tmp_path_factory, listed, users, data):
    assigned = [*WRITER_APPLICATION["assignments"], *({"user": name, "role": "member"} for name in NAMES)]
    application = {"secrets": SECRETS | {"SyncAll": "false"}, "assignments": assigned}
    described = tenant_with_writer(*listed, application=application, users=users, base="contoso")
    path = tmp_path_factory.mktemp("spec") / "scimconf.yaml"
    path.write_text(MINIMAL % ", scope: assigned", "utf-8")
    right = Rehearsal(described, undetermined="not_sent")
    wrong, spec = right.copy(), right.load(path)
    result = compared(right, spec)
    assert [user for user in result.users if user.agreement is Agreement.DISAGREES] == []

    targets = mapped_targets(wrong)
    number = data.draw(st.integers(1, len(targets)))
    wrong.service.tenant.switches = wrong.service.tenant.switches.changed({"wrong_mapping": number})
    rows = [(user, row) for user in compared(wrong, spec).users for row in user.attributes]
    disagreeing = [row for _, row in rows if row.agreement is Agreement.DISAGREES]
    event(f"{min(len(disagreeing), 1)} mapping named")
    assert {row.target for row in disagreeing} <= {targets[number - 1]}
    assert all(row.predicted != row.recorded for row in disagreeing)
    sure = [row for _, row in rows if row.target == targets[number - 1] and row.agreement is Agreement.AGREES]
    assert sure == []
