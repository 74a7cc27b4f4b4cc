"""The respx router answers like a gateway, without a socket."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS, REMAINS
from contract_tests.reading.image_body import BODY
from contract_tests.support.running import tls
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.clock import Clock
from kling_elements.mock import create_app
from kling_elements.testing import respx_router
from kling_elements_client.errors import NotFoundError, TransportError

_OPTIONS: dict[str, Any] = {"http_client": {"verify": tls()}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", Mock())
    monkeypatch.setattr(Clock, "sleep_async", AsyncMock())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_router_answers_without_a_socket(dialect: str) -> None:
    """An element is created, found, listed and deleted at the contract's address."""
    app = create_app(tick_seconds=0, dialect=dialect)
    with respx_router(app=app) as router, KlingElements("any-token", **_OPTIONS) as kling:
        element = kling.wait(kling.create(BODY))
        listed = [task.task_id for task in kling.list()]
        kling.delete(element)
        (task,) = router.kling.tasks()

        assert [task["task_id"]] == listed
        assert element.element_id is not None
        assert True is task["deleted"]
        assert (listed if REMAINS[dialect] else []) == [task.task_id for task in kling.list()]
        assert 3 == len(list(kling.presets()))


def test_the_router_uses_the_recorded_wording_of_the_service() -> None:
    """A deleted element is listed as `deleted`, and a missing task is 400, not 404."""
    with respx_router(), KlingElements("any-token", **_OPTIONS) as kling:
        element = kling.wait(kling.create(BODY))
        kling.delete(element)
        (task,) = kling.list()

        assert ["deleted"] == [shown.status for shown in task.all_elements]
        with pytest.raises(NotFoundError, match="Task not found by id/external id: nobody") as caught:
            kling.get("nobody")
        assert (400, 1201) == (caught.value.status_code, caught.value.code)


def test_the_router_answers_on_an_event_loop_too() -> None:
    async def run(kling: AsyncKlingElements) -> list[object]:
        async with kling:
            await kling.wait(await kling.create(BODY))
            return [task.task_id async for task in kling.list()]

    async def routed() -> tuple[list[object], list[object]]:
        async with respx_router() as router:
            listed = await run(AsyncKlingElements("any-token", **_OPTIONS))
            return listed, [task["task_id"] for task in router.kling.tasks()]

    listed, there = asyncio.run(routed())
    assert 1 == len(listed)
    assert listed == there


@pytest.mark.parametrize("address", ["http://localhost:8080", "https://gateway.example.com/proxy/to"])
def test_the_router_answers_at_any_url(address: str) -> None:
    """The URL may have a port, or a path before the contract's own."""
    with respx_router(address) as router, KlingElements(router.kling.token, router.kling.url, **_OPTIONS) as kling:
        kling.create(BODY)

        assert 1 == len(router.kling.tasks())


def test_the_router_is_where_clients_look_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like the clients, it follows `KLING_BASE_URL`."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:8899")
    with respx_router() as router, KlingElements("any-token", **_OPTIONS) as kling:
        kling.create(BODY)

        assert "http://127.0.0.1:8899" == router.kling.url
        assert 1 == len(router.kling.tasks())


def test_other_routes_may_be_added_to_the_router() -> None:
    """`respx_router` returns an ordinary respx router."""
    with respx_router() as router:
        router.get("https://elsewhere.example.com").respond(204)

        assert 204 == httpx.get("https://elsewhere.example.com").status_code
        assert [] == router.kling.tasks()


@pytest.mark.parametrize(
    ("fault", "count"),
    [("drop-before", 0), ("drop-after", 1), ("delay:2", 1), ("late:2", 1), ("delay:1", None), ("drip", None)],
)
def test_the_router_shows_connection_faults(fault: str, count: int | None) -> None:
    """A cut connection and a timed-out response raise at once, without waiting."""
    with respx_router() as router, KlingElements("any-token", timeout=1.5, **_OPTIONS) as kling:
        router.kling.queue_faults(fault)
        if count is None:
            kling.create(BODY)
        else:
            with pytest.raises(TransportError) as caught:
                kling.create(BODY)
            assert caught.value.may_have_been_sent

        assert (1 if count is None else count) == len(router.kling.tasks())


def test_the_router_accepts_your_own_application() -> None:
    """With a manual clock, a task ends when the test steps that clock."""
    app = create_app(tick_seconds=5, manual_clock=True)
    with respx_router(app=app) as router, KlingElements("any-token", **_OPTIONS) as kling:
        task = kling.create(BODY)
        statuses = []
        for seconds in (0, 5, 5):
            router.kling.step(seconds)
            statuses.append(str(kling.get(task).task_status))

    assert ["submitted", "processing", "succeed"] == statuses
