"""Create, find, wait for and delete an element over a socket, with both clients and in both dialects.

It is the same at the vendor's own host, and at the gateway that differs most, except that this one has no list.

If a gateway answers like the real service, no element may be missing, created twice, or returned after its deletion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.running import tls
from contract_tests.support.scripted import Client, call_once, request_with_id
from kling_elements import PollPolicy, RetryPolicy
from kling_elements.clock import Clock
from kling_elements.errors import CreateAllError, ElementUnavailableError, ExternalIdUsedError
from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client.errors import KlingError, NotFoundError


class _Life:
    """The calls of a client for one element with a new id.

    Attributes:
        id: Its external id.
        request: The request that creates the element.
        dialect: The dialect of the gateway.
        has_list: Whether the gateway lists elements.
    """

    def __init__(self, client_class: Client, gateway: MockGateway, dialect: str, gateway_name: str) -> None:
        self._client = client_class
        self._gateway = gateway
        self._token = f"token-{uuid4()}"
        self.id = str(uuid4())
        self.request = request_with_id(self.id)
        self.dialect = dialect
        self._gateway_name = gateway_name
        self.has_list = "listElements" in gateway.app.contract.operations()

    def do(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of a new client with these options, and return its whole result."""
        soon = {"poll": PollPolicy(first_interval_seconds=0.01), "retry": RetryPolicy(first_interval_seconds=0.01)}
        settings: Any = {"api_key": self._token, "base_url": self._gateway.url, "http_client": {"verify": tls()}}
        settings["gateway"] = self._gateway_name
        return call_once(self._client, name, *arguments, **settings, **soon | options)

    def fails(self, name: str, *arguments: Any, **options: Any) -> KlingError:
        """Call a method that must fail, and return its error."""
        with pytest.raises(KlingError) as caught:
            self.do(name, *arguments, **options)
        return caught.value

    def count_created(self) -> int:
        """Return the number of elements with this id, including deleted ones."""
        return sum(task["external_task_id"] == self.id for task in self._gateway.tasks())


_OTHER_GATEWAYS = [("live", "kling-singapore"), ("documented", "presets-by-post")]


@pytest.fixture(scope="module", params=[*((dialect, "kkiai") for dialect in DIALECTS), *_OTHER_GATEWAYS], ids="-".join)
def gateway(request: pytest.FixtureRequest) -> Iterator[tuple[MockGateway, str, str]]:
    """Start a mock server whose tasks end at once, and return it, its dialect and the name of the gateway."""
    dialect, name = request.param
    with serving(create_app(tick_seconds=0, dialect=dialect, gateway=name)) as served:
        yield served, dialect, name


@pytest.fixture
def life(client_class: Client, gateway: tuple[MockGateway, str, str]) -> _Life:
    """Return the calls for an element that does not exist yet."""
    return _Life(client_class, *gateway)


def test_get_or_create_makes_one_element_and_finds_it_again(life: _Life) -> None:
    """A second call returns the same task."""
    first, second, third = (life.do("get_or_create", life.request) for _ in range(3))

    assert first.task_id == second.task_id == third.task_id
    assert life.id == first.task_info.external_task_id
    assert 1 == life.count_created()


@pytest.mark.parametrize("name", ["123456789", "an id of nobody's"])
def test_an_unknown_id_is_not_found(life: _Life, name: str) -> None:
    """Neither a task id nor an external id is found."""
    assert isinstance(life.fails("get", name), NotFoundError)


class _CreatesMeanwhile(Clock):
    """A clock that lets another client create the element during the first sleep."""

    def __init__(self, life: _Life) -> None:
        self._life = life

    def sleep(self, seconds: float) -> None:
        if not self._life.count_created():  # pragma: no branch - it may sleep more than once
            self._life.do("create", self._life.request)
        super().sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


def test_wait_looks_again_if_the_task_is_absent_at_first(life: _Life) -> None:
    """The second look-up finds the task, because another client has created it meanwhile."""
    element = life.do("wait", life.id, clock=_CreatesMeanwhile(life))

    task = life.do("get", life.id)
    assert [element] == task.elements
    assert (life.id, True, 32) == (task.external_task_id, task.is_finished, len(task.request_id))
    assert (str(element.element_id), 32) == (element.id, len(element.request_id))
    assert 1 == life.count_created()


def test_a_deleted_element_can_be_deleted_again(life: _Life) -> None:
    """You can pass the element, its finished task or its id. In the documented dialect, the second call raises."""
    task = life.do("get_or_create", life.request)
    element = life.do("wait", task)
    finished = life.do("get", task)

    life.do("delete", element)

    for again in (element, finished, element.element_id):
        if life.dialect == "live":
            assert None is life.do("delete", again)
        else:
            assert isinstance(life.fails("delete", again), NotFoundError)


def test_a_deleted_element_is_never_returned(life: _Life) -> None:
    """The task may still be listed, but without a usable element."""
    copied = {**life.request, "external_task_id": str(uuid4())}
    task = life.do("get_or_create", life.request)
    (first, second) = life.do("wait_all", [task, life.do("create", copied)])
    life.do("delete", first)
    remains = life.dialect == "live"

    if life.has_list:
        assert [second] == [element for listed_task in life.do("list") for element in listed_task.elements]
    for name in (task, life.id):
        if remains:
            assert [] == life.do("get", name).elements
            assert isinstance(life.fails("wait", name), ElementUnavailableError)
        else:
            assert isinstance(life.fails("get", name), NotFoundError)
            assert isinstance(life.fails("wait", name, poll=PollPolicy(max_unknown_seconds=0)), NotFoundError)
    assert type(life.fails("get_or_create", life.request)) is (
        ElementUnavailableError if remains else ExternalIdUsedError
    )
    error = life.fails("create_all", [life.request])
    assert isinstance(error, CreateAllError)
    assert "may_exist" == error.outcome
    assert isinstance(error.results[0], KlingError)
    assert 1 == life.count_created()
