"""The soak detects memory that grows, and clients that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_elements_client.errors import TransportError
from tools.bench import soak
from tools.bench.programs import calling

_MIB = 1024 * 1024


def test_growth_counts_from_the_second_minute_on() -> None:
    """Neither the first minute nor a single outlier counts."""
    minutes = [[10, 30, 50], [60, 60, 60], [61, 61, 900], [62, 62, 62]]

    assert 2 == soak.growth([sample for minute in minutes for sample in minute], 3)


@pytest.mark.parametrize(("grown", "is_flat"), [(2 * _MIB, True), (2 * _MIB + 1, False)])
def test_memory_may_grow_up_to_the_maximum(grown: int, is_flat: bool) -> None:  # noqa: FBT001 - a table's column
    """The summary shows each process's memory by the minute, and which process grew."""
    memory = {"one": [_MIB] * 6, "other": [_MIB, _MIB, 5 * _MIB, 5 * _MIB, 5 * _MIB + grown, 5 * _MIB + grown]}

    lines, flat = soak.summary(memory, 2, 2 * _MIB)

    assert is_flat is flat
    assert "one           1.0 1.0 1.0  after the first minute +0.00 MiB: flat" == lines[0]
    assert "other         1.0 5.0 7.0  after the first minute +2.00 MiB: " in lines[1]
    assert is_flat is lines[1].endswith("flat")


def test_both_clients_call_the_mock_server(capsys: pytest.CaptureFixture[str]) -> None:
    """The clients do so for the chosen time, and the soak watches every process."""
    options = ["--minutes", "3", "--rounds", "5", "--max-mib", "1000"]

    assert 0 == soak.main(options, samples_per_minute=2, minute_seconds=2)

    _, requests, *lines = capsys.readouterr().out.splitlines()
    assert 0 < int(requests.split()[0].replace(",", "")) <= 6 * 5 * 2 * 6 + 12
    assert ["mock server", "sync client", "async client"] == [line[:12].strip() for line in lines]


def test_a_client_that_fails_ends_the_soak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says what went wrong."""
    monkeypatch.setattr("tools.bench.pictures.write_png", lambda *_: tmp_path / "nowhere.png")

    assert 1 == soak.main(["--minutes", "3"], samples_per_minute=50, minute_seconds=20)

    assert "nowhere.png" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--minutes", "2"], ["--rounds", "0"]])
def test_invalid_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option."""
    with pytest.raises(SystemExit):
        soak.main(options)

    assert options[0] in capsys.readouterr().err


def test_only_a_refusal_is_ignored() -> None:
    """The client ends if the create fails for any other reason."""
    error = TransportError("gone", may_have_been_sent=True)
    with pytest.raises(TransportError):
        calling.expect_refusal(error)


def test_a_late_round_does_not_shorten_later_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace after a delay is that before it."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    waits = calling.waits({"rounds_per_second": 10, "seconds": 1})

    assert 0 == next(waits)
    assert 0.1 == pytest.approx(next(waits))
    now = 0.75
    assert [0.0, 0.1, 0.2] == [pytest.approx(next(waits)) for _ in range(3)]
