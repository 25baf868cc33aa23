"""The spec that `scimconf init` writes: the template of a preset with answers from options, prompts and defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from scimconf.presets import fact_page_names, preset_names
from scimconf.suggestions import unknown

if TYPE_CHECKING:
    from scimconf.presets.catalogue import CatalogueEntry
    from scimconf.presets.model import TemplateQuestion

SCHEMA = ".scimconf/spec.schema.json"
HEAD = f"""\
# yaml-language-server: $schema={SCHEMA}
# $schema: {SCHEMA}
#
# What this file does not mention is not managed.
#
#   scimconf validate    checks this file, offline
#   scimconf plan        shows what would change, writes nothing
#   scimconf apply       shows the plan, asks, applies it

"""
"""The first line is read by the YAML language server (VS Code, Neovim, Helix, Emacs, Zed …), the second by JetBrains."""
DEFAULT = "custom"
Ask = Callable[[str | None, str, str, Any], str]
"""Returns a value that is not None, or the answer to a prompt with a default and a click type."""


class PresetChoice(click.Choice[str]):
    """The name of a preset. The error for a fact page, which has no template, says what to do instead."""

    def __init__(self) -> None:
        super().__init__(preset_names())

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in fact_page_names():
            message = (
                f"'{value}' is a fact page: it has rules, but no template. Read `scimconf preset show {value}`, "
                f"begin with `--preset {DEFAULT}`, and add `preset: {value}` to the spec."
            )
            raise click.BadParameter(message, ctx, param)
        if value not in self.choices:
            otherwise = "`scimconf preset list` shows all."
            raise click.BadParameter(unknown("preset", str(value), self.choices, otherwise), ctx, param)
        return value


@dataclass(frozen=True, slots=True)
class AnsweredPreset:
    """A preset with the answers to its questions; "" for a question that was skipped."""

    entry: CatalogueEntry
    answers: Mapping[str, str]

    def text(self) -> str:
        """Return the text of the spec; the lines of skipped questions are comments."""
        from scimconf.render.yaml import format_text

        return format_text(HEAD + self.entry.spec_text(dict(self.answers)))

    def open_questions(self) -> tuple[TemplateQuestion, ...]:
        """Return the questions that still need an answer."""
        questions = self.entry.facts.questions
        return tuple(question for question in questions if not question.optional and not self.answers[question.name])


def token_variable(name: str) -> str:
    """Return the environment variable of the secret token for the name of a spec."""
    from scimconf.spec.secret_variables import secret_variable

    return secret_variable(name, "SCIM_TOKEN")


def assignments(values: Iterable[str], entry: CatalogueEntry) -> dict[str, str]:
    """Return the answers of `--set NAME=VALUE`; raise click.BadParameter for an unknown name or an invalid answer."""
    questions = {question.name: question for question in entry.facts.questions}
    answers: dict[str, str] = {}
    for value in values:
        name, equals, answer = value.partition("=")
        if not equals:
            raise click.BadParameter(f"'{value}' is not NAME=VALUE", param_hint="--set")
        if name not in questions:
            if not questions:
                message = f"the preset {entry.name} has no questions, so `{name}` is not one of them"
                raise click.BadParameter(message, param_hint="--set")
            message = f"{unknown('question', name, questions)} The preset {entry.name} asks for {', '.join(questions)}."
            raise click.BadParameter(message, param_hint="--set")
        answers[name] = answered_as(questions[name])(answer)
    return answers


def answered_as(question: TemplateQuestion) -> Callable[[str], str]:
    """Return a click type: an answer that the question accepts, or ""."""

    def convert(answer: str) -> str:
        if answer and not question.accepts(answer):
            hint = question.hint or f"Write an answer such as {question.example}."
            raise click.BadParameter(f"'{answer}' is not a valid answer to `{question.name}`. {hint}")
        return answer

    return convert


def ask_questions(entry: CatalogueEntry, answers: Mapping[str, str], ask: Ask) -> dict[str, str]:
    """Return an answer to each question of a preset: the one that is there, or that of a prompt."""
    complete = {}
    for question in entry.facts.questions:
        example = f"{question.prompt} (such as {question.example})"
        complete[question.name] = ask(answers.get(question.name), example, question.default, answered_as(question))
    return complete
