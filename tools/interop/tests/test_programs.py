"""The programs run, and their messages are passed on. Shell scripts stand in for them here."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from scripts.codegen import gateways
from scripts.spec import ROOT, SPEC
from tools.interop import __main__ as command
from tools.interop import programs
from tools.interop.programs import InteropError


@pytest.fixture(autouse=True)
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder with the programs, empty and first on the path."""
    folder = tmp_path / "node_modules" / ".bin"
    folder.mkdir(parents=True)
    monkeypatch.setattr(programs, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def _write(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_versions_are_exact() -> None:
    """requirements/package.json contains one exact version of each program."""
    assert all(programs.version(name).replace(".", "").isdigit() for name in programs.CHECKS)


def test_the_contract_is_validated(bin_folder: Path, tmp_path: Path) -> None:
    """The parser's `validate` gets the contract's path, and its message is passed on."""
    _write(bin_folder, "node", 'printf "%s\\n" "$@" > arguments')
    programs.swagger_parser()
    assert f"validate.mjs\n{SPEC}\n" == (tmp_path / "arguments").read_text()
    assert "parser.validate(process.argv[2])" in (tmp_path / "validate.mjs").read_text()

    _write(bin_folder, "node", "echo must not have that; exit 1")
    with pytest.raises(InteropError, match=r"^must not have that$"):
        programs.swagger_parser()


def test_a_program_is_compiled_with_the_types(bin_folder: Path, tmp_path: Path) -> None:
    """The check is strict, and the compiler's message is passed on."""
    _write(bin_folder, "openapi-typescript", 'cp "$1" "$3"')
    _write(bin_folder, "tsc", 'test -e contract.d.ts && test -e usage.ts && printf "%s " "$@" > arguments')
    programs.openapi_typescript()
    assert "--noEmit --strict --skipLibCheck usage.ts " == (tmp_path / "arguments").read_text()
    assert SPEC.read_bytes() == (tmp_path / "contract.d.ts").read_bytes()

    _write(bin_folder, "tsc", "echo 'usage.ts(23,1): error TS2578'; exit 2")
    with pytest.raises(InteropError, match=r"^usage\.ts\(23,1\): error TS2578$"):
        programs.openapi_typescript()


def test_a_program_that_is_missing_or_hangs_is_an_error(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to install it."""
    for check in (programs.openapi_typescript, programs.prism):
        with pytest.raises(InteropError, match=r"No such file.*; `make interop` installs the programs with npm$"):
            check()
    _write(bin_folder, "node", "exec sleep 60")
    monkeypatch.setattr(programs, "_MAX_SECONDS", 0.01)
    with pytest.raises(InteropError, match="timed out"):
        programs.swagger_parser()


_APPLIER = """
import json, sys
from pathlib import Path
from kling_elements_runtime.overlays import apply
from tools.interop.overlays import _with_faults

contract, overlay = (json.loads(Path(name).read_bytes()) for name in sys.argv[4:6])
Path(sys.argv[6]).write_text(json.dumps({document}))
"""


def test_the_documents_of_gateways_are_compared(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without the known faults is reported too, so that the list of faults is kept short."""
    script = bin_folder / "applier.py"
    _write(bin_folder, "node", f'exec "{sys.executable}" "{script}" "$@"')
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'generated_client'}")

    script.write_text(_APPLIER.format(document="_with_faults(apply(contract, overlay), overlay)"))
    programs.openapi_overlays_js()

    script.write_text(_APPLIER.format(document="apply(contract, overlay)"))
    with pytest.raises(InteropError) as caught:
        programs.openapi_overlays_js()
    with_faults = {name for name in gateways.overlays() if name != "kkiai"}
    assert with_faults == set(re.findall(r"gateways/(.+?)\.yaml: the result differs", str(caught.value)))


_MOCK = f'exec "{sys.executable}" -m kling_elements.mock --port "$5"'


def test_an_element_goes_through_its_whole_life_on_the_server(bin_folder: Path) -> None:
    """The server listens on a local port and is stopped at the end. Our mock server stands in for it."""
    _write(bin_folder, "prism", f"echo $$ > pid; {_MOCK} --task-seconds 0.01-0.02")
    programs.prism()

    pid = int((programs.FOLDER / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_server_with_wrong_responses_is_an_error(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error contains the client's message, or the problems of the element's life."""
    _write(bin_folder, "prism", f"{_MOCK} --token another")
    with pytest.raises(InteropError, match=r"^AuthenticationError: .*code 1002"):
        programs.prism()
    monkeypatch.setattr("tools.interop.life.find_problems", lambda _: ["the library is empty"])
    with pytest.raises(InteropError, match=r"^the library is empty$"):
        programs.prism()


def test_a_server_that_does_not_start_is_an_error(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's output is passed on, whether it ends at once or never listens."""
    _write(bin_folder, "prism", "echo cannot read it; exit 1")
    with pytest.raises(InteropError, match=r"^the server did not start: cannot read it$"):
        programs.prism()
    _write(bin_folder, "prism", "exec sleep 60")
    monkeypatch.setattr(programs, "_MAX_SECONDS", 0.3)
    with pytest.raises(InteropError, match="the server did not start"):
        programs.prism()


def test_the_command_runs_all_programs_and_fails_if_one_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints each program with its version, and the message of a failure."""

    def fail() -> None:
        raise InteropError("not valid")

    monkeypatch.setattr(programs, "version", lambda _: "1.2.3")
    monkeypatch.setattr(programs, "CHECKS", {"bad": fail, "good": lambda: None})
    assert 1 == command.main()
    assert "bad 1.2.3: failed\nnot valid\ngood 1.2.3: ok\n" == capsys.readouterr().out

    monkeypatch.setattr(programs, "CHECKS", {"good": lambda: None})
    assert 0 == command.main()
