"""Import `kling_elements.media`, and print which of the heavy libraries are then loaded."""

from __future__ import annotations

import sys

import kling_elements.media

_HEAVY = {"PIL", "av", "httpx", "ssrfguard"}

if __name__ == "__main__":
    sys.stdout.write(f"{kling_elements.media.__name__}: {sorted(_HEAVY & sys.modules.keys())}\n")
