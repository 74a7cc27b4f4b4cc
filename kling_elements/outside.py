"""Everything a client does to the outside world: it calls the gateway, sleeps, looks at media behind URLs and logs.

`creating`, `waiting`, `queries` and `preflight` are written once, as coroutines that await an `Outside`. The blocking
client gives them a `Blocking` one, which never suspends, so that `finish` can run a coroutine without an event loop.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from types import ModuleType
from typing import Any, TypeVar

from attrs import frozen

from kling_elements.clock import Clock
from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements_client import AuthenticatedClient

_log = logging.getLogger("kling_elements")

T = TypeVar("T")


def report_on(keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
    """Check the image (`x-image`) or the video (`x-video`) behind a URL.

    Raises:
        MediaError: It cannot be read.
    """
    # what reads images and videos is loaded here, as few programs look at URLs
    from kling_elements.media import check_image, check_video  # noqa: PLC0415

    check = check_image if keyword == "x-image" else check_video
    return check(url, remote=True, allow_private=allow_private)


@frozen
class Outside(ABC):
    """The gateway, the clock, the network and the log.

    Attributes:
        client: The generated client.
        clock: The time.
    """

    client: AuthenticatedClient
    clock: Clock

    def log(self, text: str) -> None:
        """Log a line, without the token."""
        _log.info("%s", self.client.redact(text))

    @abstractmethod
    async def call(self, operation: ModuleType, **arguments: Any) -> Any:
        """Call one operation of the generated client, such as `api.elements.get_element`."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL; see `report_on`."""


class Blocking(Outside):
    """Blocks the thread; its coroutines never suspend."""

    async def call(self, operation: ModuleType, **arguments: Any) -> Any:
        """Call an operation."""
        return operation.sync(client=self.client, **arguments)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.sleep(seconds)

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL."""
        return report_on(keyword, url, allow_private=allow_private)


class OnEventLoop(Outside):
    """Lets the event loop go on meanwhile."""

    async def call(self, operation: ModuleType, **arguments: Any) -> Any:
        """Call an operation."""
        return await operation.asyncio(client=self.client, **arguments)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock.sleep_async(seconds)

    async def inspect(self, keyword: str, url: str, *, allow_private: bool) -> ImageReport | VideoReport:
        """Check what lies behind a URL, in a thread."""
        return await asyncio.to_thread(report_on, keyword, url, allow_private=allow_private)


def finish(coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine that never suspends, because it awaits a `Blocking` outside, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError(f"{coroutine!r} suspended without an event loop")


__all__ = ["Blocking", "OnEventLoop", "Outside", "finish", "report_on"]
