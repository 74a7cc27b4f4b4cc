"""Invalid arguments are refused before anything is sent, and lists are iterators."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from contract_tests.support.running import TOKEN
from contract_tests.support.scripted import (
    NAMED,
    Client,
    ScriptedClient,
    page,
)
from kling_elements import (
    AsyncKlingElements,
    KlingElements,
)
from kling_elements_client.models import Task

_NOT_SECONDS: list[Any] = ["5", True, [], 1j]


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        *((ValueError, limit) for limit in (-1, -0.001, float("nan"))),
        *((TypeError, limit) for limit in _NOT_SECONDS),
    ],
)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, [NAMED]) for name in ("create", "get_or_create")),
        *(("create_all", [[NAMED]]), ("wait_all", [["7"]]), ("wait_all", [[]])),
        *((name, ["7"]) for name in ("get", "wait", "delete")),
        *((name, []) for name in ("list", "presets")),
    ],
)
def test_every_method_refuses_a_limit_that_is_not_a_number_of_seconds(
    client_class: Client, name: str, arguments: list[Any], error: type[Exception], limit: Any
) -> None:
    """Nothing is sent. A list raises the error when you call the method, before you iterate."""
    with pytest.raises(error, match="max_wait_seconds must be a number of seconds, 0 or more, not"):
        getattr(ScriptedClient(client_class), name)(*arguments, max_wait_seconds=limit)


@pytest.mark.parametrize("requests", [NAMED, "text", None, 5, (request for request in [NAMED])])
def test_a_value_that_is_not_a_sequence_of_requests_is_refused(client_class: Client, requests: Any) -> None:
    """A single request is refused too."""
    with pytest.raises(TypeError, match="create_all takes a sequence of requests; if you have one request, use create"):
        ScriptedClient(client_class).create_all(requests)


@pytest.mark.parametrize(
    "options",
    [{"max_concurrent": 0}, {"max_wait_seconds": 0}, {"preflight": "all"}],
)
def test_an_unusable_argument_of_create_all_is_refused(client_class: Client, options: Any) -> None:
    """The error is raised before anything is sent."""
    with pytest.raises(ValueError, match=r"max_concurrent|max_wait_seconds|preflight"):
        ScriptedClient(client_class).create_all([NAMED], **options)


@pytest.mark.parametrize(("name", "tasks"), [("wait", "7"), ("wait_all", ["7"])])
def test_an_on_update_that_is_not_a_function_is_refused_at_once(client_class: Client, name: str, tasks: Any) -> None:
    client = ScriptedClient(client_class)
    with pytest.raises(TypeError, match=r"^on_update must be a function that takes a task, not str$"):
        getattr(client, name)(tasks, on_update=TOKEN)
    assert "" == client.gateway.calls()


def test_lists_are_iterators() -> None:
    """The async client's call needs no `await` either."""
    transport = httpx.MockTransport(lambda _: page().response())

    assert [] == list(KlingElements("t", http_client={"transport": transport}).list())

    async def all_of_them() -> list[Task]:
        async with AsyncKlingElements("t", http_client={"transport": transport}) as kling:
            return [listed async for listed in kling.presets()]

    assert [] == asyncio.run(all_of_them())
