"""The experiments run with the current client and mock server, and return their figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.bench import peers
from tools.bench.experiments import EXPERIMENTS, OPENAPI_GENERATOR, OURS, STOCK, BenchInputs
from tools.bench.processes import (
    BenchError,
    announced_server,
)
from tools.bench.rows import ROWS
from tools.bench.tests.script_peers import script_peer


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
    """Importing the stock client must take longer than doing nothing."""
    with EXPERIMENTS["importing"].sides(inputs) as sides:
        assert sides[STOCK]()["cpu_ms"] > 0


def test_each_row_has_an_experiment_and_each_experiment_a_row() -> None:
    """Row names are unique, and each row has one target."""
    assert set(EXPERIMENTS) == {row.experiment for row in ROWS}
    assert len(ROWS) == len({row.name for row in ROWS})
    assert [row.name for row in ROWS if (row.ratio is None) == (row.value is None) or not row.target] == []


def test_a_server_that_checks_nothing_is_not_compared(inputs: BenchInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mock server that accepts every request would win."""
    monkeypatch.setattr(
        "tools.bench.experiments.mock_server", lambda: announced_server("tools.bench.fixed_response_server")
    )
    with (
        EXPERIMENTS["mock"].sides(inputs) as sides,
        pytest.raises(BenchError, match="answered 200 to a request that"),
    ):
        sides[OURS]()


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BenchInputs:
    """Return inputs whose peers are scripts that fail."""
    monkeypatch.setattr(peers, "FOLDER", tmp_path / "installed")
    for name in ("PRISM", "OPENAPI_GENERATOR"):
        monkeypatch.setattr(peers, name, script_peer("#!/bin/sh\nexit 1\n"))
    (tmp_path / "scratch").mkdir()
    return BenchInputs(tmp_path / "scratch", effort=0.01)


def test_prism_and_openapi_generator_may_fail(no_tools: BenchInputs) -> None:
    """The table gives the reason. A client that could not be generated is not tried again."""
    with EXPERIMENTS["mock"].sides(no_tools) as sides, pytest.raises(BenchError, match="did not start"):
        sides["Prism"]()
    for name in ("importing", "building"):
        with (
            EXPERIMENTS[name].sides(no_tools) as sides,
            pytest.raises(BenchError, match=r"^openapi-generator failed$"),
        ):
            sides[OPENAPI_GENERATOR]()


def test_prism_gets_the_same_load(no_tools: BenchInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prism gets its port as an option, and the load once it listens. Our mock server stands in for it."""
    script = f'#!/bin/sh\nexec {sys.executable} -m kling_elements.mock --port "$5"\n'
    monkeypatch.setattr(peers, "PRISM", script_peer(script))

    with EXPERIMENTS["mock"].sides(no_tools) as sides:
        assert {"responses_per_second"} == set(sides["Prism"]())
