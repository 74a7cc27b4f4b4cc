"""Print the path of each package whose name is an argument, one per line."""

from __future__ import annotations

import importlib
import sys

if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(f"{importlib.import_module(name).__file__}\n")
