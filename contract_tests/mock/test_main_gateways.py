"""The commands that play a gateway."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.gateway_cases import GATEWAYS
from contract_tests.support.documents import example
from contract_tests.support.mock_command import COMMAND, ask, connect, port_of, response_to, running_command
from kling_elements import gateways
from kling_elements.mock import __main__ as command
from kling_elements.mock.__main__ import OptionError, StartError

pytestmark = pytest.mark.slow
_KLING_ELEMENTS = [str(Path(sys.executable).with_name("kling-elements")), "mock"]
_NAMES = ", ".join(gateway.name for gateway in gateways())
_BY_NAME = {row.id: row for row in GATEWAYS}


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    """Restore the handlers of signals, because the command installs its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _overlay(folder: Path, *actions: dict[str, Any]) -> str:
    path = folder / "mine.json"
    path.write_text(json.dumps({"overlay": "1.0.0", "info": {"title": "Mine", "version": "1"}, "actions": actions}))
    return str(path)


def _message(arguments: list[str]) -> str:
    """Return the message of the error with which the server does not start."""
    with pytest.raises((OptionError, StartError)) as caught:
        command.run([*arguments, "--port", "0"], "it")
    assert 2 == caught.value.exit_code
    return str(caught.value)


@pytest.mark.parametrize("program", [COMMAND, _KLING_ELEMENTS], ids=["python -m", "kling-elements"])
def test_the_command_plays_a_gateway(program: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Kling's own host in Singapore has no prefix, and accepts a voice on an element from images."""
    monkeypatch.setattr("contract_tests.support.mock_command.COMMAND", program)
    row = _BY_NAME["kling-singapore"]
    request = {**example("sample"), "element_voice_id": "voice-4711"}
    with running_command("--port", "0", "--gateway", row.id) as (_, line), connect(port_of(line)) as connection:
        assert 0 == ask(connection, "POST", row.elements, request)["code"]
        assert 404 == response_to(connection, b"{}", path=_BY_NAME["kkiai"].elements)[0]


@pytest.mark.parametrize("program", [COMMAND, _KLING_ELEMENTS], ids=["python -m", "kling-elements"])
def test_an_unknown_gateway_is_reported_with_the_known_names(program: list[str]) -> None:
    done = subprocess.run([*program, "--gateway", "nobody"], capture_output=True, text=True, check=False)

    message = (
        f"argument --gateway: there is no gateway 'nobody': use {_NAMES}, or an overlay file (NAME.yaml or NAME.json)"
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert f"error: {message}\n" in done.stderr


def test_the_command_plays_an_overlay_of_your_own(tmp_path: Path) -> None:
    overlay = _overlay(tmp_path, {"target": "$['x-ids']", "update": {"task": "integer"}})
    path = _BY_NAME["kkiai"].elements
    with running_command("--port", "0", "--gateway", overlay) as (_, line), connect(port_of(line)) as connection:
        assert isinstance(ask(connection, "POST", path, example("sample"))["data"]["task_id"], int)


def test_a_file_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    """The message names the file and what is wrong with it."""
    missing, no_create = str(tmp_path / "no.yaml"), {"target": "$.components.pathItems.Elements.post", "remove": True}

    assert _message(["--gateway", missing]).startswith(f"argument --gateway: {missing}: ")
    message = _message(["--gateway", _overlay(tmp_path, no_create)])
    assert message.startswith("argument --gateway: the contract lacks the operation createElement: ")


def test_a_gateway_that_the_server_cannot_play_is_reported(tmp_path: Path) -> None:
    """Clients need no examples, but the server answers from them; it also has to know the kinds of ids."""
    no_example = {"target": "$..examples.submittedFlat", "remove": True}
    runes = {"target": "$['x-ids']", "update": {"task": "runes"}}

    message = _message(["--gateway", _overlay(tmp_path, no_example)])
    assert "the gateway's contract lacks 'submittedFlat', which the server needs" == message
    message = _message(["--gateway", _overlay(tmp_path, runes)])
    assert "/x-ids/task of the contract must be one of digits, integer, not 'runes'" == message


def test_the_dialect_must_be_one_of_the_gateway(tmp_path: Path) -> None:
    overlay = _overlay(tmp_path, {"target": "$['x-dialects'].live", "remove": True})

    message = "argument --dialect: there is no dialect 'live'; use one of documented"
    assert message == _message(["--gateway", overlay, "--dialect", "live"])
