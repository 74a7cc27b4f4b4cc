"""The runtime serves clients of any API: they differ only in their contract and a few names."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
import respx

from contract_tests.support.running import TOKEN, run_async
from kling_elements_runtime.client import AuthenticatedClient
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import BusinessError, ContractError, Violation

_ENVELOPE = {
    "code": "/problem/number",
    "error": "/problem",
    "success-codes": [],
    "lists": [],
    "task-ids": ["/book"],
    "task-ids-of-failures": [],
    "task-ids-of-other-codes": [],
}
_BOOK = {"type": "object", "properties": {"title": {"type": "string", "maxLength": 5, "x-source": "B1"}}}
_ADDED = {"type": "object", "properties": {"book": {"type": "integer"}}, "x-envelope": _ENVELOPE}
_SIZE = {"max-bytes": 100, "max-values": 10, "x-source": "B2"}
_ADD_BOOK = {
    "operationId": "addBook",
    "requestBody": {"x-source": "B3", "content": {"application/json": {"schema": _BOOK, "x-body-size": _SIZE}}},
    "responses": {"201": {"content": {"application/json": {"schema": _ADDED}}}},
}
_LIBRARY = {
    "servers": [{"url": "https://library.test/v9"}],
    "paths": {"/shelf/books": {"put": _ADD_BOOK}},
    "components": {},
    "x-business-codes": {},
}


class LibraryClient(AuthenticatedClient):
    """A client of an API for books."""

    contract = Contract(_LIBRARY)
    token_variable = "LIBRARY_KEY"
    base_url_variable = "LIBRARY_URL"
    first_server = "https://library.test/v9"
    log = logging.getLogger("library")
    log_variable = "LIBRARY_LOG"


def _add_book(client: LibraryClient, title: str, style: str) -> Any:
    """Return the number of a new book."""
    operation = client.operation("addBook")
    call: dict[str, Any] = {"method": operation.method, "url": client.request_target("addBook", {})}
    call["content"] = client.encode("addBook", {"title": title})
    response = client.send(**call) if style == "sync" else run_async(client.send_async(**call))
    return client.decode("addBook", response, lambda body: body["book"])


@pytest.mark.parametrize("style", ["sync", "async"])
def test_a_client_of_another_api_sends_and_reads_what_its_contract_describes(
    router: respx.MockRouter, style: str
) -> None:
    """Path, method, limits, and the places in a response are those of the other contract."""
    route = router.put("https://library.test/v9/shelf/books").mock(
        side_effect=[
            httpx.Response(201, json={"book": 7}),
            httpx.Response(201, json={"problem": {"number": 17}, "message": "The shelf is full."}),
        ]
    )

    with LibraryClient(TOKEN) as client:
        with pytest.raises(ContractError) as refused:
            _add_book(client, "Ulysses", style)
        assert 7 == _add_book(client, "Emma", style)
        with pytest.raises(BusinessError) as failed:
            _add_book(client, "Emma", style)

    assert [Violation("/title", "B1", "has 7 characters; it must have at most 5")] == refused.value.violations
    assert (17, "The shelf is full.") == (failed.value.code, failed.value.message)
    assert [b'{"title":"Emma"}'] * 2 == [call.request.content for call in route.calls]
