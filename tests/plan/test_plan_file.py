"""Saved plans: read() restores a plan and rejects other files; differences() compares two plans."""

import json
import weakref

import pytest

from scimconf.diagnostics import Diagnostic
from scimconf.plan import (
    Abandoned,
    Action,
    Address,
    ApplicationPlan,
    Change,
    Effect,
    FieldChange,
    Guard,
    Plan,
    Resource,
    Tenant,
    WriteOnly,
    file,
)
from scimconf.plan.diff import canonical
from scimconf.plan.digest import CanonicalText, Items, digest
from scimconf.plan.file import differences, read
from scimconf.render import json as machine


def change(rest="users/title", before=None, after="[jobTitle]", action=Action.UPDATE):
    address = Address("a", "attribute_mapping", rest)
    return Change(
        address,
        action,
        Resource(address),
        Resource(address),
        (FieldChange("source", before, after),),
        frozenset({Effect.RESYNC}),
        "because",
    )


def plan(*changes, name="a", **fields):
    base = {"digest": "d", "fingerprint": "f", "paths": ("a.yaml",), "ids": {"service_principal": "1"}}
    return Plan(
        Tenant("t", "contoso.com"),
        (ApplicationPlan(name, changes=changes, **{**base, **fields}),),
        {"only": [], "exclude": [], "allow": [], "resend_secrets": False},
    )


def document(one):
    return machine.plan_document(one)


def save_and_read(one):
    found = read(machine.plan(one), "plan.json")
    assert not isinstance(found, Diagnostic), found
    return found


FULL = plan(
    change(),
    change("users/x", None, WriteOnly("TOKEN"), Action.CREATE),
    change("users/y", {"a": 1}, {"a": 2}),
    change("users/z", "gone", None, Action.DELETE),
    unmanaged_drift=(Resource(Address("a", "assignment", "user:x/admin"), {"b": 1}),),
    unmanaged=(Resource(Address("a", "app_role", "User")),),
    guards=(
        Guard("scope-widened", "said", "", 3, Address("a", "settings")),
        Guard("mass-removal", "said", "--allow mass-removal"),
    ),
    warnings=(
        Diagnostic("K001", "said", ("tenant",), hint="Write it.", severity="warning"),
        Diagnostic("K002", "said"),
    ),
    abandoned=(Abandoned(Address("a", "app_role", "old"), "write this"),),
    excluded_changes=2,
)


def test_read_restores_the_complete_plan():
    """Rendering the plan that was read gives the same bytes."""
    assert machine.plan(save_and_read(FULL).plan) == machine.plan(FULL)
    assert save_and_read(FULL).digest == digest(document(FULL))


def test_read_computes_nested_differences():
    """The file does not contain them; they follow from before and after."""
    found = next(one for one in save_and_read(FULL).plan.applications[0].changes if one.address.rest == "users/y")
    assert [(detail.path, detail.before, detail.after) for detail in found.fields[0].details] == [(("a",), 1, 2)]


def file_with(**more):
    one = {**document(FULL), **more}
    return json.dumps({**one, "digest": digest(one)})


def with_impact(effect):
    one = document(FULL)
    one["applications"][0]["changes"][0]["impact"] = {
        effect: {"count": 1, "total": 1, "precision": "exact", "sample_size": 1}
    }
    return json.dumps({**one, "digest": digest(one)})


def test_read_uses_defaults_for_missing_options():
    """A diff of two specs has no options, and a later minor version may have more."""
    found = read(file_with(options={"only": ["a"], "later": 1}), "plan.json")
    assert not isinstance(found, Diagnostic)
    assert found.options["only"] == ("a",)
    assert (found.options["var_file"], found.options["resend_secrets"]) == ((), False)
    assert found.plan.options == {"only": ["a"], "later": 1}
    assert not isinstance(read(with_impact("provisions"), "plan.json"), Diagnostic)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "P001"),
        ("[" * 100_000, "P001"),
        ("[]", "P002"),
        ("{}", "P002"),
        ('{"format_version": 1}', "P002"),
        (file_with(format_version="1.0"), "P003"),
        (file_with(applications=[{}]), "P004"),
        (file_with(options={"only": 5}), "P004"),
        (file_with(options={"only": [5]}), "P004"),
        (file_with(options={"redact": 5}), "P004"),
        (file_with(options=[]), "P004"),
        (with_impact("foo"), "P004"),
        (file_with(summary={}), "P004"),
        (file_with(tenant={"id": 1, "domain": ""}), "P004"),
        (machine.plan(FULL).replace('"action": "create"', '"action": "paint"'), "P004"),
        (machine.plan(FULL).replace("[jobTitle]", "[department]"), "P005"),
    ],
)
def test_read_returns_a_diagnostic_for_a_file_that_is_not_a_valid_plan(text, code):
    """The diagnostic has the name of the file and a hint."""
    found = read(text, "plan.json")
    assert isinstance(found, Diagnostic)
    assert (found.code, str(found.location), bool(found.hint)) == (code, "plan.json", True)


def test_read_accepts_a_later_minor_version():
    """Minor versions only add members."""
    assert not isinstance(read(file_with(format_version="2.9", later=[1]), "plan.json"), Diagnostic)


DIFFERENCES = {
    "nothing": (plan(change()), []),
    "the tenant": (
        Plan(Tenant("u", "other.com"), plan(change()).applications, plan().options),
        ["the tenant is other.com, but the plan was made for contoso.com"],
    ),
    "the spec": (plan(change(), digest="e"), ["a: the spec has changed since the plan"]),
    "the application": (
        plan(change(), ids={"service_principal": "2"}),
        ["a: the plan was made for another application or job"],
    ),
    "the tenant's things": (plan(change(), fingerprint="g"), ["a: the tenant has changed since the plan"]),
    "a new change": (
        plan(change(), change("users/more")),
        ["a: update of a:attribute_mapping/users/more is not in the reviewed plan"],
    ),
    "a change that is done": (plan(), ["a: update of a:attribute_mapping/users/title is no longer needed"]),
    "another value": (
        plan(change(after="[department]")),
        [
            (
                "a: update of a:attribute_mapping/users/title differs from the reviewed plan: source "
                '(reviewed null → "[jobTitle]", now null → "[department]")'
            )
        ],
    ),
    "another application": (
        plan(change(), name="b"),
        ["b: is not part of the reviewed plan", "a: was reviewed, but cannot be planned now"],
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences_between_the_reviewed_and_the_current_plan(name):
    """One line for each difference; none if the reviewed plan may be applied."""
    reviewed = save_and_read(plan(change()))
    current, lines = DIFFERENCES[name]
    assert list(differences(reviewed.plan, current, (reviewed.document, document(current)))) == lines


def test_differences_reports_a_newly_changed_field_and_different_effects():
    """Two changes may differ only in their effects."""
    then, now = change(), change()
    object.__setattr__(now, "fields", (*now.fields, FieldChange("match", 1, 2)))
    first = save_and_read(plan(then))
    assert list(differences(first.plan, plan(now), (first.document, document(plan(now))))) == [
        (
            "a: update of a:attribute_mapping/users/title differs from the reviewed plan: match "
            "(reviewed unchanged, now 1 → 2)"
        )
    ]
    other = change()
    object.__setattr__(other, "effects", frozenset())
    assert list(differences(first.plan, plan(other), (first.document, document(plan(other))))) == [
        "a: update of a:attribute_mapping/users/title differs from the reviewed plan"
    ]


def test_read_holds_the_model_of_a_single_change(monkeypatch):
    """The models of all changes would be most of the memory that `show` needs."""
    convert, models, numbers = file._change, [], []

    def counting(part, effects):
        models.append(weakref.ref(part))
        numbers.append(sum(model() is not None for model in models))
        return convert(part, effects)

    monkeypatch.setattr(file, "_change", counting)
    found = save_and_read(plan(*(change(f"users/{number}") for number in range(50))))
    assert len(found.plan.applications[0].changes) == len(numbers) == 50
    assert max(numbers) <= 2


def test_read_shares_what_changes_have_in_common():
    first, second = save_and_read(plan(change("users/a"), change("users/b"))).plan.applications[0].changes
    assert first.effects is second.effects
    assert first.address.kind is second.address.kind


def test_the_digest_is_that_of_the_whole_document():
    whole = document(FULL)
    parts = {**whole, "applications": Items(lambda: iter(whole["applications"]))}
    assert digest(parts) == digest(whole) == whole["digest"]
    texts = {**whole, "applications": CanonicalText(canonical(whole["applications"]))}
    assert digest(texts) == whole["digest"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (file_with(applications={}), ("applications",)),
        (file_with(applications=[5]), ("applications", 0)),
        (file_with(applications=[{"changes": 5}]), ("applications", 0, "name")),
        (machine.plan(FULL).replace('"reason": "because"', '"reason": 5'), ("applications", 0, "changes", 0, "reason")),
    ],
)
def test_an_error_names_its_place_in_the_whole_file(text, path):
    error = read(text, "plan.json")
    assert isinstance(error, Diagnostic)
    assert (error.code, error.path) == ("P004", path)
