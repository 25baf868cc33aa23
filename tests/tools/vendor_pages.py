"""Generates `docs/vendors/` from the catalogue: a page for each preset and fact page, and the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scimconf.presets.catalogue import CatalogueEntry, entries
from scimconf.presets.model import Fact, FactSource, GuideStep, ValueLimit
from scimconf.render.yaml import format_text
from scimconf.spec.load import load
from scimconf.spec.tree import plain_json

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vendors"
MAX_VALUE = 70
"""Characters of a value in the table of the guide; longer ones are shown by their keys."""
NOT_KNOWN = "not known"
CONNECTIONS = {
    "bearer": "bearer token",
    "client_credentials": "OAuth 2.0 client credentials",
    "authorized_by_person": "authorized by a person in the portal",
    "user_and_password": "user name and password",
    "unknown": NOT_KNOWN,
}
SENT = {
    "one": "one value for each user",
    "many": "all roles of a user",
    "none": "none",
    "through_groups": "through groups",
    "unknown": NOT_KNOWN,
}
GROUPS = {
    "full": "created, changed and deleted",
    "update_only": "existing groups are changed; none is created or deleted",
    "linked_by_name": "linked to an existing group or team of the same name",
    "none": "not provisioned",
    "unknown": NOT_KNOWN,
}
LEAVING = {
    "disables": "disables the account",
    "deletes": "deletes the account",
    "removes_from_organization": "removes the user from the organization",
    "unknown": NOT_KNOWN,
}
OTHERS = {
    "may_stay": "other mappings of the template may stay",
    "must_go": "all other mappings must be deleted",
    "unknown": "",
}
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
    listed = [entry for entry in entries() if entry.grade == grade and _word(entry.facts.connection, "kind") == kind]
    return ", ".join(f"[{entry.facts.title}]({folder}{entry.name}.md)" for entry in listed)


def table() -> str:
    """Return the table of the catalogue, a row for each entry."""
    head = "| application | grade | credentials | roles | groups | a leaver |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(map(_row, entries()))


def _row(entry: CatalogueEntry) -> str:
    facts = entry.facts
    cells = (
        CONNECTIONS[_word(facts.connection, "kind")],
        SENT[_word(facts.roles, "sent")],
        GROUPS[_word(facts.groups, "support")].partition(";")[0],
        LEAVING[_word(facts.deprovisioning, "effect")],
    )
    return f"| [{facts.title}]({entry.name}.md) | {entry.grade} | {' | '.join(cells)} |"


def _word(fact: Any, name: str) -> str:
    return str(getattr(fact, name, "unknown"))


# ---- a page ---------------------------------------------------------------------------------------------------------


def page(entry: CatalogueEntry) -> str:
    facts = entry.facts
    grade = "Preset, tested." if entry.template else "Fact page: no template, not tested."
    last = facts.confirmation.last
    confirmed = "Never confirmed on a live tenant" if last == "never" else f"Confirmed on a live tenant on {last}"
    parts = [
        f"# {facts.title}",
        f"{grade} {confirmed}. {_sentence('Who may confirm it: ' + facts.confirmation.by)}",
        facts.summary,
        *_guide(entry),
        *_first_steps(entry),
        "## Facts",
        "\n".join(["| | | source |", "|---|---|---|", *_fact_rows(entry)]),
        *_spec(entry),
        *([entry.notes.strip()] if entry.notes else []),
        "## Sources",
        "\n".join(f"* `{key}`: {_source(source)}" for key, source in facts.sources.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _source(source: FactSource) -> str:
    day = "without a date" if source.date == "unknown" else f"of {source.date}"
    return f"{_sentence(source.title)} {_cell(source.page)}, {day}, read {source.read}."


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


# ---- facts ----------------------------------------------------------------------------------------------------------


def _fact_rows(entry: CatalogueEntry) -> Iterator[str]:
    facts = entry.facts
    kinds = {"gallery": "gallery application", "custom": "non-gallery application"}
    application = facts.application
    yield _fact("application", f"{kinds[application.kind]}: {application.name}", application)
    yield _fact("tenant URL", _code(_word(facts.tenant_url, "form")), facts.tenant_url)
    yield _fact("credentials", CONNECTIONS[_word(facts.connection, "kind")], facts.connection)
    yield _fact("validity of the credentials", _word(facts.token, "life"), facts.token)
    for kind in ("users", "groups"):
        rule = getattr(facts.matching, kind)
        text = " or ".join(map(_code, rule.attributes)) if isinstance(rule, Fact) else str(rule)
        yield _fact(f"matching of {kind}", text, rule)
    for kind in ("users", "groups"):
        rules = getattr(facts.rows, kind)
        yield _fact(f"mappings of {kind}", _rules(rules), rules)
    yield _fact("roles", SENT[_word(facts.roles, "sent")] + _details(facts.roles), facts.roles)
    yield _fact("groups", GROUPS[_word(facts.groups, "support")], facts.groups)
    effect = LEAVING[_word(facts.deprovisioning, "effect")]
    yield _fact("`active: false` at the vendor", effect, facts.deprovisioning)
    yield f"| a deletion at the vendor | {LEAVING[_word(facts.deprovisioning, 'deletion')]} | |"
    for limit in facts.limits:
        yield _fact(f"values of {_code(limit.attribute)}", _limit(limit), limit)


def _fact(name: str, text: str, fact: Any) -> str:
    is_known = isinstance(fact, Fact)
    note = f". {fact.note.replace('<', '&lt;')}" if is_known and fact.note else ""
    words = NOT_KNOWN if text in ("", "unknown") else text
    return f"| {name} | {_cell(words + note)} | {', '.join(fact.source) if is_known else ''} |"


def _rules(rules: Any) -> str:
    if not isinstance(rules, Fact):
        return str(rules)
    required, forbidden = getattr(rules, "required", ()), getattr(rules, "forbidden", ())
    parts = [f"needed: {', '.join(map(_code, required))}"] if required else []
    parts += [f"not supported: {', '.join(map(_code, forbidden))}"] if forbidden else []
    parts += [OTHERS[_word(rules, "others")]] if OTHERS[_word(rules, "others")] else []
    differences: Sequence[str] = getattr(rules, "differences", ())
    return " ".join([_sentence("; ".join(parts)) if parts else "", *differences]).strip()


def _details(roles: Any) -> str:
    attribute, values = getattr(roles, "attribute", ""), getattr(roles, "values", ())
    parts = [f"in {_code(attribute)}"] if attribute else []
    parts += [f"values {', '.join(map(_code, values))}"] if values else []
    parts += ["imported from the vendor by the first cycle"] if getattr(roles, "imported", False) else []
    return "".join(f", {part}" for part in parts)


def _limit(limit: ValueLimit) -> str:
    parts = [f"at most {limit.max_length} characters"] if limit.max_length else []
    parts += [f"of the form {_code(limit.pattern)}"] if limit.pattern else []
    parts += [f"without any of {_code(limit.forbidden_characters)}"] if limit.forbidden_characters else []
    parts += ["unique"] if limit.unique else []
    parts += ["required"] if limit.required else []
    return ", ".join(parts)


def _code(text: str) -> str:
    return text if text in ("unknown", "none", "") else f"`{text}`"


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
