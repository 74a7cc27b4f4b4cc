"""The faults that you can queue for the next creates, by name."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from kling_elements.mock.refusals import Problem, Refusals, RefusedError
from kling_elements.mock.reply import HTML_TYPE, Reply, encode
from kling_elements.mock.shapes import Shapes
from kling_elements.mock.tasks import FAILED, SUCCEEDS, Ending
from kling_elements_runtime.document import MAX_EXCERPT

Disturb: TypeAlias = Callable[[Reply], Reply]

_MAX_QUEUED = 10_000
_DRIP_SECONDS = 1.0
_OK = 200
_SECONDS = r"([0-9]{1,4}(?:\.[0-9]{1,6})?)"
_STATUS = "([2-5][0-9]{2})"
_WHEN = "(before|after)"


def _keep(reply: Reply) -> Reply:
    return reply


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault of one create.

    Attributes:
        name: The name under which it was queued.
        creates: Whether the task is created.
        late_seconds: Seconds until the task is created, or None to create it at once.
        ending: The way in which the task will end.
        disturb: Takes the right reply, and returns the reply to send.
    """

    name: str
    creates: bool = True
    late_seconds: float | None = None
    ending: Ending = SUCCEEDS
    disturb: Disturb = _keep


NONE = Fault("none")


class FaultQueue:
    """The queue of faults, one for each of the next creates. You can use it from any thread."""

    def __init__(self, shapes: Shapes, refusals: Refusals) -> None:
        """Start with an empty queue. The shapes and refusals provide the responses of the faults."""
        self._codes = refusals.business_codes
        self._forms = _forms(shapes, refusals)
        self._waiting: deque[Fault] = deque()

    @property
    def names(self) -> list[str]:
        """The names of the queued faults, the next one first."""
        return [fault.name for fault in tuple(self._waiting)]

    def add(self, names: object) -> None:
        """Queue a list of faults by name, all of them or none.

        Raises:
            RefusedError: The value is not a list of known names, or the queue would grow too long.
        """
        if not isinstance(names, list):
            raise RefusedError(Problem.INVALID_PARAMETERS, f"the body must be a list of names: {self._allowed()}")
        faults = [self._fault(name) for name in names]
        if len(self._waiting) + len(faults) > _MAX_QUEUED:
            raise RefusedError(
                Problem.INVALID_PARAMETERS, f"at most {_MAX_QUEUED} faults can be queued; clear the queue first"
            )
        self._waiting.extend(faults)

    def clear(self) -> None:
        """Drop all queued faults."""
        self._waiting.clear()

    def next(self) -> Fault:
        """Remove and return the fault for the next create."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return NONE

    def _fault(self, name: object) -> Fault:
        if isinstance(name, str):
            for form in self._forms:
                fault = form.fault(name)
                if fault is not None:
                    return fault
        excerpt = ascii(name)[:MAX_EXCERPT]
        raise RefusedError(Problem.INVALID_PARAMETERS, f"there is no fault {excerpt}; use one of {self._allowed()}")

    def _allowed(self) -> str:
        codes = ", ".join(map(str, self._codes))
        return f"{', '.join(form.label for form in self._forms)}; N is one of {codes}"


@dataclass(frozen=True, slots=True)
class _Form:
    """One form of fault name.

    Attributes:
        label: The form as messages show it.
        pattern: The regular expression that a name must match as a whole.
        fault_fields: Returns the fields of `Fault` for the groups of the match.
    """

    label: str
    pattern: str
    fault_fields: Callable[..., dict[str, Any]]

    def fault(self, name: str) -> Fault | None:
        """Return the fault of a name, or None if the name doesn't have this form."""
        match = re.fullmatch(self.pattern, name, re.DOTALL)
        return Fault(name, **self.fault_fields(*match.groups())) if match else None


def _forms(shapes: Shapes, refusals: Refusals) -> Sequence[_Form]:
    """Return every form, in the order in which messages list them."""
    return (
        _Form("none", "none", dict),
        *_timing_forms(),
        *_missing_response_forms(),
        *_body_forms(shapes),
        *_code_forms(refusals),
        *_ending_forms(shapes),
    )


def _timing_forms() -> Sequence[_Form]:
    """Return the faults that delay a right response or the creation."""
    return (
        _Form("delay:SECONDS", f"delay:{_SECONDS}", lambda seconds: {"disturb": _delay(float(seconds))}),
        _Form("late:SECONDS", f"late:{_SECONDS}", lambda seconds: {"late_seconds": float(seconds)}),
        _Form("drip", "drip", lambda: {"disturb": _drip(_DRIP_SECONDS)}),
        _Form("drip:SECONDS", f"drip:{_SECONDS}", lambda seconds: {"disturb": _drip(float(seconds))}),
    )


def _missing_response_forms() -> Sequence[_Form]:
    """Return the faults in which a connection is cut, or a proxy answers instead of the service."""

    def drop(when: str) -> dict[str, Any]:
        return _replacement(when, Reply(_OK, cut=True))

    def html(status: str, when: str) -> dict[str, Any]:
        return _replacement(when, _error_page(int(status)))

    def empty(status: str, when: str) -> dict[str, Any]:
        return _replacement(when, Reply(int(status)))

    return (
        _Form("drop-before, drop-after", f"drop-{_WHEN}", drop),
        _Form("html-STATUS-before, html-STATUS-after", f"html-{_STATUS}-{_WHEN}", html),
        _Form("status-STATUS-before, status-STATUS-after", f"status-{_STATUS}-{_WHEN}", empty),
    )


def _body_forms(shapes: Shapes) -> Sequence[_Form]:
    """Return the faults that change the body of a right response."""

    def flat(response: dict[str, Any]) -> dict[str, Any]:
        return shapes.flat(response["data"])

    return (
        _Form("truncated-json", "truncated-json", lambda: {"disturb": _truncate}),
        _Form("empty-object", "empty-object", lambda: {"disturb": _change_body(lambda _: {})}),
        _Form("flat", "flat", lambda: {"disturb": _change_body(flat)}),
        _Form("odd-envelope", "odd-envelope", lambda: {"disturb": _change_body(shapes.odd_envelope)}),
    )


def _code_forms(refusals: Refusals) -> Sequence[_Form]:
    """Return the faults that answer with a business code."""
    code = f"({'|'.join(map(str, refusals.business_codes))})"
    code_reply = refusals.code_reply
    return (
        _Form("code:N", f"code:{code}", lambda number: _replacement("before", code_reply(int(number)))),
        _Form("code:N-after", f"code:{code}-after", lambda number: _replacement("after", code_reply(int(number)))),
        _Form(
            "200-code:N",
            f"200-code:{code}",
            lambda number: _replacement("before", code_reply(int(number), status=_OK)),
        ),
    )


def _ending_forms(shapes: Shapes) -> Sequence[_Form]:
    """Return the faults that change how a task ends."""
    return (
        _Form("fail", "fail", lambda: {"ending": Ending(FAILED, shapes.failure_reason)}),
        _Form("fail:REASON", "fail:(.+)", lambda reason: {"ending": Ending(FAILED, reason)}),
        _Form("status-word:WORD", "status-word:(.+)", lambda word: {"ending": Ending(word)}),
    )


def _replacement(when: str, reply: Reply) -> dict[str, Any]:
    """Return the fields of a fault that sends another reply, and creates the task only if `when` is `after`."""
    return {"creates": when == "after", "disturb": lambda _: reply}


def _error_page(status: int) -> Reply:
    phrases = [standard.phrase for standard in HTTPStatus if standard == status]  # empty for a status such as 524
    title = " ".join([str(status), *phrases])
    return Reply(status, f"<html><head><title>{title}</title></head></html>".encode(), (HTML_TYPE,))


def _delay(seconds: float) -> Disturb:
    return lambda reply: replace(reply, delay_seconds=seconds)


def _drip(seconds: float) -> Disturb:
    return lambda reply: replace(reply, drip_seconds=seconds)


def _truncate(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _change_body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Disturb:
    return lambda reply: replace(reply, body=encode(change(json.loads(reply.body))))
