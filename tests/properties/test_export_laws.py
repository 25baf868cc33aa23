"""Properties of export: it round-trips, and a full export recreates the application in another tenant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scimconf.render.yaml import format_text, write_spec
from scimconf.spec.model import Spec
from tests.hypothesis_profiles import examples
from tests.properties.positions import make_tenant, switch_positions
from tests.properties.specs import ENVIRON, specs
from tests.properties.working import apply_spec, assert_no_changes, export_spec, load_tree
from tests.tenant_fixture import Rehearsal

VOLATILE = ("id", "version", "@odata.context")


@examples(10, quick=4)
@given(specs(), switch_positions(), st.booleans())
def test_export_round_trips(tree, positions, full):
    """The text is canonical and the same each time, loads as the same spec, and its plan is empty."""
    tenant = make_tenant(positions, tree, ENVIRON, exists=True)
    apply_spec(tenant, load_tree(tree))
    exported = export_spec(tenant, full=full)
    text = write_spec(exported.tree)
    assert write_spec(export_spec(tenant, full=full).tree) == text
    assert format_text(text) == text
    spec = load_tree(exported.tree)
    assert spec.spec == Spec.model_validate(exported.tree)
    assert_no_changes(tenant, spec)


@examples(6, quick=3)
@given(specs())
def test_full_export_recreates_the_application_in_another_tenant(tree):
    """All documents are equal, apart from ids and versions."""
    tenant = make_tenant({}, tree, ENVIRON, exists=True)
    apply_spec(tenant, load_tree(tree))
    other_tenant = make_tenant({}, tree, ENVIRON, exists=True)
    apply_spec(other_tenant, load_tree(export_spec(tenant, full=True).tree))
    assert documents(other_tenant) == documents(tenant)


def documents(tenant: Rehearsal):
    """Return the documents of an application without the ids and versions that the service assigns."""
    schema = {key: value for key, value in tenant.schema().items() if key not in VOLATILE}
    roles = {name: {key: value for key, value in role.items() if key != "id"} for name, role in tenant.roles().items()}
    state = tenant.request("GET", tenant.job())["schedule"]["state"]
    return schema, tenant.saved(), roles, tenant.assigned(), state
