"""Tests of `kinds.retirement`: the spec that empties an application, and the steps that shut it down."""

import pytest

from scimconf.kinds.provisioning import ProvisioningState
from scimconf.kinds.retirement import closes_leavers, emptying_spec, not_emptied, shutdown_steps, stored_secrets
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

SPEC = Spec.model_validate(
    {
        "version": 1,
        "name": "writer",
        "retired": "2026-11-30",
        "application": {"display_name": "Writer", "create": {"from_template": "custom"}},
        "connection": {"base_address": "https://writer.example.com", "secret_token": {"env": "TOKEN"}},
        "provisioning": {"enabled": False, "deletion_threshold": 5},
        "mappings": {"users": {"enabled": True}},
        "assignments": {"unlisted": "keep", "users": [{"user": "ada@contoso.com", "role": "admin"}]},
        "guard_exemptions": [{"guard": "mass-removal", "until": "2026-12-31", "reason": "CHG-1"}],
    }
)


@pytest.mark.parametrize("narrows", [False, True])
def test_the_emptying_spec_has_nobody_and_manages_nothing_else(narrows):
    spec = emptying_spec(SPEC, narrows=narrows, runs=True)
    assert (spec.retired, spec.application.create, spec.mappings) == (None, None, {})
    assert (spec.assignments.unlisted, list(spec.assignments.listed)) == ("delete", [])
    assert (spec.provisioning.enabled, spec.provisioning.scope) == (True, "assigned" if narrows else None)
    assert not spec.provisioning.wrote("deletion_threshold")
    assert (spec.connection is not None) is narrows
    assert [exemption.guard for exemption in spec.guard_exemptions] == ["mass-removal"]
    assert not_emptied(spec) == ("writer:connection",)


def snapshot(state, secrets):
    job = {"id": "j", "schedule": {"state": state}}
    pairs = [{"key": key, "value": value} for key, value in secrets.items()]
    return Snapshot(documents={"jobs": [job], "secrets": pairs}, names={"job": "j"})


@pytest.mark.parametrize(
    ("state", "secrets", "steps"),
    [
        ("Active", {"SecretToken": "*", "BaseAddress": "https://a"}, ["stop", "wait", "delete the stored SecretToken"]),
        ("Disabled", {"SecretToken": "*"}, ["delete the stored SecretToken"]),
        ("Active", {}, ["stop", "wait"]),
        ("Disabled", {"SecretToken": ""}, []),
    ],
)
def test_the_shutdown_pauses_the_job_and_deletes_what_is_stored(state, secrets, steps):
    found = [step.description for step in shutdown_steps(SPEC, snapshot(state, secrets))]
    assert len(found) == len(steps)
    assert all(text.startswith(start) for text, start in zip(found, steps, strict=True))


def test_tokens_of_the_service_are_secrets_too():
    raw = snapshot("Active", {"Oauth2AccessToken": "*", "Oauth2RefreshToken": "*", "TokenExpiration": "1"})
    assert stored_secrets(raw) == ("Oauth2AccessToken", "Oauth2RefreshToken", "TokenExpiration")


@pytest.mark.parametrize(
    ("source", "actions", "definitions", "result"),
    [
        ('Switch([IsSoftDeleted], , "False", "True")', ("create", "update"), [{"name": "active"}], "disable"),
        ("[IsSoftDeleted]", ("create",), [{"name": "active"}], ""),
        ("[accountEnabled]", ("create", "update", "delete"), [{"name": "active"}], ""),
        ("[mail]", ("create", "delete"), [{"name": "userName"}], "delete"),
        ("[mail]", ("create",), [{"name": "userName"}], ""),
    ],
)
def test_what_the_service_does_with_leavers(source, actions, definitions, result):
    state = ProvisioningState(rows={"x": {"source": source}}, actions=actions)
    assert closes_leavers(state, definitions) == result
    disabled = ProvisioningState(rows={"x": {"source": source}}, actions=actions, enabled=False)
    assert closes_leavers(disabled, definitions) == ""
