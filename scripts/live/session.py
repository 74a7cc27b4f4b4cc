"""One run against one gateway: sends, judges each answer as it comes, and counts what departs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from kling_elements_client.errors import KlingError, ResponseError, TransportError
from scripts.live.judge import Finding, judge, operation_of, shown

Say = Callable[[str], None]


class Session:
    """What was answered so far, and what was wrong with it.

    Attributes:
        answers: How many answers came.
        departures: How many things departed from the contract.
        failures: How many calls did not do what they were for.
        left: What was created and could not be deleted, in words.
        hide: Takes the token out of a text; to be set once there is a client.
    """

    def __init__(self, say: Say) -> None:
        """Takes what prints a line."""
        self._say = say
        self.answers = 0
        self.departures = 0
        self.failures = 0
        self.left: list[str] = []
        self.hide: Callable[[str], str] = str
        self._unanswered = ""

    def httpx_args(self) -> Mapping[str, Any]:
        """Arguments for a client whose answers are to be judged."""
        return {"event_hooks": {"request": [self._on_request], "response": [self._on_answer]}}

    def _on_request(self, request: httpx.Request) -> None:
        if self._unanswered:  # the client sends again by itself where that is safe
            self.fails(f"no answer came to {self._unanswered}")
        self._unanswered = operation_of(request)

    def _on_answer(self, response: httpx.Response) -> None:
        response.read()
        self.answers += 1
        self._unanswered = ""
        operation_id = operation_of(response.request)
        findings = judge(operation_id, response)
        conforms = not any(finding.departs for finding in findings)
        self.say(f"  {operation_id}: status {response.status_code}{', conforms' if conforms else ''}")
        for finding in findings:
            self._tell(finding)

    def say(self, text: str) -> None:
        """Prints a line, without the token."""
        self._say(self.hide(text))

    def _tell(self, finding: Finding) -> None:
        self.departures += finding.departs
        self.say(f"  {'departs' if finding.departs else 'for information'}: {finding.text}")

    def departs(self, text: str) -> None:
        """Prints and counts a departure."""
        self._tell(Finding(text))

    def fails(self, text: str) -> None:
        """Prints and counts a call that did not do what it was for."""
        self._unanswered = ""
        self.failures += 1
        self.say(f"  failed: {text}")

    def leaves(self, text: str) -> None:
        """Takes what is still there and should not be."""
        self.left.append(text)
        self.say(f"  not deleted: {text}")


def brief(error: KlingError) -> str:
    """What kind of error it is, without the words of a gateway, which may repeat what is secret."""
    kind = type(error).__name__
    if isinstance(error, ResponseError):
        return f"{kind}, status {error.status_code}" + ("" if error.code is None else f", code {shown(error.code)}")
    if isinstance(error, TransportError):
        return f"{kind}, no answer: {type(error.__cause__).__name__}"
    return kind
