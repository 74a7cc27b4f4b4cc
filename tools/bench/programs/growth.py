"""Measure how the cost of a create grows with its body: check, serialise and send images in memory, on loopback.

Settings: `client`, `url`, `pictures` (pairs: the size of a body in MB, and the file that is sent four times in it). The
figure `exponent` is the power of the size that fits the processor times best; 1 is linear.
"""

from __future__ import annotations

import statistics
import time
from math import log
from pathlib import Path
from typing import Any

from tools.bench.programs import clients, figures

_REPETITIONS = 3
_IMAGE_COUNT = 4


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Return the slope of the line through the logarithms, by least squares."""
    return statistics.linear_regression([log(size) for size in sizes], [log(cost) for cost in costs]).slope


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    client = clients.make(settings["client"])
    client.connect(settings["url"])
    client.create(client.request(clients.IMAGE_URLS))
    costs = []
    for _, file in settings["pictures"]:
        text = clients.text_of(Path(file))
        durations = []
        for _ in range(_REPETITIONS):
            started = time.process_time()
            client.create(client.request([text] * _IMAGE_COUNT))
            durations.append(time.process_time() - started)
        costs.append(min(durations))
    figures.print_figures(exponent=exponent([size for size, _ in settings["pictures"]], costs))


if __name__ == "__main__":
    main(figures.settings())
