"""What `sandbox serve` was told on its command line, seen from outside; and what it does not take."""

import json
import ssl
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from scimconf.cli.sandbox import command, reported_switches


def test_a_report_of_a_probe_sets_the_switches_and_the_command_line_has_the_last_word(served):
    trust = ssl.create_default_context(cafile=served.authority)
    with urlopen(f"{served.root}/_sandbox/switches", context=trust) as answer:
        positions = {row["name"]: row["value"] for row in json.load(answer)["value"]}
    assert (positions["paused_state"], positions["page_size"], positions["initial_state"]) == (
        "Paused",
        "100",
        "Paused",
    )


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"switches": 1}'])
def test_what_is_no_report(tmp_path, content):
    file = tmp_path / "probe.json"
    file.write_text(content)
    done = CliRunner().invoke(command, ["serve", "--like", str(file)])
    assert done.exit_code != 0
    assert "not a report" in done.output


def test_a_switch_that_is_not_known_here_is_told_and_left_out(tmp_path, capsys):
    """A report may be of a newer version."""
    file = tmp_path / "probe.json"
    file.write_text('{"switches": {"made_up": "yes", "paused_state": "Paused"}}')
    assert reported_switches(str(file)) == {"paused_state": "Paused"}
    assert "ignored" in capsys.readouterr().err
