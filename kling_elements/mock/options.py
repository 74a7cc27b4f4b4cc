"""What a mock server can be told when it is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import optional

from kling_elements.mock.callbacks import Retries
from kling_elements.mock.callers import usable_host
from kling_elements.mock.clock import MS
from kling_elements.mock.ids import usable_kind
from kling_elements.webhooks import SECRET_FORM, is_secret
from kling_elements_runtime.credentials import usable_token

_LONGEST_TICK_SECONDS = 366 * 24 * 3600


def usable_tick(seconds: float) -> float:
    """Return a tick.

    Raises:
        ValueError: It is none.
    """
    if not (math.isfinite(seconds) and 0 <= seconds <= _LONGEST_TICK_SECONDS):
        raise ValueError(f"a tick must have 0 to {_LONGEST_TICK_SECONDS} seconds")
    return seconds


def usable_task_seconds(seconds: Sequence[float]) -> Sequence[float]:
    """Return the shortest and the longest time that a task takes.

    Raises:
        ValueError: They are not two times, the shortest first.
    """
    if not (len(seconds) == 2 and 0 <= seconds[0] <= seconds[1] <= _LONGEST_TICK_SECONDS):  # noqa: PLR2004 -- a pair
        raise ValueError(
            f"a task must take a time between two of 0 to {_LONGEST_TICK_SECONDS} seconds, the shorter first"
        )
    return seconds


def usable_limit(limit: int) -> int:
    """Return a limit.

    Raises:
        ValueError: It would let nothing through.
    """
    if limit < 1:
        raise ValueError("a limit must be 1 or more")
    return limit


def usable_hosts(hosts: Sequence[str]) -> Sequence[str]:
    """Return hosts that may drive the server.

    Raises:
        TypeError: They are a single text.
        ValueError: One of them is not an address, a network or a name.
    """
    if isinstance(hosts, str):
        raise TypeError("control must be a list of hosts, not a single text: write ['ADDRESS']")
    return [usable_host(host) for host in hosts]


def usable_secret(secret: str) -> str:
    """Return a webhook secret.

    Raises:
        ValueError: It is none. The message does not repeat it.
    """
    if not is_secret(secret):
        raise ValueError(f"a webhook secret must be {SECRET_FORM}")
    return secret


def _by(check: Callable[[Any], object]) -> Callable[[Any, Attribute[Any], Any], Any]:
    """Return a validator that raises what a function raises of a value; None is let through."""
    return optional(lambda _instance, _field, value: check(value))


@frozen(kw_only=True)
class Options:
    """How a server differs from the default.

    Attributes:
        token: The only Bearer token to take; None stands for any.
        dialect: Which of the contract's dialects to speak; None stands for the first one.
        state: The file to keep tasks in; None and `:memory:` keep them in memory.
        tick_seconds: How long a task stays submitted, and then as long processing.
        task_seconds: The shortest and the longest time that a task takes, in place of two ticks; each takes a time of
            its own in between.
        concurrency: How many tasks under way a token may have; None stands for any number.
        rate: How many tasks a token may create in a second; None stands for any number.
        webhook_secret: What notifications are signed with, `whsec_` and a key in Base64; None leaves them unsigned.
        manual_clock: Whether time stands still until the clock is stepped.
        unique_external_ids: Whether an external id can be used once only.
        callbacks: Whether callers are told of changes at the addresses that they give.
        element_ids: How ids of subjects are written: `large`, `small` or `text`.
        control: The hosts beside this machine that may use `/_mock/`: addresses, networks or names.
        retries: How often and when a notification is sent again.

    Raises:
        ValueError: Something cannot be used.
    """

    token: str | None = field(default=None, repr=False, validator=_by(usable_token))
    dialect: str | None = None
    state: str | PathLike[str] | None = None
    tick_seconds: float = field(default=1.0, validator=_by(usable_tick))
    task_seconds: Sequence[float] | None = field(default=None, validator=_by(usable_task_seconds))
    concurrency: int | None = field(default=None, validator=_by(usable_limit))
    rate: int | None = field(default=None, validator=_by(usable_limit))
    webhook_secret: str | None = field(default=None, repr=False, validator=_by(usable_secret))
    manual_clock: bool = False
    unique_external_ids: bool = True
    callbacks: bool = True
    element_ids: str = field(default="large", validator=_by(usable_kind))
    control: Sequence[str] = field(default=(), validator=_by(usable_hosts))
    retries: Retries = field(factory=Retries)

    @property
    def task_ms(self) -> tuple[int, int]:
        """The shortest and the longest time that a task takes, in milliseconds."""
        shortest, longest = self.task_seconds or (2 * self.tick_seconds, 2 * self.tick_seconds)
        return round(shortest * MS), round(longest * MS)
