"""Turns the gateway's answers into models, or into exceptions that keep what is needed to act on them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx
from attrs import frozen

from kling_elements_runtime import errors
from kling_elements_runtime.contract import Contract

T = TypeVar("T")
Redact = Callable[[str], str]

_MOST_DIGITS = 20  # of a 64-bit integer; the exponent of a larger number could ask for any amount of memory
_EXCERPT = 200  # characters of a body that an exception keeps
_MEDIA = re.compile("[A-Za-z0-9+/]{80,}={0,2}")  # what a gateway repeats of an image in Base64


@frozen
class ResponseReader:
    """Reads the answers that one client gets.

    Attributes:
        contract: What they are checked against.
        redact: Takes the token out of a text.
        log: Where oddities are logged.
    """

    contract: Contract
    redact: Redact
    log: logging.Logger

    def model_of(self, operation_id: str, response: httpx.Response, model: Callable[[Mapping[str, Any]], T]) -> T:
        """Return the model of a successful answer.

        Args:
            operation_id: The operation that was called.
            response: Its answer, with the body read.
            model: Makes the model from the JSON object.

        Raises:
            StatusError: The status means failure; the subclass says which.
            BusinessError: The status means success, but the envelope says failure and names no task.
            InvalidResponse: The status means success, but the body is not what the contract promises.
        """
        body, redact = _json(response), self.redact

        def fail(kind: type[errors.ResponseError], reason: str) -> errors.ResponseError:
            answer = _kept(response, body, redact)
            return kind(errors.describe(answer, redact(reason)), answer)

        expected = self.contract.answer(operation_id)
        envelope = expected.envelope
        is_success = response.is_success
        named_by = envelope["task-ids" if is_success else "task-ids-of-failures"]
        names_task = any(_found(body, where) for where in named_by)
        if not is_success:
            if response.is_client_error or not names_task:
                raise errors.status_error(_kept(response, body, redact))
            self.log.warning("%s: HTTP %s, but a task is named", operation_id, response.status_code)
        if body is _NO_JSON:
            raise fail(errors.InvalidResponse, "the answer is not JSON")
        if (oddity := _oddity(self.contract, expected.schema_pointer, body)) is not None:
            if not names_task:
                raise fail(errors.InvalidResponse, oddity)
            # the task exists, and its id must reach the caller whatever else is odd
            self.log.warning("%s: %s", operation_id, redact(oddity))
        elif not names_task and _says_failure(body, envelope):
            raise fail(errors.BusinessError, "refused")
        text = response.content.decode("utf-8", "replace")
        return model(body if redact(text) == text else _without_token(body, redact))


_NO_JSON = object()


def _json(response: httpx.Response) -> Any:
    try:
        content = response.content
        return _read_json(content.decode(json.detect_encoding(content), "surrogatepass"))  # as json.loads does
    except (ValueError, RecursionError):
        return _NO_JSON


def _without_token(value: Any, redact: Redact) -> Any:
    """A JSON value in which no text has the token: models are shown, logged and pickled."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_without_token(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(name): _without_token(item, redact) for name, item in value.items()}
    return value


def _number(text: str) -> int | float:
    """A number with a fraction or an exponent: a whole one is read exactly, as it may be an id."""
    try:
        exact = Decimal(text)
        whole = exact.adjusted() < _MOST_DIGITS and exact == exact.to_integral_value()
    except ArithmeticError:  # an exponent beyond all bounds
        return float(text)
    return int(exact) if whole else float(text)


_read_json: Final = json.JSONDecoder(parse_float=_number).decode  # json.loads would make a decoder for each answer


def _oddity(contract: Contract, schema_pointer: str, body: Any) -> str | None:
    """In which way an answer is not what the contract promises, or None."""
    try:
        found = contract.schema_violations(schema_pointer, body)
    except (ValueError, RecursionError):  # half a surrogate pair in a name, or more levels than the validator takes
        return "the answer cannot be read"
    return f"the answer breaks the contract at {found[0]}" if found else None


def _says_failure(body: Any, envelope: dict[str, Any]) -> bool:
    """Whether the envelope of an answer that came with a status of success says otherwise."""
    code = _found(body, envelope["code"])
    return bool(_found(body, envelope["error"])) or (code is not None and code not in envelope["success-codes"])


def _found(body: Any, json_pointer: str) -> Any:
    for name in json_pointer.split("/")[1:]:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _kept(response: httpx.Response, body: Any, redact: Redact) -> errors.Answer:
    """What exceptions keep of an answer. Gateways have been seen to repeat the token, so it is taken out everywhere."""

    def kept(text: str) -> str:
        told = _MEDIA.sub(lambda found: f"<{len(found[0])} characters>", redact(text))
        return " ".join(told.split())[:_EXCERPT]

    text = response.content.decode("utf-8", "replace")  # all of it, so that the token is whole when it is taken out
    code = _first(body, "/code", "/error/code", kinds=(int, str))
    message = _first(body, "/message", "/error/message", kinds=(str,))
    request_id = _first(body, "/request_id", kinds=(str,)) or response.headers.get("x-request-id")
    return errors.Answer(
        status_code=response.status_code,
        headers=httpx.Headers(
            [(name, redact(value)) for name, value in response.headers.multi_items()],
            encoding=response.headers.encoding,
        ),
        code=kept(code) if isinstance(code, str) else code,
        message=message and kept(message),
        request_id=request_id and kept(request_id),
        excerpt=kept(text),
    )


def _first(body: Any, *pointers: str, kinds: tuple[type, ...]) -> Any:
    """The first value of one of these types; a boolean is no integer here."""
    found = (_found(body, where) for where in pointers)
    return next((v for v in found if isinstance(v, kinds) and not isinstance(v, bool) and v != ""), None)


__all__ = ["Redact", "ResponseReader"]
