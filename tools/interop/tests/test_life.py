"""Taking an element through its life reveals a server's mistakes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from contract_tests.reading.paths import ELEMENTS
from kling_elements import KlingElements
from scripts.nodes import resolve
from scripts.spec import load
from tools.interop import life


def _client(**responses: Any) -> Any:
    """Return a stand-in for a client whose calls return correct values, with these exceptions."""
    task = SimpleNamespace(task_id="1")
    correct = {"create": task, "wait": object(), "get": task, "list": [task], "presets": [task], "delete": None}
    return SimpleNamespace(
        **{name: lambda *_, response=response: response for name, response in {**correct, **responses}.items()}
    )


@pytest.mark.parametrize(
    ("expected", "responses"),
    [
        ([], {}),
        (["the look-up returned task 2, not 1"], {"get": SimpleNamespace(task_id="2")}),
        (["the list returned task 2, not 1"], {"list": [SimpleNamespace(task_id="2")]}),
        (["the list returned task None, not 1"], {"list": []}),
        (["the library is empty"], {"presets": []}),
    ],
)
def test_each_place_returns_the_created_task(expected: list[str], responses: dict[str, Any]) -> None:
    """Look-up and list must return the new task, and the library must not be empty."""
    assert expected == life.find_problems(_client(**responses))


def _first_example(request: httpx.Request) -> httpx.Response:
    """Respond like a stock mock server, with the first example of the operation's success."""
    document = load()
    path = request.url.path if request.url.path in document["paths"] else f"{ELEMENTS}/{{id}}"
    response = document["paths"][path][request.method.lower()]["responses"]["200"]["content"]["application/json"]
    example = next(iter(response["examples"].values()))
    return httpx.Response(200, json=resolve(document, example)["value"])


def test_the_first_examples_take_an_element_through_its_whole_life() -> None:
    """On a stock mock server, you therefore see an element from its creation to its deletion."""
    transport = httpx.MockTransport(_first_example)
    with KlingElements("sk-test", "http://127.0.0.1:1", http_client={"transport": transport}) as kling:
        assert [] == life.find_problems(kling)


def test_the_element_itself_is_deleted() -> None:
    """The deletion gets the element and not its task."""
    deleted = list[object]()
    client = _client(wait="the element", delete=None)
    client.delete = deleted.append

    assert [] == life.find_problems(client)
    assert ["the element"] == deleted
