"""The option `--gateway`, and the environment variable KLING_GATEWAY."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.command_line import CommandLine
from contract_tests.support.peers import http_response, listening
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client import gateways as packaged

_CALLING = ["create", "wait", "get", "list", "presets", "delete", "doctor"]
_UNUSUAL = "presets-by-post"


@pytest.fixture
def unusual_gateway(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockGateway]:
    """Run the gateway that differs most, at the address in the environment."""
    del kling_elements  # it sets the environment first
    with serving(create_app(contract=contract_of(_UNUSUAL, None), tick_seconds=0)) as gateway:
        monkeypatch.setenv("KLING_BASE_URL", gateway.url)
        yield gateway


@pytest.mark.parametrize("command", _CALLING)
def test_every_command_that_calls_a_gateway_has_the_option(command: str, kling_elements: CommandLine) -> None:
    ended = kling_elements(command, "--help")

    assert "--gateway STR" in ended.out
    assert "KLING_GATEWAY" in ended.out


@pytest.mark.usefixtures("unusual_gateway")
def test_a_command_follows_the_contract_of_the_gateway(kling_elements: CommandLine) -> None:
    """Presets are posted, and the delete path is the gateway's."""
    presets = kling_elements("presets", "--gateway", _UNUSUAL, "--json")
    deletion = kling_elements("delete", "123", "--gateway", _UNUSUAL)

    assert (0, 3) == (presets.code, len(presets.lines()))
    assert 3 == deletion.code
    assert "the gateway has no element 123 (" in deletion.err
    assert 3 == kling_elements("presets").code


@pytest.mark.usefixtures("unusual_gateway")
def test_the_environment_names_the_gateway_if_no_option_does(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_GATEWAY", _UNUSUAL)

    assert 0 == kling_elements("presets").code
    assert 3 == kling_elements("presets", "--gateway", "kkiai").code


def test_a_call_that_the_gateway_does_not_offer_is_refused_here(
    unusual_gateway: MockGateway, kling_elements: CommandLine
) -> None:
    """Nothing is sent."""
    ended = kling_elements("list", "--gateway", _UNUSUAL)

    assert 1 == ended.code
    assert "error: the contract of this gateway does not offer listElements, only createElement" in ended.err
    assert [] == unusual_gateway.tasks()


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "mine.JSON", "mine", "./kkiai"])
def test_the_option_takes_the_file_of_an_overlay(
    name: str, kling_elements: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is used if no other is set. A name that is a gateway's needs ./ to be a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KLING_BASE_URL")
    with listening(lambda peer: peer.respond(http_response(b'{"code": 0, "data": []}'))) as server:
        overlay = {
            "overlay": "1.0.0",
            "info": {"title": "Mine", "version": "1"},
            "actions": [
                {"target": "$.servers[*]", "remove": True},
                {"target": "$.servers", "update": {"url": server.url}},
                {"target": f"$.paths['{ELEMENTS}']", "remove": True},
                {"target": "$.paths", "update": {"/mine": {"$ref": "#/components/pathItems/Elements"}}},
            ],
        }
        (tmp_path / name).write_text(json.dumps(overlay))  # which is YAML too
        ended = kling_elements("list", "--gateway", name)

    assert (0, "There are no tasks yet.\n") == (ended.code, ended.err)
    assert server.requests[0].line.startswith("GET /mine?")


def test_a_name_is_not_taken_for_a_file(
    kling_elements: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder or a file that happens to be named like a gateway changes nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kkiai").write_text("notes")

    assert 0 == kling_elements("list", "--gateway", "kkiai").code


@pytest.mark.parametrize("command", [["list"], ["spec"]])
def test_an_unknown_name_is_a_clear_error(command: list[str], kling_elements: CommandLine) -> None:
    """The message lists the names."""
    ended = kling_elements(*command, "--gateway", "kling-singapor")

    assert 2 == ended.code
    assert "there is no gateway 'kling-singapor': use " in ended.err
    assert all(name in ended.err for name in packaged.BASE_URLS)
    assert ended.err.rstrip().endswith(", or an overlay file (NAME.yaml or NAME.json)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file or directory"),
        ("overlay: [", "while parsing"),
        ("overlay: 2.0.0", "/overlay: must be the version of the overlay specification"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    text: str | None, reason: str, kling_elements: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)

    ended = kling_elements("list", "--gateway", path)

    assert 2 == ended.code
    assert f"error: {path}: " in ended.err
    assert reason in ended.err


def test_a_voice_of_an_element_from_images_is_the_gateways_to_allow(kling_elements: CommandLine) -> None:
    """The contract forbids it (R28), and Kling's own hosts allow it, so the command sends it there."""
    create = ["create", "--name", "Mara", "--description", "A pilot", "--voice", "voice-1"]
    images = ["--front", "https://media.example.com/a.jpg", "--refer", "https://media.example.com/b.jpg"]

    refused = kling_elements(*create, *images)
    sent = kling_elements(*create, *images, "--gateway", "kling-singapore")

    assert (1, 3) == (refused.code, sent.code)  # the server that was started has other paths
    assert "--voice" in refused.err
    assert "there is no such path" in sent.err
