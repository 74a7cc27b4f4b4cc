"""Tasks are looked up, listed page by page, and subjects are deleted, each with one call and by an exact id."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import httpx
import pytest

from contract_tests.scripted import ABSENT, LOST, REFUSED, Client, Reply, Scripted, Step, both, made, no, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.errors import NoTaskError
from kling_elements_client.errors import (
    AuthenticationError,
    BusinessError,
    ContractError,
    InvalidResponse,
    KlingError,
    NotFoundError,
    RateLimitError,
    ServerError,
    StatusError,
    TransportError,
)
from kling_elements_client.models import Element, Task, TaskInfo, TaskResult, TaskStatus

_ROOT = "/kling/v1/general"


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("7", "7"),
        ("7", 7),
        ("9223372036854775807", 2**63 - 1),
        ("a%2Fb%20c%3Fd", "a/b c?d"),
        ("..%2Fx", "../x"),
        ("...", "..."),
        ("%E4%BB%BB%E5%8A%A1", "任务"),
        ("7", Task(task_id="7", task_info=TaskInfo(external_task_id="e-1"))),
        ("e-1", Task(task_info=TaskInfo(external_task_id="e-1"))),
    ],
)
@both
def test_a_task_is_looked_up_once(client: Client, part: str, given: Any) -> None:
    """By a task, its id, or the caller's own id, which is one part of the path whatever is in it."""
    scripted = Scripted(client, made("5", 2**62 + 1))

    found = scripted.get(given)

    assert ("5", TaskStatus.SUCCEED) == (found.task_id, found.task_status)
    assert [2**62 + 1] == [element.element_id for element in found.task_result.elements]
    (request,) = scripted.gateway.requests
    assert ("GET", f"{_ROOT}/advanced-custom-elements/{part}") == (request.method, request.url.raw_path.decode())


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ({"task_id": "7", "task_status": "succeed"}, {"code": 0, "data": {"task_id": "7", "task_status": "succeeded"}}),
        ({"task_id": "7", "task_status": "succeed"}, {"code": "0", "data": {"id": "7", "status": "succeeded"}}),
        ({"task_id": 7, "task_status": "queued", "x": 1}, {"id": 7, "status": "queued", "x": 1}),
        ({"task_id": "7"}, {"data": None, "task_id": "7", "message": "ok"}),
        ({"task_id": "7", "task_status": "new"}, {"data": {"task_status": "new"}, "id": "7"}),
        ({"task_id": "7", "task_status_msg": "no"}, {"data": {"id": "7", "message": "no"}, "message": "ok"}),
    ],
)
@both
def test_a_task_is_found_in_any_shape(client: Client, expected: Any, body: Any) -> None:
    """With an envelope or without one, in the older names or the newer."""
    assert expected == Scripted(client, Reply(200, body)).get("7").to_dict()


_FAILURES: list[tuple[type[KlingError], str, Step]] = [
    (NotFoundError, "not_created", ABSENT),
    (BusinessError, "not_created", no(200, "1203")),
    (NotFoundError, "may_exist", no(404)),
    (AuthenticationError, "may_exist", no(401, 1000)),
    (RateLimitError, "may_exist", no(429, 1302)),
    (ServerError, "may_exist", no(503)),
    (StatusError, "may_exist", Reply(302, b"", {"Location": "https://elsewhere.example.com/"})),
    (BusinessError, "may_exist", no(200, 5000)),
    (InvalidResponse, "may_exist", Reply(200, b"<html>")),
    (InvalidResponse, "may_exist", Reply(200, [1])),
    (TransportError, "may_exist", LOST),
    (TransportError, "may_exist", REFUSED),
]


@pytest.mark.parametrize(("kind", "outcome", "step"), _FAILURES)
@pytest.mark.parametrize("name", ["get", "delete", "list", "presets"])
@both
def test_a_query_that_fails_is_not_repeated(
    client: Client, name: str, kind: type[KlingError], outcome: str, step: Step
) -> None:
    """The caller decides; the error says whether what was asked for provably does not exist."""
    scripted = Scripted(client, step)

    with pytest.raises(KlingError) as caught:
        scripted.first(None, name) if name in ("list", "presets") else getattr(scripted, name)("7")

    assert kind is type(caught.value)
    assert outcome == caught.value.outcome
    assert 1 == len(scripted.gateway.requests)


@pytest.mark.parametrize("body", [{}, {"code": 0, "data": None}, {"data": {"task_status": "failed"}}, {"id": [1]}])
@both
def test_a_look_up_that_names_no_task_is_an_error(client: Client, body: Any) -> None:
    """It tells nothing about the task."""
    error = Scripted(client, Reply(200, body)).failing("get", "7")

    assert isinstance(error, NoTaskError)
    assert "may_exist" == error.outcome


@both
def test_a_look_up_that_is_answered_with_another_task_is_an_error(client: Client) -> None:
    """What is told of that one says nothing of the one that was asked for."""
    another = task("8", task_info={"external_task_id": "e-8"})
    error = Scripted(client, another).failing("get", "7")

    assert isinstance(error, NoTaskError)
    assert "8" == Scripted(client, another).get("8").task_id
    assert "8" == Scripted(client, another).get("e-8").task_id
    assert "8" == Scripted(client, task("8")).get("an id that the answer does not repeat").task_id


@pytest.mark.parametrize("task_id", [".", "..", "\ud83d"])
@both
def test_an_id_that_no_path_can_carry_is_refused(client: Client, task_id: str) -> None:
    """It would lead to another call."""
    for on_violation in ("raise", "ignore"):
        scripted = Scripted(client, on_violation=on_violation)

        assert isinstance(scripted.failing("get", task_id), ContractError)
        assert "" == scripted.gateway.calls()


@pytest.mark.parametrize("given", ["", None, True, 7.0, Task(), b"7", Element(element_id=7)])
@both
def test_what_is_no_id_is_refused(client: Client, given: Any) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="a task is looked up by a Task that has an id"):
        Scripted(client).get(given)


def _page(*ids: Any) -> Reply:
    return Reply(200, {"code": 0, "data": [{"task_id": task_id} for task_id in ids]})


_NAMELESS = Reply(200, {"data": [{"x": 1}, {"x": 2}, {"task_id": None, "x": 1}]})


@pytest.mark.parametrize(
    ("ids", "script"),
    [
        pytest.param([], [_page()], id="nothing"),
        pytest.param([], [Reply(200, {"code": 0, "data": None})], id="null"),
        pytest.param([], [Reply(200, {})], id="an empty object"),
        pytest.param(["1"], [_page("1"), _page()], id="one page"),
        pytest.param(["1", "2", "3"], [_page("1", "2"), _page("3"), _page()], id="two pages"),
        pytest.param(["1", "2"], [_page("1", "2")] * 3, id="the same page for every number"),
        pytest.param(["1", "2"], [_page("1", "2"), _page("2", "1"), _page("1")], id="nothing new twice"),
        pytest.param(
            ["1", "2", "3"],
            [_page("1", "2"), _page("2", "1"), _page("2", "3"), _page()],
            id="a whole page that moves down",
        ),
        pytest.param(
            ["1", "2", "3"], [_page("1", "2"), _page("2", "3"), _page("3"), _page("3")], id="tasks that move down"
        ),
        pytest.param(["1", "2"], [_page("1", "1", "2", "1"), _page()], id="twice on a page"),
        pytest.param([1, 2], [_page(1, 2), _page("1", "2"), _page()], id="numbers, then texts"),
        pytest.param([None, None, None], [_NAMELESS] * 3, id="without ids"),
        pytest.param([None, None, None, "1"], [_NAMELESS, _page("1"), _NAMELESS, _page()], id="without ids, and with"),
    ],
)
@pytest.mark.parametrize(
    ("name", "path"), [("list", "advanced-custom-elements"), ("presets", "advanced-presets-elements")]
)
@both
def test_a_list_has_each_task_once(client: Client, name: str, path: str, ids: list[Any], script: list[Step]) -> None:
    """It ends at a page that is empty, or after two without anything new."""
    scripted = Scripted(client, *script)

    assert ids == [found.task_id or None for found in scripted.first(None, name)]
    assert scripted.gateway.finished()
    targets = [request.url.raw_path.decode() for request in scripted.gateway.requests]
    assert [f"{_ROOT}/{path}?pageNum={n}&pageSize=30" for n in range(1, len(script) + 1)] == targets


@both
def test_the_tasks_of_a_list_are_as_those_of_a_look_up(client: Client) -> None:
    """Also in the newer names."""
    page = Reply(200, {"data": [{"id": "7", "status": "succeeded"}, {"task_id": "8", "task_status": "new"}]})

    found = Scripted(client, page, _page()).first(None, "list")

    assert [("7", TaskStatus.SUCCEED), ("8", "new")] == [(each.task_id, each.task_status) for each in found]


@both
def test_pages_are_fetched_as_they_are_asked_for(client: Client) -> None:
    """Nothing is sent before the first task is wanted, and no page before the one before it is used up."""
    scripted = Scripted(client, _page("1", "2"), _page("3"))

    scripted.kling.list()
    assert [] == scripted.gateway.requests
    assert ["1", "2"] == [found.task_id for found in scripted.first(2, "list")]
    assert 1 == len(scripted.gateway.requests)


@both
def test_each_iteration_is_its_own(client: Client) -> None:
    """What one has seen is new to the other."""
    scripted = Scripted(client, _page("1"), _page(), _page("1"), _page())

    assert ["1"] == [found.task_id for found in scripted.first(None, "list")]
    assert ["1"] == [found.task_id for found in scripted.first(None, "list")]


@both
def test_a_list_ends_at_the_last_page_number_of_the_contract(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """1,000, and a warning says that there is more."""
    count = itertools.count()
    scripted = Scripted(client, *[lambda _: _page(next(count)).response()] * 1000)

    assert list(range(1000)) == [found.task_id for found in scripted.first(None, "list", page_size=1)]
    assert "pageNum=1000&pageSize=1" == scripted.gateway.requests[-1].url.query.decode()
    assert "the list goes on beyond page 1000" in caplog.text


@both
def test_a_page_that_fails_ends_the_list(client: Client) -> None:
    """What came before it was handed out."""
    scripted = Scripted(client, _page("1"), no(502))
    seen = list[Task]()

    with pytest.raises(ServerError):
        scripted.first(None, "list", seen)

    assert ["1"] == [found.task_id for found in seen]


@pytest.mark.parametrize("size", [1, 500])
@both
def test_the_size_of_a_page_is_the_callers(client: Client, size: int) -> None:
    """As far as the contract allows."""
    scripted = Scripted(client, _page())

    scripted.first(None, "presets", page_size=size)

    assert f"pageNum=1&pageSize={size}" == scripted.gateway.requests[0].url.query.decode()


@pytest.mark.parametrize("size", [0, -1, 501, "30", True, 1.5, [], float("nan")])
@both
def test_a_size_that_the_contract_does_not_allow_is_refused(client: Client, size: Any) -> None:
    """As any other request that breaks it."""
    scripted = Scripted(client)

    with pytest.raises(ContractError, match="/query/pageSize"):
        scripted.first(None, "list", page_size=size)
    assert "" == scripted.gateway.calls()


_SUBJECT = Element(element_id=2**63 - 1)


@pytest.mark.parametrize(
    ("element_id", "given"),
    [
        ("829482348234823", 829482348234823),
        ("0042", "0042"),
        ("9223372036854775807", _SUBJECT),
        ("a", Element(element_id="a")),
        ("9223372036854775807", Task(task_id="7", task_result=TaskResult(elements=[_SUBJECT]))),
    ],
)
@both
def test_a_subject_is_deleted_by_its_exact_id(client: Client, element_id: str, given: Any) -> None:
    """Which is sent as a text, once."""
    scripted = Scripted(client, task("5", "succeed"))

    assert "5" == scripted.delete(given).task_id
    assert [{"element_id": element_id}] == scripted.gateway.bodies()
    assert [f"{_ROOT}/delete-elements"] == [request.url.path for request in scripted.gateway.requests]


@pytest.mark.parametrize("body", [{}, {"code": 0}, {"code": 0, "data": None}, {"data": {"task_status": "succeed"}}])
@both
def test_a_deletion_need_not_name_a_task(client: Client, body: Any) -> None:
    """The success counts."""
    assert Scripted(client, Reply(200, body)).delete("9") is None


@pytest.mark.parametrize(
    "given", [829482348234823.0, float("nan"), True, False, None, "", b"9", Element(), Task(task_id="7"), ["9"]]
)
@both
def test_what_does_not_name_one_subject_is_not_deleted(client: Client, given: Any) -> None:
    """A floating-point number has lost digits, and a task without its subject names none."""
    scripted = Scripted(client)

    with pytest.raises(ValueError, match=r"a subject is named by|the task names no subject"):
        scripted.delete(given)
    assert "" == scripted.gateway.calls()


@both
def test_an_id_is_read_as_exactly_as_it_is_written(client: Client) -> None:
    """From the answer of a look-up into the request of a deletion."""
    exact = 9007199254740993  # one more than a floating-point number can hold
    for written in (str(exact), f"{exact}.0", "9.007199254740993e15", json.dumps(str(exact))):
        body = f'{{"data": {{"task_id": "7", "task_result": {{"elements": [{{"element_id": {written}}}]}}}}}}'
        scripted = Scripted(client, Reply(200, body.encode()), Reply(200, {}))

        scripted.delete(scripted.get("7"))

        assert [{"element_id": str(exact)}] == scripted.gateway.bodies()


def test_lists_are_iterators_of_their_kind() -> None:
    """Made by a plain call, on an event loop too."""
    transport = httpx.MockTransport(lambda _: _page().response())

    assert [] == list(KlingElements("t", transport=transport).list())

    async def all_of_them() -> list[Task]:
        async with AsyncKlingElements("t", transport=transport) as kling:
            return [found async for found in kling.presets()]

    assert [] == asyncio.run(all_of_them())
