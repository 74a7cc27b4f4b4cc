"""Run clients and programs: a token, a URL, a TLS context, an event loop in a thread, and the types of fixtures."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import httpx

from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import ResponseError
from kling_elements_client.models import CreateElementResponse

TOKEN = "sk-token-1234567890"
URL = "https://gateway.example.com"
_ROOT = Path(__file__).parents[2]
T = TypeVar("T")
# the types of the fixtures with these names
Create: TypeAlias = Callable[[AuthenticatedClient, Any], CreateElementResponse]
MakeClient: TypeAlias = Callable[..., AuthenticatedClient]
Failure: TypeAlias = Callable[..., ResponseError]
InnerClients: TypeAlias = Callable[[AuthenticatedClient], list[httpx.Client | httpx.AsyncClient]]


@cache
def tls() -> ssl.SSLContext:
    """Return one TLS context for all clients, because creating it is slow."""
    return ssl.create_default_context()


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine with `asyncio.run` in a new thread, and return its result.

    If an exception is thrown into a coroutine that awaits another one, as by a cancellation or a refused connection,
    CPython 3.11 reports only the return to tracers, not the call. Coverage then loses count of the frames of the thread
    and misses everything that it runs later, so the thread must not be used for anything else.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def run_program(name: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program of `contract_tests/support/programs` in a new process, and return its outcome.

    Args:
        name: The name of its module.
        arguments: Its arguments.
        options: More arguments of `subprocess.run`.

    Raises:
        subprocess.TimeoutExpired: The program ran for more than four minutes.
    """
    command = [sys.executable, "-m", f"contract_tests.support.programs.{name}", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=240, **options)
