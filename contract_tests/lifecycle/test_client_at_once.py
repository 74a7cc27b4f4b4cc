"""Many threads, and many tasks of an event loop, share one client: no subject is lost, and none is there twice."""

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
from contract_tests.support.scripted import named
from kling_elements import AsyncKlingElements, KlingElements, RetryPolicy

_WORKERS = 200
_SUBJECTS = 2_000
_LIMIT = 20  # tasks under way at a time
_TOKEN = "many-at-once"
# The gateway's pace is a second; the mock server's tasks take some milliseconds, and so do the waits here.
_OPTIONS: dict[str, Any] = {
    "retry": RetryPolicy(first_seconds=0.02, longest_seconds=0.5, max_wait_seconds=300, jitter=1),
    "http_client": {"verify": tls(), "limits": httpx.Limits(max_connections=32)},
}


@pytest.fixture
def server() -> Iterator[MockProcess]:
    """A server that refuses more than 20 tasks at a time, and takes 10 ms for one."""
    with closing(MockProcess("--tick", "0.005", "--concurrency", str(_LIMIT))) as server:
        yield server


def _subjects(server: MockProcess) -> Counter[str]:
    """How often each external id is among the server's tasks."""
    elements = httpx.get(f"{server.url}/_mock/elements", trust_env=False, verify=tls()).json()
    return Counter(element["external_task_id"] for element in elements)


_EACH_ONCE = Counter(f"subject-{number}" for number in range(_SUBJECTS))


def test_threads_that_share_a_client_create_each_subject_once(server: MockProcess) -> None:
    """200 threads make 2,000 creates; each returns its own task."""
    with KlingElements(_TOKEN, server.url, **_OPTIONS) as kling, ThreadPoolExecutor(_WORKERS) as threads:
        tasks = list(threads.map(lambda number: kling.create(named(f"subject-{number}")), range(_SUBJECTS)))

    assert len({task.task_id for task in tasks}) == _SUBJECTS
    assert _EACH_ONCE == _subjects(server)


def test_tasks_of_a_loop_that_share_a_client_create_each_subject_once(server: MockProcess) -> None:
    """200 tasks of one event loop make 2,000 creates; each returns its own task."""
    numbers = iter(range(_SUBJECTS))

    async def work(kling: AsyncKlingElements) -> list[object]:
        return [(await kling.create(named(f"subject-{number}"))).task_id for number in numbers]

    async def run() -> list[list[object]]:
        async with AsyncKlingElements(_TOKEN, server.url, **_OPTIONS) as kling:
            return await asyncio.gather(*(work(kling) for _ in range(_WORKERS)))

    task_ids = [task_id for done in run_async(run()) for task_id in done]

    assert len(set(task_ids)) == len(task_ids) == _SUBJECTS
    assert _EACH_ONCE == _subjects(server)
