"""If many threads or many tasks of an event loop share one client, each element is created exactly once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest

from contract_tests.support.mock_process import MockProcess
from contract_tests.support.running import run_async, tls
from contract_tests.support.scripted import request_with_id
from kling_elements import AsyncKlingElements, KlingElements, RetryPolicy

pytestmark = pytest.mark.slow
_WORKERS = 200
_ELEMENTS = 2_000
_LIMIT = 20  # tasks in progress at a time
_TOKEN = "many-at-once"
# Real tasks take seconds; those of the mock server take milliseconds, so the waits are also short.
_OPTIONS: dict[str, Any] = {
    "retry": RetryPolicy(first_interval_seconds=0.02, max_interval_seconds=0.5, max_wait_seconds=300, jitter=1),
    "http_client": {"verify": tls(), "limits": httpx.Limits(max_connections=32)},
}


@pytest.fixture
def server() -> Iterator[MockProcess]:
    """Start a server that refuses more than 20 tasks at a time, and needs 10 ms for a task."""
    with closing(MockProcess("--tick", "0.005", "--concurrency", str(_LIMIT))) as server:
        yield server


def _count_by_id(server: MockProcess) -> Counter[str]:
    """Return the number of elements for each external id."""
    elements = httpx.get(f"{server.url}/_mock/elements", trust_env=False, verify=tls()).json()
    return Counter(element["external_task_id"] for element in elements)


_EACH_ONCE = Counter(f"element-{number}" for number in range(_ELEMENTS))


def test_threads_that_share_a_client_create_each_element_once(server: MockProcess) -> None:
    """200 threads create 2,000 elements, and each call returns its own task."""
    with KlingElements(_TOKEN, server.url, **_OPTIONS) as kling, ThreadPoolExecutor(_WORKERS) as threads:
        tasks = list(threads.map(lambda number: kling.create(request_with_id(f"element-{number}")), range(_ELEMENTS)))

    assert _ELEMENTS == len({task.task_id for task in tasks})
    assert _EACH_ONCE == _count_by_id(server)


def test_event_loop_tasks_that_share_a_client_create_each_element_once(server: MockProcess) -> None:
    """200 tasks of one event loop create 2,000 elements, and each call returns its own task."""
    numbers = iter(range(_ELEMENTS))

    async def work(kling: AsyncKlingElements) -> list[object]:
        return [(await kling.create(request_with_id(f"element-{number}"))).task_id for number in numbers]

    async def run() -> list[list[object]]:
        async with AsyncKlingElements(_TOKEN, server.url, **_OPTIONS) as kling:
            return await asyncio.gather(*(work(kling) for _ in range(_WORKERS)))

    task_ids = [task_id for done in run_async(run()) for task_id in done]

    assert len(set(task_ids)) == len(task_ids) == _ELEMENTS
    assert _EACH_ONCE == _count_by_id(server)
