"""Derives the positions of the sandbox's switches from the facts of a probe. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scimconf.graph.probe.checks import NOTIFICATIONS
from scimconf.json_types import Json


def switches(facts: Mapping[str, Json]) -> dict[str, str]:
    """Return the switch positions with which the sandbox behaves as this tenant, as far as the facts decide them."""
    positions = {name: read(facts) for name, (needs, read) in SWITCHES.items() if needs <= facts.keys()}
    return {name: position for name, position in positions.items() if position}


def _one_of(fact: str, *positions: str) -> Callable[[Mapping[str, Json]], str]:
    """Return the fact itself if it is one of the positions."""
    return lambda facts: str(facts[fact]) if str(facts[fact]) in positions else ""


def _either(fact: str, yes: str, no: str) -> Callable[[Mapping[str, Json]], str]:
    return lambda facts: yes if facts[fact] else no


def _accepted(fact: str, yes: str, no: str) -> Callable[[Mapping[str, Json]], str]:
    """Decide by a status whether a request was accepted."""
    return lambda facts: yes if str(facts[fact]).startswith("20") else no


def _mask(facts: Mapping[str, Json]) -> str:
    hidden = set(facts["masked"])
    if "SyncAll" in hidden:
        return "all"
    return "address" if "BaseAddress" in hidden else "settings" if "SyncNotificationSettings" in hidden else "sensitive"


def _notifications(facts: Mapping[str, Json]) -> str:
    text = facts["notifications_shown"]
    if not text or text == "*":
        return ""
    return "as_sent" if text == NOTIFICATIONS else "filled" if "DeleteThreshold" in text else "compact"


def _booleans(facts: Mapping[str, Json]) -> str:
    texts = (facts["False_shown"], facts["false_shown"])
    positions = {("False", "false"): "as_sent", ("False", "False"): "capitals", ("false", "false"): "lower"}
    return positions.get(texts, "")


def _job_id(facts: Mapping[str, Json]) -> str:
    if facts["job_id_parts"] == 2:
        return "two_parts"
    return "app_id" if facts["job_id_ends_with_app_id"] else "fresh"


def _spaces(facts: Mapping[str, Json]) -> str:
    text, parsed = str(facts["expression_text"]), str(facts["parsed_text"])
    return "none" if text == parsed.replace(", ", ",") else "kept"


_Reading = tuple[frozenset[str], Callable[[Mapping[str, Json]], str]]
SWITCHES: Mapping[str, _Reading] = {
    "role_origin": (frozenset({"roles_sent_back"}), _accepted("roles_sent_back", "ignored", "refused")),
    "inline_template_schema": (frozenset({"template_schema_inline"}), _either("template_schema_inline", "yes", "no")),
    "job_created": (frozenset({"job_created"}), _one_of("job_created", "201", "200")),
    "job_id": (frozenset({"job_id_parts", "job_id_ends_with_app_id"}), _job_id),
    "initial_state": (
        frozenset({"initial_state"}),
        lambda facts: (
            facts["initial_state"]["code"] if facts["initial_state"]["code"] in ("Paused", "NotConfigured") else ""
        ),
    ),
    "second_job": (
        frozenset({"second_job"}),
        lambda facts: "allowed" if facts["second_job"] == "allowed" else "refused",
    ),
    "secrets_put": (frozenset({"secrets_put"}), _one_of("secrets_put", "merge", "replace")),
    "secrets_order": (frozenset({"order"}), _one_of("order", "written", "sorted", "kept")),
    "masked_secret_write": (
        frozenset({"masked_write"}),
        lambda facts: "" if facts["masked_write"].startswith("20") else "refused",
    ),
    "mask": (frozenset({"masked"}), _mask),
    "settings_text": (frozenset({"notifications_shown"}), _notifications),
    "boolean_text": (frozenset({"False_shown", "false_shown"}), _booleans),
    "sync_all_default": (
        frozenset({"before_any"}),
        lambda facts: {"true": "true", "false": "false", "": "absent"}.get(
            str(facts["before_any"].get("SyncAll", "")).lower(), ""
        ),
    ),
    "sort_mappings": (frozenset({"order_sorted"}), _either("order_sorted", "yes", "no")),
    "fill_defaults": (frozenset({"defaults_filled_in"}), _either("defaults_filled_in", "filled", "left_out")),
    "flags_spaces": (
        frozenset({"flags"}),
        lambda facts: "added" if ", " in str(facts["flags"]) else "stripped",
    ),
    "expression_kept": (
        frozenset({"expression_text", "parsed_text"}),
        lambda facts: "rebuilt" if facts["expression_text"] == facts["parsed_text"] else "as_sent",
    ),
    "expression_spaces": (frozenset({"expression_text", "parsed_text"}), _spaces),
    "constant_expression": (
        frozenset({"constant"}),
        lambda facts: "null" if facts["constant"]["expression"] is None else "as_sent",
    ),
    "empty_parameters": (
        frozenset({"constant"}),
        lambda facts: "null" if facts["constant"]["parameters"] is None else "list",
    ),
    "names_put": (frozenset({"names_kept"}), _either("names_kept", "kept", "restored")),
    "catalogue_name": (frozenset({"catalogue_key"}), _one_of("catalogue_key", "name", "id")),
    "operator_names": (
        frozenset({"filter_operators"}),
        lambda facts: "underscored" if "IS_NOT_NULL" in facts["filter_operators"] else "portal",
    ),
    "unary_operand": (frozenset({"unary_operand"}), _either("unary_operand", "empty", "null")),
    "empty_scope": (frozenset({"empty_scope_is_null"}), _either("empty_scope_is_null", "null", "kept")),
    "duplicate_targets": (
        frozenset({"refusal_duplicate_target"}),
        _accepted("refusal_duplicate_target", "kept", "refused"),
    ),
    "if_match": (frozenset({"if_match"}), _accepted("if_match", "ignored", "honoured")),
    "parse_error": (frozenset({"parse_error"}), _accepted("parse_error", "answer", "refusal")),
    "schema_deleted": (frozenset({"schema_deleted"}), _one_of("schema_deleted", "204", "201")),
    "started_code": (
        frozenset({"started"}),
        lambda facts: facts["started"]["code"] if facts["started"]["code"] in ("NotRun", "Active") else "",
    ),
    "paused_state": (
        frozenset({"paused"}),
        lambda facts: facts["paused"]["state"] if facts["paused"]["state"] in ("Disabled", "Paused") else "",
    ),
    "restart_starts": (
        frozenset({"restarted"}),
        lambda facts: "yes" if facts["restarted"]["state"] == "Active" else "no",
    ),
}
"""Switch → the facts that it needs, and a function that returns its position, or "" if they do not decide it."""
