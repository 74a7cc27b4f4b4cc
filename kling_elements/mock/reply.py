"""A response as a plain value. `asgi.respond`, or the caller of `MockServer.respond`, sends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

HeaderList: TypeAlias = tuple[tuple[bytes, bytes], ...]

JSON_TYPE = (b"content-type", b"application/json")
HTML_TYPE = (b"content-type", b"text/html")
TEXT_TYPE = (b"content-type", b"text/plain; charset=utf-8")

_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, with instructions for sending it.

    Attributes:
        status: The HTTP status.
        body: The bytes of the body.
        headers: All headers except Content-Length.
        delay_seconds: Seconds to wait before anything else.
        drip_seconds: Seconds over which to send the body byte by byte; 0 sends it at once.
        cut: Whether to cut the connection without sending a byte.
        late: Creates the task, and returns the reply to send instead of this one. Call it after the delay, even if the
            caller has hung up by then. None if the task has been created already.
    """

    status: int
    body: bytes = b""
    headers: HeaderList = ()
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    cut: bool = False
    late: Callable[[], Reply] | None = None


def json_reply(value: object, status: int = 200, headers: HeaderList = ()) -> Reply:
    """Return a reply with a JSON body."""
    return Reply(status, encode(value), (JSON_TYPE, *headers))


def encode(value: object) -> bytes:
    """Return a value as JSON in ASCII, which can also represent lone surrogates from a request."""
    return _ENCODER.encode(value).encode()
