"""Check that each program reads the contract correctly: `make interop`."""

from __future__ import annotations

import sys

from tools.interop import programs


def main() -> int:
    """Print the result of each program, and return the exit code: 1 if one of them fails."""
    failed = 0
    for name, check in programs.CHECKS.items():
        try:
            check()
        except programs.InteropError as error:
            failed += 1
            print(f"{name} {programs.version(name)}: failed\n{error}")
        else:
            print(f"{name} {programs.version(name)}: ok")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
