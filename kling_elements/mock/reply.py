"""What a request is answered with, as a plain value: whoever speaks with the caller carries it out."""

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
    """One answer, and in which manner it is to be given.

    Attributes:
        status: The HTTP status.
        body: The bytes of the body.
        headers: Every header but Content-Length, which is the number of these bytes.
        delay_seconds: How long to wait before anything else.
        drip_seconds: Over how long the body is sent byte by byte; 0 sends it at once.
        cut: Whether the connection is cut, without a byte of answer.
        late: What is to be done only after the delay, even if the caller has left by then; it returns the reply that
            counts in place of this one. None where everything is done already.
    """

    status: int
    body: bytes = b""
    headers: HeaderList = ()
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    cut: bool = False
    late: Callable[[], Reply] | None = None


def json_reply(value: object, status: int = 200, headers: HeaderList = ()) -> Reply:
    """Return a reply with a body of JSON."""
    return Reply(status, encode(value), (JSON_TYPE, *headers))


def encode(value: object) -> bytes:
    """Return a value as JSON text, in ASCII: whatever a message repeats of a request, this does not fail."""
    return _ENCODER.encode(value).encode()
