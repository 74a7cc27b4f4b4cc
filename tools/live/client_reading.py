"""Replay a response to the client, without a network and without waiting, to see how the client reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from kling_elements import KlingElements
from kling_elements.clock import Clock
from kling_elements.errors import LookUpUnavailableError, NoTaskError
from kling_elements.outcomes import Outcome
from kling_elements_client import contract
from kling_elements_client.api.elements import delete_element
from kling_elements_client.errors import InvalidResponseError, KlingError, NotFoundError, ResponseError
from kling_elements_client.models import DeleteElementRequest, Task

_GATEWAY: Final = "https://gateway.invalid"
_TOKEN: Final = "no-token-at-all"  # noqa: S105 - never sent
_ID: Final = "nobody"
_OK: Final = 200


@dataclass(frozen=True)
class ClientReading:
    """The client's reading of a response.

    Attributes:
        means: The meaning, in the words of live_responses.yaml.
        code: The business code, or None.
        message: The gateway's own message, or None.
    """

    means: str
    code: int | str | None = None
    message: str | None = None


class _InstantClock(Clock):
    """A clock on which every wait ends at once."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds, UTC)

    def chance(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self._seconds += seconds


def read_response(call: str, response: httpx.Response, requested_id: str = "") -> ClientReading:
    """Return how the client reads a response.

    Args:
        call: The operation that was called, such as `getElement`.
        response: The response, with its body read.
        requested_id: The id that was looked up or deleted, or the external id that was sent.
    """
    return _READERS[call](response, requested_id or _ID)


def _read_create(response: httpx.Response, external_id: str) -> ClientReading:
    error = _error_of(response, lambda kling: kling.create(_element(external_id), max_wait_seconds=0))
    if error is None:
        return ClientReading("task")
    if isinstance(error, NoTaskError):
        return ClientReading("no task")
    if _is_refusal(error, "createElement", "x-duplicate"):
        return _reading("duplicate", error)
    if error.outcome != Outcome.NOT_CREATED:
        return _reading("in doubt", error)
    return _reading("wait" if _is_sent_again(response, external_id) else "refused", error)


def _read_look_up(response: httpx.Response, task_id: str) -> ClientReading:
    error = _error_of(response, lambda kling: kling.get(task_id))
    if error is None:
        return ClientReading("task")
    if isinstance(error, NotFoundError):
        return _reading("absent", error)
    return _reading("no look-up" if _ends_get_or_create(response, task_id) else "refused", error)


def _list_reader(tasks: Callable[[KlingElements], Iterator[Task]]) -> Callable[[httpx.Response, str], ClientReading]:
    def read_list(response: httpx.Response, _: str) -> ClientReading:
        error = _error_of(response, lambda kling: list(tasks(kling)))
        if error is None:
            return ClientReading("list")
        return _reading("no list" if isinstance(error, InvalidResponseError) else "refused", error)

    return read_list


def _read_deletion(response: httpx.Response, element_id: str) -> ClientReading:
    body = DeleteElementRequest(element_id=element_id)
    error = _error_of(response, lambda kling: delete_element.sync(client=kling.client, body=body))
    if error is None:
        return ClientReading("deleted")
    if isinstance(error, NotFoundError):
        return _reading("absent", error)
    return _reading("deleted already" if _is_refusal(error, "deleteElement", "x-deleted-already") else "refused", error)


_READERS: Mapping[str, Callable[[httpx.Response, str], ClientReading]] = {
    "createElement": _read_create,
    "getElement": _read_look_up,
    "listElements": _list_reader(KlingElements.list),
    "listPresetElements": _list_reader(KlingElements.presets),
    "deleteElement": _read_deletion,
}


def _error_of(response: httpx.Response, call: Callable[[KlingElements], object]) -> KlingError | None:
    """Return the error of a call that gets this response, or None if the call succeeds."""
    try:
        with _client(lambda _: _copy_of(response)) as kling:
            call(kling)
    except KlingError as error:
        return error
    return None


def _ends_get_or_create(response: httpx.Response, external_id: str) -> bool:
    """Return whether `get_or_create` gives up if its look-up gets this response."""
    error = _error_of(response, lambda kling: kling.get_or_create(_element(external_id), max_wait_seconds=0))
    return isinstance(error, LookUpUnavailableError)


def _is_sent_again(response: httpx.Response, external_id: str) -> bool:
    """Return whether the client repeats a create after this response."""
    requests = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        created = {"data": {"task_id": "1", "task_info": {"external_task_id": external_id}}}
        return _copy_of(response) if len(requests) == 1 else httpx.Response(_OK, json=created)

    with suppress(KlingError), _client(respond) as kling:
        kling.create(_element(external_id))
    return len(requests) > 1


def _client(respond: Callable[[httpx.Request], httpx.Response]) -> KlingElements:
    transport = httpx.MockTransport(respond)
    return KlingElements(_TOKEN, _GATEWAY, http_client={"transport": transport}, clock=_InstantClock())


def _copy_of(response: httpx.Response) -> httpx.Response:
    """Return a copy of the response, because a response is consumed by its first use."""
    return httpx.Response(response.status_code, content=response.content, headers=response.headers)


def _element(external_id: str) -> dict[str, Any]:
    example: dict[str, Any] = contract.document()["components"]["examples"]["fromImages"]["value"]
    return {**example, "external_task_id": external_id}


def _is_refusal(error: KlingError, call: str, keyword: str) -> bool:
    """Return whether an error is a refusal of this kind, in any dialect."""
    return isinstance(error, ResponseError) and contract.means(call, keyword, error.code, error.message)


def _reading(means: str, error: KlingError) -> ClientReading:
    return ClientReading(means, error.code, error.message) if isinstance(error, ResponseError) else ClientReading(means)
