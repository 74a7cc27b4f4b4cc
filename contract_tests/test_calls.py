"""The spec offers the calls, and promises the answers, that the documents and the vendor's pages tell of."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.answer_cases import ANSWER_CASES, ANSWERS, STATUS_WORDS, AnswerCase, values_of
from contract_tests.calls import CALLS, SCHEMES, SERVERS, calls, schemes, servers
from kling_elements.outcomes import is_absent
from kling_elements_client import answers, contract
from kling_elements_client.errors import ResponseError
from scripts.spec import load

_PLACES = [
    (operation, status, media_type, kinds)
    for operation, statuses in ANSWERS.items()
    for status, media_types in statuses.items()
    for media_type, kinds in media_types.items()
]


def test_the_calls_are_the_documented_ones() -> None:
    """Paths, methods, tokens, parameters, media types, statuses, headers, links and callbacks: none is missing or extra."""
    document = load()

    assert calls(document) == CALLS
    assert servers(document) == SERVERS
    assert schemes(document) == SCHEMES


def test_the_table_of_answers_has_every_answer() -> None:
    """A status or media type that is added needs its row."""
    listed = {
        operation: {status: sorted(types) for status, types in statuses.items()}
        for operation, statuses in ANSWERS.items()
    }

    assert listed == {name: call["answers"] for name, call in CALLS.items() if name in contract.operations()}
