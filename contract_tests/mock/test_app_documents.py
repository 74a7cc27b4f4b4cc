"""The mock server serves other documents than Kling's contract, so nothing about Kling may be hard-coded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.support.mock_caller import Caller, headers_of
from kling_elements.mock.app import MockServer
from kling_elements_client import contract
from kling_elements_runtime.contract import Contract


def _document(**operation: Any) -> dict[str, Any]:
    """Return a document with two paths, whose `get` has some members."""
    own = contract.document()
    response = {"content": {"application/json": {"examples": {"first": {"value": [1]}, "second": {"value": [2]}}}}}
    base = {"security": [{"bearerToken": []}], "responses": {"4XX": {}, "200": {"$ref": "#/components/responses/a~1b"}}}
    get = {"operationId": "get", **base, **operation}
    delete = {"operationId": "delete", **base, "responses": {"204": response, "202": response}}
    names = {"operationId": "names", **base, "security": []}
    components = {**own["components"], "responses": {"a/b": response}}
    return {
        "paths": {
            "/things/{thing id}/{a}-{b}": {"summary": "One thing", "delete": delete, "get": get},
            "/things/all/names-only": {"x-source": "R00", "get": names},
        },
        "components": components,
        **{name: own[name] for name in ("x-business-codes", "x-dialects")},
    }


def _reply(method: str, path: str, **operation: Any) -> tuple[int, Any]:
    reply = Caller(MockServer(Contract(_document(**operation)))).send(method, path)
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize("path", ["/things/1/2-3", "/things/%2F/%2F-%0A", "/things/1/2-3-4"])
def test_a_path_template_matches_segment_by_segment(path: str) -> None:
    """A parameter matches any non-empty string in its segment, even an encoded slash."""
    assert (200, [1]) == _reply("GET", path)
    assert (202, [1]) == _reply("DELETE", path)


@pytest.mark.parametrize("path", ["/things/1/23", "/things//2-3", "/things/1/-3", "/things/1/2-3/4", "/thing/1/2-3"])
def test_a_path_template_matches_only_its_own_segments(path: str) -> None:
    """The number of segments and every literal part must match."""
    status, body = _reply("GET", path)

    assert 404 == status
    assert "there is no such path; use one of /things/all/names-only, /things/{thing id}/{a}-{b}" == body["message"]


def test_a_path_parameter_is_decoded() -> None:
    """`find` returns the parameters by name."""
    match = MockServer(Contract(_document())).routes.find("/things/%2F%C3%A4/b-c")

    assert match is not None
    assert {"thing id": "/\u00e4", "a": "b", "b": "c"} == match[1]
    assert ["get", "delete"] == [endpoint.operation.operation_id for endpoint in match[0].endpoints.values()]


def test_a_literal_path_takes_precedence_over_a_template() -> None:
    """The order of the paths in the document doesn't matter."""
    app = MockServer(Contract(_document()))
    reply = Caller(app).send("DELETE", "/things/all/names-only")

    assert (405, "GET") == (reply.status, headers_of(reply)["allow"])
    assert ["names", "get", "delete"] == app.operation_ids


def test_server_and_client_use_the_lowest_success_status() -> None:
    """The order of the statuses in the document doesn't matter."""
    operation = Contract(_document()).operation("delete")

    assert ["204", "202"] == list(operation.definition["responses"])
    assert operation.pointer("responses", "202", "content", "application/json", "schema") == operation.success_schema()
    assert 202 == _reply("DELETE", "/things/1/2-3")[0]


def test_every_method_of_a_path_is_allowed() -> None:
    """Allow lists exactly the methods of the path, in OpenAPI's order."""
    reply = Caller(MockServer(Contract(_document()))).send("POST", "/things/1/2-3")

    assert (405, "GET, DELETE") == (reply.status, headers_of(reply)["allow"])


@pytest.mark.parametrize(
    ("expected", "security"), [(401, [{"bearerToken": []}]), (200, []), (200, [{"bearerToken": []}, {}])]
)
def test_an_operation_says_whether_it_needs_a_token(expected: int, security: list[Any]) -> None:
    """None is needed if any requirement is empty or there is none. Unknown paths always need one."""
    caller = Caller(MockServer(Contract(_document(security=security))))
    asked = [("GET", "/things/1/2-3"), ("PUT", "/things/1/2-3"), ("POST", "/")]

    assert [expected, 401, 401] == [caller.send(*call, headers={"authorization": None}).status for call in asked]


@pytest.mark.parametrize(("expected", "security"), [(200, {}), (401, {"security": [{"bearerToken": []}]})])
def test_a_document_says_whether_operations_need_a_token(expected: int, security: dict[str, Any]) -> None:
    """The document's `security` applies to each operation that has none."""
    document = {**_document(), **security}
    del document["paths"]["/things/all/names-only"]["get"]["security"]
    caller = Caller(MockServer(Contract(document)))

    assert expected == caller.send("GET", "/things/all/names-only", headers={"authorization": None}).status


@pytest.mark.parametrize(
    "scheme", [{"type": "apiKey", "in": "header", "name": "x"}, {"type": "http", "scheme": "basic"}]
)
def test_credentials_of_another_kind_fail_at_the_start(scheme: dict[str, str]) -> None:
    """Otherwise the server would accept requests that the contract refuses."""
    document = _document()
    document["components"] = {**document["components"], "securitySchemes": {"bearerToken": scheme}}

    with pytest.raises(ValueError, match="security scheme bearerToken: only HTTP Bearer is supported"):
        MockServer(Contract(document))


def test_a_body_without_a_limit_fails_at_the_start() -> None:
    """The server doesn't invent a limit."""
    with pytest.raises(KeyError, match="x-body-size"):
        MockServer(Contract(_document(requestBody={"content": {"application/json": {"schema": {}}}})))
