"""Proxies on this machine: one that forwards requests, and one that tunnels."""

from __future__ import annotations

import base64
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any

from contract_tests.support.peers import Peer

AUTHORIZATION = "Basic " + base64.b64encode(b"user:pass word").decode()
USER = "user:pass%20word"
"""The same credentials, as in a URL."""


def forward(authorization: str | None = None) -> Callable[[Peer], None]:
    """Return a proxy for http. It forwards the requests of one connection."""

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            if request.headers.get("Proxy-Authorization") != authorization:
                peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            method, url, _ = request.line.split(" ")
            assert url.startswith("http://127.0.0.1:")
            host, _, path = url.removeprefix("http://").partition("/")
            head = f"{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(request.body)}\r\n"
            head += f"Authorization: {request.headers['Authorization']}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", int(host.partition(":")[2]))) as onward:
                onward.sendall(head.encode() + request.body)
                onward.shutdown(socket.SHUT_WR)
                response = b"".join(iter(lambda: onward.recv(65_536), b""))
            peer.send(response)

    return serve


def tunnel(authorization: str | None = None) -> Callable[[Peer], None]:
    """Return a proxy for https. It connects, and then forwards all bytes."""

    def serve(peer: Peer) -> None:
        line, *headers = peer.head().split("\r\n")
        method, target, _ = line.split(" ")
        assert "CONNECT" == method
        assert f"Host: {target}" in headers
        credentials = [
            value for name, _, value in (header.partition(": ") for header in headers) if name == "Proxy-Authorization"
        ]
        if credentials != [authorization] * (authorization is not None):
            peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2]))) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pass_on(peer.connected, onward)

    return serve


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Forward bytes in both directions until one end is closed."""
    ends: dict[Any, socket.socket] = {one: other, other: one}
    while True:
        waiting = [one] if isinstance(one, ssl.SSLSocket) and one.pending() else select.select(list(ends), [], [])[0]
        for end in waiting:
            if not (piece := end.recv(65_536)):
                return
            ends[end].sendall(piece)
