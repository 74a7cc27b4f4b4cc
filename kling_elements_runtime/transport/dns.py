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

    Each name has a thread of its own. The thread is abandoned if nobody waits for it, and does not delay the end of the
    loop or the program. An IP address needs no look-up and no thread.
    """
    response: Future[Addresses] = Future()
    response.set_running_or_notify_cancel()  # so that a caller that gives up cannot cancel it

    def ask() -> None:
        try:
            # as bytes: a str would be encoded once more, which refuses some names by an exception of its own
            response.set_result(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - the caller gets it, whatever a resolver raises
            response.set_exception(error)

    if _is_address(host):
        ask()
    else:
        threading.Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
    return response


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
