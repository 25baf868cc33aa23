"""A lifecycle: a random tenant, then rounds of changed specs, edits in the portal and applies under faults, then the end.

At the end a few applies without faults must reach an empty plan, whose apply writes nothing.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from scimconf.render.yaml import write_spec
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from tests.lifecycle.faults import KINDS, NoFaults, RandomFaults
from tests.lifecycle.invariants import created_twice, violations
from tests.lifecycle.rounds import Round, run_round, run_together
from tests.lifecycle.state import settle
from tests.lifecycle.tenants import Json, changed_spec, edit_in_portal, random_spec, random_tenant
from tests.tenant_fixture import Rehearsal, exit_code

RATES = ((0.0, 0.0), (0.01, 0.08), (0.02, 0.15), (0.05, 0.3))
"""Probabilities of a fault at a read and at a write."""
RATES_OF_FEW = (0.1, 0.5)
"""Those of a lifecycle with a few kinds of faults only."""
SETTLING = 4
"""Applies without faults in which every state must reach an empty plan."""


@dataclass
class Lifecycle:
    """The result of one seed."""

    seed: str
    rounds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


def run_lifecycle(seed: int | str, only: tuple[str, ...] = KINDS) -> Lifecycle:
    """Return what happened in the lifecycle of a seed; `only` are the kinds of faults, many of them if not all."""
    result = Lifecycle(str(seed))
    with tempfile.TemporaryDirectory() as folder:
        _Run(result, Random(f"lifecycle {seed}"), Path(folder), only).run()
    return result


def command_of(seed: int | str) -> str:
    """Return the command that runs the lifecycle of a seed alone."""
    return f"{sys.executable} -m tests.lifecycle.run --seed {seed}"


class _Run:
    def __init__(self, result: Lifecycle, random: Random, folder: Path, only: tuple[str, ...]) -> None:
        self.result, self.random, self.folder, self.only = result, random, folder, only
        self.tenant = random_tenant(random, result.seed)
        self.tree = random_spec(random)

    def run(self) -> None:
        is_settled = False
        for number in range(self.random.choice([1, 1, 2, 2, 3])):
            if number:
                self.tree = changed_spec(self.random, self.tree)
            if self.random.random() < 0.5:
                self.note(f"portal: {edit_in_portal(self.random, self.tenant)}")
                settle(self.tenant)
            apply = self.together if self.random.random() < 0.1 else self.alone
            is_settled = self.is_settled(apply(number))
            if self.result.violations:
                return
        if not is_settled:
            self.converge()

    def note(self, text: str) -> None:
        self.result.log.append(text)

    def violation(self, where: str, texts: Iterator[str] | list[str]) -> None:
        self.result.violations += [f"{where}: {text}" for text in texts]

    def path(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir()
        return path

    def faults(self, name: str, *excluded: str) -> RandomFaults:
        reads, writes = self.random.choice(RATES)
        if self.only is not KINDS:
            reads, writes = RATES_OF_FEW
        limit = self.random.choice([1, 3, 8])
        return RandomFaults(f"{self.result.seed} {name}", reads, writes, limit, excluded, self.only)

    def alone(self, number: int) -> Round:
        portal = Random(f"portal {self.result.seed} {number}")
        done = run_round(
            self.tenant,
            load_tree(self.tree, self.tenant),
            self.faults(f"round {number}"),
            self.path(f"round{number}"),
            other_client=lambda: edit_in_portal(portal, self.tenant),
            full=int(self.random.random() < 0.05) == 1,
        )
        self.record(f"round {number}", done)
        return done

    def together(self, number: int) -> Round:
        """Apply the same spec twice at the same time, or two specs."""
        trees = [self.tree, self.tree if self.random.random() < 0.5 else changed_spec(self.random, self.tree)]
        specs = [load_tree(tree, self.tenant) for tree in trees]
        ends = ("death before", "death after", "interrupt")
        schedules = [self.faults(f"round {number} client {client}", *ends) for client in range(2)]
        rounds = run_together(self.tenant, specs, schedules, self.path(f"round{number}"), self.random)
        for client, done in enumerate(rounds):
            self.record(f"round {number} client {client}", done)
        return rounds[-1]

    def record(self, where: str, done: Round) -> None:
        self.result.rounds += 1
        self.result.faults.update(done.strikes)
        self.result.ends[_end(done)] += 1
        struck = [f"{each.fault} at {each.method} {each.path}" for each in done.exchanges if each.fault]
        self.note(f"{where}: {_end(done)}; {len(done.exchanges)} requests; {'; '.join(struck)}")
        self.violation(where, violations(done, self.tenant.environ))
        self.violation(where, created_twice(self.tenant))

    def converge(self) -> None:
        """Reach an empty plan without faults."""
        spec = load_tree(self.tree, self.tenant)
        for number in range(SETTLING):
            done = run_round(self.tenant, spec, NoFaults(), self.path(f"end{number}"))
            self.record(f"end {number}", done)
            latest = done.remaining or done.planned
            if latest is None or (not latest.plan.changes and not latest.errors):
                break
        if latest is not None:
            texts = [error.message for error in latest.errors]
            texts += [str(change.address) for change in latest.plan.changes]
            self.violation("end", [f"no empty plan: {text}" for text in texts])

    def is_settled(self, done: Round) -> bool:
        """Return whether a round ended with 0 and left an empty plan, so that nothing is left to converge."""
        remaining = done.remaining
        is_empty = remaining is not None and not remaining.plan.changes and not remaining.errors
        return is_empty and _end(done) == "exit 0" and done.spec.spec == load_tree(self.tree, self.tenant).spec


def _end(done: Round) -> str:
    if done.is_dead:
        return "death"
    if done.report is not None:
        return f"exit {exit_code(done.report)}"
    return "no plan" if done.planned is None or done.planned.errors else "no changes"


def load_tree(tree: Json, tenant: Rehearsal) -> Loaded:
    """Return the tree as loaded from a file."""
    text = write_spec(tree)
    loaded = load("scimconf.yaml", lambda _path: text, tenant.environ, {}, lambda _: True)
    assert loaded.spec is not None, [diagnostic.message for diagnostic in loaded.diagnostics]
    return loaded
