"""Turns the gateway's answers into models, or into exceptions that keep what is needed to act on them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx
from attrs import frozen

from kling_elements_runtime import errors
from kling_elements_runtime.contract import Contract, ExpectedAnswer
from kling_elements_runtime.texts import Redact, excerpt, printable

T = TypeVar("T")
E = TypeVar("E", bound=errors.ResponseError)

UNREADABLE: Final = "kling_elements_runtime.unreadable"
"""The extension of a response by which the transport says why there is no more of its body."""
CALL: Final = "kling_elements_runtime.call"
"""The extension of a response that has the method and the URL of the request."""

_MAX_DIGITS = 20  # of a 64-bit integer; the exponent of a larger number could ask for any amount of memory
_MAX_VALUES = 100_000  # JSON values; a page of 500 tasks has some 30,000
_MAX_DEPTH = 64  # levels; as many as requests may have
_MAX_TEXT_BYTES = 1 << 24  # of memory; one character beyond the basic plane makes each one cost four bytes
_MAX_WRAPPED = 4  # errors within the message of an error


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
            NotFoundError: The answer says that there is no such thing, whatever its status.
            BusinessError: The status means success, but the envelope says failure and names no task.
            InvalidResponse: The status means success, but the body is not what the contract promises.
        """
        expected = self.contract.answer(operation_id)
        if expected.may_be_empty and response.is_success and not response.content:
            return model({})
        body, problem = _read(response)
        body = _with_list(expected, body)
        said = _said(self.contract, body)
        if self.contract.means(operation_id, "x-absent", said.code, said.message):
            raise self._error(errors.NotFoundError, response, said)
        names_task = self._names_task(expected, response, body, said)
        for kind, reason in self._oddities(expected, response, body, problem):
            if not names_task:
                raise self._error(kind, response, said, reason)
            # the task exists, and its id must reach the caller whatever else is odd
            told = self.redact(printable(f"HTTP {response.status_code}, code {said.code}, {reason or 'a failure'}"))
            self.log.warning("%s: a task is named, but: %s", operation_id, told)
        return model(self._clean(response, body))

    def _oddities(
        self, expected: ExpectedAnswer, response: httpx.Response, body: Any, problem: str | None
    ) -> Iterator[tuple[type[errors.ResponseError], str]]:
        """Yield everything in which an answer is no success that the contract promises, each with the error for it."""
        if not response.is_success:
            yield errors.kind_of(response.status_code), ""
        if problem is not None:
            yield errors.InvalidResponse, problem
            return
        if _says_failure(expected, body):
            yield errors.BusinessError, "refused"
        if (oddity := _oddity(self.contract, expected, body)) is not None:
            yield errors.InvalidResponse, oddity

    def _names_task(self, expected: ExpectedAnswer, response: httpx.Response, body: Any, said: _Said) -> bool:
        """Return whether an answer names a task in a way that counts under its status and code."""
        envelope = expected.envelope
        if response.is_client_error:  # a refusal, and an earlier task
            return False
        places = envelope["task-ids" if response.is_success else "task-ids-of-failures"]
        if response.is_success and self.contract.business_code(said.code) is None:
            places = places + envelope["task-ids-of-other-codes"]
        return _first(body, places) is not None

    def _clean(self, response: httpx.Response, body: Any) -> Any:
        """Return a JSON value without the token: models are shown, logged and pickled."""
        content = response.content
        if b"\\" in content or b"\0" in content:  # escaped, or in an encoding that shows no token byte by byte
            return _without_token(body, self.redact)
        text = content.decode("utf-8", "replace")
        return body if self.redact(text) == text else _without_token(body, self.redact)

    def _error(self, kind: type[E], response: httpx.Response, said: _Said, reason: str = "") -> E:
        """Return an exception with what it keeps of an answer."""
        answer = self._kept(response, said)
        return kind(errors.describe(answer, self.redact(printable(reason))), answer)

    def _kept(self, response: httpx.Response, said: _Said) -> errors.Answer:
        """Return what exceptions keep of an answer. Gateways have been seen to repeat the token."""

        def kept(text: str) -> str:
            return excerpt(text, self.redact)

        method, url = response.extensions.get(CALL, ("", ""))
        request_id = said.request_id or response.headers.get("x-request-id")
        return errors.Answer(
            status_code=response.status_code,
            headers=httpx.Headers(
                [(name, self.redact(value)) for name, value in response.headers.multi_items()],
                encoding=response.headers.encoding,
            ),
            code=kept(said.code) if isinstance(said.code, str) else said.code,
            message=said.message and kept(said.message),
            request_id=request_id and kept(request_id),
            excerpt=kept(_text(response)),
            method=method,
            url=kept(url),
        )


@frozen
class _Said:
    """What an answer says of a failure.

    Attributes:
        code: The business code of the envelope, or that of an error in the style of OpenAI.
        message: The gateway's own words.
        request_id: The gateway's id of the request.
    """

    code: int | str | None = None
    message: str | None = None
    request_id: str | None = None


def _said(contract: Contract, body: Any) -> _Said:
    """Return what an answer says; where its message is an answer itself, which a gateway passes on, what that says."""
    said: _Said | None = None
    for _ in range(_MAX_WRAPPED):
        inner = _Said(
            code=_first(body, ("/code", "/error/code")),
            message=_first(body, ("/message", "/error/message", "/msg", "/error", "/detail", "/detail/0/msg"), (str,)),
            request_id=_first(body, ("/request_id",), (str,)) or (said.request_id if said else None),
        )
        is_known = contract.business_code(inner.code) is not None
        if said is None or is_known:
            said = inner
        if is_known or inner.message is None or not inner.message.lstrip().startswith("{"):
            break
        body = _value(inner.message)
    return said or _Said()


def _read(response: httpx.Response) -> tuple[Any, str | None]:
    """Return the JSON value of an answer, or None and why it has none."""
    if (unreadable := response.extensions.get(UNREADABLE)) is not None:
        return None, str(unreadable)
    content = response.content
    try:
        text = content.decode(json.detect_encoding(content), "surrogatepass")  # as json.loads does
        return _bounded(text), None
    except _TooMuchError as error:
        return None, str(error)
    except (ValueError, RecursionError):
        return None, "the answer is not JSON"


class _TooMuchError(Exception):
    """An answer is larger than any that the contract promises."""


def _bounded(text: str) -> Any:
    """Return a JSON value that costs no more memory and levels than an answer may.

    Raises:
        ValueError: The text is not JSON.
        _TooMuchError: It would cost more.
    """
    openings = text.count("[") + text.count("{")
    if openings + text.count(",") > _MAX_VALUES:
        raise _TooMuchError(f"the answer has more than {_MAX_VALUES} values")
    if sys.getsizeof(text) > _MAX_TEXT_BYTES:
        raise _TooMuchError(f"the answer takes more than {_MAX_TEXT_BYTES} bytes of memory")
    try:
        value = _read_json(text)
    except RecursionError:
        raise _TooMuchError(_TOO_DEEP) from None
    if openings > _MAX_DEPTH and _depth_exceeds(value, _MAX_DEPTH):
        raise _TooMuchError(_TOO_DEEP)
    return value


_TOO_DEEP = f"the answer nests deeper than {_MAX_DEPTH} levels"


def _depth_exceeds(value: Any, levels: int) -> bool:
    waiting = [value]
    for _ in range(levels):
        waiting = [inner for outer in waiting for inner in _parts(outer) if isinstance(inner, dict | list)]
        if not waiting:
            return False
    return True


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _value(text: str) -> Any:
    """Return the JSON value of a text; None where it is none."""
    try:
        return _bounded(text)
    except (ValueError, RecursionError, _TooMuchError):
        return None


def _text(response: httpx.Response) -> str:
    """Return an answer as text, by the encoding that it says or shows."""
    content = response.content
    if b"\0" in content[:4]:  # UTF-16 or UTF-32, also where no header says so
        return content.decode(json.detect_encoding(content), "replace")
    try:
        return content.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _without_token(value: Any, redact: Redact) -> Any:
    """Return a JSON value in which no text has the token."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_without_token(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(name): _without_token(item, redact) for name, item in value.items()}
    return value


def _number(text: str) -> int | float:
    """Return a number with a fraction or an exponent: a whole one is read exactly, as it may be an id."""
    try:
        exact = Decimal(text)
        whole = exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value()
    except ArithmeticError:  # an exponent beyond all bounds
        return float(text)
    return int(exact) if whole else float(text)


_read_json: Final = json.JSONDecoder(parse_float=_number).decode  # json.loads would make a decoder for each answer


def _says_failure(expected: ExpectedAnswer, body: Any) -> bool:
    """Return whether the envelope of an answer that came with a status of success says otherwise."""
    code = _at(body, expected.envelope["code"])
    is_failure = code is not None and (isinstance(code, bool) or code not in expected.envelope["success-codes"])
    return bool(_at(body, expected.envelope["error"])) or is_failure


def _with_list(expected: ExpectedAnswer, body: Any) -> Any:
    """Return an answer whose list is where the contract has it first, wherever the gateway puts it."""
    places = expected.envelope["lists"]
    found = next((value for where in places if isinstance(value := _at(body, where), list)), None)
    return body if found is None else {**body, places[0][1:]: found}


def _oddity(contract: Contract, expected: ExpectedAnswer, body: Any) -> str | None:
    """Return in which way an answer is not what the contract promises, or None."""
    try:
        found = contract.schema_violations(expected.schema_pointer, body)
    except (ValueError, RecursionError):  # half a surrogate pair in a name
        return "the answer cannot be read"
    if found:
        return f"the answer breaks the contract at {found[0]}"
    places = expected.envelope["lists"]
    if places and places[0][1:] not in body:
        return "the answer has no list"
    return None


def _at(body: Any, json_pointer: str) -> Any:
    """Return what is at a place of a JSON value; None where there is no such place."""
    for name in json_pointer.split("/")[1:]:
        if isinstance(body, list):
            body = body[int(name)] if name.isdecimal() and int(name) < len(body) else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def _first(body: Any, pointers: Any, kinds: tuple[type, ...] = (int, str)) -> Any:
    """Return the first value of one of these types that is no empty text; a boolean is no integer here."""
    found = (_at(body, where) for where in pointers)
    return next((v for v in found if isinstance(v, kinds) and not isinstance(v, bool) and v != ""), None)


__all__ = ["CALL", "UNREADABLE", "ResponseReader"]
