"""The faults of the mock server: each does what its name says to one create."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import IMAGE_REQUEST, Caller
from contract_tests.support.mock_requests import SAMPLE, scope
from kling_elements.mock import create_app, faults
from kling_elements.mock.asgi import ConnectionCutError
from kling_elements.mock.reply import Reply
from kling_elements_client import contract

CODES = contract.business_codes()


@pytest.fixture
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Yield a caller of a server with a manual clock, in the dialect that a test asks for."""
    app = create_app(manual_clock=True, dialect=getattr(request, "param", None))
    yield Caller(app)
    app.close()


def creation(caller: Caller) -> Reply:
    """Return the reply to a create."""
    return caller.send("POST", ELEMENTS, {**IMAGE_REQUEST, "external_task_id": "e"})


def count(caller: Caller) -> int:
    """Return how many tasks there are."""
    return len(caller.every_task())


@pytest.mark.parametrize("code", CODES)
def test_every_business_code_can_be_provoked(code: int, caller: Caller) -> None:
    """A fault answers with a code before or after the task is created, or with status 200."""
    row = CODES[code]
    caller.queue(f"code:{code}", f"200-code:{code}", f"code:{code}-after")
    replies = [creation(caller) for _ in range(2)]
    assert 0 == count(caller)
    replies.append(creation(caller))
    assert 1 == count(caller)

    assert [row.http_status, 200, row.http_status] == [reply.status for reply in replies]
    answers = [json.loads(reply.body) for reply in replies]
    assert [{"code": code, "message": row.meaning}] * 3 == [
        {"code": answer["code"], "message": answer["message"]} for answer in answers
    ]
    assert 3 == len({answer["request_id"] for answer in answers})
    challenged = [(b"www-authenticate", b"Bearer") in reply.headers for reply in replies]
    assert [row.http_status == 401, False, row.http_status == 401] == challenged


@pytest.mark.parametrize(
    ("status", "title"), [(502, "502 Bad Gateway"), (504, "504 Gateway Timeout"), (524, "524"), (404, "404 Not Found")]
)
@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
def test_a_proxy_may_answer_with_a_page(when: str, created: int, status: int, title: str, caller: Caller) -> None:
    """The page replaces the answer, before or after the task is created."""
    caller.queue(f"html-{status}-{when}")
    page = f"<html><head><title>{title}</title></head></html>"

    assert Reply(status, page.encode(), ((b"content-type", b"text/html"),)) == creation(caller)
    assert created == count(caller)


def test_the_page_of_a_proxy_is_that_of_the_contract(caller: Caller) -> None:
    """The bytes are those of the example."""
    caller.queue("html-502-before")

    assert example("proxyPage") == creation(caller).body.decode()


@pytest.mark.parametrize(
    ("expected", "name", "created"),
    [
        (Reply(524), "status-524-after", 1),
        (Reply(500), "status-500-before", 0),
        (Reply(204), "status-204-after", 1),
        (Reply(200, b"{}", ((b"content-type", b"application/json"),)), "empty-object", 1),  # as R34 shows it
        (Reply(200, cut=True), "drop-before", 0),
        (Reply(200, cut=True), "drop-after", 1),
    ],
)
def test_an_answer_may_be_empty_or_missing(expected: Reply, name: str, created: int, caller: Caller) -> None:
    """The answer is only a status, an empty object, or missing."""
    caller.queue(name)

    assert expected == creation(caller)
    assert created == count(caller)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ((0.0, 0.0), "none"),
        ((7.0, 0.0), "delay:7"),
        ((0.25, 0.0), "delay:0.25"),
        ((0.0, 1.0), "drip"),
        ((0.0, 0.5), "drip:0.5"),
    ],
)
def test_an_answer_may_be_slow(expected: tuple[float, float], name: str, caller: Caller) -> None:
    """The task is created at once, and the answer is right."""
    caller.queue(name)
    reply = creation(caller)

    assert expected == (reply.delay_seconds, reply.drip_seconds)
    assert caller.every_task()[0]["task_id"] == json.loads(reply.body)["data"]["task_id"]


def test_an_answer_may_be_cut_in_half(caller: Caller) -> None:
    """The first half is not valid JSON."""
    caller.queue("truncated-json")
    reply = creation(caller)

    assert (200, 1) == (reply.status, count(caller))
    assert reply.body.startswith(b'{"code":0,')
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


def test_an_answer_may_have_no_envelope(caller: Caller) -> None:
    """The answer is the contract's example with the id and time of the new task."""
    caller.queue("flat")
    answer = json.loads(creation(caller).body)
    (task,) = caller.every_task()
    created_at = caller.get("e")["created_at"]
    expected = example("submittedFlat")

    own = {"id": task["task_id"], "task_id": task["task_id"], "created_at": created_at // 1000}
    assert {**expected, **own} == answer


def test_an_answer_may_contradict_itself(caller: Caller) -> None:
    """The answer has the task, but a code of failure and a time that breaks the contract."""
    caller.queue("odd-envelope")
    answer = json.loads(creation(caller).body)
    violations = contract.schema_violations(contract.operations()["createElement"].success_schema(), answer)

    assert (5000, caller.every_task()[0]["task_id"]) == (answer["code"], answer["data"]["task_id"])
    assert {"/data/created_at"} == {violation.pointer for violation in violations}


@pytest.mark.parametrize(
    ("status", "message", "name"),
    [
        (
            "failed",
            example("taskFailed")["data"]["task_status_msg"],
            "fail",
        ),
        ("failed", "no face: at all\nnone", "fail:no face: at all\nnone"),
        ("archived", "", "status-word:archived"),
        ("processing", "", "status-word:processing"),
    ],
)
def test_a_task_may_end_without_an_element(status: str, message: str, name: str, caller: Caller) -> None:
    """A task fails for a reason or ends with an unknown status; until then it looks like any other."""
    caller.queue(name)
    creation(caller)
    caller.app.clock.step(1)
    task = caller.get("e")
    assert ("processing", "") == (task["task_status"], task["task_status_msg"])

    caller.app.clock.step(1)
    task = caller.get("e")
    assert (status, message) == (task["task_status"], task["task_status_msg"])
    assert "task_result" not in task
    assert "final_unit_deduction" not in task
    assert None is caller.every_task()[0]["element_id"]


def test_a_task_may_succeed_with_the_newer_status_word(caller: Caller) -> None:
    """A task with the status word `succeeded` has an element."""
    caller.queue("status-word:succeeded")
    creation(caller)
    caller.app.clock.step(2)

    assert "succeeded" == caller.get("e")["task_status"]
    assert "Mara" == caller.element("e")["element_name"]


def test_a_creation_may_come_late(caller: Caller) -> None:
    """The task is created and answered only after the delay."""
    caller.queue("late:30")
    reply = creation(caller)

    assert (30.0, 0) == (reply.delay_seconds, count(caller))
    assert reply.late is not None
    final = reply.late()
    assert caller.every_task()[0]["task_id"] == json.loads(final.body)["data"]["task_id"]
    assert None is final.late


@pytest.mark.parametrize("caller", DIALECTS, indirect=True)
def test_a_creation_that_comes_too_late_is_refused(caller: Caller) -> None:
    """The late creation is refused if its external id was used meanwhile."""
    caller.queue("late:30")
    late = creation(caller).late
    creation(caller)

    assert late is not None
    assert 1201 == json.loads(late().body)["code"]
    assert 1 == count(caller)


def test_each_creation_takes_one_fault(caller: Caller) -> None:
    """Faults apply in the order of the queue, and once it is empty, creates succeed."""
    caller.queue("code:1303", "none")
    caller.queue("code:5000")

    assert [429, 200, 500] == [caller.send("POST", ELEMENTS, IMAGE_REQUEST).status for _ in range(3)]
    assert [200, 200] == [caller.send("POST", ELEMENTS, IMAGE_REQUEST).status for _ in range(2)]


def test_a_refused_request_takes_no_fault(caller: Caller) -> None:
    """Invalid creates, creates without a token and other operations leave the queue as it is."""
    caller.queue("code:1303")
    caller.send("POST", ELEMENTS, {})
    caller.post(headers={"authorization": None})
    caller.page()

    assert ["code:1303"] == caller.ask("GET", "/_mock/faults")
    assert 429 == creation(caller).status


@pytest.mark.parametrize("caller", DIALECTS, indirect=True)
def test_a_creation_that_is_refused_for_its_external_id_takes_its_fault(caller: Caller) -> None:
    """The create passed the checks of token and contract; its refusal is not disturbed."""
    creation(caller)
    caller.queue("drop-after")

    assert 1201 == json.loads(creation(caller).body)["code"]
    assert [] == caller.ask("GET", "/_mock/faults")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "None",
        " none",
        "none\n",
        "delay",
        "delay:",
        "delay:-1",
        "delay:1e3",
        "delay:12345",
        "late:x",
        "drop",
        "html-502",
        "html-199-after",
        "html-600-before",
        "status-5024-after",
        "code:999",
        "code:1303-before",
        "200-code:1",
        "fail:",
        "status-word:",
        1,
        None,
        ["none"],
    ],
)
def test_an_unknown_fault_is_refused_with_a_list_of_all_faults(name: Any, caller: Caller) -> None:
    """The message lists all faults, and none of the list is queued."""
    status, code, message = caller.refusal("POST", "/_mock/faults", ["none", name, "none"])

    assert (400, 1200) == (status, code)
    assert message.startswith(f"there is no fault {name!a}; use one of none, delay:SECONDS, late:SECONDS, drip, ")
    assert message.endswith("5000, 5001, 5002")
    assert [] == caller.ask("GET", "/_mock/faults")


def test_the_message_about_an_unknown_fault_is_bounded(caller: Caller) -> None:
    """A long name is cut in the message."""
    assert len(caller.refusal("POST", "/_mock/faults", ["x" * 60_000])[2]) < 1000


@pytest.mark.parametrize("body", [{}, "none", 1, None])
def test_faults_that_are_not_a_list_are_refused(body: Any, caller: Caller) -> None:
    """The message says to send a list."""
    assert "list of names" in caller.refusal("POST", "/_mock/faults", {"x": 1} if body is None else body)[2]


def test_the_queue_of_faults_is_limited(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that doesn't fit is refused as a whole."""
    monkeypatch.setattr(faults, "_MAX_QUEUED", 3)
    caller.queue("none", "none")

    assert (
        "at most 3 faults can be queued; clear the queue first"
        == caller.refusal("POST", "/_mock/faults", ["none", "none"])[2]
    )
    caller.queue("none")
    assert ["none"] * 3 == caller.ask("GET", "/_mock/faults")


# The tests below use ASGI, which carries out the delays and cuts of a reply.


def test_a_cut_connection_is_an_error_in_process(caller: Caller) -> None:
    """If you use httpx, you see the same error class as over a socket."""
    caller.queue("drop-before", "drop-after")
    for created in (0, 1):
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            asyncio.run(caller.post_async(external_task_id="e"))
        assert ConnectionCutError is type(caught.value)
        assert created == count(caller)


def test_a_delay_passes_before_the_answer(caller: Caller) -> None:
    """The task exists before the answer is sent."""
    caller.queue("delay:0.1")

    async def run() -> tuple[int, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        post = asyncio.create_task(caller.post_async(external_task_id="e"))
        while not count(caller):
            assert not post.done()
            await asyncio.sleep(0)
        return (await post).status_code, loop.time() - begun

    status, seconds = asyncio.run(run())
    assert 200 == status
    assert seconds >= 0.1


def test_a_dripping_answer_arrives_byte_by_byte(caller: Caller) -> None:
    """The bytes are spread over the time, and the answer is complete in the end."""
    caller.queue("drip:0.2")
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": SAMPLE}

    async def send(message: Any) -> None:
        sent.append((asyncio.get_running_loop().time(), message))

    asyncio.run(caller.app(scope(), receive, send))
    bodies = [message["body"] for _, message in sent[1:]]

    assert {1} == {len(body) for body in bodies[:-1]}
    assert b"" == bodies[-1]
    assert 0 == json.loads(b"".join(bodies))["code"]
    assert 0.2 <= sent[-1][0] - sent[0][0]


def test_a_late_creation_happens_although_the_caller_has_left(caller: Caller) -> None:
    """The caller hangs up during the delay, and the task is created anyway."""
    caller.queue("late:0.01")

    async def run() -> None:
        post = asyncio.create_task(caller.post_async(external_task_id="e"))
        await asyncio.sleep(0)  # lets it reach the delay
        assert 0 == count(caller)
        post.cancel()
        await asyncio.wait([post])
        assert post.cancelled()
        async with asyncio.timeout(60):  # only a failure takes this long
            while not count(caller):  # noqa: ASYNC110 - no event announces the task
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_late_creation_is_answered_to_a_caller_who_waits(caller: Caller) -> None:
    """If the caller waits, the answer has the created task."""
    caller.queue("late:0.05")
    answer = asyncio.run(caller.post_async(external_task_id="e")).json()

    assert caller.every_task()[0]["task_id"] == answer["data"]["task_id"]


def test_a_late_creation_ends_with_the_server() -> None:
    """At shutdown, a creation that is still delayed is cancelled."""
    app = create_app(manual_clock=True)
    Caller(app).queue("late:60")

    async def run() -> bool:
        messages: asyncio.Queue[Any] = asyncio.Queue()
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        life = asyncio.create_task(app({"type": "lifespan"}, messages.get, send))
        post = asyncio.create_task(Caller(app).post_async(external_task_id="e"))
        await messages.put({"type": "lifespan.startup"})
        while Caller(app).ask("GET", "/_mock/faults"):  # noqa: ASYNC110 - until the creation has taken its fault
            await asyncio.sleep(0)
        await messages.put({"type": "lifespan.shutdown"})
        await life
        assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == [message["type"] for message in sent]
        await asyncio.wait([post])
        return post.cancelled()

    assert asyncio.run(run())
