"""`make live`: what is sent to a gateway, what is told of its answers, and that nothing remains there.

What it writes, and how it is compared, is in test_report.py.
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
_CUT = "no answer: RemoteProtocolError; check KLING_BASE_URL"
_PAGE = Reply(200, b"<html>Hello</html>", (HTML_TYPE,))

_ABSENT = {"live": 400, "documented": 404}  # the status of a look-up of what is not there


@pytest.fixture
def replies() -> Replies:
    """What the gateway answers to whatever goes to an address that begins so, in place of its own."""
    return {}


@pytest.fixture
def router(replies: Replies) -> Iterator[KlingRouter]:
    """The gateway that clients call by default."""
    with gateway(replies=replies) as router:
        yield router


_PLAN = "https://www.kkiai.com: this reads the account's list, the list of presets, a look-up of the first task "


def _reads(dialect: str) -> list[str]:
    return [
        "the account's list",
        "  listElements: status 200, conforms",
        "the list of presets",
        "  listPresetElements: status 200, conforms",
        "a look-up of an id that nobody has (external-id)",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "a look-up of an id that nobody has (task-id)",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "the list, without a token",
        "  listElements: status 401, conforms",
        "the list, with a wrong token",
        "  listElements: status 401, conforms",
    ]


@pytest.mark.parametrize("dialect", _ABSENT)
def test_it_reads_only_unless_told_otherwise(dialect: str, run: Run) -> None:
    """It says before what it will do, and then what each answer was and which dialect is spoken."""
    with gateway(dialect) as router:
        assert 0 == run()
        assert [] == router.kling.tasks()

    plan, nothing, *lines = run.lines
    assert plan.startswith(_PLAN)
    assert "It creates nothing." == nothing
    counts = "6 answers, 0 departures from the contract, 0 failed calls, 0 new"
    assert [*_reads(dialect), f"dialect: {dialect}", counts] == lines


def test_an_image_alone_creates_nothing(router: KlingRouter, run: Run) -> None:
    """It takes CREATE=1."""
    assert 0 == run(_IMAGE)
    assert [] == router.kling.tasks()


@pytest.mark.usefixtures("router")
def test_the_first_task_is_looked_up_if_there_is_one(run: Run) -> None:
    """By its id."""
    create()

    run()

    assert ["a look-up of the first task", "  getElement: status 200, conforms"] == run.lines[6:8]


@pytest.mark.parametrize("source", ["address", "file"])
@pytest.mark.parametrize("dialect", _ABSENT)
def test_a_subject_is_created_and_deleted(dialect: str, source: str, run: Run, tmp_path: Path) -> None:
    """From an address or a file, at a gateway of either dialect."""
    (tmp_path / "mara.png").write_bytes(Picture().build())

    with gateway(dialect) as router:
        image = _IMAGE if source == "address" else f"--image={tmp_path / 'mara.png'}"
        assert 0 == run("--create", image)
        (task,) = router.kling.tasks()

    _, plan, *lines = run.lines
    assert plan.startswith("Then it creates one subject from the image, which the gateway may charge for")
    assert [
        *_reads(dialect),
        f"a subject, external_task_id {task['external_task_id']}",
        f"  getElement: status {_ABSENT[dialect]}, conforms",
        "  createElement: status 200, conforms",
        "  getElement: status 200, conforms",
        "a look-up of it, and its deletion",
        "  getElement: status 200, conforms",
        "  deleteElement: status 200, conforms",
        f"dialect: {dialect}",
        "11 answers, 0 departures from the contract, 0 failed calls, 0 new",
    ] == lines
    assert task["deleted"]


def test_without_a_key_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """In one line."""
    monkeypatch.delenv("KLING_API_KEY")

    says = "set KLING_API_KEY to the gateway's API key, and KLING_BASE_URL to its address unless that is"
    assert 2 == run("--create", _IMAGE)
    assert [f"error: {says} https://www.kkiai.com"] == run.lines


@pytest.mark.usefixtures("router")
@pytest.mark.parametrize(
    ("arguments", "says"),
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
def test_an_image_that_cannot_be_used_is_an_error(
    arguments: list[str], says: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent."""
    monkeypatch.chdir(tmp_path)
    Path("small.png").write_bytes(Picture(width=299).build())

    assert 2 == run(*arguments)
    (line,) = run.lines
    assert line.startswith(f"error: {says}")


def test_an_address_that_cannot_be_used_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token does not travel without TLS."""
    monkeypatch.setenv("KLING_BASE_URL", "http://gateway.example.com")

    says = "error: base_url must begin with https://, or say allow_http=True: http://gateway.example.com"
    assert 2 == run()
    assert [says] == run.lines


# what is queued, what is told of it besides, the exit code, and whether the task that was made is deleted
_FAULTS: dict[str, tuple[list[str], int, bool | None]] = {
    "drop-after": (["  failed: no answer came to createElement"], 1, True),
    "truncated-json": (["  departs: the body is no JSON, or such as readers read differently"], 1, True),
    "html-502-after": (["  createElement: status 502, conforms"], 0, True),
    "html-200-after": (["  departs: text/html came; the contract has application/json"], 1, True),
    "status-204-after": (["  departs: the contract has no status 204 here"], 1, True),
    "empty-object": (["  createElement: status 200, conforms"], 0, True),
    "flat": (["  for information: /object is not in the contract"], 0, True),
    "odd-envelope": (
        [
            "  departs: /data/created_at is an array, which breaks the contract",
            "  departs: /code is 5000, which means failure, under status 200",
        ],
        1,
        True,
    ),
    "200-code:1303": (["  departs: /code is 1303, which means failure, under status 200"], 1, True),
    "code:1301": (
        [
            "  createElement: status 400, conforms",
            "  failed: it did not become a subject: StatusError, status 400, code 1301",
        ],
        1,
        None,
    ),
    "fail:no figure of Jonas": (["the task failed, so there is nothing to delete"], 1, False),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_whatever_goes_wrong_nothing_remains(fault: str, router: KlingRouter, run: Run) -> None:
    """There is one subject at most, and it is deleted; the answer that was wrong is told."""
    told, code, deleted = _FAULTS[fault]
    router.kling.queue_faults(fault)

    found = run("--create", _IMAGE)

    assert code == found
    assert [line for line in told if line not in run.lines] == []
    assert ([] if deleted is None else [deleted]) == [task["deleted"] for task in router.kling.tasks()]
    assert [] == [line for line in run.lines if line.startswith("left behind") or "Jonas" in line]


def test_a_subject_that_cannot_be_deleted_is_named(router: KlingRouter, replies: Replies, run: Run) -> None:
    """With its id, at the end."""
    replies[DELETION] = json_reply({"code": 5000, "message": "Jonas is busy"}, 500)

    assert 1 == run("--create", _IMAGE)

    (task,) = router.kling.tasks()
    named = f"{task['element_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: subject {named}" == run.lines[-1]
    assert "  failed: it cannot be deleted: ServerError, status 500, code 5000" in run.lines
    assert [] == [line for line in run.lines if "Jonas" in line]


@pytest.mark.parametrize("fault", ["none", "status-word:archived"])
def test_a_task_that_does_not_end_is_named(fault: str, run: Run) -> None:
    """Its subject can be deleted only when it is there."""
    with respx_router(app=create_app(TOKEN, tick_seconds=0 if ":" in fault else 1, manual_clock=True)) as router:
        router.kling.queue_faults(fault)
        assert 1 == run("--create", _IMAGE, "--max-wait=0")
        (task,) = router.kling.tasks()

    named = f"task {task['task_id']}, external_task_id {task['external_task_id']}"
    assert f"left behind: {named}: delete its subject once it has one" == run.lines[-1]


def test_an_unknown_word_for_a_status_is_told(router: KlingRouter, run: Run) -> None:
    """The contract lets it through, and it may be news."""
    router.kling.queue_faults("status-word:archived")

    run("--create", _IMAGE)

    told = "  for information: /data/task_status is archived, a word that the contract does not have"
    assert told in run.lines


def test_a_create_that_cannot_be_found_again_is_named(router: KlingRouter, run: Run) -> None:
    """It may have been made, or may still be, so its external id is told."""
    router.kling.queue_faults(*["drop-before"] * 20)

    assert 1 == run("--create", _IMAGE)

    says = "it is not there, but may still come; look it up again, and delete its subject"
    assert re.fullmatch(rf"left behind: external_task_id kling-live-[0-9a-f-]{{36}}: {says}", run.lines[-1])
    assert [] == router.kling.tasks()


def test_a_subject_that_cannot_be_looked_up_is_named(
    router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the id that was sent."""
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: _PAGE}))

    assert 1 == run("--create", _IMAGE)

    (task,) = router.kling.tasks()
    named = f"external_task_id {task['external_task_id']}: it cannot be looked up: InvalidResponseError, status 200; "
    assert run.lines[-1].startswith(f"left behind: {named}")


def test_a_subject_that_can_no_longer_be_looked_up_is_deleted(
    router: KlingRouter, replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the id that was waited for."""
    wait = KlingElements.wait

    def waited(*arguments: Any, **options: Any) -> Element:
        element = wait(*arguments, **options)
        replies[LOOK_UP] = Reply(200, cut=True)
        return element

    monkeypatch.setattr(KlingElements, "wait", waited)

    assert 1 == run("--create", _IMAGE)

    assert [True] == [task["deleted"] for task in router.kling.tasks()]
    assert (
        "  failed: it cannot be looked up: ConnectionFailedError, no answer: RemoteProtocolError; check KLING_BASE_URL"
        in run.lines
    )


def test_who_interrupts_leaves_nothing_behind(router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subject is deleted all the same."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KlingElements, "wait", interrupted)

    assert 130 == run("--create", _IMAGE)

    assert [True] == [task["deleted"] for task in router.kling.tasks()]
    assert "interrupted" in run.lines


@pytest.mark.usefixtures("router")
def test_a_subject_without_an_id_is_named(replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to delete it by."""
    nameless = {"task_id": "7 7", "task_status": "archived", "task_result": {"elements": [{"element_name": "Jonas"}]}}
    answer = json_reply({"code": 0, "data": nameless})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: answer}))

    assert 1 == run("--create", _IMAGE)

    assert "  failed: it cannot be deleted: it has no id" in run.lines
    assert re.fullmatch("left behind: subject UNSET, external_task_id kling-live-[0-9a-f-]{36}", run.lines[-1])


@pytest.mark.usefixtures("router")
def test_an_id_that_is_no_plain_word_is_told_in_one_line(
    replies: Replies, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal takes no orders from a gateway."""
    answer = json_reply({"code": 0, "data": {"task_id": "7\n\x1b[2J", "task_status": "archived"}})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: replies.update({LOOK_UP: answer}))

    run("--create", _IMAGE)

    assert run.lines[-1].startswith(r"left behind: task '7\n\x1b[2J', external_task_id kling-live-")


def test_without_look_ups_nothing_is_created(router: KlingRouter, replies: Replies, run: Run) -> None:
    """What cannot be found cannot be deleted."""
    replies[LOOK_UP] = json_reply({"code": 1202, "message": "no"}, 404)

    assert 1 == run("--create", _IMAGE)

    says = "the answer does not say in any dialect that it is not there: StatusError, status 404, code 1202"
    assert 2 == run.lines.count(f"  departs: {says}")
    assert "dialect: neither live or documented" in run.lines
    assert "  failed: nothing is created, as it could not be found again" in run.lines
    assert [] == router.kling.tasks()


@pytest.mark.usefixtures("router")
@pytest.mark.parametrize(
    ("where", "reply", "told"),
    [
        (LIST, _PAGE, ["  failed: it cannot be read: InvalidResponseError, status 200"]),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: it cannot be read: ConnectionFailedError, " + _CUT],
        ),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: no answer: RemoteProtocolError", "  failed: no answer: ConnectionFailedError"],
        ),
        (LIST, json_reply({}, 302), ["  departs: the contract has no status 302 here"] * 3),
        (LIST, json_reply({"code": 0, "data": [{}]}), ["  failed: the list names no id of it"]),
        (LIST, json_reply({"code": 0}), ["  departs: the contract has status 401 for this, not 200"] * 2),
        (
            PRESETS,
            json_reply({"code": "no such thing"}),
            ["  failed: it cannot be read: BusinessError, status 200, code a text of 13 characters"],
        ),
        (
            LOOK_UP,
            json_reply({"code": 0}),
            [
                "  failed: it cannot be looked up: NoTaskError",
                *["  departs: the answer does not say in any dialect that it is not there: NoTaskError"] * 2,
            ],
        ),
        (LOOK_UP, json_reply({"data": {"task_id": "7"}}), ["  departs: a task was found"] * 2),
        (
            LOOK_UP,
            Reply(200, cut=True),
            ["  failed: ConnectionFailedError, " + _CUT] * 2,
        ),
    ],
)
def test_a_read_that_goes_wrong_is_told(where: str, reply: Reply, told: list[str], replies: Replies, run: Run) -> None:
    """And the others are sent all the same."""
    create()
    replies[where] = reply

    assert 1 == run()

    assert told == [line for line in run.lines if line in told]
    assert "  listPresetElements: status 200" in run.lines or "  listPresetElements: status 200, conforms" in run.lines


def test_a_gateway_that_takes_any_token_departs(run: Run) -> None:
    """The contract refuses a wrong one."""
    with respx_router(app=create_app(tick_seconds=0)):
        assert 1 == run()

    assert 1 == run.lines.count("  departs: the contract has status 401 for this, not 200")


def test_a_key_that_the_gateway_does_not_take_fails(
    router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is created with it."""
    monkeypatch.setenv("KLING_API_KEY", "sk-another-1234567890")

    assert 1 == run("--create", _IMAGE)

    refused = "AuthenticationError, status 401, code 1002; check KLING_API_KEY"
    assert f"  failed: it cannot be read: {refused}" in run.lines
    assert 2 == run.lines.count(f"  failed: {refused}")
    assert not any("departs" in line for line in run.lines)
    assert "  failed: nothing is created, as it could not be found again" in run.lines
    assert [] == router.kling.tasks()


@pytest.mark.usefixtures("router")
def test_what_a_gateway_repeats_is_not_told(replies: Replies, run: Run) -> None:
    """Neither the token nor names, wherever they stand; `run` looks for the token."""
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
        "  departs: /code is ***, which means failure, under status 200",
    } <= set(run.lines)
    assert "  for information: /(a name of 11 characters) is not in the contract" in run.lines


@pytest.mark.parametrize("dialect", _ABSENT)
def test_it_runs_as_a_command_against_a_server(dialect: str, tmp_path: Path) -> None:
    """On a socket, as `make live` starts it."""
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


def test_it_runs_against_a_server_that_answers_oddly(serve: Callable[[bytes], str]) -> None:
    """A gateway that has none of the calls is no dialect; which of its words are known is told."""
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(_NO_SUCH_PATH)}\r\n\r\n"
    url = serve(head.encode() + _NO_SUCH_PATH)
    environment = {**os.environ, "KLING_API_KEY": TOKEN, "KLING_BASE_URL": url}
    command = [sys.executable, "-m", "tools.live", "--confirm"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (1, "") == (done.returncode, done.stderr)
    assert "\ndialect: neither live or documented\n" in done.stdout
    assert "  failed: it cannot be read: StatusError, status 404\n" in done.stdout
    news = 'new: unknown-subject: HTTP 404, "Invalid URL (GET /kling)", read as refused'
    assert news in done.stdout
    assert TOKEN not in done.stdout
