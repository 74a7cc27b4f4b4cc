"""The dialects of the mock server: how to choose one, how they differ, and how clients read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading import dialect_cases as wording
from contract_tests.reading.dialect_cases import MEANINGS, Meaning
from contract_tests.reading.image_body import BODY
from contract_tests.reading.live_responses import LiveResponse, responses
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.documents import changed_contract
from contract_tests.support.mock_caller import Caller
from contract_tests.support.scripted import NAMED
from contract_tests.support.tables import for_each_row
from kling_elements.mock import create_app
from kling_elements.mock.app import MockServer
from kling_elements.mock.options import Options
from kling_elements.mock.reply import Reply
from kling_elements_client import contract

USED_IDS = "/_mock/used-ids"


@pytest.fixture(params=wording.DIALECTS)
def quick_caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Yield a caller of a server whose tasks end at once, once for each dialect."""
    with closing(create_app(tick_seconds=0, dialect=request.param)) as app:
        yield Caller(app, dialect=request.param)


def test_the_dialects_of_the_contract_are_these() -> None:
    """The default is the first one, with the responses of the live service."""
    assert wording.DIALECTS == contract.CONTRACT.dialects()
    assert wording.NO_TASK["live"]("x") == Caller(create_app()).refusal("GET", f"{ELEMENTS}/x")


def test_an_unknown_dialect_is_an_error() -> None:
    """The message lists the dialects, for every way to create a server."""
    expected = r"^there is no dialect 'latin'; use one of live, documented$"

    with pytest.raises(ValueError, match=expected):
        create_app(dialect="latin")
    with pytest.raises(ValueError, match=expected):
        MockServer(contract.CONTRACT, Options(dialect="latin"))


@for_each_row(MEANINGS, "case")
def test_the_contract_distinguishes_refusals_by_code_and_message(case: Meaning) -> None:
    """Each pair has one meaning for an operation, in every dialect."""
    rows = contract.CONTRACT.refusals(case.operation, case.keyword)

    assert case.dialects == {row.dialect for row in rows if row.fits(case.code, case.message)}
    assert bool(case.dialects) == contract.means(case.operation, case.keyword, case.code, case.message)
    assert bool(case.dialects) == contract.means(case.operation, case.keyword, str(case.code), case.message)


def test_a_refusal_without_a_code_has_no_meaning() -> None:
    """The message is not enough."""
    assert not contract.means("getElement", "x-absent", None, "Task not found by id/external id: x")
    assert not contract.means("getElement", "x-absent", 1201, None)


def test_clients_understand_each_refusal_of_the_server(quick_caller: Caller) -> None:
    """Clients distinguish an unknown element from a deleted one in every dialect."""
    quick_caller.create(external_task_id="e")
    element_id = quick_caller.element("e")["element_id"]
    deletion = ("POST", DELETION, {"element_id": element_id})
    quick_caller.ask(*deletion)
    refusals = {
        ("getElement", "x-absent"): quick_caller.refusal("GET", f"{ELEMENTS}/nobody"),
        ("createElement", "x-duplicate"): quick_caller.refusal("POST", ELEMENTS, {**BODY, "external_task_id": "e"}),
        (
            "deleteElement",
            "x-deleted-already" if wording.REMAINS[quick_caller.dialect] else "x-absent",
        ): quick_caller.refusal(*deletion),
    }
    _, code, message = quick_caller.refusal("POST", DELETION, {"element_id": "1"})

    assert not contract.means("deleteElement", "x-deleted-already", code, message)
    assert contract.means("deleteElement", "x-absent", code, message) is (quick_caller.dialect == "documented")
    assert [True] * 3 == [contract.means(*kind, refusal[1], refusal[2]) for kind, refusal in refusals.items()]


def test_an_id_that_another_call_used_is_refused_if_the_dialect_counts_it(quick_caller: Caller) -> None:
    """External ids are unique over the account in one dialect, and over this call in the other."""
    taken = "a video's"
    assert [taken, "b"] == quick_caller.ask("POST", USED_IDS, ["b", taken, "b"])
    created = quick_caller.send("POST", ELEMENTS, {**BODY, "external_task_id": taken})

    if wording.COUNTS_ALL_CALLS[quick_caller.dialect]:
        assert (400, f"External_task_id {taken} already exists") == (
            created.status,
            json.loads(created.body)["message"],
        )
        assert wording.NO_TASK[quick_caller.dialect]("b") == quick_caller.refusal("GET", f"{ELEMENTS}/b")
        assert [] == quick_caller.every_task()
    else:
        assert 200 == created.status
        assert [taken] == [task["external_task_id"] for task in quick_caller.every_task()]
    quick_caller.create(external_task_id="c")
    assert [taken, "b"] == quick_caller.ask("GET", USED_IDS)


def test_an_id_that_another_call_used_may_repeat_if_duplicates_are_allowed() -> None:
    """`unique_external_ids=False` covers ids of other calls too."""
    caller = Caller(create_app(unique_external_ids=False))
    caller.ask("POST", USED_IDS, ["e"])

    assert "submitted" == caller.create(external_task_id="e")["task_status"]


@pytest.mark.parametrize("body", [1, {}, "e", ["e", 1], [""], [["e"]], [None]])
def test_ids_that_cannot_be_used_are_refused(body: Any) -> None:
    """One invalid id refuses the whole list."""
    caller = Caller(create_app())
    expected = "the body must be a list of ids, which are non-empty strings"

    assert (400, 1200, expected) == caller.refusal("POST", USED_IDS, body)
    assert [] == caller.ask("GET", USED_IDS)


def test_a_state_may_change_its_dialect(tmp_path: Path) -> None:
    """The state keeps deletions and used ids, which the dialect may show or hide."""
    state = tmp_path / "state.db"
    for dialect, status, page in (("live", 200, 1), ("documented", 404, 0), ("live", 200, 1)):
        with closing(create_app(state=state, tick_seconds=0, dialect=dialect)) as app:
            caller = Caller(app, dialect=dialect)
            if not caller.every_task():
                caller.create(external_task_id="e")
                caller.ask("POST", DELETION, {"element_id": caller.element("e")["element_id"]})
                caller.ask("POST", USED_IDS, ["x"])

            assert (status, page) == (caller.send("GET", f"{ELEMENTS}/e").status, len(caller.page()))
            assert wording.USED_BEFORE[dialect]("e") == caller.refusal(
                "POST", ELEMENTS, {**BODY, "external_task_id": "e"}
            )
            assert ["x"] == caller.ask("GET", USED_IDS)


def test_the_response_to_a_deletion_is_the_example_that_a_document_names() -> None:
    """The response contains the task of the deleted element in place of the example's."""
    value = {"code": 0, "message": "gone", "request_id": "r", "data": {"task_id": "t", "by": "hand"}}

    def change(document: dict[str, Any]) -> None:
        document["paths"][DELETION]["post"]["x-deletion"] = {"live": {"example": "ours", "remains": False}}
        document["components"]["examples"]["ours"] = {"value": value}

    with closing(MockServer(changed_contract(change), Options(tick_seconds=0))) as app:
        caller = Caller(app)
        task_id = caller.create()["task_id"]
        response = caller.ask("POST", DELETION, {"element_id": caller.element(task_id)["element_id"]})

        assert wording.NO_TASK["live"](task_id) == caller.refusal("GET", f"{ELEMENTS}/{task_id}")
    assert "r" != response.pop("request_id")
    assert {
        "code": 0,
        "message": "gone",
        "data": {"task_id": task_id, "task_status": "succeed", "by": "hand"},
    } == response


def test_a_document_without_responses_to_deletions_fails_at_the_start() -> None:
    """Otherwise the server would have to invent a response."""
    with pytest.raises(KeyError, match="documented"):
        MockServer(
            changed_contract(lambda document: document["paths"][DELETION]["post"]["x-deletion"].pop("documented")),
            Options(dialect="documented"),
        )


def test_a_refusal_that_the_document_lacks_gets_a_general_code() -> None:
    """A client must not mistake it for a known refusal."""
    other = changed_contract(lambda document: document["paths"][f"{ELEMENTS}/{{id}}"]["get"].pop("x-absent"))
    with closing(MockServer(other)) as app:
        assert (400, 1201) == Caller(app).refusal("GET", f"{ELEMENTS}/x")[:2]


# The recorded responses, from `live_responses.yaml`


def _use_an_id_twice(mock: Caller) -> tuple[str, Reply]:
    mock.create(NAMED)
    return "e-1", mock.post(NAMED)


def _delete_twice(mock: Caller, times: int = 1) -> tuple[str, Reply]:
    mock.create(NAMED)
    element_id = mock.element("e-1")["element_id"]
    return str(element_id), [mock.send("POST", DELETION, {"element_id": element_id}) for _ in range(times)][-1]


def _look_up(mock: Caller) -> tuple[str, Reply]:
    return "e-1", mock.send("GET", f"{ELEMENTS}/e-1")


def _look_up_after_deletion(mock: Caller) -> tuple[str, Reply]:
    _delete_twice(mock)
    return _look_up(mock)


_PROVOKED: Mapping[str, Callable[[Caller], tuple[str, Reply]]] = {
    "a look-up of an id that is not there": _look_up,
    "an external id that is used twice": _use_an_id_twice,
    "a first deletion": _delete_twice,
    "a second deletion": partial(_delete_twice, times=2),
    "a look-up of an element that was deleted": _look_up_after_deletion,
}
_OF_DIALECTS = [row for row in responses() if row.dialect]


@for_each_row(_OF_DIALECTS)
def test_the_mock_server_gives_each_recorded_response_of_its_dialect(row: LiveResponse) -> None:
    """Status, code and the presence of `data` are the same, and so is the message if it is known."""
    with closing(create_app(dialect=row.dialect, tick_seconds=0)) as app:
        asked, reply = _PROVOKED[row.provoked_by](Caller(app))
    recorded, response = row.body(), json.loads(reply.body)

    assert row.status == reply.status
    assert recorded["code"] == response["code"]
    assert ("data" in recorded) == ("data" in response)
    if row.dialect == "live" and row.status != 200:
        assert recorded["message"].replace(row.asked, asked) == response["message"]
    if row.reads.unusable:
        assert "deleted" == response["data"]["task_result"]["elements"][0]["status"]


def test_each_way_to_provoke_a_response_is_used() -> None:
    """Every recorded response of a dialect names one of them."""
    assert set(_PROVOKED) == {row.provoked_by for row in _OF_DIALECTS}
