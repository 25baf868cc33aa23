"""`scimconf.toml`: how to sign in to each tenant, for a repository with the specs of several tenants.

The file decides which identity a command uses. It is therefore read from the root of the repository that the command
runs in, or from `--tenants`, and never from the folder of a spec.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import click

from scimconf.cli import session
from scimconf.cli.exit_codes import ExitCode, combine
from scimconf.cli.options import CommonOptions
from scimconf.cli.output import print_error, print_lines
from scimconf.cli.session import Session
from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, ScimconfError
from scimconf.files import read_regular_file, repository_root
from scimconf.spec.loaded import Loaded
from scimconf.spec.tenants_file import TenantEntry, read
from scimconf.suggestions import suggest

FILE = "scimconf.toml"
MAX_SIZE = 1_000_000


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
    entries = read(_content(path), path).tenants
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


def _content(path: str) -> bytes:
    try:
        return read_regular_file(path, MAX_SIZE)
    except OSError as error:
        diagnostic = Diagnostic("S001", f"cannot be read: {error.strerror}", location=Location(path))
        raise DiagnosticsError([diagnostic]) from None


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
        raise click.UsageError(f"{used} works with the specs of one tenant, got several: {names}.")
