"""Connect the mock server to respx, which answers requests in the process, without a socket."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import httpx

from kling_elements.gateway_catalog import contract_of
from kling_elements.mock.app import MockServer, create_app
from kling_elements.mock.reply import Reply
from kling_elements.testing.gateway import MockGateway
from kling_elements_client.client import BASE_URL_VARIABLE, default_base_url

try:
    import respx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("respx is missing: install kling-elements[testing]", name="respx") from error


class KlingRouter(respx.MockRouter):
    """A respx router that responds like one gateway. You can add routes for other URLs.

    Attributes:
        kling: The controls of the mock server.
    """

    kling: MockGateway

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self


def respx_router(
    base_url: str | None = None,
    *,
    gateway: str | Path | None = None,
    app: MockServer | None = None,
    **respx_options: Any,
) -> KlingRouter:
    """Return a respx router that responds like a gateway. Use it as a context manager or a decorator.

    If a fault would take longer than the client's timeout, the client times out at once; shorter faults take no time.
    Notifications are not sent.

    Args:
        base_url: The gateway's URL; by default the clients' default.
        gateway: The gateway to play, as for `create_app`; by default the host of the URL decides, as for clients.
        app: The mock server, from `kling_elements.mock.create_app`; by default one whose tasks end at once.
        respx_options: More arguments for `respx.MockRouter`; `assert_all_called` is off by default.

    Raises:
        ValueError: Both a gateway and a server are passed, or the gateway can't be used.
        ModuleNotFoundError: The extra `testing` is not installed.
    """
    router = KlingRouter(**{"assert_all_called": False, **respx_options})
    if app is None:
        contract = contract_of(gateway, base_url or os.environ.get(BASE_URL_VARIABLE))
        app = create_app(tick_seconds=0, contract=contract)
    elif gateway is not None:
        raise ValueError("pass either gateway or app: create_app(gateway=...) plays a gateway too")
    address = httpx.URL(base_url or default_base_url(app.contract))
    router.kling = MockGateway(app, str(address))
    bridge = _Bridge(app, address.path.rstrip("/"))
    port: dict[str, Any] = {} if address.port is None else {"port": address.port}
    router.route(scheme=address.scheme, host=address.host, **port).mock(side_effect=bridge.respond)
    return router


class _Bridge:
    """Passes requests from httpx to the server, and replies back."""

    def __init__(self, app: MockServer, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def respond(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii").removeprefix(self._prefix)
        reply = self._app.respond(request.method, target, request.headers.raw, request.content)
        timeout = request.extensions.get("timeout", {}).get("read")
        timed_out = timeout is not None and reply.delay_seconds > timeout
        if reply.late is not None:
            reply = reply.late()
        return _response(reply, request, timed_out=timed_out)


def _response(reply: Reply, request: httpx.Request, *, timed_out: bool) -> httpx.Response:
    if timed_out:
        raise httpx.ReadTimeout("the mock server's response would come too late", request=request)
    if reply.cut:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body, request=request)
