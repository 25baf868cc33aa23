"""Property of the engine: what a preview says of a user is what the engine sends."""

from __future__ import annotations

import json

import pytest
from hypothesis import event, given

from tests.hypothesis_profiles import examples
from tests.preview.previews import MINIMAL, tenant_with_writer
from tests.properties.engine_agreement import assert_engine_agrees
from tests.properties.specs import ENVIRON, specs
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


@pytest.mark.slow
@examples(25)
@given(specs())
def test_engine_sends_what_a_preview_of_a_random_spec_shows(tree):
    tenant = Rehearsal(environ=ENVIRON)
    apply_spec(tenant, load_tree(tree))
    compared = assert_engine_agrees(tenant, json.dumps(tree)) if tenant.service.tenant.documents.all("schema") else 0
    event(f"{compared} users")
