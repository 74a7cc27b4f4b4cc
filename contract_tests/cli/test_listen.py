"""Notifications are received with `kling-elements listen`."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import PATIENCE_SECONDS, PROGRAM, CommandLine
from contract_tests.support.peers import listening
from contract_tests.support.signed_notifications import BODY, SECRET
from kling_elements import KlingElements
from kling_elements.cli.commands.listen import command
from kling_elements.cli.receiver import NotificationReceiver
from kling_elements.mock import server
from kling_elements.testing.gateway import MockGateway

_ADDRESS = re.compile(rb"Listening on (http://\S+) ")


@contextmanager
def _listening(env: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start the command on a free port, yield the process and its address, and end it after the block."""
    arguments = [*PROGRAM, "listen", "--port", "0", *options]
    with subprocess.Popen(arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        match = _ADDRESS.match(process.stderr.readline())
        assert match is not None
        try:
            yield process, match[1].decode()
        finally:
            process.kill()


def test_notifications_of_the_mock_server_are_written_until_ctrl_c(
    env: dict[str, str], kling_mock: MockGateway
) -> None:
    """The mock server does not sign its notifications here."""
    request = {
        "element_name": "Mara",
        "element_description": "A pilot",
        "reference_type": "video_refer",
        "element_video_list": {"refer_videos": [{"video_url": "https://example.com/mara.mp4"}]},
    }
    with _listening(env, "--no-verify", "--json") as (process, url):
        with KlingElements(kling_mock.token, kling_mock.url) as kling:
            task = kling.create({**request, "callback_url": f"{url}/hook"})
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert (str(task.task_id), False) == (line["task"]["task_id"], line["verified"])
    assert 0 == process.returncode
    assert b"Traceback" not in err


def test_a_closed_pipe_ends_the_command(env: dict[str, str]) -> None:
    """The notification is still forwarded, and `listen | head -1` succeeds."""
    with ExitStack() as running:
        target = running.enter_context(listening(lambda peer: peer.respond()))
        process, url = running.enter_context(_listening(env, "--no-verify", "--forward", target.url))
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        httpx.post(url, content=BODY, trust_env=False, timeout=PATIENCE_SECONDS)
        code = process.wait(timeout=PATIENCE_SECONDS)
        err = process.stderr.read()

    assert [BODY] == [heard.body for heard in target.requests]
    assert (0, False) == (code, b"Traceback" in err)


def test_the_error_that_ended_the_server_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test repeats the previous one in a way that CPython 3.11 can trace."""

    class _EndedServer:
        def __init__(self, receiver: NotificationReceiver) -> None:
            self._receiver = receiver

        def run(self, sockets: list[socket.socket]) -> None:
            assert 1 == len(sockets)
            self._receiver.failure = BrokenPipeError()

    monkeypatch.setattr(server, "Background", _EndedServer)

    with pytest.raises(BrokenPipeError):
        command(port=0, no_verify=True)


def test_listen_on_a_terminal(env: dict[str, str]) -> None:
    """The terminal shows the address, and then each notification."""
    ours, theirs = pty.openpty()
    arguments = [*PROGRAM, "listen", "--port", "0"]
    env = env | {"KLING_WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(arguments, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            output = b""
            while not (match := _ADDRESS.search(output)):
                output += os.read(ours, 1 << 16)
            response = httpx.post(match[1].decode(), content=BODY, trust_env=False, timeout=PATIENCE_SECONDS)
            while b"refused: " not in output:
                output += os.read(ours, 1 << 16)
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
            os.close(ours)

    assert (400, 0) == (response.status_code, code)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "there is no webhook secret: set the environment variable KLING_WEBHOOK_SECRET"),
        (["--no-verify", "--secret-file", "secret"], "--no-verify and --secret-file contradict each other"),
        (["--no-verify", "--forward", "127.0.0.1:8000"], "--forward must be an http or https URL"),
        (["--no-verify", "--forward", "http://"], "--forward must be an http or https URL"),
        (["--no-verify", "--forward", "http://a:b"], "--forward must be an http or https URL"),
        (["--no-verify", "--port", "65536"], "65535"),
        (["--no-verify", "--host", "nobody.invalid"], "cannot listen on nobody.invalid, port 8788: "),
    ],
)
def test_wrong_usage_is_explained(options: list[str], message: str, kling_elements: CommandLine) -> None:
    """The command starts no server."""
    result = kling_elements("listen", *options)

    assert (2, "") == (result.code, result.out)
    assert message in result.err


def test_a_taken_port_is_reported(kling_elements: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = kling_elements("listen", "--no-verify", "--port", port)

    assert 2 == result.code
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in result.err


def test_help_of_listen(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements("listen", "--help").out
