"""Run the command line as a module: `python -m kling_elements.cli`."""

from __future__ import annotations

import sys

from kling_elements.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
