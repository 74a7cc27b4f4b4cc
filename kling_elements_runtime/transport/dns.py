"""Looks names up, within a time: the system's own look-up takes none."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import Any, TypeAlias

Addresses: TypeAlias = list[tuple[Any, ...]]


def look_up(host: str, port: int) -> Future[Addresses]:
    """Begin to look a host up; return what will have its addresses, as `socket.getaddrinfo` returns them.

    A name is looked up in a thread of its own. That is left behind if nobody waits for it any longer, and holds
    neither the end of an event loop nor that of the program up. An address needs no look-up, and no thread.
    """
    answer: Future[Addresses] = Future()
    answer.set_running_or_notify_cancel()  # so that nobody who gives up can keep it from ending

    def ask() -> None:
        try:
            # as bytes: a str would be encoded once more, which refuses some names by an exception of its own
            answer.set_result(socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever a resolver raises
            answer.set_exception(error)

    if _is_address(host):
        ask()
    else:
        threading.Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
    return answer


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
