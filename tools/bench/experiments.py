"""The experiments that the table shows. Each side of an experiment runs in fresh processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import trustme

from kling_elements_client import contract
from scripts.spec import ROOT, SPEC
from tools.bench import peers, pictures
from tools.bench.processes import BenchError, Figures, answering, measure_process, mock_server, run_program, serving
from tools.bench.programs import clients

OURS = "ours"
STOCK = "stock"
OPENAPI_GENERATOR = "openapi-generator"

Sides = Mapping[str, Callable[[], Figures]]

_SIZES_MB = (1, 2, 4, 8, 16, 32, 40)
_IMAGE_COUNT = 4


class BenchInputs:
    """The inputs of a run, each created on first use: clients of the peers, files and certificates.

    Attributes:
        effort: The fraction of the full work to do, from 0 to 1.
    """

    def __init__(self, scratch: Path, effort: float = 1) -> None:
        """Create the inputs in an empty folder."""
        self.effort = effort
        self._scratch = scratch
        self._clients: dict[str, Path | BenchError] = {}
        self._numbers = count()

    def client(self, side: str) -> list[Path]:
        """Return the folders from which to import the client of a side.

        Raises:
            BenchError: The client could not be generated. Later calls raise the same error without trying again.
        """
        makers = {STOCK: peers.make_stock_client, OPENAPI_GENERATOR: peers.make_openapi_generator_client}
        if side not in makers:
            return []
        if side not in self._clients:
            try:
                self._clients[side] = makers[side](self._scratch)
            except BenchError as error:
                self._clients[side] = error
        client = self._clients[side]
        if isinstance(client, BenchError):
            raise client
        return [client]

    def unused_path(self) -> Path:
        """Return a path that does not exist yet."""
        return self._scratch / f"unused-{next(self._numbers)}"

    def repetitions(self, at_full_effort: int) -> int:
        """Return how often to repeat an action, given the number of times at full effort."""
        return max(round(at_full_effort * self.effort), 1)

    @cached_property
    def image_bytes(self) -> int:
        """The size of the image files in bytes: the contract's maximum, at full effort."""
        limits = contract.document()["components"]["schemas"]["ImageBase64"]["x-image"]
        max_bytes: int = limits["file-size"]["max-bytes"]
        return max(round(max_bytes * self.effort), pictures.MIN_PNG_BYTES)

    @cached_property
    def png(self) -> Path:
        """A PNG file of `image_bytes`."""
        return pictures.write_png(self._scratch / "largest.png", self.image_bytes)

    @cached_property
    def jpeg(self) -> Path:
        """A JPEG file of `image_bytes`."""
        return pictures.write_jpeg(self._scratch / "largest.jpg", self.image_bytes)

    def png_of(self, size_mb: float) -> Path:
        """Return a PNG file of the given size in MB."""
        size = max(round(size_mb * self.effort * 1e6), pictures.MIN_PNG_BYTES)
        return pictures.write_png(self._scratch / f"{size_mb}.png", size)

    @cached_property
    def certificates(self) -> tuple[Path, Path]:
        """The paths of the certificate authority, and of the server's key with its certificates."""
        authority, paths = trustme.CA(), (self._scratch / "ca.pem", self._scratch / "server.pem")
        authority.cert_pem.write_to_path(paths[0])
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(paths[1])
        return paths


@dataclass(frozen=True)
class Experiment:
    """A comparison of several sides.

    Attributes:
        name: The name, as in the rows.
        sides: Prepares the inputs of the sides, and yields a function for each side, which returns its figures.
        repeats: How often each side runs for each requested process: more than once if a run is short.
    """

    name: str
    sides: Callable[[BenchInputs], AbstractContextManager[Sides]]
    repeats: int = 1


@contextmanager
def _prepare_sending(inputs: BenchInputs, *, mode: str, tls: bool = False) -> Iterator[Sides]:
    authority, key = inputs.certificates if tls else (None, None)
    with answering(*([str(key)] if tls else [])) as port:
        settings = {
            "url": f"{'https' if tls else 'http'}://127.0.0.1:{port}",
            "ca": str(authority) if tls else None,
            "files": [str(inputs.png)] * _IMAGE_COUNT,
            "body_bytes": _IMAGE_COUNT * len(clients.text_of(inputs.png)),
            "mode": mode,
        }
        # The client of openapi-generator is only synchronous.
        sides = (STOCK, OURS, OPENAPI_GENERATOR) if mode == "sync" else (STOCK, OURS)
        yield {name: partial(_run_client_program, inputs, "sending", name, settings) for name in sides}


def _run_client_program(inputs: BenchInputs, program: str, side: str, settings: Mapping[str, Any]) -> Figures:
    return run_program(program, {**settings, "client": side}, inputs.client(side))


@contextmanager
def _prepare_small(inputs: BenchInputs) -> Iterator[Sides]:
    with answering() as port:
        settings = {"url": f"http://127.0.0.1:{port}", "times": inputs.repetitions(1_000)}
        sides = (STOCK, OURS, OPENAPI_GENERATOR)
        yield {name: partial(_run_client_program, inputs, "small", name, settings) for name in sides}


@contextmanager
def _prepare_small_in_process(inputs: BenchInputs) -> Iterator[Sides]:
    # The client of openapi-generator has no transport that could replace the network.
    yield {
        name: partial(_run_client_program, inputs, "small", name, {"url": None, "times": inputs.repetitions(2_000)})
        for name in (STOCK, OURS)
    }


@contextmanager
def _prepare_growth(inputs: BenchInputs) -> Iterator[Sides]:
    files = [(size, str(inputs.png_of(size / _IMAGE_COUNT / 4 * 3))) for size in _SIZES_MB]
    with answering() as port:
        settings = {"url": f"http://127.0.0.1:{port}", "pictures": files}
        yield {name: partial(_run_client_program, inputs, "growth", name, settings) for name in (STOCK, OURS)}


@contextmanager
def _prepare_importing(inputs: BenchInputs) -> Iterator[Sides]:
    packages = {STOCK: "stock_client", OURS: "kling_elements_client", OPENAPI_GENERATOR: "openapi_generator_client"}
    yield {
        side: partial(_measure_beyond_empty_run, inputs, side, ["-c", f"import {name}"])
        for side, name in packages.items()
    }


@contextmanager
def _prepare_starting(inputs: BenchInputs) -> Iterator[Sides]:
    # No peer has a command line, so the row compares with an empty run only.
    yield {OURS: partial(_measure_beyond_empty_run, inputs, OURS, ["-m", "kling_elements.cli", "--version"])}


@contextmanager
def _prepare_building(inputs: BenchInputs) -> Iterator[Sides]:
    programs = {STOCK: "build_stock", OURS: "build_ours", OPENAPI_GENERATOR: "build_openapi_generator"}
    folder = ROOT / "tools" / "bench" / "programs"
    yield {
        side: partial(_measure_beyond_empty_run, inputs, side, ["-P", str(folder / f"{name}.py")])
        for side, name in programs.items()
    }


def _measure_beyond_empty_run(inputs: BenchInputs, side: str, arguments: list[str]) -> Figures:
    """Return the figures of a Python command, minus those of an empty run."""
    folders = inputs.client(side)
    empty = measure_process([sys.executable, "-c", "pass"], folders)
    figures = measure_process([sys.executable, *arguments], folders)
    return {name: figures[name] - empty[name] for name in figures}


@contextmanager
def _prepare_check_large(inputs: BenchInputs) -> Iterator[Sides]:
    files = [str(inputs.png)] * _IMAGE_COUNT
    yield {by: partial(run_program, "check_large", {"by": by, "files": files}) for by in ("regular expression", OURS)}


@contextmanager
def _prepare_headers(inputs: BenchInputs) -> Iterator[Sides]:
    files = [str(inputs.png), str(inputs.jpeg)]
    yield {by: partial(run_program, "headers", {"by": by, "files": files}) for by in ("decoding all", OURS)}


@contextmanager
def _prepare_check_small(inputs: BenchInputs) -> Iterator[Sides]:
    yield {
        by: partial(run_program, "check_small", {"by": by, "times": inputs.repetitions(2_000)})
        for by in ("python-jsonschema", OURS)
    }


@contextmanager
def _prepare_mock(inputs: BenchInputs) -> Iterator[Sides]:
    def prism() -> Figures:
        command = [
            str(peers.PRISM.ensure_installed()),
            "mock",
            "--verboseLevel",
            "silent",
            "--port",
            "{port}",
            str(SPEC),
        ]
        with serving(command) as port:
            return _measure_under_load(inputs, port)

    def ours() -> Figures:
        with mock_server() as (port, _):
            return _measure_under_load(inputs, port)

    yield {"Prism": prism, OURS: ours}


def _measure_under_load(inputs: BenchInputs, port: int) -> Figures:
    """Return the number of creates per second that a server handles."""
    path = contract.operation("createElement").path
    headers = {"Authorization": f"Bearer {clients.TOKEN}"}
    body = clients.body(*clients.IMAGE_URLS)
    wrong = {**body, "element_name": ""}
    response = httpx.post(f"http://127.0.0.1:{port}{path}", json=wrong, headers=headers, trust_env=False)
    if response.status_code != httpx.codes.BAD_REQUEST:
        raise BenchError(
            f"the server answered {response.status_code} to a request that breaks the contract, so it checks nothing"
        )
    settings = {"port": port, "path": path, "body": json.dumps(body), "connections": 16}
    settings |= {"warm_up_seconds": inputs.effort, "seconds": 4 * inputs.effort}
    return run_program("tools.bench.load", settings)


@contextmanager
def _prepare_generating(inputs: BenchInputs) -> Iterator[Sides]:
    def ours() -> Figures:
        return measure_process(
            [sys.executable, "-m", "scripts.codegen.generate", "--target", str(inputs.unused_path())]
        )

    yield {STOCK: lambda: measure_process(peers.stock_command(inputs.unused_path())), OURS: ours}


@contextmanager
def _prepare_cases(inputs: BenchInputs) -> Iterator[Sides]:
    def program(*, is_checked: bool) -> Figures:
        return run_program("cases", {"is_checked": is_checked, "bodies": inputs.repetitions(100)})

    yield {"only Schemathesis": partial(program, is_checked=False), OURS: partial(program, is_checked=True)}


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment("sending-sync", partial(_prepare_sending, mode="sync")),
        Experiment("sending-async", partial(_prepare_sending, mode="async")),
        Experiment("sending-tls", partial(_prepare_sending, mode="sync", tls=True)),
        Experiment("check-large", _prepare_check_large),
        Experiment("headers", _prepare_headers),
        Experiment("importing", _prepare_importing, repeats=5),
        Experiment("starting", _prepare_starting),
        Experiment("building", _prepare_building, repeats=3),
        Experiment("small", _prepare_small),
        Experiment("small-in-process", _prepare_small_in_process),
        Experiment("check-small", _prepare_check_small),
        Experiment("mock", _prepare_mock),
        Experiment("generating", _prepare_generating),
        Experiment("cases", _prepare_cases),
        Experiment("growth", _prepare_growth),
    )
}
