"""Fit the image at a path, and print the process's peak memory in MiB."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from kling_elements.media import fit_image
from kling_elements_client.errors import MediaError


def main(path: Path) -> None:
    """Fit an image, and print an error if that fails, and then the memory."""
    try:
        fit_image(path)
    except MediaError as error:
        sys.stdout.write(f"{error}\n")
    # read from /proc, because the system's own counter starts with the memory of the test's process
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert peak is not None
    sys.stdout.write(f"{int(peak[1]) // 1024}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
