"""Files at URLs of this machine, for tests of reading them; test modules import the fixtures."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from contract_tests.support.range_server import RangeServer, range_server
from kling_elements.media.remote import open_remote, redacted_url
from kling_elements_client.errors import MediaError

BLOCK = 16384
BROKEN = "the connection was lost, or the response is not HTTP; try again"


@pytest.fixture(autouse=True, scope="module")
def no_socket_stays_open() -> Iterator[None]:
    """Collect garbage at the end: an open socket warns then, and warnings are errors."""
    yield
    gc.collect()


@pytest.fixture
def serving() -> Iterator[Callable[..., RangeServer]]:
    """Return a function that starts a server."""
    with ExitStack() as servers:
        yield lambda *answer, **options: servers.enter_context(range_server(*answer, **options))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Return the addresses of names, for each look-up in order; the system resolves names that are not there."""
    system = socket.getaddrinfo
    addresses: dict[str, list[list[str]]] = {}

    def look_up(name: bytes, port: int, **query: Any) -> Any:
        host = name.decode()
        current = addresses[host].pop(0) if host in addresses else [host]
        return [answer for address in current for answer in system(address, port, **query)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return addresses


def read(url: str, *peeks: tuple[int, int], **options: Any) -> list[bytes]:
    """Return the bytes at some places of a file."""
    with open_remote(url, **options) as file:
        return [file.peek(*peek) for peek in peeks]


def refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """Return why an address cannot be read; fail if there is a chained exception or the source shows a secret."""
    with pytest.raises(MediaError) as caught:
        read(url, *peeks, **options)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert redacted_url(url) == caught.value.source
    return caught.value.reason


def private_refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """Return why a URL on this machine cannot be read, if private addresses are allowed."""
    return refusal(url, *peeks, allow_private=True, **options)
