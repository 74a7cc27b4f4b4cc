"""The respx router for your own tests, and its controls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any
from unittest.mock import AsyncMock, Mock

import httpx
import pytest

from contract_tests.reading.cases import base_body
from contract_tests.reading.dialect_cases import DIALECTS, REMAINS
from contract_tests.support.running import tls
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.clock import Clock
from kling_elements.mock import create_app
from kling_elements.testing import respx_router
from kling_elements_client.errors import NotFoundError, ResponseError, TransportError

_OPTIONS: dict[str, Any] = {"http_client": {"verify": tls()}}


def _request(**changes: Any) -> dict[str, Any]:
    return {**base_body("image"), **changes}  # type: ignore[dict-item]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", Mock())
    monkeypatch.setattr(Clock, "sleep_async", AsyncMock())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_router_answers_without_a_socket(dialect: str) -> None:
    """An element is created, found, listed and deleted at the contract's own address."""
    app = create_app(tick_seconds=0, dialect=dialect)
    with respx_router(app=app) as router, KlingElements("any-token", **_OPTIONS) as kling:
        element = kling.wait(kling.create(_request()))
        listed = [task.task_id for task in kling.list()]
        kling.delete(element)
        (task,) = router.kling.tasks()

        assert listed == [task["task_id"]]
        assert element.element_id is not None
        assert task["deleted"] is True
        assert [task.task_id for task in kling.list()] == (listed if REMAINS[dialect] else [])
        assert len(list(kling.presets())) == 3


def test_the_router_uses_the_recorded_wording_of_the_service() -> None:
    """By default a deleted element stays with the status `deleted`, and a missing task is 400, not 404."""
    with respx_router(), KlingElements("any-token", **_OPTIONS) as kling:
        element = kling.wait(kling.create(_request()))
        kling.delete(element)
        (task,) = kling.list()

        assert [shown.status for shown in task.all_elements] == ["deleted"]
        with pytest.raises(NotFoundError, match="Task not found by id/external id: nobody") as caught:
            kling.get("nobody")
        assert (caught.value.status_code, caught.value.code) == (400, 1201)


def test_an_id_of_another_product_is_refused_as_a_duplicate_that_cannot_be_found() -> None:
    """A video of the account may use the id, for example; other ids are free."""
    with respx_router() as router, KlingElements("any-token", **_OPTIONS) as kling:
        router.kling.use_ids("a-video", "another")
        for call in (kling.create, kling.get_or_create):
            with pytest.raises(ResponseError, match="External_task_id a-video already exists") as caught:
                call(_request(external_task_id="a-video"))
            assert caught.value.outcome == "may_exist"
        kling.create(_request(external_task_id="free"))

        assert [task["external_task_id"] for task in router.kling.tasks()] == ["free"]


def test_the_router_answers_on_an_event_loop_too() -> None:
    """The asynchronous client uses the same router."""

    async def run(kling: AsyncKlingElements) -> list[object]:
        async with kling:
            await kling.wait(await kling.create(_request()))
            return [task.task_id async for task in kling.list()]

    async def routed() -> tuple[list[object], list[object]]:
        async with respx_router() as router:
            listed = await run(AsyncKlingElements("any-token", **_OPTIONS))
            return listed, [task["task_id"] for task in router.kling.tasks()]

    listed, there = asyncio.run(routed())
    assert len(listed) == 1
    assert there == listed


@pytest.mark.parametrize("address", ["http://localhost:8080", "https://gateway.example.com/proxy/to"])
def test_the_router_answers_at_any_url(address: str) -> None:
    """The address may have a port, or a path before the contract's own."""
    with respx_router(address) as router, KlingElements(router.kling.token, router.kling.url, **_OPTIONS) as kling:
        kling.create(_request())

        assert len(router.kling.tasks()) == 1


def test_the_router_is_where_clients_look_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The router follows `KLING_BASE_URL` as the clients do."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:8899")
    with respx_router() as router, KlingElements("any-token", **_OPTIONS) as kling:
        kling.create(_request())

        assert router.kling.url == "http://127.0.0.1:8899"
        assert len(router.kling.tasks()) == 1


def test_other_routes_may_be_added_to_the_router() -> None:
    """`respx_router` returns a respx router, so you can add routes."""
    with respx_router() as router:
        router.get("https://elsewhere.example.com").respond(204)

        assert httpx.get("https://elsewhere.example.com").status_code == 204
        assert router.kling.tasks() == []


@pytest.mark.parametrize(
    ("fault", "left"),
    [("drop-before", 0), ("drop-after", 1), ("delay:2", 1), ("late:2", 1), ("delay:1", None), ("drip", None)],
)
def test_the_router_shows_connection_faults(fault: str, left: int | None) -> None:
    """A cut connection or a response after the timeout is an error at once; a response in time is returned."""
    with respx_router() as router, KlingElements("any-token", timeout=1.5, **_OPTIONS) as kling:
        router.kling.queue_faults(fault)
        if left is None:
            kling.create(_request())
        else:
            with pytest.raises(TransportError) as caught:
                kling.create(_request())
            assert caught.value.may_have_been_sent

        assert len(router.kling.tasks()) == (1 if left is None else left)


def test_the_router_accepts_your_own_application() -> None:
    """With a manual clock, a task ends when the test steps the clock."""
    app = create_app(tick_seconds=5, manual_clock=True)
    with respx_router(app=app) as router, KlingElements("any-token", **_OPTIONS) as kling:
        task = kling.create(_request())
        seen = []
        for seconds in (0, 5, 5):
            router.kling.step(seconds)
            seen.append(str(kling.get(task).task_status))

    assert seen == ["submitted", "processing", "succeed"]


@pytest.mark.parametrize(
    ("control", "arguments", "message"),
    [
        ("queue_faults", ["drop-sideways"], "there is no fault 'drop-sideways'; use one of none, "),
        ("step", [-1], "seconds"),
        ("use_ids", ["a", ""], "the body must be a list of ids"),
        ("step", ["1"], "seconds"),
    ],
)
def test_invalid_arguments_of_a_control_are_an_error(control: str, arguments: list[Any], message: str) -> None:
    """The message says what is allowed."""
    with respx_router() as router, pytest.raises(ValueError, match=message):
        getattr(router.kling, control)(*arguments)


def test_the_repr_hides_the_token() -> None:
    """The repr shows only the URL."""
    with respx_router() as router:
        assert repr(router.kling) == "MockGateway(url='https://www.kkiai.com')"


def test_only_public_names_can_be_imported() -> None:
    """Other names raise an AttributeError."""
    from kling_elements import testing  # noqa: PLC0415

    assert dir(testing) == ["KlingRouter", "MockGateway", "respx_router"]
    with pytest.raises(AttributeError, match="no attribute 'router_of_respx'"):
        _ = testing.router_of_respx


def test_without_respx_the_error_says_what_to_install() -> None:
    """The message names the extra."""
    code = "import sys; sys.modules['respx'] = None; from kling_elements.testing import respx_router"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: respx is missing: install kling-elements[testing]"
