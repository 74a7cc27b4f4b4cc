"""The mock server lists tasks and presets page by page."""

from __future__ import annotations

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS, PRESETS
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller

QUERY = "pageSize=1&a%2Fb~=1&a%2Fb~=2&pageSize=2"


def test_the_list_has_pages_newest_first(caller: Caller) -> None:
    """Tasks of one millisecond stay in order, and the page after the last one is empty."""
    ids = [caller.create()["task_id"] for _ in range(4)]
    caller.app.clock.step(1)
    ids.append(caller.create()["task_id"])
    ids.reverse()

    assert ids == [task["task_id"] for task in caller.page()]
    assert ids[:2] == [task["task_id"] for task in caller.page("?pageSize=2")]
    assert ids[2:4] == [task["task_id"] for task in caller.page("?pageNum=2&pageSize=2")]
    assert ids[4:] == [task["task_id"] for task in caller.page("?pageSize=2&pageNum=3")]
    assert [] == caller.page("?pageNum=4&pageSize=2")
    assert ["submitted", "processing"] == [task["task_status"] for task in caller.page("?pageSize=2")]


def test_a_page_has_thirty_tasks_by_default(caller: Caller) -> None:
    """The number comes from the contract."""
    for _ in range(31):
        caller.create()

    assert [30, 1] == [len(caller.page(query)) for query in ("", "?pageNum=2")]


@pytest.mark.parametrize("path", [ELEMENTS, PRESETS])
@pytest.mark.parametrize(
    ("expected", "query"),
    [
        ("/query/pageNum: is 0; it must be at least 1 (upstream)", "pageNum=0"),
        ("/query/pageSize: is 501; it must be at most 500 (upstream)", "pageSize=501"),
        ("/query/pageNum: is 1001; it must be at most 1000 (upstream)", "pageNum=1001"),
        ("/query/pageNum: must appear only once", "pageNum=1&pageNum=1"),
        ("/query/page_size: is unknown; use pageNum or pageSize", "page_size=5&pageNum=1"),
        ("/query/a~1b~0: is unknown; use pageNum or pageSize; /query/pageSize: must appear only once", QUERY),
        *(
            ("/query/pageNum: is a string; it must be integer (upstream)", f"pageNum{text}")
            for text in (
                *("", "=", "=01", "=1.0", "=+1", "=%2B1", "=%201", "=1e0", "=1e2", "=one", "=\u0661", "=%D9%A1"),
                *("=" + "9" * 5000, "=x%"),
            )
        ),
    ],
)
def test_an_invalid_page_is_1200(expected: str, query: str, path: str, caller: Caller) -> None:
    """The message gives the place and the allowed values. A number must be written as in JSON."""
    assert (400, 1200, expected) == caller.refusal("GET", f"{path}?{query}")


def test_an_unexpected_query_is_1200(caller: Caller) -> None:
    """Otherwise a body's field in the query would be silently ignored."""
    expected = (400, 1200, "/query/element_name: is unknown; this operation has no query parameters")

    assert expected == caller.refusal("POST", f"{ELEMENTS}?element_name=Mara", BODY)


def test_the_message_about_a_query_is_bounded(caller: Caller) -> None:
    """The message stays short for any number and length of names."""
    query = "&".join(f"{number:03}{'x' * 1000}=1" for number in range(100))
    message = caller.refusal("GET", f"{ELEMENTS}?{query}")[2]

    assert 20 == message.count("is unknown")
    assert len(message) < 20 * 140


def test_presets_have_pages_too(caller: Caller) -> None:
    """The presets are those of the contract's example, for every token."""
    presets = example("presets")["data"]

    assert presets == caller.ask("GET", PRESETS)["data"]
    assert presets[:2] == caller.ask("GET", f"{PRESETS}?pageSize=2")["data"]
    assert presets[2:] == caller.ask("GET", f"{PRESETS}?pageSize=2&pageNum=2")["data"]
    assert [] == caller.ask("GET", f"{PRESETS}?pageNum=2")["data"]
