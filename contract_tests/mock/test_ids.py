"""The kinds of element ids, and the hint for an id that a float rounded."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.paths import DELETION, PRESETS
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app, ids
from kling_elements_client import contract


def as_javascript(number: int) -> int:
    """Return the number that JavaScript would send back after parsing this one."""
    return int(float(number))


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Return the name of each dialect."""
    name: str = request.param
    return name


def created(dialect: str, kind: str) -> tuple[Caller, Any]:
    """Return a caller of a server with this kind of element ids, and the id of an element."""
    caller = Caller(create_app(tick_seconds=0, element_ids=kind, dialect=dialect), dialect=dialect)
    task = caller.create()
    element_id = caller.element(task["task_id"])["element_id"]
    assert [element_id] == [listed["element_id"] for listed in caller.every_task()]
    return caller, element_id


def refusal_of(caller: Caller, element_id: object) -> str:
    """Return the message of a refused deletion."""
    return caller.refusal("POST", DELETION, {"element_id": element_id})[2]


def test_small_ids_survive_javascript(dialect: str) -> None:
    """A script can delete an element by the number that it read."""
    caller, element_id = created(dialect, "small")

    assert isinstance(element_id, int)
    assert element_id == as_javascript(element_id) < 2**53
    assert 0 == caller.ask("POST", DELETION, {"element_id": as_javascript(element_id)})["code"]


def test_ids_as_digits_survive_javascript(dialect: str) -> None:
    """Such ids are strings, as at some gateways, and strings in the official library too."""
    caller, element_id = created(dialect, "digits")

    assert isinstance(element_id, str)
    assert int(element_id) != as_javascript(int(element_id))
    presets = [task["task_result"]["elements"][0]["element_id"] for task in caller.ask("GET", PRESETS)["data"]]
    assert {str} == set(map(type, presets))
    assert "an element of the official library cannot be deleted" in refusal_of(caller, presets[0])
    assert 0 == caller.ask("POST", DELETION, {"element_id": element_id})["code"]


def test_text_ids_lead_to_the_element(dialect: str) -> None:
    """The id looks random; an id that differs in one digit or its prefix, and other texts, are nobody's."""
    caller, element_id = created(dialect, "text")

    assert re.fullmatch("elem_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", element_id)
    for other in (
        element_id[5:],
        element_id.upper(),
        f"{element_id[:-1]}{int(element_id[-1], 16) ^ 1:x}",
        "elem_",
        "x",
    ):
        assert "this account has no finished element with this id" in refusal_of(caller, other)
    assert 0 == caller.ask("POST", DELETION, {"element_id": element_id})["code"]


def test_no_text_id_is_too_large_for_the_store(dialect: str) -> None:
    """The server writes no id of a task above 63 bits, so such a text is nobody's."""
    caller, _ = created(dialect, "text")

    assert "no finished element" in refusal_of(caller, ids.element_id_of(1 << 63, "text"))
    assert "no finished element" in refusal_of(caller, ids.element_id_of((1 << 63) - 1, "text"))


def test_presets_without_numbers_keep_their_ids() -> None:
    """A contract of your own may have other ids in its example."""
    task = {"task_id": "p-1", "task_result": {"elements": [{"element_id": "e-1"}]}}

    for kind in ids.KINDS:
        assert task == ids.Ids(contract.CONTRACT, kind).in_preset(task)


@pytest.mark.parametrize("sent", [as_javascript, lambda number: str(as_javascript(number))], ids=["number", "text"])
def test_a_rounded_id_is_refused_with_a_hint(sent: Any, dialect: str) -> None:
    """The hint contains the original id and says what to do. Nothing is deleted."""
    caller, element_id = created(dialect, "large")

    assert element_id != as_javascript(element_id)
    hint = f"a float, such as any number in JavaScript, turns {element_id} into this id: read the id as a string"
    assert f"{hint}, or start this server with --element-ids small or digits" in refusal_of(caller, sent(element_id))
    assert 0 == caller.ask("POST", DELETION, {"element_id": element_id})["code"]


def test_an_unknown_id_is_refused_without_the_hint(dialect: str) -> None:
    """Neither another token's id nor one near an existing id gets the hint."""
    caller, element_id = created(dialect, "large")

    for other in (element_id + 2, element_id + 1000, 7, 2**53, 10**17):
        assert "JavaScript" not in refusal_of(caller, other)
    stranger = Caller(caller.app, "sk-other", dialect=dialect)
    assert "JavaScript" not in refusal_of(stranger, as_javascript(element_id))


def test_a_state_is_read_with_ids_of_another_kind(tmp_path: Any) -> None:
    """An element is still found by the ids of every kind."""
    path, element_ids = tmp_path / "state.db", []
    for kind in ids.KINDS:
        app = create_app(tick_seconds=0, state=path, element_ids=kind)
        element_ids.append(Caller(app).element(Caller(app).create()["task_id"])["element_id"])
        app.close()
    app = create_app(state=path)
    for element_id in element_ids:
        assert 0 == Caller(app).ask("POST", DELETION, {"element_id": element_id})["code"]
    app.close()


@pytest.mark.parametrize("task_id", [1, 1_800_000_000_000 << 10, (1 << 52) - 1, 1 << 52, 253_402_300_799_999 << 10])
@pytest.mark.parametrize("kind", ids.KINDS)
def test_an_element_id_leads_back_to_its_task(kind: str, task_id: int) -> None:
    """Any id maps back to its task, even after 2109, when `small` ids exceed 2**53."""
    element_id = ids.element_id_of(task_id, kind)
    assert task_id == ids.task_id_of(element_id)
    assert task_id == ids.task_id_of(str(element_id))
    if kind == "text":
        return

    element_id = int(element_id)
    assert (kind == "small" and task_id < 1 << 52) is (element_id < 2**53)
    assert [] == list(ids.task_ids_rounded_to(element_id))
    if element_id > 2**53:
        assert task_id in list(ids.task_ids_rounded_to(as_javascript(element_id)))


def test_as_javascript_rounds_as_a_json_parser_with_floats_does() -> None:
    """`json.loads` with floats returns the same number."""
    assert as_javascript(9007199254740993) == int(json.loads("9007199254740993", parse_int=float))
