"""Which contract a client has: by the name of a gateway, the host of its URL, or an overlay of your own."""

from __future__ import annotations

import builtins
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from contract_tests.reading.image_body import body_with
from contract_tests.support.running import TOKEN
from contract_tests.support.scripted import Client, ScriptedClient, task
from kling_elements import Gateway, OperationNotOfferedError, gateways
from kling_elements.gateway_catalog import contract_of
from kling_elements_client.contract import CONTRACT
from kling_elements_client.gateways import BASE_URLS, overlay
from kling_elements_runtime.contract import Contract

_SINGAPORE = "https://api-singapore.klingai.com"
_CREATE = "/v1/general/advanced-custom-elements"
_MINE: dict[str, Any] = {
    "overlay": "1.0.0",
    "info": {"title": "Mine", "version": "2026"},
    "actions": [
        {"target": "$.servers[*]", "remove": True},
        {"target": "$.servers", "update": {"url": "https://mine.example.com"}},
        {"target": "$.components.pathItems.Elements.get", "remove": True},
    ],
}


def _path_of(contract: Contract) -> str:
    return contract.operation("createElement").path


def test_each_gateway_is_listed() -> None:
    listed = gateways()

    assert list(BASE_URLS) == [gateway.name for gateway in listed]
    assert Gateway(
        name="kling-singapore",
        title="Kling, Singapore",
        summary="The vendor's own host. Paths have no prefix, and an element from images may have a voice.",
        base_url=_SINGAPORE,
        version="2026-09-20",
    ) == next(gateway for gateway in listed if gateway.name == "kling-singapore")
    assert all(gateway.version and gateway.title and gateway.summary for gateway in listed)


@pytest.mark.parametrize("name", BASE_URLS)
def test_the_contract_of_a_gateway_is_made_once(name: str) -> None:
    assert contract_of(name, None) is contract_of(name, "https://other.example.com")
    assert (contract_of(name, None) is CONTRACT) == (name == "kkiai")


@pytest.mark.parametrize(
    "url",
    [
        _SINGAPORE,
        f"{_SINGAPORE}/",
        f"{_SINGAPORE}:443",
        f"{_SINGAPORE}:8443/prefix",
        "https://API-Singapore.KlingAI.com",
        "http://user@api-singapore.klingai.com",
    ],
)
def test_the_host_of_the_url_decides(url: str) -> None:
    assert contract_of("kling-singapore", None) is contract_of(None, url)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://www.kkiai.com",
        "https://gateway.example.com",
        "https://api-singapore.klingai.com.example.com",
        "https://gateway.example.com/api-singapore.klingai.com",
        "https://[::1",
        "api-singapore.klingai.com",
    ],
)
def test_any_other_host_has_the_contract_of_the_package(url: str | None) -> None:
    assert contract_of(None, url) is CONTRACT


def test_the_environment_may_name_the_host(client_class: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_BASE_URL", _SINGAPORE)

    kling = client_class(TOKEN)

    assert (_SINGAPORE, _CREATE) == (kling.client.base_url, _path_of(kling.client.contract))


def test_a_gateway_has_an_address(client_class: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """`base_url` says where, and `gateway` says how; a gateway without an address needs both."""
    monkeypatch.delenv("KLING_BASE_URL", raising=False)

    assert _SINGAPORE == client_class(TOKEN, gateway="kling-singapore").client.base_url
    elsewhere = client_class(TOKEN, "https://proxy.example.com", gateway="kling-singapore").client
    assert ("https://proxy.example.com", _CREATE) == (elsewhere.base_url, _path_of(elsewhere.contract))
    back = client_class(TOKEN, _SINGAPORE, gateway="kkiai").client
    assert (_SINGAPORE, f"/kling{_CREATE}") == (back.base_url, _path_of(back.contract))
    with pytest.raises(ValueError, match=r"^the contract does not say where the gateway is: pass base_url, or set"):
        client_class(TOKEN, gateway="passthrough")
    assert "https://a.example" == client_class(TOKEN, "https://a.example", gateway="passthrough").client.base_url


def test_a_client_has_either_a_gateway_or_a_contract(client_class: Client) -> None:
    with pytest.raises(ValueError, match=r"^pass either gateway or contract: a gateway has a contract$"):
        client_class(TOKEN, gateway="kkiai", contract=CONTRACT)


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json", ".JSON"])
def test_an_overlay_of_your_own_describes_a_gateway(client_class: Client, tmp_path: Path, suffix: str) -> None:
    """Requests go to its server, unless you pass `base_url`. An operation that it removes can't be called."""
    path = tmp_path / f"mine{suffix}"
    with path.open("w", encoding="utf-8") as file:
        json.dump(_MINE, file) if suffix.lower() == ".json" else YAML(typ="safe").dump(_MINE, file)

    kling = client_class(TOKEN, gateway=path)
    client = ScriptedClient(client_class, task(), gateway=path)

    assert "https://mine.example.com" == kling.client.base_url
    assert "7" == client.create(body_with()).task_id
    with pytest.raises(OperationNotOfferedError, match=r"^the contract of this gateway does not offer listElements"):
        client.take(1, "list")
    assert "create" == client.gateway.calls()


def test_a_shipped_overlay_can_be_the_start_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(overlay("kling-beijing")), "utf-8")

    assert contract_of(path, None).document() == contract_of("kling-beijing", None).document()


def _yaml_with(target: str, update: str) -> bytes:
    """Return an overlay with one action, as YAML."""
    action = f'{{target: "{target}", update: {{{update}}}}}'
    return f"overlay: 1.0.0\ninfo: {{title: Mine, version: '1'}}\nactions: [{action}]".encode()


@pytest.mark.parametrize("name", ["Task", "ElementName"])
def test_an_invalid_schema_is_found_when_the_client_is_made(client_class: Client, tmp_path: Path, name: str) -> None:
    """A create would be sent, and its response could not be read."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(_yaml_with(f"$.components.schemas.{name}", "pattern: '('"))

    with pytest.raises(ValueError, match=r"^the contract has a schema that is not valid JSON Schema: "):
        client_class(TOKEN, _SINGAPORE, gateway=path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.yaml", None, "No such file or directory"),
        ("mine.yaml", b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("mine.yaml", b"a: [", "while parsing a flow node expected the node content, but found '<stream end>'"),
        ("mine.yaml", b"a: 1\na: 2", "while constructing a mapping"),
        ("mine.json", b"a: 1", "Expecting value: line 1 column 1 (char 0)"),
        ("mine.json", b"[]", ": must be an object with actions, extends, info, overlay"),
        ("mine.yaml", b"overlay: 1.0.0", "/info: must be an object with description, title, version"),
        (
            "mine.json",
            json.dumps({**_MINE, "actions": [{"target": "$.none", "remove": True}]}).encode(),
            "/actions/0/target: '$.none' selects nothing in the document",
        ),
        (
            "mine.json",
            json.dumps({**_MINE, "actions": [{"target": "$.components.pathItems.Element", "remove": True}]}).encode(),
            "#/components/pathItems/Element: no such place in the document",
        ),
        (
            "mine.yaml",
            _yaml_with("$.components.pathItems.Element.get.responses", "202: {description: Later}"),
            "/actions/0/update: the name 202 must be a string; put it in quotes",
        ),
        (
            "mine.yaml",
            _yaml_with("$.components.schemas.ElementName", "description: 2026-01-01"),
            "/actions/0/update/description: must be a JSON value, not date; put it in quotes",
        ),
        (
            "mine.yaml",
            _yaml_with("$.components.schemas.ElementName", "x-note: [{1: a}]"),
            "/actions/0/update/x-note/0: the name 1 must be a string; put it in quotes",
        ),
    ],
)
def test_an_overlay_that_cannot_be_used_is_refused_with_its_file(
    client_class: Client, tmp_path: Path, name: str, text: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text)

    with pytest.raises(ValueError, match=rf"^{re.escape(f'{path}: {message}')}") as caught:
        client_class(TOKEN, gateway=path)

    assert "\n" not in str(caught.value)
    assert str(caught.value).count(str(path)) == 1


def test_an_overlay_must_leave_what_the_client_needs(client_class: Client, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps({**_MINE, "actions": [{"target": "$.components.pathItems.Elements.post", "remove": True}]}), "utf-8"
    )

    with pytest.raises(ValueError, match=r"^the contract lacks the operation createElement: "):
        client_class(TOKEN, gateway=path)


def test_yaml_needs_a_package_that_json_does_not_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_yaml, as_json = tmp_path / "mine.yaml", tmp_path / "mine.json"
    for path in (as_yaml, as_json):
        path.write_text(json.dumps(_MINE), "utf-8")
    imported = builtins.__import__

    def without_ruamel(name: str, *arguments: Any) -> Any:
        if name.startswith("ruamel"):
            raise ImportError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_ruamel)

    with pytest.raises(ValueError, match=r'mine\.yaml: to read YAML, install "kling-elements\[cli\]"; JSON needs no'):
        contract_of(as_yaml, None)
    assert "https://mine.example.com" == contract_of(as_json, None).first_server()


def test_an_unknown_gateway_is_refused_with_those_that_exist(client_class: Client) -> None:
    with pytest.raises(
        ValueError, match=r"^there is no gateway 'kling': use api-prefix, .*, or a pathlib\.Path to an overlay$"
    ):
        client_class(TOKEN, gateway="kling")


@pytest.mark.parametrize("gateway", [b"kkiai", 1, {}])
def test_anything_but_a_name_or_a_path_is_refused(client_class: Client, gateway: Any) -> None:
    with pytest.raises(TypeError, match=r"^gateway must be a name or a pathlib\.Path, not (bytes|int|dict)$"):
        client_class(TOKEN, gateway=gateway)


@pytest.mark.parametrize("url", [5, b"https://a.example", ["https://a.example"]])
def test_a_url_of_the_wrong_type_is_refused_by_the_client(client_class: Client, url: Any) -> None:
    with pytest.raises(TypeError, match=r"^base_url must be "):
        client_class(TOKEN, url)


def test_a_client_without_a_gateway_reads_no_overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not even import what applies them."""
    monkeypatch.delenv("KLING_BASE_URL", raising=False)
    code = (
        "import sys; opened = []; sys.addaudithook(lambda name, args: name == 'open' and opened.append(str(args[0]))); "
        "from kling_elements import KlingElements; KlingElements('token', relax={'R28'}); "
        "print({'jsonpath', 'kling_elements_runtime.overlays'} & sys.modules.keys(), "
        "[path for path in opened if path.endswith('.json') and 'openapi' not in path])"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set() []\n" == ended.stdout
