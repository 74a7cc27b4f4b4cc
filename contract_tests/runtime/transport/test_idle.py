"""Idle connections are reused, the last one first, until they expire or are closed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kling_elements_runtime.transport import idle
from kling_elements_runtime.transport.idle import IdleConnections


class FakeConnection:
    """A connection that reports the state that you choose."""

    def __init__(self, *, is_available: bool = True, has_expired: bool = False) -> None:
        """Set the state that the connection reports."""
        self.is_available = lambda: is_available
        self.has_expired = lambda: has_expired


def test_expired_connections_are_closed_with_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections are closed even if the request doesn't use them."""
    now = [100.0]
    monkeypatch.setattr(idle, "time", SimpleNamespace(monotonic=lambda: now[0]))
    connections = IdleConnections[Any](10, 5.0, 1.0)
    first, second, third = FakeConnection(), FakeConnection(), FakeConnection()
    assert [] == connections.put(first)
    now[0] += 4
    assert [] == connections.put(second) + connections.put(third)
    now[0] += 2

    assert (third, [first]) == connections.take(b"GET")
    assert (second, []) == connections.take(b"GET")
    assert (None, []) == connections.take(b"GET")


@pytest.mark.parametrize("stale", [FakeConnection(is_available=False), FakeConnection(has_expired=True)])
def test_unusable_connections_are_skipped(stale: FakeConnection) -> None:
    """Such connections are closed, and the next one is used."""
    connections = IdleConnections[Any](10, None, 1.0)
    good = FakeConnection()
    assert [] == connections.put(good) + connections.put(stale)

    assert (good, [stale]) == connections.take(b"GET")


def test_the_oldest_of_too_many_connections_is_closed() -> None:
    """The one that was used last is used next."""
    connections = IdleConnections[Any](2, None, 1.0)
    first, second, third = FakeConnection(), FakeConnection(), FakeConnection()

    assert [] == connections.put(first) + connections.put(second)
    assert [first] == connections.put(third)
    assert [second, third] == connections.close()
    assert (None, []) == connections.take(b"GET")


def test_a_request_that_needs_a_new_connection_closes_the_oldest_idle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the idle connections and the new one would be more than the maximum number of connections."""
    now = [100.0]
    monkeypatch.setattr(idle, "time", SimpleNamespace(monotonic=lambda: now[0]))
    connections = IdleConnections[Any](2, None, 1.0)
    first, second = FakeConnection(), FakeConnection()
    assert [] == connections.put(first) + connections.put(second)
    now[0] += 1.5

    assert (None, [first]) == connections.take(b"POST")
    assert (second, []) == connections.take(b"GET")
