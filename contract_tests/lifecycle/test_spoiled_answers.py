"""Whatever a connection or a gateway makes of answers, there is one subject at most, and what the client says is true.

`test_fault_matrix` has what services and proxies do; here it is what the mock server has no fault for: an answer too
many, connections that end behind an answer, look-ups that lag behind, answers that are too large, too deep or never
end. Over a socket, with both clients, in both dialects, and behind an earlier call over the same connection.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, TypeAlias

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.mock_caller import Caller
from contract_tests.support.peers import Peer, listening, said
from contract_tests.support.running import run_async
from contract_tests.support.scripted import BODY, TOKEN, FakeClock
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.mock import create_app
from kling_elements.mock.reply import Reply
from kling_elements.testing.gateway import MockGateway
from kling_elements_client.errors import KlingError, NotFoundError
from kling_elements_client.models import Task

_LIMIT_SECONDS = 0.5
_OTHER = {"task_id": "5", "task_status": "submitted", "task_info": {"external_task_id": "of another create"}}


def _wire(reply: Reply) -> bytes:
    return said(reply.body, f"{reply.status} Answer", "Content-Type: application/json")


def _json(value: object) -> bytes:
    return _wire(Reply(200, json.dumps(value).encode()))


@dataclass
class _Gateway:
    """The mock server's answers over a socket, some of them spoiled.

    Attributes:
        caller: Whom the mock server answers.
        row: How.
        creates: How many creates came.
        looks: How many look-ups came since the first create.
        absence: The answer to a look-up of what is not there.
        is_quiet: Set once the first look-up was answered, with whatever is sent behind.
        there: The subjects in the end, once the server has read all that was sent.
    """

    caller: Caller
    row: Row
    creates: int = 0
    looks: int = 0
    absence: bytes = b""
    is_quiet: threading.Event = field(default_factory=threading.Event)
    there: list[dict[str, Any]] = field(default_factory=list)

    def serve(self, peer: Peer) -> None:
        """Answer the requests of one connection."""
        while (heard := peer.request()) is not None:
            method, target, _ = heard.line.split(" ")
            answer = _wire(self.caller.send(method, target, content=heard.body, headers=heard.headers))
            if method == "POST":
                self.creates += 1
                self.row.create(self, peer, answer)
            elif not self.absence:
                self.absence = answer
                self.row.first_look(self, peer, answer)
                self.is_quiet.set()
            else:
                self.looks += bool(self.creates)
                self.row.look(self, peer, answer)


_Send: TypeAlias = Callable[[_Gateway, Peer, bytes], object]


def _plainly(_: _Gateway, peer: Peer, answer: bytes) -> None:
    peer.send(answer)


def _instead(spoiled: bytes) -> _Send:
    return lambda _, peer, __: peer.send(spoiled)


def _with(before: bytes = b"", behind: bytes = b"") -> _Send:
    """More than the answer, all at once."""
    return lambda _, peer, answer: peer.send(before + answer + behind)


def _then_later(behind: bytes) -> _Send:
    """The answer, and more once the client has read it, while it makes no call."""

    def send(_: _Gateway, peer: Peer, answer: bytes) -> None:
        peer.send(answer)
        time.sleep(0.1)  # on a machine that is too busy for it, it is one more answer at once, which must not matter
        peer.send(behind)

    return send


def _then_closed(_: _Gateway, peer: Peer, answer: bytes) -> None:
    peer.send(answer)
    peer.connected.close()


def _lagging(gateway: _Gateway, peer: Peer, answer: bytes) -> None:
    """Look-ups show nothing but the sixth and later ones."""
    peer.send(answer if gateway.looks > 5 else gateway.absence)


def _lost(_: _Gateway, peer: Peer, __: bytes) -> None:
    peer.reset()


def _dripping(start: bytes, piece: bytes) -> _Send:
    def send(_: _Gateway, peer: Peer, __: bytes) -> None:
        peer.send(start)
        peer.drip(repeat(piece))

    return send


def _nested(levels: int) -> bytes:
    text = f'{{"code":0,"data":{{"task_id":"1","more":{"[" * levels}"{TOKEN}"{"]" * levels}}}}}'
    return _wire(Reply(200, text.encode()))


_STRAY = said(b"{}", "400 Bad Request")
_BOMB = gzip.compress(b" " * 30_000_000 + b"{}")
_PAGE = b"<html>" + b"<p>x</p>" * 2_000_000
_VALUES = b'{"code":0,"data":[' + b"{}," * 100_001 + b"{}]}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is done to answers, and what comes of it.

    Attributes:
        create: Sends the answer to a create.
        first_look: Sends the answer to the look-up that comes before the call.
        look: Sends the answer to any further look-up.
        told: What `create` tells: that the subject was created, or the outcome on its error.
        adopted: What `get_or_create` tells; there is one subject afterwards in each case.
        limit: The `max_wait_seconds` of the call.
    """

    create: _Send = _plainly
    first_look: _Send = _plainly
    look: _Send = _plainly
    told: str = "may_exist"
    adopted: str = "created"
    limit: float | None = None


_ROWS = {
    # E1: a connection that carries an answer too many
    "the answer to another create first": Row(create=_with(before=_json({"code": 0, "data": _OTHER}))),
    "the answer to another create only": Row(create=_instead(_json({"code": 0, "data": _OTHER}))),
    "the newer answer to another create": Row(
        create=_instead(_json({"id": "5", "status": "submitted", "external_id": "of another create"}))
    ),
    "another create's answer behind a look-up's": Row(
        first_look=_with(behind=_json({"code": 0, "data": _OTHER})),
        look=_with(behind=_json({"code": 0, "data": _OTHER})),
        told="created",
    ),
    "another create's answer some time behind a look-up's": Row(
        first_look=_then_later(_json({"code": 0, "data": _OTHER})), told="created"
    ),
    # E2: connections that do not end with an answer, or with one
    "400 behind a look-up's answer": Row(first_look=_with(behind=_STRAY), look=_with(behind=_STRAY), told="created"),
    "400 some time behind a look-up's answer": Row(first_look=_then_later(_STRAY), told="created"),
    "400 behind the answer": Row(create=_with(behind=_STRAY), told="created"),
    "closed behind a look-up's answer": Row(first_look=_then_closed, told="created"),
    "closed behind the answer": Row(create=_then_closed, told="created"),
    "a kept connection that ends with the request": Row(create=_lost),
    # E3: look-ups that lag behind creates
    "a lost answer, and look-ups that lag": Row(create=_lost, look=_lagging),
    "look-ups that lag": Row(look=_lagging, told="created"),
    # E5, E7: answers that are too much
    "a bomb": Row(create=_instead(said(_BOMB, "200 OK", "Content-Encoding: gzip"))),
    "a large page": Row(create=_instead(said(_PAGE))),
    "a large page of a proxy": Row(create=_instead(said(_PAGE, "502 Bad Gateway"))),
    "many values": Row(create=_instead(said(_VALUES))),
    "deep nesting": Row(create=_instead(_nested(495))),
    "deeper nesting": Row(create=_instead(_nested(100_000))),
    # E6: answers that never end
    "a header that drips": Row(
        create=_dripping(b"HTTP/1.1 200 OK\r\nx: ", b"x"), adopted="may_exist", limit=_LIMIT_SECONDS
    ),
    "a body that drips": Row(
        create=_dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
        adopted="may_exist",
        limit=_LIMIT_SECONDS,
    ),
    "informational answers that drip": Row(
        create=_dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), adopted="may_exist", limit=_LIMIT_SECONDS
    ),
}


@contextmanager
def _served(row: Row, dialect: str) -> Iterator[tuple[_Gateway, str]]:
    """Serve as a row says, as long as the block runs."""
    gateway = _Gateway(Caller(create_app(tick_seconds=0, dialect=dialect)), row)
    with listening(gateway.serve) as server:
        yield gateway, server.url
    gateway.there = MockGateway(gateway.caller.app, server.url).tasks()
    gateway.caller.app.close()


def _call(way: str, gateway: _Gateway, url: str, method: str) -> Task:
    """Make a call behind a look-up over the same connection."""
    options: Any = {"clock": FakeClock(), "timeout": 60}
    limit = gateway.row.limit

    async def call() -> Task:
        async with AsyncKlingElements(TOKEN, url, **options) as kling:
            with suppress(NotFoundError):
                await kling.get("nobody's")
            await asyncio.to_thread(gateway.is_quiet.wait, 60)
            task: Task = await getattr(kling, method)(BODY, max_wait_seconds=limit)
            return task

    if way == "async":
        return run_async(call())
    with KlingElements(TOKEN, url, **options) as kling:
        with suppress(NotFoundError):
            kling.get("nobody's")
        gateway.is_quiet.wait(60)
        task: Task = getattr(kling, method)(BODY, max_wait_seconds=limit)
        return task


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("method", ["create", "get_or_create"])
@pytest.mark.parametrize("name", _ROWS)
def test_what_is_told_is_true_and_nothing_is_there_twice(name: str, method: str, dialect: str, way: str) -> None:
    """There is one subject, under the id that was returned or that the error names, and the token is in no error."""
    row = _ROWS[name]
    said_of_it, told = "", ""
    with _served(row, dialect) as (gateway, url):
        try:
            task = _call(way, gateway, url, method)
        except KlingError as error:
            outcome, external_id, said_of_it = error.outcome, error.external_task_id, f"{error!r} {vars(error)}"
        else:
            outcome, external_id, told = "created", task.external_task_id, str(task.task_id)
    # else the time was up before a busy machine had sent anything
    if row.limit is None or gateway.creates:  # pragma: no branch
        assert (row.told if method == "create" else row.adopted) == outcome
        assert [external_id] == [each["external_task_id"] for each in gateway.there]
        assert told in ("", str(gateway.there[0]["task_id"]))
    assert TOKEN not in said_of_it
