"""Check with one free call whether the gateway answers and accepts the key, and whether the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from attrs import frozen

from kling_elements.cli.exits import Exit, exit_code_for
from kling_elements.cli.findings import SetupFinding, ok, problem, warning
from kling_elements.cli.keys import Key
from kling_elements.cli.network_advice import advice_for
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import list_elements
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import InvalidResponseError, ResponseError, TransportError
from kling_elements_runtime.settings import Timeout

_TIMEOUT = Timeout(connect=10, read=30, write=30, pool=10)  # seconds
_NO_KEY = "kling-elements-doctor"  # a gateway that refuses this key has been reached
_PRECISION_SECONDS = 2  # the header contains whole seconds
_MAX_OK_SECONDS = 30
_MAX_SECONDS = 300  # notifications are refused if the clocks differ by more
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "the gateway does not accept the key: copy it again, and check that it is for this one",
    HTTPStatus.FORBIDDEN: "this account may not use elements: ask the gateway's support to allow them",
    HTTPStatus.TOO_MANY_REQUESTS: "wait a minute and try again; if that does not help, check the account's balance",
}


@frozen
class _GatewayResponse:
    """A response from the gateway.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        seconds: How long the gateway took.
        error: The error, unless the response is a success.
    """

    status: int
    headers: Mapping[str, str]
    seconds: float
    error: ResponseError | None = None


def check_gateway(url: str, key: Key | None, *, allow_http: bool) -> Iterator[SetupFinding]:
    """Call the gateway once, and yield the findings.

    Args:
        url: The gateway's address.
        key: The API key; None checks only whether the gateway answers.
        allow_http: Whether to call a gateway on another machine without TLS.
    """
    token = _NO_KEY if key is None else key.reveal
    with AuthenticatedClient(token, url, allow_http=allow_http, timeout=_TIMEOUT) as client:
        try:
            response = _list_one_task(client)
        except TransportError as error:
            yield problem("gateway", str(error), advice_for(error), Exit.NOT_REACHED)
            return
    gateway_finding = _gateway_finding(response)
    yield gateway_finding
    if key is not None and gateway_finding.state == "ok":
        yield _account_finding(response)
    yield check_clock(response.headers.get("date"), datetime.now(UTC))


def _list_one_task(client: AuthenticatedClient) -> _GatewayResponse:
    """List one task, which is free of charge, and return the response.

    Raises:
        TransportError: The gateway sent no response.
    """
    start = time.monotonic()
    try:
        response = list_elements.sync_detailed(client=client, page_size=1)
    except ResponseError as error:
        return _GatewayResponse(error.status_code, error.headers, time.monotonic() - start, error)
    return _GatewayResponse(response.status_code, response.headers, time.monotonic() - start)


def _gateway_finding(response: _GatewayResponse) -> SetupFinding:
    error = response.error
    if response.status == HTTPStatus.NOT_FOUND or isinstance(error, InvalidResponseError):
        advice = "another server answers at this address: check the host, and the path after it"
        return problem("gateway", str(error), advice, Exit.REFUSED_BY_GATEWAY)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(
            "gateway", str(error), "the gateway reports an internal error: try again later", Exit.REFUSED_BY_GATEWAY
        )
    return ok("gateway", f"answered in {response.seconds:.2f} seconds")


def _account_finding(response: _GatewayResponse) -> SetupFinding:
    error = response.error
    if error is None:
        return ok("account", "the gateway accepts the key")
    row = CONTRACT.business_code(error.code)
    status = response.status if row is None else row.http_status
    text = str(error) if row is None else f"{error} ({row.meaning})"
    return problem("account", text, _ADVICE.get(status, "the gateway refuses to list elements"), exit_code_for(error))


def check_clock(date: str | None, now: datetime) -> SetupFinding:
    """Compare the clocks of this machine and of the gateway.

    Args:
        date: The header `Date` of a response that has just arrived.
        now: The time on this machine.
    """
    try:
        difference = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):  # a time without a zone
        return warning("clock", "cannot be compared: the gateway does not send its time", "check the clock yourself")
    if abs(difference) < _PRECISION_SECONDS:
        return ok("clock", "agrees with the gateway's")
    text = f"{abs(difference):.0f} seconds {'ahead of' if difference > 0 else 'behind'} the gateway's"
    if abs(difference) > _MAX_SECONDS:
        return problem(
            "clock", text, "set the clock of this machine: until then it refuses notifications, and maybe certificates"
        )
    if abs(difference) > _MAX_OK_SECONDS:
        return warning("clock", text, "set the clock of this machine")
    return ok("clock", text)
