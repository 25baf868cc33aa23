"""The command line: commands are imported when they run, so that help and start-up are fast."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

from scimconf.cli import completion, streams
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.other_tools import unknown_command, unknown_option
from scimconf.cli.terminal import is_color_forced
from scimconf.diagnostics import DiagnosticsError, GraphError, ScimconfError, StaleError, describe_unexpected
from scimconf.render.common.escaping import visible
from scimconf.version import __version__

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "allow-deletions": "Carry out the deletions that a quarantine holds back.",
        "apply": "Apply the spec. Shows the plan and asks first.",
        "check-endpoint": "Check a SCIM endpoint with the requests that Entra sends.",
        "ci-matrix": "Print the job matrix of a CI system for many specs.",
        "completion": "Print the completion script for a shell.",
        "diff": "Compare specs, live applications, and presets.",
        "doctor": "Find out what prevents plans and applies before they run.",
        "drift": "Check whether the tenant still matches the specs; exit 2 if not.",
        "export": "Export a live application as a spec.",
        "expression": "Evaluate mapping expressions, and look up functions.",
        "fmt": "Format specs.",
        "history": "List the applies of applications.",
        "init": "Create a spec, its JSON Schema for editors, and a CI recipe.",
        "logs": "Show the provisioning log, with failures grouped by cause.",
        "pause": "Pause provisioning; users keep what they have.",
        "plan": "Show what differs from the tenant, and which users it affects.",
        "preset": "List presets of applications, and show what is known about one.",
        "preview": "Show what each user's record will look like, before and after.",
        "probe": "Find out on a test tenant how Graph behaves where its documentation is silent.",
        "provision": "Provision users or a group on demand, and compare with the prediction.",
        "rehearse": "Provision invented users to an endpoint as Entra would.",
        "restart": "End a quarantine and start provisioning with an initial cycle.",
        "resume": "Start provisioning where it stopped.",
        "retire": "End an application, once its accounts are proven to be closed.",
        "rollback": "Return an application to its state before an apply.",
        "sandbox": "Run a simulated Microsoft Entra tenant on this machine.",
        "show": "Print saved plans.",
        "status": "Show whether provisioning runs, and what it did.",
        "validate": "Check specs offline, and run the tests in them.",
        "version": "Print the version.",
        "why": "Show why a user is or is not in an application.",
    }
)
"""The commands in the order of the help; the module of each has its name, with underscores."""


class Commands(click.Group):
    """A group whose commands are modules of this package; help is shown without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; for shell completion, which parses resiliently, its outline, which imports nothing else."""
        if cmd_name not in COMMANDS:
            return None
        if ctx.resilient_parsing:
            return completion.outline(cmd_name)
        command: click.Command = import_module(f"scimconf.cli.{cmd_name.replace('-', '_')}").command
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. click would report a failure when the reader of stdout goes away."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            streams.abandon(sys.stdout)
            return ExitCode.OK

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown_command(name, COMMANDS))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="scimconf", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Application provisioning in Microsoft Entra ID as code.

    A YAML file (the spec) describes how users and groups are provisioned to an application over SCIM. `plan` shows
    what differs from the tenant and which users it affects; `apply` makes the changes.
    """
    context.color = is_color_forced(os.environ) or None  # click would remove colours where no terminal reads


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code. Raise nothing but a second interrupt.

    What a command enters into the stack, such as masked streams, holds until its errors are printed.
    """
    if completion.VARIABLE in os.environ:
        completion.register_powershell()
    with ExitStack() as stack:
        return _run(argv, stack)


def _run(argv: Sequence[str], stack: ExitStack) -> int:
    try:
        result: Any = cli.main(list(argv), prog_name="scimconf", standalone_mode=False, obj=stack)
    except (click.ClickException, click.exceptions.Exit) as error:
        return _click_error(error, argv)
    except (click.Abort, KeyboardInterrupt):
        return _print_error("Interrupted.", ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  a traceback shows values, and helps only the authors
        return _other_error(error)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _click_error(error: click.ClickException | click.exceptions.Exit, argv: Sequence[str]) -> int:
    """Print an error of click, and return the exit code: help and version are no errors."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.NoSuchOption):
        error = _unknown_option(error, argv)
    error.show(sys.stderr)
    return ExitCode.USAGE


def _unknown_option(error: click.NoSuchOption, argv: Sequence[str]) -> click.UsageError:
    """Return the error with a suggestion: click suggests options that only share some letters."""
    known = [option for parameter in (error.ctx.command.params if error.ctx else ()) for option in parameter.opts]
    return click.UsageError(unknown_option(error.option_name, argv, known), error.ctx)


def _other_error(error: Exception) -> int:
    """Print a sentence for every error. An unexpected one is printed without its text, which may contain a secret."""
    if isinstance(error, DiagnosticsError):
        from scimconf.cli.output import print_diagnostics

        print_diagnostics(error.diagnostics)
        return ExitCode.INVALID
    if isinstance(error, ScimconfError):
        return _scimconf_error(error)
    if isinstance(error, OSError):
        file = f"{error.filename!s}: " if error.filename is not None else "input or output failed: "
        return _print_error(f"Error: {file}{error.strerror or type(error).__name__}", ExitCode.FAILED)
    message = f"Error: {describe_unexpected(error)}.\nPlease report it, with the command that you ran."
    return _print_error(message, ExitCode.FAILED)


def _scimconf_error(error: ScimconfError) -> int:
    text = visible(str(error)) if isinstance(error, GraphError) else str(error)  # line ends of Graph are escaped
    code = ExitCode.STALE if isinstance(error, StaleError) else ExitCode.FAILED
    return _print_error("\n".join(filter(None, [f"Error: {text}", error.hint])), code)


def _print_error(text: str, code: ExitCode) -> ExitCode:
    """Print lines on stderr, with control characters escaped; return the code."""
    from scimconf.cli.output import print_lines

    print_lines(*text.split("\n"), err=True)
    return code


def entry() -> None:
    """Run the console script. The objects of the start-up stay, so the garbage collector never looks at them.

    It is enabled once the command is imported, and looks at the other objects less often than usual.
    """
    gc.disable()
    gc.set_threshold(200_000, 20, 20)
    streams.prepare()
    code = main(sys.argv[1:])
    streams.abandon(sys.stdout)
    gc.freeze()
    sys.exit(code)
