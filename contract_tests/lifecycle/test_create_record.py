"""If an interrupted create may have made an element, the exception and the log contain its id."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.image_body import BODY
from contract_tests.support.programs import interrupt_creates
from contract_tests.support.running import TOKEN, URL, run_async, tls
from contract_tests.support.scripted import ABSENT, DUPLICATE, LOST, NAMED, Client, ScriptedClient, Step, refusal, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements.lifecycle import effects
from kling_elements.lifecycle.create_record import CreateRecord, CreateStoppedError
from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client.models import Task

_TRIES = 60
_KINDS = [KeyboardInterrupt, SystemExit, asyncio.CancelledError]
_ID = re.compile("external_task_id ([^ :]+): the element (?:may exist|exists); [A-Za-z]+ interrupted the create: ")


def _ids_in_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the ids that the logged warnings contain."""
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    return [match[1] for line in lines if (match := _ID.match(line))]


@pytest.mark.parametrize("kind", _KINDS)
def test_an_interruption_reports_the_id(
    client_class: Client, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """The exception has the id as an attribute and in a note, and a warning says what to do."""
    client = ScriptedClient(client_class, kind)

    with pytest.raises(kind) as caught:
        client.create(BODY)

    (sent,) = [body["external_task_id"] for body in client.gateway.bodies()]
    assert sent == caught.value.external_task_id  # type: ignore[attr-defined]
    assert [f"external_task_id {sent}: the element may exist"] == caught.value.__notes__
    what = f"{kind.__name__} interrupted the create: call get_or_create with this id to find the element or create it"
    assert [f"external_task_id {sent}: the element may exist; {what}"] == [
        record.getMessage() for record in caplog.records if record.name == "kling_elements"
    ]


@pytest.mark.parametrize("kind", _KINDS)
def test_no_id_is_reported_if_nothing_can_have_been_created(
    client_class: Client, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The interruption comes before a request is sent, after a refusal, or during the media checks."""

    def interrupt(*_: Any, **__: Any) -> Any:
        raise kind

    waiting = ScriptedClient(client_class, refusal(429, 1303))
    monkeypatch.setattr(waiting.clock, "advance", interrupt)
    monkeypatch.setattr(effects, "report_on", interrupt)
    for client, name, options in [
        (waiting, "create", {}),
        (ScriptedClient(client_class), "create", {"preflight": "remote"}),
        (ScriptedClient(client_class, kind), "get_or_create", {}),
        (ScriptedClient(client_class, ABSENT), "get_or_create", {"preflight": "remote"}),
    ]:
        with pytest.raises(kind) as caught:
            getattr(client, name)(BODY, **options)
        assert not hasattr(caught.value, "external_task_id")
        assert not hasattr(caught.value, "__notes__")
        assert client.gateway.is_finished()
    assert [] == _ids_in_warnings(caplog)


@pytest.mark.parametrize(
    "script",
    [
        [],
        [ABSENT],
        [ABSENT, LOST],
        [ABSENT, LOST, ABSENT],
        [ABSENT, LOST, ABSENT, ABSENT],
        [ABSENT, DUPLICATE],
        [refusal(503)],
    ],
)
@pytest.mark.parametrize("kind", _KINDS)
def test_an_interruption_in_doubt_reports_the_id(
    client_class: Client, kind: type[BaseException], script: list[Step], caplog: pytest.LogCaptureFixture
) -> None:
    """An earlier call may have used the caller's own id."""
    client = ScriptedClient(client_class, *script, kind)

    with pytest.raises(kind) as caught:
        client.get_or_create(NAMED)

    assert ["external_task_id e-1: the element may exist"] == caught.value.__notes__
    assert "e-1" == caught.value.external_task_id  # type: ignore[attr-defined]
    assert ["e-1"] == _ids_in_warnings(caplog)


def test_an_interruption_between_attempts_reports_an_id_in_doubt(
    client_class: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else records the fresh UUID."""
    client = ScriptedClient(client_class, ABSENT, LOST, ABSENT)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.clock, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.get_or_create(BODY)

    assert [body["external_task_id"] for body in client.gateway.bodies()] == _ids_in_warnings(caplog)


@pytest.mark.parametrize("name", ["create", "get_or_create"])
def test_an_interruption_after_the_response_reports_the_id(
    client_class: Client, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ctrl+C comes while the last line is logged, so the element is known to exist."""
    client = ScriptedClient(client_class, *([ABSENT] if name == "get_or_create" else []), task())
    log = effects.Effects.log

    def interrupted(io: Any, text: str) -> None:
        log(io, text)
        if "created task" in text:
            raise KeyboardInterrupt

    monkeypatch.setattr(effects.Effects, "log", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        getattr(client, name)(NAMED)

    assert ["external_task_id e-1: the element exists"] == caught.value.__notes__
    assert ["e-1"] == _ids_in_warnings(caplog)


def test_a_warning_and_a_note_hide_the_token(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A token is hidden if it was pasted as the id, and control characters are escaped."""
    with pytest.raises(KeyboardInterrupt) as caught:
        ScriptedClient(client_class, KeyboardInterrupt).create({**BODY, "external_task_id": f"\x1b[2J{TOKEN}"})

    expected = r"external_task_id \x1b[2J***: the element may exist"
    assert [expected] == caught.value.__notes__
    assert expected in caplog.text
    assert TOKEN not in caplog.text


def test_a_create_that_outlives_its_event_loop_reports_the_id(caplog: pytest.LogCaptureFixture) -> None:
    """The garbage collector closes the create in another context, because nobody cancels it."""

    async def never(_: httpx.Request) -> httpx.Response:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    kling = AsyncKlingElements(TOKEN, URL, http_client={"transport": httpx.MockTransport(never)})
    create: Coroutine[Any, Any, Task] = kling.create(NAMED, max_wait_seconds=60)

    async def begin() -> None:
        create.send(None)

    asyncio.run(begin())
    create.close()

    assert ["e-1"] == _ids_in_warnings(caplog)


def test_a_thread_that_outlives_its_call_sends_nothing() -> None:
    """The interrupted caller has already received the id."""
    record = CreateRecord("e-1")
    record.report_interruption(KeyboardInterrupt(), ScriptedClient(KlingElements).kling._effects)  # noqa: SLF001 - no caller has one

    with pytest.raises(CreateStoppedError):
        record.begin_sending()


@pytest.fixture(params=DIALECTS)
def gateway(request: pytest.FixtureRequest) -> Iterator[MockGateway]:
    """Start a mock server on a socket."""
    with serving(create_app(tick_seconds=0, dialect=request.param)) as gateway:
        yield gateway


def _count_by_id(gateway: MockGateway) -> Counter[str]:
    """Return the number of elements for each external id."""
    return Counter(created["external_task_id"] for created in gateway.tasks())


_Create = Callable[[], Awaitable[Iterable[Task]]]


def _creates(kling: AsyncKlingElements) -> Iterator[_Create]:
    """Yield the methods that create, in turn and without end."""

    async def create() -> Iterable[Task]:
        return [await kling.create(BODY)]

    async def get_or_create() -> Iterable[Task]:
        return [await kling.get_or_create(BODY)]

    async def create_all() -> Iterable[Task]:
        return await kling.create_all([BODY] * 3)

    return cycle([create, get_or_create, create_all])


async def _in_a_task_group(create: _Create, moment: Awaitable[None], results: list[Task]) -> None:
    """Create in a task group in which another task fails."""

    async def fail() -> None:
        await moment
        raise LookupError

    async def keep() -> None:
        results.extend(await create())

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(keep())
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


async def _in_gather(create: _Create, moment: Awaitable[None], results: list[Task]) -> None:
    """Create under `asyncio.gather`, and cancel the gathering."""

    async def keep() -> None:
        results.extend(await create())

    gathering = asyncio.gather(keep())
    await moment
    gathering.cancel()
    await asyncio.gather(gathering, return_exceptions=True)


async def _in_shield(create: _Create, moment: Awaitable[None], results: list[Task]) -> None:
    """Create under `asyncio.shield`, and cancel the waiting; the create continues until the event loop ends."""

    async def keep() -> None:
        results.extend(await create())

    shielded = asyncio.shield(keep())
    await moment
    shielded.cancel()


async def _in_timeout(create: _Create, moment: Awaitable[None], results: list[Task]) -> None:
    """Create under a timeout, as `asyncio.timeout` and `wait_for` set it."""
    waits = asyncio.ensure_future(moment)
    try:
        async with asyncio.timeout(None) as timeout:
            waits.add_done_callback(lambda _: timeout.reschedule(0))
            results.extend(await create())
            await asyncio.sleep(3600)
    except TimeoutError:
        await waits


@pytest.mark.parametrize("way", [_in_a_task_group, _in_gather, _in_shield, _in_timeout])
def test_no_id_is_lost_to_a_cancellation(
    way: Callable[[_Create, Awaitable[None], list[Task]], Coroutine[Any, Any, None]],
    gateway: MockGateway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At whatever moment the cancellation comes, each element is returned, or its id is in a warning."""
    returned: list[Task] = []
    held_up = [str(uuid4()) for _ in range(5)]

    async def wait_for_creation(external_id: str) -> None:
        """Wait until the server has created the element, before its response arrives."""
        while external_id not in _count_by_id(gateway):  # noqa: ASYNC110 - a server's
            await asyncio.sleep(0.01)

    async def delay_response(kling: AsyncKlingElements, external_id: str) -> None:
        async def create() -> Iterable[Task]:
            return [await kling.create({**BODY, "external_task_id": external_id})]

        await way(create, wait_for_creation(external_id), returned)

    async def tries() -> None:
        async with AsyncKlingElements(gateway.token, gateway.url, http_client={"verify": tls()}) as kling:
            gateway.queue_faults(*["delay:3600"] * len(held_up))
            await asyncio.gather(*(delay_response(kling, external_id) for external_id in held_up))
            for moment, create in enumerate(islice(_creates(kling), _TRIES)):
                await way(create, asyncio.sleep(moment / 3000), returned)

    run_async(tries())

    counts, warned = _count_by_id(gateway), set(_ids_in_warnings(caplog))
    assert set(held_up) <= warned
    assert set() == counts.keys() - warned - {created.task_info.external_task_id for created in returned}  # type: ignore[union-attr]
    assert {1} == set(counts.values())


def test_no_id_is_lost_to_ctrl_c(gateway: MockGateway) -> None:
    """At whatever moment Ctrl+C comes, the id is in the returned task, or on the exception and in a warning."""
    command = [sys.executable, "-m", interrupt_creates.__name__, gateway.url, json.dumps(BODY), str(_TRIES)]
    gateway.queue_faults(*["delay:0.02"] * 10)  # so that some interruptions come while the response is on its way

    # coverage has locks of its own; an interruption while it holds one is a deadlock that is not of the client
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)

    reports = json.loads(result.stdout)
    ids = {external_id for report in reports for external_id in report}
    counts, warned = _count_by_id(gateway), set(_ID.findall(result.stderr))
    assert _TRIES == len(reports)
    assert set() == counts.keys() - ids
    assert {1} == set(counts.values())
    assert set() < warned <= ids


def test_create_all_reports_no_id_if_nothing_can_have_been_created(
    client_class: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ctrl+C comes while all creates were refused and wait for their next attempt."""
    client = ScriptedClient(client_class, refusal(429, 1303))

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client.clock, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        client.create_all([BODY, BODY])

    assert not hasattr(caught.value, "external_task_ids")
    assert [] == _ids_in_warnings(caplog)
