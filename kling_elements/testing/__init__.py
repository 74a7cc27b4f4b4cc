"""The mock server for your tests: with respx and no socket, or as the pytest fixture `kling_mock`.

from kling_elements import KlingElements
from kling_elements.testing import respx_router

def test_an_element_is_created() -> None:
    with respx_router() as router, KlingElements("any-token") as kling:
        router.kling.queue_faults("drop-after")  # the response is lost, but the element exists
        task = kling.get_or_create(request)
        assert kling.wait(task).element_id == router.kling.tasks()[0]["element_id"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from kling_elements.testing.gateway import MockGateway
    from kling_elements.testing.router import KlingRouter, respx_router

__getattr__, __dir__ = loader(
    __name__, {"KlingRouter": ".router", "MockGateway": ".gateway", "respx_router": ".router"}
)

__all__ = ["KlingRouter", "MockGateway", "respx_router"]
