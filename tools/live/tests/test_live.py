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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.images import Picture
from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.scripted import FakeClock
from kling_elements import KlingElements
from kling_elements.mock import create_app
from kling_elements.mock.reply import HTML_TYPE, Reply, json_reply
from kling_elements.testing import KlingRouter, respx_router
from kling_elements.testing.gateway import serving
from kling_elements_client.models import Element
from tools.live import __main__ as live

_TOKEN = "sk-secret-1234567890"
_IMAGE = "--image=https://media.example.com/mara.jpg?signature=hidden"
_LIST = f"{ELEMENTS}?"
_LOOK_UP = f"{ELEMENTS}/"
_PAGE = Reply(200, b"<html>Hello</html>", (HTML_TYPE,))

Disturb = Callable[[str, Reply], None]
Run = Callable[..., tuple[int, list[str]]]
_ABSENT = {"live": 400, "documented": 404}  # the status of a look-up of what is not there


@pytest.fixture
def router() -> Iterator[KlingRouter]:
    """The gateway that clients call by default, which knows one token; its tasks are done at once."""
    with respx_router(app=create_app(_TOKEN, tick_seconds=0)) as router:
        yield router


@pytest.fixture
def disturb(router: KlingRouter, monkeypatch: pytest.MonkeyPatch) -> Disturb:
    """A function that has the gateway answer another reply to whatever goes to an address."""
    replies: dict[str, Reply] = {}
    answer = router.kling.app.answer

    def disturbed(method: str, target: str, *rest: Any) -> Reply:
        return next((reply for part, reply in replies.items() if target.startswith(part)), None) or answer(
            method, target, *rest
        )

    monkeypatch.setattr(router.kling.app, "answer", disturbed)
    return replies.__setitem__


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """A function that runs the command, and returns its exit code and what it printed.

    No secret is in that, nor in what it wrote, and it wrote no more than its two files.
    """
    monkeypatch.setenv("KLING_API_KEY", _TOKEN)

    def run(*arguments: str) -> tuple[int, list[str]]:
        code = live.main(arguments, FakeClock(), tmp_path / "build")
        printed = "".join(capsys.readouterr())
        written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("build/*")}
        assert set(written) <= {"live-answers.yaml", "live.html"}
        for text in (printed, *written.values()):
            assert re.search(f"{_TOKEN}|signature|hidden|[A-Za-z0-9+/]{{80}}", text) is None, text
        return code, [line for line in printed.splitlines() if not line.startswith("wrote ")]

    return run


def _create(token: str = _TOKEN) -> None:
    """Make a task of the account."""
    video = {"refer_videos": [{"video_url": "https://media.example.com/walk.mp4"}]}
    body = {"element_name": "Jonas", "element_description": "A postman.", "reference_type": "video_refer"}
    with KlingElements(token) as kling:
        kling.create({**body, "element_video_list": video})


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


@contextmanager
def _gateway(dialect: str) -> Iterator[KlingRouter]:
    """A gateway that speaks a dialect; its tasks are done at once."""
    options: dict[str, Any] = {"dialect": dialect, "tick_seconds": 0}
    with respx_router(app=create_app(_TOKEN, **options)) as router:
        yield router


@pytest.mark.parametrize("dialect", _ABSENT)
def test_it_reads_only_unless_told_otherwise(dialect: str, run: Run) -> None:
    """It says before what it will do, and then what each answer was and which dialect is spoken."""
    with _gateway(dialect) as router:
        code, (plan, nothing, *lines) = run()
        assert [] == router.kling.tasks()

    assert plan.startswith(_PLAN)
    assert "It creates nothing." == nothing
    counts = "6 answers, 0 departures from the contract, 0 failed calls, 0 new"
    assert [*_reads(dialect), f"dialect: {dialect}", counts] == lines
    assert 0 == code


def test_an_image_alone_creates_nothing(router: KlingRouter, run: Run) -> None:
    """It takes CREATE=1."""
    assert 0 == run(_IMAGE)[0]
    assert [] == router.kling.tasks()


@pytest.mark.usefixtures("router")
def test_the_first_task_is_looked_up_if_there_is_one(run: Run) -> None:
    """By its id."""
    _create()

    _, lines = run()

    assert ["a look-up of the first task", "  getElement: status 200, conforms"] == lines[6:8]


@pytest.mark.parametrize("source", ["address", "file"])
@pytest.mark.parametrize("dialect", _ABSENT)
def test_a_subject_is_created_and_deleted(dialect: str, source: str, run: Run, tmp_path: Path) -> None:
    """From an address or a file, at a gateway of either dialect."""
    (tmp_path / "mara.png").write_bytes(Picture().build())

    with _gateway(dialect) as router:
        image = _IMAGE if source == "address" else f"--image={tmp_path / 'mara.png'}"
        code, (_, plan, *lines) = run("--create", image)
        (task,) = router.kling.tasks()

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
    assert (0, True) == (code, task["deleted"])


def test_without_a_key_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """In one line."""
    monkeypatch.delenv("KLING_API_KEY")

    says = "set KLING_API_KEY to the gateway's API key, and KLING_BASE_URL to its address unless that is"
    assert (2, [f"error: {says} https://www.kkiai.com"]) == run("--create", _IMAGE)


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
            "IMAGE cannot be used: /element_image_list/frontal_image: the image is shown as 299x300 px",
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

    code, (line,) = run(*arguments)

    assert 2 == code
    assert line.startswith(f"error: {says}")


def test_an_address_that_cannot_be_used_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token does not travel without TLS."""
    monkeypatch.setenv("KLING_BASE_URL", "http://gateway.example.com")

    says = "error: base_url must begin with https://, or say allow_http=True: http://gateway.example.com"
    assert (2, [says]) == run()


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

    found, lines = run("--create", _IMAGE)

    assert code == found
    assert [line for line in told if line not in lines] == []
    assert ([] if deleted is None else [deleted]) == [task["deleted"] for task in router.kling.tasks()]
    assert [] == [line for line in lines if line.startswith("left behind") or "Jonas" in line]


def test_a_subject_that_cannot_be_deleted_is_named(router: KlingRouter, disturb: Disturb, run: Run) -> None:
    """With its id, at the end."""
    disturb(DELETION, json_reply({"code": 5000, "message": "Jonas is busy"}, 500))

    code, lines = run("--create", _IMAGE)

    (task,) = router.kling.tasks()
    named = f"{task['element_id']}, external_task_id {task['external_task_id']}"
    assert (1, f"left behind: subject {named}") == (code, lines[-1])
    assert "  failed: it cannot be deleted: ServerError, status 500, code 5000" in lines
    assert [] == [line for line in lines if "Jonas" in line]


@pytest.mark.parametrize("fault", ["none", "status-word:archived"])
def test_a_task_that_does_not_end_is_named(fault: str, run: Run) -> None:
    """Its subject can be deleted only when it is there."""
    with respx_router(app=create_app(_TOKEN, tick_seconds=0 if ":" in fault else 1, manual_clock=True)) as router:
        router.kling.queue_faults(fault)
        code, lines = run("--create", _IMAGE, "--max-wait=0")
        (task,) = router.kling.tasks()

    named = f"task {task['task_id']}, external_task_id {task['external_task_id']}"
    assert (1, f"left behind: {named}: delete its subject once it has one") == (code, lines[-1])


def test_an_unknown_word_for_a_status_is_told(router: KlingRouter, run: Run) -> None:
    """The contract lets it through, and it may be news."""
    router.kling.queue_faults("status-word:archived")

    _, lines = run("--create", _IMAGE)

    told = "  for information: /data/task_status is archived, a word that the contract does not have"
    assert told in lines


def test_a_create_that_cannot_be_found_again_is_named(router: KlingRouter, run: Run) -> None:
    """It may have been made, or may still be, so its external id is told."""
    router.kling.queue_faults(*["drop-before"] * 20)

    code, lines = run("--create", _IMAGE)

    says = "it is not there, but may still come; look it up again, and delete its subject"
    assert 1 == code
    assert re.fullmatch(rf"left behind: external_task_id kling-live-[0-9a-f-]{{36}}: {says}", lines[-1])
    assert [] == router.kling.tasks()


def test_a_subject_that_cannot_be_looked_up_is_named(
    router: KlingRouter, disturb: Disturb, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the id that was sent."""
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: disturb(_LOOK_UP, _PAGE))

    code, lines = run("--create", _IMAGE)

    (task,) = router.kling.tasks()
    named = f"external_task_id {task['external_task_id']}: it cannot be looked up: InvalidResponse, status 200; "
    assert 1 == code
    assert lines[-1].startswith(f"left behind: {named}")


def test_a_subject_that_can_no_longer_be_looked_up_is_deleted(
    router: KlingRouter, disturb: Disturb, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the id that was waited for."""
    wait = KlingElements.wait

    def waited(*arguments: Any, **options: Any) -> Element:
        element = wait(*arguments, **options)
        disturb(_LOOK_UP, Reply(200, cut=True))
        return element

    monkeypatch.setattr(KlingElements, "wait", waited)

    code, lines = run("--create", _IMAGE)

    assert (1, [True]) == (code, [task["deleted"] for task in router.kling.tasks()])
    assert (
        "  failed: it cannot be looked up: TransportError, no answer: RemoteProtocolError; check KLING_BASE_URL"
        in lines
    )


def test_who_interrupts_leaves_nothing_behind(router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subject is deleted all the same."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KlingElements, "wait", interrupted)

    code, lines = run("--create", _IMAGE)

    assert (130, [True]) == (code, [task["deleted"] for task in router.kling.tasks()])
    assert "interrupted" in lines


@pytest.mark.usefixtures("router")
def test_a_subject_without_an_id_is_named(disturb: Disturb, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to delete it by."""
    nameless = {"task_id": "7 7", "task_status": "archived", "task_result": {"elements": [{"element_name": "Jonas"}]}}
    answer = json_reply({"code": 0, "data": nameless})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: disturb(_LOOK_UP, answer))

    code, lines = run("--create", _IMAGE)

    assert 1 == code
    assert "  failed: it cannot be deleted: it has no id" in lines
    assert re.fullmatch("left behind: subject UNSET, external_task_id kling-live-[0-9a-f-]{36}", lines[-1])


def test_an_id_that_is_no_plain_word_is_told_in_one_line(
    disturb: Disturb, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal takes no orders from a gateway."""
    answer = json_reply({"code": 0, "data": {"task_id": "7\n\x1b[2J", "task_status": "archived"}})
    monkeypatch.setattr(KlingElements, "wait", lambda *_, **__: disturb(_LOOK_UP, answer))

    _, lines = run("--create", _IMAGE)

    assert lines[-1].startswith(r"left behind: task '7\n\x1b[2J', external_task_id kling-live-")


def test_without_look_ups_nothing_is_created(router: KlingRouter, disturb: Disturb, run: Run) -> None:
    """What cannot be found cannot be deleted."""
    disturb(_LOOK_UP, json_reply({"code": 1202, "message": "no"}, 404))

    code, lines = run("--create", _IMAGE)

    assert 1 == code
    says = "the answer does not say in any dialect that it is not there: StatusError, status 404, code 1202"
    assert 2 == lines.count(f"  departs: {says}")
    assert "dialect: neither live or documented" in lines
    assert "  failed: nothing is created, as it could not be found again" in lines
    assert [] == router.kling.tasks()


@pytest.mark.parametrize(
    ("where", "reply", "told"),
    [
        (_LIST, _PAGE, ["  failed: it cannot be read: InvalidResponse, status 200"]),
        (
            _LIST,
            Reply(200, cut=True),
            ["  failed: it cannot be read: TransportError, no answer: RemoteProtocolError; check KLING_BASE_URL"],
        ),
        (
            _LIST,
            Reply(200, cut=True),
            ["  failed: no answer: RemoteProtocolError", "  failed: no answer: TransportError"],
        ),
        (_LIST, json_reply({}, 302), ["  departs: the contract has no status 302 here"] * 3),
        (_LIST, json_reply({"code": 0, "data": [{}]}), ["  failed: the list names no id of it"]),
        (_LIST, json_reply({"code": 0}), ["  departs: the contract has status 401 for this, not 200"] * 2),
        (
            PRESETS,
            json_reply({"code": "no such thing"}),
            ["  failed: it cannot be read: BusinessError, status 200, code a text of 13 characters"],
        ),
        (
            _LOOK_UP,
            json_reply({"code": 0}),
            [
                "  failed: it cannot be looked up: NoTaskError",
                *["  departs: the answer does not say in any dialect that it is not there: NoTaskError"] * 2,
            ],
        ),
        (_LOOK_UP, json_reply({"data": {"task_id": "7"}}), ["  departs: a task was found"] * 2),
        (
            _LOOK_UP,
            Reply(200, cut=True),
            ["  failed: TransportError, no answer: RemoteProtocolError; check KLING_BASE_URL"] * 2,
        ),
    ],
)
def test_a_read_that_goes_wrong_is_told(where: str, reply: Reply, told: list[str], disturb: Disturb, run: Run) -> None:
    """And the others are sent all the same."""
    _create()
    disturb(where, reply)

    code, lines = run()

    assert 1 == code
    assert told == [line for line in lines if line in told]
    assert "  listPresetElements: status 200" in lines or "  listPresetElements: status 200, conforms" in lines


def test_a_gateway_that_takes_any_token_departs(run: Run) -> None:
    """The contract refuses a wrong one."""
    with respx_router(app=create_app(tick_seconds=0)):
        code, lines = run()

    assert 1 == code
    assert 1 == lines.count("  departs: the contract has status 401 for this, not 200")


def test_a_key_that_the_gateway_does_not_take_fails(
    router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is created with it."""
    monkeypatch.setenv("KLING_API_KEY", "sk-another-1234567890")

    code, lines = run("--create", _IMAGE)

    assert 1 == code
    refused = "AuthenticationError, status 401, code 1002; check KLING_API_KEY"
    assert f"  failed: it cannot be read: {refused}" in lines
    assert 2 == lines.count(f"  failed: {refused}")
    assert not any("departs" in line for line in lines)
    assert "  failed: nothing is created, as it could not be found again" in lines
    assert [] == router.kling.tasks()


def test_what_a_gateway_repeats_is_not_told(disturb: Disturb, run: Run) -> None:
    """Neither the token nor names, wherever they stand; `run` looks for the token."""
    body = {
        "code": _TOKEN,
        "message": f"Jonas {_TOKEN}",
        _TOKEN: 1,
        "Jonas Meier": 2,
        "request_id": ["Jonas"],
        "data": [{"task_id": _TOKEN, "task_status": _TOKEN, "task_info": "Jonas", "created_at": {"Jonas": 1}}],
    }
    disturb(_LIST, Reply(200, json.dumps(body).encode(), ((b"content-type", b"application/json; a=Jonas"),)))
    disturb(PRESETS, Reply(200, b"Jonas", ((b"content-type", f"jonas meier {_TOKEN}".encode()),)))

    _, lines = run()

    assert [] == [line for line in lines if "jonas" in line.lower()]
    assert {
        "  departs: /request_id is an array, which breaks the contract",
        "  departs: /data/0/task_info is a string, which breaks the contract",
        "  departs: /data/0/created_at is an object, which breaks the contract",
        "  departs: /code is ***, which means failure, under status 200",
    } <= set(lines)
    assert "  for information: /(a name of 11 characters) is not in the contract" in lines


@pytest.mark.parametrize("dialect", _ABSENT)
def test_it_runs_as_a_command_against_a_server(dialect: str, tmp_path: Path) -> None:
    """On a socket, as `make live` starts it."""
    (tmp_path / "mara.jpg").write_bytes(Picture(format="jpeg").build())
    command = [sys.executable, "-m", "tools.live", "--create", "--image", str(tmp_path / "mara.jpg")]
    with serving(create_app(_TOKEN, tick_seconds=0, dialect=dialect)) as gateway:
        environment = {**os.environ, "KLING_API_KEY": _TOKEN, "KLING_BASE_URL": gateway.url}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"{gateway.url}: this reads")
    assert done.stdout.endswith("\n11 answers, 0 departures from the contract, 0 failed calls, 0 new\n")
    assert _TOKEN not in done.stdout


_NO_SUCH_PATH = b'{"error":{"message":"Invalid URL (GET /kling)","type":"invalid_request_error","param":"","code":""}}'


def test_it_runs_against_a_server_that_answers_oddly(serve: Callable[[bytes], str]) -> None:
    """A gateway that has none of the calls is no dialect; which of its words are known is told."""
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(_NO_SUCH_PATH)}\r\n\r\n"
    url = serve(head.encode() + _NO_SUCH_PATH)
    environment = {**os.environ, "KLING_API_KEY": _TOKEN, "KLING_BASE_URL": url}
    command = [sys.executable, "-m", "tools.live", "--confirm"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (1, "") == (done.returncode, done.stderr)
    assert "\ndialect: neither live or documented\n" in done.stdout
    assert "  failed: it cannot be read: StatusError, status 404\n" in done.stdout
    news = 'new: unknown-subject: HTTP 404, "Invalid URL (GET /kling)", read as refused'
    assert news in done.stdout
    assert _TOKEN not in done.stdout
