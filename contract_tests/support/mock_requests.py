"""Requests to the mock server as ASGI describes them, in process, and the refusals that its replies are held to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kling_elements.mock.app import MockServer, create_app
from kling_elements_client import contract

PATH = "/kling/v1/general/advanced-custom-elements"
LIMIT = 56_972_640
TOKEN = "Bearer sk-test"
SAMPLE: dict[str, Any] = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "image_refer",
    "element_image_list": {
        "frontal_image": "https://media.example.com/front.jpg",
        "refer_images": [{"image_url": "https://media.example.com/left.jpg"}],
    },
}
PATHS = [
    PATH,
    "/kling/v1/general/advanced-presets-elements",
    "/kling/v1/general/delete-elements",
    f"{PATH}/{{id}}",
]

Refusal = tuple[int, int, str, dict[str, str]]

NO_TOKEN: Refusal = (
    401,
    1001,
    "no token was sent; send the header Authorization: Bearer <token>",
    {"www-authenticate": "Bearer"},
)
BAD_TOKEN: Refusal = (
    401,
    1002,
    "the Authorization header does not read Authorization: Bearer <token>",
    {"www-authenticate": "Bearer"},
)
OTHER_TOKEN: Refusal = (
    401,
    1002,
    "the token is not the one that this server takes",
    {"www-authenticate": "Bearer"},
)
NO_PATH: Refusal = (404, 1203, f"nothing has this path; there is {', '.join(PATHS)}", {})
NO_METHOD: Refusal = (405, 1202, "this path takes GET, POST", {"allow": "GET, POST"})
NO_MEDIA_TYPE: Refusal = (
    415,
    1200,
    "the body must be application/json in UTF-8; say so in the header Content-Type",
    {},
)
TOO_LARGE: Refusal = (413, 1200, f"the body may have at most {LIMIT} bytes", {})
NO_JSON: Refusal = (400, 1200, "the body cannot be read: not JSON: Expecting value at line 1, column 1", {})


@cache
def server() -> MockServer:
    """Return the application that all tests share: no request to it stands in the way of another."""
    return create_app(unique_external_ids=False, callbacks=False)


@dataclass(kw_only=True)
class Request:
    """A conforming request, unless a test says otherwise; a header that is None is left out."""

    method: str = "POST"
    path: str = PATH
    authorization: str | None = TOKEN
    content_type: str | None = "application/json"
    more_headers: Iterable[tuple[str, str]] = ()
    body: bytes = json.dumps(SAMPLE).encode()
    scope: dict[str, Any] = field(default_factory=dict)

    def as_scope(self) -> dict[str, Any]:
        """Return the request as ASGI describes it."""
        named = [("authorization", self.authorization), ("content-type", self.content_type), *self.more_headers]
        headers = [(name.encode(), value.encode("latin-1")) for name, value in named if value is not None]
        own = {"type": "http", "method": self.method, "raw_path": self.path.encode("latin-1"), "headers": headers}
        return {**own, **self.scope}


@dataclass
class Reply:
    """What came back.

    Attributes:
        status: The HTTP status.
        headers: Every header, as one may come once only.
        body: The bytes of the body.
        received: How many messages of the request were taken, more than there were if the server asked for more.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    received: int


async def exchange(app: MockServer, scope: dict[str, Any], messages: Iterable[dict[str, Any]]) -> Reply:
    """Send a request as ASGI messages and return the reply. A server that asks for more than there is waits."""
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

    await app(scope, receive, send)
    start, *parts = sent
    assert start["type"] == "http.response.start"
    assert {"http.response.body"} == {part["type"] for part in parts}
    assert [True] * (len(parts) - 1) + [False] == [part["more_body"] for part in parts]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(headers) == len(start["headers"])
    return Reply(start["status"], headers, b"".join(part["body"] for part in parts), received)


def chunks(*bodies: bytes, complete: bool = True) -> list[dict[str, Any]]:
    """Return a body as ASGI messages; an incomplete one ends with the peer gone."""
    ends: list[dict[str, Any]] = [] if complete else [{"type": "http.disconnect"}]
    more = [True] * (len(bodies) - 1) + [not complete]
    parts = zip(bodies, more, strict=True)
    return [{"type": "http.request", "body": body, "more_body": follows} for body, follows in parts] + ends


def reply_to(request: Request, app: MockServer | None = None) -> Reply:
    """Return the reply to a request that comes in one piece."""
    return asyncio.run(exchange(app or server(), request.as_scope(), chunks(request.body)))


def assert_refused(expected: Refusal, reply: Reply) -> None:
    """Assert a refusal: status, business code, message and headers, and nothing beyond these."""
    status, code, message, headers = expected
    body = json.loads(reply.body)
    request_id = body.pop("request_id")
    assert (status, {"code": code, "message": message}) == (reply.status, body)
    assert (32, set()) == (len(request_id), set(request_id) - set("0123456789abcdef"))
    own = {"content-type": "application/json", "content-length": str(len(reply.body))}
    assert {**own, **headers} == reply.headers


def assert_accepted(reply: Reply) -> None:
    """Assert that a subject was created: the keys of the contract's example, with values of this answer alone."""
    body = json.loads(reply.body)
    example = contract.document()["components"]["examples"]["submitted"]["value"]
    assert (200, example.keys(), example["data"].keys()) == (reply.status, body.keys(), body["data"].keys())
    assert (0, "SUCCEED", 32, "submitted") == (
        body["code"],
        body["message"],
        len(body["request_id"]),
        body["data"]["task_status"],
    )
    assert {"content-type": "application/json", "content-length": str(len(reply.body))} == reply.headers
