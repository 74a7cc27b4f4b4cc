"""However a create fails, at most one element exists, and the client reports it correctly.

Each fault runs over a socket, with both clients: `create` must report what became of the element, and
`get_or_create` must end with exactly one if the gateway allows that.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.image_body import BODY
from contract_tests.support.running import tls
from contract_tests.support.scripted import Client, FakeClock, call_once, request_with_id
from contract_tests.support.tables import for_each_row
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock.app import MockServer
from kling_elements.mock.options import Options
from kling_elements.mock.reply import Reply
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client import contract
from kling_elements_client.errors import KlingError

pytestmark = pytest.mark.slow
_READ_SECONDS = 0.1  # how long a client waits for a response to its first create that does not come in time
_LATE = ("delay:3600", "late:0")

Reported = Literal["created", "not_created", "may_exist"]


@dataclass(frozen=True, kw_only=True)
class FaultRow:
    """A fault and its consequences.

    Attributes:
        fault: The name of the fault in the mock server.
        reported: The report of `create`, either `created` with a task or the outcome on its error.
        count: The number of elements after `create`.
        adopted: The report of `get_or_create`.
        adopted_count: The number of elements after `get_or_create`.
    """

    fault: str
    reported: Reported
    count: int
    adopted: Reported = "created"
    adopted_count: int = 1

    @property
    def id(self) -> str:
        return self.fault


def _in_doubt(fault: str, count: int) -> FaultRow:
    return FaultRow(fault=fault, reported="may_exist", count=count)


def _refusal(fault: str) -> FaultRow:
    return FaultRow(fault=fault, reported="not_created", count=0, adopted="not_created", adopted_count=0)


def _duplicate(fault: str) -> FaultRow:
    """Return the row of a duplicate. An earlier element may exist even if no look-up finds it."""
    return FaultRow(fault=fault, reported="may_exist", count=0, adopted="may_exist", adopted_count=0)


def _harmless(fault: str) -> FaultRow:
    return FaultRow(fault=fault, reported="created", count=1)


_NEVER = (1000, 1001, 1002, 1003, 1004, 1100, 1101, 1102, 1103, 1200, 1202, 1203, 1300, 1301, 1304)
_IF_WAITED_FOR = (1302, 1303)
_PERHAPS = (5000, 5001, 5002)
_GATEWAYS_TROUBLE = (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 408, 499, 302, 307)
_REFUSALS = (400, 401, 403, 404, 409, 413, 422)

# Written from what the service publishes, not from what the client does.
_ROWS = [
    *map(
        _harmless,
        ("none", "delay:0.01", "drip:0.1", "flat", "odd-envelope", "fail", "fail:no face", "status-word:resting"),
    ),
    *(_harmless(form.format(code)) for form in ("code:{}", "200-code:{}") for code in _IF_WAITED_FOR),
    *(_refusal(form.format(code)) for form in ("code:{}", "200-code:{}") for code in _NEVER),
    *(_refusal(f"{kind}-{status}-before") for kind in ("html", "status") for status in _REFUSALS),
    *(_harmless(f"{kind}-429-before") for kind in ("html", "status")),
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
_WITHOUT_A_ROW = {"drip": "it is drip:SECONDS, with so many seconds that the tests would be slow"}  # reasons, by form
# The dialects differ in the responses to look-ups, which only `get_or_create` makes.
_CALLS = [("create", "live"), *(("get_or_create", dialect) for dialect in DIALECTS)]
# The others differ in paths, methods and ids, so one client and one dialect are enough for each of them.
_OTHER_GATEWAYS = [("kling-singapore", "live", KlingElements), ("presets-by-post", "documented", AsyncKlingElements)]


class _HoldingServer(MockServer):
    """A mock server that holds late replies until a test says that the caller has left."""

    def __init__(self, dialect: str, gateway: str = "kkiai") -> None:
        super().__init__(contract_of(gateway, None), Options(tick_seconds=0, dialect=dialect))
        self.has_left, self.is_done = threading.Event(), threading.Event()

    async def wait_for_late_reply(self, reply: Reply) -> Reply:
        await asyncio.to_thread(self.has_left.wait, 60)
        final = await super().wait_for_late_reply(reply)
        self.is_done.set()
        return final


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[str, MockGateway]]:
    """Start a mock server for each dialect and other gateway; each test uses its own token."""
    servers = {dialect: _HoldingServer(dialect) for dialect in DIALECTS}
    servers |= {name: _HoldingServer(dialect, name) for name, dialect, _ in _OTHER_GATEWAYS}
    with ExitStack() as stack:
        yield {name: stack.enter_context(serving(server)) for name, server in servers.items()}


class _Impatient:
    """Hooks that shorten a client's wait for the response to its first create."""

    def __init__(self) -> None:
        self._is_first = True

    def shorten_timeout(self, request: httpx.Request) -> None:
        if self._is_first and request.method == "POST":
            self._is_first = False
            request.extensions["timeout"]["read"] = _READ_SECONDS

    async def shorten_timeout_async(self, request: httpx.Request) -> None:
        self.shorten_timeout(request)


def _call(gateway: MockGateway, token: str, method: str, client_class: Client, *request: Any, fault: str = "") -> Any:
    http_client: dict[str, Any] = {"verify": tls()}
    if fault in _LATE:
        hooks = _Impatient()
        shorten_timeout = hooks.shorten_timeout_async if client_class is AsyncKlingElements else hooks.shorten_timeout
        http_client["event_hooks"] = {"request": [shorten_timeout]}
    options: dict[str, Any] = {"http_client": http_client, "clock": FakeClock()}
    options |= {"timeout": 60, "contract": gateway.app.contract}  # seconds, enough for a busy machine
    return call_once(client_class, method, *request, api_key=token, base_url=gateway.url, **options)


def _external_ids(gateway: MockGateway, token: str) -> list[str | None]:
    owner = hashlib.sha256(token.encode()).hexdigest()[:8]
    return [task["external_task_id"] for task in gateway.tasks() if task["owner"] == owner]  # some have no list


def _external_ids_in_the_end(gateway: MockGateway, token: str, row: FaultRow) -> list[str | None]:
    """Return the ids of all elements, after the server has finished creates whose callers have left."""
    if row.fault.startswith("late:"):
        server = gateway.app
        assert isinstance(server, _HoldingServer)
        server.has_left.set()
        assert server.is_done.wait(60)
        server.has_left.clear()
        server.is_done.clear()
    return _external_ids(gateway, token)


@pytest.mark.parametrize(("method", "dialect"), _CALLS)
@for_each_row(_ROWS)
def test_the_reported_outcome_is_true_and_no_element_exists_twice(
    gateways: dict[str, MockGateway], row: FaultRow, method: str, dialect: str, client_class: Client
) -> None:
    """Both the outcome and the number of elements under the reported id match the row."""
    _check(row, gateways[dialect], method, client_class)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, _, kind in _OTHER_GATEWAYS])
@for_each_row(_ROWS)
def test_no_element_exists_twice_at_other_gateways(
    gateways: dict[str, MockGateway], row: FaultRow, name: str, kind: Client
) -> None:
    """The contract of the client is that of the gateway: its paths, absence and refusals."""
    _check(row, gateways[name], "get_or_create", kind)


def _check(row: FaultRow, gateway: MockGateway, method: str, client_class: Client) -> None:
    """Assert that a call with a fault has the outcome of the row, and leaves as many elements as it says."""
    token = f"token-{uuid4()}"
    gateway.queue_faults(row.fault)
    reported, count = (row.reported, row.count) if method == "create" else (row.adopted, row.adopted_count)

    outcome: str | None = "created"
    try:
        external_id = _call(gateway, token, method, client_class, BODY, fault=row.fault).external_task_id
    except KlingError as error:
        outcome, external_id = error.outcome, error.external_task_id
    assert reported == outcome
    assert [external_id] * count == _external_ids_in_the_end(gateway, token, row)


@pytest.mark.parametrize("dialect", DIALECTS)
@for_each_row([row for row in _ROWS if row.count])
def test_get_or_create_finds_the_element_of_a_failed_create(
    gateways: dict[str, MockGateway], row: FaultRow, dialect: str
) -> None:
    """After the failure, two calls with the same request return the one element."""
    gateway = gateways[dialect]
    token = f"token-{uuid4()}"
    request = request_with_id("the-only-one")
    gateway.queue_faults(row.fault)
    with contextlib.suppress(KlingError):
        _call(gateway, token, "create", KlingElements, request, fault=row.fault)

    tasks = [_call(gateway, token, "get_or_create", kind, request) for kind in (KlingElements, AsyncKlingElements)]

    assert 1 == len({task.task_id for task in tasks})
    assert ["the-only-one"] == _external_ids_in_the_end(gateway, token, row)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_second_create_with_the_same_id_reports_that_the_element_may_exist(
    gateways: dict[str, MockGateway], dialect: str
) -> None:
    """The gateway refuses it as a duplicate."""
    gateway = gateways[dialect]
    token = f"token-{uuid4()}"
    request = request_with_id("the-only-one")
    _call(gateway, token, "create", KlingElements, request)

    with pytest.raises(KlingError) as caught:
        _call(gateway, token, "create", KlingElements, request)

    assert "may_exist" == caught.value.outcome
    assert ["the-only-one"] == _external_ids(gateway, token)


def test_every_business_code_is_in_the_matrix() -> None:
    """Each code has one row under its own status and one under 200."""
    names = {row.fault for row in _ROWS}

    for code in contract.business_codes():
        assert {f"code:{code}", f"200-code:{code}"} <= names


def _is_of_form(fault: str, form: str) -> bool:
    """Return whether a fault has a form such as `code:N-after`, in which capital letters are placeholders."""
    return re.fullmatch(re.sub("[A-Z]+", "[^-]+", form), fault) is not None


def test_every_form_of_fault_is_in_the_matrix(gateways: dict[str, MockGateway]) -> None:
    """Each form that the mock server lists has a row, or a reason to have none."""
    with pytest.raises(ValueError, match="there is no fault") as caught:
        gateways[DIALECTS[0]].queue_faults("?")
    forms = str(caught.value).partition("use one of ")[2].partition(";")[0].split(", ")

    missing = [form for form in forms if not any(_is_of_form(row.fault, form) for row in _ROWS)]

    assert {"none", "drop-before", "status-STATUS-after", "200-code:N"} <= set(forms)
    assert list(_WITHOUT_A_ROW) == missing
