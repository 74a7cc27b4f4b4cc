"""Find out which paths a gateway has and how it words its responses, by free calls that create nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from attrs import field, frozen

from kling_elements.gateway_paths import PathChoice, PathPrefix, path_choices, path_prefixes
from kling_elements.tasks import tasks_of_response
from kling_elements_client import AuthenticatedClient
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import ResponseError
from kling_elements_client.models import Task, TaskListResponse
from kling_elements_runtime.responses import read_body
from kling_elements_runtime.types import Response, is_id

Offer = Literal["yes", "no", "unknown"]
"""Whether a gateway offers an operation."""

_EXCERPT: Final = 60  # characters of a message that a description repeats
_DIGITS: Final = 18  # in the service's own ids
_NOT_THERE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_UNDECIDED: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_CHANGING: Final = re.compile(r"\{path\}|<\d+ characters>|\b(?=\w*\d)\w{8,}\b")  # what was asked, and ids of requests
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {"task": ("digits", "integer"), "element": ("digits", "integer", "text")}
"""The kinds of ids that the contract can describe (`x-ids`)."""


class SurveyError(Exception):
    """The survey found too little to describe the gateway. The message says what to do."""


@frozen
class Answer:
    """The details of a response that a survey needs.

    Attributes:
        call: The method and the path that was called, with `{id}` for an id that cannot exist.
        status: The HTTP status.
        code: The business code, or None.
        message: The gateway's words, with `{id}` for such an id and without the key, or an empty string.
        is_success: Whether the response is the success that the contract promises.
        dialects: The dialects in which the response says that nothing has the id.
        envelope: The form of the response's error envelope.
        tasks: The tasks on a page of a list.
    """

    call: str
    status: int
    code: int | str | None
    message: str
    is_success: bool
    dialects: tuple[str, ...]
    envelope: str
    tasks: tuple[Task, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        code = "" if self.code is None else f", code {self.code}"
        words = self.message if len(self.message) <= _EXCERPT else f"{self.message[:_EXCERPT]}..."
        return f"{self.call} returned HTTP {self.status}{code}" + (f' "{words}"' if words else "")

    @property
    def is_undecided(self) -> bool:
        """Whether the gateway refused for a reason that has nothing to do with the path."""
        return self.status in _UNDECIDED or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def shows_path(self, missing: Answer) -> bool:
        """Return whether the path exists, because a path that cannot exist gets a different response."""
        if self.is_undecided or self.status == HTTPStatus.METHOD_NOT_ALLOWED or self.code == _no_such_method():
            return False
        return self._fingerprint != missing._fingerprint

    def denies_path(self, missing: Answer) -> bool:
        """Return whether the gateway does not offer the operation, which was called with valid parameters."""
        is_refused = self.status in _NOT_THERE or self.code == _no_such_method()
        return is_refused or self._fingerprint == missing._fingerprint

    @property
    def _fingerprint(self) -> tuple[object, ...]:
        words = _CHANGING.sub("#", self.message)
        return self.status, self.code, words, self.is_success, self.envelope


@frozen
class Availability:
    """The availability of an operation at a gateway.

    Attributes:
        state: Whether the gateway offers the operation.
        choice: The method and path to call, or None if they are unknown or the operation is not offered.
        answers: The responses that show this.
    """

    state: Offer
    choice: PathChoice | None = None
    answers: tuple[Answer, ...] = ()


@frozen
class Survey:
    """The result of a survey of a gateway.

    Attributes:
        base_url: The gateway's URL.
        path_prefix: The prefix of its paths.
        absence: The responses to look-ups of ids that cannot exist.
        listing: The list of the account's own elements.
        presets: The list of the official elements.
        deletion: The deletion of elements. It has no answers if deletions were not tried.
        ids: The kinds of ids that were seen of tasks and of elements, as in `x-ids`.
    """

    base_url: str
    path_prefix: PathPrefix
    absence: tuple[Answer, ...]
    listing: Availability
    presets: Availability
    deletion: Availability
    ids: Mapping[str, tuple[str, ...]]

    @property
    def dialects(self) -> tuple[str, ...]:
        """The dialects in which the gateway says that nothing has an id."""
        return tuple(dict.fromkeys(dialect for answer in self.absence for dialect in answer.dialects))

    def kind_of_id(self, owner: str) -> str | None:
        """Return the kind of the ids of tasks or elements, or None if no id was seen or the kind is unknown."""
        kinds = self.ids[owner]
        return kinds[0] if len(kinds) == 1 and kinds[0] in _KINDS[owner] else None


def survey_gateway(client: AuthenticatedClient, *, confirm: bool = False) -> Survey:
    """Find out how a gateway offers the operations. This creates nothing, and costs nothing.

    Args:
        client: A client of the gateway, with a key. Its contract must be the package's.
        confirm: Whether to also call the deletion of an element that cannot exist.

    Raises:
        TransportError: No response came.
        SurveyError: The gateway refuses the key, or has none of the known paths.
    """
    prober = _Prober(client)
    prefix, missing, first = _find_prefix(prober)
    listing = _probe_list(prober, "listElements", prefix, missing, prefix.elements)
    presets = _probe_list(prober, "listPresetElements", prefix, missing)
    tasks = [task for availability in (listing, presets) for answer in availability.answers for task in answer.tasks]
    return Survey(
        base_url=client.base_url.rstrip("/"),
        path_prefix=prefix,
        absence=(first, prober.look_up(prefix, str(uuid4().int)[:_DIGITS])),
        listing=listing,
        presets=presets,
        deletion=_probe_deletion(prober, prefix) if confirm else Availability("unknown"),
        ids={
            "task": _kinds(task.task_id for task in tasks),
            "element": _kinds(element.element_id for task in tasks for element in task.all_elements),
        },
    )


def nonexistent_id() -> str:
    """Return an id that no task or element can have.

    It contains 122 random bits, so nobody can have received it as a string. It begins with a letter, so that no reader
    takes it for a number: neither a reader that uses the digits at the beginning of a text nor one that rounds can
    mistake it for another element's id.
    """
    return f"nobody-{uuid4()}"


def _short_id() -> str:
    """Return an id that no task can have, and that is short enough for messages to repeat it."""
    return f"nobody-{uuid4().hex[:16]}"


class _Prober:
    """A sender of single requests, without retries."""

    def __init__(self, client: AuthenticatedClient) -> None:
        self._client = client

    def look_up(self, prefix: PathPrefix, unknown_id: str) -> Answer:
        """Return the response to the look-up of an id."""
        return self._ask("getElement", "get", prefix.path + prefix.element.replace("{id}", unknown_id), unknown_id)

    def missing(self, prefix: PathPrefix) -> Answer:
        """Return the response to a path that cannot exist."""
        name = nonexistent_id()
        return self._ask("getElement", "get", f"{prefix.path}/{name}", name)

    def page(self, operation_id: str, method: str, path: str) -> Answer:
        """Return the response to a request for a page of a list."""
        parameters = CONTRACT.operation(operation_id).parameters
        first_page = urlencode({parameter.name: parameter.schema["default"] for parameter in parameters})
        return self._ask(operation_id, method, f"{path}?{first_page}")

    def delete(self, path: str, *names: str) -> Answer:
        """Return the response to a deletion at a path with parameters, of an element that cannot exist."""
        unknown_id = nonexistent_id()
        body = json.dumps({"element_id": unknown_id}).encode()
        return self._ask("deleteElement", "post", path, *names, unknown_id, body=body)

    def _ask(self, operation_id: str, method: str, path: str, *unknown_ids: str, body: bytes | None = None) -> Answer:
        headers = {} if body is None else {"Content-Type": "application/json"}
        response = self._client.send(method=method, url=path, headers=headers, content=body)
        tasks, error = self._read(operation_id, response)
        contract = self._client.contract
        code, message = (None, "") if error is None else (error.code, error.message or "")
        row = contract.business_code(code)
        statuses = {response.status_code, None if row is None else row.http_status}
        if HTTPStatus.UNAUTHORIZED in statuses:
            raise SurveyError(f"the gateway does not accept the key: {error}")
        target = path.partition("?")[0]
        return Answer(
            call=f"{method.upper()} {_mask_ids(target, unknown_ids)}",
            status=response.status_code,
            code=code if row is None else row.code,
            message=_mask_ids(message.replace(target, "{path}"), unknown_ids),
            is_success=error is None,
            dialects=tuple(
                refusal.dialect
                for refusal in contract.refusals("getElement", "x-absent")
                if operation_id == "getElement" and row is not None and refusal.fits(row.code, message)
            ),
            envelope=_envelope_of(read_body(response)[0]),
            tasks=tasks,
        )

    def _read(self, operation_id: str, response: httpx.Response) -> tuple[tuple[Task, ...], ResponseError | None]:
        try:
            body = self._client.decode(operation_id, response, dict)
        except ResponseError as error:
            return (), error
        if operation_id not in ("listElements", "listPresetElements"):
            return (), None
        page = Response(response.status_code, response.content, response.headers, TaskListResponse.from_dict(body))
        return tuple(tasks_of_response(page, self._client.contract)), None


def _find_prefix(prober: _Prober) -> tuple[PathPrefix, Answer, Answer]:
    """Return the prefix of the gateway's paths, and the responses to a missing path and to a look-up there.

    Raises:
        SurveyError: None of the known paths exists.
    """
    attempts = []
    for prefix in path_prefixes():
        missing, answer = prober.missing(prefix), prober.look_up(prefix, _short_id())
        if answer.dialects and answer.shows_path(missing):
            return prefix, missing, answer
        attempts.append((prefix, missing, answer))
    for prefix, missing, answer in attempts:  # the gateway may word an absence as it words a missing path
        if prober.page("listElements", "get", prefix.path + prefix.elements).is_success:
            return prefix, missing, answer
    for prefix, missing, answer in attempts:  # or in words that nobody has seen
        if answer.shows_path(missing):
            return prefix, missing, answer
    answers = "; ".join(str(answer) for _, _, answer in attempts)
    if all(answer.is_undecided for _, _, answer in attempts):
        raise SurveyError(f"the gateway is not answering look-ups: {answers}; try again later")
    raise SurveyError(
        f"none of the known paths exists: {answers}; look for the path of creates in the gateway's documents, and put "
        "the part before a known path into the URL, or write an overlay by hand"
    )


def _probe_list(
    prober: _Prober, operation_id: str, prefix: PathPrefix, missing: Answer, only: str | None = None
) -> Availability:
    """Return the availability of a list, with the response to each path that was called.

    Args:
        prober: Sends the requests.
        operation_id: The list.
        prefix: The prefix of the gateway's paths.
        missing: The response to a path that does not exist.
        only: The only path after the prefix to try.
    """
    answers: list[Answer] = []
    for choice in path_choices(operation_id):
        if only in (None, choice.path):
            answers.append(prober.page(operation_id, choice.method, prefix.path + choice.path))
            if answers[-1].is_success:
                return Availability("yes", choice, tuple(answers))
    is_denied = all(answer.denies_path(missing) for answer in answers)
    return Availability("no" if is_denied else "unknown", None, tuple(answers))


def _probe_deletion(prober: _Prober, prefix: PathPrefix) -> Availability:
    name = nonexistent_id()
    missing = prober.delete(f"{prefix.path}/{name}", name)
    answers = {choice: prober.delete(prefix.path + choice.path) for choice in path_choices("deleteElement")}
    choice = next((choice for choice, answer in answers.items() if answer.shows_path(missing)), None)
    return Availability("unknown" if choice is None else "yes", choice, tuple(answers.values()))


@cache
def _no_such_method() -> object:
    """Return the business code of a path that lacks the method."""
    return CONTRACT.document()["components"]["examples"]["methodNotAllowed"]["value"]["code"]


def _mask_ids(text: str, unknown_ids: Iterable[str]) -> str:
    """Return a text with `{id}` in place of ids that cannot exist."""
    for unknown_id in unknown_ids:
        text = text.replace(unknown_id, "{id}")
    return text


def _kinds(ids: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({_kind(value) for value in ids if is_id(value)}))


def _kind(value: object) -> str:
    if isinstance(value, int):
        return "integer"
    return "digits" if re.fullmatch("[0-9]+", str(value)) else "text"


def _envelope_of(body: object) -> str:
    if not isinstance(body, dict):
        return "no JSON object"
    if isinstance(body.get("error"), dict):
        return "an `error` object, as in OpenAI's API"
    names = [name for name in ("code", "message", "request_id") if name in body]
    return f"the service's own ({', '.join(names)})" if "code" in names else "another JSON object"


__all__ = ["Answer", "Availability", "Offer", "Survey", "SurveyError", "nonexistent_id", "survey_gateway"]
