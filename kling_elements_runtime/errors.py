"""The exceptions that a generated client raises. They contain no token and no media, and can be pickled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import field, frozen

from kling_elements_runtime.texts import for_message

if TYPE_CHECKING:
    import httpx  # importing it would take most of the time of loading the models

Remedy: TypeAlias = Literal["fit", "plugin", "none"]
"""The remedy for a violation."""


class ApiError(Exception):
    """The base of all errors that a generated client raises because of its contract, the network or the gateway.

    A package that combines several calls sets these attributes. They are declared here so that errors of a single call
    have them too.

    Attributes:
        outcome: The state that the calls left, in that package's words, or None if you called a single operation.
        external_task_id: The caller's own id for the request, which look-ups accept, or None if there was none.
        page: The number of the page of a list that could not be fetched, or None if no list was requested.
    """

    outcome: str | None = None
    external_task_id: str | None = None
    page: int | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments(), self.__dict__

    def _arguments(self) -> tuple[Any, ...]:
        """Return the arguments that recreate this exception, for pickles and copies."""
        return self.args


class OperationNotOfferedError(ApiError):
    """The contract of this gateway lacks the operation. Nothing was sent."""


@frozen
class Violation:
    """One violation of the contract in a request.

    Attributes:
        pointer: Where the violation is, as a JSON Pointer (RFC 6901) into the body. A missing property is reported at
            its parent, and a parameter as `/path/NAME` or `/query/NAME`.
        rule: The id of the broken rule, as in the contract's `x-source` (`R04`), or the schema keyword if it has none.
        message: What is wrong and what is allowed. Quotes at most 80 characters of any value.
        remedy: What to do about an image: `fit` it to the rule; `plugin`, if you have to install a plugin that reads
            its format first; `none` if fitting does not help. Excluded from the repr and from comparisons.
    """

    pointer: str
    rule: str
    message: str
    remedy: Remedy = field(default="none", repr=False, eq=False)

    def __str__(self) -> str:
        return f"{self.pointer or '(body)'}: {self.message} [{self.rule}]"


class ContractError(ApiError, ValueError):
    """The request breaks the contract, so it was not sent.

    Attributes:
        violations: All violations of the contract in the request.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("\n".join(map(str, violations)))
        self.violations = list(violations)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.violations,)


class MediaError(ApiError, ValueError):
    """A file or a URL cannot be used as an image or a video. Nothing was created.

    Attributes:
        source: A file's path, a URL without its query, or the type of the value.
        reason: Why it cannot be used, and what to do.
        violations: The rules that the file breaks; empty if the file could not be read.
    """

    def __init__(self, source: str, reason: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
        self.violations = list(violations)

    def _arguments(self) -> tuple[Any, ...]:
        return self.source, self.reason, self.violations


@contextmanager
def raising_media_errors(path: Path, action: str) -> Iterator[None]:
    """Turn an OSError or a ValueError about a file into a MediaError.

    Args:
        path: The file.
        action: The failed action as a participle, such as `read`.
    """
    try:
        yield
    except MediaError:
        raise
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise MediaError(str(path), f"cannot be {action}: {getattr(error, 'strerror', None) or error}") from error


class TransportError(ApiError):
    """No response arrived. `__cause__` is httpx's own exception.

    Attributes:
        may_have_been_sent: False if the server cannot have received the whole request, because its name had no address
            or no connection was opened. Then nothing was created, and you can safely send the request again.
    """

    def __init__(self, message: str, may_have_been_sent: bool) -> None:  # noqa: FBT001 - read by name, set in one place
        super().__init__(message)
        self.may_have_been_sent = may_have_been_sent

    def _arguments(self) -> tuple[Any, ...]:
        return str(self), self.may_have_been_sent


class ConnectionFailedError(TransportError):
    """The connection to the gateway or to a proxy could not be opened, or it broke."""


class RequestTimeoutError(TransportError, TimeoutError):
    """A step of the request took longer than its timeout, or the time for the whole call is up."""


@frozen
class ResponseSummary:
    """The part of a response that an exception keeps.

    Attributes:
        status_code: The HTTP status.
        headers: The headers; their names are case-insensitive.
        code: The business code of the envelope, or of its `error`, or None if there is none.
        message: The gateway's own words, or None if there are none.
        request_id: The gateway's id of the request, from the body or from the header `x-request-id`.
        excerpt: The first 200 characters of the body, with white space folded. As in all strings here, control
            characters are escaped.
        method: The HTTP method of the request, or an empty string if it is not known.
        url: The URL of the request, or an empty string if it is not known.
    """

    status_code: int
    headers: httpx.Headers
    code: int | str | None
    message: str | None
    request_id: str | None
    excerpt: str
    method: str = ""
    url: str = ""


class ResponseError(ApiError):
    """The gateway reported a failure, or its response breaks the contract.

    Attributes:
        response: The summary of the response. Its attributes are attributes of the exception too.
    """

    def __init__(self, reason: str, response: ResponseSummary) -> None:
        super().__init__(reason)
        self.response = response

    def _arguments(self) -> tuple[Any, ...]:
        return str(self), self.response

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The response's headers."""
        return self.response.headers

    @property
    def code(self) -> int | str | None:
        """The business code, or None."""
        return self.response.code

    @property
    def message(self) -> str | None:
        """The gateway's own words, or None."""
        return self.response.message

    @property
    def request_id(self) -> str | None:
        """The gateway's id of the request, or None."""
        return self.response.request_id

    @property
    def excerpt(self) -> str:
        """The first 200 characters of the body."""
        return self.response.excerpt


class StatusError(ResponseError):
    """The HTTP status means failure."""


class AuthenticationError(StatusError):
    """401: the token is missing, wrong, or not currently valid."""


class PermissionDeniedError(StatusError):
    """403: the account may not do this."""


class NotFoundError(StatusError):
    """The response says that nothing has this id. A 404 that does not say so is a `StatusError`."""


class RateLimitError(StatusError):
    """429: the rate, the concurrency or the account is over its limit; `code` says which."""


class ServerError(StatusError):
    """5xx, including the codes of proxies such as 524. The request may have taken effect anyway."""


class BusinessError(ResponseError):
    """The status means success, but the response body reports a failure and contains nothing that the call started."""


class InvalidResponseError(ResponseError):
    """The status means success, but the body breaks the contract. The request may have taken effect."""


_BY_STATUS: dict[int, type[StatusError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    429: RateLimitError,
}
_FIRST_SERVER_ERROR = 500


def error_class_for(status_code: int) -> type[StatusError]:
    """Return the exception class for an error status."""
    server = StatusError if status_code < _FIRST_SERVER_ERROR else ServerError
    return _BY_STATUS.get(status_code, server)


def describe(response: ResponseSummary, reason: str = "") -> str:
    """Describe a response in one line: the call, the status, the business code, the problem, and the request id."""
    call = f"{response.method} {response.url}: " if response.method else ""
    parts: list[Any] = [f"{call}HTTP {response.status_code}"]
    if (location := response.headers.get("location")) is not None:
        parts.append(f"to {for_message(location)}")
    if response.code is not None:
        parts.append(f"code {response.code}")
    parts.append(": ".join(filter(None, [reason, response.message or response.excerpt or "empty body"])))
    if response.request_id is not None:
        parts.append(f"request {response.request_id}")
    return ", ".join(parts)
