"""Kling Elements: what stands by hand on top of `kling_elements_client`, the client generated from the contract.

    from kling_elements import KlingElements

    with KlingElements() as kling:  # KLING_API_KEY, KLING_BASE_URL
        task = kling.create(request)
        element = kling.wait(task, max_wait_seconds=300)

`kling_elements.webhooks` verifies notifications, `kling_elements.mock` is a server to test against, and
`kling_elements.testing` brings it into test suites. Everything is loaded on first use, so that each part costs only its
own dependencies.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_elements.client import AsyncKlingElements, KlingElements
    from kling_elements.outcomes import Outcome
    from kling_elements.policies import PollPolicy, RetryPolicy

_HOMES = {
    "AsyncKlingElements": "client",
    "KlingElements": "client",
    "Outcome": "outcomes",
    "PollPolicy": "policies",
    "RetryPolicy": "policies",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = ["AsyncKlingElements", "KlingElements", "Outcome", "PollPolicy", "RetryPolicy"]
