"""The contract has the calls and responses that the documents and the vendor's pages describe."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.reading.calls import CALLS, SCHEMES, SERVERS
from contract_tests.reading.response_cases import (
    NOTIFICATION,
    RESPONSE_CASES,
    RESPONSES,
    SHAPES,
    STATUS_WORDS,
    TAG_NAMES,
    ResponseCase,
    values_of,
)
from contract_tests.support.documents import calls, response_schemas, schemes, servers
from contract_tests.support.tables import for_each_row
from kling_elements.outcomes import is_absent
from kling_elements_client import AuthenticatedClient, contract
from kling_elements_client.errors import ResponseError
from kling_elements_client.models import TagId, TaskStatus
from scripts.spec import load

_PLACES = [
    (operation, (status, media_type), kinds)
    for operation, statuses in RESPONSES.items()
    for status, media_types in statuses.items()
    for media_type, kinds in media_types.items()
]


def test_the_calls_are_the_documented_ones() -> None:
    """No path, token, parameter, media type, status, header, link or callback is missing or extra."""
    document = load()

    assert CALLS == calls(document)
    assert SERVERS == servers(document)
    assert SCHEMES == schemes(document)


def test_a_call_without_an_operation_id_is_compared() -> None:
    """Such a call is compared, because the mock server would offer it."""
    document = load()
    call = CALLS["getElement"]["call"]
    del document["paths"][call.removeprefix("get ")]["get"]["operationId"]

    assert {**{name: row for name, row in CALLS.items() if name != "getElement"}, call: CALLS["getElement"]} == calls(
        document
    )


def test_the_table_of_responses_has_every_response() -> None:
    """The test fails if a new status or media type has no row."""
    listed = {
        operation: {status: sorted(types) for status, types in statuses.items()}
        for operation, statuses in RESPONSES.items()
    }

    assert {name: CALLS[name]["responses"] for name in contract.operations()} == listed


@pytest.mark.parametrize(("operation", "response", "kinds"), _PLACES)
def test_the_schema_of_a_response_accepts_recorded_values(
    operation: str, response: tuple[str, str], kinds: str
) -> None:
    """Schemas accept the published kinds of values and unknown properties, and nothing else."""
    schema = response_schemas(contract.document(), operation)[response]
    wrong = [
        value for value, conforms in values_of(kinds) if conforms == bool(contract.schema_violations(schema, value))
    ]

    assert [] == wrong


def test_each_shape_of_responses_has_accepted_and_refused_values() -> None:
    """No shape passes only because it has no values or no properties."""
    for kinds in (*SHAPES, NOTIFICATION):
        assert {True, False} == {conforms for _, conforms in values_of(kinds)}
    assert all(SHAPES.values())


@for_each_row(RESPONSE_CASES, "case")
def test_the_client_reads_a_response_or_raises_the_right_error(case: ResponseCase, client: AuthenticatedClient) -> None:
    """A success becomes a model. Any other response raises the right exception, which says if the task is absent."""

    def read() -> tuple[str, bool]:
        response = httpx.Response(case.status, json=case.body)
        try:
            client.decode(case.operation, response, lambda value: value)
        except ResponseError as error:
            return type(error).__name__, is_absent(error)
        return "success", False

    assert (case.outcome, case.is_absence) == read()


def test_the_words_of_the_contract_are_the_vendors() -> None:
    """The client's enums have the published words in the published order."""
    words: Any = [status.value for status in TaskStatus]

    assert STATUS_WORDS == words
    assert [f"o_{number}" for number in range(101, 109)] == [tag.value for tag in TagId]
    assert TAG_NAMES == [tag.name.capitalize() for tag in TagId]
