"""The mock server as an ASGI application: which check comes when, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from kling_elements import strict_json
from kling_elements.mock.answers import Problem, Refusals, RefusedError
from kling_elements.mock.asgi import (
    Answer,
    BodyTooLargeError,
    DisconnectedError,
    Receive,
    RequestBody,
    Scope,
    Send,
    live,
    respond,
)
from kling_elements.mock.headers import bearer_token, media_type
from kling_elements.mock.routes import Operation, Routes
from kling_elements_client import contract
from kling_elements_client.errors import Violation
from kling_elements_client.settings import usable_token

_MAX_VIOLATIONS = 20  # that a message tells in full
_MAX_PART_LENGTH = 200  # of a violation's pointer and of its message, in characters


def create_app(token: str | None = None) -> MockServer:
    """Return the server of the contract that ships with the client.

    Args:
        token: The only Bearer token that it takes. By default any well-formed one will do.
    """
    return MockServer(contract.document(), token)


class MockServer:
    """Answers every operation of an OpenAPI document: conforming requests with its example, others with an error."""

    def __init__(self, document: Mapping[str, Any], token: str | None = None) -> None:
        """Read the document once, and note the only token to take; None stands for any.

        Raises:
            KeyError: It lacks what a server has to know.
            ValueError: It asks for credentials of another kind than a Bearer token, or the token cannot be sent.
        """
        self.routes = Routes(document)
        self._refusals = Refusals(document)
        self._token = token if token is None else usable_token(token)

    @property
    def operation_ids(self) -> list[str]:
        """The names of the operations that it answers."""
        return [operation.operation_id for route in self.routes for operation in route.operations.values()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = RequestBody(scope["headers"], receive)
        try:
            try:
                answer = await self._answer(scope, body)
            except RefusedError as refused:
                answer = self._refusals.answer(refused)
            await respond(send, answer, body)
        except DisconnectedError:
            return

    async def _answer(self, scope: Scope, body: RequestBody) -> Answer:
        operation = self._operation(scope)
        if operation.max_bytes:
            value = await _json(operation, scope, body)
            violations = contract.violations(operation.operation_id, value)
            if violations:
                raise RefusedError(Problem.INVALID_PARAMETERS, _told(violations))
        return operation.success

    def _operation(self, scope: Scope) -> Operation:
        """Return the operation that a request is for, its sender known."""
        found = self.routes.find(_raw_path(scope))
        operations = found[0].operations if found else {}
        operation = operations.get(scope["method"])
        if operation is None or operation.needs_token:  # who has no token learns nothing of the paths
            bearer_token(scope["headers"], self._token)
        if operation is not None:
            return operation
        if not operations:
            paths = ", ".join(route.template for route in self.routes)
            raise RefusedError(Problem.NO_SUCH_RESOURCE, f"nothing has this path; there is {paths}")
        methods = ", ".join(operations)
        raise RefusedError(Problem.METHOD_NOT_ALLOWED, f"this path takes {methods}", {"Allow": methods})


async def _json(operation: Operation, scope: Scope, body: RequestBody) -> object:
    max_bytes = operation.max_bytes[media_type(scope["headers"], operation.max_bytes)]
    try:
        return strict_json.loads(await body.read(max_bytes))
    except BodyTooLargeError:
        raise RefusedError(Problem.BODY_TOO_LARGE, f"the body may have at most {max_bytes} bytes") from None
    except strict_json.StrictJsonError as error:
        raise RefusedError(Problem.INVALID_PARAMETERS, f"the body cannot be read: {error}") from None


def _raw_path(scope: Scope) -> str:
    raw_path: bytes | None = scope.get("raw_path")  # ASGI makes it optional
    return quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")


def _told(violations: Sequence[Violation]) -> str:
    """Return what is wrong with a body, and where, in a message of bounded length."""
    parts = [
        f"{_cut(violation.pointer) or 'the body'}: {_cut(violation.message)} ({violation.rule})"
        for violation in violations[:_MAX_VIOLATIONS]
    ]
    if len(violations) > _MAX_VIOLATIONS:
        parts.append(f"and {len(violations) - _MAX_VIOLATIONS} more")
    return "; ".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_PART_LENGTH else text[: _MAX_PART_LENGTH - 1] + "…"
