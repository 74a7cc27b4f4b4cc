"""The mock server notifies private addresses only for callers who can reach these addresses themselves."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from ssrfguard import Policy

from contract_tests.reading.image_body import BODY
from contract_tests.support.mock_caller import Caller
from contract_tests.support.notifications import on_a_loop, running_receiver, running_server, server, wait_until
from kling_elements.mock import callbacks


def create_from(caller: Caller, peer: str, callback_url: str) -> None:
    """Create a task as a caller with this address."""
    reply = caller.post({**BODY, "callback_url": callback_url}, client_host=peer)
    assert 200 == reply.status


@pytest.mark.parametrize(("peer", "hosts"), [("127.0.0.1", []), ("10.0.0.1", ["10.0.0.0/8"])])
@on_a_loop
async def test_local_and_allowed_callers_are_notified_at_private_addresses(peer: str, hosts: list[str]) -> None:
    """Test suites need this, because they listen at such addresses."""
    async with running_receiver() as receiver, running_server(server(tick_seconds=0, control=hosts)) as caller:
        create_from(caller, peer, receiver.url)
        await wait_until(lambda: receiver.task_statuses)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
@on_a_loop
async def test_other_callers_cannot_make_the_server_post_to_private_addresses(host: str) -> None:
    """Otherwise strangers could reach everything in the server's network. The record gives the reason."""
    async with running_receiver() as receiver, running_server(server(tick_seconds=0)) as caller:
        create_from(caller, "10.0.0.1", f"http://{host}:{receiver.url.rpartition(':')[2]}/")
        await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))
        (record,) = caller.ask("GET", "/_mock/callbacks")
    assert (False, None, 1) == (record["delivered"], record["http_status"], record["attempts"])
    assert record["note"].startswith("the address is private or reserved, and the create came from another machine")
    assert [] == receiver.task_statuses


@on_a_loop
async def test_other_callers_are_notified_at_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any port is allowed; in this test, this machine counts as public."""
    policy = Policy(allowed_networks=(ip_network("127.0.0.0/8"),), allowed_ports=callbacks._PUBLIC.allowed_ports)  # noqa: SLF001
    monkeypatch.setattr(callbacks, "_PUBLIC", policy)
    async with running_receiver() as receiver, running_server(server(tick_seconds=0)) as caller:
        create_from(caller, "10.0.0.1", receiver.url)
        await wait_until(lambda: receiver.task_statuses)
