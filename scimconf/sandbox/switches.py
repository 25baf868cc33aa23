"""The table of switches: each behaviour of Graph that is undocumented, or on which sources disagree.

The first value of a choice is the default: the behaviour with the best evidence. No other module of the sandbox decides
between two possible behaviours of Graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from scimconf.sandbox.data_files import read_data

MAX_DIGITS = 9
MAX_SHOWN = 60
"""Digits of a number, and characters of a value in a message."""


class SwitchError(ValueError):
    """The name of a switch is unknown, or a value is not valid for it."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch for documentation: `values` is None if the value is an integer of at least 0."""

    name: str
    values: list[str] | None
    default: str
    fact: str
    engine: bool = False
    """Whether the switch is about the requests of the provisioning engine, which clients of Graph cannot observe."""


_TABLE = {name: Switch(name, **row) for name, row in read_data("switches.json").items()} | {
    name: Switch(name, **row, engine=True) for name, row in read_data("engine_switches.json").items()
}


def _parse_position(name: str, value: object) -> str | int:
    if name not in _TABLE:
        raise SwitchError(f"unknown switch {name!r}. Valid switches: {', '.join(_TABLE)}")
    values = _TABLE[name].values
    text = "a list or an object" if isinstance(value, list | dict) else str(value)
    excerpt = f"{text[:MAX_SHOWN]}…" if len(text) > MAX_SHOWN else text
    if values is None:
        if not text.isdecimal() or len(text) > MAX_DIGITS:
            raise SwitchError(f"switch {name}: expected an integer of at least 0, got {excerpt!r}")
        return int(text)
    if text not in values:
        raise SwitchError(f"switch {name}: expected {' or '.join(map(repr, values))}, got {excerpt!r}")
    return text


def _switch(name: str) -> Any:
    return field(default=_parse_position(name, _TABLE[name].default))


@dataclass(frozen=True, slots=True)
class Switches:
    """The positions of all switches. The two files of switches in `data/` have their values and facts."""

    # ---- time and replication delay ----------------------------------------------------------------------------------
    late_reads: int = _switch("late_reads")
    role_propagation: int = _switch("role_propagation")
    role_disable: str = _switch("role_disable")
    cycle_reads: int = _switch("cycle_reads")
    clock_offset_seconds: int = _switch("clock_offset_seconds")
    latency_ms: int = _switch("latency_ms")
    # ---- directory ---------------------------------------------------------------------------------------------------
    page_size: int = _switch("page_size")
    empty_pages: str = _switch("empty_pages")
    oversized_top: str = _switch("oversized_top")
    filter_clauses: int = _switch("filter_clauses")
    role_origin: str = _switch("role_origin")
    role_value_length: str = _switch("role_value_length")
    duplicate_assignment: str = _switch("duplicate_assignment")
    batch_order: str = _switch("batch_order")
    count_without_header: str = _switch("count_without_header")
    unknown_role: str = _switch("unknown_role")
    role_deletion: str = _switch("role_deletion")
    deleted_security_groups: str = _switch("deleted_security_groups")
    restored_links: str = _switch("restored_links")
    gallery_permission: str = _switch("gallery_permission")
    organization_permission: str = _switch("organization_permission")
    secrets_read_permission: str = _switch("secrets_read_permission")
    audit_retention_days: int = _switch("audit_retention_days")
    audit_target: str = _switch("audit_target")
    access_tokens: str = _switch("access_tokens")
    # ---- synchronization: jobs and secrets ---------------------------------------------------------------------------
    secrets_put: str = _switch("secrets_put")
    masked_secret_write: str = _switch("masked_secret_write")
    mask: str = _switch("mask")
    secrets_order: str = _switch("secrets_order")
    settings_text: str = _switch("settings_text")
    boolean_text: str = _switch("boolean_text")
    recipients: str = _switch("recipients")
    sync_all_default: str = _switch("sync_all_default")
    credentials_failure: str = _switch("credentials_failure")
    authorization_type: str = _switch("authorization_type")
    initial_state: str = _switch("initial_state")
    job_id: str = _switch("job_id")
    job_created: str = _switch("job_created")
    patch_job: str = _switch("patch_job")
    sync_counts: str = _switch("sync_counts")
    sync_in_batch: str = _switch("sync_in_batch")
    blank_token: str = _switch("blank_token")
    paused_state: str = _switch("paused_state")
    started_code: str = _switch("started_code")
    restart_starts: str = _switch("restart_starts")
    paused_on_demand: str = _switch("paused_on_demand")
    plain_registration_jobs: str = _switch("plain_registration_jobs")
    second_job: str = _switch("second_job")
    sync_by_app_id: str = _switch("sync_by_app_id")
    # ---- synchronization: schema -------------------------------------------------------------------------------------
    directory_name: str = _switch("directory_name")
    target_directory_name: str = _switch("target_directory_name")
    display_names: str = _switch("display_names")
    names_put: str = _switch("names_put")
    schema_version: str = _switch("schema_version")
    inline_template_schema: str = _switch("inline_template_schema")
    sort_mappings: str = _switch("sort_mappings")
    duplicate_targets: str = _switch("duplicate_targets")
    unknown_properties: str = _switch("unknown_properties")
    fill_defaults: str = _switch("fill_defaults")
    annotations: str = _switch("annotations")
    flags_spaces: str = _switch("flags_spaces")
    unary_operand: str = _switch("unary_operand")
    empty_scope: str = _switch("empty_scope")
    expression_kept: str = _switch("expression_kept")
    expression_spaces: str = _switch("expression_spaces")
    empty_arguments: str = _switch("empty_arguments")
    constant_expression: str = _switch("constant_expression")
    empty_parameters: str = _switch("empty_parameters")
    expression_numbers: str = _switch("expression_numbers")
    parse_error: str = _switch("parse_error")
    function_case: str = _switch("function_case")
    catalogue_name: str = _switch("catalogue_name")
    operator_names: str = _switch("operator_names")
    schema_refusal: str = _switch("schema_refusal")
    schema_deleted: str = _switch("schema_deleted")
    schema_limit_kb: int = _switch("schema_limit_kb")
    if_match: str = _switch("if_match")
    # ---- provisioning engine ------------------------------------------------------------------------------------------
    dialect: str = _switch("dialect")
    flag_on_wire: str = _switch("flag_on_wire")
    user_agent: str = _switch("user_agent")
    adscimversion_header: str = _switch("adscimversion_header")
    content_type: str = _switch("content_type")
    accept: str = _switch("accept")
    query_space: str = _switch("query_space")
    probe_groups: str = _switch("probe_groups")
    pod_guid_probe: str = _switch("pod_guid_probe")
    keepalive_probe: int = _switch("keepalive_probe")
    member_batch: int = _switch("member_batch")
    member_parallel: int = _switch("member_parallel")
    add_or_replace: str = _switch("add_or_replace")
    members_replace_when_returned: str = _switch("members_replace_when_returned")
    disable_literal: str = _switch("disable_literal")
    manager_value: str = _switch("manager_value")
    manager_clear: str = _switch("manager_clear")
    manager_in_post: str = _switch("manager_in_post")
    group_post_members_empty: str = _switch("group_post_members_empty")
    group_schema_adscim: str = _switch("group_schema_adscim")
    externalid_add_on_matched_group: str = _switch("externalid_add_on_matched_group")
    flag_pathless_ops: str = _switch("flag_pathless_ops")
    primary_literal: str = _switch("primary_literal")
    reference_filters: str = _switch("reference_filters")
    role_text: str = _switch("role_text")
    duplicate_role: str = _switch("duplicate_role")
    default_access: str = _switch("default_access")
    role_blob: str = _switch("role_blob")
    bare_extension: str = _switch("bare_extension")
    role_primary: str = _switch("role_primary")
    multivalued_in_post: str = _switch("multivalued_in_post")
    member_removal: str = _switch("member_removal")
    flow_always: str = _switch("flow_always")
    undetermined: str = _switch("undetermined")
    undetermined_filter: str = _switch("undetermined_filter")
    retry_in_cycle: int = _switch("retry_in_cycle")
    retry_after: str = _switch("retry_after")
    quarantine_on_429: str = _switch("quarantine_on_429")
    timeout_s: int = _switch("timeout_s")
    create_status: str = _switch("create_status")
    create_no_id: str = _switch("create_no_id")
    create_no_body: str = _switch("create_no_body")
    response_content_type: str = _switch("response_content_type")
    missing_target: str = _switch("missing_target")
    unassigned_action: str = _switch("unassigned_action")
    staged_action: str = _switch("staged_action")
    escrow_state: str = _switch("escrow_state")
    expired_quarantine: str = _switch("expired_quarantine")
    wrong_mapping: int = _switch("wrong_mapping")

    def changed(self, positions: Mapping[str, object]) -> Switches:
        """Return the switches with new positions; raise SwitchError for an unknown name or value."""
        changes: dict[str, Any] = {name: _parse_position(name, value) for name, value in positions.items()}
        return replace(self, **changes)

    def positions(self) -> dict[str, str]:
        return {row.name: str(getattr(self, row.name)) for row in fields(self)}


def table() -> tuple[Switch, ...]:
    """Return all switches, for documentation and for `GET /_sandbox/switches`."""
    return tuple(_TABLE.values())
