"""What tests need to run clients: a token, an address, a TLS context, a loop in a thread, and types of fixtures."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeAlias, TypeVar

import httpx

from kling_elements_client import AuthenticatedClient
from kling_elements_client.models import CreateElementResponse

TOKEN = "sk-token-1234567890"
URL = "https://gateway.example.com"
T = TypeVar("T")
# what the fixtures of these names are
Create: TypeAlias = Callable[[AuthenticatedClient, Any], CreateElementResponse]
MakeClient: TypeAlias = Callable[..., AuthenticatedClient]
InnerClients: TypeAlias = Callable[[AuthenticatedClient], list[httpx.Client | httpx.AsyncClient]]


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
