"""The mock server in test suites: through respx without a socket, or as the pytest fixture `kling_mock`.

from kling_elements import KlingElements
from kling_elements.testing import respx_router

def test_a_subject_is_created() -> None:
    with respx_router() as router, KlingElements("any-token") as kling:
        router.kling.queue_faults("drop-after")  # the answer is lost, the subject is there
        task = kling.create_or_adopt(request)
        assert kling.wait(task).element_id == router.kling.tasks()[0]["element_id"]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_elements.testing.gateway import MockGateway
    from kling_elements.testing.router import KlingRouter, respx_router

_HOMES = {"KlingRouter": "router", "MockGateway": "gateway", "respx_router": "router"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = ["KlingRouter", "MockGateway", "respx_router"]
