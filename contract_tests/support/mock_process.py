"""The mock server as a separate process, as its users start it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class MockProcess:
    """A running `python -m kling_elements.mock`.

    Attributes:
        url: Its address.
    """

    def __init__(
        self,
        *options: str,
        port: str = "0",
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the server in a folder and an environment, and wait until it accepts requests."""
        command = [sys.executable, "-m", "kling_elements.mock", "--port", port, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
        assert self._process.stdout is not None
        match = re.search(r"http://\S+", self._process.stdout.readline())
        assert match is not None
        self.url: str = match[0]

    @property
    def port(self) -> str:
        """Return the port of the server."""
        return self.url.rpartition(":")[2]

    def kill(self) -> None:
        """Kill the process, like `kill -9`."""
        self._process.kill()
        self._reap()

    def close(self) -> None:
        """Shut the server down gracefully."""
        self._process.terminate()
        self._reap()

    def _reap(self) -> None:
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
