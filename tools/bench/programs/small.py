"""Measure the processor time of a small create, from the model to the response.

Settings: `client`, `url` (null for a transport without sockets), `times`.
"""

from __future__ import annotations

import time
from typing import Any

import httpx

from tools.bench.fixed_response_server import RESPONSE
from tools.bench.programs import clients, figures

_WARM_UP_CREATES = 50


class _InProcess(httpx.BaseTransport):
    """A transport that answers without a socket, after it has read the request."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=RESPONSE)


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    client: clients.MeasuredClient
    if settings["url"]:
        client = clients.make(settings["client"])
        client.connect(settings["url"])
    else:
        client = generated = clients.make_generated(settings["client"])
        generated.connect_in_process(_InProcess())
    for _ in range(_WARM_UP_CREATES):
        client.create(client.request(clients.IMAGE_URLS))
    started = time.process_time()
    for _ in range(settings["times"]):
        client.create(client.request(clients.IMAGE_URLS))
    figures.print_figures(cpu_us=(time.process_time() - started) / settings["times"] * 1e6)


if __name__ == "__main__":
    main(figures.settings())
