"""Measures how the cost of a create grows with its body: check, serialise and send, images in memory, on loopback.

Settings: `client`, `url`, `pictures` (pairs of body size in MB and the file of which four make it). What it tells is
the exponent of the power of the size that fits the processor times best; 1 is linear.
"""

from __future__ import annotations

import statistics
import time
from math import log
from pathlib import Path
from typing import Any

from tools.bench.programs import clients, figures

_TIMES = 3
_IMAGES = 4


def exponent(sizes: list[float], costs: list[float]) -> float:
    """The slope of the line through the logarithms, by least squares."""
    return statistics.linear_regression([log(size) for size in sizes], [log(cost) for cost in costs]).slope


def main(told: dict[str, Any]) -> None:
    """Runs the program."""
    client = clients.make(told["client"])
    client.connect(told["url"])
    client.create(client.request(clients.ADDRESSES))
    costs = []
    for _, file in told["pictures"]:
        text = clients.text_of(Path(file))
        durations = []
        for _ in range(_TIMES):
            started = time.process_time()
            client.create(client.request([text] * _IMAGES))
            durations.append(time.process_time() - started)
        costs.append(min(durations))
    figures.tell(exponent=exponent([size for size, _ in told["pictures"]], costs))


if __name__ == "__main__":
    main(figures.settings())
