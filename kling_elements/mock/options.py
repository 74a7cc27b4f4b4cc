"""The options of a mock server, and their checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from attrs import Attribute, field, frozen
from attrs.validators import optional

from kling_elements.mock.callbacks import Retries
from kling_elements.mock.callers import check_host
from kling_elements.mock.clock import MS
from kling_elements.mock.ids import check_kind
from kling_elements.webhooks import SECRET_FORM, is_secret
from kling_elements_runtime.credentials import check_token

_MAX_SECONDS = 366 * 24 * 3600


def check_tick(seconds: float) -> float:
    """Check the seconds of a tick, and return them.

    Raises:
        ValueError: The number is negative, too large or not a number.
    """
    if not (math.isfinite(seconds) and 0 <= seconds <= _MAX_SECONDS):
        raise ValueError(f"a tick must be 0 to {_MAX_SECONDS} seconds")
    return seconds


def check_task_seconds(seconds: Sequence[float]) -> Sequence[float]:
    """Check the shortest and the longest duration of a task, in seconds, and return both.

    Raises:
        ValueError: The value is not two durations, the shorter first.
    """
    if not (len(seconds) == 2 and 0 <= seconds[0] <= seconds[1] <= _MAX_SECONDS):  # noqa: PLR2004 - a pair
        raise ValueError(f"task_seconds must be two numbers from 0 to {_MAX_SECONDS}, the shorter duration first")
    return seconds


def check_limit(limit: int) -> int:
    """Check a limit, and return it.

    Raises:
        ValueError: The limit would refuse every create.
    """
    if limit < 1:
        raise ValueError("a limit must be 1 or more")
    return limit


def check_hosts(hosts: Sequence[str]) -> Sequence[str]:
    """Check hosts that may use `/_mock/`, and return them.

    Raises:
        TypeError: The value is a single string.
        ValueError: A host is not an address, a network or a name.
    """
    if isinstance(hosts, str):
        raise TypeError("control must be a list of hosts, not a single string: write ['ADDRESS']")
    return [check_host(host) for host in hosts]


def check_secret(secret: str) -> str:
    """Check a webhook secret, and return it.

    Raises:
        ValueError: The secret has another form. The message does not repeat it.
    """
    if not is_secret(secret):
        raise ValueError(f"a webhook secret must be {SECRET_FORM}")
    return secret


def _validator(check: Callable[[Any], object]) -> Callable[[Any, Attribute[Any], Any], Any]:
    """Return a validator that runs a check, unless the value is None."""
    return optional(lambda _instance, _field, value: check(value))


@frozen(kw_only=True)
class Options:
    """The options of a server: the arguments of `create_app`, which describes them, and one more.

    Attributes:
        retries: The attempts to send a notification, and their intervals.

    Raises:
        TypeError: `control` is a single string.
        ValueError: An option has an invalid value.
    """

    token: str | None = field(default=None, repr=False, validator=_validator(check_token))
    dialect: str | None = None
    state: str | PathLike[str] | None = None
    tick_seconds: float = field(default=1.0, validator=_validator(check_tick))
    task_seconds: Sequence[float] | None = field(default=None, validator=_validator(check_task_seconds))
    concurrency: int | None = field(default=None, validator=_validator(check_limit))
    rate: int | None = field(default=None, validator=_validator(check_limit))
    webhook_secret: str | None = field(default=None, repr=False, validator=_validator(check_secret))
    manual_clock: bool = False
    unique_external_ids: bool = True
    callbacks: bool = True
    element_ids: str | None = field(default=None, validator=_validator(check_kind))
    control: Sequence[str] = field(default=(), validator=_validator(check_hosts))
    retries: Retries = field(factory=Retries)

    @property
    def task_ms(self) -> tuple[int, int]:
        """The shortest and the longest duration of a task, in milliseconds."""
        shortest, longest = self.task_seconds or (2 * self.tick_seconds, 2 * self.tick_seconds)
        return round(shortest * MS), round(longest * MS)
