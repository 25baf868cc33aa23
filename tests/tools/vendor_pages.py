"""Generates `docs/vendors/` from the catalogue: a page for each preset and fact page, and the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scimconf.presets.catalogue import CatalogueEntry, entries
from scimconf.presets.model import FactSource, GuideStep
from scimconf.presets.words import CONNECTIONS, fact_rows, sentence, summary, word
from scimconf.render.yaml import format_text
from scimconf.spec.load import load
from scimconf.spec.tree import plain_json

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vendors"
MAX_VALUE = 70
"""Characters of a value in the table of the guide; longer ones are shown by their keys."""
INDEX = """\
# Applications

A **preset** is a tested spec for an application: it validates, it is applied to a simulated tenant whose gallery has the
application as far as its attributes are published, and it is rehearsed against a SCIM server with the vendor's limits. A
**fact page** has facts and rules, and no template, because too little is published to test one. Neither was confirmed on a
live tenant, unless the page says so; what no source says is called not known.

`scimconf init --preset NAME` creates a spec from a preset. [Contribute a preset](../contribute-preset.md) describes how one is
made.

"""


def texts() -> Mapping[str, str]:
    """Return the expected content of each page by name."""
    pages = {f"{entry.name}.md": page(entry) for entry in entries()}
    return {"README.md": f"{INDEX}{table()}\n", **pages}


def short_table(folder: str) -> str:
    """Return a table with links by credentials and grade; `folder` is the path of the pages with a slash at its end."""
    rows = []
    for kind, words in CONNECTIONS.items():
        cells = [_links(kind, grade, folder) for grade in ("preset", "fact page")]
        rows += [f"| {words} | {' | '.join(cells)} |"] if any(cells) else []
    return "\n".join(["| credentials | presets | fact pages |", "|---|---|---|", *rows])


def _links(kind: str, grade: str, folder: str) -> str:
    listed = [entry for entry in entries() if entry.grade == grade and word(entry.facts.connection, "kind") == kind]
    return ", ".join(f"[{entry.facts.title}]({folder}{entry.name}.md)" for entry in listed)


def table() -> str:
    """Return the table of the catalogue, a row for each entry."""
    head = "| application | grade | credentials | roles | groups | when a user leaves |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(map(_row, entries()))


def _row(entry: CatalogueEntry) -> str:
    facts = entry.facts
    return f"| [{facts.title}]({entry.name}.md) | {entry.grade} | {' | '.join(summary(facts))} |"


# ---- a page ---------------------------------------------------------------------------------------------------------


def page(entry: CatalogueEntry) -> str:
    facts = entry.facts
    grade = "Preset, tested." if entry.template else "Fact page: no template, not tested."
    last = facts.confirmation.last
    confirmed = "Never confirmed on a live tenant" if last == "never" else f"Confirmed on a live tenant on {last}"
    parts = [
        f"# {facts.title}",
        f"{grade} {confirmed}. {sentence('Who may confirm it: ' + facts.confirmation.by)}",
        facts.summary,
        *_guide(entry),
        *_first_steps(entry),
        "## Facts",
        "\n".join(["| fact | what is known | source |", "|---|---|---|", *_fact_rows(entry)]),
        *_spec(entry),
        *([entry.notes.strip()] if entry.notes else []),
        "## Sources",
        "\n".join(f"* `{key}`: {_source(source)}" for key, source in facts.sources.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _source(source: FactSource) -> str:
    day = "without a date" if source.date == "unknown" else f"of {source.date}"
    return f"{sentence(source.title)} {_cell(source.page)}, {day}, read {source.read}."


def _guide(entry: CatalogueEntry) -> Iterator[str]:
    steps = entry.facts.guide
    if not steps or not entry.template:
        return
    text = entry.spec_text(entry.example_answers())
    tree = plain_json(load("scimconf.yaml", lambda _: text.encode(), {}, {}, lambda _: True).resolved)
    yield "## The vendor's guide, and the spec that replaces it"
    rows = [f"| {number} | {_cell(step.click)} | {_keys(step, tree)} |" for number, step in enumerate(steps, 1)]
    yield "\n".join(["| | by hand | in the spec |", "|---|---|---|", *rows])


def _keys(step: GuideStep, tree: Any) -> str:
    if not step.spec:
        return "stays by hand"
    return "<br>".join(f"`{path}{_value(_at(tree, path))}`" for path in step.spec)


def _value(value: Any) -> str:
    """Return the end of a line of the table: the value if it is short, or its keys."""
    if value in ({}, []):
        return ""
    text = _flow(value)
    if len(text) > MAX_VALUE and isinstance(value, dict):
        text = ", ".join(value)
    if len(text) > MAX_VALUE:
        text = f"{len(value)} entries" if isinstance(value, dict | list) else f"{text[:MAX_VALUE]}…"
    return f": {text}"


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(tree: Any, path: str) -> Any:
    while path:
        key = max((key for key in tree if path == key or path.startswith(f"{key}.")), key=len)
        tree, path = tree[key], path[len(key) + 1 :]
    return tree


def _first_steps(entry: CatalogueEntry) -> Iterator[str]:
    steps = entry.facts.before_start
    if steps:
        yield "## Before provisioning starts"
        places = {"portal": "In the portal", "vendor": "At the vendor"}
        yield "\n".join(
            f"{number}. {places[step.at]}: {step.step} ({', '.join(step.source)})"
            for number, step in enumerate(steps, 1)
        )


def _spec(entry: CatalogueEntry) -> Iterator[str]:
    if entry.template:
        yield "## The spec"
        yield f"`scimconf init --preset {entry.name}` writes it, here with example answers:"
        yield f"```yaml\n{format_text(entry.spec_text(entry.example_answers()))}```"


def _fact_rows(entry: CatalogueEntry) -> Iterator[str]:
    for row in fact_rows(entry.facts):
        note = f". {row.note.replace('<', '&lt;')}" if row.note else ""
        yield f"| {row.name} | {_cell(row.text + note)} | {', '.join(row.sources)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write() -> None:
    """Write all pages, and delete those of former entries."""
    content = texts()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in content:
            path.unlink()
    for name, text in content.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
