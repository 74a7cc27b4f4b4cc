"""A request as the parts of the server hand it on, from its head to the value of its body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from kling_elements import strict_json
from kling_elements.mock.answers import Problem, RefusedError
from kling_elements.mock.asgi import Fields
from kling_elements.mock.reply import Reply

Body: TypeAlias = bytes | bytearray


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body.

    Attributes:
        method: The HTTP method.
        path: The path as it was sent, still percent-encoded.
        query: What follows the path's question mark.
        headers: The headers, by their names in lower case.
        client_host: The address of the peer, or None if it is not known.
        http_version: The version of HTTP that the peer speaks.
    """

    method: str
    path: str
    query: str
    headers: Fields
    client_host: str | None
    http_version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request of which the head is in order.

    Attributes:
        max_bytes: The largest body that it may have; None if it needs none.
        answer: Answers it once its body is there; without one, for an empty one.
    """

    max_bytes: int | None
    answer: Callable[[Body], Reply]


def json_value(raw: Body) -> object:
    """Return the value of a body.

    Raises:
        RefusedError: It is no strict JSON.
    """
    try:
        return strict_json.loads(raw)
    except strict_json.StrictJsonError as error:
        raise RefusedError(Problem.INVALID_PARAMETERS, f"the body cannot be read: {error}") from None


def too_large(max_bytes: int | None) -> RefusedError:
    """Return the refusal of a body that is larger than allowed."""
    return RefusedError(Problem.BODY_TOO_LARGE, f"the body may have at most {max_bytes} bytes")
