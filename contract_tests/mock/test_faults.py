"""What can be made to go wrong with the mock server: each fault does what its name says, to one creation."""

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
    """A caller of a server whose clock stands still, in the dialect that a test asks for."""
    app = create_app(manual_clock=True, dialect=getattr(request, "param", None))
    yield Caller(app)
    app.close()


def creation(caller: Caller) -> Reply:
    """Return the reply to a creation."""
    return caller.send("POST", ELEMENTS, {**IMAGE_REQUEST, "external_task_id": "e"})


def count(caller: Caller) -> int:
    """Return how many tasks there are."""
    return len(caller.every_task())


@pytest.mark.parametrize("code", CODES)
def test_every_business_code_can_be_provoked(code: int, caller: Caller) -> None:
    """With its own status and meaning, before the task is created or after, or under status 200."""
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
    """HTML as the contract's example of one, without the task or with it."""
    caller.queue(f"html-{status}-{when}")
    page = f"<html><head><title>{title}</title></head></html>"

    assert Reply(status, page.encode(), ((b"content-type", b"text/html"),)) == creation(caller)
    assert created == count(caller)


def test_the_page_of_a_proxy_is_that_of_the_contract(caller: Caller) -> None:
    """To the letter."""
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
    """With no more than a status or an empty object, or without that."""
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
    """The task is created at once, and what is answered is right."""
    caller.queue(name)
    reply = creation(caller)

    assert expected == (reply.delay_seconds, reply.drip_seconds)
    assert caller.every_task()[0]["task_id"] == json.loads(reply.body)["data"]["task_id"]


def test_an_answer_may_be_cut_in_half(caller: Caller) -> None:
    """What is left is no JSON."""
    caller.queue("truncated-json")
    reply = creation(caller)

    assert (200, 1) == (reply.status, count(caller))
    assert reply.body.startswith(b'{"code":0,')
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


def test_an_answer_may_have_no_envelope(caller: Caller) -> None:
    """It is the contract's example, with this task's id and time."""
    caller.queue("flat")
    answer = json.loads(creation(caller).body)
    (task,) = caller.every_task()
    created_at = caller.get("e")["created_at"]
    expected = example("submittedFlat")

    own = {"id": task["task_id"], "task_id": task["task_id"], "created_at": created_at // 1000}
    assert {**expected, **own} == answer


def test_an_answer_may_contradict_itself(caller: Caller) -> None:
    """It names the task, under a code of failure and with a time that breaks the contract."""
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
def test_a_task_may_end_without_a_subject(status: str, message: str, name: str, caller: Caller) -> None:
    """Failed for a reason, or in a word that nobody knows; until then it looks like any other."""
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


def test_a_task_may_succeed_by_the_newer_word(caller: Caller) -> None:
    """Then it has a subject."""
    caller.queue("status-word:succeeded")
    creation(caller)
    caller.app.clock.step(2)

    assert "succeeded" == caller.get("e")["task_status"]
    assert "Mara" == caller.element("e")["element_name"]


def test_a_creation_may_come_late(caller: Caller) -> None:
    """Only when the delay is over is anything created, and told."""
    caller.queue("late:30")
    reply = creation(caller)

    assert (30.0, 0) == (reply.delay_seconds, count(caller))
    assert reply.late is not None
    final = reply.late()
    assert caller.every_task()[0]["task_id"] == json.loads(final.body)["data"]["task_id"]
    assert None is final.late


@pytest.mark.parametrize("caller", DIALECTS, indirect=True)
def test_a_creation_that_comes_too_late_is_refused(caller: Caller) -> None:
    """If by then its external id is used."""
    caller.queue("late:30")
    late = creation(caller).late
    creation(caller)

    assert late is not None
    assert 1201 == json.loads(late().body)["code"]
    assert 1 == count(caller)


def test_each_creation_takes_one_fault(caller: Caller) -> None:
    """In the order in which they were queued; then all is well again."""
    caller.queue("code:1303", "none")
    caller.queue("code:5000")

    assert [429, 200, 500] == [caller.send("POST", ELEMENTS, IMAGE_REQUEST).status for _ in range(3)]
    assert [200, 200] == [caller.send("POST", ELEMENTS, IMAGE_REQUEST).status for _ in range(2)]


def test_what_is_refused_takes_no_fault(caller: Caller) -> None:
    """Neither a request that breaks the contract nor one without a token, nor any other operation."""
    caller.queue("code:1303")
    caller.send("POST", ELEMENTS, {})
    caller.post(headers={"authorization": None})
    caller.page()

    assert ["code:1303"] == caller.ask("GET", "/_mock/faults")
    assert 429 == creation(caller).status


@pytest.mark.parametrize("caller", DIALECTS, indirect=True)
def test_a_creation_that_is_refused_for_its_external_id_takes_its_fault(caller: Caller) -> None:
    """It passed every check of token and contract; the refusal is told as it is."""
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
def test_an_unknown_fault_is_refused_with_the_names_of_all(name: Any, caller: Caller) -> None:
    """Nothing of its list is queued."""
    status, code, message = caller.refusal("POST", "/_mock/faults", ["none", name, "none"])

    assert (400, 1200) == (status, code)
    assert message.startswith(f"there is no fault {name!a}; there are none, delay:SECONDS, late:SECONDS, drop-before")
    assert message.endswith("5000, 5001, 5002")
    assert [] == caller.ask("GET", "/_mock/faults")


def test_the_message_about_an_unknown_fault_is_bounded(caller: Caller) -> None:
    """However long the name is."""
    assert len(caller.refusal("POST", "/_mock/faults", ["x" * 60_000])[2]) < 1000


@pytest.mark.parametrize("body", [{}, "none", 1, None])
def test_what_is_no_list_is_refused(body: Any, caller: Caller) -> None:
    """The message says what to send."""
    assert "list of names" in caller.refusal("POST", "/_mock/faults", {"x": 1} if body is None else body)[2]


def test_no_more_faults_wait_than_anyone_needs(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list that is too much is refused as a whole."""
    monkeypatch.setattr(faults, "_MOST_QUEUED", 3)
    caller.queue("none", "none")

    assert "at most 3 faults may wait" == caller.refusal("POST", "/_mock/faults", ["none", "none"])[2]
    caller.queue("none")
    assert ["none"] * 3 == caller.ask("GET", "/_mock/faults")


# From here on over ASGI, which carries out what a reply says.


def test_a_cut_connection_is_an_error_in_process(caller: Caller) -> None:
    """To httpx it is one of its own, as over a socket."""
    caller.queue("drop-before", "drop-after")
    for created in (0, 1):
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            asyncio.run(caller.post_async(external_task_id="e"))
        assert ConnectionCutError is type(caught.value)
        assert created == count(caller)


def test_a_delay_passes_before_the_answer(caller: Caller) -> None:
    """The task is there meanwhile."""
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
    """Spread over its time, and whole in the end."""
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
    """It hung up while it waited."""
    caller.queue("late:0.01")

    async def run() -> None:
        post = asyncio.create_task(caller.post_async(external_task_id="e"))
        await asyncio.sleep(0)  # nothing else lets it wait
        assert 0 == count(caller)
        post.cancel()
        await asyncio.wait([post])
        assert post.cancelled()
        async with asyncio.timeout(60):  # only a failure lasts that long
            while not count(caller):  # noqa: ASYNC110 - the server does it by itself
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_late_creation_is_answered_to_a_caller_who_waits(caller: Caller) -> None:
    """With what was created."""
    caller.queue("late:0.05")
    answer = asyncio.run(caller.post_async(external_task_id="e")).json()

    assert caller.every_task()[0]["task_id"] == answer["data"]["task_id"]


def test_a_late_creation_ends_with_the_server() -> None:
    """What has not happened by then does not happen, and nobody waits for it."""
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
