"""Load the pytest plugin, and print which of the libraries and packages that it must not load are loaded."""

from __future__ import annotations

import sys

from kling_elements.testing import plugin

_HEAVY = {"attrs", "httpx", "kling_elements.mock", "respx", "uvicorn"}

if __name__ == "__main__":
    sys.stdout.write(f"{plugin.__name__}: {sorted(_HEAVY & sys.modules.keys())}\n")
