"""The command line: commands are found by name and imported when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

from scimconf import __version__
from scimconf.cli import streams
from scimconf.diagnostics import DiagnosticsError, GraphError, ScimconfError, StaleError, describe_unexpected

STALE, USAGE, PROBLEMS, INTERRUPTED = 3, 64, 65, 130
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "apply": ("scimconf.cli.apply", "Make the tenant what the spec says, after showing the plan and asking."),
        "completion": ("scimconf.cli.completion", "Print the completion script for a shell."),
        "diff": ("scimconf.cli.diff", "Compare two specs, a spec and an application, or two applications."),
        "drift": ("scimconf.cli.drift", "Say whether the tenant is still as the specs say; exit 2 when it is not."),
        "export": ("scimconf.cli.export", "Write a live application as a spec that plans to nothing."),
        "expression": (
            "scimconf.cli.expression",
            "Try expressions of the mapping language, and look up its functions.",
        ),
        "fmt": ("scimconf.cli.fmt", "Put specs into canonical order and layout."),
        "init": ("scimconf.cli.init", "Begin a spec: the file, its JSON Schema for editors, a CI recipe."),
        "plan": ("scimconf.cli.plan", "Show what differs from the tenant, and what that does to people."),
        "preview": ("scimconf.cli.preview", "Show what would be sent for real users, before and after."),
        "probe": ("scimconf.cli.probe", "Settle on a test tenant what Graph's documentation leaves open."),
        "sandbox": ("scimconf.cli.sandbox", "Run a simulated Microsoft Entra tenant on this machine."),
        "show": ("scimconf.cli.show", "Tell a saved plan again."),
        "validate": ("scimconf.cli.validate", "Check specs without looking at any tenant."),
        "version": ("scimconf.cli.version", "Say which version this is."),
    }
)


class Commands(click.Group):
    """A group whose commands live in modules of their own; help is shown without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; click would take a reader of stdout who goes away for a failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            streams.give_up(sys.stdout)
            return 0  # nothing is wrong, and nothing more can be said

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"there is no command {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="scimconf", message="%(prog)s %(version)s")
def cli() -> None:
    """Application provisioning in Microsoft Entra ID as code.

    One YAML file says how people and groups reach an application over SCIM. `plan` shows what differs from the
    tenant and who is affected, `apply` makes it so.
    """


def main(argv: Sequence[str]) -> int:
    """Runs one command and gives its exit code; raises nothing but a second interrupt."""
    try:
        result: Any = cli.main(list(argv), prog_name="scimconf", standalone_mode=False)
    except (click.ClickException, click.exceptions.Exit) as stop:
        return _stopped(stop)
    except (click.Abort, KeyboardInterrupt):
        return _say("Interrupted.", INTERRUPTED)
    except Exception as error:  # noqa: BLE001  a traceback shows values, and helps nobody who did not write this
        return _failed(error)
    return result if isinstance(result, int) else 0


def _stopped(stop: click.ClickException | click.exceptions.Exit) -> int:
    """The way out of click: help and version are fine, anything else is wrong usage."""
    if isinstance(stop, click.exceptions.Exit):
        return stop.exit_code
    stop.show(sys.stderr)
    return USAGE


def _problems(error: DiagnosticsError) -> int:
    from scimconf.render import diagnostics as as_text

    click.echo(as_text.text(error.problems), nl=False, err=True)
    return PROBLEMS


def _failed(error: Exception) -> int:
    """A sentence for every error; those that nobody foresaw are told without their own words."""
    if isinstance(error, DiagnosticsError):
        return _problems(error)
    if isinstance(error, ScimconfError):
        return _refused(error)
    if isinstance(error, OSError):
        return _unusable(error)
    return _say(f"Error: {describe_unexpected(error)}.\nPlease report it, with the command that you ran.", 1)


def _refused(error: ScimconfError) -> int:
    """What Graph says may hold line ends of its own; it must not forge a line of ours."""
    from scimconf.render.common.escaping import visible

    text = visible(str(error)) if isinstance(error, GraphError) else str(error)
    return _say("\n".join(filter(None, [f"Error: {text}", error.hint])), STALE if isinstance(error, StaleError) else 1)


def _unusable(error: OSError) -> int:
    """What the system refused, of a file by its name; without one it is mostly stdout, on a disk that is full."""
    named = f"{error.filename!s}: " if error.filename is not None else "input or output failed: "
    return _say(f"Error: {named}{error.strerror or type(error).__name__}", 1)


def _say(text: str, code: int) -> int:
    """Lines on stderr, in which nothing commands the terminal."""
    from scimconf.render.common.escaping import visible

    click.echo("\n".join(map(visible, text.split("\n"))), err=True)
    return code


def entry() -> None:
    """The console script. Start-up makes many objects that stay: the collector looks at them less often, not at the end."""
    import gc

    gc.set_threshold(200_000, 20, 20)
    streams.prepare()
    code = main(sys.argv[1:])
    streams.give_up(sys.stdout)
    gc.freeze()
    sys.exit(code)
