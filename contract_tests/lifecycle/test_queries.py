"""Tasks are looked up, listed page by page, and subjects are deleted, each with one call and by an exact id."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import httpx
import pytest

from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    REFUSED,
    Client,
    Reply,
    Scripted,
    Step,
    both_dialects,
    made,
    no,
    task,
)
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
    StatusError,
)
from kling_elements_client.models import Element, Task, TaskInfo, TaskResult, TaskStatus


@pytest.mark.parametrize(
    ("part", "given"),
    [
        ("7", "7"),
        ("7", 7),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("a%2Fb%20c%3Fd", "a/b c?d"),
        ("..%2Fx", "../x"),
        ("...", "..."),
        ("%E4%BB%BB%E5%8A%A1", "任务"),
        ("7", Task(task_id="7", task_info=TaskInfo(external_task_id="e-1"))),
        ("7", Task(task_id=7)),
        ("e-1", Task(task_info=TaskInfo(external_task_id="e-1"))),
        ("e-1", Task(task_id="", task_info=TaskInfo(external_task_id="e-1"))),
    ],
)
def test_a_task_is_looked_up_once(client_class: Client, part: str, given: Any) -> None:
    """By a task, its id, or the caller's own id, which is one part of the path whatever is in it."""
    scripted = Scripted(client_class, made("5", 2**62 + 1))

    found = scripted.get(given)

    assert ("5", TaskStatus.SUCCEED) == (found.task_id, found.task_status)
    assert [2**62 + 1] == [element.element_id for element in found.task_result.elements]
    (request,) = scripted.gateway.requests
    assert ("GET", f"{ELEMENTS}/{part}") == (request.method, request.url.raw_path.decode())


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ({"task_id": "7", "task_status": "succeed"}, {"code": 0, "data": {"task_id": "7", "task_status": "succeeded"}}),
        ({"task_id": "7", "task_status": "succeed"}, {"code": "0", "data": {"id": "7", "status": "succeeded"}}),
        ({"task_id": 7, "task_status": "queued", "x": 1}, {"id": 7, "status": "queued", "x": 1}),
        ({"task_id": "7", "task_status_msg": "ok"}, {"data": None, "task_id": "7", "message": "ok"}),
        ({"task_id": "7", "task_status": "new"}, {"data": {"task_status": "new"}, "id": "7"}),
        ({"task_id": "7", "task_status_msg": "no"}, {"data": {"id": "7", "message": "no"}, "message": "ok"}),
    ],
)
def test_a_task_is_found_in_any_shape(client_class: Client, expected: Any, body: Any) -> None:
    """With an envelope or without one, in the older names or the newer."""
    assert expected == Scripted(client_class, Reply(200, body)).get("7").to_dict()


_NAMES = pytest.mark.parametrize("name", ["get", "delete", "list", "presets"])


def _asked(scripted: Scripted, name: str, **named: Any) -> Any:
    """Call a query, to the end of its list where it is one."""
    if name in ("list", "presets"):
        return scripted.first(None, name, **named)
    return getattr(scripted, name)("7", **named)


def _failing(scripted: Scripted, name: str, **named: Any) -> KlingError:
    with pytest.raises(KlingError) as caught:
        _asked(scripted, name, **named)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (AuthenticationError, no(401, 1000)),
        (RateLimitError, no(429, 1101)),
        (StatusError, no(404)),
        (StatusError, Reply(302, b"", {"Location": "https://elsewhere.example.com/"})),
        (BusinessError, no(200, 1200)),
        (InvalidResponse, Reply(200, b"<html>")),
        (InvalidResponse, Reply(200, [1])),
    ],
)
@_NAMES
def test_a_query_that_cannot_succeed_is_not_repeated(
    client_class: Client, name: str, kind: type[KlingError], step: Step
) -> None:
    """Its error has no outcome, as it says nothing of a create."""
    scripted = Scripted(client_class, step)

    error = _failing(scripted, name)

    assert kind is type(error)
    assert error.outcome is None
    assert scripted.gateway.finished()


@pytest.mark.parametrize("name", ["get", "delete"])
@both_dialects
def test_what_is_not_there_is_told_at_once(client_class: Client, dialect: str, name: str) -> None:
    """By its own error, in whichever words; a deletion that was not tried before knows it by the table's alone."""
    scripted = Scripted(client_class, ABSENT, dialect=dialect if name == "get" else "documented")

    error = _failing(scripted, name)

    assert isinstance(error, NotFoundError)
    assert error.outcome is None


@pytest.mark.parametrize(
    "step", [no(429, 1302), no(429), no(503), no(500, 5000), no(200, 5001), no(408), LOST, REFUSED]
)
@_NAMES
def test_a_query_is_repeated_after_what_passes(client_class: Client, name: str, step: Step) -> None:
    """As a create that left nothing behind: it changes nothing."""
    scripted = Scripted(client_class, step, step, _page() if name in ("list", "presets") else made())

    _asked(scripted, name)

    assert [1, 2] == scripted.clock.slept
    assert scripted.gateway.finished()


@pytest.mark.parametrize(
    ("slept", "limit", "step"),
    [
        ([1, 2, 4, 8, 16, 29], None, no(503)),
        ([1, 2], None, REFUSED),
        ([], 0, no(503)),
        ([1, 2, 2, 1], 7, no(503)),
        ([], None, no(503, retry_after="61")),
        ([], 7, no(503, retry_after="7")),
    ],
)
@_NAMES
def test_a_query_is_not_repeated_for_ever(
    client_class: Client, name: str, slept: list[float], limit: float | None, step: Step
) -> None:
    """The policy says for how long, or the call."""
    scripted = Scripted(client_class, *[step] * (len(slept) + 1))

    error = _failing(scripted, name, max_wait_seconds=limit)

    assert error.outcome is None
    assert slept == scripted.clock.slept
    assert scripted.gateway.finished()


@pytest.mark.parametrize("body", [{}, {"code": 0, "data": None}, {"data": {"task_status": "failed"}}, {"id": [1]}])
def test_a_look_up_that_names_no_task_is_an_error(client_class: Client, body: Any) -> None:
    """It tells nothing about the task."""
    error = Scripted(client_class, Reply(200, body)).failing("get", "7")

    assert isinstance(error, NoTaskError)
    assert error.outcome is None


def test_the_url_of_a_look_up_is_told_whole(client_class: Client) -> None:
    """An address with a port and a long id looks like Base64, but is no image."""
    task_id = "01234567-89ab-cdef-0123-456789abcdef"
    scripted = Scripted(client_class, ABSENT, base_url="http://127.0.0.1:65535/studio")

    error = scripted.failing("get", task_id)

    assert str(error).startswith(f"GET http://127.0.0.1:65535/studio{ELEMENTS}/{task_id}: HTTP 404")


def test_a_look_up_that_is_answered_with_another_task_is_an_error(client_class: Client) -> None:
    """What is told of that one says nothing of the one that was asked for."""
    another = task("8", task_info={"external_task_id": "e-8"})
    error = Scripted(client_class, another).failing("get", "7")

    assert isinstance(error, NoTaskError)
    assert "8" == Scripted(client_class, another).get("8").task_id
    assert "8" == Scripted(client_class, another).get("e-8").task_id
    assert "8" == Scripted(client_class, task("8")).get("an id that the answer does not repeat").task_id


@pytest.mark.parametrize("task_id", [".", "..", "\ud83d"])
def test_an_id_that_no_path_can_carry_is_refused(client_class: Client, task_id: str) -> None:
    """It would lead to another call."""
    for on_violation in ("raise", "ignore"):
        scripted = Scripted(client_class, on_violation=on_violation)

        assert isinstance(scripted.failing("get", task_id), ContractError)
        assert "" == scripted.gateway.calls()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *(("an empty text", ""), ("NoneType", None), ("bool", True), ("bool", False), ("float", 7.0), ("bytes", b"7")),
        *(("list", ["7"]), ("dict", {}), ("NoneType", Task()), ("Element", Element(element_id=7))),
        ("list", Task.from_dict({"task_id": [1]})),
    ],
)
def test_what_is_no_id_is_refused(client_class: Client, kind: str, given: Any) -> None:
    """Before anything is sent: such as a number that lost its last digits, or a subject."""
    says = f"^a task is looked up by a Task that has an id, or by the id itself, not by {kind}$"
    for call, named in (("get", given), ("wait", given), ("wait_all", ["7", given])):
        with pytest.raises(ValueError, match=says):
            getattr(Scripted(client_class), call)(named)


def _page(*ids: Any) -> Reply:
    return Reply(200, {"code": 0, "data": [{"task_id": task_id} for task_id in ids]})


_NAMELESS = Reply(200, {"data": [{"x": 1}, {"x": 2}, {"task_id": None, "x": 1}]})


@pytest.mark.parametrize(
    ("ids", "script"),
    [
        pytest.param([], [_page()], id="nothing"),
        pytest.param([], [Reply(200, {"code": 0, "data": None})], id="null"),
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
@pytest.mark.parametrize(("name", "path"), [("list", ELEMENTS), ("presets", PRESETS)])
def test_a_list_has_each_task_once(
    client_class: Client, name: str, path: str, ids: list[Any], script: list[Step]
) -> None:
    """It ends at a page that is empty, or after two without anything new."""
    scripted = Scripted(client_class, *script)

    assert ids == [found.task_id or None for found in scripted.first(None, name)]
    assert scripted.gateway.finished()
    targets = [request.url.raw_path.decode() for request in scripted.gateway.requests]
    assert [f"{path}?pageNum={n}&pageSize=30" for n in range(1, len(script) + 1)] == targets


def test_the_tasks_of_a_list_are_as_those_of_a_look_up(client_class: Client) -> None:
    """Also in the newer names."""
    page = Reply(200, {"data": [{"id": "7", "status": "succeeded"}, {"task_id": "8", "task_status": "new"}]})

    found = Scripted(client_class, page, _page()).first(None, "list")

    assert [("7", TaskStatus.SUCCEED), ("8", "new")] == [(each.task_id, each.task_status) for each in found]


def test_pages_are_fetched_as_they_are_asked_for(client_class: Client) -> None:
    """Nothing is sent before the first task is wanted, and no page before the one before it is used up."""
    scripted = Scripted(client_class, _page("1", "2"), _page("3"))

    scripted.kling.list()
    assert [] == scripted.gateway.requests
    assert ["1", "2"] == [found.task_id for found in scripted.first(2, "list")]
    assert 1 == len(scripted.gateway.requests)


def test_each_iteration_is_its_own(client_class: Client) -> None:
    """What one has seen is new to the other."""
    scripted = Scripted(client_class, _page("1"), _page(), _page("1"), _page())

    assert ["1"] == [found.task_id for found in scripted.first(None, "list")]
    assert ["1"] == [found.task_id for found in scripted.first(None, "list")]


def test_a_list_ends_at_the_last_page_number_of_the_contract(
    client_class: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """1,000, and a warning says that there is more."""
    count = itertools.count()
    scripted = Scripted(client_class, *[lambda _: _page(next(count)).response()] * 1000)

    assert list(range(1000)) == [found.task_id for found in scripted.first(None, "list", page_size=1)]
    assert "pageNum=1000&pageSize=1" == scripted.gateway.requests[-1].url.query.decode()
    assert "the list goes on beyond page 1000" in caplog.text


def test_a_list_that_has_failed_never_ends_as_if_it_were_complete(client_class: Client) -> None:
    """What came before was handed out; then it goes on raising the same error, which says where to go on."""
    scripted = Scripted(client_class, _page("1", "2"), no(404), _page("3"), _page())
    listed = scripted.kling.list()

    tasks = [scripted.following(listed), scripted.following(listed)]
    with pytest.raises(StatusError) as caught:
        scripted.following(listed)
    with pytest.raises(StatusError) as caught_again:
        scripted.following(listed)

    error = caught.value
    assert error is caught_again.value
    assert ["1", "2"] == [found.task_id for found in tasks]
    assert 2 == error.page
    assert str(error).startswith("page 2, from which first_page=2 goes on: GET https://gateway.example.com/")
    assert ["3"] == [found.task_id for found in scripted.first(None, "list", first_page=error.page)]
    assert ["pageNum=1", "pageNum=2", "pageNum=2", "pageNum=3"] == [
        request.url.query.decode().partition("&")[0] for request in scripted.gateway.requests
    ]


@pytest.mark.parametrize("size", [1, 500])
def test_the_size_of_a_page_is_the_callers(client_class: Client, size: int) -> None:
    """As far as the contract allows."""
    scripted = Scripted(client_class, _page())

    scripted.first(None, "presets", page_size=size)

    assert f"pageNum=1&pageSize={size}" == scripted.gateway.requests[0].url.query.decode()


@pytest.mark.parametrize("size", [0, -1, 501, "30", True, 1.5, [], float("nan")])
def test_a_size_that_the_contract_does_not_allow_is_refused(client_class: Client, size: Any) -> None:
    """As any other request that breaks it."""
    scripted = Scripted(client_class)

    with pytest.raises(ContractError, match="/query/pageSize"):
        scripted.first(None, "list", page_size=size)
    assert "" == scripted.gateway.calls()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_a_list_goes_on_after_an_interruption(client_class: Client, kind: type[BaseException]) -> None:
    """With the page that it was waiting for."""
    scripted = Scripted(client_class, _page("1"), kind, _page("2"))
    listed = scripted.kling.list()
    scripted.following(listed)

    with pytest.raises(kind):
        scripted.following(listed)

    assert "2" == scripted.following(listed).task_id


@pytest.mark.parametrize("name", ["list", "presets"])
def test_a_list_may_begin_with_any_page(client_class: Client, name: str) -> None:
    """Up to the last of the contract."""
    scripted = Scripted(client_class, _page("1"), _page(), _page())

    assert ["1"] == [found.task_id for found in scripted.first(None, name, first_page=7, page_size=5)]
    assert [] == scripted.first(None, name, first_page=1000)

    targets = [request.url.query.decode() for request in scripted.gateway.requests]
    assert ["pageNum=7&pageSize=5", "pageNum=8&pageSize=5", "pageNum=1000&pageSize=30"] == targets
    with pytest.raises(ContractError, match="/query/pageNum"):
        scripted.first(None, name, first_page=1001)


@pytest.mark.parametrize("page", [0, -1, "1", 1.0, True, None])
def test_a_page_that_is_no_number_is_refused(client_class: Client, page: Any) -> None:
    """Before the list is gone through."""
    with pytest.raises(ValueError, match="first_page must be a whole number, 1 or more, not"):
        Scripted(client_class).list(first_page=page)


_SUBJECT = Element(element_id=2**63 - 1)


@pytest.mark.parametrize(
    ("element_id", "given"),
    [
        ("829482348234823", 829482348234823),
        ("0042", "0042"),
        ("9223372036854775807", _SUBJECT),
        ("a", Element(element_id="a")),
        ("5", Element(element_id=5)),
        ("9223372036854775807", Task(task_id="7", task_result=TaskResult(elements=[_SUBJECT]))),
    ],
)
def test_a_subject_is_deleted_by_its_exact_id(client_class: Client, element_id: str, given: Any) -> None:
    """Which is sent as a text, once."""
    scripted = Scripted(client_class, task("5", "succeed"))

    assert "5" == scripted.delete(given).task_id
    assert [{"element_id": element_id}] == scripted.gateway.bodies()
    assert [DELETION] == [request.url.path for request in scripted.gateway.requests]


_DELETED_ALREADY = Reply(400, {"code": 1201, "message": "Element already be deleted for id: 9", "request_id": "r-1"})


@pytest.mark.parametrize(
    "script",
    [
        [_DELETED_ALREADY],
        [Reply(200, {"code": "1201", "message": "Element already be deleted for id: 9"})],
        [LOST, _DELETED_ALREADY],
        [LOST, ABSENT],
        [no(503), no(429, 1302), ABSENT],
        [no(500, 5000), REFUSED, ABSENT],
    ],
)
def test_a_second_deletion_is_no_error(client_class: Client, script: list[Step]) -> None:
    """Nor an absence, once an attempt of the same call may have deleted it."""
    scripted = Scripted(client_class, *script)

    assert scripted.delete("9") is None
    assert scripted.gateway.finished()


@pytest.mark.parametrize("script", [[ABSENT], [REFUSED, ABSENT], [no(429, 1302), ABSENT]])
def test_what_was_never_there_is_not_deleted(client_class: Client, script: list[Step]) -> None:
    """No attempt can have deleted it."""
    assert isinstance(Scripted(client_class, *script).failing("delete", "9"), NotFoundError)


def test_another_refusal_with_the_same_code_is_an_error(client_class: Client) -> None:
    """Only its words tell that it was deleted."""
    error = Scripted(client_class, Reply(400, {"code": 1201, "message": "Element is in use"})).failing("delete", "9")

    assert (StatusError, None) == (type(error), error.outcome)


@pytest.mark.parametrize("body", [{}, {"code": 0}, {"code": 0, "data": None}, {"data": {"task_status": "succeed"}}])
def test_a_deletion_need_not_name_a_task(client_class: Client, body: Any) -> None:
    """The success counts."""
    assert Scripted(client_class, Reply(200, body)).delete("9") is None


@pytest.mark.parametrize(
    ("says", "given"),
    [
        *(("not by float$", number) for number in (829482348234823.0, float("nan"))),
        *(("not by bool$", flag) for flag in (True, False)),
        ("not by an empty text$", ""),
        *(("not by bytes$", b"9"), ("not by list$", ["9"]), ("not by NoneType$", None)),
        ("not by float$", Element.from_dict({"element_id": 5.5})),
        ("not by Unset$", Element()),
        ("not by NoneType$", Element(element_id=None)),
        ("^the task names no subject: pass what wait returned, or look the task up again$", Task(task_id="7")),
        (
            "^the task names 2 subjects; pass the one that is meant$",
            Task(task_result=TaskResult(elements=[_SUBJECT] * 2)),
        ),
        ("not by Unset$", Task(task_result=TaskResult(elements=[Element()]))),
    ],
)
def test_what_does_not_name_one_subject_is_not_deleted(client_class: Client, says: str, given: Any) -> None:
    """A wrong id could delete another subject, so nothing is sent."""
    with pytest.raises(ValueError, match=says):
        Scripted(client_class).delete(given)


def test_an_id_is_read_as_exactly_as_it_is_written(client_class: Client) -> None:
    """From the answer of a look-up into the request of a deletion."""
    exact = 9007199254740993  # one more than a floating-point number can hold
    for written in (str(exact), f"{exact}.0", "9.007199254740993e15", json.dumps(str(exact))):
        body = f'{{"data": {{"task_id": "7", "task_result": {{"elements": [{{"element_id": {written}}}]}}}}}}'
        scripted = Scripted(client_class, Reply(200, body.encode()), Reply(200, {}))

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
