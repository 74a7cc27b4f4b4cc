"""Resolve host names in threads, because the system's own look-up has no timeout."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import Any, TypeAlias

Addresses: TypeAlias = list[tuple[Any, ...]]


def look_up(host: str, port: int) -> Future[Addresses]:
    """Start to resolve a host, and return a future with its addresses, as `socket.getaddrinfo` returns them.

    Each look-up runs in its own daemon thread, which delays neither the end of the loop nor that of the program. An IP
    address needs no thread.
    """
    addresses: Future[Addresses] = Future()
    addresses.set_running_or_notify_cancel()  # so that a caller that gives up cannot cancel it

    def resolve() -> None:
        try:
            # as bytes, because encoding a str again raises another exception for some names
            addresses.set_result(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - the caller gets whatever a resolver raises
            addresses.set_exception(error)

    if _is_address(host):
        resolve()
    else:
        threading.Thread(target=resolve, name=f"look-up of {host}", daemon=True).start()
    return addresses


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
