"""Requests to the mock server as ASGI messages, for tests of bodies in chunks and of lost connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.mock_caller import shared_caller
from kling_elements.mock.reply import Reply

SAMPLE = json.dumps(BODY).encode()


def scope(
    *more_headers: tuple[str, str],
    token: str | None = "sk-test",
    content_type: str = "application/json",
    **changed: Any,
) -> dict[str, Any]:
    """Return the ASGI scope of a conforming create."""
    headers = [("content-type", content_type), *more_headers]
    if token is not None:
        headers.append(("authorization", f"Bearer {token}"))
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "method": "POST", "raw_path": ELEMENTS.encode(), "headers": encoded, **changed}


def chunks(*bodies: bytes, complete: bool = True) -> list[dict[str, Any]]:
    """Return a body as ASGI messages. If it is incomplete, the last message is a disconnect."""
    ends: list[dict[str, Any]] = [] if complete else [{"type": "http.disconnect"}]
    more = [True] * (len(bodies) - 1) + [not complete]
    parts = zip(bodies, more, strict=True)
    return [{"type": "http.request", "body": body, "more_body": follows} for body, follows in parts] + ends


def exchange(scope: dict[str, Any], messages: Iterable[dict[str, Any]]) -> tuple[Reply, int]:
    """Send a request to the shared server, which waits if it asks for more messages than there are.

    Returns:
        The reply, and the number of messages that the server asked for.
    """
    source = iter(messages)
    received = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        nonlocal received
        received += 1
        message = next(source, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(shared_caller().app(scope, receive, send))
    start, *parts = sent
    assert "http.response.start" == start["type"]
    assert {"http.response.body"} == {part["type"] for part in parts}
    assert [True] * (len(parts) - 1) + [False] == [part["more_body"] for part in parts]
    body = b"".join(part["body"] for part in parts)
    length, *headers = start["headers"]
    assert (b"content-length", str(len(body)).encode()) == length
    return Reply(start["status"], body, tuple(headers)), received
