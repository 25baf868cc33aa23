"""The table of switches: each behaviour of Graph that is undocumented, or on which sources disagree.

The first value of a choice is the default: the behaviour with the best evidence. No other module of the sandbox decides
between two possible behaviours of Graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


class SwitchError(ValueError):
    """The name of a switch is unknown, or a value is not valid for it."""


def _choice(*values: str, fact: str) -> Any:
    return field(default=values[0], metadata={"values": values, "fact": fact})


def _count(default: int, *, fact: str) -> Any:
    return field(default=default, metadata={"values": None, "fact": fact})


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch for documentation: `values` is None if the value is an integer of at least 0."""

    name: str
    values: tuple[str, ...] | None
    default: str
    fact: str


@dataclass(frozen=True, slots=True)
class Switches:
    """The positions of all switches."""

    # ---- time and replication delay -------------------------------------------------------------------------------------
    late_reads: int = _count(
        0, fact="Reads until a new object is visible: Terraform's azuread provider waits for replication"
    )
    role_propagation: int = _count(
        0, fact="Reads until changed app roles are visible on the service principal: issue reports"
    )
    role_disable: str = _choice(
        "immediate",
        "replicated",
        fact="Whether 'must be disabled first' continues while the change replicates: Terraform sees it",
    )
    cycle_reads: int = _count(1, fact="Reads of a job from its start to the end of its first cycle")
    clock_offset_seconds: int = _count(0, fact="Moves the clock of the sandbox forward, so that applications are older")
    latency_ms: int = _count(0, fact="Delay of every response in milliseconds; not a fact about Graph")
    # ---- directory --------------------------------------------------------------------------------------------
    page_size: int = _count(100, fact="Page size of directory collections without $top: 100")
    empty_pages: str = _choice("no", "yes", fact="Graph paging concept: a page may be empty although more pages follow")
    oversized_top: str = _choice(
        "refused", "clamped", fact="Graph paging concept: APIs treat a $top that is too large differently"
    )
    filter_clauses: int = _count(
        15, fact="Error text of the directory: at most 15 clauses joined by 'or', or values of 'in'"
    )
    role_origin: str = _choice(
        "ignored", "refused", fact="Graph reference, appRole: origin is read-only and must not be sent"
    )
    duplicate_assignment: str = _choice(
        "bad_request", "conflict", fact="Scripts report 400 'already exists on the object', Bicep reports 409"
    )
    batch_order: str = _choice(
        "shuffled", "kept", fact="Graph batching concept: the order of the responses is not defined"
    )
    count_without_header: str = _choice(
        "ignored", "refused", fact="$count=true without ConsistencyLevel: an advanced query needs both"
    )
    unknown_role: str = _choice(
        "bad_request",
        "not_found",
        fact="Status of 'Permission being assigned was not found': known from a test double only",
    )
    role_deletion: str = _choice(
        "unassigns", "keeps", fact="Whether deleting a role deletes its assignments: one report says so"
    )
    gallery_permission: str = _choice(
        "not_required", "required", fact="Permission for GET applicationTemplates: not documented"
    )
    organization_permission: str = _choice(
        "required", "not_required", fact="Permission for GET /organization: not verified"
    )
    secrets_read_permission: str = _choice(
        "read", "readwrite", fact="Permission for GET secrets: only that for PUT is documented"
    )
    # ---- synchronization: jobs and secrets --------------------------------------------------------------------
    secrets_put: str = _choice("merge", "replace", fact="Whether PUT secrets replaces the set: sources disagree")
    masked_secret_write: str = _choice(
        "literal", "keep", "refused", fact="What PUT of the mask '*' as a value does: not documented"
    )
    mask: str = _choice(
        "sensitive", "settings", "address", "all", fact="Which values GET secrets masks in addition to sensitive ones"
    )
    secrets_order: str = _choice(
        "written",
        "sorted",
        "kept",
        fact="Terraform expects the order of the last PUT; 'kept': keys keep their first position",
    )
    settings_text: str = _choice(
        "as_sent", "filled", "compact", fact="Whether SyncNotificationSettings is returned as it was written"
    )
    boolean_text: str = _choice(
        "as_sent", "capitals", "lower", fact="'true' and 'True' both occur in secrets and in values of filters"
    )
    recipients: str = _choice("any", "one", fact="Whether Recipients accepts several addresses: not documented")
    sync_all_default: str = _choice(
        "absent", "true", "false", fact="SyncAll if it was never written: the default is not documented"
    )
    credentials_failure: str = _choice(
        "wrapped", "plain", "empty", fact="Error of validateCredentials for invalid credentials: not documented"
    )
    initial_state: str = _choice(
        "Paused", "NotConfigured", fact="status.code of a new job: captures show Paused, the reference NotConfigured"
    )
    job_id: str = _choice(
        "fresh", "app_id", "two_parts", fact="Last part of a job id: a new GUID or the appId; old ids have two parts"
    )
    job_created: str = _choice(
        "201", "200", fact="Status of POST jobs: 201 in the metadata, 200 in the sample of the reference"
    )
    patch_job: str = _choice("refused", "ignored", fact="PATCH of a job: in the metadata, on no reference page")
    sync_counts: str = _choice(
        "refused", "answered", fact="jobs/$count and similar: in the metadata, on no reference page"
    )
    sync_in_batch: str = _choice(
        "answered", "refused", fact="Whether $batch accepts synchronization requests: not known"
    )
    blank_token: str = _choice(
        "refused", "accepted", fact="Empty secret token: the portal accepts it, and Entra sends its own token"
    )
    paused_state: str = _choice(
        "Disabled", "Paused", fact="schedule.state after pause: Disabled in a tutorial, Paused in the enumeration"
    )
    started_code: str = _choice("NotRun", "Active", fact="status.code directly after start: NotRun or Active")
    restart_starts: str = _choice("no", "yes", fact="Whether restart also starts a paused job")
    second_job: str = _choice("refused", "allowed", fact="Number of jobs for each template: not documented")
    sync_by_app_id: str = _choice(
        "refused", "answered", fact="synchronization below servicePrincipals(appId='...'): SDKs do not have it"
    )
    # ---- synchronization: schema ------------------------------------------------------------------------------
    directory_name: str = _choice(
        "Microsoft Entra ID", "Azure Active Directory", fact="Name of the source directory: Microsoft renamed it"
    )
    display_names: str = _choice(
        "new", "old", fact="Name of object mappings: formerly 'Provision Azure Active Directory Users'"
    )
    names_put: str = _choice(
        "kept", "restored", fact="Whether PUT schema can change names of rules and object mappings"
    )
    schema_version: str = _choice("6.0", "v1.2", "guid", fact="version of an unchanged schema: all three forms occur")
    inline_template_schema: str = _choice(
        "no", "yes", fact="Whether the list of templates contains schemas: in beta yes, in v1.0 not confirmed"
    )
    sort_mappings: str = _choice(
        "yes", "no", fact="Whether the service sorts attributeMappings: cloud sync documentation says so"
    )
    duplicate_targets: str = _choice(
        "refused", "kept", fact="Two mappings of one target: cloud sync documentation says that they conflict or merge"
    )
    fill_defaults: str = _choice(
        "filled",
        "left_out",
        fact="Whether omitted properties get defaults: examples send name and type only, without a response",
    )
    annotations: str = _choice(
        "context", "none", "full", fact="@odata annotations in responses of the synchronization service"
    )
    flags_spaces: str = _choice(
        "stripped", "added", fact="Captures show 'Add,Update,Delete', documentation 'Add, Update, Delete'"
    )
    unary_operand: str = _choice(
        "null", "empty", fact="targetOperand of a unary clause: null or an empty list of values"
    )
    empty_scope: str = _choice(
        "null", "kept", fact="Graph reference, objectMapping: scope is null if there is no filter"
    )
    expression_kept: str = _choice(
        "as_sent", "rebuilt", fact="Whether PUT schema rebuilds the expression of a source: not documented"
    )
    expression_spaces: str = _choice(
        "kept", "single", "none", fact="Whether PUT schema removes redundant spaces as parseExpression does: not known"
    )
    empty_arguments: str = _choice(
        "kept", "trimmed", fact="Whether expression keeps empty arguments at its end, which have no meaning"
    )
    constant_expression: str = _choice(
        "as_sent", "null", fact="expression of a constant: null in two published documents"
    )
    empty_parameters: str = _choice(
        "list", "null", fact="Graph reference: parameters of a source without function are empty or null"
    )
    expression_numbers: str = _choice(
        "bare", "quoted", fact="How parseExpression prints numbers without quotes: not documented"
    )
    parse_error: str = _choice("answer", "refusal", fact="Parse error: 200 with parsingSucceeded false, or 400")
    catalogue_name: str = _choice(
        "name", "id", fact="Key of functions and filter operators: name on the reference page, id in the metadata"
    )
    operator_names: str = _choice(
        "portal", "underscored", fact="Spelling is confirmed only for EQUALS, IS FALSE, REGEX MATCH and NOT REGEX MATCH"
    )
    schema_refusal: str = _choice("wrapped", "plain", fact="Error for a refused schema: not documented")
    schema_deleted: str = _choice(
        "204", "201", fact="Status of DELETE schema: 201 in the text of the page, 204 in its example"
    )
    schema_limit_kb: int = _count(0, fact="Maximum size of a schema: not documented; 0 is no limit")
    if_match: str = _choice("ignored", "honoured", fact="Whether PUT schema evaluates If-Match: not documented")

    def changed(self, positions: Mapping[str, object]) -> Switches:
        """Return the switches with new positions; raise SwitchError for an unknown name or value."""
        changes: dict[str, Any] = {name: _parse_position(name, value) for name, value in positions.items()}
        return replace(self, **changes)

    def positions(self) -> dict[str, str]:
        return {row.name: str(getattr(self, row.name)) for row in fields(self)}


def table() -> tuple[Switch, ...]:
    """Return all switches, for documentation and for `GET /_sandbox/switches`."""
    return tuple(
        Switch(row.name, row.metadata["values"], str(row.default), row.metadata["fact"]) for row in fields(Switches)
    )


def _parse_position(name: str, value: object) -> str | int:
    known = {switch.name: switch for switch in table()}
    if name not in known:
        raise SwitchError(f"unknown switch {name!r}. Valid switches: {', '.join(known)}")
    values = known[name].values
    text = str(value)
    if values is None:
        if not text.isdecimal():
            raise SwitchError(f"switch {name}: expected an integer of at least 0, got {text!r}")
        return int(text)
    if text not in values:
        raise SwitchError(f"switch {name}: expected {' or '.join(map(repr, values))}, got {text!r}")
    return text
