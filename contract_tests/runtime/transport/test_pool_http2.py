"""With `http2=True`, requests use HTTP/2 if the gateway supports it, with the same limits and checks."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from contract_tests.support.peers import (
    GET,
    LARGE,
    POST,
    RESPONSE,
    CallStyle,
    Peer,
    ReceivedRequest,
    authority,
    client_of,
    listening,
)
from kling_elements_runtime.transport.bodies import UNREADABLE

pytestmark = pytest.mark.slow


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


def _serve(response: Callable[[Peer, H2Connection, int], object]) -> Callable[[Peer], None]:
    """Return a server that records each request and answers it with a function."""

    def serve(peer: Peer) -> None:
        assert isinstance(peer.connected, ssl.SSLSocket)
        assert "h2" == peer.connected.selected_alpn_protocol()
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        peer.send(connection.data_to_send())
        heads: dict[int, Any] = {}
        bodies: dict[int, bytes] = defaultdict(bytes)
        while data := peer.connected.recv(65_536):
            for event in connection.receive_data(data):
                match event:
                    case RequestReceived():
                        heads[event.stream_id] = event.headers
                    case DataReceived():
                        bodies[event.stream_id] += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
                    case StreamEnded():
                        headers = httpx.Headers(heads[event.stream_id])
                        peer.requests.append(
                            ReceivedRequest(headers[":method"], headers, bodies[event.stream_id], peer.number)
                        )
                        response(peer, connection, event.stream_id)
            peer.send(connection.data_to_send())

    return serve


def _respond(_: Peer, connection: H2Connection, stream_id: int) -> None:
    connection.send_headers(stream_id, [(":status", "200"), ("content-length", str(len(RESPONSE)))])
    connection.send_data(stream_id, RESPONSE, end_stream=True)


def test_http2_requests_share_one_connection(call_style: CallStyle) -> None:
    """Even large ones do. Every request contains the token."""
    with listening(_serve(_respond), _tls()) as server:
        responses = call_style.outcomes(client_of(server.url, http2=True), POST, GET, LARGE)

    assert [RESPONSE] * 3 == [response.content for response in responses]
    assert [b"HTTP/2"] * 3 == [response.extensions["http_version"] for response in responses]
    assert [b"{}", b"", LARGE["content"]] == [request.body for request in server.requests]
    assert {"Bearer sk-token-1234567890"} == {request.headers["authorization"] for request in server.requests}
    assert 1 == server.connections


def test_an_unreadable_http2_response_ends_the_connection(call_style: CallStyle) -> None:
    """Otherwise the rest of that response could still arrive."""

    def respond(peer: Peer, connection: H2Connection, stream_id: int) -> None:
        if peer.number:
            _respond(peer, connection, stream_id)
            return
        connection.send_headers(stream_id, [(":status", "200"), ("content-encoding", "br")])
        connection.send_data(stream_id, b"?")

    with listening(_serve(respond), _tls()) as server:
        responses = call_style.outcomes(client_of(server.url, http2=True), GET, GET)

    assert ["the response is encoded as 'br', but only gzip was requested", None] == [
        answered.extensions.get(UNREADABLE) for answered in responses
    ]
    assert 2 == server.connections


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_lost_http2_connection_says_whether_the_request_was_complete(
    is_whole: bool,  # noqa: FBT001 - a column of the table
    call_style: CallStyle,
) -> None:
    """The error is that of HTTP/1.1."""

    def lose(peer: Peer, *_: object) -> None:
        peer.reset()

    def lose_at_once(peer: Peer) -> None:
        peer.connected.recv(65_536)
        peer.reset()

    with listening(_serve(lose) if is_whole else lose_at_once, _tls()) as server:
        call_style.failure(client_of(server.url, http2=True), POST if is_whole else LARGE, sent=is_whole)


def test_a_gateway_without_http2_gets_http1_requests(call_style: CallStyle) -> None:
    """The two agree on the version while they connect."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority().issue_cert("127.0.0.1").configure_cert(context)
    with listening(Peer.respond, context) as server:
        responses = call_style.outcomes(client_of(server.url, http2=True), POST, GET)

    assert [b"HTTP/1.1"] * 2 == [response.extensions["http_version"] for response in responses]
    assert 1 == server.connections
