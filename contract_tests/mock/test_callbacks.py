"""Notifications of the mock server: content, time, order, retries and signature."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from contract_tests.reading.paths import DELETION
from contract_tests.support.documents import example
from contract_tests.support.mock_caller import Caller
from contract_tests.support.notifications import on_a_loop, running_receiver, running_server, server, wait_until
from contract_tests.support.peers import Peer, listening
from contract_tests.support.running import run_async
from kling_elements.mock import callbacks
from kling_elements.mock.app import MockServer
from kling_elements.mock.callbacks import NotificationSender, Retries
from kling_elements.mock.clock import TaskClock
from kling_elements.mock.store import Store

pytestmark = pytest.mark.slow

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="


@on_a_loop
async def test_each_change_of_a_task_is_sent_once_and_in_order() -> None:
    """A clock step over two changes sends both."""
    async with running_receiver() as receiver, running_server(server()) as caller:
        task = caller.create(callback_url=f"{receiver.url}/hook?a=b", external_task_id="e")
        caller.app.clock.step(1)
        await wait_until(lambda: len(receiver.task_statuses) == 1)
        caller.app.clock.step(1)
        await wait_until(lambda: len(receiver.task_statuses) == 2)
        for sent in (4, 6):  # a duplicate for one task would arrive before the notifications of the next
            caller.create(callback_url=receiver.url)
            caller.app.clock.step(60)
            await wait_until(lambda: len(caller.ask("GET", "/_mock/callbacks")) == sent)  # noqa: B023 - it is awaited

    assert ["processing", "succeed"] * 3 == receiver.task_statuses
    assert ["/hook?a=b", "/hook?a=b", "/", "/", "/", "/"] == receiver.paths
    expected = example("notification")
    own = {"task_id": task["task_id"], "created_at": task["created_at"], "updated_at": task["created_at"] + 1000}
    assert {**expected, **own, "task_info": {"external_task_id": "e"}} == receiver.bodies[0]
    assert task["created_at"] + 2000 == receiver.bodies[1]["updated_at"]
    assert {"application/json"} == {request.headers["content-type"] for request in receiver.requests}
    assert not any(name.startswith("webhook-") for request in receiver.requests for name in request.headers)


@on_a_loop
async def test_a_notification_of_success_has_the_element() -> None:
    """The notification equals the response to a look-up, without the cost in money."""
    async with running_receiver() as receiver, running_server(server()) as caller:
        caller.create(callback_url=receiver.url, external_task_id="e")
        caller.app.clock.step(2)
        await wait_until(lambda: len(receiver.task_statuses) == 2)
        task = caller.get("e")
        del task["final_balance_deduction"]

    assert task == receiver.bodies[1]
    assert "final_unit_deduction" in task


@on_a_loop
async def test_a_notification_shows_the_element_as_it_was() -> None:
    """A late notification shows an element that was deleted meanwhile."""
    async with running_receiver() as receiver:
        app = server(tick_seconds=0)
        early = Caller(app)
        early.create(callback_url=receiver.url, external_task_id="e")
        early.ask("POST", DELETION, {"element_id": early.element("e")["element_id"]})
        async with running_server(app) as caller:
            await wait_until(lambda: len(receiver.task_statuses) == 1)
            now = caller.element("e")["status"]

    (element,) = receiver.bodies[0]["task_result"]["elements"]
    assert ("succeed", "deleted") == (element["status"], now)


@on_a_loop
async def test_a_notification_of_failure_has_the_reason() -> None:
    """The notification has no element. A task that fails at once sends only this notification."""
    async with running_receiver() as receiver, running_server(server(tick_seconds=0)) as caller:
        caller.queue("fail:no face")
        caller.create(callback_url=receiver.url)
        await wait_until(lambda: len(receiver.task_statuses) == 1)

    assert ("failed", "no face") == (receiver.task_statuses[0], receiver.bodies[0]["task_status_msg"])
    assert "task_result" not in receiver.bodies[0]


@on_a_loop
async def test_a_running_clock_sends_notifications_by_itself() -> None:
    """No request is needed."""
    async with running_receiver() as receiver, running_server(server(manual_clock=False, tick_seconds=0.05)) as caller:
        caller.create(callback_url=receiver.url)
        await wait_until(lambda: len(receiver.task_statuses) == 2)

    assert ["processing", "succeed"] == receiver.task_statuses


@on_a_loop
async def test_notifications_are_signed_with_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signature and time are valid even if the server's clock was stepped far ahead."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    async with running_receiver(500, 200) as receiver, running_server(server(webhook_secret=SECRET)) as caller:
        caller.create(callback_url=receiver.url)
        caller.app.clock.step(1_000_000)
        await wait_until(lambda: len(receiver.task_statuses) == 3)

    for request in receiver.requests:
        Webhook(SECRET).verify(request.body, dict(request.headers))
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_QUJD").verify(request.body, dict(request.headers))
    first, again, second = [request.headers["webhook-id"] for request in receiver.requests]
    assert first == again
    assert again != second


def test_a_signature_is_that_of_the_vendors_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature on the vendor's page follows from the secret, id, time and body there."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(1_781_080_794.9, tz)

    monkeypatch.setattr(callbacks, "datetime", Then)
    sender = NotificationSender(Store(), TaskClock(), describe=lambda *_: {}, secret=SECRET)
    body = (
        '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
    )
    headers = dict(sender._headers("9876543210", body))  # noqa: SLF001 - the id is chosen by the server otherwise

    assert b"1781080794" == headers[b"webhook-timestamp"]
    assert b"v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=" == headers[b"webhook-signature"]
    assert datetime.now(UTC).tzinfo is UTC


@pytest.mark.parametrize(
    ("outcome", "responses"),
    [
        ({"delivered": True, "http_status": 204, "attempts": 1}, [204]),
        ({"delivered": True, "http_status": 200, "attempts": 3}, [500, 0, 200]),
        ({"delivered": False, "http_status": 302, "attempts": 3}, [302]),
        ({"delivered": False, "http_status": 404, "attempts": 3}, [404]),
        ({"delivered": False, "http_status": None, "attempts": 3}, [500, 404, 0]),
        ({"delivered": False, "http_status": 503, "attempts": 3}, [0, 0, 503]),
    ],
)
@on_a_loop
async def test_a_notification_is_sent_again_until_it_is_heard(
    outcome: dict[str, Any], responses: Sequence[int]
) -> None:
    """Any 2xx status or the last attempt ends the retries. A redirect doesn't."""
    async with running_receiver(*responses) as receiver, running_server(server()) as caller:
        task_id = caller.create(callback_url=receiver.url, external_task_id="e")["task_id"]
        caller.app.clock.step(1)
        await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))

        task = {"task_id": task_id, "external_task_id": "e", "task_status": "processing", "note": ""}
        assert [task | outcome] == caller.ask("GET", "/_mock/callbacks")
    assert [receiver.bodies[0]] * outcome["attempts"] == receiver.bodies
    assert {"/"} == set(receiver.paths)


def test_intervals_grow() -> None:
    """Each interval is the previous one times the factor."""
    assert [1.0, 2.0, 4.0] == [Retries().seconds_after(attempt) for attempt in (1, 2, 3)]
    assert [0.5, 1.5, 4.5] == [Retries(5, 0.5, 3).seconds_after(attempt) for attempt in (1, 2, 3)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://xn--a/", f"http://{'a' * 70}.invalid/"])
@on_a_loop
async def test_an_unreachable_receiver_does_not_stop_the_others(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The server gives up on it without a warning, and notifies the other receivers."""
    caplog.set_level(logging.DEBUG)
    async with running_receiver() as receiver, running_server(server()) as caller:
        caller.create(callback_url=url)
        caller.create(callback_url=receiver.url)
        caller.app.clock.step(1)
        await wait_until(lambda: len(caller.ask("GET", "/_mock/callbacks")) == 2)
        records = {record["delivered"]: record for record in caller.ask("GET", "/_mock/callbacks")}

    assert (None, 3) == (records[False]["http_status"], records[False]["attempts"])
    assert 200 == records[True]["http_status"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "sk-test" not in caplog.text


@on_a_loop
async def test_a_silent_receiver_does_not_delay_the_others() -> None:
    """The other receivers are notified while it is silent."""
    with listening(Peer.until_closed) as silent:
        async with running_receiver() as receiver, running_server(server(retries=Retries(1))) as caller:
            caller.create(callback_url=silent.url)
            caller.create(callback_url=receiver.url)
            caller.app.clock.step(1)
            await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))
            assert [200] == [record["http_status"] for record in caller.ask("GET", "/_mock/callbacks")]


@on_a_loop
async def test_a_silent_receiver_is_given_up_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver then counts as unreachable."""
    monkeypatch.setattr(callbacks, "_MAX_RESPONSE_SECONDS", 0.1)
    with listening(Peer.until_closed) as silent:
        async with running_server(server(retries=Retries(1))) as caller:
            caller.create(callback_url=silent.url)
            caller.app.clock.step(1)
            await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))
            assert [None] == [record["http_status"] for record in caller.ask("GET", "/_mock/callbacks")]


@on_a_loop
async def test_notifications_in_flight_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further ones wait, and those of each task stay in order."""
    monkeypatch.setattr(callbacks, "_MAX_AT_ONCE", 2)
    async with running_receiver() as receiver, running_server(server()) as caller:
        ids = [caller.create(callback_url=receiver.url)["task_id"] for _ in range(7)]
        caller.app.clock.step(5)
        await wait_until(lambda: len(caller.ask("GET", "/_mock/callbacks")) == 14)

    statuses: dict[str, list[str]] = {}
    for body in receiver.bodies:
        statuses.setdefault(body["task_id"], []).append(body["task_status"])
    assert {task_id: ["processing", "succeed"] for task_id in ids} == statuses


@on_a_loop
async def test_the_next_server_sends_undelivered_notifications(tmp_path: Path) -> None:
    """The next server uses the same ids, and skips what was delivered."""
    options = {"state": tmp_path / "state.db", "webhook_secret": SECRET}
    async with running_receiver(200, 500) as receiver:
        async with running_server(server(**options, retries=Retries(9, 60))) as caller:
            caller.create(callback_url=receiver.url)
            caller.app.clock.step(1)
            await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))
            caller.app.clock.step(1)
            await wait_until(lambda: len(receiver.task_statuses) == 2)
        receiver.statuses = [200]
        async with running_server(server(**options)) as caller:
            await wait_until(lambda: caller.ask("GET", "/_mock/callbacks"))
            caller.create(callback_url=receiver.url)
            caller.app.clock.step(1)
            await wait_until(lambda: len(caller.ask("GET", "/_mock/callbacks")) == 2)

    assert ["processing", "succeed", "succeed", "processing"] == receiver.task_statuses
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids[0] != ids[1] == ids[2] != ids[3]


async def _post(app: MockServer, url: str) -> None:
    assert 200 == (await Caller(app).post_async(callback_url=url)).status_code


def test_without_a_lifespan_notifications_start_with_the_first_create() -> None:
    """The notifications run on the loop of that request, or of a later one if it has ended."""
    app = server(tick_seconds=0)

    async def main() -> None:
        async with running_receiver() as receiver:
            await _post(app, receiver.url)
            await wait_until(lambda: len(receiver.task_statuses) == 1)
            await _post(app, receiver.url)
            await wait_until(lambda: len(receiver.task_statuses) == 2)

    run_async(main())
    app.clock.step(1)
    run_async(main())
    app.close()


def test_a_late_creation_sends_notifications_too() -> None:
    """The task is created only after the delay, and still sends its notifications."""
    app = server(tick_seconds=0)
    Caller(app).queue("late:0.02")

    async def main() -> None:
        async with running_receiver() as receiver:
            await _post(app, receiver.url)
            await wait_until(lambda: len(receiver.task_statuses) == 1)

    run_async(main())
    app.close()


@on_a_loop
async def test_notifications_can_be_switched_off() -> None:
    """With `callbacks=False`, any `callback_url` is accepted."""
    async with (
        running_receiver() as receiver,
        running_server(server(callbacks=False)) as caller,
        running_server(server()) as other,
    ):
        for sender in (caller, other):  # notifications of the first would arrive before those of the second
            sender.create(callback_url=f"{receiver.url}/{sender is other}")
            sender.app.clock.step(2)
        await wait_until(lambda: len(other.ask("GET", "/_mock/callbacks")) == 2)

    assert ["/True"] * 2 == receiver.paths


@on_a_loop
async def test_a_server_may_be_closed_while_it_sends_notifications() -> None:
    """The unfinished ones are cancelled without an error."""
    app = server(retries=Retries(9, 60))
    async with running_receiver(500) as receiver:
        await _post(app, receiver.url)
        app.clock.step(1)
        await wait_until(lambda: receiver.task_statuses)
        app.close()
        await wait_until(lambda: len(asyncio.all_tasks()) == 1)


def test_a_server_may_be_stopped_by_another_loop() -> None:
    """That loop doesn't wait for a task on the first one."""
    app = server()

    async def start() -> None:
        await _post(app, "http://127.0.0.1:1/")

    with asyncio.Runner() as runner, ThreadPoolExecutor(1) as thread:
        thread.submit(runner.run, start()).result()  # as `run_async` does
        run_async(_live(app))


async def _live(app: MockServer) -> None:
    async with running_server(app):
        pass


@on_a_loop
async def test_a_create_without_a_loop_sends_notifications_once_there_is_one() -> None:
    """The notifications of `respond` are sent on the loop that the server runs on later."""
    app = server(tick_seconds=0)
    async with running_receiver() as receiver:
        await asyncio.to_thread(Caller(app).create, callback_url=receiver.url)
        async with running_server(app):
            await wait_until(lambda: len(receiver.task_statuses) == 1)
            await asyncio.to_thread(Caller(app).create, callback_url=receiver.url)
            await wait_until(lambda: len(receiver.task_statuses) == 2)


def test_an_empty_callback_url_counts_as_missing(tmp_path: Path) -> None:
    """Nothing is sent or recorded."""
    state = tmp_path / "state.db"
    with closing(server(tick_seconds=0, state=state)) as app:
        Caller(app).create(callback_url="")

    with closing(Store(state)) as store:
        assert [None] == [task.callback_url for task in store.every_task()]
        assert not store.has_notifications()
