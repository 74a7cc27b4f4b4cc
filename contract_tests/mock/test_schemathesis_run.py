"""Schemathesis as its users run it, with every check and phase, against the mock server on a real socket."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_runtime.contract import Contract
from scripts.spec import ROOT

pytestmark = pytest.mark.slow
_TOKEN = "test-token"
_CONFIG = ROOT / "contract_tests" / "support" / "schemathesis.toml"


@contextmanager
def _serving(gateway: str) -> Iterator[MockGateway]:
    """Serve a gateway that accepts only one token."""
    app = create_app(_TOKEN, tick_seconds=0, unique_external_ids=False, callbacks=False, gateway=gateway)
    with serving(app) as served:
        yield served


def _with_bodies_of_links(contract: Contract) -> Any:
    """Return a contract with the body of its link to a deletion, which other tools don't accept in a file."""
    document = copy.deepcopy(contract.document())
    look_up = contract.operation("getElement")
    link = document["paths"][look_up.path][look_up.method]["responses"]["200"]["links"]["delete"]
    link["requestBody"] = {"element_id": "$response.body#/data/task_result/elements/0/element_id"}
    return document


def _run(server: MockGateway, folder: Path, *options: str, token: str = _TOKEN) -> subprocess.CompletedProcess[str]:
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    spec = folder / "openapi.json"
    spec.write_text(json.dumps(_with_bodies_of_links(server.app.contract)), "utf-8")
    command = [schemathesis, "--config-file", str(_CONFIG), "run", str(spec), "--url", server.url]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", "all", "--no-color", *options]
    # it recognizes only DELETE as a deletion; generation.py has a check instead
    command += ["--exclude-checks", "ensure_resource_availability"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "contract_tests.support.generation", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("gateway", "examples", "min_cases"),
    [("kkiai", 100, 1_000), ("kling-singapore", 20, 200), ("presets-by-post", 20, 200)],  # the others: what differs
)
def test_a_run_with_every_check_and_phase_finds_nothing(
    tmp_path: Path, gateway: str, examples: int, min_cases: int
) -> None:
    """All phases run many cases without a failure or a warning.

    The scenarios follow the links from a create to a look-up to a deletion, so elements end up deleted.
    """
    with _serving(gateway) as server:
        phases = "examples,coverage,fuzzing,stateful"
        result = _run(server, tmp_path, "--phases", phases, "--max-examples", str(examples))
        deleted = [task for task in server.tasks() if task["deleted"]]

    assert 0 == result.returncode, result.stdout + result.stderr
    assert "warning" not in result.stdout.lower()
    finished = re.findall(r"✅  (Examples|Coverage|Fuzzing|Stateful) \(in ", result.stdout)
    assert ["Examples", "Coverage", "Fuzzing", "Stateful"] == finished, result.stdout
    assert "API Links:    2 covered / 2 selected / 2 total" in result.stdout
    (cases,) = re.findall(r"(\d+) generated, \d+ passed", result.stdout) or ["0"]
    assert int(cases) >= min_cases, result.stdout
    assert len(deleted) >= examples // 10


def test_a_run_with_a_wrong_token_fails(tmp_path: Path) -> None:
    """Every response is 401."""
    with _serving("kkiai") as server:
        result = _run(server, tmp_path, "--phases", "examples", token="wrong")

    assert 1 == result.returncode
    assert "401" in result.stdout
