"""The mock server plays the gateways that the package knows, and those of your own overlays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.gateway_cases import GATEWAYS, GatewayCase
from contract_tests.reading.image_body import BODY
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller, headers_of
from contract_tests.support.tables import for_each_row
from kling_elements import gateways
from kling_elements.mock import create_app
from kling_elements_client import contract
from kling_elements_runtime.document import operations

_NO_PRESETS: dict[str, Any] = {
    "overlay": "1.0.0",
    "info": {"title": "No presets", "version": "1"},
    "actions": [
        {"target": "$.paths['/kling/v1/general/advanced-presets-elements']", "remove": True},
        {"target": "$.components.examples.presets", "remove": True},
    ],
}


def _caller(row: GatewayCase) -> Caller:
    return Caller(create_app(tick_seconds=0, gateway=row.id))


def _written(value: object) -> str:
    return json.dumps(value)


def _overlay(folder: Path, *actions: dict[str, Any]) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({**_NO_PRESETS, "actions": actions or _NO_PRESETS["actions"]}))
    return path


@for_each_row(GATEWAYS)
def test_a_gateway_has_its_own_paths_and_methods(row: GatewayCase) -> None:
    app = create_app(gateway=row.id)

    calls = {
        (method, route.template): endpoint.operation.operation_id
        for route in app.routes
        for method, endpoint in route.endpoints.items()
    }
    assert row.calls == calls
    assert row.id in {gateway.name for gateway in gateways()}


@for_each_row(GATEWAYS)
def test_each_call_of_a_gateway_is_answered_with_ids_of_its_kinds(row: GatewayCase) -> None:
    """A task and its element have the same ids in every response, and in the list of the controls."""
    caller = _caller(row)
    task_id = caller.ask("POST", row.elements, BODY)["data"]["task_id"]
    task = caller.ask("GET", f"{row.elements}/{task_id}")["data"]
    (element,) = task["task_result"]["elements"]
    (kept,) = caller.every_task()

    assert re.fullmatch(row.task_id_pattern, _written(task_id))
    assert re.fullmatch(row.element_id_pattern, _written(element["element_id"]))
    assert task_id == task["task_id"] == kept["task_id"]
    assert element["element_id"] == kept["element_id"]
    assert 0 == caller.ask("POST", row.deletion, {"element_id": element["element_id"]})["code"]
    assert [True] == [one["deleted"] for one in caller.every_task()]


@for_each_row(GATEWAYS)
def test_presets_have_ids_of_the_same_kinds_and_cannot_be_deleted(row: GatewayCase) -> None:
    """The numbers of the contract's example are shorter than those of tasks, so only their form is compared."""
    caller = _caller(row)
    tasks = caller.ask(*row.presets)["data"]
    elements = [element for task in tasks for element in task["task_result"]["elements"]]

    assert 3 == len(elements)
    for task in tasks:
        assert re.fullmatch(row.task_id_pattern.replace("{16,17}", "+"), _written(task["task_id"]))
    for element in elements:
        assert re.fullmatch(row.element_id_pattern.replace("{16,17}", "+"), _written(element["element_id"]))
        status, code, message = caller.refusal("POST", row.deletion, {"element_id": element["element_id"]})
        assert (403, 1103) == (status, code)
        assert message.endswith("an element of the official library cannot be deleted")


@for_each_row(GATEWAYS)
def test_a_call_that_a_gateway_does_not_offer_is_405_or_404(row: GatewayCase) -> None:
    """Every call of another gateway is refused: 405 with the allowed methods if the path exists, otherwise 404."""
    caller = _caller(row)
    methods: dict[str, set[str]] = {}
    for method, path in row.calls:
        methods.setdefault(path, set()).add(method)

    for method, path in {call for other in GATEWAYS for call in other.calls} - row.calls.keys():
        reply = caller.send(method, path.replace("{id}", "7"), {} if method == "POST" else None)

        assert (405 if path in methods else 404) == reply.status, path
        if path in methods:
            assert ", ".join(sorted(methods[path])) == headers_of(reply)["allow"]


@for_each_row(GATEWAYS)
def test_the_rules_are_those_of_the_gateway(row: GatewayCase) -> None:
    """A voice on an element from images is accepted where the vendor's table of today applies, and bound to it."""
    caller = _caller(row)
    request = {**example("sample"), "element_voice_id": "voice-4711"}
    if "R28" in row.lifted:
        task_id = caller.ask("POST", row.elements, request)["data"]["task_id"]
        (element,) = caller.ask("GET", f"{row.elements}/{task_id}")["data"]["task_result"]["elements"]
        assert {"voice_id": "voice-4711"} == element["element_voice_info"]
    else:
        status, code, message = caller.refusal("POST", row.elements, request)
        assert (400, 1200) == (status, code)
        assert message.startswith("/element_voice_id: ")
        assert message.endswith("(R28)")
    assert 0 == caller.ask("POST", row.elements, example("sample"))["code"]


@for_each_row(GATEWAYS)
def test_the_pages_show_the_document_of_the_gateway(row: GatewayCase) -> None:
    """`/openapi.json` has its paths, `/docs` shows that document, and the greeting lists its calls."""
    caller = _caller(row)
    no_token = {"authorization": None}
    document = json.loads(caller.send("GET", "/openapi.json", headers=no_token).body)
    greeting = caller.send("GET", "/", headers=no_token).body.decode()

    assert row.calls.keys() == {(method.upper(), path) for path, method, _ in operations(document)}
    assert caller.app.contract.document()["components"]["schemas"] == document["components"]["schemas"]
    assert 200 == caller.send("GET", "/docs", headers=no_token).status
    for (method, path), operation in row.calls.items():
        assert f"  {method:<7} {path}  ({operation})\n" in greeting


def test_an_overlay_of_your_own_can_be_played(tmp_path: Path) -> None:
    """The gateway of this overlay has no official library."""
    caller = Caller(create_app(gateway=_overlay(tmp_path)))

    assert 404 == caller.send("GET", "/kling/v1/general/advanced-presets-elements").status
    assert 0 == caller.ask("POST", "/kling/v1/general/advanced-custom-elements", BODY)["code"]


@pytest.mark.parametrize(("name", "words"), [("task", "digits, integer"), ("element", "integer, digits, text")])
def test_an_unknown_kind_of_ids_is_an_error(tmp_path: Path, name: str, words: str) -> None:
    """The message says where the word is and which words are allowed."""
    overlay = _overlay(tmp_path, {"target": "$['x-ids']", "update": {name: "runes"}})

    with pytest.raises(ValueError, match=f"/x-ids/{name} of the contract must be one of {words}, not 'runes'"):
        create_app(gateway=overlay)


def test_element_ids_of_an_overlay_may_be_digits(tmp_path: Path) -> None:
    """No known gateway has them, but a passport may find one."""
    overlay = _overlay(tmp_path, {"target": "$['x-ids']", "update": {"element": "digits"}})
    caller = Caller(create_app(tick_seconds=0, gateway=overlay))

    assert re.fullmatch('"[0-9]{17}"', _written(caller.element(caller.create()["task_id"])["element_id"]))


def test_the_kind_of_element_ids_can_be_chosen_for_any_gateway() -> None:
    """An option is stronger than the gateway's own kind."""
    (row,) = [row for row in GATEWAYS if row.id == "text-ids"]
    caller = Caller(create_app(tick_seconds=0, gateway=row.id, element_ids="small"))
    task_id = caller.ask("POST", row.elements, BODY)["data"]["task_id"]

    (element,) = caller.ask("GET", f"{row.elements}/{task_id}")["data"]["task_result"]["elements"]
    assert 0 < element["element_id"] < 2**53


def test_an_unknown_gateway_is_an_error_that_lists_the_known_ones() -> None:
    names = ", ".join(gateway.name for gateway in gateways())

    with pytest.raises(ValueError, match=f"there is no gateway 'nobody': use {names}"):
        create_app(gateway="nobody")


def test_a_gateway_and_a_contract_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="pass either gateway or contract: a gateway has a contract"):
        create_app(gateway="kkiai", contract=contract.CONTRACT)
