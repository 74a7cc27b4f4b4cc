"""If a request ends without a response, raise an error that says whether it may have been sent."""

from __future__ import annotations

from traceback import clear_frames
from types import TracebackType

import httpx

from kling_elements_runtime.errors import ConnectionFailedError, MediaError, RequestTimeoutError, TransportError
from kling_elements_runtime.texts import Redact, printable
from kling_elements_runtime.transport.bodies import SENT

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_TIMEOUTS = (httpx.TimeoutException, TimeoutError)
# Some transports raise errors of the system. `OSError` is the base of `ssl.SSLError` and of `ConnectionError`.
_CONNECTION_ERRORS = (httpx.NetworkError, httpx.ProxyError, httpx.RemoteProtocolError, OSError)
_TOO_LATE = "; the request was not complete by then, so nothing was done"
_CLOSED_EARLY = (
    "; the connection was closed before the whole request was sent, so nothing was done. Servers do this when they "
    "refuse a request early: check the key and the size of the request"
)


class transport_errors:  # noqa: N801 - it is used as the function of a block, and costs less than one that is a generator
    """Raise our own exception, without the token and the body, if a request ends without a response.

    The original exception keeps its frames, but not their variables, which error trackers would show.

    Raises:
        TransportError: There was no response.
        MediaError: A file changed while it was sent, so the request was never complete.
    """

    __slots__ = ("_base_url", "_redact", "_request")

    def __init__(self, request: httpx.Request, base_url: str, redact: Redact) -> None:
        """Set the request that the block sends.

        Args:
            request: The request.
            base_url: The gateway's URL, for the message.
            redact: Removes the token from a string.
        """
        self._request, self._base_url, self._redact = request, base_url, redact

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Raise our own exception instead of the original one."""
        if error is None or isinstance(error, MediaError):  # a file changed, so the request was never complete
            return
        if not isinstance(error, Exception):  # an interruption
            clear_frames(traceback)
            return
        clear_variables(error)  # a response can also cause errors of other libraries
        raise _transport_error(error, self._request, self._base_url, self._redact) from error


def _transport_error(error: Exception, request: httpx.Request, base_url: str, redact: Redact) -> TransportError:
    # httpx's exception, and a pickle of it, would contain the token and the body of the request
    bare = httpx.Request(request.method, request.url, headers={"Authorization": "***"})
    for link in _chain(error):  # each may quote a malformed response, which may contain the token
        if isinstance(link, httpx.RequestError):
            link.request = bare
        link.args = tuple(redact(part) if isinstance(part, str) else part for part in link.args)
    sending = request.extensions.get(SENT)
    was_not_sent = isinstance(error, _NEVER_LEFT)
    may_have_been_sent = not was_not_sent if sending is None else sending.may_have_arrived(error)
    message = f"{type(error).__name__} at {base_url}: {printable(str(error)) or 'no detail'}"
    if not may_have_been_sent and not was_not_sent:
        message += _TOO_LATE if isinstance(error, _TIMEOUTS) else _CLOSED_EARLY
    return _error_class_for(error)(message, may_have_been_sent)


def _error_class_for(error: Exception) -> type[TransportError]:
    """Return our exception class for an error that ended a request without a response."""
    if isinstance(error, _TIMEOUTS):  # before the others, because `TimeoutError` is an `OSError`
        return RequestTimeoutError
    return ConnectionFailedError if isinstance(error, _CONNECTION_ERRORS) else TransportError


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception with its causes and contexts. Their chain may be circular."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def clear_variables(error: BaseException) -> None:
    """Clear the variables in the frames of an exception, and of its causes and contexts."""
    for link in _chain(error):
        clear_frames(link.__traceback__)
