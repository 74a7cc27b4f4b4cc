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

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from kling_elements.client import AsyncKlingElements, KlingElements
    from kling_elements.outcomes import Outcome
    from kling_elements.policies import PollPolicy, RetryPolicy

__getattr__, __dir__ = loader(
    __name__,
    {
        "AsyncKlingElements": ".client",
        "KlingElements": ".client",
        "Outcome": ".outcomes",
        "PollPolicy": ".policies",
        "RetryPolicy": ".policies",
    },
)

__all__ = ["AsyncKlingElements", "KlingElements", "Outcome", "PollPolicy", "RetryPolicy"]
