"""Everything about Graph that could not be confirmed, or that sources tell differently: one table of switches.

The first value of a choice is the default, the best supported reading. Nothing else in the sandbox decides between
two readings of Graph; it asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


class SwitchError(ValueError):
    """A switch that does not exist, or a value that it does not take."""


def _choice(*values: str, fact: str) -> Any:
    return field(default=values[0], metadata={"values": values, "fact": fact})


def _count(default: int, *, fact: str) -> Any:
    return field(default=default, metadata={"values": None, "fact": fact})


@dataclass(frozen=True, slots=True)
class Switch:
    """A row of the table, for people: `values` is None where a whole number from 0 is taken."""

    name: str
    values: tuple[str, ...] | None
    default: str
    fact: str


@dataclass(frozen=True, slots=True)
class Switches:
    """The positions of all switches."""

    # ---- time and arrival -------------------------------------------------------------------------------------
    late_reads: int = _count(
        0, fact="Terraform's azuread provider waits for each of these: reads until a thing arrives"
    )
    role_propagation: int = _count(0, fact="Reports about app roles: reads until the service principal's copy follows")
    role_disable: str = _choice(
        "immediate", "replicated", fact="Terraform: 'must be disabled first' while the disable replicates"
    )
    cycle_reads: int = _count(1, fact="Reads of a job between its start and the end of its first cycle")
    clock_offset_seconds: int = _count(0, fact="Moves the sandbox's clock forward, which makes applications older")
    latency_ms: int = _count(0, fact="Not a fact: how long every answer takes")
    # ---- directory --------------------------------------------------------------------------------------------
    page_size: int = _count(100, fact="Directory collections: 100 a page unless $top asks otherwise")
    empty_pages: str = _choice("no", "yes", fact="Graph paging concept: a page may be empty with more to come")
    oversized_top: str = _choice(
        "refused", "clamped", fact="Graph paging concept: over-large $top differs from API to API"
    )
    filter_clauses: int = _count(
        15, fact="Directory service's error text: at most 15 clauses joined by 'or', or in 'in'"
    )
    role_origin: str = _choice(
        "ignored", "refused", fact="Graph reference, appRole: origin is read-only, not to be sent"
    )
    duplicate_assignment: str = _choice(
        "bad_request", "conflict", fact="Scripts see 400 'already exists on the object', Bicep sees a conflict"
    )
    batch_order: str = _choice("shuffled", "kept", fact="Graph batching concept: responses come in any order")
    count_without_header: str = _choice(
        "ignored", "refused", fact="$count=true without ConsistencyLevel: advanced queries need both"
    )
    unknown_role: str = _choice(
        "bad_request", "not_found", fact="Status of 'Permission being assigned was not found': seen in a fake only"
    )
    role_deletion: str = _choice(
        "unassigns", "keeps", fact="A report says that deleting a role deletes its assignments"
    )
    gallery_permission: str = _choice(
        "not_required", "required", fact="Permission for GET applicationTemplates is listed nowhere"
    )
    organization_permission: str = _choice(
        "required", "not_required", fact="Permission for GET /organization was not looked up"
    )
    secrets_read_permission: str = _choice(
        "read", "readwrite", fact="Permission for GET secrets is listed nowhere, only that for PUT"
    )
    # ---- synchronization: jobs and secrets --------------------------------------------------------------------
    secrets_put: str = _choice("merge", "replace", fact="Sources disagree whether PUT secrets replaces the set")
    masked_secret_write: str = _choice(
        "literal", "keep", "refused", fact="What PUT of the mask '*' does is not documented"
    )
    mask: str = _choice(
        "sensitive", "settings", "address", "all", fact="Which values GET secrets masks, beside what is sensitive"
    )
    secrets_order: str = _choice(
        "written",
        "sorted",
        "kept",
        fact="Terraform wants the order of the last PUT; 'kept': a key keeps its first place",
    )
    settings_text: str = _choice(
        "as_sent", "filled", "compact", fact="Whether SyncNotificationSettings reads back as it was written"
    )
    boolean_text: str = _choice(
        "as_sent", "capitals", "lower", fact="'true' and 'True' are both seen in secrets and in values of filters"
    )
    recipients: str = _choice("any", "one", fact="Whether Recipients takes several addresses is not documented")
    sync_all_default: str = _choice(
        "absent", "true", "false", fact="SyncAll where nobody has written it: the default is not documented"
    )
    credentials_failure: str = _choice(
        "wrapped", "plain", "empty", fact="What validateCredentials answers where they do not work is not documented"
    )
    initial_state: str = _choice(
        "Paused", "NotConfigured", fact="status.code of a new job: captures say Paused, the reference NotConfigured"
    )
    job_id: str = _choice(
        "fresh", "app_id", "two_parts", fact="A job id's last part: a new one, or the appId; old ids have two parts"
    )
    job_created: str = _choice("201", "200", fact="POST jobs: the metadata says 201, the reference's sample 200")
    patch_job: str = _choice("refused", "ignored", fact="PATCH of a job is in the metadata and on no page")
    sync_counts: str = _choice(
        "refused", "answered", fact="jobs/$count and its like are in the metadata and on no page"
    )
    sync_in_batch: str = _choice("answered", "refused", fact="Whether $batch takes synchronization calls is not known")
    blank_token: str = _choice("refused", "accepted", fact="The portal takes a blank token, Entra then sends its own")
    paused_state: str = _choice("Disabled", "Paused", fact="A tutorial shows Disabled after pause; the enum has Paused")
    started_code: str = _choice("NotRun", "Active", fact="status.code right after start: NotRun or Active")
    restart_starts: str = _choice("no", "yes", fact="Whether restart sets a paused job running")
    second_job: str = _choice("refused", "allowed", fact="Jobs allowed per template are not documented")
    sync_by_app_id: str = _choice(
        "refused", "answered", fact="SDKs have no synchronization below servicePrincipals(appId='...')"
    )
    # ---- synchronization: schema ------------------------------------------------------------------------------
    directory_name: str = _choice(
        "Microsoft Entra ID", "Azure Active Directory", fact="The source directory was renamed over time"
    )
    display_names: str = _choice(
        "new", "old", fact="'Provision Microsoft Entra ID Users' was 'Provision Azure Active Directory Users'"
    )
    names_put: str = _choice(
        "kept", "restored", fact="Whether names of rules and object mappings can be changed by a PUT"
    )
    schema_version: str = _choice(
        "6.0", "v1.2", "guid", fact="version of a schema that nobody has changed: all three seen"
    )
    inline_template_schema: str = _choice(
        "no", "yes", fact="A beta list of templates holds the schema inline; v1.0 not confirmed"
    )
    sort_mappings: str = _choice("yes", "no", fact="Cloud sync documentation: the service sorts attributeMappings")
    duplicate_targets: str = _choice(
        "refused", "kept", fact="Cloud sync documentation: no de-duplication; two mappings conflict or merge"
    )
    fill_defaults: str = _choice(
        "filled", "left_out", fact="Documentation PUTs objects with a name and a type only; what GET shows is not told"
    )
    annotations: str = _choice(
        "context", "none", "full", fact="@odata annotations in answers of the synchronization service"
    )
    flags_spaces: str = _choice(
        "stripped", "added", fact="Live answers print 'Add,Update,Delete', documentation 'Add, Update, Delete'"
    )
    unary_operand: str = _choice(
        "null", "empty", fact="Whether a unary clause has targetOperand null or an empty list of values"
    )
    empty_scope: str = _choice("null", "kept", fact="Graph reference, objectMapping: scope is null without a filter")
    expression_kept: str = _choice(
        "as_sent", "rebuilt", fact="Whether PUT schema rebuilds a source's expression is not documented"
    )
    expression_spaces: str = _choice(
        "kept", "single", "none", fact="parseExpression takes needless spaces out; whether a PUT does is not known"
    )
    empty_arguments: str = _choice(
        "kept", "trimmed", fact="Skipped arguments keep their commas in expression; at the end they mean nothing"
    )
    constant_expression: str = _choice(
        "as_sent", "null", fact="The expression of a constant is null in two real documents"
    )
    empty_parameters: str = _choice("list", "null", fact="Graph reference: parameters of no function are empty or null")
    expression_numbers: str = _choice(
        "bare", "quoted", fact="Bare numbers are constants; how parseExpression prints them is not documented"
    )
    parse_error: str = _choice("answer", "refusal", fact="A parse error: 200 with parsingSucceeded false, or a 400")
    catalogue_name: str = _choice(
        "name", "id", fact="Functions and filter operators: the page prints name, the metadata has id"
    )
    operator_names: str = _choice(
        "portal", "underscored", fact="Spelling is confirmed for EQUALS, IS FALSE, REGEX MATCH and NOT REGEX MATCH only"
    )
    schema_refusal: str = _choice(
        "wrapped", "plain", fact="How a schema that is not taken is refused is not documented"
    )
    schema_deleted: str = _choice("204", "201", fact="DELETE schema: the page's text says 201, its example 204")
    schema_limit_kb: int = _count(0, fact="The largest schema that is taken is not documented; 0: any")
    if_match: str = _choice("ignored", "honoured", fact="Whether PUT schema heeds If-Match is not documented")

    def changed(self, positions: Mapping[str, object]) -> Switches:
        """The switches with some of them set; a name or a value that does not exist is a SwitchError."""
        changes: dict[str, Any] = {name: _position(name, value) for name, value in positions.items()}
        return replace(self, **changes)

    def positions(self) -> dict[str, str]:
        return {row.name: str(getattr(self, row.name)) for row in fields(self)}


def table() -> tuple[Switch, ...]:
    """All switches, for documentation and for `GET /_sandbox/switches`."""
    return tuple(
        Switch(row.name, row.metadata["values"], str(row.default), row.metadata["fact"]) for row in fields(Switches)
    )


def _position(name: str, value: object) -> str | int:
    known = {switch.name: switch for switch in table()}
    if name not in known:
        raise SwitchError(f"there is no switch {name!r}; there are: {', '.join(known)}")
    values = known[name].values
    text = str(value)
    if values is None:
        if not text.isdecimal():
            raise SwitchError(f"switch {name} takes a whole number, not {text!r}")
        return int(text)
    if text not in values:
        raise SwitchError(f"switch {name} takes {' or '.join(map(repr, values))}, not {text!r}")
    return text
