"""Options that several commands share, and the frozen values that they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from scimconf.cli import completion, confirmation, env_file
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location
from scimconf.files import AllowedFolders, read_file_or_pipe, read_regular_file
from scimconf.spec import loaded as loaded_specs
from scimconf.spec.load import MAX_CSV_SIZE, MAX_SIZE, load, load_variables
from scimconf.spec.loaded import Loaded, conflicts, find
from scimconf.spec.model import GUARDS
from scimconf.suggestions import unknown

if TYPE_CHECKING:
    from scimconf.workflow.compilation import PlanOptions

Command = TypeVar("Command", bound=Callable[..., Any])
Options = TypeVar("Options")
Params = Mapping[str, Any]
"""The parameters of a command by name, as click passes them."""

VARIABLE_PREFIX = "SCIMCONF_VAR_"


# --- the values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """Which specs are read, how the tenant is reached, and where events go."""

    paths: tuple[str, ...] = ()
    var: tuple[str, ...] = ()
    var_file: tuple[str, ...] = ()
    allow_path: tuple[str, ...] = ()
    auth: str | None = None
    cloud: str | None = None
    tenants: str | None = None
    events: str | None = None
    append_events: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """In which format a plan is printed, and where it is saved."""

    output_format: str = "text"
    out: str | None = None
    redact: bool = False
    comment_marker: str | None = None
    max_length: int = 65536
    show_unmanaged: bool = False
    show_steps: bool = False
    full: bool = False
    command: str = "plan"


def from_click(options_type: type[Options], params: Params) -> Options:
    """Return an options value made from the parameters that have the names of its fields."""
    names = {field.name for field in fields(options_type)}  # type: ignore[arg-type]
    return options_type(**{name: value for name, value in params.items() if name in names})


def plan_options(params: Params) -> PlanOptions:
    """Return the options of a plan; the day decides which guard exemptions have expired."""
    from scimconf.graph.secrets import Secrets
    from scimconf.workflow.compilation import PlanOptions

    validate_guards(params.get("allow", ()))
    return from_click(PlanOptions, {**params, "today": today(), "is_available": Secrets(os.environ).is_available})


def recorded_options(common: CommonOptions, planning: PlanOptions, *, redact: bool) -> dict[str, Any]:
    """Return the options that a plan records, so that the apply of a saved plan uses them again."""
    from scimconf.workflow.plan_all import relative_path

    return {
        "only": list(planning.only),
        "exclude": list(planning.exclude),
        "allow": list(planning.allow),
        "var": list(common.var),
        "var_file": list(map(relative_path, common.var_file)),
        **({"allow_path": list(map(relative_path, common.allow_path))} if common.allow_path else {}),
        **({"redact": True} if redact else {}),
        **({"ignore": list(planning.ignore)} if planning.ignore else {}),
        **({"no_start": True} if planning.no_start else {}),
        "resend_secrets": planning.resend_secrets,
    }


# --- the options ----------------------------------------------------------------------------------------------------


def together(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Return one decorator for several options; help lists them in this order."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


paths = click.argument(
    "paths", nargs=-1, type=click.Path(), metavar="[PATHS]...", shell_complete=completion.complete_specs
)
variables = together(
    click.option("--var", multiple=True, metavar="NAME=VALUE", help="Value for ${var:NAME} (repeatable)."),
    click.option(
        "--var-file", multiple=True, type=click.Path(dir_okay=False), help="YAML file with values for ${var:NAME}."
    ),
    click.option(
        "--allow-path",
        multiple=True,
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Specs may name files in DIR, not only those of their repository (repeatable).",
    ),
)
tenant = together(
    click.option(
        "--env-file",
        type=click.Path(dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=env_file.load,
        help="Read environment variables from FILE, such as .env. Variables that are set already win.",
    ),
    click.option(
        "--auth",
        envvar="SCIMCONF_AUTH",
        type=click.Choice(["environment", "workload", "managed", "cli", "device_code"]),
        help="Sign-in method. Default: the first that works (DefaultAzureCredential).",
    ),
    click.option(
        "--cloud",
        envvar="SCIMCONF_CLOUD",
        type=click.Choice(["public", "us-government", "us-dod", "china"]),
        help="Microsoft cloud of the tenant. Default: public.",
    ),
)
tenants = click.option(
    "--tenants",
    envvar="SCIMCONF_TENANTS",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="How to sign in to each tenant. Default: scimconf.toml at the root of the repository, if it exists.",
)
specs_and_tenant = together(paths, variables, tenant, tenants)
selection = together(
    click.option(
        "--only",
        multiple=True,
        metavar="ADDRESS",
        help="Only resources with this address, such as writer:app_role/* (repeatable).",
    ),
    click.option(
        "--exclude", multiple=True, metavar="ADDRESS", help="Skip resources with this address (repeatable, globs)."
    ),
)


def _validate_rules(_context: click.Context, _parameter: click.Parameter, rules: tuple[str, ...]) -> tuple[str, ...]:
    from scimconf.lint import rules as known_rules

    for rule in rules:
        if rule not in known_rules():
            raise click.BadParameter(unknown("lint rule", rule, known_rules(), "docs/lint.md lists all rules."))
    return rules


ignore = click.option(
    "--ignore", multiple=True, metavar="RULE", callback=_validate_rules, help="Disable a lint rule (repeatable)."
)
planning = together(
    specs_and_tenant,
    selection,
    click.option(
        "--allow",
        multiple=True,
        metavar="GUARD",
        shell_complete=completion.complete_guards,
        help="Allow this guard, which would block the plan (repeatable).",
    ),
    ignore,
    click.option("--no-impact", "impact", flag_value=False, default=True, help="Skip counting affected users."),
    click.option("--resend-secrets", is_flag=True, help="Send the secrets again even if they are stored."),
)
no_start = click.option(
    "--no-start",
    is_flag=True,
    help="Leave provisioning off, or paused: everything else is written. The next apply starts it.",
)
events = click.option("--events", type=click.Path(dir_okay=False), help="Write an event log to FILE (JSON Lines).")
full = click.option("--full", is_flag=True, help="Do not shorten long lists in text and Markdown.")

rendering = together(
    full,
    click.option("--redact", is_flag=True, help="Replace user names with pseudonyms."),
    click.option(
        "--max-length",
        type=click.IntRange(1000),
        metavar="N",
        default=65536,
        help="Truncate Markdown to N characters (default: GitHub's limit, 65536).",
    ),
    click.option(
        "--comment-marker",
        metavar="TEXT",
        help="Start the Markdown with a hidden marker, so that CI can update its comment.",
    ),
)


def output_format(*formats: str) -> Callable[[Command], Command]:
    """Return the option `--format`, whose default is the first format, and its short form `--json` where it has JSON."""
    choice = click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        callback=_validate_format,
        help="Output format.",
    )
    return together(choice, _json) if "json" in formats else choice


def _validate_format(context: click.Context, parameter: click.Parameter, chosen: str) -> str:
    """Return the format; raise BadParameter if `--json` and another format are both passed."""
    if not context.meta.get(_JSON):
        return chosen
    is_default = context.get_parameter_source(str(parameter.name)) is ParameterSource.DEFAULT
    if not is_default and chosen != "json":
        raise click.BadParameter(f"'{chosen}' and --json contradict each other.")
    return "json"


def _note_json(context: click.Context, _parameter: click.Parameter, is_json: bool) -> None:
    context.meta[_JSON] = is_json


_JSON = "scimconf.json"
_json = click.option(
    "--json", is_flag=True, is_eager=True, expose_value=False, callback=_note_json, help="Short for --format json."
)


plan_format = output_format("text", "json", "markdown", "html")
check_report = together(
    output_format("text", "json", "markdown", "html", "junit"),
    click.option("--full", is_flag=True, help="In text, show the requests of passed checks too."),
    click.option("--out", "--output", "out", type=click.Path(dir_okay=False), help="Write to FILE instead of stdout."),
    confirmation.option(),
)
"""The options of commands that write a report of checks, and write to an endpoint."""


# --- loading --------------------------------------------------------------------------------------------------------


def load_specs(common: CommonOptions) -> list[Loaded]:
    """Return every spec behind the paths; raise DiagnosticsError if none of them can be planned."""
    loaded, diagnostics = find_specs(common)
    can_plan = not diagnostics and any(spec.spec is not None for spec in loaded)
    errors = [*diagnostics, *(diagnostic for spec in loaded for diagnostic in spec.diagnostics)]
    if errors and not can_plan:
        raise DiagnosticsError(errors)
    return loaded


def find_specs(common: CommonOptions) -> tuple[list[Loaded], list[Diagnostic]]:
    """Return every spec behind the paths (default: the current folder), and the errors about them together."""
    files, diagnostics = find(without_other_files(common.paths or ["."]), list_folder, os.path.realpath)
    values = variable_values(common.var, common.var_file)
    folders = [*common.allow_path, *filter(None, os.environ.get("SCIMCONF_ALLOW_PATH", "").split(os.pathsep))]
    loaded = [
        load(file, read_spec_file, os.environ, values, AllowedFolders.of_spec(file, folders).contain) for file in files
    ]
    return loaded, [*diagnostics, *conflicts(loaded)]


def without_other_files(paths: Sequence[str]) -> list[str]:
    """Return the paths without files that lie beside specs, such as `apps/adopt.md` of `apps/*`; list those on stderr."""
    specs, others = loaded_specs.without_other_files(paths)
    if others:
        from scimconf.cli.output import print_lines

        print_lines(f"Not specs, skipped: {', '.join(others)}", err=True)
    return specs


def read_spec_file(path: str) -> bytes:
    """Return a file of a spec, and one byte more than the limit if it is too large."""
    return read_regular_file(path, MAX_CSV_SIZE + 1)


def list_folder(path: str) -> Iterable[str] | None:
    """Return the names in a folder, None for a file; raise DiagnosticsError if the folder cannot be read."""
    if not os.path.isdir(path):  # noqa: PTH112  pathlib's raises for names that are too long
        return None
    try:
        return os.listdir(path)  # noqa: PTH208
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise DiagnosticsError([Diagnostic("S001", message, location=Location(path))]) from None


def variable_values(assignments: Iterable[str], files: Iterable[str]) -> Mapping[str, str]:
    """Return the variables of the environment, overridden by those of files, overridden by those of `--var`.

    Raise DiagnosticsError for a bad file.
    """
    values = environment_variables(os.environ)
    errors: list[Diagnostic] = []
    for file in files:
        file_values, file_errors = load_variables(file, lambda path: read_file_or_pipe(path, MAX_SIZE + 1))
        values |= file_values
        errors += file_errors
    if errors:
        raise DiagnosticsError(errors)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{assignment}' is not NAME=VALUE", param_hint="--var")
        values[name] = value
    return values


def environment_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values for `${var:NAME}` that environment variables named SCIMCONF_VAR_NAME have."""
    return {
        name.removeprefix(VARIABLE_PREFIX): value
        for name, value in environ.items()
        if name.startswith(VARIABLE_PREFIX) and name != VARIABLE_PREFIX
    }


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(tz=UTC).date()


def validate_guards(allowed: Iterable[str]) -> None:
    """Raise click.BadParameter for an id that no guard has."""
    for guard in allowed:
        if guard not in GUARDS:
            message = unknown("guard", guard, GUARDS, f"Guards: {', '.join(GUARDS)}.")
            raise click.BadParameter(message, param_hint="--allow")
