"""Fixtures for several modules about the mock server."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.reading import dialect_cases as wording
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import callbacks, create_app


@pytest.fixture(params=wording.DIALECTS)
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Yield a caller of a server with a manual clock, once for each dialect."""
    app = create_app(manual_clock=True, dialect=request.param)
    yield Caller(app, dialect=request.param)
    app.close()


@pytest.fixture
def live_caller() -> Iterator[Caller]:
    """Yield a caller of a server with a manual clock, in the dialect of the live service."""
    app = create_app(manual_clock=True)
    yield Caller(app)
    app.close()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Return the connections to state files in order, so that a test can spoil them as a full disk does."""
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connect_and_keep(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connections.append(connect(*arguments, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", connect_and_keep)
    return connections


@pytest.fixture(autouse=True)
def _without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip loading the authorities' certificates. That is slow, and no receiver here uses TLS."""
    monkeypatch.setattr(callbacks, "shared_context", lambda **_: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
