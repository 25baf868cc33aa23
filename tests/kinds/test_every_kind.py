"""Every kind has every member of the class Kind, each with a value of the declared type."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, get_args

import pytest

from scimconf.diagnostics import Diagnostic
from scimconf.kinds import BY_NAME, KINDS, Kind
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.fields import Field
from scimconf.kinds.kind import NOT_REMOVABLE, AttributeFlow, RowPart
from scimconf.kinds.provisioning import Affected, ProvisioningState
from scimconf.kinds.registry import ALL_GUARDS
from scimconf.plan import (
    Action,
    Address,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Guard,
    MissingPrincipal,
    Resource,
    Traits,
)
from scimconf.plan.guards import GuardContext
from scimconf.plan.key_sets import KeySets
from scimconf.snapshot import Document, Lookup, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Edit, Read, Send
from tests.kinds.cases import TODAY, snapshot, spec_of, tenant_documents

EVERYTHING = """
job: {template: scim}
connection: {base_address: "https://writer.example/scim", secret_token: {env: TOKEN}}
provisioning: {enabled: true, scope: assigned}
mappings:
  users:
    enabled: true
    target_attributes: {nickName: {}}
    source_attributes: {extension_x: {}}
    attributes: {title: jobTitle}
app_roles: {unlisted: report, roles: [{value: admin}]}
assignments: {unlisted: report, users: [{user: ada@contoso.com, role: admin}]}
"""
SPEC = spec_of(EVERYTHING)
TENANT = snapshot(SPEC, tenant_documents({}))
REMOVABLE = {"attribute_mapping", "app_role", "assignment"}
NOTHING_TO_EXPORT = {"assignment", "source_attribute", "target_attribute"}
"""The base tenant has no assignments, and no attributes that differ from its template."""


def example(kind: Kind) -> Resource:
    """Return a resource of the kind: the first desired one, with facts where it was observed."""
    address = next(item.address for item in kind.desired(SPEC, TENANT) if isinstance(item, Resource))
    facts = {"id": "1", "principal": "ada@contoso.com", "assignments": 0}
    return Resource(address, {"source": "[mail]", "match": None}, ("principal", "role"), facts)


def members(kind: Kind) -> dict[str, tuple[Any, Any]]:
    """Return the value of each member, and the type of the value or of its items."""
    resource = example(kind)
    change = Change(resource.address, Action.DELETE, before=resource)
    context = GuardContext(today=TODAY)
    effects = kind.effects([change], TENANT)
    return {
        "name": (kind.name, str),
        "labels": (kind.labels, str),
        "fields": (kind.fields, Field),
        "defaults": (kind.defaults, str),
        "after": (kind.after, str),
        "companions": (kind.companions, str),
        "is_foundation": (kind.is_foundation, bool),
        "only_written": (kind.only_written, bool),
        "traits": (kind.traits, Traits),
        "guard_ids": (kind.guard_ids, str),
        "effects_before_start": (kind.effects_before_start, Effect),
        "reads": (kind.reads(SPEC), Document),
        "lookups": (kind.lookups(SPEC, TENANT), Lookup),
        "looks_up_principals": (kind.looks_up_principals, bool),
        "missing": (kind.missing(SPEC, TENANT), MissingPrincipal),
        "check": (kind.check(SPEC, TENANT), Diagnostic),
        "key_sets": (kind.key_sets(SPEC, TENANT), (KeySets, type(None))),
        "desired": (kind.desired(SPEC, TENANT), get_args(DesiredItem)),
        "observed": (kind.observed(SPEC, TENANT), Resource),
        "effects": (effects, Address),
        "change_effects": (kind.change_effects(change), Effect),
        "effect_text": (kind.effect_text(Effect.DATA_LOSS, change), str),
        "guards": (kind.guards([change], context), Guard),
        "warnings": (kind.warnings(SPEC, TENANT, DiffResult(), ()), Diagnostic),
        "compared_offline": (kind.compared_offline(SPEC, resource), Resource),
        "steps": (kind.steps(SPEC, (), TENANT), (Send, Edit, Read)),
        "affected": (kind.affected(change).values(), get_args(Affected)),
        "project": (kind.project(ProvisioningState(), [change], SPEC, TENANT), ProvisioningState),
        "row_part": (kind.row_part(change), (RowPart, type(None))),
        "attribute_flow": (kind.attribute_flow(change), (AttributeFlow, type(None))),
        "export": (kind.export(ExportRequest(name="writer", snapshot=TENANT)), ExportedSpec),
        "mine": (kind.mine([change]), Change),
        "address": (kind.address(SPEC), Address),
        "removal_snippet": (kind.removal_snippet(resource), str),
    }


@pytest.mark.parametrize("kind", KINDS, ids=BY_NAME)
def test_every_kind_has_every_member_with_the_declared_type(kind):
    names = {name for name in (*dir(Kind), *inspect.get_annotations(Kind)) if not name.startswith("_")}
    values = members(kind)
    assert set(values) == names
    for name, (value, type_) in values.items():
        is_single = isinstance(value, str | tuple) and type(value) is not tuple or not isinstance(value, Iterable)
        assert all(isinstance(part, type_) for part in ([value] if is_single else value)), name


@pytest.mark.parametrize("kind", KINDS, ids=BY_NAME)
def test_every_kind_accepts_a_snapshot_without_documents(kind):
    empty = Snapshot()
    assert all(isinstance(item, get_args(DesiredItem)) for item in kind.desired(SPEC, empty))
    assert list(kind.observed(SPEC, empty)) == []
    assert all(isinstance(diagnostic, Diagnostic) for diagnostic in kind.check(SPEC, empty))


@pytest.mark.parametrize("kind", KINDS, ids=BY_NAME)
def test_every_kind_has_a_singular_and_a_plural_label(kind):
    singular, plural = kind.labels
    assert singular
    assert plural
    assert singular != plural


@pytest.mark.parametrize("kind", KINDS, ids=BY_NAME)
def test_every_kind_has_a_removal_snippet_or_cannot_be_removed(kind):
    snippet = kind.removal_snippet(example(kind))
    assert (snippet != NOT_REMOVABLE) is (kind.name in REMOVABLE)
    assert "absent: true" in snippet or snippet == NOT_REMOVABLE


@pytest.mark.parametrize("kind", KINDS, ids=BY_NAME)
def test_every_kind_is_exported(kind):
    part = kind.export(ExportRequest(name="writer", snapshot=TENANT, full=True))
    assert type(kind).export is not Kind.export
    assert bool(part.tree) is (kind.name not in NOTHING_TO_EXPORT)


def test_every_guard_is_a_guard_of_the_spec_model():
    guards = Spec.model_json_schema()["$defs"]["ExemptionEntry"]["properties"]["guard"]["enum"]
    assert set(guards) == set(ALL_GUARDS)


@pytest.mark.parametrize("field", [field for kind in KINDS for field in kind.fields], ids=lambda field: field.name)
def test_every_field_names_a_key_of_the_spec_model(field):
    model: Any = Spec
    for part in field.path:
        assert part in model.model_fields, field.path
        annotation = model.model_fields[part].annotation
        options = [option for option in (annotation, *get_args(annotation)) if hasattr(option, "model_fields")]
        model = options[0] if options else None
    assert field.label
    assert field.from_documents(TENANT) is not None or field.default is None
