"""An interrupt of the command, and requests that are given up."""

from __future__ import annotations

import asyncio
import signal

import pytest
from canary.values import TOKEN
from check_endpoint.endpoints import raw
from server_fixture import PATIENCE, child, environment, wait_until
from tenant_fixture import ROOT

from scimconf.rehearsal.cleanup import created_resources
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.values import ScimRequest
from scimconf.sandbox.faults import ArmedFaults, Journal
from scimconf.sandbox.reach import Destination, Reach
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.target import start_target


@pytest.mark.slow
def test_an_interrupted_command_deletes_what_it_created():
    with start_target("tolerant", token=TOKEN) as target:
        argv = ["rehearse", "--yes", "--endpoint", target.url, "--token-env", "SCIM_TOKEN", "examples/writer-new"]
        process = child([*argv], environment("", SCIM_TOKEN=TOKEN), cwd=ROOT)
        wait_until(target.users)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, target.users(), target.groups()) == (130, [], []), (out, err)
    assert "Interrupted." in out
    assert "17 of 17 checks did not run." in out


def test_a_creation_that_is_given_up_is_in_the_journal_and_searched_by_name():
    journal = Journal()

    async def give_up(url):
        async with Sender(Destination(url, TOKEN), Reach(), Switches(), ArmedFaults(), journal) as sender:
            body = {"userName": "scimconf-1a2b-ada@contoso.com"}
            sending = asyncio.create_task(sender.send(ScimRequest("POST", "/Users", body=body)))
            await asyncio.sleep(0.05)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            assert sending.cancelled()

    def silent(connection):
        while connection.recv(65_536):
            continue

    with raw(silent) as url:
        asyncio.run(give_up(url))
        leftovers = created_resources(journal.entries, url).leftovers()
    assert leftovers == ('/Users (userName "scimconf-1a2b-ada@contoso.com")',)
