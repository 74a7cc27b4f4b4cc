"""If someone loosens a limit in the contract, client and mock server follow, and the tests of the rules fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.spec import ROOT, SPEC

pytestmark = pytest.mark.slow
_PACKAGES = ("kling_elements_runtime", "kling_elements", "contract_tests", "scripts")
_PARTS = (*_PACKAGES, "generated_client", "openapi", "conftest.py", "pyproject.toml")


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy of the project, which is imported instead of the installed package."""
    paths = os.pathsep.join(str(folder / name) for name in ("", "generated_client"))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTEST_ADDOPTS": ""}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_name_of_21_characters_is_accepted_everywhere_and_noticed(tmp_path: Path) -> None:
    """With `maxLength: 21`, client, mock server and oracle accept the name, and four tests fail."""
    for part in _PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        copy(ROOT / part, tmp_path / part)
    spec = tmp_path / SPEC.relative_to(ROOT)
    spec.write_text(spec.read_text("utf-8").replace("maxLength: 20\n", "maxLength: 21\n"), "utf-8")
    program = "contract_tests.support.programs.package_paths"
    used = _run(tmp_path, "-m", program, *_PACKAGES, "kling_elements_client").stdout.splitlines()
    assert 5 == len(used) == sum(Path(path).is_relative_to(tmp_path) for path in used), used
    assert 0 == _run(tmp_path, "-m", "scripts.codegen.generate").returncode

    options = ("-q", "-p", "no:cacheprovider", "--no-cov", "-k", "R04 and refused and 21")
    result = _run(tmp_path, "-m", "pytest", *options, "contract_tests/contract/test_rules.py")

    failed = set(
        re.findall(r"^FAILED \S+::(test_\w+)\[R04-refused-21 characters \(image\)\]", result.stdout, re.MULTILINE)
    )
    assert 1 == result.returncode, result.stdout
    expected = {
        "test_the_check_names_each_place_and_rule_of_a_refused_body",
        "test_the_client_does_not_send_a_refused_body",
        "test_the_mock_server_names_each_place_in_a_refused_body",
        "test_the_oracle_refuses_a_refused_body",
    }
    assert expected == failed, result.stdout
