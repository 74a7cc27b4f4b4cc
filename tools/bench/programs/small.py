"""Measures the processor time of a small create, from the model to the answer.

Settings: `client`, `url` (null for a transport without sockets), `times`.
"""

from __future__ import annotations

import time
from typing import Any

import httpx

from tools.bench.answering import ANSWER
from tools.bench.programs import clients, figures

_WARM_UP = 50


class _InProcess(httpx.BaseTransport):
    """Answers without a socket, once the request is there."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=ANSWER)


def main(told: dict[str, Any]) -> None:
    """Runs the program."""
    client: clients.Client
    if told["url"]:
        client = clients.make(told["client"])
        client.connect(told["url"])
    else:
        client = generated = clients.make_generated(told["client"])
        generated.connect_in_process(_InProcess())
    for _ in range(_WARM_UP):
        client.create(client.request(clients.ADDRESSES))
    started = time.process_time()
    for _ in range(told["times"]):
        client.create(client.request(clients.ADDRESSES))
    figures.tell(cpu_us=(time.process_time() - started) / told["times"] * 1e6)


if __name__ == "__main__":
    main(figures.settings())
