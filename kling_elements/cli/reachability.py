"""Check with one free call whether the gateway answers and accepts the key, and whether the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from attrs import frozen

from kling_elements.cli.exits import Exit, exit_code_for
from kling_elements.cli.findings import SetupFinding, ok, problem, warning
from kling_elements.cli.keys import Key
from kling_elements.cli.network_advice import advice_for
from kling_elements.gateway_survey import nonexistent_id
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import get_element, list_elements
from kling_elements_client.errors import InvalidResponseError, ResponseError, TransportError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.types import Response

TIMEOUT = Timeout(connect=10, read=30, write=30, pool=10)  # seconds
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
        seconds: The time that the gateway took, in seconds.
        error: The error, unless the response is a success.
    """

    status: int
    headers: Mapping[str, str]
    seconds: float
    error: ResponseError | None = None


def check_gateway(url: str, key: Key | None, contract: Contract, *, allow_http: bool) -> Iterator[SetupFinding]:
    """Call the gateway once, and yield the findings.

    Args:
        url: The gateway's URL.
        key: The API key, or None to check only whether the gateway answers.
        contract: The gateway's contract.
        allow_http: Whether to call a gateway on another machine without TLS.
    """
    token = _NO_KEY if key is None else key.reveal
    with AuthenticatedClient(token, url, allow_http=allow_http, timeout=TIMEOUT, contract=contract) as client:
        try:
            response = _call_once(client)
        except TransportError as error:
            yield problem("gateway", str(error), advice_for(error), Exit.NOT_REACHED)
            return
    gateway_finding = _gateway_finding(response)
    yield gateway_finding
    if key is not None and gateway_finding.state == "ok":
        yield _account_finding(response, contract)
    yield check_clock(response.headers.get("date"), datetime.now(UTC))


def _call_once(client: AuthenticatedClient) -> _GatewayResponse:
    """List one task, or look an id up if there is no list, and return the response. Both are free of charge.

    Raises:
        TransportError: The gateway sent no response.
    """
    start = time.monotonic()
    lists = list_elements.OPERATION_ID in client.contract.operations()
    response: Response[Any]
    try:
        if lists:
            response = list_elements.sync_detailed(client=client, page_size=1)
        else:
            response = get_element.sync_detailed(nonexistent_id(), client=client)
    except ResponseError as error:
        is_absence = client.contract.means(get_element.OPERATION_ID, "x-absent", error.code, error.message)
        kept = None if is_absence and not lists else error
        return _GatewayResponse(error.status_code, error.headers, time.monotonic() - start, kept)
    return _GatewayResponse(response.status_code, response.headers, time.monotonic() - start)


def _gateway_finding(response: _GatewayResponse) -> SetupFinding:
    error = response.error
    if error is None:
        return ok("gateway", f"answered in {response.seconds:.2f} seconds")
    if response.status == HTTPStatus.NOT_FOUND or isinstance(error, InvalidResponseError):
        advice = "another server answers at this URL: check the host, and the path after it"
        return problem("gateway", str(error), advice, Exit.REFUSED_BY_GATEWAY)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(
            "gateway", str(error), "the gateway reports an internal error: try again later", Exit.REFUSED_BY_GATEWAY
        )
    return ok("gateway", f"answered in {response.seconds:.2f} seconds")


def _account_finding(response: _GatewayResponse, contract: Contract) -> SetupFinding:
    error = response.error
    if error is None:
        return ok("account", "the gateway accepts the key")
    row = contract.business_code(error.code)
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
