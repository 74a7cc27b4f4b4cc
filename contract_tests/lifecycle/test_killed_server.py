"""If a server is killed during many creates, every element exists exactly once afterwards."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.mock_process import MockProcess
from contract_tests.support.running import tls
from contract_tests.support.scripted import request_with_id
from kling_elements import KlingElements, Outcome, RetryPolicy
from kling_elements_client.errors import KlingError

pytestmark = pytest.mark.slow
_ELEMENTS = 500
_NAMES = [f"element-{number}" for number in range(_ELEMENTS)]
_BEFORE_THE_KILL = 150
_TOKEN = "killed-server"


def _client(server: MockProcess, retry: RetryPolicy) -> KlingElements:
    return KlingElements(_TOKEN, server.url, retry=retry, http_client={"verify": tls()})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_get_or_create_after_a_kill_leaves_each_element_once(dialect: str, tmp_path: Path) -> None:
    """After the restart, all 500 elements are found or created."""
    options = ("--state", str(tmp_path / "state.db"), "--tick", "0", "--dialect", dialect)
    server = MockProcess(*options)
    answered: dict[int, object] = {}
    outcomes: Counter[str | None] = Counter()
    enough = threading.Event()

    def create(number: int) -> None:
        try:
            answered[number] = kling.create(request_with_id(_NAMES[number])).task_id
            outcomes["answered"] += 1
        except KlingError as error:
            outcomes[error.outcome] += 1
        if len(answered) >= _BEFORE_THE_KILL:
            enough.set()

    with _client(server, RetryPolicy(max_wait_seconds=0)) as kling, ThreadPoolExecutor(16) as threads:
        futures = [threads.submit(create, number) for number in range(_ELEMENTS)]
        enough.wait()
        server.kill()
        for future in futures:
            future.result()

    assert _BEFORE_THE_KILL <= outcomes["answered"] < _ELEMENTS
    assert set(outcomes) <= {"answered", Outcome.MAY_EXIST, Outcome.NOT_CREATED}

    with closing(MockProcess(*options, port=server.port)) as server:
        with _client(server, RetryPolicy()) as kling, ThreadPoolExecutor(8) as threads:
            tasks = list(
                threads.map(lambda number: kling.get_or_create(request_with_id(f"element-{number}")), range(_ELEMENTS))
            )
        elements = httpx.get(f"{server.url}/_mock/elements", trust_env=False, verify=tls()).json()

    assert {number: tasks[number].task_id for number in answered} == answered
    assert Counter(_NAMES) == Counter(element["external_task_id"] for element in elements)
