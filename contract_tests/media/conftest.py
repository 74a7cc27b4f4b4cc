"""Fixtures for tests that read files at URLs."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from contract_tests.support.range_server import RangeServer, range_server


@pytest.fixture(scope="module")
def no_socket_stays_open() -> Iterator[None]:
    """Collect garbage at the end, because an open socket then warns, and warnings are errors."""
    yield
    gc.collect()


@pytest.fixture
def serving() -> Iterator[Callable[..., RangeServer]]:
    """Return a function that starts a server."""
    with ExitStack() as servers:
        yield lambda *response, **options: servers.enter_context(range_server(*response, **options))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Return a dictionary of host names, with a list of addresses for each look-up. The system resolves other names."""
    system = socket.getaddrinfo
    addresses: dict[str, list[list[str]]] = {}

    def look_up(name: bytes, port: int, **query: Any) -> Any:
        host = name.decode()
        current = addresses[host].pop(0) if host in addresses else [host]
        return [response for address in current for response in system(address, port, **query)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return addresses
