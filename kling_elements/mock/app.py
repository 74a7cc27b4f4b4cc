"""The mock server as an ASGI application: which check comes when, and what follows from it."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from urllib.parse import quote

from kling_elements.mock import control
from kling_elements.mock.answers import Problem, Refusals, RefusedError
from kling_elements.mock.asgi import (
    BodyTooLargeError,
    DisconnectedError,
    Receive,
    RequestBody,
    Scope,
    Send,
    fields_of,
    live,
    respond,
)
from kling_elements.mock.callbacks import Courier
from kling_elements.mock.callers import (
    ORIGIN,
    Callers,
    is_from_elsewhere,
    is_preflight,
    page_headers,
    preflight_headers,
)
from kling_elements.mock.clock import Clock
from kling_elements.mock.dialects import Dialect, usable_dialect
from kling_elements.mock.faults import FaultQueue
from kling_elements.mock.front import Front
from kling_elements.mock.headers import bearer_token, media_type
from kling_elements.mock.options import Options
from kling_elements.mock.parameters import values_of, with_defaults
from kling_elements.mock.reply import Reply
from kling_elements.mock.request import Accepted, Body, Head, json_value, too_large
from kling_elements.mock.routes import Endpoint, Routes
from kling_elements.mock.service import Call, Service
from kling_elements.mock.shapes import Shapes
from kling_elements.mock.store import StateError, Store
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import Violation
from kling_elements_runtime.contract import Contract

_MAX_VIOLATIONS = 20  # that a message tells in full
_NOT_FOR_PAGES = "only web pages of this machine may call this server: serve the page at http://localhost or 127.0.0.1"
_MAX_PART_LENGTH = 200  # of a violation's pointer and of its message, in characters


def create_app(  # noqa: PLR0913 -- all but the token go by name
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
    element_ids: str = "large",
    control: Sequence[str] = (),
    contract: Contract = CONTRACT,
) -> MockServer:
    """Return a server that holds callers to a contract.

    Args:
        token: The only Bearer token that it takes. By default any well-formed one will do.
        dialect: How it words what is absent, used or deleted: `live`, as people saw the service answer, which is the
            default, or `documented`, as the service's table says.
        state: The file in which it keeps tasks, made if it is not there. By default, and with `:memory:`, they are kept
            in memory.
        tick_seconds: How long a task stays submitted, and then as long processing; with 0 it is done at once.
        task_seconds: The shortest and the longest time that a task takes, such as `(1, 5)`, in place of `tick_seconds`.
            Each task takes a time of its own in between, drawn by `random`; after half of it the task is processing.
        concurrency: How many tasks under way a token may have. By default there is no limit.
        rate: How many tasks a token may create in a second. By default there is no limit.
        webhook_secret: What notifications are signed with, `whsec_...`. By default they are not signed.
        manual_clock: Whether time stands still until the clock is stepped.
        unique_external_ids: Whether an external id that a token has used is refused.
        callbacks: Whether changes are told at the addresses that requests give.
        element_ids: How ids of subjects are written: `large`, which is the default, as numbers above 2^53 that lose
            digits where numbers are floats, as in JavaScript; `small`, as numbers that do not; or `text`.
        control: The hosts beside this machine that may use `/_mock/` and be called back at private addresses:
            addresses, networks or names, such as `["172.16.0.0/12", "tests"]`.
        contract: The contract; by default the one that ships with the client.

    Raises:
        KeyError: The contract lacks what a server has to know.
        ValueError: One of them cannot be used.
        StateError: The state file cannot.
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
    return MockServer(contract, options)


class MockServer:
    """Answers every operation of a contract: those of Kling's from memory, others by an example.

    Attributes:
        contract: The contract.
        clock: The time that tasks live by; `clock.step(seconds)` moves it.
    """

    def __init__(self, contract: Contract, options: Options | None = None) -> None:
        """Read the contract once, and open the state.

        Raises:
            KeyError: The contract lacks what a server has to know.
            ValueError: It asks for credentials of another kind than a Bearer token, or has no such dialect.
            StateError: The state file cannot be used.
        """
        options = options or Options()
        self.routes = Routes(contract)
        self.contract = contract
        self._refusals = Refusals(contract)
        self._token = options.token
        dialect = Dialect(contract, usable_dialect(contract, options.dialect), self._refusals)
        shapes = Shapes(contract, options.element_ids)
        self._faults = FaultQueue(shapes, self._refusals)
        self._store = Store(options.state)
        self.clock = Clock(manual=options.manual_clock, earlier=self._store.clock_reading())
        self._courier = Courier(
            self._store,
            self.clock,
            describe=shapes.notification,
            secret=options.webhook_secret,
            retries=options.retries,
        )
        self.clock.on_step = self._on_step
        self._keep_first_reading()
        self._callers = Callers(options.control)
        self._control = control.Control(
            callers=self._callers,
            clock=self.clock,
            store=self._store,
            shapes=shapes,
            faults=self._faults,
            courier=self._courier,
        )
        self._front = Front(self.routes, self._control.paths, self._store)
        self._service = Service(
            options,
            refusals=self._refusals,
            dialect=dialect,
            clock=self.clock,
            store=self._store,
            shapes=shapes,
            faults=self._faults,
            on_create=self._courier.expect,
        )
        self._late: set[asyncio.Task[Reply]] = set()

    @property
    def operation_ids(self) -> list[str]:
        """The names of the operations that it answers."""
        return [endpoint.operation.operation_id for route in self.routes for endpoint in route.endpoints.values()]

    def close(self) -> None:
        """Let go of the state. An application that a server runs does so at the server's end."""
        self._courier.cancel()
        self._store.close()

    def answer(
        self,
        method: str,
        raw_path: str,
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: Body = b"",
        client_host: str | None = "127.0.0.1",
    ) -> Reply:
        """Answer a request without an event loop, by the same checks; it may be called from any thread.

        What goes by a loop is left to the caller: to wait for `delay_seconds` and then call `late`, to drip, to cut.
        Notifications are sent only while the application runs on a loop too.

        Args:
            method: The HTTP method.
            raw_path: The path as it is sent, percent-encoded and with the query.
            headers: The headers.
            body: The whole body.
            client_host: The address of the peer.
        """
        path, _, query = raw_path.partition("?")
        head = Head(method, path, query, fields_of(headers), client_host)

        def answered() -> Reply:
            accepted = self._accept(head)
            if accepted.max_bytes is not None and len(body) > accepted.max_bytes:
                raise too_large(accepted.max_bytes)
            return accepted.answer(body)

        return self._or_refused(answered)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI defines it."""
        if scope["type"] == "lifespan":
            await live(receive, send, self._courier.start, self._stop)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self._serve(scope, receive, send)

    async def late_reply(self, reply: Reply) -> Reply:
        """Do what is to be done late, whether or not somebody still waits for the answer.

        It is called for each reply that has something `late`. A test that decides itself when that is done overrides
        this: it waits, and then calls what it overrides.

        Args:
            reply: The reply with what is to be done, and the seconds until then.

        Returns:
            The reply that counts in its place.
        """

        async def settled() -> Reply:
            await asyncio.sleep(reply.delay_seconds)
            assert reply.late is not None  # noqa: S101 -- it was looked at before
            final = reply.late()
            self._courier.start_if_needed()
            return final

        task = asyncio.create_task(settled())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return await asyncio.shield(task)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _head(scope)
        body = RequestBody(head.headers, receive)
        try:
            reply = await self._reply(head, body)
            self._courier.start_if_needed()
            if reply.late is not None:
                reply = await self.late_reply(reply)
            if ORIGIN in head.headers:
                reply = replace(reply, headers=(*reply.headers, *page_headers(head.headers)))
            await respond(scope, send, reply, body)
        except DisconnectedError:
            return

    async def _reply(self, head: Head, body: RequestBody) -> Reply:
        try:
            accepted = self._accept(head)
        except RefusedError as refused:
            return self._refusals.answer(refused)
        if accepted.max_bytes is None:
            return self._or_refused(lambda: accepted.answer(b""))
        try:
            content = await body.read(accepted.max_bytes)
        except BodyTooLargeError:
            return self._refusals.answer(too_large(accepted.max_bytes))
        return self._or_refused(lambda: accepted.answer(content))

    async def _stop(self) -> None:
        for task in self._late:
            task.cancel()
        await self._courier.stop()
        self._store.close()

    def _on_step(self) -> None:
        self._store.keep_clock(self.clock.reading)
        self._courier.wake()

    def _keep_first_reading(self) -> None:
        try:
            self._store.keep_clock(self.clock.reading)
        except sqlite3.Error as error:  # a disk that is full, say
            self._store.close()
            raise StateError(self._store.unusable(error)) from None

    def _or_refused(self, answered: Callable[[], Reply]) -> Reply:
        """Return what a function returns, or the answer to the refusal that it raises, now or late."""
        try:
            reply = answered()
        except RefusedError as refused:
            return self._refusals.answer(refused)
        except sqlite3.Error as error:
            why = f"the server's state cannot be used: {self._store.failed(error)}"
            return self._refusals.answer(RefusedError(Problem.INTERNAL_ERROR, why))
        return reply if reply.late is None else replace(reply, late=partial(self._or_refused, reply.late))

    def _accept(self, head: Head) -> Accepted:
        """Check all of a request but its parameters and body, its sender first."""
        if ORIGIN in head.headers:
            if is_from_elsewhere(head.headers):
                raise RefusedError(Problem.PERMISSION_DENIED, _NOT_FOR_PAGES)
            if is_preflight(head):
                return Accepted(None, lambda _: Reply(204, headers=preflight_headers(head.headers)))
        if head.path.startswith(control.PREFIX):
            return self._control.accept(head)
        if head.path in self._front.pages and head.method in self._front.METHODS:
            return Accepted(None, self._front.pages[head.path])
        endpoint, in_path, token = self._endpoint(head)
        owner = hashlib.sha256(token.encode()).digest()
        accepted = endpoint.max_bytes
        return Accepted(
            accepted[media_type(head.headers, accepted)] if accepted else None,
            partial(self._perform, endpoint, owner, in_path, head),
        )

    def _endpoint(self, head: Head) -> tuple[Endpoint, Mapping[str, str], str]:
        """Return the endpoint that a request is for, what is in its path, and the token of its sender."""
        found = self.routes.find(head.path)
        endpoints = found[0].endpoints if found else {}
        endpoint = endpoints.get(head.method)
        token = ""
        if endpoint is None or endpoint.needs_token:  # who has no token learns nothing of the paths
            token = bearer_token(head.headers, self._token)
        if found and endpoint is not None:
            return endpoint, found[1], token
        if not endpoints:
            slashless = self.routes.find(head.path.rstrip("/"))
            if slashless:
                says = f"this path has a slash too many at its end; send it to {slashless[0].template}"
                raise RefusedError(Problem.NO_SUCH_RESOURCE, says)
            paths = ", ".join(route.template for route in self.routes)
            raise RefusedError(Problem.NO_SUCH_RESOURCE, f"nothing has this path; there is {paths}")
        methods = ", ".join(endpoints)
        raise RefusedError(Problem.METHOD_NOT_ALLOWED, f"this path takes {methods}", {"Allow": methods})

    def _perform(
        self, endpoint: Endpoint, owner: bytes, in_path: Mapping[str, str], head: Head, content: Body
    ) -> Reply:
        """Check parameters and body, and do what the operation does."""
        name, expected = endpoint.operation.operation_id, endpoint.operation.parameters
        body = json_value(content) if endpoint.max_bytes else None
        parameters = values_of(expected, in_path, head.query)
        violations = self.contract.parameter_violations(name, parameters) if expected else []
        if endpoint.max_bytes:
            violations += self.contract.violations(name, body)
        if violations:
            raise RefusedError(Problem.INVALID_PARAMETERS, _in_words(violations))
        handler = self._service.handlers.get(name)
        if handler is None:
            return endpoint.success
        is_local = partial(self._callers.may_control, head)
        return handler(Call(owner, with_defaults(expected, parameters), body, is_local))


def _head(scope: Scope) -> Head:
    raw_path: bytes | None = scope.get("raw_path")  # ASGI makes it optional
    path = quote(scope["path"]) if raw_path is None else raw_path.decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    client = scope.get("client")
    host, version = client[0] if client else None, scope.get("http_version", "1.1")
    return Head(scope["method"], path, query, fields_of(scope["headers"]), host, version)


def _in_words(violations: Sequence[Violation]) -> str:
    """Return what is wrong with a request, and where, in a message of bounded length."""
    parts = [
        f"{_cut(violation.pointer) or 'the body'}: {_cut(violation.message)} ({violation.rule})"
        for violation in violations[:_MAX_VIOLATIONS]
    ]
    if len(violations) > _MAX_VIOLATIONS:
        parts.append(f"and {len(violations) - _MAX_VIOLATIONS} more")
    return "; ".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_PART_LENGTH else text[: _MAX_PART_LENGTH - 1] + "…"
