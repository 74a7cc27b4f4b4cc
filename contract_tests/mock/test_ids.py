"""The ids of subjects: large numbers, small ones or texts, and what an id says that lost its last digits on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.paths import DELETION, PRESETS
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app, ids


def as_javascript(number: int) -> int:
    """Return what `JSON.parse` of a number, and `JSON.stringify` of that, make of it."""
    return int(float(number))


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """How the server words refusals."""
    name: str = request.param
    return name


def subject(dialect: str, kind: str) -> tuple[Caller, Any]:
    """Return a caller of a server with ids of a kind, and the id of a subject there."""
    caller = Caller(create_app(tick_seconds=0, element_ids=kind, dialect=dialect), dialect=dialect)
    task = caller.create()
    element_id = caller.element(task["task_id"])["element_id"]
    assert [element_id] == [each["element_id"] for each in caller.every_task()]
    return caller, element_id


def refused(caller: Caller, element_id: object) -> str:
    """Return what the server says of an id that it refuses to delete."""
    return caller.refusal("POST", DELETION, {"element_id": element_id})[2]


def test_small_ids_survive_javascript(dialect: str) -> None:
    """So a page can delete what it read, as a number and as a text."""
    caller, element_id = subject(dialect, "small")

    assert isinstance(element_id, int)
    assert element_id == as_javascript(element_id) < 2**53
    assert 0 == caller.ask("POST", DELETION, {"element_id": as_javascript(element_id)})["code"]


def test_text_ids_survive_javascript(dialect: str) -> None:
    """They are the large numbers, as some gateways write them; those of the official library are texts too."""
    caller, element_id = subject(dialect, "text")

    assert isinstance(element_id, str)
    assert int(element_id) != as_javascript(int(element_id))
    presets = [each["task_result"]["elements"][0]["element_id"] for each in caller.ask("GET", PRESETS)["data"]]
    assert {str} == set(map(type, presets))
    assert "a subject of the official library cannot be deleted" in refused(caller, presets[0])
    assert 0 == caller.ask("POST", DELETION, {"element_id": element_id})["code"]


@pytest.mark.parametrize("sent", [as_javascript, lambda number: str(as_javascript(number))], ids=["number", "text"])
def test_an_id_that_was_rounded_is_refused_in_words_that_say_so(sent: Any, dialect: str) -> None:
    """With the id that was meant, and what to do about it; nothing is deleted."""
    caller, element_id = subject(dialect, "large")

    assert element_id != as_javascript(element_id)
    says = f"it was {element_id} before JavaScript, or something else, read it as a float: read the id as a text"
    assert f"{says}, or start this server with --element-ids small or text" in refused(caller, sent(element_id))
    assert 0 == caller.ask("POST", DELETION, {"element_id": element_id})["code"]


def test_an_id_that_is_merely_unknown_was_not_rounded(dialect: str) -> None:
    """Nor is one of another token's, or one whose neighbour is there."""
    caller, element_id = subject(dialect, "large")

    for other in (element_id + 2, element_id + 1000, 7, 2**53, 10**17):
        assert "JavaScript" not in refused(caller, other)
    stranger = Caller(caller.app, "sk-other", dialect=dialect)
    assert "JavaScript" not in refused(stranger, as_javascript(element_id))


def test_a_state_is_read_with_ids_of_another_kind(tmp_path: Any) -> None:
    """Whichever kind an id was read in, it still names its subject."""
    path, told = tmp_path / "state.db", []
    for kind in ids.KINDS:
        app = create_app(tick_seconds=0, state=path, element_ids=kind)
        told.append(Caller(app).element(Caller(app).create()["task_id"])["element_id"])
        app.close()
    app = create_app(state=path)
    for element_id in told:
        assert 0 == Caller(app).ask("POST", DELETION, {"element_id": element_id})["code"]
    app.close()


@pytest.mark.parametrize("task_id", [1, 1_800_000_000_000 << 10, (1 << 52) - 1, 1 << 52, 253_402_300_799_999 << 10])
@pytest.mark.parametrize("kind", ids.KINDS)
def test_a_task_is_found_by_the_id_of_its_subject(kind: str, task_id: int) -> None:
    """At any time there is; from the year 2109 on, small ids are large."""
    element_id = int(ids.element_id_of(task_id, kind))

    assert task_id == ids.task_id_of(element_id)
    assert (kind == "small" and task_id < 1 << 52) is (element_id < 2**53)
    assert [] == list(ids.rounded_to(element_id))
    if element_id > 2**53:
        assert task_id in list(ids.rounded_to(as_javascript(element_id)))


def test_the_answer_of_a_browser_is_the_one_that_is_simulated() -> None:
    """Python reads numbers of JSON exactly, and as floats when it is asked to."""
    assert as_javascript(9007199254740993) == int(json.loads("9007199254740993", parse_int=float))
