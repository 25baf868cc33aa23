"""`scimconf.toml`: how to sign in to each tenant, for a repository with the specs of several tenants.

The file decides which identity a command uses. It is therefore read from the root of the repository that the command
runs in, or from `--tenants`, and never from the folder of a spec.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal

import click
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from scimconf.cli import session
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.options import CommonOptions
from scimconf.cli.output import print_error, print_lines
from scimconf.cli.session import Session
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, ScimconfError
from scimconf.files import read_regular_file, repository_root
from scimconf.spec.loaded import Loaded
from scimconf.suggestions import suggest

FILE = "scimconf.toml"
MAX_SIZE = 1_000_000
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")
]


class TenantEntry(BaseModel):
    """How to sign in to one tenant; what is missing comes from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    auth: Literal["environment", "workload", "managed", "cli", "device_code"] = Field(
        description="The sign-in method, as for `--auth`."
    )
    cloud: Literal["public", "us-government", "us-dod", "china"] | None = Field(
        default=None, description="The Microsoft cloud, as for `--cloud`."
    )
    tenant_id: Identifier | None = Field(
        default=None, description="The id of the tenant; a spec may name the tenant by it."
    )
    client_id: Identifier | None = Field(default=None, description="The app registration that signs in.")
    apply_client_id: Identifier | None = Field(
        default=None, description="The app registration that signs in for `apply`, if it is another one."
    )


class TenantsFile(BaseModel):
    """`scimconf.toml`: a table for each tenant, by the name that specs write as `tenant`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    tenants: dict[str, TenantEntry] = Field(default={}, description="How to sign in, by tenant.")


@dataclass(frozen=True, slots=True)
class TenantSpecs:
    """The specs of one tenant, the options with its sign-in method and cloud, and the variables of its sign-in."""

    name: str
    specs: Sequence[Loaded]
    common: CommonOptions
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, work: Callable[[Session, Sequence[Loaded]], Awaitable[ExitCode]]) -> ExitCode:
        """Sign in to the tenant and return the exit code of `work` on its specs."""
        return session.run(self.common, "reading", lambda connected: work(connected, self.specs), self.environ)


def by_tenant(specs: Sequence[Loaded], common: CommonOptions, *, is_apply: bool = False) -> list[TenantSpecs]:
    """Return the specs by tenant, in the order of their names; without a tenants file, all together.

    A spec without `tenant`, or with errors, uses the sign-in of the environment. Raise DiagnosticsError if the file is
    invalid, or if it does not have the tenant of a spec.
    """
    path = common.tenants or _default_file()
    if path is None:
        return [TenantSpecs("", specs, common)]
    entries = read(path).tenants
    names = {name.casefold(): name for name in entries}
    names |= {entry.tenant_id.casefold(): name for name, entry in entries.items() if entry.tenant_id}
    groups: dict[str, list[Loaded]] = {}
    missing: list[Diagnostic] = []
    for loaded in specs:
        tenant = (loaded.spec.tenant if loaded.spec is not None else None) or ""
        name = names.get(tenant.casefold(), "")
        if tenant and not name:
            missing.append(_missing(loaded, tenant, path, entries))
        groups.setdefault(name, []).append(loaded)
    if missing:
        raise DiagnosticsError(missing)
    later = replace(common, append_events=True)
    return [
        _group(name, groups[name], later if number else common, entries.get(name), is_apply=is_apply)
        for number, name in enumerate(sorted(groups))
    ]


def _missing(loaded: Loaded, tenant: str, path: str, names: Iterable[str]) -> Diagnostic:
    message = f'the tenant "{tenant}" is not in {path}'
    match = suggest(tenant, list(names))
    hint = f"Did you mean {match}?" if match else f'Add it: [tenants."{tenant}"].'
    return Diagnostic("S321", message, ("tenant",), loaded.origin(("tenant",)), hint)


def _group(
    name: str, specs: Sequence[Loaded], common: CommonOptions, entry: TenantEntry | None, *, is_apply: bool
) -> TenantSpecs:
    """Return the specs of a tenant; options of the command line are stronger than the file."""
    if entry is None:
        return TenantSpecs(name, specs, common)
    client_id = (entry.apply_client_id if is_apply else None) or entry.client_id
    environ = {"AZURE_TENANT_ID": entry.tenant_id or name, **({"AZURE_CLIENT_ID": client_id} if client_id else {})}
    options = replace(common, auth=common.auth or entry.auth, cloud=common.cloud or entry.cloud)
    return TenantSpecs(name, specs, options, MappingProxyType(environ))


def read(path: str) -> TenantsFile:
    """Return the content of a tenants file; raise DiagnosticsError with the line of each error (S001, S321)."""
    try:
        text = read_regular_file(path, MAX_SIZE).decode("utf-8")
        return TenantsFile.model_validate(tomllib.loads(text))
    except OSError as error:
        diagnostics = [Diagnostic("S001", f"cannot be read: {error.strerror}", location=Location(path))]
    except UnicodeDecodeError:
        diagnostics = [Diagnostic("S001", "cannot be read: it is not UTF-8", location=Location(path))]
    except tomllib.TOMLDecodeError as error:
        diagnostics = [_syntax_error(str(error), path)]
    except ValidationError as error:
        diagnostics = list(_errors(error, text, path))
    raise DiagnosticsError(diagnostics)


def _syntax_error(message: str, path: str) -> Diagnostic:
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    text, line, column = (match[1], int(match[2]), int(match[3])) if match else (message, 0, 0)
    hint = 'A tenant is a table: [tenants."contoso.com"].'
    return Diagnostic(
        "S321", f"not TOML: {text[:1].lower()}{text[1:]}", location=Location(path, line, column), hint=hint
    )


def _errors(error: ValidationError, text: str, path: str) -> Iterator[Diagnostic]:
    for detail in error.errors(include_url=False, include_input=False):
        keys = tuple(part for part in detail["loc"] if isinstance(part, str))
        message, hint = _explained(keys[-1] if keys else "", detail)
        yield Diagnostic("S321", message, keys, Location(path, _line(text, keys)), hint)


def _explained(key: str, detail: Any) -> tuple[str, str]:
    """Return message and hint of an error of pydantic."""
    if detail["type"] == "extra_forbidden":
        known = ("tenants", *TenantEntry.model_fields)
        match = suggest(key, known)
        return f'unknown key "{key}"', f"Did you mean {match}?" if match else f"Keys: {', '.join(known[1:])}."
    if detail["type"] == "missing":
        return f"`{key}` is missing", f'Add it, such as {key} = "workload".'
    if detail["type"] == "literal_error":
        return "the value is not allowed", f"Write {detail['ctx']['expected']}."
    if detail["type"] == "string_pattern_mismatch":
        return "the value is not an id", "Write the id as 00000000-0000-0000-0000-000000000000."
    return detail["msg"][:1].lower() + detail["msg"][1:], 'A tenant is a table: [tenants."contoso.com"].'


def _line(text: str, keys: Sequence[str]) -> int:
    """Return the line of the last key that can be found, searching each key below the one before; 0 if there is none."""
    number = 0
    lines = text.split("\n")
    for key in keys:
        name = re.compile(rf'(^|[\[.\s"\']){re.escape(key)}($|[\].\s"\'=])')
        number = next((index for index in range(number, len(lines)) if name.search(lines[index])), number)
    return number + 1 if keys else 0


def _default_file() -> str | None:
    """Return the tenants file at the root of the repository of the working folder, if there is one."""
    path = repository_root(os.path.join(os.getcwd(), FILE)) / FILE  # noqa: PTH109, PTH118
    return os.path.relpath(path) if path.is_file() else None


def run_each(groups: Sequence[TenantSpecs], command: Callable[[TenantSpecs], ExitCode]) -> ExitCode:
    """Run a command for each tenant and return the combined exit code.

    A tenant that fails does not stop the others; an interrupt does, and the tenants without a run are printed.
    """
    if len(groups) == 1:
        return command(groups[0])
    codes = []
    for number, group in enumerate(groups, 1):
        codes.append(_run(group, command))
        if codes[-1] is ExitCode.INTERRUPTED and number < len(groups):
            print_lines(f"Not run: {', '.join(rest.name or 'none' for rest in groups[number:])}.", err=True)
            break
    return combine(codes)


def _run(group: TenantSpecs, command: Callable[[TenantSpecs], ExitCode]) -> ExitCode:
    try:
        return command(group)
    except DiagnosticsError:
        raise
    except ScimconfError as error:
        print_error(group.name or "specs without a tenant", error)
        return ExitCode.FAILED


def require_single(groups: Sequence[TenantSpecs], *uses: str) -> None:
    """Raise click.UsageError if there are several tenants, and an option is used whose file or document is of one."""
    if len(groups) > 1 and any(uses):
        names = ", ".join(group.name or "none" for group in groups)
        used = next(use for use in uses if use)
        raise click.UsageError(f"{used} is for the specs of one tenant, and these are of several: {names}.")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors that check TOML."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TenantsFile.model_json_schema()}
