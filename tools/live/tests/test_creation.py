"""With CREATE=1, `make live` creates one element, and deletes it or says what is left behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.images import Picture
from contract_tests.reading.paths import DELETION
from contract_tests.support.tables import for_each_row
from kling_elements import KlingElements
from kling_elements.mock import create_app
from kling_elements.mock.reply import Reply, json_reply
from kling_elements.testing import KlingRouter, respx_router
from kling_elements_client.models import Element
from tools.live.tests.command import (
    IMAGE,
    LOOK_UP,
    PAGE_REPLY,
    STATUS_OF_ABSENCE,
    TOKEN,
    Replies,
    Run,
    gateway,
    lines_of_reads,
)


def test_an_image_without_create_creates_nothing(gateway_router: KlingRouter, run: Run) -> None:
    """CREATE=1 is required."""
    assert 0 == run(IMAGE)
    assert [] == gateway_router.kling.tasks()


@pytest.mark.parametrize("source", ["address", "file"])
@pytest.mark.parametrize("dialect", STATUS_OF_ABSENCE)
def test_an_element_is_created_and_deleted(dialect: str, source: str, run: Run, tmp_path: Path) -> None:
    """The image may be a URL or a file, and the dialect either of the two."""
    (tmp_path / "mara.png").write_bytes(Picture().build())

    with gateway(dialect) as router:
        image = IMAGE if source == "address" else f"--image={tmp_path / 'mara.png'}"
        assert 0 == run("--create", image)
        (task,) = router.kling.tasks()

    _, plan, *lines = run.lines
    assert plan.startswith("Then it creates one element from the image, which the gateway may charge for")
    assert [
        *lines_of_reads(dialect),
        f"creation of an element, external_task_id {task['external_task_id']}",
        f"  getElement: status {STATUS_OF_ABSENCE[dialect]}, conforms",
        "  createElement: status 200, conforms",
        "  getElement: status 200, conforms",
        "look-up and deletion of the element",
        "  getElement: status 200, conforms",
        "  deleteElement: status 200, conforms",
        f"dialect: {dialect}",
        "11 responses, 0 departures from the contract, 0 failed calls, 0 new",
    ] == lines
    assert task["deleted"]


@dataclass(frozen=True, kw_only=True)
class _Aftermath:
    """The result of a run in which the create meets a fault.

    Attributes:
        fault: The fault.
        lines: Lines that the run prints.
        code: The exit code.
        is_deleted: Whether the task's element was deleted, or None if there is no task.
    """

    fault: str
    lines: Sequence[str]
    code: int
    is_deleted: bool | None

    @property
    def id(self) -> str:
        return self.fault


@for_each_row(
    [
        _Aftermath(fault="drop-after", lines=["  failed: no response to createElement"], code=1, is_deleted=True),
        _Aftermath(
            fault="truncated-json",
            lines=["  departs: the body is not JSON, or readers could read it differently"],
            code=1,
            is_deleted=True,
        ),
        _Aftermath(fault="html-502-after", lines=["  createElement: status 502, conforms"], code=0, is_deleted=True),
        _Aftermath(
            fault="html-200-after",
            lines=["  departs: the content type is text/html; the contract expects application/json"],
            code=1,
            is_deleted=True,
        ),
        _Aftermath(
            fault="status-204-after",
            lines=["  departs: the contract does not list status 204 here"],
            code=1,
            is_deleted=True,
        ),
        _Aftermath(fault="empty-object", lines=["  createElement: status 200, conforms"], code=0, is_deleted=True),
        _Aftermath(fault="flat", lines=["  for information: /object is not in the contract"], code=0, is_deleted=True),
        _Aftermath(
            fault="odd-envelope",
            lines=[
                "  departs: /data/created_at is an array, which breaks the contract",
                "  departs: /code is 5000, which means failure, but the status is 200",
            ],
            code=1,
            is_deleted=True,
        ),
        _Aftermath(
            fault="200-code:1303",
            lines=["  departs: /code is 1303, which means failure, but the status is 200"],
            code=1,
            is_deleted=True,
        ),
        _Aftermath(
            fault="code:1301",
            lines=[
                "  createElement: status 400, conforms",
                "  failed: the create did not succeed: StatusError, status 400, code 1301",
            ],
            code=1,
            is_deleted=None,
        ),
        _Aftermath(
            fault="fail:no figure of Jonas",
            lines=["the task failed, so there is nothing to delete"],
            code=1,
            is_deleted=False,
        ),
    ]
)
def test_no_element_remains_after_a_failure(row: _Aftermath, gateway_router: KlingRouter, run: Run) -> None:
    """At most one is created, and it is deleted. The run reports the wrong response."""
    gateway_router.kling.queue_faults(row.fault)

    assert row.code == run("--create", IMAGE)

    assert [line for line in row.lines if line not in run.lines] == []
    assert ([] if row.is_deleted is None else [row.is_deleted]) == [
        task["deleted"] for task in gateway_router.kling.tasks()
    ]
    assert [] == [line for line in run.lines if line.startswith("left behind") or "Jonas" in line]


def test_an_element_that_cannot_be_deleted_is_reported_as_left_behind(
    gateway_router: KlingRouter, replies: Replies, run: Run
) -> None:
    """The last line names its id."""
    replies[DELETION] = json_reply({"code": 5000, "message": "Jonas is busy"}, 500)

    assert 1 == run("--create", IMAGE)

    (task,) = gateway_router.kling.tasks()
    named = f"{task['element_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: element {named}" == run.lines[-1]
    assert "  failed: the element can't be deleted: ServerError, status 500, code 5000" in run.lines
    assert [] == [line for line in run.lines if "Jonas" in line]


@pytest.mark.parametrize("fault", ["none", "status-word:archived"])
def test_a_task_that_does_not_end_is_reported_as_left_behind(fault: str, run: Run) -> None:
    """The task's element can be deleted only once it exists."""
    with respx_router(app=create_app(TOKEN, tick_seconds=0 if ":" in fault else 1, manual_clock=True)) as router:
        router.kling.queue_faults(fault)
        assert 1 == run("--create", IMAGE, "--max-wait=0")
        (task,) = router.kling.tasks()

    named = f"task {task['task_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: {named}: delete its element once it has one" == run.lines[-1]


def test_an_unknown_status_word_is_reported(gateway_router: KlingRouter, run: Run) -> None:
    """The word is reported as new, although the contract accepts any word."""
    gateway_router.kling.queue_faults("status-word:archived")

    run("--create", IMAGE)

    assert "  for information: /data/task_status is archived, a word that is not in the contract" in run.lines


def test_a_create_that_cannot_be_found_again_is_reported_as_left_behind(gateway_router: KlingRouter, run: Run) -> None:
    """The external id is printed, because the element may exist or still be created."""
    gateway_router.kling.queue_faults(*["drop-before"] * 20)

    assert 1 == run("--create", IMAGE)

    advice = "it does not exist yet, but may still be created; look it up again, and delete its element"
    assert re.fullmatch(rf"left behind: external_task_id kling-live-[0-9a-f-]{{36}}: {advice}", run.lines[-1])
    assert [] == gateway_router.kling.tasks()


def test_an_element_that_cannot_be_looked_up_is_reported_as_left_behind(
    gateway_router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the external id that was sent."""
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: PAGE_REPLY}))

    assert 1 == run("--create", IMAGE)

    (task,) = gateway_router.kling.tasks()
    named = f"external_task_id {task['external_task_id']}: the look-up failed: InvalidResponseError, status 200; "
    assert run.lines[-1].startswith(f"left behind: {named}")


def test_an_element_that_can_no_longer_be_looked_up_is_deleted(
    gateway_router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is that of the element that `wait` returned."""
    wait = KlingElements.wait

    def wait_and_cut_look_ups(*arguments: Any, **options: Any) -> Element:
        element = wait(*arguments, **options)
        replies[LOOK_UP] = Reply(200, cut=True)
        return element

    monkeypatch.setattr(KlingElements, "wait", wait_and_cut_look_ups)

    assert 1 == run("--create", IMAGE)

    assert [True] == [task["deleted"] for task in gateway_router.kling.tasks()]
    assert (
        "  failed: the look-up failed: ConnectionFailedError, no response: RemoteProtocolError; check KLING_BASE_URL"
        in run.lines
    )


def test_an_interrupted_run_leaves_nothing_behind(
    gateway_router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The element is deleted even after Ctrl+C."""

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KlingElements, "wait", interrupt)

    assert 130 == run("--create", IMAGE)

    assert [True] == [task["deleted"] for task in gateway_router.kling.tasks()]
    assert "interrupted" in run.lines


@pytest.mark.usefixtures("gateway_router")
def test_an_element_without_an_id_is_reported_as_left_behind(
    replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an element can't be deleted without one."""
    nameless = {"task_id": "7 7", "task_status": "archived", "task_result": {"elements": [{"element_name": "Jonas"}]}}
    response = json_reply({"code": 0, "data": nameless})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: response}))

    assert 1 == run("--create", IMAGE)

    assert "  failed: the element can't be deleted: it has no id" in run.lines
    assert re.fullmatch("left behind: element UNSET, external_task_id kling-live-[0-9a-f-]{36}", run.lines[-1])


@pytest.mark.usefixtures("gateway_router")
def test_an_id_with_control_characters_is_escaped_in_one_line(
    replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a gateway could control your terminal."""
    response = json_reply({"code": 0, "data": {"task_id": "7\n\x1b[2J", "task_status": "archived"}})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: response}))

    run("--create", IMAGE)

    assert run.lines[-1].startswith(r"left behind: task '7\n\x1b[2J', external_task_id kling-live-")


def test_without_look_ups_nothing_is_created(gateway_router: KlingRouter, replies: Replies, run: Run) -> None:
    """An element that can't be found couldn't be deleted."""
    replies[LOOK_UP] = json_reply({"code": 1202, "message": "no"}, 404)

    assert 1 == run("--create", IMAGE)

    departure = (
        "the response does not say, in any dialect, that nothing has this id: StatusError, status 404, code 1202"
    )
    assert 2 == run.lines.count(f"  departs: {departure}")
    assert "dialect: neither live nor documented" in run.lines
    assert "  failed: no element is created, because look-ups would not find it again" in run.lines
    assert [] == gateway_router.kling.tasks()
