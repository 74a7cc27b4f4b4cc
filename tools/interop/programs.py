"""The programs, and what each of them is asked. All are installed below `build/npm` by `scripts/npm.sh`."""

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
from scripts.spec import ROOT, SPEC
from tools.interop import life

FOLDER = ROOT / "build" / "npm"
_PACKAGES = ROOT / "requirements" / "package.json"
_USAGE = Path(__file__).with_name("usage.ts")
_LONGEST_SECONDS = 300  # of one program, on a machine that has much else to do
_PARSE = (
    'import parser from "@apidevtools/swagger-parser"; '
    "try { await parser.validate(process.argv[1]); } "
    "catch (error) { console.error(error.message); process.exit(1); }"
)


class InteropError(Exception):
    """A program does not read the contract as it is meant, or could not be run; the text is what it says."""


def version(name: str) -> str:
    """Return the version of a program that `requirements/package.json` asks for."""
    versions: Mapping[str, str] = json.loads(_PACKAGES.read_text("utf-8"))["dependencies"]
    return versions[name]


def swagger_parser() -> None:
    """Have the contract validated, and every reference in it followed.

    Raises:
        InteropError: It is found to be wrong.
    """
    _run(["node", "--input-type=module", "--eval", _PARSE, str(SPEC)])


def openapi_typescript() -> None:
    """Have types made of the contract, and check a program that uses them.

    Raises:
        InteropError: They cannot be made, or are not those that the program needs.
    """
    _run([_command("openapi-typescript"), str(SPEC), "--output", "contract.d.ts"])
    (FOLDER / _USAGE.name).write_text(_USAGE.read_text("utf-8"), "utf-8")
    _run([_command("tsc"), "--noEmit", "--strict", "--skipLibCheck", _USAGE.name])


def prism() -> None:
    """Have a mock server made of the contract alone, and lead an element through its whole life there.

    Raises:
        InteropError: The server does not start, or answers something that the client does not take.
    """
    with _prism() as address, KlingElements("sk-interop", address) as kling:
        try:
            found = life.problems(kling)
        except KlingError as error:
            raise InteropError(f"{type(error).__name__}: {error}") from error
    if found:
        raise InteropError("\n".join(found))


CHECKS: dict[str, Callable[[], None]] = {
    "@apidevtools/swagger-parser": swagger_parser,
    "openapi-typescript": openapi_typescript,
    "@stoplight/prism-cli": prism,
}
"""What each program is asked, by the name of its package."""


def _command(name: str) -> str:
    return str(FOLDER / "node_modules" / ".bin" / name)


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(
            command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_LONGEST_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise InteropError(error.stdout.decode(errors="replace").strip()) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InteropError(f"{error}; make interop installs what it needs by npm") from error


@contextmanager
def _prism() -> Iterator[str]:
    """Run the server on a free port of this machine; yield its address once it takes connections."""
    port = _free_port()
    command = [_command("prism"), "mock", "--host", "127.0.0.1", "--port", str(port), str(SPEC)]
    with (FOLDER / "prism.log").open("wb") as log:
        try:
            process = subprocess.Popen(command, cwd=FOLDER, stdout=log, stderr=subprocess.STDOUT)
        except OSError as error:
            raise InteropError(f"{error}; make interop installs what it needs by npm") from error
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
    end = time.monotonic() + _LONGEST_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise InteropError(f"it did not start: {(FOLDER / 'prism.log').read_text('utf-8', errors='replace').strip()}")
