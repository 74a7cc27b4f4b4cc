"""Client, wire, mock server and oracle check the requests of all operations except createElement."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from typing import Any

import pytest
import respx

from contract_tests.reading import oracle
from contract_tests.reading.operation_cases import ACCEPTED, REFUSED, Case
from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.reading.response_cases import BUSINESS_CODES
from contract_tests.support.mock_caller import Caller, headers_of
from contract_tests.support.running import URL
from contract_tests.support.tables import for_each_row
from kling_elements.mock import create_app
from kling_elements_client import UNSET, AuthenticatedClient, contract
from kling_elements_client.errors import ContractError, InvalidResponseError, NotFoundError, Violation

_MODULES = {
    "getElement": "get_element",
    "listElements": "list_elements",
    "listPresetElements": "list_preset_elements",
    "deleteElement": "delete_element",
}
_WAYS = ["sync", "sync_detailed", "asyncio", "asyncio_detailed"]


def _call(way: str, client: AuthenticatedClient, case: Case) -> Any:
    """Call an operation in one of the four ways, and return the model of the response."""
    module = import_module(f"kling_elements_client.api.elements.{_MODULES[case.operation]}")

    async def finish(response: Any) -> Any:
        async with client:
            return await response

    arguments = {name: UNSET if value is ... else value for name, value in case.arguments.items()}
    response = getattr(module, way)(client=client, **arguments)
    if inspect.isawaitable(response):
        response = asyncio.run(finish(response))
    return response.parsed if way.endswith("_detailed") else response


def _violations(case: Case) -> list[Violation]:
    if "body" in case.arguments:
        return contract.violations(case.operation, case.arguments["body"])
    return contract.CONTRACT.parameter_violations(case.operation, case.parameters)


def _triples(violations: list[Violation]) -> set[tuple[str, str, str]]:
    return {(violation.pointer, violation.rule, violation.message) for violation in violations}


@pytest.fixture
def caller() -> Iterator[Caller]:
    with closing(create_app()) as app:
        yield Caller(app)


def test_every_operation_of_the_contract_has_cases() -> None:
    """Each has accepted and refused requests. Those of createElement are in rules.yaml."""
    others = contract.operations().keys() - {"createElement"}

    assert others == set(_MODULES) == {case.operation for case in ACCEPTED} == {case.operation for case in REFUSED}


@for_each_row(ACCEPTED, "case")
def test_the_check_finds_nothing_in_an_accepted_request(case: Case) -> None:
    assert [] == _violations(case)


@for_each_row(REFUSED, "case")
def test_the_check_reports_every_violation(case: Case) -> None:
    """Each violation has its place and source, and says what is allowed."""
    assert set(case.violations) == _triples(_violations(case))


@for_each_row([*ACCEPTED, *REFUSED], "case")
def test_the_oracle_gives_the_same_verdict(case: Case) -> None:
    """Another library with the same contract accepts and refuses the same requests."""
    if "body" in case.arguments:
        accepted = oracle.accepts(case.arguments["body"], case.operation)
    else:
        accepted = oracle.accepts_parameters(case.parameters, case.operation)

    assert accepted == (not case.violations)


@pytest.mark.parametrize("way", _WAYS)
@for_each_row(ACCEPTED, "case")
def test_an_accepted_request_is_sent_as_it_is(case: Case, way: str, client: AuthenticatedClient) -> None:
    """Exactly one request is sent, with the right method, target, token and body."""
    operation = contract.operation(case.operation)
    with respx.mock() as gateway:
        route = gateway.route(url__startswith=URL).respond(json={"data": None})
        _call(way, client, case)
        (call,) = route.calls

    body = case.arguments.get("body")
    assert case.target == call.request.url.raw_path.decode()
    assert operation.method.upper() == call.request.method
    assert "Bearer test-token" == call.request.headers["Authorization"]
    assert (json.dumps(body, separators=(",", ":")).encode() if body else b"") == call.request.content
    assert ("application/json" if body else None) == call.request.headers.get("Content-Type")


@pytest.mark.parametrize("way", _WAYS)
@for_each_row(REFUSED, "case")
def test_a_refused_request_is_not_sent(case: Case, way: str, client: AuthenticatedClient) -> None:
    """The caller gets every violation, and the gateway gets no request."""
    with respx.mock(assert_all_called=False) as gateway:
        route = gateway.route()
        with pytest.raises(ContractError) as caught:
            _call(way, client, case)

    assert not route.called
    assert set(case.violations) == _triples(caught.value.violations)


@for_each_row([case for case in REFUSED if "body" not in case.arguments], "case")
def test_on_violation_ignore_sends_a_refused_request(
    case: Case, make_client: Callable[..., AuthenticatedClient]
) -> None:
    """With `on_violation="ignore"` the request is sent, unless no URL can represent its id."""
    client = make_client(on_violation="ignore")
    with respx.mock(assert_all_called=False) as gateway:
        route = gateway.route(url__startswith=URL).respond(json={"data": None})
        if case.unwritable:
            with pytest.raises(ContractError):
                _call("sync", client, case)
        else:
            _call("sync", client, case)

    assert route.called == (not case.unwritable)


def test_checking_the_body_of_an_operation_without_one_is_an_error() -> None:
    """The check raises KeyError, because only a mistake in a program leads there."""
    with pytest.raises(KeyError, match="takes no body"):
        contract.violations("getElement", {})


@for_each_row(ACCEPTED, "case")
def test_the_mock_server_accepts_an_accepted_request(case: Case, caller: Caller) -> None:
    """The server may refuse the request only because the id is unknown."""
    method = contract.operation(case.operation).method.upper()
    reply = caller.send(method, case.target or "", case.arguments.get("body"))

    expected = (200, 0) if case.operation.startswith("list") else (400, 1201)
    assert expected == (reply.status, json.loads(reply.body)["code"])


@pytest.mark.parametrize(
    ("allow", "method", "target"),
    [
        (None, "GET", f"{ELEMENTS}/"),
        (None, "GET", f"{ELEMENTS}/a/b"),
        ("GET", "POST", f"{ELEMENTS}/a"),
        ("GET, POST", "PUT", ELEMENTS),
        ("GET", "POST", PRESETS),
        ("POST", "DELETE", DELETION),
        ("POST", "GET", DELETION),
        (None, "GET", "/kling/v1/general/delete-advanced-elements"),
    ],
)
def test_the_mock_server_knows_each_path_and_method(
    allow: str | None, method: str, target: str, caller: Caller
) -> None:
    """A wrong method is refused with a list of the right ones."""
    reply = caller.send(method, target)

    assert (405 if allow else 404) == reply.status
    assert allow == headers_of(reply).get("allow")


def test_an_id_is_read_exactly_however_its_number_is_written(client: AuthenticatedClient) -> None:
    """Integers beyond 2^53 keep every digit, even with an exponent or a zero fraction."""
    written = ["9007199254740993", "9007199254740993.0", "9.007199254740993e15", '"9007199254740993"', "1.5e3"]
    elements = ", ".join(f'{{"element_id": {number}}}' for number in written)
    with respx.mock() as gateway:
        gateway.get(path=f"{ELEMENTS}/7").respond(
            content=f'{{"code": 0, "data": {{"task_result": {{"elements": [{elements}]}}}}}}'.encode()
        )
        response = _call("sync", client, Case(operation="getElement", arguments={"id": "7"}))

    ids = [element.element_id for element in response.data.task_result.elements]
    assert [9007199254740993, 9007199254740993, 9007199254740993, "9007199254740993", 1500] == ids
    assert [int, int, int, str, int] == [type(id_) for id_ in ids]


@pytest.mark.parametrize("number", ["1.5", "1e400", "1e999999999999999999999"])
def test_a_number_with_a_fraction_is_not_an_id(number: str, client: AuthenticatedClient) -> None:
    """Such a response breaks the contract, because an id must never be rounded."""
    with respx.mock() as gateway:
        gateway.get(path=f"{ELEMENTS}/7").respond(
            content=f'{{"data": {{"task_result": {{"elements": [{{"element_id": {number}}}]}}}}}}'.encode()
        )
        with pytest.raises(InvalidResponseError, match="element_id"):
            _call("sync", client, Case(operation="getElement", arguments={"id": "7"}))


def test_the_error_of_a_failed_status_has_the_business_code(client: AuthenticatedClient) -> None:
    """An unknown id raises the error for its HTTP status."""
    with respx.mock() as gateway:
        gateway.get(path=f"{ELEMENTS}/7").respond(404, json={"code": 1203, "message": "no such resource"})
        with pytest.raises(NotFoundError) as caught:
            _call("sync", client, Case(operation="getElement", arguments={"id": "7"}))

    assert 1203 == caught.value.code


def test_the_table_of_business_codes_is_the_vendors() -> None:
    """Each code has the status, consequence and remedy that the vendor publishes."""
    rows = contract.business_codes().values()
    assert BUSINESS_CODES == {row.code: (row.http_status, row.created, row.retry) for row in rows}
    assert all(row.meaning for row in rows)
