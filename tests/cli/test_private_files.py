"""Files that contain names of users can be read by their owner only, from the first byte."""

import stat

import pytest
from tenant_fixture import WRITER


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("exists", [False, True], ids=["new file", "existing file"])
def test_plan_event_and_export_files_are_private(exists, cli):
    names = ("plan.json", "events.jsonl", "spec.yaml")
    for name in names if exists else ():
        cli.file(name, "").chmod(0o644)

    assert cli("plan", "--out", "plan.json", "--events", "events.jsonl", WRITER).code == 0
    assert cli("apply", "--auto-approve", "--events", "events.jsonl", WRITER).code == 0
    assert cli("export", "--app", "Writer", "--force", "--out", "spec.yaml").code == 0

    assert {mode(cli.folder / name) for name in names} == {0o600}
