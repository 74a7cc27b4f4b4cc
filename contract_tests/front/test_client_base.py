"""Settings apply to one call, to a client, or to a copy of a client from `with_options`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.running import TOKEN, URL, run_async
from contract_tests.support.scripted import NAMED, Client, ScriptedClient, finished_task, refusal, task
from kling_elements import AsyncKlingElements, HttpClientOptions, KlingElements, PollPolicy, RetryPolicy, Timeout
from kling_elements_client.errors import RateLimitError

_BUSY = refusal(429, 1302)
_DEFAULTS = {"connect": 10.0, "read": 300.0, "write": 600.0, "pool": 60.0}
_CALLS: dict[str, Callable[..., Any]] = {
    "create": lambda client, **options: client.create(BODY, **options),
    "get_or_create": lambda client, **options: client.get_or_create(NAMED, **options),
    "create_all": lambda client, **options: client.create_all([BODY], **options),
    "get": lambda client, **options: client.get("7", **options),
    "wait": lambda client, **options: client.wait("7", **options),
    "wait_all": lambda client, **options: client.wait_all(["7"], **options),
    "delete": lambda client, **options: client.delete(9, **options),
}


def _seconds(client: ScriptedClient) -> list[dict[str, float]]:
    return [request.extensions["timeout"] for request in client.gateway.requests]


@pytest.mark.parametrize("call", _CALLS.values(), ids=_CALLS)
def test_every_method_takes_timeouts_for_its_own_requests(client_class: Client, call: Callable[..., Any]) -> None:
    """You can pass one number for all steps or one for each; the next call uses the client's again."""
    client = ScriptedClient(client_class, finished_task(), finished_task(), finished_task())

    call(client, timeout=7)
    call(client, timeout=Timeout(connect=1))
    call(client)

    # connect and pool only, because the deadline of a wait may cut the longer steps
    assert [(7, 7), (1, 60), (10, 60)] == [(seconds["connect"], seconds["pool"]) for seconds in _seconds(client)]


def test_each_page_of_a_list_uses_the_timeouts_of_the_list(client_class: Client) -> None:
    """The timeouts apply to each page's request."""
    client = ScriptedClient(
        client_class, refusal(500), refusal(500), refusal(500), refusal(500), retry=RetryPolicy(max_retries=1)
    )

    for method in (client.kling.list, client.kling.presets):
        with pytest.raises(Exception, match="HTTP 500"):
            _next_of(method(timeout=3))

    assert [dict.fromkeys(_DEFAULTS, 3)] * 4 == _seconds(client)


def _next_of(listing: Any) -> Any:
    async def first() -> Any:
        return await anext(listing)

    return run_async(first()) if hasattr(listing, "__anext__") else next(listing)


@pytest.mark.parametrize("step", ["connect", "read", "write", "pool"])
@pytest.mark.parametrize("seconds", [None, "5", True])
def test_the_seconds_of_a_step_are_a_number(step: str, seconds: Any) -> None:
    """The error names the step."""
    with pytest.raises(TypeError, match=f"^{step} of a Timeout must be a number of seconds, not "):
        Timeout(**{step: seconds})


@pytest.mark.parametrize(
    ("error", "timeout"), [(TypeError, "5"), (TypeError, True), (TypeError, httpx.Timeout(5)), (ValueError, 0)]
)
def test_an_unusable_timeout_is_refused_before_anything_is_sent(
    client_class: Client, error: type[Exception], timeout: Any
) -> None:
    """The message says what you can pass."""
    client = ScriptedClient(client_class)

    for call in _CALLS.values():
        with pytest.raises(error, match="timeout must "):
            call(client, timeout=timeout)
    with pytest.raises(error, match="timeout must "):
        client.kling.with_options(timeout=timeout)
    with pytest.raises(error, match="timeout must "):
        client.kling.list(timeout=timeout)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_a_call_is_repeated_at_most_max_retries_times(client_class: Client, retries: int) -> None:
    """The number limits the retries even if there is time left."""
    client = ScriptedClient(client_class, *[_BUSY] * (retries + 1), max_retries=retries)

    assert isinstance(client.error_of("create", BODY), RateLimitError)
    assert client.gateway.is_finished()


def test_max_retries_keeps_the_intervals_of_the_policy(client_class: Client) -> None:
    client = ScriptedClient(client_class, _BUSY, _BUSY, retry=RetryPolicy(first_interval_seconds=5), max_retries=1)

    client.error_of("create", BODY)

    assert [5] == client.clock.slept


@pytest.mark.parametrize(
    ("error", "retries"), [(ValueError, -1), (TypeError, 1.5), (TypeError, True), (TypeError, "1")]
)
def test_an_unusable_max_retries_is_refused(client_class: Client, error: type[Exception], retries: Any) -> None:
    """The message says which numbers you can pass."""
    for make in (lambda **options: client_class(TOKEN, **options), client_class(TOKEN).with_options, RetryPolicy):
        with pytest.raises(error, match=r"^max_retries must be a whole number, 0 or more, not "):
            make(max_retries=retries)


def test_a_client_from_with_options_shares_everything_else(client_class: Client) -> None:
    """New options apply to calls of the new client; the first client keeps its own."""
    client = ScriptedClient(
        client_class, _BUSY, _BUSY, task(), task(), task(), retry=RetryPolicy(first_interval_seconds=5)
    )
    first = client.kling

    client.kling = first.with_options(timeout=7, max_retries=0)
    client.error_of("create", BODY)
    client.kling = client.kling.with_options(retry=RetryPolicy(first_interval_seconds=3))
    client.create(BODY)
    client.create(BODY, timeout=1)
    client.kling = first
    client.create(BODY)

    assert [3] == client.clock.slept
    assert [*[dict.fromkeys(_DEFAULTS, 7)] * 3, dict.fromkeys(_DEFAULTS, 1), _DEFAULTS] == _seconds(client)
    assert first.client is first.with_options(poll=PollPolicy()).client


def test_closing_a_client_also_closes_the_client_that_it_came_from() -> None:
    first = KlingElements(TOKEN, URL)
    with first.with_options(timeout=5):
        pass
    assert first.client.is_closed

    async def close() -> bool:
        asynchronous = AsyncKlingElements(TOKEN, URL)
        async with asynchronous.with_options(timeout=5):
            pass
        return asynchronous.client.is_closed

    assert run_async(close())


def test_with_options_sets_the_policy_of_waits(client_class: Client) -> None:
    client = ScriptedClient(client_class, task(), finished_task())
    client.kling = client.kling.with_options(poll=PollPolicy(first_interval_seconds=2))

    assert 9 == client.wait("7").element_id
    assert [2] == client.clock.slept


def test_settings_of_the_http_client_are_a_typed_mapping(client_class: Client) -> None:
    """Type checkers know each key."""
    carried = HttpClientOptions(transport=httpx.MockTransport(lambda _: task("8").response()))
    client = ScriptedClient(client_class, http_client=carried)

    assert "8" == client.create(BODY).task_id
