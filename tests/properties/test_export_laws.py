"""Any live application becomes a spec whose plan is empty, and a full one makes the same application elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scimconf.render.yaml import format_text, write_spec
from scimconf.spec.model import Spec
from tests.hypothesis_profiles import examples
from tests.properties.positions import readings, tenant
from tests.properties.specs import ENVIRON, specs
from tests.properties.working import applied, exported, loaded, settled
from tests.tenant_fixture import Rehearsal

VOLATILE = ("id", "version", "@odata.context")


@examples(15)
@given(specs(), readings(), st.booleans())
def test_what_is_exported_plans_to_nothing(tree, positions, full):
    """Twice the same bytes, canonical, the same spec when read again, and nothing to do or to write."""
    one = tenant(positions, tree, ENVIRON, made=True)
    applied(one, loaded(tree))
    found = exported(one, full=full)
    text = write_spec(found.tree)
    assert write_spec(exported(one, full=full).tree) == text
    assert format_text(text) == text
    spec = loaded(found.tree)
    assert spec.spec == Spec.model_validate(found.tree)
    settled(one, spec)


@examples(15)
@given(specs())
def test_a_full_export_makes_the_same_application_in_an_empty_tenant(tree):
    """All documents are equal, apart from ids and versions."""
    one = tenant({}, tree, ENVIRON, made=True)
    applied(one, loaded(tree))
    other = tenant({}, tree, ENVIRON, made=True)
    applied(other, loaded(exported(one, full=True).tree))
    assert documents(other) == documents(one)


def documents(one: Rehearsal):
    """Everything that the service keeps of an application, without what it makes up by itself."""
    schema = {key: value for key, value in one.schema().items() if key not in VOLATILE}
    roles = {name: {key: value for key, value in role.items() if key != "id"} for name, role in one.roles().items()}
    state = one.request("GET", one.job())["schedule"]["state"]
    return schema, one.saved(), roles, one.assigned(), state
