"""What tests need to run clients: a token, an address, a TLS context, and a thread for an event loop."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine


TOKEN = "sk-token-1234567890"
URL = "https://gateway.example.com"
T = TypeVar("T")


@cache
def tls() -> ssl.SSLContext:
    """One for all clients, as making it takes long."""
    return ssl.create_default_context()


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, run by `asyncio.run` in a thread of its own.

    CPython 3.11 tells tracers of no call when an exception is thrown into a coroutine that awaits another one, as
    cancelling and a refused connection do, but of its return. So coverage loses count of the thread's frames, and what
    they run afterwards is not measured: here that thread has nothing left to do.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
