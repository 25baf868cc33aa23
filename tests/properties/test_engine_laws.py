"""Property of the engine: what a preview says of a user is what the engine sends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from scimconf.expressions import parse, to_source
from scimconf.impact import mapping_tests
from scimconf.render.yaml import write_spec
from scimconf.spec.model.operators import OPERATORS, operator_word
from tests.hypothesis_profiles import examples
from tests.preview.previews import MINIMAL, tenant_with_writer
from tests.properties.engine_agreement import assert_engine_agrees, engine_payload
from tests.properties.positions import make_tenant
from tests.properties.specs import CUSTOM, ENVIRON, SOURCES, TARGETS, TEXTS, clauses, expressions, specs
from tests.properties.working import apply_spec, load_tree
from tests.tenant_fixture import Rehearsal

ROLES = 'roles[primary eq "True"].value'
EDITS = [
    {"target": ROLES, "source": "SingleAppRoleAssignment([appRoleAssignments])"},
    {"target": "title", "source": 'IIF([city] = "London", IgnoreObjectFlow, [jobTitle])', "defaultValue": "none"},
    {"target": "nickName", "source": "[city]", "flowType": "ObjectAddOnly"},
]
COMPLEX = {"target": "roles", "source": "AppRoleAssignmentsComplex([appRoleAssignments])"}


@pytest.mark.parametrize(("edits", "scope"), [(EDITS, ", scope: assigned"), ([COMPLEX], ", scope: all")])
def test_engine_sends_what_a_preview_of_the_template_shows(edits, scope):
    tenant = Rehearsal(
        tenant_with_writer(*edits, application={"secrets": SECRETS | {"SyncAll": str("all" in scope).lower()}})
    )
    assert assert_engine_agrees(tenant, MINIMAL % scope) >= 5


SECRETS = {"BaseAddress": "https://app.writer.com/scim", "SecretToken": "x"}


FLOW_TYPES = ["Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"]
ROLE_FUNCTIONS = ["Single{}", "{}sComplex", "Assertive{}sComplex"]
READ = [*SOURCES, "IsSoftDeleted", "userPrincipalName", "netId"]


@st.composite
def edits(draw: Any) -> list[dict[str, Any]]:
    """Draw attribute mappings and a scoping filter as edits of a tenant file."""
    sources = expressions(READ) | st.sampled_from(READ).map("[{}]".format)
    sources |= st.sampled_from(ROLE_FUNCTIONS).map(
        lambda name: f"{name.format('AppRoleAssignment')}([appRoleAssignments])"
    )
    rows = st.fixed_dictionaries(
        {"target": st.sampled_from([*TARGETS, *CUSTOM]), "source": st.none() | sources},
        optional={"defaultValue": TEXTS, "flowType": st.sampled_from(FLOW_TYPES)},
    )
    listed = draw(st.lists(rows, min_size=1, max_size=8, unique_by=lambda row: row["target"]))
    filters = draw(st.lists(st.lists(clauses(["city", "department", "mail"]), min_size=1, max_size=2), max_size=2))
    groups = [{"name": f"g{number}", "clauses": list(map(raw_clause, group))} for number, group in enumerate(filters)]
    return [*listed, {"scope": {"groups": groups}}]


def raw_clause(clause: dict[str, Any]) -> dict[str, Any]:
    values = [clause["value"]] if "value" in clause else []
    operator = OPERATORS[operator_word(clause["operator"])].spellings[0]
    return {"sourceOperandName": clause["attribute"], "operatorName": operator, "targetOperand": {"values": values}}


@pytest.mark.slow
@examples(80)
@given(edits(), st.booleans())
def test_engine_sends_what_a_preview_of_random_mappings_shows(listed, sync_all):
    secrets = SECRETS | {"SyncAll": str(sync_all).lower()}
    tenant = Rehearsal(tenant_with_writer(*listed, application={"secrets": secrets}))
    compared = assert_engine_agrees(tenant, MINIMAL % f", scope: {'all' if sync_all else 'assigned'}")
    event(f"{compared} users")


VALUES = TEXTS | st.none() | st.booleans() | st.lists(TEXTS, min_size=1, max_size=2)


@st.composite
def payload_cases(draw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the attributes of a mapping as in a spec, and those of a user."""
    texts = st.sampled_from(SOURCES).map("[{}]".format) | expressions(SOURCES)
    row = st.fixed_dictionaries({"expression": texts}, optional={"default": TEXTS})
    attributes = draw(st.dictionaries(st.sampled_from([*TARGETS, *CUSTOM]), row, min_size=1, max_size=5))
    return attributes, draw(st.fixed_dictionaries(dict.fromkeys(SOURCES, VALUES))) | {"IsSoftDeleted": False}


@pytest.mark.slow
@examples(150)
@given(payload_cases())
def test_payload_of_a_test_passes_if_it_is_what_the_engine_sends(case):
    """What the engine cannot send, since an expression fails or is not documented, is an error of the test."""
    attributes, given_values = case
    rows = [
        {
            "targetAttributeName": target,
            "source": to_source(parse(row["expression"])),
            "defaultValue": row.get("default"),
        }
        for target, row in attributes.items()
    ]
    body = engine_payload(rows, given_values)
    test = {"name": "a user", "given": given_values, "now": "2030-01-01T00:00:00Z", "payload": body or {}}
    tree = {"version": 1, "name": "writer", "tenant": "contoso.com", "application": {"display_name": "Writer"},
            "provisioning": {"enabled": False}, "mappings": {"users": {"attributes": attributes}}, "tests": [test]}  # fmt: skip
    spec = load_tree(tree).spec
    errors = [problem.message for problem in mapping_tests.run(spec) if problem.severity == "error"]
    assert bool(errors) is (body is None), (errors, body)


@pytest.mark.slow
@examples(5)
@given(specs())
def test_engine_sends_what_a_preview_of_a_random_spec_shows(tree):
    tenant = make_tenant({}, tree, ENVIRON, exists=False)
    apply_spec(tenant, load_tree(tree))
    has_job = bool(tenant.service.tenant.documents.all("schema"))
    event(f"{assert_engine_agrees(tenant, write_spec(tree)) if has_job else 0} users")
