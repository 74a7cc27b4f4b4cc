"""Whatever goes wrong with a create, there is one subject at most, and what the client says of it is true.

Every fault, on a real socket, with both clients: `create` must tell what became of the subject, `get_or_create` must
end with exactly one wherever the gateway lets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.support.running import tls
from contract_tests.support.scripted import BODY, Client, FakeClock, called, named
from contract_tests.support.tables import each
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.mock.app import MockServer
from kling_elements.mock.options import Options
from kling_elements.mock.reply import Reply
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client import contract
from kling_elements_client.errors import KlingError

_READ_SECONDS = 0.1  # that a client waits for the answer to its first create, where that does not come meanwhile
_LATE = ("delay:3600", "late:0")

Told = Literal["created", "not_created", "may_exist"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault, and what comes of it.

    Attributes:
        fault: Its name.
        told: What `create` tells: that it was created, by returning the task, or the outcome on its error.
        left: How many subjects `create` leaves behind.
        adopted: What `get_or_create` tells.
        left_by_adopting: How many subjects that leaves behind.
    """

    fault: str
    told: Told
    left: int
    adopted: Told = "created"
    left_by_adopting: int = 1

    @property
    def id(self) -> str:
        return self.fault


def _in_doubt(fault: str, left: int) -> Row:
    return Row(fault=fault, told="may_exist", left=left)


def _refused(fault: str) -> Row:
    return Row(fault=fault, told="not_created", left=0, adopted="not_created", left_by_adopting=0)


def _duplicate(fault: str) -> Row:
    """It speaks of an earlier subject, which may be there even if no look-up finds it."""
    return Row(fault=fault, told="may_exist", left=0, adopted="may_exist", left_by_adopting=0)


def _fine(fault: str) -> Row:
    return Row(fault=fault, told="created", left=1)


_NEVER = (1000, 1001, 1002, 1003, 1004, 1100, 1101, 1102, 1103, 1200, 1202, 1203, 1300, 1301, 1304)
_IF_WAITED_FOR = (1302, 1303)
_PERHAPS = (5000, 5001, 5002)
_GATEWAYS_TROUBLE = (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 408, 499, 302, 307)
_REFUSALS = (400, 401, 403, 404, 409, 413, 422)

# Written from what the service behind the gateways publishes, not from what the client does.
_ROWS = [
    *map(_fine, ("none", "delay:0.01", "drip:0.1", "flat", "odd-envelope", "fail", "status-word:resting")),
    *(_fine(form.format(code)) for form in ("code:{}", "200-code:{}") for code in _IF_WAITED_FOR),
    *(_refused(form.format(code)) for form in ("code:{}", "200-code:{}") for code in _NEVER),
    *(_refused(f"{kind}-{status}-before") for kind in ("html", "status") for status in _REFUSALS),
    *(_fine(f"{kind}-429-before") for kind in ("html", "status")),
    *map(_duplicate, ("code:1201", "200-code:1201")),
    *(_in_doubt(form.format(code), 0) for form in ("code:{}", "200-code:{}") for code in _PERHAPS),
    *(_in_doubt(f"code:{code}-after", 1) for code in _PERHAPS),
    *(_in_doubt(f"{kind}-{status}-before", 0) for kind in ("html", "status") for status in _GATEWAYS_TROUBLE),
    *(_in_doubt(f"{kind}-{status}-after", 1) for kind in ("html", "status") for status in _GATEWAYS_TROUBLE),
    _in_doubt("status-204-before", 0),
    _in_doubt("status-204-after", 1),
    _in_doubt("drop-before", 0),
    *(_in_doubt(fault, 1) for fault in ("drop-after", "truncated-json", "empty-object")),
    *(_in_doubt(fault, 1) for fault in _LATE),
]
# The dialects word look-ups in different ways, and only these calls make any.
_CALLS = [("create", "live"), *(("get_or_create", dialect) for dialect in DIALECTS)]


class _Server(MockServer):
    """A mock server that does late what it is to do late: once a test says that its caller has left."""

    def __init__(self, dialect: str) -> None:
        super().__init__(contract.CONTRACT, Options(tick_seconds=0, dialect=dialect))
        self.has_left, self.is_done = threading.Event(), threading.Event()

    async def late_reply(self, reply: Reply) -> Reply:
        await asyncio.to_thread(self.has_left.wait, 60)
        final = await super().late_reply(reply)
        self.is_done.set()
        return final


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[str, MockGateway]]:
    """A mock server on a socket for each dialect, for all rows: each has a token, and so subjects, of its own."""
    with ExitStack() as stack:
        yield {each: stack.enter_context(serving(_Server(each))) for each in DIALECTS}


class _Impatient:
    """Hooks by which a client waits for the answer to its first create for a short time only."""

    def __init__(self) -> None:
        self._is_first = True

    def hurry(self, request: httpx.Request) -> None:
        if self._is_first and request.method == "POST":
            self._is_first = False
            request.extensions["timeout"]["read"] = _READ_SECONDS

    async def hurry_async(self, request: httpx.Request) -> None:
        self.hurry(request)


def _call(gateway: MockGateway, token: str, method: str, client_class: Client, *request: Any, fault: str = "") -> Any:
    http_client: dict[str, Any] = {"verify": tls()}
    if fault in _LATE:
        hooks = _Impatient()
        hurry = hooks.hurry_async if client_class is AsyncKlingElements else hooks.hurry
        http_client["event_hooks"] = {"request": [hurry]}
    options = {"http_client": http_client, "clock": FakeClock(), "timeout": 60}  # seconds, also on a busy machine
    return called(client_class, method, *request, api_key=token, base_url=gateway.url, **options)


def _external_ids(gateway: MockGateway, token: str) -> list[str | None]:
    return [task.external_task_id for task in _call(gateway, token, "list", KlingElements)]


def _external_ids_in_the_end(gateway: MockGateway, token: str, row: Row) -> list[str | None]:
    """Return the ids of all subjects, once a create that nobody waits for any more has come through."""
    if row.fault.startswith("late:"):
        server = gateway.app
        assert isinstance(server, _Server)
        server.has_left.set()
        assert server.is_done.wait(60)
        server.has_left.clear()
        server.is_done.clear()
    return _external_ids(gateway, token)


@pytest.mark.parametrize(("method", "dialect"), _CALLS)
@each(_ROWS)
def test_what_is_told_is_true_and_nothing_is_there_twice(
    gateways: dict[str, MockGateway], row: Row, method: str, dialect: str, client_class: Client
) -> None:
    """The outcome is that of the row, and there are as many subjects as it says, under the id that the error names."""
    gateway = gateways[dialect]
    token = f"token-{uuid4()}"
    gateway.queue_faults(row.fault)
    told, left = (row.told, row.left) if method == "create" else (row.adopted, row.left_by_adopting)

    said: str | None = "created"
    try:
        external_id = _call(gateway, token, method, client_class, BODY, fault=row.fault).external_task_id
    except KlingError as error:
        said, external_id = error.outcome, error.external_task_id
    assert told == said
    assert [external_id] * left == _external_ids_in_the_end(gateway, token, row)


@pytest.mark.parametrize("dialect", DIALECTS)
@each([row for row in _ROWS if row.left])
def test_adopting_again_finds_the_subject_that_a_failed_create_left(
    gateways: dict[str, MockGateway], row: Row, dialect: str
) -> None:
    """After `create` with a fault, `get_or_create` of the same request, called twice, ends with that one subject."""
    gateway = gateways[dialect]
    token = f"token-{uuid4()}"
    request = named("the-only-one")
    gateway.queue_faults(row.fault)
    with contextlib.suppress(KlingError):
        _call(gateway, token, "create", KlingElements, request, fault=row.fault)

    tasks = [_call(gateway, token, "get_or_create", kind, request) for kind in (KlingElements, AsyncKlingElements)]

    assert len({task.task_id for task in tasks}) == 1
    assert _external_ids_in_the_end(gateway, token, row) == ["the-only-one"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_second_create_of_the_same_id_does_not_say_that_nothing_is_there(
    gateways: dict[str, MockGateway], dialect: str
) -> None:
    """The refusal as duplicate speaks of a subject that exists."""
    gateway = gateways[dialect]
    token = f"token-{uuid4()}"
    request = named("the-only-one")
    _call(gateway, token, "create", KlingElements, request)

    with pytest.raises(KlingError) as caught:
        _call(gateway, token, "create", KlingElements, request)

    assert caught.value.outcome == "may_exist"
    assert _external_ids(gateway, token) == ["the-only-one"]


def test_every_business_code_is_in_the_matrix() -> None:
    """No row of the contract's table is left out, under its own status and under 200."""
    names = {row.fault for row in _ROWS}

    for code in contract.business_codes():
        assert {f"code:{code}", f"200-code:{code}"} <= names
