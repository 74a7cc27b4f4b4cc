"""Whole lives of elements at each gateway, over a socket, by clients that know only its name and URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest.mock import AsyncMock, Mock
from uuid import uuid4

import httpx
import pytest

from contract_tests.support.mock_caller import VIDEO_REQUEST, Caller
from contract_tests.support.running import URL
from contract_tests.support.scripted import Client, call_once, request_with_id
from kling_elements import AsyncKlingElements, KlingElements, OperationNotOfferedError, gateways
from kling_elements.clock import Clock
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock import create_app, ids
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client.errors import NotFoundError
from kling_elements_runtime.contract import Contract

_FORMS = {"integer": "[0-9]{16,17}", "digits": "'[0-9]{16,17}'", "text": "'elem_[0-9a-f-]{36}'"}
"""The form of the `repr` of an id, by its kind in `x-ids`."""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", Mock())
    monkeypatch.setattr(Clock, "sleep_async", AsyncMock())


class _GatewayCalls:
    """The calls of a client at one gateway, with a token of its own.

    Attributes:
        contract: The contract of the gateway.
    """

    def __init__(self, client_class: Client, name: str, gateway: MockGateway) -> None:
        self._client = client_class
        self._gateway = gateway
        self._options: Any = {"api_key": f"token-{uuid4()}", "base_url": gateway.url, "gateway": name}
        self.contract: Contract = contract_of(name, None)

    def do(self, name: str, *arguments: Any) -> Any:
        """Call a method of a new client, and return its whole result."""
        return call_once(self._client, name, *arguments, **self._options)

    def lose_next_response(self) -> None:
        self._gateway.queue_faults("drop-after")

    def if_offered(self, operation_id: str) -> AbstractContextManager[Any]:
        """Return a block that must raise an `OperationNotOfferedError`, unless the gateway has the operation."""
        offered = operation_id in self.contract.operations()
        return nullcontext() if offered else pytest.raises(OperationNotOfferedError, match=operation_id)


@pytest.fixture(scope="module", params=[gateway.name for gateway in gateways()])
def gateway(request: pytest.FixtureRequest) -> Iterator[tuple[str, MockGateway]]:
    """Start a mock server that plays a gateway, and return the name and the server."""
    with serving(create_app(tick_seconds=0, gateway=request.param)) as served:
        yield request.param, served


@pytest.fixture
def life(client_class: Client, gateway: tuple[str, MockGateway]) -> _GatewayCalls:
    return _GatewayCalls(client_class, *gateway)


def test_elements_live_and_die_at_each_gateway(life: _GatewayCalls) -> None:
    """One is made from images, although the first response is lost, and one from a video; both end deleted."""
    external_id = str(uuid4())
    life.lose_next_response()
    adopted = life.do("get_or_create", request_with_id(external_id))
    tasks = [adopted, life.do("create", {**VIDEO_REQUEST, "external_task_id": str(uuid4())})]

    assert external_id == adopted.external_task_id
    assert adopted.task_id == life.do("get", external_id).task_id == life.do("get", adopted.task_id).task_id
    elements = [life.do("wait", task) for task in tasks]
    assert ["image_refer", "video_refer"] == [element.reference_type for element in elements]
    kinds = life.contract.document()["x-ids"]
    for task, element in zip(tasks, elements, strict=True):
        assert re.fullmatch(_FORMS[kinds["task"]], repr(task.task_id))
        assert re.fullmatch(_FORMS[kinds["element"]], repr(element.element_id))
    with life.if_offered("listElements"):
        listed = {task.task_id: task.all_elements[0].id for task in life.do("list")}
        assert {task.task_id: element.id for task, element in zip(tasks, elements, strict=True)} == listed
    with life.if_offered("listPresetElements"):
        assert ["Red panda", "Night market", "Violinist"] == [
            element.element_name for task in life.do("presets") for element in task.elements
        ]
    with life.if_offered("deleteElement"):
        _delete_twice(life, elements[0])
        _delete_twice(life, life.do("get", tasks[1]))


def _delete_twice(life: _GatewayCalls, element: Any) -> None:
    """Delete an element; the second deletion is no error, unless the gateway doesn't say that it was the second."""
    says_so = life.contract.dialects()[0] == "live"
    life.do("delete", element)
    with nullcontext() if says_so else pytest.raises(NotFoundError):
        assert life.do("delete", element) is None


def test_what_a_gateway_does_not_have_is_not_found(life: _GatewayCalls) -> None:
    for name in ("123456789", "an id of nobody's"):
        with pytest.raises(NotFoundError):
            life.do("get", name)


def test_the_vendors_hosts_accept_a_voice_on_an_element_from_images() -> None:
    """Kling's own table of fields allows it since 2026-03-23, and its path for deletions has another name."""
    with serving(create_app(tick_seconds=0, gateway="kling-singapore")) as served:
        request = {**request_with_id(str(uuid4())), "element_voice_id": "voice-4711"}
        for kind in (KlingElements, AsyncKlingElements):
            options: Any = {"api_key": f"t-{uuid4()}", "base_url": served.url, "gateway": "kling-singapore"}
            task = call_once(kind, "create", request, **options)
            element = call_once(kind, "wait", task, **options)
            call_once(kind, "delete", element, **options)

            assert "voice-4711" == element.element_voice_info.voice_id

        assert [True, True] == [task["deleted"] for task in served.tasks()]


@pytest.mark.parametrize("kind", ids.KINDS)
@pytest.mark.parametrize("gateway", ["kkiai", "passthrough"])  # task ids as digits, and as numbers
def test_clients_read_and_delete_ids_of_each_kind(client_class: Client, gateway: str, kind: str) -> None:
    """Read from the response, an id is exactly that of the server, and it names the element for a deletion."""
    caller = Caller(create_app(tick_seconds=0, gateway=gateway, element_ids=kind))
    transport = httpx.MockTransport(caller.respond)
    options: Any = {
        "api_key": caller.token,
        "gateway": gateway,
        "base_url": URL,
        "http_client": {"transport": transport},
    }
    task = call_once(client_class, "create", request_with_id("e-1"), **options)
    element = call_once(client_class, "wait", task, **options)
    (kept,) = caller.every_task()

    assert (kept["task_id"], kept["element_id"]) == (task.task_id, element.element_id)
    call_once(client_class, "delete", str(element.element_id), **options)
    assert [True] == [one["deleted"] for one in caller.every_task()]
