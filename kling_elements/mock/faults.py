"""What can be made to go wrong with coming creations: parsed by name, and queued in order."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeAlias

from kling_elements.mock.answers import Problem, Refusals, RefusedError
from kling_elements.mock.reply import HTML_TYPE, Reply, encode
from kling_elements.mock.shapes import Shapes
from kling_elements.mock.tasks import FAILED, SUCCEEDS, Ending
from kling_elements_runtime.document import LONGEST_EXCERPT

Disturb: TypeAlias = Callable[[Reply], Reply]

_MOST_QUEUED = 10_000
_DRIP_SECONDS = 1.0
_OK = 200
_SECONDS = r"([0-9]{1,4}(?:\.[0-9]{1,6})?)"
_STATUS = "([2-5][0-9]{2})"
_WHEN = "(before|after)"


def _unchanged(reply: Reply) -> Reply:
    return reply


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one creation.

    Attributes:
        name: As it was queued.
        creates: Whether the task is created.
        late_seconds: How long before it is, or None for at once.
        ending: How the task will end.
        disturb: What becomes of the reply; one that creates nothing has no use for what it gets.
    """

    name: str
    creates: bool = True
    late_seconds: float | None = None
    ending: Ending = SUCCEEDS
    disturb: Disturb = _unchanged


NONE = Fault("none")


class FaultQueue:
    """The faults that wait, one for each coming creation. It may be used from any thread."""

    def __init__(self, shapes: Shapes, refusals: Refusals) -> None:
        """Start with an empty queue; the shapes are those of the answers that are disturbed."""
        self._codes = refusals.business_codes
        self._forms = _forms(shapes, refusals)
        self._waiting: deque[Fault] = deque()

    @property
    def names(self) -> list[str]:
        """The names of those that wait, the next one first."""
        return [fault.name for fault in tuple(self._waiting)]

    def add(self, names: object) -> None:
        """Queue a list of faults by their names, all of them or none.

        Raises:
            RefusedError: It is no list of known names, or too many would wait.
        """
        if not isinstance(names, list):
            raise RefusedError(Problem.INVALID_PARAMETERS, f"the body must be a list of names: {self._allowed()}")
        faults = [self._fault(name) for name in names]
        if len(self._waiting) + len(faults) > _MOST_QUEUED:
            raise RefusedError(Problem.INVALID_PARAMETERS, f"at most {_MOST_QUEUED} faults may wait")
        self._waiting.extend(faults)

    def clear(self) -> None:
        """Drop those that wait."""
        self._waiting.clear()

    def next(self) -> Fault:
        """Take the fault of the next creation."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return NONE

    def _fault(self, name: object) -> Fault:
        for form in self._forms:
            found = form.pattern.fullmatch(name) if isinstance(name, str) else None
            if found:
                return Fault(found[0], **form.make(*found.groups()))
        shown = ascii(name)[:LONGEST_EXCERPT]
        raise RefusedError(Problem.INVALID_PARAMETERS, f"there is no fault {shown}; there are {self._allowed()}")

    def _allowed(self) -> str:
        codes = ", ".join(map(str, self._codes))
        return f"{', '.join(form.shown for form in self._forms)}; N is one of {codes}"


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of name: how it is shown to people, how it is recognised, and what its parts make of a fault."""

    shown: str
    pattern: re.Pattern[str]
    make: Callable[..., dict[str, Any]]


def _forms(shapes: Shapes, refusals: Refusals) -> Sequence[_Form]:
    code = f"({'|'.join(map(str, refusals.business_codes))})"
    code_reply = refusals.code_reply
    forms: list[tuple[str, str, Callable[..., dict[str, Any]]]] = [
        ("none", "none", dict),
        ("delay:SECONDS", f"delay:{_SECONDS}", lambda text: {"disturb": _delayed(float(text))}),
        ("late:SECONDS", f"late:{_SECONDS}", lambda text: {"late_seconds": float(text)}),
        ("drop-before, drop-after", f"drop-{_WHEN}", lambda when: _instead(when, Reply(_OK, cut=True))),
        (
            "html-STATUS-before, html-STATUS-after",
            f"html-{_STATUS}-{_WHEN}",
            lambda text, when: _instead(when, _page(int(text))),
        ),
        (
            "status-STATUS-before, status-STATUS-after",
            f"status-{_STATUS}-{_WHEN}",
            lambda text, when: _instead(when, Reply(int(text))),
        ),
        ("truncated-json", "truncated-json", lambda: {"disturb": _truncated}),
        ("drip", "drip", lambda: {"disturb": _dripping(_DRIP_SECONDS)}),
        ("drip:SECONDS", f"drip:{_SECONDS}", lambda text: {"disturb": _dripping(float(text))}),
        ("empty-object", "empty-object", lambda: {"disturb": _with_body(lambda _: {})}),
        ("flat", "flat", lambda: {"disturb": _with_body(lambda answer: shapes.flat(answer["data"]))}),
        ("odd-envelope", "odd-envelope", lambda: {"disturb": _with_body(shapes.odd)}),
        ("code:N", f"code:{code}", lambda text: _instead("before", code_reply(int(text)))),
        ("code:N-after", f"code:{code}-after", lambda text: _instead("after", code_reply(int(text)))),
        ("200-code:N", f"200-code:{code}", lambda text: _instead("before", code_reply(int(text), status=_OK))),
        ("fail", "fail", lambda: {"ending": Ending(FAILED, shapes.reason)}),
        ("fail:REASON", "fail:(.+)", lambda text: {"ending": Ending(FAILED, text)}),
        ("status-word:WORD", "status-word:(.+)", lambda text: {"ending": Ending(text)}),
    ]
    return [_Form(shown, re.compile(pattern, re.DOTALL), make) for shown, pattern, make in forms]


def _instead(when: str, reply: Reply) -> dict[str, Any]:
    """Answer with another reply, before the task is created, so that it never is, or after."""
    return {"creates": when == "after", "disturb": lambda _: reply}


def _page(status: int) -> Reply:
    known = [each.phrase for each in HTTPStatus if each == status]
    title = " ".join([str(status), *known])
    return Reply(status, f"<html><head><title>{title}</title></head></html>".encode(), (HTML_TYPE,))


def _delayed(seconds: float) -> Disturb:
    return lambda reply: replace(reply, delay_seconds=seconds)


def _dripping(seconds: float) -> Disturb:
    return lambda reply: replace(reply, drip_seconds=seconds)


def _truncated(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _with_body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Disturb:
    return lambda reply: replace(reply, body=encode(change(json.loads(reply.body))))
