"""`make live` sends the right requests, reports the responses and leaves nothing behind.

test_report.py tests what it writes and how it compares runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.images import Picture
from contract_tests.reading.paths import DELETION, PRESETS
from kling_elements import KlingElements
from kling_elements.mock import create_app
from kling_elements.mock.reply import HTML_TYPE, Reply, json_reply
from kling_elements.testing import KlingRouter, respx_router
from kling_elements.testing.gateway import serving
from kling_elements_client.models import Element
from tools.live.tests.command import LIST, LOOK_UP, TOKEN, Replies, Run, create, gateway

_IMAGE = "--image=https://media.example.com/mara.jpg?signature=hidden"
_CUT = "no response: RemoteProtocolError; check KLING_BASE_URL"
_PAGE = Reply(200, b"<html>Hello</html>", (HTML_TYPE,))

_ABSENT = {"live": 400, "documented": 404}  # the status for an unknown id


@pytest.fixture
def replies() -> Replies:
    """Return the replies that the gateway gives in place of its own, by the beginning of the address."""
    return {}


@pytest.fixture
def gateway_router(replies: Replies) -> Iterator[KlingRouter]:
    """Run the gateway that clients call by default."""
    with gateway(replies=replies) as router:
        yield router


_PLAN = "https://www.kkiai.com: this reads the account's list, the list of presets, the first task if there is one "


def _reads(dialect: str) -> list[str]:
    return [
        "the account's list",
        "  listElements: status 200, conforms",
        "the list of presets",
        "  listPresetElements: status 200, conforms",
        "look-up of an id that does not exist (external-id)",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "look-up of an id that does not exist (task-id)",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "the list, without a token",
        "  listElements: status 401, conforms",
        "the list, with a wrong token",
        "  listElements: status 401, conforms",
    ]


@pytest.mark.parametrize("dialect", _ABSENT)
def test_make_live_only_reads_by_default(dialect: str, run: Run) -> None:
    """The command says first what it will do, then the result of each request and the dialect."""
    with gateway(dialect) as router:
        assert 0 == run()
        assert [] == router.kling.tasks()

    plan, nothing, *lines = run.lines
    assert plan.startswith(_PLAN)
    assert "It creates nothing." == nothing
    counts = "6 answers, 0 departures from the contract, 0 failed calls, 0 new"
    assert [*_reads(dialect), f"dialect: {dialect}", counts] == lines


def test_an_image_without_create_creates_nothing(gateway_router: KlingRouter, run: Run) -> None:
    """A creation needs CREATE=1."""
    assert 0 == run(_IMAGE)
    assert [] == gateway_router.kling.tasks()


@pytest.mark.usefixtures("gateway_router")
def test_the_first_task_is_looked_up_if_there_is_one(run: Run) -> None:
    """The look-up uses the task's id."""
    create()

    run()

    assert ["look-up of the first task", "  getElement: status 200, conforms"] == run.lines[6:8]


@pytest.mark.parametrize("source", ["address", "file"])
@pytest.mark.parametrize("dialect", _ABSENT)
def test_an_element_is_created_and_deleted(dialect: str, source: str, run: Run, tmp_path: Path) -> None:
    """The image can be an address or a file, and the gateway can speak either dialect."""
    (tmp_path / "mara.png").write_bytes(Picture().build())

    with gateway(dialect) as router:
        image = _IMAGE if source == "address" else f"--image={tmp_path / 'mara.png'}"
        assert 0 == run("--create", image)
        (task,) = router.kling.tasks()

    _, plan, *lines = run.lines
    assert plan.startswith("Then it creates one element from the image, which the gateway may charge for")
    assert [
        *_reads(dialect),
        f"creation of an element, external_task_id {task['external_task_id']}",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "  createElement: status 200, conforms",
        "  getElement: status 200, conforms",
        "look-up and deletion of the element",
        "  getElement: status 200, conforms",
        "  deleteElement: status 200, conforms",
        f"dialect: {dialect}",
        "11 answers, 0 departures from the contract, 0 failed calls, 0 new",
    ] == lines
    assert task["deleted"]


def test_without_a_key_make_live_says_what_to_set(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """The error is one line."""
    monkeypatch.delenv("KLING_API_KEY")

    expected = "set KLING_API_KEY to the gateway's API key, and KLING_BASE_URL to its address unless that is"
    assert 2 == run("--create", _IMAGE)
    assert [f"error: {expected} https://www.kkiai.com"] == run.lines


@pytest.mark.usefixtures("gateway_router")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--create"], "CREATE=1 needs IMAGE=..., the path of a JPEG or PNG file or the http(s) address of one"),
        (
            ["--create", "--image=no.jpg"],
            "IMAGE cannot be used: /element_image_list/frontal_image: no.jpg: cannot be read",
        ),
        (
            ["--create", "--image=small.png"],
            "IMAGE cannot be used: /element_image_list/frontal_image: small.png: the image is shown as 299x300 px",
        ),
        (
            ["--create", "--image=https://a b"],
            "IMAGE cannot be used: /element_image_list/frontal_image: must be an http",
        ),
    ],
)
def test_an_invalid_image_is_an_error(
    arguments: list[str], expected: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised before anything is sent."""
    monkeypatch.chdir(tmp_path)
    Path("small.png").write_bytes(Picture(width=299).build())

    assert 2 == run(*arguments)
    (line,) = run.lines
    assert line.startswith(f"error: {expected}")


def test_an_invalid_url_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is never sent without TLS."""
    monkeypatch.setenv("KLING_BASE_URL", "http://gateway.example.com")

    expected = "error: base_url must begin with https://, or pass allow_http=True: http://gateway.example.com"
    assert 2 == run()
    assert [expected] == run.lines


# by queued fault: the expected lines, the exit code, and whether the task that was made is deleted
_FAULTS: dict[str, tuple[list[str], int, bool | None]] = {
    "drop-after": (["  failed: no response to createElement"], 1, True),
    "truncated-json": (["  departs: the body is not JSON, or readers could read it differently"], 1, True),
    "html-502-after": (["  createElement: status 502, conforms"], 0, True),
    "html-200-after": (["  departs: the content type is text/html; the contract has application/json"], 1, True),
    "status-204-after": (["  departs: the contract does not list status 204 here"], 1, True),
    "empty-object": (["  createElement: status 200, conforms"], 0, True),
    "flat": (["  for information: /object is not in the contract"], 0, True),
    "odd-envelope": (
        [
            "  departs: /data/created_at is an array, which breaks the contract",
            "  departs: /code is 5000, which means failure, but the status is 200",
        ],
        1,
        True,
    ),
    "200-code:1303": (["  departs: /code is 1303, which means failure, but the status is 200"], 1, True),
    "code:1301": (
        [
            "  createElement: status 400, conforms",
            "  failed: the create did not succeed: StatusError, status 400, code 1301",
        ],
        1,
        None,
    ),
    "fail:no figure of Jonas": (["the task failed, so there is nothing to delete"], 1, False),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_no_element_remains_after_a_failure(fault: str, gateway_router: KlingRouter, run: Run) -> None:
    """At most one element is created, and it is deleted. The wrong response is reported."""
    lines, code, deleted = _FAULTS[fault]
    gateway_router.kling.queue_faults(fault)

    assert code == run("--create", _IMAGE)

    assert [line for line in lines if line not in run.lines] == []
    assert ([] if deleted is None else [deleted]) == [task["deleted"] for task in gateway_router.kling.tasks()]
    assert [] == [line for line in run.lines if line.startswith("left behind") or "Jonas" in line]


def test_an_element_that_cannot_be_deleted_is_named(gateway_router: KlingRouter, replies: Replies, run: Run) -> None:
    """The last line names the element's id."""
    replies[DELETION] = json_reply({"code": 5000, "message": "Jonas is busy"}, 500)

    assert 1 == run("--create", _IMAGE)

    (task,) = gateway_router.kling.tasks()
    named = f"{task['element_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: element {named}" == run.lines[-1]
    assert "  failed: the element can't be deleted: ServerError, status 500, code 5000" in run.lines
    assert [] == [line for line in run.lines if "Jonas" in line]


@pytest.mark.parametrize("fault", ["none", "status-word:archived"])
def test_a_task_that_does_not_end_is_named(fault: str, run: Run) -> None:
    """An element can be deleted only after it was created."""
    with respx_router(app=create_app(TOKEN, tick_seconds=0 if ":" in fault else 1, manual_clock=True)) as router:
        router.kling.queue_faults(fault)
        assert 1 == run("--create", _IMAGE, "--max-wait=0")
        (task,) = router.kling.tasks()

    named = f"task {task['task_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: {named}: delete its element once it has one" == run.lines[-1]


def test_an_unknown_status_word_is_reported(gateway_router: KlingRouter, run: Run) -> None:
    """The contract accepts the word, but it may be new."""
    gateway_router.kling.queue_faults("status-word:archived")

    run("--create", _IMAGE)

    assert "  for information: /data/task_status is archived, a word that is not in the contract" in run.lines


def test_a_create_that_cannot_be_found_again_is_named(gateway_router: KlingRouter, run: Run) -> None:
    """The element may exist, or may still be created, so the external id is printed."""
    gateway_router.kling.queue_faults(*["drop-before"] * 20)

    assert 1 == run("--create", _IMAGE)

    advice = "it does not exist yet, but may still be created; look it up again, and delete its element"
    assert re.fullmatch(rf"left behind: external_task_id kling-live-[0-9a-f-]{{36}}: {advice}", run.lines[-1])
    assert [] == gateway_router.kling.tasks()


def test_an_element_that_cannot_be_looked_up_is_named(
    gateway_router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the external id that was sent."""
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: _PAGE}))

    assert 1 == run("--create", _IMAGE)

    (task,) = gateway_router.kling.tasks()
    named = f"external_task_id {task['external_task_id']}: the look-up failed: InvalidResponseError, status 200; "
    assert run.lines[-1].startswith(f"left behind: {named}")


def test_an_element_that_can_no_longer_be_looked_up_is_deleted(
    gateway_router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion uses the id of the element that was waited for."""
    wait = KlingElements.wait

    def waited(*arguments: Any, **options: Any) -> Element:
        element = wait(*arguments, **options)
        replies[LOOK_UP] = Reply(200, cut=True)
        return element

    monkeypatch.setattr(KlingElements, "wait", waited)

    assert 1 == run("--create", _IMAGE)

    assert [True] == [task["deleted"] for task in gateway_router.kling.tasks()]
    assert (
        "  failed: the look-up failed: ConnectionFailedError, no response: RemoteProtocolError; check KLING_BASE_URL"
        in run.lines
    )


def test_an_interrupted_run_leaves_nothing_behind(
    gateway_router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The element is deleted even after Ctrl+C."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KlingElements, "wait", interrupted)

    assert 130 == run("--create", _IMAGE)

    assert [True] == [task["deleted"] for task in gateway_router.kling.tasks()]
    assert "interrupted" in run.lines


@pytest.mark.usefixtures("gateway_router")
def test_an_element_without_an_id_is_named(replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an id the element can't be deleted."""
    nameless = {"task_id": "7 7", "task_status": "archived", "task_result": {"elements": [{"element_name": "Jonas"}]}}
    response = json_reply({"code": 0, "data": nameless})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: response}))

    assert 1 == run("--create", _IMAGE)

    assert "  failed: the element can't be deleted: it has no id" in run.lines
    assert re.fullmatch("left behind: element UNSET, external_task_id kling-live-[0-9a-f-]{36}", run.lines[-1])


@pytest.mark.usefixtures("gateway_router")
def test_an_id_with_control_characters_is_escaped_in_one_line(
    replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway can't control your terminal."""
    response = json_reply({"code": 0, "data": {"task_id": "7\n\x1b[2J", "task_status": "archived"}})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: response}))

    run("--create", _IMAGE)

    assert run.lines[-1].startswith(r"left behind: task '7\n\x1b[2J', external_task_id kling-live-")


def test_without_look_ups_nothing_is_created(gateway_router: KlingRouter, replies: Replies, run: Run) -> None:
    """An element that can't be found can't be deleted."""
    replies[LOOK_UP] = json_reply({"code": 1202, "message": "no"}, 404)

    assert 1 == run("--create", _IMAGE)

    departure = (
        "the response does not say, in any dialect, that nothing has this id: StatusError, status 404, code 1202"
    )
    assert 2 == run.lines.count(f"  departs: {departure}")
    assert "dialect: neither live nor documented" in run.lines
    assert "  failed: nothing is created, because it could not be found again" in run.lines
    assert [] == gateway_router.kling.tasks()


@pytest.mark.usefixtures("gateway_router")
@pytest.mark.parametrize(
    ("target", "reply", "expected"),
    [
        (LIST, _PAGE, ["  failed: the list can't be read: InvalidResponseError, status 200"]),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: the list can't be read: ConnectionFailedError, " + _CUT],
        ),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: no response: RemoteProtocolError", "  failed: no response: ConnectionFailedError"],
        ),
        (LIST, json_reply({}, 302), ["  departs: the contract does not list status 302 here"] * 3),
        (LIST, json_reply({"code": 0, "data": [{}]}), ["  failed: the task has no id in the list"]),
        (LIST, json_reply({"code": 0}), ["  departs: the contract has status 401 for this, not 200"] * 2),
        (
            PRESETS,
            json_reply({"code": "no such thing"}),
            ["  failed: the list can't be read: BusinessError, status 200, code a text of 13 characters"],
        ),
        (
            LOOK_UP,
            json_reply({"code": 0}),
            [
                "  failed: the look-up failed: NoTaskError",
                *["  departs: the response does not say, in any dialect, that nothing has this id: NoTaskError"] * 2,
            ],
        ),
        (
            LOOK_UP,
            json_reply({"data": {"task_id": "7"}}),
            ["  departs: the gateway found a task that does not exist"] * 2,
        ),
        (
            LOOK_UP,
            Reply(200, cut=True),
            ["  failed: ConnectionFailedError, " + _CUT] * 2,
        ),
    ],
)
def test_a_failed_read_is_reported(target: str, reply: Reply, expected: list[str], replies: Replies, run: Run) -> None:
    """`make live` sends the other requests anyway."""
    create()
    replies[target] = reply

    assert 1 == run()

    assert expected == [line for line in run.lines if line in expected]
    assert "  listPresetElements: status 200" in run.lines or "  listPresetElements: status 200, conforms" in run.lines


def test_a_gateway_that_accepts_any_token_departs_from_the_contract(run: Run) -> None:
    """The contract says that a wrong token is refused."""
    with respx_router(app=create_app(tick_seconds=0)):
        assert 1 == run()

    assert 1 == run.lines.count("  departs: the contract has status 401 for this, not 200")


def test_a_wrong_key_is_a_failure(gateway_router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is created with a wrong key."""
    monkeypatch.setenv("KLING_API_KEY", "sk-another-1234567890")

    assert 1 == run("--create", _IMAGE)

    refused = "AuthenticationError, status 401, code 1002; check KLING_API_KEY"
    assert f"  failed: the list can't be read: {refused}" in run.lines
    assert 2 == run.lines.count(f"  failed: {refused}")
    assert not any("departs" in line for line in run.lines)
    assert "  failed: nothing is created, because it could not be found again" in run.lines
    assert [] == gateway_router.kling.tasks()


@pytest.mark.usefixtures("gateway_router")
def test_private_data_that_a_gateway_repeats_is_not_shown(replies: Replies, run: Run) -> None:
    """The output contains neither names nor the token, for which `run` searches."""
    body = {
        "code": TOKEN,
        "message": f"Jonas {TOKEN}",
        TOKEN: 1,
        "Jonas Meier": 2,
        "request_id": ["Jonas"],
        "data": [{"task_id": TOKEN, "task_status": TOKEN, "task_info": "Jonas", "created_at": {"Jonas": 1}}],
    }
    replies[LIST] = Reply(200, json.dumps(body).encode(), ((b"content-type", b"application/json; a=Jonas"),))
    replies[PRESETS] = Reply(200, b"Jonas", ((b"content-type", f"jonas meier {TOKEN}".encode()),))

    run()

    assert [] == [line for line in run.lines if "jonas" in line.lower()]
    assert {
        "  departs: /request_id is an array, which breaks the contract",
        "  departs: /data/0/task_info is a string, which breaks the contract",
        "  departs: /data/0/created_at is an object, which breaks the contract",
        "  departs: /code is ***, which means failure, but the status is 200",
    } <= set(run.lines)
    assert "  for information: /(a name of 11 characters) is not in the contract" in run.lines


@pytest.mark.parametrize("dialect", _ABSENT)
def test_make_live_runs_against_a_server(dialect: str, tmp_path: Path) -> None:
    """The command calls a server on a socket, as `make live` starts it."""
    (tmp_path / "mara.jpg").write_bytes(Picture(format="jpeg").build())
    command = [sys.executable, "-m", "tools.live", "--create", "--image", str(tmp_path / "mara.jpg")]
    with serving(create_app(TOKEN, tick_seconds=0, dialect=dialect)) as gateway:
        environment = {**os.environ, "KLING_API_KEY": TOKEN, "KLING_BASE_URL": gateway.url}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"{gateway.url}: this reads")
    assert done.stdout.endswith("\n11 answers, 0 departures from the contract, 0 failed calls, 0 new\n")
    assert TOKEN not in done.stdout


_NO_SUCH_PATH = b'{"error":{"message":"Invalid URL (GET /kling)","type":"invalid_request_error","param":"","code":""}}'


def test_a_gateway_without_the_calls_speaks_no_dialect(serve: Callable[[bytes], str]) -> None:
    """Only the responses that nobody knows yet are new."""
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(_NO_SUCH_PATH)}\r\n\r\n"
    url = serve(head.encode() + _NO_SUCH_PATH)
    environment = {**os.environ, "KLING_API_KEY": TOKEN, "KLING_BASE_URL": url}
    command = [sys.executable, "-m", "tools.live", "--confirm"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (1, "") == (done.returncode, done.stderr)
    assert "\ndialect: neither live nor documented\n" in done.stdout
    assert "  failed: the list can't be read: StatusError, status 404\n" in done.stdout
    news = 'new: unknown-element: HTTP 404, "Invalid URL (GET /kling)", read as refused'
    assert news in done.stdout
    assert TOKEN not in done.stdout
