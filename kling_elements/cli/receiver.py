"""Receive notifications: verify each, write it, and pass it on. This is the application that `listen` serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
from attrs import frozen

from kling_elements import webhooks
from kling_elements.cli.output import Output
from kling_elements.cli.shapes import task_json, task_lines
from kling_elements.mock.asgi import (
    BodyTooLargeError,
    DisconnectedError,
    Receive,
    RequestBody,
    Scope,
    Send,
    fields_of,
    header,
    respond,
    run_lifespan,
)
from kling_elements.mock.reply import TEXT_TYPE, Reply
from kling_elements_client.models import Task
from kling_elements_runtime.addresses import is_loopback
from kling_elements_runtime.texts import for_message

PASSED_ON: Final = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
"""The headers that are passed on."""

_MAX_BYTES = 1 << 20  # of a notification, which has no media
_FORWARD_SECONDS = 30.0


@frozen
class Forwarded:
    """What became of a notification that was passed on.

    Attributes:
        status: The HTTP status of the response; None if there was none.
        reason: Why there was none; empty if there was one.
    """

    status: int | None
    reason: str = ""

    @property
    def response_status(self) -> int:
        """The HTTP status for the sender, which repeats what was not accepted."""
        return 502 if self.status is None else self.status

    @property
    def text(self) -> str:
        """The outcome in words."""
        return f"not passed on: {self.reason}" if self.status is None else f"passed on: answered with {self.status}"


class Receiver:
    """An ASGI application that receives notifications.

    Attributes:
        failure: Why nothing can be written any more; None as long as it can.
    """

    def __init__(
        self, secrets: list[str] | None, forward: httpx.URL | None, output: Output, stop: Callable[[], object]
    ) -> None:
        """Take what to do with notifications.

        Args:
            secrets: The secrets, one of which must have signed each notification; None to verify nothing.
            forward: Where to pass notifications on; None for nowhere.
            output: Where to write them.
            stop: Called if nothing can be written any more.
        """
        self._secrets = secrets
        self._forward = forward
        self._output = output
        self._stop = stop
        self._http: httpx.AsyncClient | None = None
        self.failure: BrokenPipeError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await run_lifespan(receive, send, self._open, self._close)
            return
        headers = fields_of(scope["headers"])
        body = RequestBody(headers, receive)
        try:
            reply = await self._reply(scope["method"], {n: header(headers, n.encode()) for n in PASSED_ON}, body)
            await respond(scope, send, reply, body)
        except DisconnectedError:
            return
        except BrokenPipeError as error:  # the reader, such as `head`, wants no more
            self.failure = error
            self._stop()
            await respond(scope, send, _text(503, "nothing can be written any more"), body)

    def _open(self) -> None:
        if self._forward is not None:
            trust_env = not is_loopback(self._forward.host)  # no proxy leads to this machine
            self._http = httpx.AsyncClient(timeout=_FORWARD_SECONDS, trust_env=trust_env)

    async def _close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _reply(self, method: str, headers: Mapping[str, str | None], body: RequestBody) -> Reply:
        """Return the response to a request.

        Raises:
            DisconnectedError: The peer disconnected.
            BrokenPipeError: The notification cannot be written.
        """
        if method != "POST":
            return _text(405, "send notifications by POST", (b"allow", b"POST"))
        sent = {name: value for name, value in headers.items() if value is not None}
        try:
            raw = bytes(await body.read(_MAX_BYTES))
            task = webhooks.parse(raw, sent, secrets=self._secrets, verify=self._secrets is not None)
        except BodyTooLargeError:
            return self._refused(413, f"the body has more than {_MAX_BYTES:,} bytes", sent)
        except webhooks.WebhookError as error:
            return self._refused(400, str(error), sent)
        forwarded = await self._passed_on(raw, sent)
        self._write(task, sent, forwarded)
        return _text(200, "received") if forwarded is None else _text(forwarded.response_status, forwarded.text)

    async def _passed_on(self, raw: bytes, headers: Mapping[str, str]) -> Forwarded | None:
        if self._http is None or self._forward is None:
            return None
        try:
            response = await self._http.post(self._forward, content=raw, headers=headers)
        except httpx.HTTPError as error:
            return Forwarded(None, for_message(error) or type(error).__name__)
        return Forwarded(response.status_code)

    def _write(self, task: Task, headers: Mapping[str, str], forwarded: Forwarded | None) -> None:
        value: dict[str, Any] = {
            "webhook_id": _id_in(headers),
            "verified": self._secrets is not None,
            "forwarded": None
            if forwarded is None
            else {"status": forwarded.status, "reason": forwarded.reason or None},
            "task": task_json(task),
        }
        self._output.result(value, "\n".join(task_lines(task)))
        if forwarded is not None:
            self._output.note(forwarded.text)

    def _refused(self, status: int, reason: str, headers: Mapping[str, str]) -> Reply:
        self._output.note(f"refused: {reason}")
        if self._output.json:
            self._output.result({"webhook_id": _id_in(headers), "refused": reason}, "")
        return _text(status, f"refused: {reason}")


def _id_in(headers: Mapping[str, str]) -> str | None:
    return for_message(headers.get("webhook-id", "")) or None


def _text(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, f"{text}\n".encode(), (TEXT_TYPE, *headers))
