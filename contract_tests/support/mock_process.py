"""The mock server as a process of its own, as its users start it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class MockProcess:
    """A running `python -m kling_elements.mock`.

    Attributes:
        url: Where it is.
    """

    def __init__(
        self,
        *options: str,
        port: str = "0",
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it, by default on a free port, in this folder and environment, and wait until it takes requests."""
        command = [sys.executable, "-m", "kling_elements.mock", "--port", port, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
        assert self._process.stdout is not None
        found = re.search(r"http://\S+", self._process.stdout.readline())
        assert found is not None
        self.url: str = found[0]

    @property
    def port(self) -> str:
        """The port that it listens on."""
        return self.url.rpartition(":")[2]

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._reap()

    def close(self) -> None:
        """End it in good order."""
        self._process.terminate()
        self._reap()

    def _reap(self) -> None:
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
