"""One run against one gateway: sends, judges each answer as it comes, and keeps what is needed to report on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from kling_elements.outcomes import is_absent
from kling_elements_client.client import BASE_URL_VARIABLE, TOKEN_VARIABLE
from kling_elements_client.errors import AuthenticationError, KlingError, ResponseError, TransportError
from tools.live.judge import Finding, judge, operation_of, shown

Say = Callable[[str], None]
_OF_THE_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True)
class Seen:
    """One answer.

    Attributes:
        situation: What was asked, in a word or two, such as `unknown-task-id`.
        call: The operation.
        asked: The ids that the request named.
        response: The answer as it came: nothing of it is to be shown or written.
    """

    situation: str
    call: str
    asked: tuple[str, ...]
    response: httpx.Response = field(repr=False)


class Session:
    """What was answered so far, and what was wrong with it.

    Attributes:
        seen: Each answer.
        departures: How many things departed from the contract.
        failures: How many calls did not do what they were for.
        left: What was created and could not be deleted, in words.
        hide: Takes the token out of a text; to be set once there is a client.
    """

    def __init__(self, say: Say) -> None:
        """Take what prints a line."""
        self._say = say
        self.seen: list[Seen] = []
        self.departures = 0
        self.failures = 0
        self.left: list[str] = []
        self.hide: Callable[[str], str] = str
        self._situation, self._call = "", ""
        self._asked: tuple[str, ...] = ()
        self._unanswered = ""

    def about(self, situation: str, heading: str, *asked: str, call: str = "") -> None:
        """Begin something else.

        Args:
            situation: Its name in what is reported.
            heading: The same for people.
            asked: The ids that are asked for.
            call: The operation whose answers come, where the path does not tell.
        """
        self._situation, self._asked, self._call = situation, asked, call
        self.say(heading)

    def httpx_args(self) -> Mapping[str, Any]:
        """Return arguments for a client whose answers are to be judged."""
        return {"event_hooks": {"request": [self._on_request], "response": [self._on_answer]}}

    def _on_request(self, request: httpx.Request) -> None:
        if self._unanswered:  # the client sends again by itself where that is safe
            self.fails(f"no answer came to {self._unanswered}")
        self._unanswered = self._call or operation_of(request)

    def _on_answer(self, response: httpx.Response) -> None:
        response.read()
        self._unanswered = ""
        call = self._call or operation_of(response.request)
        findings = judge(call, response)
        conforms = not any(finding.departs for finding in findings)
        self.say(f"  {call}: status {response.status_code}{', conforms' if conforms else ''}")
        for finding in findings:
            self._tell(finding)
        self.seen.append(Seen(self._situation, call, self._asked, _kept(response)))

    def say(self, text: str) -> None:
        """Print a line, without the token."""
        self._say(self.hide(text))

    def _tell(self, finding: Finding) -> None:
        self.departures += finding.departs
        self.say(f"  {'departs' if finding.departs else 'for information'}: {finding.text}")

    def departs(self, text: str) -> None:
        """Print and count a departure."""
        self._tell(Finding(text))

    def fails(self, text: str) -> None:
        """Print and count a call that did not do what it was for."""
        self._unanswered = ""
        self.failures += 1
        self.say(f"  failed: {text}")

    def expects_absence(self, error: KlingError) -> bool:
        """Return whether an answer says that there is no such thing; print and count one that does not."""
        if isinstance(error, TransportError | AuthenticationError):
            self.fails(brief(error))
        elif not is_absent(error):
            self.departs(f"the answer does not say in any dialect that it is not there: {brief(error)}")
        return is_absent(error)

    def leaves(self, text: str) -> None:
        """Take what is still there and should not be."""
        self.left.append(text)
        self.say(f"  not deleted: {text}")


def _kept(response: httpx.Response) -> httpx.Response:
    """Return an answer without its request, which holds the token."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_TRANSFER]
    return httpx.Response(response.status_code, content=response.content, headers=headers)


def brief(error: KlingError) -> str:
    """Return what kind of error it is, without the words of a gateway, which may repeat what is secret."""
    kind = type(error).__name__
    if isinstance(error, ResponseError):
        says = f"{kind}, status {error.status_code}" + ("" if error.code is None else f", code {shown(error.code)}")
        return f"{says}; check {TOKEN_VARIABLE}" if isinstance(error, AuthenticationError) else says
    if isinstance(error, TransportError):
        return f"{kind}, no answer: {type(error.__cause__).__name__}; check {BASE_URL_VARIABLE}"
    return kind
