"""Set up a tool that patches httpx or httpcore, and only then import the client and create an element.

Print the id of the task and the methods of the requests that the tool has seen. Arguments: the URL of a server, the
request as JSON, and the tool: `sentry`, or the function to wrap, such as `httpx.Client.send`.
"""

from __future__ import annotations

import functools
import json
import sys
from importlib import import_module
from typing import Any

url, body, tool = sys.argv[1:]
methods: list[str] = []


def _start_sentry() -> None:
    import sentry_sdk  # noqa: PLC0415 - it imports httpx
    from sentry_sdk.integrations.httpx import HttpxIntegration  # noqa: PLC0415 - as above

    def keep(breadcrumb: Any, _: Any) -> None:
        methods.append(breadcrumb["data"]["http.method"])

    sentry_sdk.init(default_integrations=False, integrations=[HttpxIntegration()], before_breadcrumb=keep)


def _wrap(place: str) -> None:
    module, owner_name, name = place.split(".")
    owner = getattr(import_module(module), owner_name)
    wrapped = getattr(owner, name)

    @functools.wraps(wrapped)
    def wrapper(self: Any, request: Any, **named: Any) -> Any:
        methods.append("POST")
        return wrapped(self, request, **named)

    setattr(owner, name, wrapper)


if tool == "sentry":
    _start_sentry()
else:
    _wrap(tool)

from kling_elements import KlingElements  # noqa: E402 - the tool must be active before

with KlingElements("any-token", url) as kling:
    print(kling.create(json.loads(body)).task_id, *methods)  # noqa: T201 - the test reads it
