"""The life of a subject from its absence to its deletion, over a socket, with both clients and in both dialects.

What a gateway that answers as the real service was seen to must not lead to: a subject that is not made, one that is
made twice, or one that was deleted and is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.running import tls
from contract_tests.support.scripted import Client, called, named
from kling_elements import PollPolicy, RetryPolicy
from kling_elements.clock import Clock
from kling_elements.errors import CreateAllError, ElementUnavailableError, ExternalIdUsedError
from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client.errors import KlingError, NotFoundError


class _Life:
    """What a client does with one subject, whose id is new.

    Attributes:
        id: Its external id.
        request: What creates it.
        dialect: That of the gateway.
    """

    def __init__(self, client_class: Client, gateway: MockGateway, dialect: str) -> None:
        self._client = client_class
        self._gateway = gateway
        self._token = f"token-{uuid4()}"
        self.id = str(uuid4())
        self.request = named(self.id)
        self.dialect = dialect

    def do(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of a client that is made for it with these options, and return all of what it returns."""
        soon = {"poll": PollPolicy(first_seconds=0.01), "retry": RetryPolicy(first_seconds=0.01)}
        given: Any = {"api_key": self._token, "base_url": self._gateway.url, "http_client": {"verify": tls()}}
        return called(self._client, name, *arguments, **given, **soon | options)

    def fails(self, name: str, *arguments: Any, **options: Any) -> KlingError:
        """Call a method that must fail, and return its error."""
        with pytest.raises(KlingError) as caught:
            self.do(name, *arguments, **options)
        return caught.value

    def made(self) -> int:
        """Return how many subjects were made under the id, deleted ones too."""
        return sum(each["external_task_id"] == self.id for each in self._gateway.tasks())


@pytest.fixture(scope="module", params=DIALECTS)
def gateway(request: pytest.FixtureRequest) -> Iterator[tuple[str, MockGateway]]:
    """A mock server on a socket, where tasks are done at once, and its dialect."""
    with serving(create_app(tick_seconds=0, dialect=request.param)) as served:
        yield request.param, served


@pytest.fixture
def life(client_class: Client, gateway: tuple[str, MockGateway]) -> _Life:
    """A subject that is not there yet."""
    dialect, served = gateway
    return _Life(client_class, served, dialect)


def test_a_new_id_makes_one_subject_and_is_found_again(life: _Life) -> None:
    """However often it is asked for."""
    first, second, third = (life.do("get_or_create", life.request) for _ in range(3))

    assert first.task_id == second.task_id == third.task_id
    assert life.id == first.task_info.external_task_id
    assert 1 == life.made()


@pytest.mark.parametrize("name", ["123456789", "an id of nobody's"])
def test_what_is_not_there_is_not_found(life: _Life, name: str) -> None:
    """Be it like one of the system's ids or one of the caller's."""
    assert isinstance(life.fails("get", name), NotFoundError)


class _CreatesMeanwhile(Clock):
    """Has a subject created, by another client, while somebody sleeps for the first time."""

    def __init__(self, life: _Life) -> None:
        self._life = life

    def sleep(self, seconds: float) -> None:
        if not self._life.made():  # pragma: no branch - it may sleep more than once
            self._life.do("create", self._life.request)
        super().sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


def test_waiting_bears_a_first_absence(life: _Life) -> None:
    """The task is looked up again, and found once it is there."""
    element = life.do("wait", life.id, clock=_CreatesMeanwhile(life))

    task = life.do("get", life.id)
    assert [element] == task.elements
    assert (life.id, True, 32) == (task.external_task_id, task.is_finished, len(task.request_id))
    assert (str(element.element_id), 32) == (element.id, len(element.request_id))
    assert 1 == life.made()


def test_what_is_deleted_can_be_deleted_again(life: _Life) -> None:
    """By the subject, by the task that made it, and by its id; in the words of the table it is just not there."""
    task = life.do("get_or_create", life.request)
    element = life.do("wait", task)
    finished = life.do("get", task)

    life.do("delete", element)

    for again in (element, finished, element.element_id):
        if life.dialect == "live":
            assert life.do("delete", again) is None
        else:
            assert isinstance(life.fails("delete", again), NotFoundError)


def test_a_deleted_subject_is_never_handed_out(life: _Life) -> None:
    """By whichever call; where its task is still shown, it names no subject that can be used."""
    kept = {**life.request, "external_task_id": str(uuid4())}
    task = life.do("get_or_create", life.request)
    (first, second) = life.do("wait_all", [task, life.do("create", kept)])
    life.do("delete", first)
    remains = life.dialect == "live"

    listed = [element for found in life.do("list") for element in found.elements]
    assert [second] == listed
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
    assert 1 == life.made()
