"""The benchmark measures what it claims, reports what it can't measure, and works with the current client."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tools.bench import __main__ as command
from tools.bench import load, peers, report
from tools.bench.experiments import EXPERIMENTS, OPENAPI_GENERATOR, OURS, STOCK, BenchInputs, Experiment
from tools.bench.measuring import Line, line_of, measure
from tools.bench.peers import PeerProgram
from tools.bench.processes import (
    BenchError,
    announced_server,
    answering,
    environment,
    measure_process,
    run_program,
    serving,
)
from tools.bench.programs import clients
from tools.bench.programs.figures import require
from tools.bench.programs.growth import exponent
from tools.bench.rows import ROWS, BenchRow

_ROW = BenchRow(name="wall", title="something", experiment="some", figure="wall_ms", ratio=0.5)
_VALUE = BenchRow(name="own", title="something", experiment="some", figure="wall_ms", value=15)
_RATE = BenchRow(
    name="rate",
    title="many",
    experiment="some",
    figure="responses_per_second",
    ratio=5,
    more_is_better=True,
    peer="Prism",
)
_LOAD = {"path": "/", "body": "{}", "connections": 1, "warm_up_seconds": 0.5, "seconds": 5}


def _line(
    row: BenchRow, ours: float | None, peer: float | None, *, generator: float | None = None, why: str = ""
) -> Line:
    figures = {OURS: ours, row.peer: peer, OPENAPI_GENERATOR: generator}
    values = {side: [figure] for side, figure in figures.items() if figure is not None}
    return Line(row, values, {row.peer: why} if why else {})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> BenchInputs:
    """Return a inputs that does a hundredth of the work."""
    return BenchInputs(tmp_path_factory.mktemp("bench"), effort=0.01)


@contextmanager
def _answering_server(response: bytes) -> Iterator[int]:
    """Run a server that sends this response to anything it receives and closes the connection; yield its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(response)

    with ExitStack() as stack:
        server = stack.enter_context(socketserver.TCPServer(("127.0.0.1", 0), Handler))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield server.server_address[1]


@pytest.mark.parametrize(
    ("name", "side", "figures"),
    [
        ("sending-sync", OURS, {"wall_ms", "peak"}),
        ("sending-sync", STOCK, {"wall_ms", "peak"}),
        ("sending-async", OURS, {"wall_ms", "peak", "blocked_ms"}),
        ("sending-tls", OURS, {"wall_ms", "peak"}),
        ("check-large", OURS, {"memcpy_ms", "held", "encoded", "files"}),
        ("check-large", "regular expression", {"memcpy_ms", "held"}),
        ("headers", OURS, {"header_ms"}),
        ("headers", "decoding all", {"header_ms"}),
        ("starting", OURS, {"cpu_ms", "wall_ms"}),
        ("building", OURS, {"cpu_ms", "wall_ms"}),
        ("building", STOCK, {"cpu_ms", "wall_ms"}),
        ("small", OURS, {"cpu_us"}),
        ("small-in-process", OURS, {"cpu_us"}),
        ("small-in-process", STOCK, {"cpu_us"}),
        ("check-small", OURS, {"check_us"}),
        ("check-small", "python-jsonschema", {"check_us"}),
        ("mock", OURS, {"responses_per_second"}),
        ("generating", OURS, {"cpu_ms", "wall_ms"}),
        ("generating", STOCK, {"cpu_ms", "wall_ms"}),
        ("cases", OURS, {"cases_per_second"}),
        ("growth", OURS, {"exponent"}),
    ],
)
def test_each_experiment_returns_its_figures(inputs: BenchInputs, name: str, side: str, figures: set[str]) -> None:
    """The programs run with the current client and mock server."""
    with EXPERIMENTS[name].sides(inputs) as sides:
        measured = sides[side]()

    assert figures == set(measured)
    assert all(isinstance(figure, float) for figure in measured.values())


def test_importing_is_measured_relative_to_an_empty_run(inputs: BenchInputs) -> None:
    """Importing the stock client takes longer than doing nothing."""
    with EXPERIMENTS["importing"].sides(inputs) as sides:
        assert sides[STOCK]()["cpu_ms"] > 0


def test_each_row_has_an_experiment_and_each_experiment_a_row() -> None:
    """No experiment is unused, row names are unique, and each row has one target in words."""
    assert set(EXPERIMENTS) == {row.experiment for row in ROWS}
    assert len(ROWS) == len({row.name for row in ROWS})
    assert [row.name for row in ROWS if (row.ratio is None) == (row.value is None) or not row.target] == []


def test_processes_run_in_turns_and_the_first_of_each_does_not_count(inputs: BenchInputs) -> None:
    """Disturbances of the machine affect all sides, and one-time work affects none."""
    ran: list[str] = []

    def side(name: str) -> Callable[[], dict[str, float]]:
        def run() -> dict[str, float]:
            ran.append(name)
            return {"wall_ms": float(len(ran))}

        return run

    sides = {STOCK: side("stock"), OURS: side("ours")}
    line = line_of(_ROW, measure(Experiment("some", lambda _: nullcontext(sides), repeats=2), inputs, 1))

    assert ["stock", "ours"] * 3 == ran
    assert {STOCK: [3.0, 5.0], OURS: [4.0, 6.0]} == line.values
    assert (5.0, 4.0) == (line.ours, line.peer)


def test_a_side_that_fails_is_skipped_and_reported(inputs: BenchInputs) -> None:
    """A side that fails after a success is also dropped; the others continue."""
    left = iter([1.0])

    def failing() -> dict[str, float]:
        for figure in left:
            return {"wall_ms": figure}
        raise BenchError("it broke")

    sides = {STOCK: failing, OURS: lambda: {"wall_ms": 2.0}}
    line = line_of(_ROW, measure(Experiment("some", lambda _: nullcontext(sides)), inputs, 3))

    assert (2.0, None, None, None) == (line.ours, line.peer, line.ratio, line.is_met)
    assert {STOCK: "it broke"} == line.reasons
    assert {OURS: [2.0, 2.0, 2.0]} == line.values


@pytest.mark.parametrize(
    ("is_met", "line"),
    [
        (True, _line(_ROW, 50.0, 100.0)),
        (False, _line(_ROW, 50.1, 100.0)),
        (None, _line(_ROW, 1.0, None)),
        (None, _line(_ROW, None, 1.0)),
        (True, _line(_VALUE, 15.0, None)),
        (False, _line(_VALUE, 15.1, 900.0)),
        (True, _line(_RATE, 500.0, 100.0)),
        (False, _line(_RATE, 499.0, 100.0)),
    ],
)
def test_a_target_is_met_at_its_limit(is_met: bool | None, line: Line) -> None:  # noqa: FBT001 - a table's column
    """A ratio needs a peer, a value of our own does not."""
    assert is_met is line.is_met


def test_the_table_shows_every_figure_and_every_reason() -> None:
    """A figure that could not be measured is a dash, with the reason below the table."""
    lines = [
        _line(_ROW, 61.66, 705.4, generator=1234.5),
        _line(_VALUE, 20.0, None, why="not available: node"),
        _line(_RATE, None, 3.0),
    ]

    shown = [row.split() for row in report.table(lines).splitlines()]

    assert ["wall", "something", "stock", "705", "ms", "1,234", "ms", "61.7", "ms", "0.0874", "<=", "0.5", "met"] == (
        shown[2]
    )
    assert ["own", "something", "stock", "-", "-", "20", "ms", "-", "<=", "15", "ms", "MISSED"] == shown[3]
    assert ["rate", "many", "Prism", "3", "/s", "-", "-", "-", ">=", "5", "not", "measured"] == shown[4]
    assert "own: stock: not available: node" == report.table(lines).splitlines()[-1]
    assert "not available" not in report.table(lines[:1])


def test_the_json_has_every_figure_and_nothing_that_identifies_the_machine() -> None:
    """The JSON contains neither paths nor the names of the machine and the user."""
    document = report.to_json([_line(_ROW, 1.0, 2.0)], 5)
    text = json.dumps(document)

    assert {
        "name": "wall",
        "title": "something",
        "unit": "ms",
        "peer": "stock",
        "medians": {"peer": 2.0, "openapi-generator": None, "ours": 1.0},
        "ratio": 0.5,
        "target": {"limit": 0.5, "of": "ratio", "at": "most"},
        "met": True,
        "values": {"ours": [1.0], "stock": [2.0]},
        "not_measured": {},
    } == document["rows"][0]
    assert "0.29.1" == document["versions"]["openapi-python-client"]
    assert os.cpu_count() == document["machine"]["cores"]
    assert [] == [word for word in (os.uname().nodename, str(Path.cwd()), str(Path.home())) if word in text]


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--only`, only that row is measured."""
    json_file = tmp_path / "new" / "bench.json"
    options = ["--only", "check-small", "--processes", "1", "--effort", "0.01"]

    assert 0 == command.main([*options, "--json", str(json_file)])

    table = capsys.readouterr().out.splitlines()
    assert ["row", "check-small"] == [table[0].split()[0], table[2].split()[0]]
    assert ["check-small"] == [row["name"] for row in json.loads(json_file.read_text("utf-8"))["rows"]]


def test_the_command_fails_if_ours_could_not_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and the output says why."""

    def broken() -> dict[str, float]:
        raise BenchError("it broke")

    sides = {OURS: broken}
    monkeypatch.setitem(EXPERIMENTS, "check-small", Experiment("check-small", lambda _: nullcontext(sides)))

    assert 1 == command.main(["--only", "check-small", "--json", str(tmp_path / "bench.json")])
    assert "check-small: ours: it broke" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--processes", "0"], ["--effort", "0"], ["--effort", "2"], ["--only", "nothing"]])
def test_invalid_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option."""
    with pytest.raises(SystemExit):
        command.main(options)

    assert options[0] in capsys.readouterr().err


def test_a_failing_program_is_reported_by_its_last_line() -> None:
    """A traceback would be of no use in a table."""
    with pytest.raises(BenchError, match=r"failed with exit code 1: KeyError: 'nothing'$"):
        run_program("small", {"url": None, "client": "nothing"})
    with pytest.raises(BenchError, match=r"failed with exit code 3: no message$"):
        measure_process([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(BenchError, match=r"^nowhere: FileNotFoundError$"):
        measure_process(["/nowhere"])


def test_measured_processes_see_neither_proxies_nor_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would be measured too, and measured processes must not see your token."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    monkeypatch.setenv("KLING_API_KEY", "secret-token")
    monkeypatch.setenv("KEPT", "yes")

    seen = environment([Path("one"), Path("two")])

    assert {"HTTPS_PROXY", "KLING_API_KEY"} & seen.keys() == set()
    assert ("yes", f"one{os.pathsep}two") == (seen["KEPT"], seen["PYTHONPATH"])


def test_a_program_ends_if_a_condition_does_not_hold() -> None:
    """The duration of a refusal must not count as that of a success."""
    require(holds=True, why="nothing")
    with pytest.raises(SystemExit, match="the body was refused"):
        require(holds=False, why="the body was refused")


def test_a_server_that_does_not_start_is_an_error() -> None:
    """The benchmark stops waiting when the server has ended."""
    with ExitStack() as stack:
        with pytest.raises(BenchError, match=r"^the server did not start$"):
            stack.enter_context(serving([sys.executable, "-c", "pass"]))
        with pytest.raises(BenchError, match=r"^json\.tool did not start$"):
            stack.enter_context(announced_server("json.tool", "/nowhere"))


def test_the_server_for_clients_reads_bodies_of_any_size(inputs: BenchInputs) -> None:
    """A connection serves several requests; if a body breaks off, the connection ends."""
    authority, key = inputs.certificates
    tls = ssl.create_default_context(cafile=str(authority))
    with answering(str(key)) as port, httpx.Client(verify=tls, trust_env=False) as client:
        for size in (0, 1, 3_000_000):
            response = client.post(f"https://127.0.0.1:{port}", content=bytes(size))
            assert "submitted" == response.json()["data"]["task_status"]
    with answering() as port:
        with socket.create_connection(("127.0.0.1", port)) as breaking_off:
            breaking_off.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort")
            breaking_off.shutdown(socket.SHUT_WR)
            assert b"" == breaking_off.recv(1)
        assert {"responses_per_second"} == set(run_program("tools.bench.load", {**_LOAD, "port": port, "seconds": 0.1}))


def test_a_response_counts_once_it_is_complete() -> None:
    """The next request is sent then, however many pieces the response came in."""
    failed: Any = None  # never looked at unless a response is wrong
    connection = load.Connection(b"request", failed)
    sent: list[bytes] = []
    connection.connection_made(SimpleNamespace(write=sent.append))

    progress = []
    for piece in (b"HTTP/1.1 200 OK\r\ncontent-", b"length: 4\r\n\r\n", b"{", b"  }"):
        connection.data_received(piece)
        progress.append((connection.responses, len(sent)))

    assert [(0, 1), (0, 1), (0, 1), (1, 2)] == progress


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "answered b'HTTP/1.1 503 Busy"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "sent more than one response to a request"),
        (b"HTTP/1.1 200 OK\r\n", "closed a connection"),
    ],
)
def test_under_load_each_response_must_be_a_success(response: bytes, reason: str) -> None:
    """Otherwise refusals would count as work."""
    with (
        _answering_server(response) as port,
        pytest.raises(BenchError, match=f"WrongResponseError: the server {reason}"),
    ):
        run_program("tools.bench.load", {**_LOAD, "port": port})


def test_a_server_that_checks_nothing_is_not_compared(inputs: BenchInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mock server that accepts everything would be fast."""
    monkeypatch.setattr(
        "tools.bench.experiments.mock_server", lambda: announced_server("tools.bench.fixed_response_server")
    )
    with (
        EXPERIMENTS["mock"].sides(inputs) as sides,
        pytest.raises(BenchError, match="answered 200 to a request that"),
    ):
        sides[OURS]()


def test_a_peer_that_cannot_be_installed_is_an_error(tmp_path: Path) -> None:
    """The error says whether the tool is missing or the installation failed."""
    absent = PeerProgram("absent", "1", "no-such-tool", [], "entry")
    failing = PeerProgram("failing", "1", sys.executable, [[sys.executable, "-c", "raise SystemExit(1)"]], "entry")

    with pytest.raises(BenchError, match=r"^not available: no-such-tool$"):
        absent.ensure_installed(tmp_path)
    with pytest.raises(BenchError, match=r"^not available: failing could not be installed$"):
        failing.ensure_installed(tmp_path)


def _script_peer(script: str) -> PeerProgram:
    """Return a peer that is a shell script."""
    code = f"import pathlib; p = pathlib.Path(r'{{folder}}/tool'); p.write_text({script!r}); p.chmod(0o755)"
    return PeerProgram("tool", "1", sys.executable, [[sys.executable, "-c", code]], "tool")


def test_a_peer_is_installed_once(tmp_path: Path) -> None:
    """Leftovers of a failed attempt are removed."""
    peer = _script_peer("#!/bin/sh\n")
    folder = tmp_path / "tool-1"
    folder.mkdir()
    (folder / "leftover").touch()

    first = peer.ensure_installed(tmp_path)
    before = first.stat().st_mtime_ns

    assert folder / "tool" == first == peer.ensure_installed(tmp_path)
    assert before == first.stat().st_mtime_ns
    assert ["tool"] == [path.name for path in folder.iterdir()]


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BenchInputs:
    """Return a inputs whose peers are scripts that fail."""
    monkeypatch.setattr(peers, "FOLDER", tmp_path / "installed")
    for name in ("PRISM", "OPENAPI_GENERATOR"):
        monkeypatch.setattr(peers, name, _script_peer("#!/bin/sh\nexit 1\n"))
    (tmp_path / "scratch").mkdir()
    return BenchInputs(tmp_path / "scratch", effort=0.01)


def test_prism_and_openapi_generator_may_fail(no_tools: BenchInputs) -> None:
    """The table says why a peer failed, and a client that could not be made is not tried again."""
    with EXPERIMENTS["mock"].sides(no_tools) as sides, pytest.raises(BenchError, match="did not start"):
        sides["Prism"]()
    for name in ("importing", "building"):
        with (
            EXPERIMENTS[name].sides(no_tools) as sides,
            pytest.raises(BenchError, match=r"^openapi-generator failed$"),
        ):
            sides[OPENAPI_GENERATOR]()


def test_prism_gets_the_same_load(no_tools: BenchInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prism gets its port as an option and its load once it accepts connections. Our mock server replaces it here."""
    script = f'#!/bin/sh\nexec {sys.executable} -m kling_elements.mock --port "$5"\n'
    monkeypatch.setattr(peers, "PRISM", _script_peer(script))

    with EXPERIMENTS["mock"].sides(no_tools) as sides:
        assert {"responses_per_second"} == set(sides["Prism"]())


def test_openapi_generator_makes_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator gets the folder and the package name as options."""
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "OPENAPI_GENERATOR", _script_peer(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n'))

    made = peers.make_openapi_generator_client(tmp_path)

    assert f"-o {made} --package-name openapi_generator_client\n" in (tmp_path / "arguments").read_text()


def test_the_client_of_openapi_generator_is_imported_if_it_exists() -> None:
    """The generated client does not exist here, so the import fails."""
    with pytest.raises(ModuleNotFoundError, match="openapi_generator_client"):
        clients.make("openapi-generator")


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_growth_is_described_by_its_exponent(power: float) -> None:
    """If the costs follow a power of the size, the exponent is that power."""
    sizes: list[Any] = [1, 2, 4, 8]

    assert power == pytest.approx(exponent(sizes, [3 * size**power for size in sizes]))
