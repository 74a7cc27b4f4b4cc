"""The application that `listen` serves: it verifies notifications, prints them and forwards them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
from attrs import frozen

from kling_elements import webhooks
from kling_elements.cli.formatting import task_json, task_lines
from kling_elements.cli.output import Output
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

FORWARDED_HEADERS: Final = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
"""The headers that are forwarded."""

_MAX_NOTIFICATION_BYTES = 1 << 20  # a notification contains no media
_FORWARD_SECONDS = 30.0


@frozen
class ForwardResult:
    """The result of forwarding a notification.

    Attributes:
        status: The HTTP status of the target's response, or None if the target did not answer.
        reason: The reason why the target did not answer, or an empty string if it did.
    """

    status: int | None
    reason: str = ""

    @property
    def response_status(self) -> int:
        """The HTTP status for the sender. The sender repeats notifications that the target did not accept."""
        return 502 if self.status is None else self.status

    @property
    def text(self) -> str:
        """The result as a sentence."""
        return f"not forwarded: {self.reason}" if self.status is None else f"forwarded: target answered {self.status}"


class NotificationReceiver:
    """An ASGI application that receives notifications.

    Attributes:
        failure: The error that ended the output, or None while it works.
    """

    def __init__(
        self, secrets: list[str] | None, forward: httpx.URL | None, output: Output, stop: Callable[[], object]
    ) -> None:
        """Create the application.

        Args:
            secrets: The secrets to verify notifications with; one must match. None accepts all notifications.
            forward: The URL to forward notifications to, or None to forward none.
            output: Where to print notifications.
            stop: Called when the output has failed.
        """
        self._secrets = secrets
        self._forward = forward
        self._output = output
        self._stop = stop
        self._http: httpx.AsyncClient | None = None
        self.failure: BrokenPipeError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and end with the server."""
        if scope["type"] == "lifespan":
            await run_lifespan(receive, send, self._open, self._close)
            return
        headers = fields_of(scope["headers"])
        body = RequestBody(headers, receive)
        try:
            reply = await self._reply(
                scope["method"], {n: header(headers, n.encode()) for n in FORWARDED_HEADERS}, body
            )
            await respond(scope, send, reply, body)
        except DisconnectedError:
            return
        except BrokenPipeError as error:  # the reader of our output, such as `head`, has ended
            self.failure = error
            self._stop()
            await respond(scope, send, _text_reply(503, "the receiver can no longer print notifications"), body)

    def _open(self) -> None:
        if self._forward is not None:
            trust_env = not is_loopback(self._forward.host)  # because no proxy can reach this machine
            self._http = httpx.AsyncClient(timeout=_FORWARD_SECONDS, trust_env=trust_env)

    async def _close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _reply(self, method: str, headers: Mapping[str, str | None], body: RequestBody) -> Reply:
        """Return the response to a request.

        Raises:
            DisconnectedError: The sender disconnected.
            BrokenPipeError: The notification cannot be printed.
        """
        if method != "POST":
            return _text_reply(405, "send notifications by POST", (b"allow", b"POST"))
        sent = {name: value for name, value in headers.items() if value is not None}
        try:
            raw = bytes(await body.read(_MAX_NOTIFICATION_BYTES))
            task = webhooks.parse(raw, sent, secrets=self._secrets, verify=self._secrets is not None)
        except BodyTooLargeError:
            return self._refuse(413, f"the body has more than {_MAX_NOTIFICATION_BYTES:,} bytes", sent)
        except webhooks.WebhookError as error:
            return self._refuse(400, str(error), sent)
        result = await self._forward_notification(raw, sent)
        self._write(task, sent, result)
        return _text_reply(200, "received") if result is None else _text_reply(result.response_status, result.text)

    async def _forward_notification(self, raw: bytes, headers: Mapping[str, str]) -> ForwardResult | None:
        if self._http is None or self._forward is None:
            return None
        try:
            response = await self._http.post(self._forward, content=raw, headers=headers)
        except httpx.HTTPError as error:
            return ForwardResult(None, for_message(error) or type(error).__name__)
        return ForwardResult(response.status_code)

    def _write(self, task: Task, headers: Mapping[str, str], result: ForwardResult | None) -> None:
        value: dict[str, Any] = {
            "webhook_id": _webhook_id(headers),
            "verified": self._secrets is not None,
            "forwarded": None if result is None else {"status": result.status, "reason": result.reason or None},
            "task": task_json(task),
        }
        self._output.result(value, "\n".join(task_lines(task)))
        if result is not None:
            self._output.note(result.text)

    def _refuse(self, status: int, reason: str, headers: Mapping[str, str]) -> Reply:
        self._output.note(f"refused: {reason}")
        if self._output.json:
            self._output.result({"webhook_id": _webhook_id(headers), "refused": reason}, "")
        return _text_reply(status, f"refused: {reason}")


def _webhook_id(headers: Mapping[str, str]) -> str | None:
    return for_message(headers.get("webhook-id", "")) or None


def _text_reply(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status, f"{text}\n".encode(), (TEXT_TYPE, *headers))
