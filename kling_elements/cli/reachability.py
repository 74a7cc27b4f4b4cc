"""Find out by a call that costs nothing whether the gateway answers, accepts the key, and has the same time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from attrs import frozen

from kling_elements.cli.exits import Exit, exit_of
from kling_elements.cli.findings import Finding, ok, problem, warning
from kling_elements.cli.keys import Key
from kling_elements.cli.network_advice import advice_on
from kling_elements.gateway_survey import nonexistent_id
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import get_element, list_elements
from kling_elements_client.errors import InvalidResponseError, ResponseError, TransportError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.types import Response

TIMEOUT = Timeout(connect=10, read=30, write=30, pool=10)  # seconds
_NO_KEY = "kling-elements-doctor"  # a gateway that answers that this is wrong has been reached
_PRECISION = 2  # seconds; the header has whole ones
_FEW_SECONDS, _TOLERANCE = 30, 300  # seconds; notifications may differ from the clock by the second one
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "the gateway does not accept the key: copy it again, and check that it is of this gateway",
    HTTPStatus.FORBIDDEN: "the account may not do this: ask whoever runs the gateway to allow elements",
    HTTPStatus.TOO_MANY_REQUESTS: "wait a little and try again; if that does not help, look at the account's balance",
}


@frozen
class _Answered:
    """A response of the gateway.

    Attributes:
        status: The HTTP status.
        headers: The headers.
        seconds: How long it took.
        error: Why it is not a success; None if it is one.
    """

    status: int
    headers: Mapping[str, str]
    seconds: float
    error: ResponseError | None = None


def on_call(url: str, key: Key | None, contract: Contract, *, allow_http: bool) -> Iterator[Finding]:
    """Call the gateway once, and yield what was found out.

    Args:
        url: The gateway's address.
        key: The API key; None if there is none, so that only whether the gateway answers is found out.
        contract: The gateway's contract.
        allow_http: Whether to call a gateway on another machine without TLS.
    """
    token = _NO_KEY if key is None else key.reveal
    with AuthenticatedClient(token, url, allow_http=allow_http, timeout=TIMEOUT, contract=contract) as client:
        try:
            answered = _response_of(client)
        except TransportError as error:
            yield problem("gateway", str(error), advice_on(error), Exit.NOT_REACHED)
            return
    about_gateway = _on_gateway(answered)
    yield about_gateway
    if key is not None and about_gateway.state == "ok":
        yield _on_account(answered, contract)
    yield on_clock(answered.headers.get("date"), datetime.now(UTC))


def _response_of(client: AuthenticatedClient) -> _Answered:
    """Return the response to a list of one task, or to a look-up if there is no list. Both are free of charge.

    Raises:
        TransportError: No response came.
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
        return _Answered(error.status_code, error.headers, time.monotonic() - start, kept)
    return _Answered(response.status_code, response.headers, time.monotonic() - start)


def _on_gateway(answered: _Answered) -> Finding:
    error = answered.error
    if error is None:
        return ok("gateway", f"answered in {answered.seconds:.2f} seconds")
    if answered.status == HTTPStatus.NOT_FOUND or isinstance(error, InvalidResponseError):
        advice = "something else answers there: check the address, and what it has after the host"
        return problem("gateway", str(error), advice, Exit.REFUSED_BY_GATEWAY)
    if answered.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem("gateway", str(error), "the gateway has trouble: try again later", Exit.REFUSED_BY_GATEWAY)
    return ok("gateway", f"answered in {answered.seconds:.2f} seconds")


def _on_account(answered: _Answered, contract: Contract) -> Finding:
    error = answered.error
    if error is None:
        return ok("account", "the gateway accepts the key")
    row = contract.business_code(error.code)
    status = answered.status if row is None else row.http_status
    text = str(error) if row is None else f"{error} ({row.meaning})"
    return problem("account", text, _ADVICE.get(status, "the gateway refuses to list elements"), exit_of(error))


def on_clock(date: str | None, now: datetime) -> Finding:
    """Return whether the time of this machine is that of the gateway.

    Args:
        date: The header Date of a response that came just now.
        now: The time of this machine.
    """
    try:
        difference = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):  # a time without a zone
        return warning("clock", "cannot be compared: the gateway does not send the time", "compare it yourself")
    if abs(difference) < _PRECISION:
        return ok("clock", "has the time of the gateway")
    text = f"{abs(difference):.0f} seconds {'ahead of' if difference > 0 else 'behind'} the gateway's"
    if abs(difference) > _TOLERANCE:
        return problem(
            "clock", text, "set the time of this machine: notifications are refused, and certificates may be"
        )
    if abs(difference) > _FEW_SECONDS:
        return warning("clock", text, "set the time of this machine")
    return ok("clock", text)
