"""A list yields each task once, and fetches pages as you iterate."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS, PRESETS
from contract_tests.support.scripted import (
    Client,
    ScriptedClient,
    Step,
    StubReply,
    page,
    refusal,
)
from kling_elements_client.errors import (
    ContractError,
    StatusError,
)
from kling_elements_client.models import TaskStatus

_NAMELESS = StubReply(200, {"data": [{"x": 1}, {"x": 2}, {"task_id": None, "x": 1}]})


@pytest.mark.parametrize(
    ("ids", "script"),
    [
        pytest.param([], [page()], id="nothing"),
        pytest.param([], [StubReply(200, {"code": 0, "data": None})], id="null"),
        pytest.param(["1"], [page("1"), page()], id="one page"),
        pytest.param(["1", "2", "3"], [page("1", "2"), page("3"), page()], id="two pages"),
        pytest.param(["1", "2"], [page("1", "2")] * 3, id="the same page for every number"),
        pytest.param(["1", "2"], [page("1", "2"), page("2", "1"), page("1")], id="nothing new twice"),
        pytest.param(
            ["1", "2", "3"],
            [page("1", "2"), page("2", "1"), page("2", "3"), page()],
            id="a whole page that moves down",
        ),
        pytest.param(
            ["1", "2", "3"], [page("1", "2"), page("2", "3"), page("3"), page("3")], id="tasks that move down"
        ),
        pytest.param(["1", "2"], [page("1", "1", "2", "1"), page()], id="twice on a page"),
        pytest.param([1, 2], [page(1, 2), page("1", "2"), page()], id="numbers, then texts"),
        pytest.param([None, None, None], [_NAMELESS] * 3, id="without ids"),
        pytest.param([None, None, None, "1"], [_NAMELESS, page("1"), _NAMELESS, page()], id="without ids, and with"),
    ],
)
@pytest.mark.parametrize(("name", "path"), [("list", ELEMENTS), ("presets", PRESETS)])
def test_a_list_yields_each_task_once(
    client_class: Client, name: str, path: str, ids: list[Any], script: list[Step]
) -> None:
    """A list ends at an empty page, or after two pages without a new task."""
    client = ScriptedClient(client_class, *script)

    assert ids == [listed.task_id or None for listed in client.take(None, name)]
    assert client.gateway.is_finished()
    targets = [request.url.raw_path.decode() for request in client.gateway.requests]
    assert [f"{path}?pageNum={n}&pageSize=30" for n in range(1, len(script) + 1)] == targets


def test_the_tasks_of_a_list_are_read_like_those_of_a_look_up(client_class: Client) -> None:
    """The newer property names are read too."""
    first = StubReply(200, {"data": [{"id": "7", "status": "succeeded"}, {"task_id": "8", "task_status": "new"}]})

    tasks = ScriptedClient(client_class, first, page()).take(None, "list")

    assert [("7", TaskStatus.SUCCEED), ("8", "new")] == [(listed.task_id, listed.task_status) for listed in tasks]


def test_pages_are_fetched_when_they_are_needed(client_class: Client) -> None:
    """A page is requested only after you have read all tasks of the page before it."""
    client = ScriptedClient(client_class, page("1", "2"), page("3"))

    client.kling.list()
    assert [] == client.gateway.requests
    assert ["1", "2"] == [listed.task_id for listed in client.take(2, "list")]
    assert 1 == len(client.gateway.requests)


def test_each_iteration_fetches_the_list_again(client_class: Client) -> None:
    """A second iteration yields the same tasks again."""
    client = ScriptedClient(client_class, page("1"), page(), page("1"), page())

    assert ["1"] == [listed.task_id for listed in client.take(None, "list")]
    assert ["1"] == [listed.task_id for listed in client.take(None, "list")]


def test_a_list_ends_at_the_last_page_number_of_the_contract(
    client_class: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The last page is number 1,000, and a warning says that the list continues."""
    count = itertools.count()
    client = ScriptedClient(client_class, *[lambda _: page(next(count)).response()] * 1000)

    assert list(range(1000)) == [listed.task_id for listed in client.take(None, "list", page_size=1)]
    assert "pageNum=1000&pageSize=1" == client.gateway.requests[-1].url.query.decode()
    assert "the list continues after page 1000" in caplog.text


def test_a_list_that_failed_never_looks_complete(client_class: Client) -> None:
    """After the tasks before the failure, each step raises the error, which says where to continue."""
    client = ScriptedClient(client_class, page("1", "2"), refusal(404), page("3"), page())
    listed = client.kling.list()

    tasks = [client.next_item(listed), client.next_item(listed)]
    with pytest.raises(StatusError) as caught:
        client.next_item(listed)
    with pytest.raises(StatusError) as caught_again:
        client.next_item(listed)

    error = caught.value
    assert error is caught_again.value
    assert ["1", "2"] == [yielded.task_id for yielded in tasks]
    assert 2 == error.page
    assert str(error).startswith("page 2 (continue with first_page=2): GET https://gateway.example.com/")
    assert ["3"] == [yielded.task_id for yielded in client.take(None, "list", first_page=error.page)]
    assert ["pageNum=1", "pageNum=2", "pageNum=2", "pageNum=3"] == [
        request.url.query.decode().partition("&")[0] for request in client.gateway.requests
    ]


@pytest.mark.parametrize("size", [1, 500])
def test_you_choose_the_size_of_a_page(client_class: Client, size: int) -> None:
    """You can pass any size that the contract allows."""
    client = ScriptedClient(client_class, page())

    client.take(None, "presets", page_size=size)

    assert f"pageNum=1&pageSize={size}" == client.gateway.requests[0].url.query.decode()


@pytest.mark.parametrize("size", [0, -1, 501, "30", True, 1.5, [], float("nan")])
def test_a_page_size_outside_the_contract_is_refused(client_class: Client, size: Any) -> None:
    """The error is a ContractError."""
    client = ScriptedClient(client_class)

    with pytest.raises(ContractError, match="/query/pageSize"):
        client.take(None, "list", page_size=size)
    assert "" == client.gateway.calls()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_a_list_continues_after_an_interruption(client_class: Client, kind: type[BaseException]) -> None:
    """The list requests the interrupted page again."""
    client = ScriptedClient(client_class, page("1"), kind, page("2"))
    listed = client.kling.list()
    client.next_item(listed)

    with pytest.raises(kind):
        client.next_item(listed)

    assert "2" == client.next_item(listed).task_id


@pytest.mark.parametrize("name", ["list", "presets"])
def test_a_list_may_begin_with_any_page(client_class: Client, name: str) -> None:
    """Any page up to the last of the contract is allowed."""
    client = ScriptedClient(client_class, page("1"), page(), page())

    assert ["1"] == [listed.task_id for listed in client.take(None, name, first_page=7, page_size=5)]
    assert [] == client.take(None, name, first_page=1000)

    targets = [request.url.query.decode() for request in client.gateway.requests]
    assert ["pageNum=7&pageSize=5", "pageNum=8&pageSize=5", "pageNum=1000&pageSize=30"] == targets
    with pytest.raises(ContractError, match="/query/pageNum"):
        client.take(None, name, first_page=1001)


@pytest.mark.parametrize(
    ("error", "page"), [(ValueError, 0), (ValueError, -1), *((TypeError, page) for page in ("1", 1.0, True, None))]
)
def test_a_first_page_that_is_not_a_whole_number_is_refused(
    client_class: Client, error: type[Exception], page: Any
) -> None:
    """The error is raised before you iterate."""
    with pytest.raises(error, match="first_page must be a whole number, 1 or more, not"):
        ScriptedClient(client_class).list(first_page=page)
