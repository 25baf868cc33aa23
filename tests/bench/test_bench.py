"""Tests of the bench: every measurement works on a tiny tenant, and the results become a table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

import results as bench_results  # noqa: E402
from measurements import SCENARIOS, requests  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_measures_its_rows(name):
    command = [sys.executable, str(BENCH / "bench.py"), "--quick", "--only", name]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    titles = [row.title for row in bench_results.ROWS if row.scenario == name]
    assert titles
    assert len(output.splitlines()) == len(titles)
    assert [title for title, line in zip(titles, output.splitlines(), strict=True) if line.startswith(title)] == titles


def test_every_row_belongs_to_a_scenario():
    assert {row.scenario for row in bench_results.ROWS} == set(SCENARIOS)


@pytest.mark.parametrize(
    ("row", "values", "holds"),
    [
        (bench_results.Row("", "a", "A", 1.3), [1.2, 1.3, 9.9], True),
        (bench_results.Row("", "a", "A", 1.3), [1.2, 1.31, 9.9], False),
        (bench_results.Row("", "a", "A", 300, worst=True), [299, 299, 301], False),
        (bench_results.Row("", "a", "A", 1.0, "%", least=True), [0.45], False),
        (bench_results.Row("", "a", "A", 1.0, "%", least=True), [1.0], True),
        (bench_results.Row("", "a", "A", None), [99.0], True),
    ],
)
def test_row_holds_by_its_median_or_by_its_worst_value(row, values, holds):
    assert row.holds(values) is holds
    assert ("DOES NOT HOLD" in bench_results.summary(row, values)) is not holds


def test_requests_of_a_floor_are_sent_once_and_in_the_waves_of_the_journal(tmp_path):
    entries = [("/a", 0, 1), ("/b", 0, 2), ("/a", 1.5, 3), ("/c", 3.5, 4), ("/appRoleAssignedTo?x", 0, 9)]
    journal = [
        {"method": "GET", "target": target, "body": None, "begin": begin, "end": end} for target, begin, end in entries
    ]
    file = tmp_path / "requests.json"
    plain = json.loads(requests(file, journal, names=False).read_text("utf-8"))
    assert (plain["waves"], plain["pages"]) == (
        [[["GET", "/a", None], ["GET", "/b", None], ["GET", "/c", None]]],
        "/appRoleAssignedTo?x",
    )
    waves = json.loads(requests(file, journal, waves=True).read_text("utf-8"))["waves"]
    assert [[target for _, target, _ in wave] for wave in waves] == [
        ["/a", "/b", "/appRoleAssignedTo?x"],
        ["/a"],
        ["/c"],
    ]
