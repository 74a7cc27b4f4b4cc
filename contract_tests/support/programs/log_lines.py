"""Create two clients, then write one record to each of several loggers.

Arguments: how to configure logging before and after the clients are created, each a key of `_CONFIGURATIONS`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from kling_elements import KlingElements

_CONFIGURATIONS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "root": lambda: logging.basicConfig(format="mine: %(message)s"),
    "level": lambda: logging.getLogger("kling_elements").setLevel("ERROR"),
    "level of http": lambda: logging.getLogger("kling_elements.http").setLevel("ERROR"),
    "handler": lambda: logging.getLogger("kling_elements").addHandler(logging.NullHandler()),
}

before, after = sys.argv[1:]
_CONFIGURATIONS[before]()
clients = [KlingElements("a-long-token") for _ in range(2)]
_CONFIGURATIONS[after]()
logging.getLogger("kling_elements.http").debug("details")
logging.getLogger("kling_elements").info("news")
logging.getLogger("kling_elements").warning("trouble")
