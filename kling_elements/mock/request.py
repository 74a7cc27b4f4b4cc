"""The parts of a request: its head, and the value of its body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kling_elements import strict_json
from kling_elements.mock.asgi import Fields
from kling_elements.mock.refusals import Problem, RefusedError
from kling_elements.mock.reply import Reply

Body: TypeAlias = bytes | bytearray


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body.

    Attributes:
        method: The HTTP method.
        path: The path as sent, still percent-encoded.
        query: The query, without the question mark.
        headers: The headers by their names in lower case.
        client_host: The address of the peer, or None if it is unknown.
        http_version: The peer's version of HTTP.
    """

    method: str
    path: str
    query: str
    headers: Fields
    client_host: str | None
    http_version: str = "1.1"


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request whose head passed every check.

    Attributes:
        max_bytes: The size limit of the body in bytes, or None if the request needs no body.
        reply_to: Returns the reply to a body. If the request needs no body, pass an empty one.
    """

    max_bytes: int | None
    reply_to: Callable[[Body], Reply]


def json_value(raw: Body) -> object:
    """Return the JSON value of a body.

    Raises:
        RefusedError: The body is not strict JSON.
    """
    try:
        return strict_json.loads(raw)
    except strict_json.StrictJsonError as error:
        raise RefusedError(Problem.INVALID_PARAMETERS, f"the body cannot be read: {error}") from None


def body_too_large(max_bytes: int | None) -> RefusedError:
    """Return the refusal of a body over the size limit."""
    return RefusedError(Problem.BODY_TOO_LARGE, f"the body may have at most {max_bytes} bytes")
