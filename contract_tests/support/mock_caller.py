"""Call the mock server in this process without an event loop, and check its replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.documents import response_schemas
from kling_elements.mock.app import MockServer, create_app
from kling_elements.mock.reply import Reply
from kling_elements_client import contract

VIDEO_REQUEST: dict[str, Any] = {
    "element_name": "Jonas",
    "element_description": "A postman on his round.",
    "reference_type": "video_refer",
    "element_video_list": {"refer_videos": [{"video_url": "https://media.example.com/walk.mp4"}]},
}
_NOTHING: Mapping[str, str | None] = {}


@dataclass(frozen=True)
class Caller:
    """Sends requests to a server with one token. A body of None is empty.

    Attributes:
        app: The server.
        token: The token.
        dialect: The dialect that the server speaks.
    """

    app: MockServer
    token: str = "sk-test"
    dialect: str = "live"

    def send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str | None] = _NOTHING,
        client_host: str | None = "127.0.0.1",
    ) -> Reply:
        """Return the reply, whether it is a success or not.

        Args:
            method: The HTTP method.
            path: The path as it is sent, with the query.
            body: The body as a JSON value.
            content: The bytes of the body, instead of a JSON value.
            headers: Headers to add to the token and the media type, or to replace them. None removes a header.
            client_host: The address of the peer.
        """
        named = {"authorization": f"Bearer {self.token}", "content-type": "application/json", **headers}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in named.items() if value is not None]
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        return self.app.respond(method, path, sent, content, client_host)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Return the response to a client's request, as an httpx transport or a respx route needs it."""
        target = request.url.raw_path.decode()
        reply = self.send(request.method, target, content=request.content, headers=request.headers)
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)

    def post(self, body: object = BODY, **members: Any) -> Reply:
        """Return the reply to a create. The options are those of `send`."""
        return self.send("POST", ELEMENTS, body, **members)

    async def post_async(self, **members: Any) -> httpx.Response:
        """Return the response to a create through ASGI, with the reply's delays and cuts."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1:8787") as http:
            return await http.post(ELEMENTS, json={**BODY, **members}, headers=headers)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the value of a successful reply."""
        reply = self.send(method, path, body)
        assert 200 == reply.status, reply.body
        return self._conforming(method, path, reply)

    def refusal(self, method: str, path: str, body: object = None) -> tuple[int, int, str]:
        """Return status, business code and message of a refusal."""
        reply = self.send(method, path, body)
        response = self._conforming(method, path, reply)
        assert {"code", "message", "request_id"} == response.keys()
        return reply.status, response["code"], response["message"]

    def create(self, base: dict[str, Any] = BODY, /, **members: Any) -> dict[str, Any]:
        """Create a task, and return its data from the response."""
        data: dict[str, Any] = self.ask("POST", ELEMENTS, {**base, **members})["data"]
        return data

    def get(self, name: str) -> dict[str, Any]:
        """Return a task by its id or external id, which must not need URL encoding."""
        data: dict[str, Any] = self.ask("GET", f"{ELEMENTS}/{name}")["data"]
        return data

    def page(self, query: str = "") -> list[dict[str, Any]]:
        """Return a page of the list."""
        data: list[dict[str, Any]] = self.ask("GET", f"{ELEMENTS}{query}")["data"]
        return data

    def element(self, name: str) -> dict[str, Any]:
        """Return the element of a finished task."""
        (element,) = self.get(name)["task_result"]["elements"]
        return dict(element)

    def every_task(self) -> list[dict[str, Any]]:
        """Return all tasks as the control API lists them."""
        tasks: list[dict[str, Any]] = self.ask("GET", "/_mock/elements")
        return tasks

    def queue(self, *names: str) -> None:
        """Queue faults for the next creates."""
        self.ask("POST", "/_mock/faults", list(names))

    def _conforming(self, method: str, path: str, reply: Reply) -> Any:
        """Return the value of a reply, and fail if it breaks the contract for its status."""
        value = json.loads(reply.body)
        route = self.app.routes.find(path.partition("?")[0])
        if route and method in route[0].endpoints:
            operation = route[0].endpoints[method].operation
            schemas = response_schemas(self.app.contract.document(), operation.operation_id)
            kind = (str(reply.status), "application/json")
            schema = schemas.get(kind) or schemas["default", "application/json"]
            assert [] == self.app.contract.schema_violations(schema, value)
        return value


@cache
def shared_caller() -> Caller:
    """Return the caller of a server that all tests share. Don't send it requests that affect other tests."""
    return Caller(create_app(unique_external_ids=False, callbacks=False))


def headers_of(reply: Reply) -> dict[str, str]:
    """Return a reply's headers by name, and fail if a name occurs twice."""
    headers = {name.decode(): value.decode() for name, value in reply.headers}
    assert len(headers) == len(reply.headers)
    return headers


@dataclass(frozen=True, kw_only=True)
class ExpectedRefusal:
    """The reply of the mock server to a request that it refuses."""

    status: int
    code: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def check(self, reply: Reply) -> None:
        """Assert that a reply is exactly this one."""
        body = json.loads(reply.body)
        request_id = body.pop("request_id")
        assert (self.status, {"code": self.code, "message": self.message}) == (reply.status, body)
        assert (32, set()) == (len(request_id), set(request_id) - set("0123456789abcdef"))
        assert {"content-type": "application/json", **self.headers} == headers_of(reply)


LIMIT = 56_972_640
"""The largest allowed body of a create, in bytes."""
_PATHS = ", ".join([ELEMENTS, PRESETS, DELETION, f"{ELEMENTS}/{{id}}"])
_BEARER = {"www-authenticate": "Bearer"}
NO_TOKEN = ExpectedRefusal(
    status=401,
    code=1001,
    message="no token was sent; send the header Authorization: Bearer <token>",
    headers=_BEARER,
)
BAD_TOKEN = ExpectedRefusal(
    status=401,
    code=1002,
    message="the Authorization header must have the form Authorization: Bearer <token>",
    headers=_BEARER,
)
OTHER_TOKEN = ExpectedRefusal(
    status=401,
    code=1002,
    message="this server accepts another token; send the token that it was started with",
    headers=_BEARER,
)
NO_PATH = ExpectedRefusal(status=404, code=1203, message=f"there is no such path; use one of {_PATHS}")
NO_METHOD = ExpectedRefusal(
    status=405, code=1202, message="this path accepts only GET, POST", headers={"allow": "GET, POST"}
)
NO_MEDIA_TYPE = ExpectedRefusal(
    status=415, code=1200, message="the body must be application/json in UTF-8; set the Content-Type header accordingly"
)
TOO_LARGE = ExpectedRefusal(status=413, code=1200, message=f"the body may have at most {LIMIT} bytes")
NO_JSON = ExpectedRefusal(
    status=400, code=1200, message="the body cannot be read: not JSON: Expecting value at line 1, column 1"
)


def assert_accepted(reply: Reply) -> None:
    """Assert that an element was created, and that the response is like the contract's example with new values."""
    body = json.loads(reply.body)
    example = contract.document()["components"]["examples"]["submitted"]["value"]
    assert (200, example.keys(), example["data"].keys()) == (reply.status, body.keys(), body["data"].keys())
    assert (0, "SUCCEED", 32) == (body["code"], body["message"], len(body["request_id"]))
    assert "submitted" == body["data"]["task_status"]
    assert {"content-type": "application/json"} == headers_of(reply)
