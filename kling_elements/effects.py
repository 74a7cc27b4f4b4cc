"""What a flow asks for, and who does it.

What the clients decide stands in flows: generators without I/O, which ask for a `Call`, an `Inspect`, a `Sleep` or a
`Note` by `yield from do(...)`. `run` and `run_async` differ in nothing but how they call, read and sleep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from attrs import field, frozen

from kling_elements.clock import Clock
from kling_elements.errors import redact
from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError

_log = logging.getLogger("kling_elements")

T = TypeVar("T")


@frozen
class Call:
    """One operation of the generated client to be called.

    Attributes:
        operation: Its module, such as `api.elements.get_element`.
        arguments: Its arguments, besides the client.
    """

    operation: ModuleType
    arguments: dict[str, Any]


@frozen
class Sleep:
    """A time to let pass, in seconds."""

    seconds: float


@frozen
class Note:
    """A line for the log."""

    text: str


@frozen
class Inspect:
    """A look at the header of what lies at an address.

    Attributes:
        keyword: `x-image` or `x-video`, after what is expected there.
        url: The address.
        allow_private: Whether it may lead to this machine or into a private network.
    """

    keyword: str
    url: str = field(repr=False)
    allow_private: bool

    def report(self) -> ImageReport | VideoReport:
        """What was found.

        Raises:
            MediaError: It cannot be read.
        """
        # what reads images and videos is loaded here, as most programs never look at addresses
        from kling_elements.media import check_image, check_video  # noqa: PLC0415

        check = check_image if self.keyword == "x-image" else check_video
        return check(self.url, remote=True, allow_private=self.allow_private)


Effect: TypeAlias = Call | Inspect | Sleep | Note


@frozen
class _Failed:
    """What is sent back to a flow in place of an answer.

    Nothing is thrown into flows: throwing into a generator that delegates to another, Python 3.11 tells tracers of no
    call, and coverage goes astray.
    """

    error: BaseException


Flow: TypeAlias = Generator[Effect, Any, T]


def do(effect: Effect) -> Flow[Any]:
    """Asks for an effect; returns the answer, or raises what came of it."""
    done = yield effect
    try:
        if isinstance(done, _Failed):
            raise done.error
        return done
    finally:
        del done  # or the error would hold itself, by way of its traceback


def run(flow: Flow[T], client: AuthenticatedClient, clock: Clock) -> T:
    """Does what a flow asks for until it ends; returns or raises what it does."""
    done: Any = None
    try:
        while True:
            effect = flow.send(done)
            try:
                done = _do(effect, client, clock)
            except BaseException as error:  # noqa: BLE001 - the flow decides, and raises it again
                done = _Failed(error)
    except StopIteration as end:
        result: T = end.value
        return result
    except KlingError as error:
        redact(error, client.redact)
        raise
    finally:
        del done  # as in do


async def run_async(flow: Flow[T], client: AuthenticatedClient, clock: Clock) -> T:
    """Does as `run`, on an event loop."""
    done: Any = None
    try:
        while True:
            effect = flow.send(done)
            try:
                done = await _do_async(effect, client, clock)
            except BaseException as error:  # noqa: BLE001 - as in run; a cancellation passes through here too
                done = _Failed(error)
    except StopIteration as end:
        result: T = end.value
        return result
    except KlingError as error:
        redact(error, client.redact)
        raise
    finally:
        del done


def _do(effect: Effect, client: AuthenticatedClient, clock: Clock) -> Any:
    if isinstance(effect, Note):
        return _log.info("%s", client.redact(effect.text))
    if isinstance(effect, Sleep):
        return clock.sleep(effect.seconds)
    if isinstance(effect, Inspect):
        return effect.report()
    return effect.operation.sync(client=client, **effect.arguments)


async def _do_async(effect: Effect, client: AuthenticatedClient, clock: Clock) -> Any:
    if isinstance(effect, Note):
        return _do(effect, client, clock)
    if isinstance(effect, Sleep):
        return await clock.sleep_async(effect.seconds)
    if isinstance(effect, Inspect):
        return await asyncio.to_thread(effect.report)
    return await effect.operation.asyncio(client=client, **effect.arguments)


__all__ = ["Call", "Effect", "Flow", "Inspect", "Note", "Sleep", "do", "run", "run_async"]
