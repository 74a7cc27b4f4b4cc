"""Turn the gateway's responses into models or exceptions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import httpx
from attrs import frozen

from kling_elements_runtime import errors, json_responses
from kling_elements_runtime.contract import Contract, ExpectedResponse
from kling_elements_runtime.document import at
from kling_elements_runtime.texts import Redact, excerpt, for_message, printable
from kling_elements_runtime.transport.bodies import UNREADABLE

T = TypeVar("T")
E = TypeVar("E", bound=errors.ResponseError)

CALL: Final = "kling_elements_runtime.call"
"""The extension of a response with the method and the URL of its request."""

REQUEST_ID: Final = "/request_id"
"""The place of the gateway's id of the request in the body of a response."""

_CODES = ("/code", "/error/code")
_MESSAGES = ("/message", "/error/message", "/msg", "/error", "/detail", "/detail/0/msg")
_MAX_WRAPPED_ERRORS = 4  # a gateway may quote an error within another one's message
_EXCERPTED_BYTES = 1 << 16
_MAX_EXPLAINED_VALUES = 30_000  # the validator's errors contain several copies of a value
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # that of UTF-32 begins with the first or with a zero


@frozen
class ResponseReader:
    """A reader of the responses to one client's requests.

    Attributes:
        contract: The contract to check responses against.
        redact: Removes the token from a string.
        log: The logger for unusual responses.
    """

    contract: Contract
    redact: Redact
    log: logging.Logger

    def model_of(self, operation_id: str, response: httpx.Response, model: Callable[[Mapping[str, Any]], T]) -> T:
        """Return the model of a successful response.

        Args:
            operation_id: The operation that was called.
            response: Its response, with the body read.
            model: Creates the model from the JSON object.

        Raises:
            StatusError: The status means failure; the subclass depends on it.
            NotFoundError: The response says that there is nothing with this id, whatever its status.
            BusinessError: The status means success, but the body reports a failure and contains nothing that the call
                started.
            InvalidResponseError: The status means success, but the body breaks the contract.
        """
        expected = self.contract.response(operation_id)
        if expected.may_be_empty and response.is_success and _is_empty(response):
            return model({})
        body, problem = read_body(response)
        body = _move_list(expected, body)
        if problems := self._problems(expected, response, body, problem):
            failure = _failure_of(self.contract, body, (expected.envelope["code"], *_CODES))
            if self.contract.means(operation_id, "x-absent", failure.code, failure.message):
                raise self._error(errors.NotFoundError, response, failure)
            if not self._contains_created_id(expected, response, body, failure):
                kind, reason = problems[0]
                raise self._error(kind, response, failure, reason)
            # the call started something, and its id must reach the caller whatever else is wrong
            reasons = ", ".join(reason for _, reason in problems if reason)
            text = f"HTTP {response.status_code}, code {failure.code}" + (f", {reasons}" if reasons else "")
            self.log.warning(
                "%s: the response contains an id, but is unusual: %s", operation_id, excerpt(text, self.redact)
            )
        return model(self._clean(response, body))

    def _problems(
        self, expected: ExpectedResponse, response: httpx.Response, body: Any, problem: str | None
    ) -> list[tuple[type[errors.ResponseError], str]]:
        """Return all reasons why a response is not the expected success, each with its error class."""
        problems: list[tuple[type[errors.ResponseError], str]] = []
        if not response.is_success:
            problems.append((errors.error_class_for(response.status_code), ""))
        if problem is not None:
            return [*problems, (errors.InvalidResponseError, problem)]
        if _reports_failure(expected, body):
            problems.append((errors.BusinessError, "refused"))
        is_long = sum(map(response.content.count, b"{[,")) > _MAX_EXPLAINED_VALUES
        if (schema_problem := _schema_problem(self.contract, expected, body, is_long=is_long)) is not None:
            problems.append((errors.InvalidResponseError, schema_problem))
        return problems

    def _contains_created_id(
        self, expected: ExpectedResponse, response: httpx.Response, body: Any, failure: _FailureDetails
    ) -> bool:
        """Return whether a response with this status and code contains the id of something that this call started."""
        envelope = expected.envelope
        if response.is_client_error:  # a refusal, which may contain the id of something that an earlier call started
            return False
        places = envelope["task-ids" if response.is_success else "task-ids-of-failures"]
        if response.is_success and self.contract.business_code(failure.code) is None:
            places = places + envelope["task-ids-of-other-codes"]
        return _first(body, places) is not None

    def _clean(self, response: httpx.Response, body: Any) -> Any:
        """Return a JSON value without the token, because programs show, log and pickle models."""
        content = response.content
        # escapes or UTF-16 can hide the token in the bytes, so search each value, which takes longer
        if b"\0" in content or b"\\" in content:
            return _redact_values(body, self.redact)
        text = content.decode("utf-8", "replace")
        return body if self.redact(text) == text else _redact_values(body, self.redact)

    def _error(self, kind: type[E], response: httpx.Response, failure: _FailureDetails, reason: str = "") -> E:
        """Return an exception with a summary of a response."""
        summary = self._summary(response, failure)
        return kind(errors.describe(summary, self.redact(printable(reason))), summary)

    def _summary(self, response: httpx.Response, failure: _FailureDetails) -> errors.ResponseSummary:
        """Return the summary of a response for an exception, without the token, which some gateways repeat."""

        def redacted_excerpt(text: str) -> str:
            return excerpt(text, self.redact)

        method, url = response.extensions.get(CALL, ("", ""))
        return errors.ResponseSummary(
            status_code=response.status_code,
            headers=httpx.Headers(
                [(name, self.redact(value)) for name, value in response.headers.multi_items()],
                encoding=response.headers.encoding,
            ),
            code=redacted_excerpt(failure.code) if isinstance(failure.code, str) else failure.code,
            message=failure.message and redacted_excerpt(failure.message),
            request_id=request_id_of(response, failure.request_id, self.redact),
            excerpt=redacted_excerpt(_beginning(response)),
            method=method,
            url=for_message(self.redact(url)),  # whole: the path of a look-up is not an image
        )


@frozen
class _FailureDetails:
    """The details of a failure in a response.

    Attributes:
        code: The business code in the envelope or in its `error`.
        message: The gateway's own words.
        request_id: The gateway's id of the request.
    """

    code: int | str | None = None
    message: str | None = None
    request_id: str | None = None


def _failure_of(contract: Contract, body: Any, codes: Sequence[str]) -> _FailureDetails:
    """Return the details of a failure in a response.

    A gateway may quote the service's own response as JSON in its message. If that contains a code that the contract
    knows, its details are used.
    """
    outer = failure = _failure_in(body, codes)
    for _ in range(_MAX_WRAPPED_ERRORS):
        if contract.business_code(failure.code) is not None:
            return _FailureDetails(failure.code, failure.message, failure.request_id or outer.request_id)
        if failure.message is None or not failure.message.lstrip().startswith("{"):
            break
        try:
            failure = _failure_in(json_responses.parse(failure.message), codes)
        except json_responses.UnusableJsonError:
            break
    return outer


def _failure_in(body: Any, codes: Sequence[str]) -> _FailureDetails:
    return _FailureDetails(_first(body, codes), _first(body, _MESSAGES, (str,)), _first(body, (REQUEST_ID,), (str,)))


def read_body(response: httpx.Response) -> tuple[Any, str | None]:
    """Return the JSON value of a response and None, or None and the reason why there is no value."""
    if (unreadable := response.extensions.get(UNREADABLE)) is not None:
        return None, str(unreadable)
    try:
        return json_responses.decode(response.content), None
    except json_responses.UnusableJsonError as error:
        return None, f"the response {error}"


def _is_empty(response: httpx.Response) -> bool:
    return UNREADABLE not in response.extensions and not response.content.strip()


def request_id_of(response: httpx.Response, in_body: object, redact: Redact) -> str | None:
    """Return the gateway's id of a request, or None if the response contains none.

    The id is cut to 200 characters, and contains no token.

    Args:
        response: The response.
        in_body: The value of `request_id` in its body. If it is not a string, the header `x-request-id` is used.
        redact: Removes the token from a string.
    """
    request_id = in_body if isinstance(in_body, str) and in_body else response.headers.get("x-request-id")
    return excerpt(request_id, redact) if request_id else None


def _beginning(response: httpx.Response) -> str:
    return text_of(response, _EXCERPTED_BYTES)


def text_of(response: httpx.Response, max_bytes: int | None = None) -> str:
    """Return a response, or its first bytes, as a string, decoded with its declared or detected encoding."""
    content = response.content[:max_bytes]
    encoding = response.charset_encoding or "utf-8"
    if content.startswith(_UTF_16_MARKS) or b"\0" in content[:4]:
        encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _redact_values(value: Any, redact: Redact) -> Any:
    """Return a JSON value with the token removed from every string."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redact_values(item, redact) for item in value]
    if isinstance(value, dict):
        return {redact(name): _redact_values(item, redact) for name, item in value.items()}
    return value


def _reports_failure(expected: ExpectedResponse, body: Any) -> bool:
    """Return whether the envelope of a response reports a failure, whatever the status."""
    code = at(body, expected.envelope["code"])
    if isinstance(code, str):
        code = code.lower()
    is_failure = code is not None and (isinstance(code, bool) or code not in expected.envelope["success-codes"])
    return bool(at(body, expected.envelope["error"])) or is_failure


def _move_list(expected: ExpectedResponse, body: Any) -> Any:
    """Return a response body with its list moved to the first of the contract's places for it."""
    places = expected.envelope["lists"]
    if not places:
        return body
    values = [at(body, place) for place in places if _has(body, place)]
    lists = [value for value in values if isinstance(value, list)]
    if not lists and None not in values:
        return body
    return {**body, places[0][1:]: lists[0] if lists else None}


def _has(body: Any, place: str) -> bool:
    parent_pointer, _, name = place.rpartition("/")
    parent = at(body, parent_pointer)
    return isinstance(parent, dict) and name in parent


def _schema_problem(contract: Contract, expected: ExpectedResponse, body: Any, *, is_long: bool) -> str | None:
    """Return a message if a response breaks the contract, or None."""
    try:
        if is_long and not contract.conforms(expected.schema_pointer, body):
            return "the response breaks the contract, and has too many values to find out where"
        violations = [] if is_long else contract.schema_violations(expected.schema_pointer, body)
    except (ValueError, RecursionError):  # half a surrogate pair in a name
        return "the response cannot be read"
    if violations:
        return f"the response breaks the contract at {violations[0]}"
    places = expected.envelope["lists"]
    return "the response has no list" if places and not _has(body, places[0]) else None


def _first(body: Any, places: Any, kinds: tuple[type, ...] = (int, str)) -> Any:
    """Return the first value of one of these types that is not an empty string; a boolean is not an integer here."""
    values = (at(body, place) for place in places)
    return next((v for v in values if isinstance(v, kinds) and not isinstance(v, bool) and v != ""), None)
