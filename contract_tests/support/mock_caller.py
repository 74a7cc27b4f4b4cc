"""A caller of the mock server in process, without an event loop: what the tests of its memory share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contract_tests.support.documents import answer_schemas
from kling_elements.mock.app import MockServer
from kling_elements.mock.reply import Reply
from kling_elements_client import contract

ELEMENTS = "/kling/v1/general/advanced-custom-elements"
PRESETS = "/kling/v1/general/advanced-presets-elements"
DELETION = "/kling/v1/general/delete-elements"
IMAGE_REQUEST: dict[str, Any] = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "image_refer",
    "element_image_list": {
        "frontal_image": "https://media.example.com/front.jpg",
        "refer_images": [{"image_url": "https://media.example.com/left.jpg"}],
    },
}
VIDEO_REQUEST: dict[str, Any] = {
    "element_name": "Jonas",
    "element_description": "A postman on his round.",
    "reference_type": "video_refer",
    "element_video_list": {"refer_videos": [{"video_url": "https://media.example.com/walk.mp4"}]},
}


@dataclass(frozen=True)
class Caller:
    """Sends requests to a server with one token; a body that is None is empty.

    Attributes:
        app: The server.
        token: The token.
        dialect: The dialect that the server speaks.
    """

    app: MockServer
    token: str = "sk-test"
    dialect: str = "live"

    def send(self, method: str, path: str, body: object = None) -> Reply:
        """Return the reply, whatever it is."""
        headers = [(b"authorization", f"Bearer {self.token}".encode()), (b"content-type", b"application/json")]
        return self.app.answer(method, path, headers, b"" if body is None else json.dumps(body).encode())

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the value that a successful reply holds."""
        reply = self.send(method, path, body)
        assert 200 == reply.status, reply.body
        return self._conforming(method, path, reply)

    def refusal(self, method: str, path: str, body: object = None) -> tuple[int, int, str]:
        """Return status, business code and message of a refusal."""
        reply = self.send(method, path, body)
        answer = self._conforming(method, path, reply)
        assert {"code", "message", "request_id"} == answer.keys()
        return reply.status, answer["code"], answer["message"]

    def create(self, base: dict[str, Any] = IMAGE_REQUEST, /, **more: Any) -> dict[str, Any]:
        """Create a task; return what the answer tells of it."""
        data: dict[str, Any] = self.ask("POST", ELEMENTS, {**base, **more})["data"]
        return data

    def get(self, name: str) -> dict[str, Any]:
        """Return a task by its id or external id, which must need no encoding."""
        data: dict[str, Any] = self.ask("GET", f"{ELEMENTS}/{name}")["data"]
        return data

    def page(self, query: str = "") -> list[dict[str, Any]]:
        """Return a page of the list."""
        data: list[dict[str, Any]] = self.ask("GET", f"{ELEMENTS}{query}")["data"]
        return data

    def element(self, name: str) -> dict[str, Any]:
        """Return the subject of a task that is done."""
        (element,) = self.get(name)["task_result"]["elements"]
        return dict(element)

    def every_task(self) -> list[dict[str, Any]]:
        """Return what the control API tells of all tasks."""
        tasks: list[dict[str, Any]] = self.ask("GET", "/_mock/elements")
        return tasks

    def queue(self, *names: str) -> None:
        """Queue faults."""
        self.ask("POST", "/_mock/faults", list(names))

    def _conforming(self, method: str, path: str, reply: Reply) -> Any:
        """Return the value of a reply, which conforms to what the contract says of its status."""
        value = json.loads(reply.body)
        route = self.app.routes.find(path.partition("?")[0])
        if route and method in route[0].endpoints:
            said = answer_schemas(contract.document(), route[0].endpoints[method].operation_id)
            kind = (str(reply.status), "application/json")
            schema = said.get(kind) or said["default", "application/json"]
            assert [] == contract.schema_violations(schema, value)
        return value
