"""A request without a response raises one exception, which says whether the gateway may have received it."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Callable

import httpx
import pytest
import respx

from contract_tests.reading.image_body import BODY
from contract_tests.support.running import Create, MakeClient
from kling_elements_client import AuthenticatedClient, errors

_NEVER_LEFT = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}
_TIMEOUTS = {httpx.TimeoutException, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout}
_OF_CONNECTIONS = {
    *(httpx.NetworkError, httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.CloseError),
    *(httpx.ProxyError, httpx.RemoteProtocolError),
}
_FAILURES_OF_HTTPX = sorted(
    (kind for kind in vars(httpx).values() if inspect.isclass(kind) and issubclass(kind, httpx.RequestError)),
    key=lambda kind: kind.__name__,
)


def test_all_failures_of_httpx_are_listed() -> None:
    """A new one needs a decision whether the request may have been sent."""
    assert {
        *("CloseError", "ConnectError", "ConnectTimeout", "DecodingError", "LocalProtocolError", "NetworkError"),
        *("PoolTimeout", "ProtocolError", "ProxyError", "ReadError", "ReadTimeout", "RemoteProtocolError"),
        *("RequestError", "TimeoutException", "TooManyRedirects", "TransportError", "UnsupportedProtocol"),
        *("WriteError", "WriteTimeout"),
    } == {kind.__name__ for kind in _FAILURES_OF_HTTPX}


@pytest.mark.parametrize("kind", _FAILURES_OF_HTTPX)
@pytest.mark.parametrize("message", ["it broke", ""])
def test_a_call_without_a_response_says_whether_it_may_have_been_sent(
    kind: type[httpx.RequestError], message: str, create: Create, client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """The request was surely not sent only if the connection failed. The cause is httpx's exception."""
    router.post().mock(side_effect=kind(message))

    with pytest.raises(errors.TransportError) as caught:
        create(client, BODY)
    error = caught.value

    assert f"{kind.__name__} at https://gateway.example.com: {message or 'no detail'}" == str(error)
    assert error.may_have_been_sent is (kind not in _NEVER_LEFT)
    assert type(error.__cause__) is kind
    assert (kind in _TIMEOUTS) is (type(error) is errors.RequestTimeoutError)
    assert (kind in _OF_CONNECTIONS) is (type(error) is errors.ConnectionFailedError)


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("RemoteProtocolError", b""),
        ("RemoteProtocolError", b"220 mail.example.com ESMTP\r\n"),
        ("RemoteProtocolError", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"),
        ("RemoteProtocolError", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"),
    ],
)
def test_a_response_that_breaks_off_or_is_garbled_is_a_transport_error(
    name: str, response: bytes, create: Create, make_client: MakeClient, serve: Callable[[bytes], str]
) -> None:
    """The gateway may have acted on the request."""
    client = make_client(base_url=serve(response))

    with pytest.raises(errors.TransportError, match=name) as caught:
        create(client, BODY)

    assert caught.value.may_have_been_sent


@pytest.mark.parametrize("place", [b"http:x", b"https://xn--a", b"http://xn--zzzzz99999999999"])
def test_a_redirect_to_an_invalid_url_raises_one_error(
    place: bytes, create: Create, make_client: MakeClient, serve: Callable[[bytes], str]
) -> None:
    """Otherwise httpx's client would raise many different ones."""
    response = b"HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % place
    url = serve(response)

    with pytest.raises(errors.StatusError, match="HTTP 307"):
        create(make_client(base_url=url), BODY)
    with pytest.raises(errors.TransportError) as caught:
        create(make_client(base_url=url, http_client={"event_hooks": {}}), BODY)
    assert caught.value.may_have_been_sent


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        (errors.ConnectionFailedError, ssl.SSLError),
        (errors.ConnectionFailedError, OSError),
        (errors.RequestTimeoutError, TimeoutError),
        (errors.TransportError, ValueError),
    ],
)
def test_an_exception_that_httpx_does_not_wrap_becomes_a_transport_error(
    expected: type[Exception],
    kind: type[Exception],
    create: Create,
    client: AuthenticatedClient,
    router: respx.MockRouter,
) -> None:
    """For example, httpx passes a broken TLS record's error on to asynchronous callers."""
    router.post().mock(side_effect=kind("bad record"))

    with pytest.raises(errors.TransportError, match=f"^{kind.__name__} at .*bad record") as caught:
        create(client, BODY)

    assert expected is type(caught.value)
    assert caught.value.may_have_been_sent
