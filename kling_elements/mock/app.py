"""The mock server as an ASGI application."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from urllib.parse import quote

from kling_elements.gateway_catalog import contract_of
from kling_elements.mock.admission import Admission
from kling_elements.mock.asgi import (
    BodyTooLargeError,
    DisconnectedError,
    Receive,
    RequestBody,
    Scope,
    Send,
    fields_of,
    respond,
    run_lifespan,
)
from kling_elements.mock.callbacks import NotificationSender
from kling_elements.mock.callers import ORIGIN, Callers, page_headers
from kling_elements.mock.clock import TaskClock
from kling_elements.mock.control import Control
from kling_elements.mock.dialects import Dialect, check_dialect
from kling_elements.mock.faults import FaultQueue
from kling_elements.mock.ids import Ids
from kling_elements.mock.options import Options
from kling_elements.mock.pages import Pages
from kling_elements.mock.refusals import Problem, Refusals, RefusedError
from kling_elements.mock.reply import Reply
from kling_elements.mock.request import Body, Head, body_too_large
from kling_elements.mock.routes import Routes
from kling_elements.mock.service import Service
from kling_elements.mock.shapes import Shapes
from kling_elements.mock.store import StateError, Store
from kling_elements_runtime.contract import Contract


def create_app(  # noqa: PLR0913 - all arguments except the token are keywords
    token: str | None = None,
    *,
    dialect: str | None = None,
    state: str | PathLike[str] | None = None,
    tick_seconds: float = 1.0,
    task_seconds: Sequence[float] | None = None,
    concurrency: int | None = None,
    rate: int | None = None,
    webhook_secret: str | None = None,
    manual_clock: bool = False,
    unique_external_ids: bool = True,
    callbacks: bool = True,
    element_ids: str | None = None,
    control: Sequence[str] = (),
    gateway: str | Path | None = None,
    contract: Contract | None = None,
) -> MockServer:
    """Create a mock server that checks every request against a contract.

    Args:
        token: The only Bearer token that the server accepts. By default it accepts any well-formed token.
        dialect: The answers if something doesn't exist, was used before or was deleted: `live` (the default), like
            the real service; or `documented`, like the service's table of errors.
        state: The file to keep tasks in; it is created if it does not exist. By default, and with `:memory:`, tasks
            are kept in memory.
        tick_seconds: Seconds that a task stays submitted, and then processing; with 0 a task finishes at once.
        task_seconds: The shortest and the longest duration of a task in seconds, such as `(1, 5)`. Use it instead of
            `tick_seconds` to give each task a random duration; after half of it the task is processing.
        concurrency: The maximum number of a token's unfinished tasks. By default there is no limit.
        rate: The maximum number of creates per second for a token. By default there is no limit.
        webhook_secret: The secret to sign notifications with, `whsec_...`. By default they are not signed.
        manual_clock: Whether time passes only when you step the clock.
        unique_external_ids: Whether to refuse an external id that the token has used before.
        callbacks: Whether to send notifications to the `callback_url` of requests.
        element_ids: The kind of element ids: `large`, numbers above 2^53, which lose digits if you read them as
            floats, as JavaScript does; `small`, numbers below 2^53, which lose none; `digits`, such numbers as strings;
            or `text`, strings such as `elem_805498da-...`. By default the gateway's kind: `large` for most.
        control: Other hosts that may use `/_mock/` and receive notifications at private addresses: addresses, networks
            or names, such as `["172.16.0.0/12", "tests"]`.
        gateway: The gateway to play, with its paths, operations, rules and ids: a name from
            `kling_elements.gateways()`, or the `Path` of an overlay. By default it is the one that the contract
            describes.
        contract: The contract to check against, in place of a gateway's.

    Raises:
        KeyError: The contract lacks something that the server needs.
        ValueError: An option has an invalid value, there is no such gateway, or its overlay can't be used.
        StateError: The state file cannot be used.
    """
    options = Options(
        token=token,
        dialect=dialect,
        state=state,
        tick_seconds=tick_seconds,
        task_seconds=task_seconds,
        concurrency=concurrency,
        rate=rate,
        webhook_secret=webhook_secret,
        manual_clock=manual_clock,
        unique_external_ids=unique_external_ids,
        callbacks=callbacks,
        element_ids=element_ids,
        control=control,
    )
    if contract is not None and gateway is not None:
        raise ValueError("pass either gateway or contract: a gateway has a contract")
    return MockServer(contract_of(gateway, None) if contract is None else contract, options)


class MockServer:
    """Answers every operation of a contract: Kling's operations from stored tasks, any other one with an example.

    Attributes:
        contract: The contract.
        clock: The clock that tasks follow; call `clock.step(seconds)` to move it forward.
    """

    def __init__(self, contract: Contract, options: Options | None = None) -> None:
        """Read the contract and open the state file.

        Raises:
            KeyError: The contract lacks something that the server needs.
            ValueError: The contract requires credentials other than a Bearer token, lacks the dialect, or has another
                kind of ids than the server knows.
            StateError: The state file cannot be used.
        """
        options = options or Options()
        self.routes = Routes(contract)
        self.contract = contract
        self._refusals = Refusals(contract)
        dialect = Dialect(contract, check_dialect(contract, options.dialect), self._refusals)
        shapes = Shapes(contract, Ids(contract, options.element_ids))
        faults = FaultQueue(shapes, self._refusals)
        self._store = Store(options.state)
        self.clock = TaskClock(manual=options.manual_clock, earlier=self._store.clock_reading())
        self._sender = NotificationSender(
            self._store,
            self.clock,
            describe=shapes.notification,
            secret=options.webhook_secret,
            retries=options.retries,
        )
        self.clock.on_step = self._on_step
        self._save_first_reading()
        callers = Callers(options.control)
        control = Control(
            callers=callers,
            clock=self.clock,
            store=self._store,
            shapes=shapes,
            faults=faults,
            sender=self._sender,
        )
        service = Service(
            options,
            refusals=self._refusals,
            dialect=dialect,
            clock=self.clock,
            store=self._store,
            shapes=shapes,
            faults=faults,
            on_create=self._sender.expect,
        )
        self._pages = Pages(contract, self.routes, control.paths, self._store, options.token)
        self._admission = Admission(
            contract,
            self.routes,
            token=options.token,
            callers=callers,
            control=control,
            pages=self._pages,
            handlers=service.handlers,
        )
        self._late_tasks: set[asyncio.Task[Reply]] = set()

    @property
    def operation_ids(self) -> list[str]:
        """The ids of the operations that the server answers."""
        return [endpoint.operation.operation_id for route in self.routes for endpoint in route.endpoints.values()]

    @property
    def docs_path(self) -> str | None:
        """The path of the Swagger UI page, or None if there is none, or Swagger UI is not installed."""
        return self._pages.docs

    def close(self) -> None:
        """Close the state file. If an ASGI server runs the application, this happens at shutdown."""
        self._sender.cancel()
        self._store.close()

    def respond(
        self,
        method: str,
        raw_path: str,
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: Body = b"",
        client_host: str | None = "127.0.0.1",
    ) -> Reply:
        """Answer a request without an event loop, after the same checks. You can call this from any thread.

        The reply says what you have to do yourself: wait `delay_seconds` and then call `late`, drip, or cut.
        Notifications are sent only if the application also runs on an event loop.

        Args:
            method: The HTTP method.
            raw_path: The path as sent, percent-encoded and with the query.
            headers: The headers.
            body: The whole body.
            client_host: The address of the peer.
        """
        path, _, query = raw_path.partition("?")
        head = Head(method, path, query, fields_of(headers), client_host)

        def make_reply() -> Reply:
            accepted = self._admission.accept(head)
            if accepted.max_bytes is not None and len(body) > accepted.max_bytes:
                raise body_too_large(accepted.max_bytes)
            return accepted.reply_to(body)

        return self._reply_or_refusal(make_reply)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await run_lifespan(receive, send, self._sender.start, self._stop)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self._serve(scope, receive, send)

    async def wait_for_late_reply(self, reply: Reply) -> Reply:
        """Wait for the delay of a reply and then call its `late`, even if the caller hangs up meanwhile.

        The server calls this for each reply that has a `late`. To choose the moment in a test, override this method:
        wait there, and then call `super()`.

        Args:
            reply: A reply whose `late` is not None.

        Returns:
            The reply to send instead.
        """
        task = asyncio.create_task(self._finish_late(reply))
        self._late_tasks.add(task)  # the event loop keeps only a weak reference
        task.add_done_callback(self._late_tasks.discard)
        return await asyncio.shield(task)  # a caller who hangs up must not cancel the creation

    async def _finish_late(self, reply: Reply) -> Reply:
        await asyncio.sleep(reply.delay_seconds)
        assert reply.late is not None  # noqa: S101 - `_serve` has checked it
        final_reply = reply.late()
        self._sender.start_if_needed()
        return final_reply

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _head(scope)
        body = RequestBody(head.headers, receive)
        try:
            reply = await self._reply(head, body)
            self._sender.start_if_needed()
            if reply.late is not None:
                reply = await self.wait_for_late_reply(reply)
            if ORIGIN in head.headers:
                reply = replace(reply, headers=(*reply.headers, *page_headers(head.headers)))
            await respond(scope, send, reply, body)
        except DisconnectedError:
            return

    async def _reply(self, head: Head, body: RequestBody) -> Reply:
        try:
            accepted = self._admission.accept(head)
        except RefusedError as refusal:
            return self._refusals.response(refusal)
        if accepted.max_bytes is None:
            return self._reply_or_refusal(lambda: accepted.reply_to(b""))
        try:
            content = await body.read(accepted.max_bytes)
        except BodyTooLargeError:
            return self._refusals.response(body_too_large(accepted.max_bytes))
        return self._reply_or_refusal(lambda: accepted.reply_to(content))

    async def _stop(self) -> None:
        for task in self._late_tasks:
            task.cancel()
        await self._sender.stop()
        self._store.close()

    def _on_step(self) -> None:
        self._store.save_clock(self.clock.reading)
        self._sender.wake()

    def _save_first_reading(self) -> None:
        try:
            self._store.save_clock(self.clock.reading)
        except sqlite3.Error as error:  # for example, because the disk is full
            self._store.close()
            raise StateError(self._store.failure_message(error)) from None

    def _reply_or_refusal(self, make_reply: Callable[[], Reply]) -> Reply:
        """Return the reply of `make_reply`, or the response to the refusal that it raises.

        If the reply has a `late`, that gets the same treatment, because it may be refused when it runs.
        """
        try:
            reply = make_reply()
        except RefusedError as refusal:
            return self._refusals.response(refusal)
        except sqlite3.Error as error:
            why = f"the server's state cannot be used: {self._store.report_failure(error)}"
            return self._refusals.response(RefusedError(Problem.INTERNAL_ERROR, why))
        if reply.late is None:
            return reply
        return replace(reply, late=partial(self._reply_or_refusal, reply.late))


def _head(scope: Scope) -> Head:
    raw_path: bytes | None = scope.get("raw_path")  # ASGI makes it optional
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    client = scope.get("client")
    host, version = client[0] if client else None, scope.get("http_version", "1.1")
    return Head(scope["method"], path, query, fields_of(scope["headers"]), host, version)
