"""What `scimconf init` prints: the files, what is open, and commands that lead from the new spec to a tenant."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimconf.cli.init_templates import AnsweredPreset

_SANDBOX_URL = "http://127.0.0.1:8765/v1.0"
"""The address of `scimconf sandbox serve` without --port."""


def next_steps(paths: Sequence[Path], preset: AnsweredPreset, variables: Sequence[str], folder: str) -> Iterator[str]:
    """Yield the lines that `init` prints; `variables` are those of the spec's secrets."""
    argument = "" if folder == "." else f" {shlex.quote(folder)}"
    yield from ("Created", *(f"  {path}" for path in paths))
    yield from _open(preset)
    yield from _by_hand(preset)
    yield from ("", "Next")
    is_open = bool(preset.open_questions())
    validates = "reports the unanswered questions" if is_open else "checks the spec, and runs its tests"
    rehearses = "applies it to a simulated tenant, and provisions invented users; sends nothing to a tenant"
    yield from _command(f"validate{argument}", validates)
    yield from _command(f"rehearse{argument}", rehearses)
    yield from _in_sandbox(preset, variables, folder, argument)
    yield from _in_tenant(preset, variables, folder, argument)


def _command(text: str, note: str) -> tuple[str, str]:
    return f"  scimconf {text}", f"      {note}"


def _open(preset: AnsweredPreset) -> Iterator[str]:
    """Yield the questions without an answer, whose lines in the spec are comments."""
    questions = preset.open_questions()
    if questions:
        yield from ("", "Unanswered questions: write each value into its line of scimconf.yaml, and uncomment the line")
        yield from (f"  {question.name}: {question.prompt}, such as {question.example}" for question in questions)


def _by_hand(preset: AnsweredPreset) -> Iterator[str]:
    """Yield what a person does before provisioning can start."""
    steps = preset.entry.facts.before_start
    if steps:
        places = {"portal": "in the portal", "vendor": f"at {preset.entry.facts.title}"}
        yield from ("", "Manual steps: do them before provisioning starts, and confirm each under before_start")
        yield from (f"  {places[step.at]}: {step.step}" for step in steps)


def _in_sandbox(preset: AnsweredPreset, variables: Sequence[str], folder: str, argument: str) -> Iterator[str]:
    """Yield the commands that plan and apply the spec in a simulated tenant, which has the application if it must exist."""
    settings = " ".join([f"SCIMCONF_GRAPH_URL={_SANDBOX_URL}", *(f"{variable}=anything" for variable in variables)])
    first = ", after the questions are answered" if preset.open_questions() else ""
    yield from ("", f"Try it in a simulated tenant on this machine{first}")
    yield f"  scimconf sandbox serve --spec {shlex.quote(folder)} &"
    yield f"  export {settings}"
    yield f"  scimconf plan{argument}"
    yield f"  scimconf apply --yes{_no_start(preset)}{argument}"


def _in_tenant(preset: AnsweredPreset, variables: Sequence[str], folder: str, argument: str) -> Iterator[str]:
    """Yield the commands for a real tenant, with what each needs."""
    env_file = str(Path(folder) / ".env")
    option = f" --env-file {shlex.quote(env_file)}" if variables else ""
    yield from ("", "Then in your tenant, without SCIMCONF_GRAPH_URL")
    yield from _must_exist(preset)
    permissions = "checks sign-in and permissions; an account of `az login` often lacks those of provisioning"
    yield from _command(f"doctor{argument}", permissions)
    yield from _command(f"plan{argument}", "shows what would change; writes nothing")
    yield from _command(f"apply{option}{_no_start(preset)}{argument}", "shows the plan, and asks")
    if variables:
        yield f"      needs {', '.join(variables)}: copy {env_file}.example to {env_file}, and fill it in"
    if _no_start(preset):
        yield "      leaves provisioning off; after the manual steps, leave out --no-start"


def _no_start(preset: AnsweredPreset) -> str:
    """Return the option for an apply before the manual steps are done: the first start waits for them."""
    return " --no-start" if preset.entry.facts.before_start else ""


def _must_exist(preset: AnsweredPreset) -> Iterator[str]:
    """Yield the condition of a spec that finds the application of single sign-on and does not create one."""
    if "\n  create:" not in preset.entry.template:
        name = preset.answers["display_name"]
        yield f"  The application {name} must exist there, with SAML single sign-on; otherwise plan ends with K103."
        yield "  To create one without single sign-on, replace the line `single_sign_on: saml` by"
        yield "  `create: {from_template: custom}`."
