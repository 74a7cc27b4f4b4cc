"""The faults of the mock server: each does what its name says to one create."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import faults
from kling_elements.mock.reply import Reply
from kling_elements_client import contract

CODES = contract.business_codes()


def creation(caller: Caller) -> Reply:
    """Return the reply to a create."""
    return caller.send("POST", ELEMENTS, {**BODY, "external_task_id": "e"})


def count(caller: Caller) -> int:
    """Return how many tasks there are."""
    return len(caller.every_task())


@pytest.mark.parametrize("code", CODES)
def test_every_business_code_can_be_provoked(code: int, live_caller: Caller) -> None:
    """The code comes before or after the task is created, or with status 200."""
    row = CODES[code]
    live_caller.queue(f"code:{code}", f"200-code:{code}", f"code:{code}-after")
    replies = [creation(live_caller) for _ in range(2)]
    assert 0 == count(live_caller)
    replies.append(creation(live_caller))
    assert 1 == count(live_caller)

    assert [row.http_status, 200, row.http_status] == [reply.status for reply in replies]
    responses = [json.loads(reply.body) for reply in replies]
    assert [{"code": code, "message": row.meaning}] * 3 == [
        {"code": response["code"], "message": response["message"]} for response in responses
    ]
    assert 3 == len({response["request_id"] for response in responses})
    challenged = [(b"www-authenticate", b"Bearer") in reply.headers for reply in replies]
    assert [row.http_status == 401, False, row.http_status == 401] == challenged


@pytest.mark.parametrize(
    ("status", "title"), [(502, "502 Bad Gateway"), (504, "504 Gateway Timeout"), (524, "524"), (404, "404 Not Found")]
)
@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
def test_a_proxy_may_answer_with_a_page(when: str, created: int, status: int, title: str, live_caller: Caller) -> None:
    """The page comes before or after the task is created."""
    live_caller.queue(f"html-{status}-{when}")
    page = f"<html><head><title>{title}</title></head></html>"

    assert Reply(status, page.encode(), ((b"content-type", b"text/html"),)) == creation(live_caller)
    assert created == count(live_caller)


def test_the_page_of_a_proxy_is_that_of_the_contract(live_caller: Caller) -> None:
    """The bytes are those of the example."""
    live_caller.queue("html-502-before")

    assert example("proxyPage") == creation(live_caller).body.decode()


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
def test_a_response_may_be_empty_or_missing(expected: Reply, name: str, created: int, live_caller: Caller) -> None:
    """The response is only a status, an empty object, or missing."""
    live_caller.queue(name)

    assert expected == creation(live_caller)
    assert created == count(live_caller)


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
def test_a_response_may_be_slow(expected: tuple[float, float], name: str, live_caller: Caller) -> None:
    """The task is created at once, and the response is correct."""
    live_caller.queue(name)
    reply = creation(live_caller)

    assert expected == (reply.delay_seconds, reply.drip_seconds)
    assert live_caller.every_task()[0]["task_id"] == json.loads(reply.body)["data"]["task_id"]


def test_a_response_may_be_cut_in_half(live_caller: Caller) -> None:
    live_caller.queue("truncated-json")
    reply = creation(live_caller)

    assert (200, 1) == (reply.status, count(live_caller))
    assert reply.body.startswith(b'{"code":0,')
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


def test_a_response_may_have_no_envelope(live_caller: Caller) -> None:
    """The response is the contract's example, with the id and time of the new task."""
    live_caller.queue("flat")
    response = json.loads(creation(live_caller).body)
    (task,) = live_caller.every_task()
    created_at = live_caller.get("e")["created_at"]
    expected = example("submittedFlat")

    own = {"id": task["task_id"], "task_id": task["task_id"], "created_at": created_at // 1000}
    assert {**expected, **own} == response


def test_a_response_may_contradict_itself(live_caller: Caller) -> None:
    """The response contains the task, and also a failure code and an invalid time."""
    live_caller.queue("odd-envelope")
    response = json.loads(creation(live_caller).body)
    violations = contract.schema_violations(contract.operations()["createElement"].success_schema(), response)

    assert (5000, live_caller.every_task()[0]["task_id"]) == (response["code"], response["data"]["task_id"])
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
def test_a_task_may_end_without_an_element(status: str, message: str, name: str, live_caller: Caller) -> None:
    """The task fails for a reason or ends with an unknown status. Before that it looks like any other."""
    live_caller.queue(name)
    creation(live_caller)
    live_caller.app.clock.step(1)
    task = live_caller.get("e")
    assert ("processing", "") == (task["task_status"], task["task_status_msg"])

    live_caller.app.clock.step(1)
    task = live_caller.get("e")
    assert (status, message) == (task["task_status"], task["task_status_msg"])
    assert "task_result" not in task
    assert "final_unit_deduction" not in task
    assert None is live_caller.every_task()[0]["element_id"]


def test_a_task_may_succeed_with_the_newer_status_word(live_caller: Caller) -> None:
    """A task with the status `succeeded` has an element."""
    live_caller.queue("status-word:succeeded")
    creation(live_caller)
    live_caller.app.clock.step(2)

    assert "succeeded" == live_caller.get("e")["task_status"]
    assert "Ada" == live_caller.element("e")["element_name"]


def test_a_creation_may_come_late(live_caller: Caller) -> None:
    """The task is created and the response sent only after the delay."""
    live_caller.queue("late:30")
    reply = creation(live_caller)

    assert (30.0, 0) == (reply.delay_seconds, count(live_caller))
    assert reply.late is not None
    final = reply.late()
    assert live_caller.every_task()[0]["task_id"] == json.loads(final.body)["data"]["task_id"]
    assert None is final.late


def test_a_creation_that_comes_too_late_is_refused(caller: Caller) -> None:
    """The external id was used meanwhile."""
    caller.queue("late:30")
    late = creation(caller).late
    creation(caller)

    assert late is not None
    assert 1201 == json.loads(late().body)["code"]
    assert 1 == count(caller)


def test_each_creation_takes_one_fault(live_caller: Caller) -> None:
    """Faults apply in order. Once the queue is empty, creates succeed."""
    live_caller.queue("code:1303", "none")
    live_caller.queue("code:5000")

    assert [429, 200, 500] == [live_caller.send("POST", ELEMENTS, BODY).status for _ in range(3)]
    assert [200, 200] == [live_caller.send("POST", ELEMENTS, BODY).status for _ in range(2)]


def test_a_refused_request_takes_no_fault(live_caller: Caller) -> None:
    """Requests without a token and other operations take none either."""
    live_caller.queue("code:1303")
    live_caller.send("POST", ELEMENTS, {})
    live_caller.post(headers={"authorization": None})
    live_caller.page()

    assert ["code:1303"] == live_caller.ask("GET", "/_mock/faults")
    assert 429 == creation(live_caller).status


def test_a_creation_that_is_refused_for_its_external_id_takes_its_fault(caller: Caller) -> None:
    """The fault is used up, but the refusal is sent unchanged."""
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
def test_an_unknown_fault_is_refused_with_a_list_of_all_faults(name: Any, live_caller: Caller) -> None:
    """No fault of the request is queued."""
    status, code, message = live_caller.refusal("POST", "/_mock/faults", ["none", name, "none"])

    assert (400, 1200) == (status, code)
    assert message.startswith(f"there is no fault {name!a}; use one of none, delay:SECONDS, late:SECONDS, drip, ")
    assert message.endswith("5000, 5001, 5002")
    assert [] == live_caller.ask("GET", "/_mock/faults")


def test_the_message_about_an_unknown_fault_is_bounded(live_caller: Caller) -> None:
    """The message repeats only the beginning of a long name."""
    assert len(live_caller.refusal("POST", "/_mock/faults", ["x" * 60_000])[2]) < 1000


@pytest.mark.parametrize("body", [{}, "none", 1, None])
def test_faults_that_are_not_a_list_are_refused(body: Any, live_caller: Caller) -> None:
    """The message says to send a list."""
    assert "list of names" in live_caller.refusal("POST", "/_mock/faults", {"x": 1} if body is None else body)[2]


def test_the_queue_of_faults_is_limited(live_caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that doesn't fit is refused as a whole."""
    monkeypatch.setattr(faults, "_MAX_QUEUED", 3)
    live_caller.queue("none", "none")

    assert (
        "at most 3 faults can be queued; clear the queue first"
        == live_caller.refusal("POST", "/_mock/faults", ["none", "none"])[2]
    )
    live_caller.queue("none")
    assert ["none"] * 3 == live_caller.ask("GET", "/_mock/faults")
