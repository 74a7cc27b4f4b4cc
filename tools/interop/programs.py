"""The programs and the checks that use them. `scripts/npm.sh` installs them all below `build/npm`."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from kling_elements import KlingElements
from kling_elements_client.errors import KlingError
from scripts.codegen import gateways
from scripts.spec import ROOT, SPEC, source
from tools.interop import life, overlays

FOLDER = ROOT / "build" / "npm"
_PACKAGES = ROOT / "requirements" / "package.json"
_USAGE = Path(__file__).with_name("usage.ts")
_VALIDATE = Path(__file__).with_name("validate.mjs")
_MAX_SECONDS = 300  # for one program on a busy machine

_APPLY = (
    'import fs from "node:fs"; import { applyOverlay } from "openapi-overlays-js/src/overlay.js"; '
    "const [contract, overlay] = process.argv.slice(1, 3).map((name) => JSON.parse(fs.readFileSync(name))); "
    "fs.writeFileSync(process.argv[3], JSON.stringify(applyOverlay(contract, overlay)));"
)


class InteropError(Exception):
    """Raised if a program misreads the contract or can't be run. The message is the program's."""


def version(name: str) -> str:
    """Return the version of a program that `requirements/package.json` asks for."""
    versions: Mapping[str, str] = json.loads(_PACKAGES.read_text("utf-8"))["dependencies"]
    return versions[name]


def swagger_parser() -> None:
    """Validate the contract, and follow every reference in it.

    Raises:
        InteropError: The contract is not valid.
    """
    _run(["node", _copy(_VALIDATE), str(SPEC)])


def openapi_typescript() -> None:
    """Generate types from the contract, and check a program that uses them.

    Raises:
        InteropError: The types can't be generated, or the program does not compile with them.
    """
    _run([_command("openapi-typescript"), str(SPEC), "--output", "contract.d.ts"])
    _run([_command("tsc"), "--noEmit", "--strict", "--skipLibCheck", _copy(_USAGE)])


def prism() -> None:
    """Run a mock server made only from the contract, and take an element through its whole life cycle there.

    Raises:
        InteropError: The server does not start, or the client refuses one of its responses.
    """
    with _prism() as address, KlingElements("sk-interop", address) as kling:
        try:
            errors = life.find_problems(kling)
        except KlingError as error:
            raise InteropError(f"{type(error).__name__}: {error}") from error
    if errors:
        raise InteropError("\n".join(errors))


def openapi_overlays_js() -> None:
    """Apply the overlay of each gateway to the contract, as `make gen` does.

    Raises:
        InteropError: The results differ, and not by a known fault of the program.
    """
    contract = source()
    _write_json("contract.json", contract)
    problems = []
    for name, overlay in gateways.overlays().items():
        _write_json("overlay.json", overlay)
        _run(["node", "--input-type=module", "--eval", _APPLY, "contract.json", "overlay.json", "applied.json"])
        if not overlays.are_same((FOLDER / "applied.json").read_text("utf-8"), contract, overlay):
            problems.append(f"gateways/{name}.yaml: the result differs; see build/npm/applied.json")
    if problems:
        raise InteropError("\n".join(problems))


CHECKS: dict[str, Callable[[], None]] = {
    "@apidevtools/swagger-parser": swagger_parser,
    "openapi-overlays-js": openapi_overlays_js,
    "openapi-typescript": openapi_typescript,
    "@stoplight/prism-cli": prism,
}
"""The check of each program, by the name of its npm package."""


def _copy(program: Path) -> str:
    """Copy a program to the folder of the packages, where it finds its imports, and return its name."""
    (FOLDER / program.name).write_text(program.read_text("utf-8"), "utf-8")
    return program.name


def _command(name: str) -> str:
    return str(FOLDER / "node_modules" / ".bin" / name)


def _write_json(name: str, value: object) -> None:
    (FOLDER / name).write_text(json.dumps(value), "utf-8")


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(
            command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_MAX_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise InteropError(error.stdout.decode(errors="replace").strip()) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InteropError(f"{error}; `make interop` installs the programs with npm") from error


@contextmanager
def _prism() -> Iterator[str]:
    """Run the server on a free local port, and yield its address when it accepts connections."""
    port = _free_port()
    command = [_command("prism"), "mock", "--host", "127.0.0.1", "--port", str(port), str(SPEC)]
    with (FOLDER / "prism.log").open("wb") as log:
        try:
            process = subprocess.Popen(command, cwd=FOLDER, stdout=log, stderr=subprocess.STDOUT)
        except OSError as error:
            raise InteropError(f"{error}; `make interop` installs the programs with npm") from error
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _MAX_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise InteropError(
        f"the server did not start: {(FOLDER / 'prism.log').read_text('utf-8', errors='replace').strip()}"
    )
