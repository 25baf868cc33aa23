"""The catalogue as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scimconf.presets.catalogue import CatalogueEntry
from scimconf.presets.words import fact_rows, sentence, summary
from scimconf.render.terminal.page import Page, joined


def list_text(entries: Sequence[CatalogueEntry], *, width: int = 100, color: bool = False) -> str:
    """Return a paragraph for each grade, with two lines for each entry."""
    page = Page(width, color)
    titles = {
        "preset": "Presets: tested specs for `scimconf init --preset NAME`",
        "fact page": "Fact pages: facts and rules for `preset: NAME` in a spec; no template, not tested",
    }
    lines: list[str] = []
    for grade, title in titles.items():
        listed = [entry for entry in entries if entry.grade == grade]
        if listed:
            lines += [*([""] if lines else []), page.line(0, ("strong", title)), ""]
            lines += [line for entry in listed for line in _listed(page, entry)]
    confirmed = sum(entry.facts.confirmation.last != "never" for entry in entries)
    verdict = (
        f"{confirmed} of {len(entries)} were confirmed on a live tenant."
        if confirmed
        else "None was confirmed on a live tenant."
    )
    return joined([*lines, "", *page.prose(0, verdict)])


def _listed(page: Page, entry: CatalogueEntry) -> Iterator[str]:
    words = summary(entry.facts)
    leaver = "" if words.leaver == "not known" else f"; `active: false` {words.leaver}"
    yield from page.labelled(2, ("strong", f"{entry.name:<18} "), ("", entry.facts.title), hang=2)
    yield from page.prose(21, f"{words.connection}; groups: {words.groups}{leaver}", "quiet")


def entry_text(entry: CatalogueEntry, *, width: int = 100, color: bool = False) -> str:
    """Return all facts about an entry, its questions, the steps by hand, and the sources."""
    page = Page(width, color)
    return joined(_entry(page, entry))


def _entry(page: Page, entry: CatalogueEntry) -> Iterator[str]:
    facts = entry.facts
    grade = "preset, tested" if entry.template else "fact page: no template, not tested"
    yield page.line(0, ("strong", facts.title), ("", f"  ({entry.name}: {grade})"))
    yield from page.prose(2, facts.summary)
    last = facts.confirmation.last
    confirmed = "never confirmed on a live tenant" if last == "never" else f"confirmed on a live tenant on {last}"
    yield from page.prose(2, f"{confirmed}; {sentence('who may confirm it: ' + facts.confirmation.by)}")
    yield ""
    for row in fact_rows(facts):
        note = f". {row.note}" if row.note else ""
        keys = f" [{', '.join(row.sources)}]" if row.sources else ""
        yield from page.labelled(2, ("strong", f"{row.name}: "), ("", f"{row.text}{note}{keys}"), hang=2)
    yield from _steps(page, entry)
    yield from _questions(page, entry)
    yield from ("", page.line(2, ("strong", "Sources")))
    for key, source in facts.sources.items():
        day = "no date" if source.date == "unknown" else str(source.date)
        yield from page.prose(4, f"[{key}] {source.title}: {source.page} ({day}; read {source.read})", hang=2)


def _steps(page: Page, entry: CatalogueEntry) -> Iterator[str]:
    if entry.facts.before_start:
        yield from ("", page.line(2, ("strong", "By hand, before provisioning starts")))
        for step in entry.facts.before_start:
            place = "in the portal" if step.at == "portal" else "at the vendor"
            yield from page.prose(4, f"{place}: {step.step} [{', '.join(step.source)}]", hang=2)


def _questions(page: Page, entry: CatalogueEntry) -> Iterator[str]:
    if entry.facts.questions:
        yield from ("", page.line(2, ("strong", "Questions of init (--set NAME=VALUE)")))
        for question in entry.facts.questions:
            yield from page.prose(4, f"{question.name}: {question.prompt}, such as {question.example}", hang=2)


def list_document(entries: Sequence[CatalogueEntry]) -> dict[str, Any]:
    """Return the list as JSON: name, grade, title, and the facts in words."""
    return {"entries": [_head(entry) | summary(entry.facts)._asdict() for entry in entries]}


def entry_document(entry: CatalogueEntry) -> dict[str, Any]:
    """Return an entry as JSON, with its facts as in `schemas/preset.schema.json`, template and tests."""
    facts = entry.facts.model_dump(mode="json")
    return {**_head(entry), "facts": facts, "template": entry.template, "tests": entry.tests}


def _head(entry: CatalogueEntry) -> dict[str, Any]:
    confirmed = str(entry.facts.confirmation.last)
    return {"name": entry.name, "grade": entry.grade, "title": entry.facts.title, "confirmed": confirmed}
