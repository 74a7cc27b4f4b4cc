"""Threads, event loops and forked processes can share one client."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import Peer, http_response, listening
from contract_tests.support.programs import create_without_fork, fork_with_clients
from contract_tests.support.scripted import NAMED, ScriptedGateway, task
from kling_elements import AsyncKlingElements, KlingElements

pytestmark = pytest.mark.slow


def test_a_client_that_was_closed_sends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Closing it twice is allowed. A later create sends nothing, so it reports no id."""
    gateway = ScriptedGateway((task(),), "documented")
    with KlingElements("t", http_client={"transport": httpx.MockTransport(gateway)}) as kling:
        inner = kling.client.get_httpx_client()
        assert "7" == kling.create(NAMED).task_id
    assert inner.is_closed
    kling.close()
    with pytest.raises(RuntimeError, match=r"^the client is closed: create another one") as caught:
        kling.create(NAMED)

    assert "create" == gateway.calls()
    assert not hasattr(caught.value, "__notes__")
    assert not hasattr(caught.value, "external_task_id")
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_each_event_loop_has_its_own_connections() -> None:
    """If loops share a client, in turn or at once, each closes its own connections when it ends."""
    kling = AsyncKlingElements("t", http_client={"transport": httpx.MockTransport(lambda _: task().response())})
    used = list[httpx.AsyncClient]()

    async def create() -> list[Any]:
        used.append(kling.client.get_async_httpx_client())
        created = await asyncio.gather(*(kling.create(BODY) for _ in range(20)))
        return [result.task_info.external_task_id for result in created]  # type: ignore[union-attr]

    async def close() -> None:
        async with kling as same:
            assert kling is same
        await kling.aclose()
        with pytest.raises(RuntimeError, match=r"^the client is closed: create another one"):
            await kling.create(BODY)

    ids = asyncio.run(create()) + asyncio.run(create())
    with ThreadPoolExecutor(4) as threads:
        ids += [
            external_id for created in threads.map(lambda _: asyncio.run(create()), range(4)) for external_id in created
        ]
    asyncio.run(close())

    assert 6 == len(set(map(id, used)))
    assert all(client.is_closed for client in used)
    assert 120 == len(set(ids))


def test_threads_share_one_pool() -> None:
    """No thread needs more than one connection, each create has its own id, and none is lost."""
    limits = httpx.Limits(keepalive_expiry=600)  # seconds, enough for a busy machine
    with (
        listening(Peer.respond) as server,
        KlingElements("t", server.url, http_client={"limits": limits}) as kling,
        ThreadPoolExecutor(6) as threads,
    ):
        # look-ups, because a create never uses a connection that was idle for a second
        looked_up = list(threads.map(lambda _: kling.get("1"), range(60)))
        assert 1 <= server.connections <= 6
        created = list(threads.map(lambda _: kling.create(BODY), range(60)))

    assert ["1"] * 60 == [result.task_id for result in looked_up]
    assert 60 == len({result.task_info.external_task_id for result in created})  # type: ignore[union-attr]
    assert 120 == len(server.requests)


def test_a_client_can_be_made_before_a_fork_and_used_after_it() -> None:
    """The child opens its own connections even if the client was used before, and the parent keeps its own."""
    served = Counter[int]()

    def behave(peer: Peer) -> None:
        while peer.request() is not None:
            served[peer.number] += 1
            peer.send(http_response())

    with listening(behave) as server:
        command = [sys.executable, "-W", "ignore", "-m", fork_with_clients.__name__, server.url, json.dumps(BODY)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    assert ("0\n", "") == (done.stdout, done.stderr)
    assert [1, 1, 1, 2] == sorted(served.values())


def test_a_client_works_on_a_system_without_fork() -> None:
    """The package registers no fork handler if `os.fork` is missing, as on Windows."""
    with listening(Peer.respond) as server:
        command = [sys.executable, "-W", "error", "-m", create_without_fork.__name__, server.url, json.dumps(BODY)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert ("1\n", "", 0) == (done.stdout, done.stderr, done.returncode)
