"""Helpers to run clients: a token, an address, a TLS context, a loop in a thread, and types of fixtures."""

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
# the types of the fixtures with these names
Create: TypeAlias = Callable[[AuthenticatedClient, Any], CreateElementResponse]
MakeClient: TypeAlias = Callable[..., AuthenticatedClient]
InnerClients: TypeAlias = Callable[[AuthenticatedClient], list[httpx.Client | httpx.AsyncClient]]


@cache
def tls() -> ssl.SSLContext:
    """Return one TLS context for all clients, because creating it is slow."""
    return ssl.create_default_context()


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine with `asyncio.run` in a new thread; return its result.

    If an exception is thrown into a coroutine that awaits another one, as by a cancellation or a refused connection,
    CPython 3.11 reports only the return to tracers, not the call. Coverage then loses count of the frames of the thread
    and misses everything that it runs later, so the thread must not be used for anything else.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
