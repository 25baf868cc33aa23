"""Options of `sandbox serve`: `--like` and `--switch`."""

import json
import ssl
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from scimconf.cli.sandbox import command, reported_switches


def test_serve_like_sets_switches_and_switch_option_overrides_them(served):
    trust = ssl.create_default_context(cafile=served.authority)
    with urlopen(f"{served.root}/_sandbox/switches", context=trust) as answer:
        positions = {row["name"]: row["value"] for row in json.load(answer)["value"]}
    assert (positions["paused_state"], positions["page_size"], positions["initial_state"]) == (
        "Paused",
        "100",
        "Paused",
    )


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", '{"switches": 1}'])
def test_serve_like_rejects_file_that_is_no_probe_report(tmp_path, content):
    file = tmp_path / "probe.json"
    file.write_text(content)
    done = CliRunner().invoke(command, ["serve", "--like", str(file)])
    assert done.exit_code != 0
    assert "not a report" in done.output


def test_reported_switches_ignores_unknown_switch_with_a_warning(tmp_path, capsys):
    """The report can be written by a newer version."""
    file = tmp_path / "probe.json"
    file.write_text('{"switches": {"made_up": "yes", "paused_state": "Paused"}}')
    assert reported_switches([str(file)]) == {"paused_state": "Paused"}
    assert "ignored" in capsys.readouterr().err
