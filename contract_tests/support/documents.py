"""The calls of an OpenAPI document, in the form of `contract_tests.reading.calls`, and changed contracts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from kling_elements_client import contract
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import METHODS, escape, operations, resolve, walk


def calls(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the calls of a document in the form of `CALLS`, including those that the server makes."""
    called = list(_operations(document["paths"]))
    callbacks = [
        call
        for _, operation in called
        for callback in operation.get("callbacks", {}).values()
        for call in _operations(callback)
    ]
    return {
        operation.get("operationId", call): _call(document, call, operation)
        for call, operation in [*called, *callbacks]
    }


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation under some paths with its path and method, even if it has no id."""
    for path, item in paths.items():
        for method in item.keys() & METHODS:
            yield f"{method} {path}", item[method]


def servers(document: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return the servers of a document in the form of `SERVERS`."""
    return [
        (server["url"], {name: variable["default"] for name, variable in server.get("variables", {}).items()})
        for server in document["servers"]
    ]


def schemes(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the security schemes of a document in the form of `SCHEMES`."""
    return {
        name: (scheme["type"], scheme["scheme"]) for name, scheme in document["components"]["securitySchemes"].items()
    }


def example(name: str) -> Any:
    """Return the value of a named example of the contract."""
    return contract.document()["components"]["examples"][name]["value"]


def response_schemas(document: dict[str, Any], operation_id: str) -> dict[tuple[str, str], str]:
    """Return a reference to the schema of each response of an operation, by status and media type."""
    schemas = {}
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items() if operation["operationId"] == operation_id else ():
            pointer = f"#/paths/{escape(path)}/{method}/responses/{status}"
            for name in resolve(document, response).get("content", {}):
                schemas[status, name] = f"{response.get('$ref', pointer)}/content/{escape(name)}/schema"
    return schemas


def changed_contract(change: Callable[[dict[str, Any]], object]) -> Contract:
    """Return a contract whose document is a copy of the package's, changed by a function."""
    document = copy.deepcopy(contract.document())
    change(document)
    return Contract(document)


def with_other_codes(more: int) -> Contract:
    """Return the contract with a number added to each business code, at every place."""
    codes = contract.document()["x-business-codes"]

    def change(document: dict[str, Any]) -> None:
        document["x-business-codes"] = {str(int(code) + more): row for code, row in codes.items()}
        for _, node in walk({name: document[name] for name in ("paths", "components")}):
            if isinstance(node, dict) and str(node.get("code")) in codes:
                node["code"] += more

    return changed_contract(change)


def _call(document: dict[str, Any], call: str, operation: dict[str, Any]) -> dict[str, Any]:
    responses = {status: resolve(document, response) for status, response in operation["responses"].items()}
    parameters = [resolve(document, parameter) for parameter in operation.get("parameters", [])]
    body = operation.get("requestBody")
    return {
        "call": call,
        "security": operation.get("security"),
        "parameters": {
            f"{parameter['in']} {parameter['name']}": "required" if parameter.get("required") else "optional"
            for parameter in parameters
        },
        "body": body and {"required": body.get("required", False), "media types": sorted(body["content"])},
        "responses": {status: sorted(response.get("content", {})) for status, response in responses.items()},
        "headers": {
            status: sorted(response["headers"]) for status, response in responses.items() if "headers" in response
        },
        "links": {
            f"{status} {name}": {key: value for key, value in link.items() if key != "description"}
            for status, response in responses.items()
            for name, link in response.get("links", {}).items()
        },
        "callbacks": [
            f"{name} {call} {called.get('operationId')}"
            for name, callback in operation.get("callbacks", {}).items()
            for call, called in _operations(callback)
        ],
    }
