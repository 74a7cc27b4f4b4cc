"""Find violations of the contract in a response, and describe them without any of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

from kling_elements import strict_json
from kling_elements_client import contract
from kling_elements_runtime import document
from tools.live.surplus import find_surplus

_MAX_VIOLATIONS = 10  # to report for one response
_FIRST_FAILURE = 400
_WORD = re.compile(r"[A-Za-z0-9_./+-]{1,40}")
_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


@dataclass(frozen=True)
class ResponseFinding:
    """An observation about a response.

    Attributes:
        text: Its description.
        is_violation: Whether the contract forbids it. Otherwise it is only for information.
    """

    text: str
    is_violation: bool = True


def findings_of(operation_id: str, response: httpx.Response) -> list[ResponseFinding]:
    """Return the places where a response violates the contract, or contains more than it lists."""
    pointer = _response_pointer(contract.operation(operation_id), response.status_code)
    if pointer is None:
        return [ResponseFinding(f"the contract does not list status {response.status_code} here")]
    return [*_check_headers(pointer, response), *_check_body(operation_id, pointer, response)]


def operation_of(request: httpx.Request) -> str:
    """Return the operation that a request of the client calls."""
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    return next(
        name
        for name, operation in contract.operations().items()
        if request.method.lower() == operation.method
        and re.fullmatch(".*" + re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(operation.path)), path)
    )


def word_or_length(text: object) -> str:
    """Return a short plain word or number unchanged, and only the length of anything else."""
    word = str(text)
    return word if _WORD.fullmatch(word) else f"a text of {len(word)} characters"


def type_of(value: object) -> str:
    """Return the JSON type of a value, in words."""
    return _TYPES.get(type(value), "a number")


def _response_pointer(operation: document.Operation, status: int) -> str | None:
    """Return the pointer to the contract's response for a status. The default response is for failures only."""
    declared = operation.definition["responses"]
    keys = [str(status), f"{status // 100}XX", *(["default"] if status >= _FIRST_FAILURE else [])]
    key = next((key for key in keys if key in declared), None)
    if key is None:
        return None
    reference: str = declared[key].get("$ref") or operation.pointer("responses", key)
    return reference


def _check_headers(pointer: str, response: httpx.Response) -> Iterator[ResponseFinding]:
    for name, declared in document.follow(contract.document(), pointer).get("headers", {}).items():
        if declared.get("required") and name not in response.headers:
            yield ResponseFinding(f"the header {name} is missing")


def _check_body(operation_id: str, pointer: str, response: httpx.Response) -> Iterator[ResponseFinding]:
    content = document.follow(contract.document(), pointer).get("content", {})
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in content:
        actual = f"the content type is {word_or_length(media_type)}" if media_type else "there is no content type"
        yield ResponseFinding(f"{actual}; the contract expects {' or '.join(content) or 'no body'}")
        return
    if media_type != "application/json":
        return
    try:
        body = strict_json.loads(response.content)
    except strict_json.StrictJsonError:
        yield ResponseFinding("the body is not JSON, or readers could read it differently")
        return
    schema = f"{pointer}{document.pointer(('content', media_type, 'schema'))}"
    pointers = list(dict.fromkeys(v.pointer for v in contract.schema_violations(schema, body)))
    for place in islice(pointers, _MAX_VIOLATIONS):
        yield ResponseFinding(
            f"{place or 'the body'} is {type_of(document.at(body, place))}, which breaks the contract"
        )
    if len(pointers) > _MAX_VIOLATIONS:
        yield ResponseFinding(f"{len(pointers) - _MAX_VIOLATIONS} more places break the contract")
    yield from _check_envelope(operation_id, body, response)
    yield from (ResponseFinding(text, is_violation=False) for text in find_surplus(schema, body))


def _check_envelope(operation_id: str, body: Any, response: httpx.Response) -> Iterator[ResponseFinding]:
    """Check that the status and the business code agree."""
    code = document.at(body, "/code")
    row = contract.CONTRACT.business_code(code) if isinstance(code, int | str) else None
    if response.is_success:
        schema = contract.operation(operation_id).success_schema()
        envelope = document.resolve(contract.document(), {"$ref": schema})["x-envelope"]
        if code is not None and code not in envelope["success-codes"]:
            meaning = f"{envelope['code']} is {word_or_length(code)}, which means failure"
            yield ResponseFinding(f"{meaning}, but the status is {response.status_code}")
        if document.at(body, envelope["error"]):
            yield ResponseFinding(f"{envelope['error']} is present, but the status is {response.status_code}")
    elif row is not None and row.http_status != response.status_code:
        yield ResponseFinding(
            f"/code is {row.code}, which comes with status {row.http_status}, not {response.status_code}"
        )
    elif row is None and code is not None:
        yield ResponseFinding(f"/code is {word_or_length(code)}, which is not in x-business-codes", is_violation=False)
