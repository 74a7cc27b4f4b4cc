"""Peers are installed once, and a missing tool is an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.bench import peers
from tools.bench.peers import PeerProgram
from tools.bench.processes import (
    BenchError,
)
from tools.bench.tests.script_peers import script_peer


def test_a_peer_that_cannot_be_installed_is_an_error(tmp_path: Path) -> None:
    """The error says whether the tool is missing or the installation failed."""
    absent = PeerProgram("absent", "1", "no-such-tool", [], "entry")
    failing = PeerProgram("failing", "1", sys.executable, [[sys.executable, "-c", "raise SystemExit(1)"]], "entry")

    with pytest.raises(BenchError, match=r"^not available: no-such-tool$"):
        absent.ensure_installed(tmp_path)
    with pytest.raises(BenchError, match=r"^not available: failing could not be installed$"):
        failing.ensure_installed(tmp_path)


def test_a_peer_is_installed_once(tmp_path: Path) -> None:
    """Leftovers of a failed attempt are removed."""
    peer = script_peer("#!/bin/sh\n")
    folder = tmp_path / "tool-1"
    folder.mkdir()
    (folder / "leftover").touch()

    first = peer.ensure_installed(tmp_path)
    before = first.stat().st_mtime_ns

    assert folder / "tool" == first == peer.ensure_installed(tmp_path)
    assert before == first.stat().st_mtime_ns
    assert ["tool"] == [path.name for path in folder.iterdir()]


def test_openapi_generator_makes_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator gets the folder and the package name as options."""
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "OPENAPI_GENERATOR", script_peer(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n'))

    folder = peers.make_openapi_generator_client(tmp_path)

    assert f"-o {folder} --package-name openapi_generator_client\n" in (tmp_path / "arguments").read_text()
