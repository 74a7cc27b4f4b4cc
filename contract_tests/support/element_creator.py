"""Create an element through either client, blocking or on an event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
from attrs import define

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import POST, CallStyle
from contract_tests.support.running import TOKEN, run_async
from kling_elements import AsyncKlingElements, KlingElements

Seen: TypeAlias = list[str]
"""The methods of the requests that a tool was shown."""


@define
class ElementCreator:
    """Creates the element of a test through one of the two clients, blocking or on an event loop."""

    call_style: CallStyle
    is_generated: bool

    def task_id(self, url: str, prepare: Callable[[Any], object] = lambda _: None, **options: Any) -> str:
        """Create an element at a URL after `prepare` got the httpx client, and return the task id."""
        if self.call_style.name == "async":
            return run_async(self._async_task_id(url, prepare, options))
        http_client: Any = options
        with KlingElements(TOKEN, url, http_client=http_client) as kling:
            prepare(kling.client.get_httpx_client())
            if self.is_generated:
                return task_id_of(kling.client.send(**POST))
            return str(kling.create(BODY).task_id)

    async def _async_task_id(self, url: str, prepare: Callable[[Any], object], http_client: Any) -> str:
        async with AsyncKlingElements(TOKEN, url, http_client=http_client) as kling:
            prepare(kling.client.get_async_httpx_client())
            if self.is_generated:
                return task_id_of(await kling.client.send_async(**POST))
            return str((await kling.create(BODY)).task_id)


def task_id_of(response: httpx.Response) -> str:
    """Return the id of the task that a response contains."""
    return str(response.json()["data"]["task_id"])
