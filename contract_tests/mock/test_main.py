"""`python -m kling_elements.mock` as a real process on a real socket."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import LIMIT
from contract_tests.support.mock_command import (
    COMMAND,
    HEADERS,
    PATIENCE_SECONDS,
    ask,
    connect,
    creation,
    port_of,
    response_to,
    running_command,
)
from kling_elements.mock import __main__ as command
from kling_elements.mock import create_app
from kling_elements.mock import server as mock_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Yield the port of a server that this module's tests share. External ids may repeat on it."""
    with running_command("--port", "0", "--allow-duplicates", "--no-callbacks") as (_, line):
        yield port_of(line)


def test_the_server_answers_where_its_first_line_says(port: int) -> None:
    """A create over a socket has the exact status, headers and body."""
    with connect(port) as connection:
        for name in ("sample", "fromImages", "fromVideo"):
            status, headers, body = response_to(connection, json.dumps(example(name)).encode())

            assert (200, 0, "submitted") == (status, body["code"], body["data"]["task_status"])
            assert example(name).get("external_task_id") == body["data"]["task_info"].get("external_task_id")
            assert {"content-type", "content-length"} == set(headers)
            assert "application/json" == headers["content-type"]


def test_the_command_can_set_the_only_accepted_token() -> None:
    """Any other token is 401 with `--token`."""
    sample = json.dumps(example("sample")).encode()
    with running_command("--port", "0", "--token", "sk-mine") as (_, line), connect(port_of(line)) as connection:
        assert 401 == response_to(connection, sample)[0]
        assert 200 == response_to(connection, sample, {**HEADERS, "Authorization": "Bearer sk-mine"})[0]


def test_head_is_answered_without_a_body(port: int) -> None:
    """A HEAD request gets 405, and the connection stays usable."""
    with connect(port) as connection:
        status, headers, body = response_to(connection, b"", method="HEAD")

        assert (405, None) == (status, body)
        assert {"content-type", "content-length", "allow"} == set(headers)
        assert 200 == response_to(connection, json.dumps(example("sample")).encode())[0]


def test_a_refused_request_leaves_its_connection_usable(port: int) -> None:
    """The server reads the rest of the refused body first."""
    sample = json.dumps(example("sample")).encode()
    with connect(port) as connection:
        for _ in range(3):
            assert 401 == response_to(connection, sample * 1000, {"Content-Type": "application/json"})[0]
            assert 400 == response_to(connection, b"<" * 1_000_000)[0]
            assert 200 == response_to(connection, sample)[0]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_answered_although_it_is_sent_in_full(port: int, *, chunked: bool) -> None:
    """A peer that is still sending gets 413 and not a reset."""
    chunk = b" " * (LIMIT // 10)
    body = [chunk] * 12
    with connect(port) as connection:
        status, headers, response = response_to(connection, iter(body) if chunked else b"".join(body))

        assert (413, 1200) == (status, response["code"])
        assert {"content-type", "content-length"} == set(headers)
        assert 200 == response_to(connection, json.dumps(example("sample")).encode())[0]


def test_a_body_without_100_continue_is_never_sent(port: int) -> None:
    """A request that waits for it is refused, and its connection closed."""
    lines = [f"POST {ELEMENTS} HTTP/1.1", "Host: mock", f"Content-Length: {LIMIT}", "Expect: 100-continue", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join(lines).encode())
        response = b"".join(iter(lambda: connection.recv(1 << 16), b""))

    assert response.startswith(b"HTTP/1.1 401 ")
    assert 1 == response.count(b"connection: close\r\n")


def test_many_requests_at_once_are_each_answered_with_their_own_response(port: int) -> None:
    """Valid and invalid requests over many connections get different request ids."""
    sample = example("sample")

    def send_requests(number: int) -> set[str]:
        ids: set[str] = set()
        with connect(port) as connection:
            for turn in range(10):
                name = f"{number}-{turn}".ljust(20 + turn % 2, ".")
                status, _, response = response_to(connection, json.dumps({**sample, "element_name": name}).encode())
                assert (400 if turn % 2 else 200) == status
                ids.update({response["request_id"]} if turn % 2 else ())
        return ids

    with ThreadPoolExecutor(40) as threads:
        ids = list(threads.map(send_requests, range(40)))

    assert 200 == len(set().union(*ids))


def test_broken_requests_do_not_harm_the_server(port: int) -> None:
    """The server answers the next request after a peer has sent something other than HTTP."""
    for raw in [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"GET",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ]:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            response = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        assert not response or response.startswith(b"HTTP/1.1 400 ")

    with connect(port) as connection:
        assert 200 == response_to(connection, json.dumps(example("sample")).encode())[0]


def test_a_server_may_run_in_a_thread() -> None:
    """The server installs no signal handlers, and runs until `should_exit` is set."""
    listener = mock_server.listen("127.0.0.1", 0)
    background = mock_server.Background(create_app())
    thread = threading.Thread(target=background.run, args=([listener],))
    thread.start()
    with connect(listener.getsockname()[1]) as connection:
        assert 0 == ask(connection, "POST", ELEMENTS, example("sample"))["code"]
    background.should_exit = True
    thread.join(PATIENCE_SECONDS)

    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_quietly(number: signal.Signals) -> None:
    """The exit code is 0, and nothing is printed about requests."""
    with running_command("--port", "0") as (process, line):
        with connect(port_of(line)) as connection:
            assert 200 == response_to(connection, json.dumps(example("sample")).encode())[0]
            assert 400 == response_to(connection, b'{"image":"QUJD"}')[0]
        process.send_signal(number)

        assert ("", "") == process.communicate(timeout=PATIENCE_SECONDS)
        assert 0 == process.returncode


def test_a_stalled_caller_does_not_delay_the_end_of_the_server() -> None:
    with running_command("--port", "0") as (process, line):
        with socket.create_connection(("127.0.0.1", port_of(line))) as connection:
            head = [
                f"POST {ELEMENTS} HTTP/1.1",
                "Host: mock",
                "Content-Length: 9",
                *map(": ".join, HEADERS.items()),
                "",
                "{",
            ]
            connection.sendall("\r\n".join(head).encode())
            with connect(port_of(line)) as other:  # once this is answered, the request above has been read
                assert 400 == response_to(other, b"{")[0]
            process.send_signal(signal.SIGINT)

            assert ("", "") == process.communicate(timeout=PATIENCE_SECONDS)
        assert 0 == process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_start_ends_the_server_quietly(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes during the imports."""
    before = {caught: signal.getsignal(caught) for caught in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(command, "_parse", lambda *_: signal.raise_signal(number))
    try:
        with pytest.raises(SystemExit) as caught:
            command.main()
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)

    assert 0 == caught.value.code


def test_the_clock_and_the_limits_are_those_of_the_command() -> None:
    """--tick, --concurrency and --rate take effect, and the control API advances the manual clock."""
    limits = ("--tick", "2.5", "--concurrency", "3", "--rate", "2", "--manual-clock")
    with running_command("--port", "0", *limits) as (_, line), connect(port_of(line)) as connection:
        codes = [response_to(connection, creation(name))[2]["code"] for name in "aabc"]
        assert [0, 1201, 0, 1302] == codes
        ask(connection, "POST", "/_mock/clock", {"seconds": 2.5})
        assert [0, 1303] == [response_to(connection, creation(name))[2]["code"] for name in "cd"]
        ask(connection, "POST", "/_mock/clock", {"seconds": 2.5})
        tasks = ask(connection, "GET", "/_mock/elements")

    assert ["succeed", "succeed", "processing"] == [task["status"] for task in tasks]
    assert ["a", "b", "c"] == [task["external_task_id"] for task in tasks]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), (400, 1201, "Task not found by id/external id: x")),
        (("--dialect", "live"), (400, 1201, "Task not found by id/external id: x")),
        (
            ("--dialect", "documented"),
            (404, 1203, "no such resource: no task of this account has this id or external_task_id"),
        ),
    ],
)
def test_the_dialect_is_that_of_the_command(options: tuple[str, ...], expected: tuple[int, int, str]) -> None:
    """The default is the dialect of the live service."""
    with running_command("--port", "0", *options) as (_, line), connect(port_of(line)) as connection:
        status, _, response = response_to(connection, b"", method="GET", path=f"{ELEMENTS}/x")

    assert expected == (status, response["code"], response["message"])


def test_tasks_take_the_times_of_the_command() -> None:
    """Each task ends between the two times, which exclude `--tick`."""
    options = ("--task-seconds", "2.5-40", "--manual-clock")
    with running_command("--port", "0", *options) as (_, line), connect(port_of(line)) as connection:
        for number in range(50):
            ask(connection, "POST", ELEMENTS, {**example("sample"), "external_task_id": f"{number}"})
        durations = []
        for seconds in (2.499, 17.5, 20.001):
            ask(connection, "POST", "/_mock/clock", {"seconds": seconds})
            durations.append([task["status"] for task in ask(connection, "GET", "/_mock/elements")].count("succeed"))
    result = subprocess.run([*COMMAND, *options, "--tick", "1"], capture_output=True, text=True, check=False)

    assert (0, 50) == (durations[0], durations[2])
    assert 0 < durations[1] < 50
    assert 2 == result.returncode
    assert "error: argument --tick: not allowed with argument --task-seconds" in result.stderr


def test_faults_are_carried_out_on_a_socket(port: int) -> None:
    """A cut connection sends no bytes, a slow response is complete, and the server continues."""
    with connect(port) as connection:
        before = len(ask(connection, "GET", "/_mock/elements"))
        ask(connection, "POST", "/_mock/faults", ["drop-before", "drop-after", "drip:0.1", "status-204-after"])
        for _ in range(2):
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                response_to(connection, creation("cut"))
            connection.close()
        assert 0 == response_to(connection, creation("drip"))[2]["code"]
        assert (204, None) == response_to(connection, creation("empty"))[::2]
        assert before + 3 == len(ask(connection, "GET", "/_mock/elements"))


def test_a_late_creation_outlives_its_caller(port: int) -> None:
    """A caller who hung up can look up the task later."""
    with connect(port) as connection:
        ask(connection, "POST", "/_mock/faults", ["late:0.2"])
        connection.request("POST", ELEMENTS, creation("left"), HEADERS)
        connection.close()
        status, until = 0, time.monotonic() + PATIENCE_SECONDS
        while status != 200:
            assert time.monotonic() < until
            time.sleep(0.01)
            status, _, response = response_to(connection, b"", method="GET", path=f"{ELEMENTS}/left")

    assert "left" == response["data"]["task_info"]["external_task_id"]


def test_every_answered_create_survives_a_kill(tmp_path: Path) -> None:
    """The next server has every task whose create was answered before the kill."""
    state = str(tmp_path / "state.db")
    answered: set[str] = set()
    numbers = count()

    def create_until_the_end(port: int, name: str) -> None:
        with connect(port) as connection, suppress(OSError, http.client.HTTPException):
            while True:
                answered.add(response_to(connection, creation(f"{name}-{next(numbers)}"))[2]["data"]["task_id"])

    for turn in range(3):
        with running_command("--port", "0", "--state", state) as (process, line), ThreadPoolExecutor(3) as threads:
            for thread in range(3):
                threads.submit(create_until_the_end, port_of(line), f"{turn}-{thread}")
            expected = len(answered) + 30
            while len(answered) < expected:
                time.sleep(0.001)
            process.kill()
    with running_command("--port", "0", "--state", state) as (_, line), connect(port_of(line)) as connection:
        tasks = ask(connection, "GET", "/_mock/elements")

    ids = [task["task_id"] for task in tasks]
    assert answered <= set(ids)
    assert len(ids) == len({task["external_task_id"] for task in tasks}) <= len(answered) + 9


def test_a_signal_closes_the_state(tmp_path: Path) -> None:
    """The signal leaves only the state file, without a journal."""
    state = tmp_path / "state.db"
    with running_command("--port", "0", "--state", str(state)) as (process, line):
        with connect(port_of(line)) as connection:
            ask(connection, "POST", ELEMENTS, example("fromImages"))
        process.send_signal(signal.SIGTERM)

        assert ("", "") == process.communicate(timeout=PATIENCE_SECONDS)
        assert 0 == process.returncode
    assert [state] == list(tmp_path.iterdir())


def test_the_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """There it is hidden from process lists."""
    secret = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", secret)
    with socket.create_server(("127.0.0.1", 0)) as receiver, running_command("--port", "0", "--tick", "0") as (_, line):
        receiver.settimeout(PATIENCE_SECONDS)
        address = f"http://127.0.0.1:{receiver.getsockname()[1]}/"
        with connect(port_of(line)) as connection:
            ask(connection, "POST", ELEMENTS, {**example("sample"), "callback_url": address})
        peer, _ = receiver.accept()
        with peer, peer.makefile("rb") as stream:
            lines = [line.decode().strip() for line in iter(stream.readline, b"\r\n")]
            headers = {name.lower(): value for name, _, value in (header.partition(": ") for header in lines[1:])}
            text = stream.read(int(headers["content-length"]))

    assert "succeed" == Webhook(secret).verify(text, headers)["task_status"]


def test_an_invalid_secret_in_the_environment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message doesn't repeat it. An empty variable counts as unset."""
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", "sesame")
    result = subprocess.run([*COMMAND, "--port", "0"], capture_output=True, text=True, check=False)
    assert (2, "") == (result.returncode, result.stdout)
    assert "sesame" not in result.stderr

    monkeypatch.setenv("KLING_WEBHOOK_SECRET", "")
    with running_command("--port", "0") as (_, line):
        assert port_of(line)
