"""Turn whatever ends a request without an answer into an error that says whether the request may have been sent."""

from __future__ import annotations

from traceback import clear_frames
from types import TracebackType

import httpx

from kling_elements_runtime.errors import ConnectionFailedError, MediaError, RequestTimeoutError, TransportError
from kling_elements_runtime.texts import Redact, printable
from kling_elements_runtime.transport.bodies import SENT

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_TIMEOUTS = (httpx.TimeoutException, TimeoutError)
# Some transports raise what the system says, and `OSError` is the base of `ssl.SSLError` and of `ConnectionError`.
_CONNECTION_ERRORS = (httpx.NetworkError, httpx.ProxyError, httpx.RemoteProtocolError, OSError)
_TOO_LATE = "; the request was not sent whole by then, so nothing was done"
_CLOSED_EARLY = (
    "; the connection ended before the request was sent whole, so nothing was done. Servers that refuse a request "
    "early end it so: check the key and the size of what is sent"
)


class transport_errors:  # noqa: N801 - it is used as the function of a block, and costs less than one that is a generator
    """Raise an exception of ours if something ends a request without an answer, without the token and the body.

    The frames on the way are kept, but their variables are cleared: tools show them with errors, headers included.

    Raises:
        TransportError: There was no answer.
        MediaError: A file was changed meanwhile, so the request was never whole.
    """

    __slots__ = ("_base_url", "_redact", "_request")

    def __init__(self, request: httpx.Request, base_url: str, redact: Redact) -> None:
        """Take what the block sends.

        Args:
            request: The request.
            base_url: The gateway's address, for the message.
            redact: Takes the token out of a text.
        """
        self._request, self._base_url, self._redact = request, base_url, redact

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Raise an exception of ours in the place of another."""
        if error is None or isinstance(error, MediaError):  # a file was changed, and so the request was never whole
            return
        if not isinstance(error, Exception):  # an interruption
            clear_frames(traceback)
            return
        clear_variables(error)  # what an answer can do goes beyond httpx's own errors
        raise _transport_error(error, self._request, self._base_url, self._redact) from error


def _transport_error(error: Exception, request: httpx.Request, base_url: str, redact: Redact) -> TransportError:
    # httpx's exception keeps the request, and so would a pickle of it: the token and the body are left out
    bare = httpx.Request(request.method, request.url, headers={"Authorization": "***"})
    for link in _chain(error):  # a malformed answer is quoted all the way down, and it may repeat the token
        if isinstance(link, httpx.RequestError):
            link.request = bare
        link.args = tuple(redact(part) if isinstance(part, str) else part for part in link.args)
    sending = request.extensions.get(SENT)
    never_left = isinstance(error, _NEVER_LEFT)
    may_have_been_sent = not never_left if sending is None else sending.may_have_arrived(error)
    message = f"{type(error).__name__} at {base_url}: {printable(str(error)) or 'no detail'}"
    if not may_have_been_sent and not never_left:
        message += _TOO_LATE if isinstance(error, _TIMEOUTS) else _CLOSED_EARLY
    return _kind_of(error)(message, may_have_been_sent)


def _kind_of(error: Exception) -> type[TransportError]:
    """Return the class of exception for what ended a request without an answer."""
    if isinstance(error, _TIMEOUTS):  # before the others, because `TimeoutError` is an `OSError`
        return RequestTimeoutError
    return ConnectionFailedError if isinstance(error, _CONNECTION_ERRORS) else TransportError


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and what it comes from; such chains may be circular."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def clear_variables(error: BaseException) -> None:
    """Forget the variables of the frames that an exception and what it comes from have left."""
    for link in _chain(error):
        clear_frames(link.__traceback__)
