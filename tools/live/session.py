"""A run against one gateway. Each response is checked at once and kept for the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from kling_elements import HttpClientOptions
from kling_elements.outcomes import is_absent
from kling_elements_client.client import BASE_URL_VARIABLE, TOKEN_VARIABLE
from kling_elements_client.errors import AuthenticationError, KlingError, ResponseError, TransportError
from tools.live.findings import ResponseFinding, findings_of, operation_of, word_or_length

Say = Callable[[str], None]
_TRANSFER_HEADERS = ("content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True)
class SeenResponse:
    """A response of the gateway.

    Attributes:
        situation: The name of the situation, such as `unknown-task-id`.
        call: The operation.
        request_ids: The ids in the request.
        response: The unchanged response. Never show or write any of it.
    """

    situation: str
    call: str
    request_ids: tuple[str, ...]
    response: httpx.Response = field(repr=False)


class Session:
    """The responses of a run, and the problems with them.

    Attributes:
        responses: The responses until now.
        departures: The number of departures from the contract.
        failures: The number of calls that failed.
        leftovers: Descriptions of what was created and could not be deleted.
        redact_token: A function that hides the token in a string. Set it once there is a client.
    """

    def __init__(self, say: Say) -> None:
        """Create a session.

        Args:
            say: A function that prints a line.
        """
        self._say = say
        self.responses: list[SeenResponse] = []
        self.departures = 0
        self.failures = 0
        self.leftovers: list[str] = []
        self.redact_token: Callable[[str], str] = str
        self._situation, self._call = "", ""
        self._request_ids: tuple[str, ...] = ()
        self._pending_call = ""

    def begin(self, situation: str, heading: str, *request_ids: str, call: str = "") -> None:
        """Start another situation.

        Args:
            situation: Its name in the report.
            heading: A description for people.
            request_ids: The ids in the requests.
            call: The operation, if the path does not show it.
        """
        self._situation, self._request_ids, self._call = situation, request_ids, call
        self.say(heading)

    def http_client(self) -> HttpClientOptions:
        """Return the arguments for a client whose responses this session checks."""
        return {"event_hooks": {"request": [self._on_request], "response": [self._on_response]}}

    def _on_request(self, request: httpx.Request) -> None:
        if self._pending_call:  # the client sends a request again if that is safe
            self.note_failure(f"no response to {self._pending_call}")
        self._pending_call = self._call or operation_of(request)

    def _on_response(self, response: httpx.Response) -> None:
        response.read()
        self._pending_call = ""
        call = self._call or operation_of(response.request)
        findings = findings_of(call, response)
        conforms = not any(finding.is_violation for finding in findings)
        self.say(f"  {call}: status {response.status_code}{', conforms' if conforms else ''}")
        for finding in findings:
            self._note(finding)
        self.responses.append(SeenResponse(self._situation, call, self._request_ids, _without_request(response)))

    def say(self, text: str) -> None:
        """Print a line, without the token."""
        self._say(self.redact_token(text))

    def _note(self, finding: ResponseFinding) -> None:
        self.departures += finding.is_violation
        self.say(f"  {'departs' if finding.is_violation else 'for information'}: {finding.text}")

    def note_departure(self, text: str) -> None:
        """Print and count a departure from the contract."""
        self._note(ResponseFinding(text))

    def note_failure(self, text: str) -> None:
        """Print and count a call that failed."""
        self._pending_call = ""
        self.failures += 1
        self.say(f"  failed: {text}")

    def check_absence(self, error: KlingError) -> bool:
        """Return whether a response says that nothing has the id. Otherwise print and count a departure."""
        if isinstance(error, TransportError | AuthenticationError):
            self.note_failure(describe_error(error))
        elif not is_absent(error):
            self.note_departure(
                f"the response does not say, in any dialect, that nothing has this id: {describe_error(error)}"
            )
        return is_absent(error)

    def note_leftover(self, text: str) -> None:
        """Print and keep the description of something that was created and could not be deleted."""
        self.leftovers.append(text)
        self.say(f"  not deleted: {text}")


def _without_request(response: httpx.Response) -> httpx.Response:
    """Return a response without its request, which contains the token."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _TRANSFER_HEADERS]
    return httpx.Response(response.status_code, content=response.content, headers=headers)


def describe_error(error: KlingError) -> str:
    """Return an error's kind without the gateway's words, which may repeat secrets."""
    kind = type(error).__name__
    if isinstance(error, ResponseError):
        text = f"{kind}, status {error.status_code}" + (
            "" if error.code is None else f", code {word_or_length(error.code)}"
        )
        return f"{text}; check {TOKEN_VARIABLE}" if isinstance(error, AuthenticationError) else text
    if isinstance(error, TransportError):
        return f"{kind}, no response: {type(error.__cause__).__name__}; check {BASE_URL_VARIABLE}"
    return kind
