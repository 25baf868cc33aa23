"""Derives the positions of the sandbox's switches from the facts of a probe. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scimconf.graph.probe.checks import NOTIFICATIONS
from scimconf.json_types import Json

PositionOf = Callable[..., str]
"""Returns a switch position for the values of its facts."""


def switches(facts: Mapping[str, Json]) -> dict[str, str]:
    """Return the switch positions with which the sandbox behaves as this tenant, as far as the facts decide them."""
    positions = {
        switch: position_of(*(facts[fact] for fact in names.split()))
        for switch, (names, position_of) in SWITCHES.items()
        if facts.keys() >= set(names.split())
    }
    return {switch: position for switch, position in positions.items() if position}


def _one_of(*positions: str, member: str = "") -> PositionOf:
    """Return a function that returns the fact, or a member of it, if that is one of the positions."""

    def position_of(fact: Json) -> str:
        text = str(fact[member] if member else fact)
        return text if text in positions else ""

    return position_of


def _either(yes: str, no: str) -> PositionOf:
    return lambda fact: yes if fact else no


def _accepted(yes: str, no: str) -> PositionOf:
    """Decide by a status whether a request was accepted."""
    return lambda status: yes if str(status).startswith("20") else no


def _null(member: str, other: str) -> PositionOf:
    return lambda fact: "null" if fact[member] is None else other


def _mask(masked: Json) -> str:
    positions = {"SyncAll": "all", "BaseAddress": "address", "SyncNotificationSettings": "settings"}
    return next((position for key, position in positions.items() if key in masked), "sensitive")


def _notifications(text: Json) -> str:
    if not text or text == "*":
        return ""
    return "as_sent" if text == NOTIFICATIONS else "filled" if "DeleteThreshold" in text else "compact"


def _booleans(*texts: Json) -> str:
    positions = {("False", "false"): "as_sent", ("False", "False"): "capitals", ("false", "false"): "lower"}
    return positions.get(texts, "")


def _sync_all(before: Json) -> str:
    positions = {"true": "true", "false": "false", "": "absent"}
    return positions.get(str(before.get("SyncAll", "")).lower(), "")


def _job_id(parts: Json, ends_with_app_id: Json) -> str:
    return "two_parts" if parts == 2 else "app_id" if ends_with_app_id else "fresh"


def _paused_on_demand(started: Json, paused: Json) -> str:
    if not str(started).startswith("20"):
        return ""
    return "works" if str(paused).startswith("20") else "refused"


SWITCHES: Mapping[str, tuple[str, PositionOf]] = {
    "role_origin": ("roles_sent_back", _accepted("ignored", "refused")),
    "inline_template_schema": ("template_schema_inline", _either("yes", "no")),
    "job_created": ("job_created", _one_of("201", "200")),
    "job_id": ("job_id_parts job_id_ends_with_app_id", _job_id),
    "initial_state": ("initial_state", _one_of("Paused", "NotConfigured", member="code")),
    "second_job": ("second_job", lambda answer: "allowed" if answer == "allowed" else "refused"),
    "secrets_put": ("secrets_put", _one_of("merge", "replace")),
    "secrets_order": ("order", _one_of("written", "sorted", "kept")),
    "masked_secret_write": ("masked_write", _accepted("", "refused")),
    "mask": ("masked", _mask),
    "settings_text": ("notifications_shown", _notifications),
    "boolean_text": ("False_shown false_shown", _booleans),
    "sync_all_default": ("before_any", _sync_all),
    "sort_mappings": ("order_sorted", _either("yes", "no")),
    "fill_defaults": ("defaults_filled_in", _either("filled", "left_out")),
    "flags_spaces": ("flags", lambda flags: "added" if ", " in str(flags) else "stripped"),
    "expression_kept": ("expression_text parsed_text", lambda text, parsed: "rebuilt" if text == parsed else "as_sent"),
    "expression_spaces": (
        "expression_text parsed_text",
        lambda text, parsed: "none" if str(text) == str(parsed).replace(", ", ",") else "kept",
    ),
    "constant_expression": ("constant", _null("expression", "as_sent")),
    "empty_parameters": ("constant", _null("parameters", "list")),
    "names_put": ("names_kept", _either("kept", "restored")),
    "catalogue_name": ("catalogue_key", _one_of("name", "id")),
    "operator_names": ("filter_operators", lambda names: "underscored" if "IS_NOT_NULL" in names else "portal"),
    "unary_operand": ("unary_operand", _either("empty", "null")),
    "empty_scope": ("empty_scope_is_null", _either("null", "kept")),
    "duplicate_targets": ("refusal_duplicate_target", _accepted("kept", "refused")),
    "if_match": ("if_match", _accepted("ignored", "honoured")),
    "parse_error": ("parse_error", _accepted("answer", "refusal")),
    "schema_deleted": ("schema_deleted", _one_of("204", "201")),
    "started_code": ("started", _one_of("NotRun", "Active", member="code")),
    "paused_state": ("paused", _one_of("Disabled", "Paused", member="state")),
    "paused_on_demand": ("on_demand_started on_demand_paused", _paused_on_demand),
    "restart_starts": ("restarted", lambda job: "yes" if job["state"] == "Active" else "no"),
}
"""Switch → the facts that it needs, and a function that returns its position, or "" if they do not decide it."""
