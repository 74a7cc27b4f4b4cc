"""Planted faults: the table fits the code, and the output shows which faults were caught and which were not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from multiprocessing import Pipe
from pathlib import Path

import pytest

from scripts.spec import ROOT
from tools.mutate import planted_faults
from tools.mutate.fault_table import PlantedFault, load
from tools.mutate.planted_faults import FaultRun, main, send_verdict
from tools.mutate.planting import Fate, FaultResult

_FAULTS = load()

# A tiny project: one module, a test of half of it, and possible mistakes in it.
_MODULE = """
def double(number):
    return 2 * number

def negative(number):
    return -number
"""
_TESTS = """
import arithmetic

def test_double():
    assert arithmetic.double(2) == 4

def test_nothing():
    pass
"""
_TESTS_AT_ONCE = "import arithmetic\nassert arithmetic.negative(1) == -1\ndef test_nothing(): pass\n"
_TABLE = """
one:
  three-times: {find: 2 * number, put: 3 * number, tests: [test_double]}
  not-negative: {find: -number, put: number, tests: ["test_at_once.py::test_nothing"]}
other:
  nobody-looks: {find: -number, put: number, tests: [test_double, "test_it.py::test_nothing"]}
  misspelt: {find: 2 * number, put: 2 * nubmer, tests: [test_double]}
  no-python: {find: 2 * number, put: 2 *, tests: [test_double]}
  not-imported: {find: ONE = 1, put: ONE = 2, tests: [test_double]}
  ends-the-process: {find: 2 * number, put: __import__("os")._exit(0), tests: [test_double]}
"""
_GOOD = "{find: 2 * number, put: 3 * number, tests: [test_double]}"
_NO_PYTHON = "no-python: broken: contract_tests/deep/test_it.py: invalid syntax (arithmetic.py, line 3)"
_NOT_IMPORTED = "not-imported: broken: its tests do not import unused.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the project and its table."""
    files = {
        "pytest.ini": "[pytest]\npythonpath = kling_elements\n",
        "kling_elements/arithmetic.py": _MODULE,
        "kling_elements/unused.py": "ONE = 1\n",
        "tools/live/tests/test_live.py": "number = -number\n",
        "contract_tests/deep/test_it.py": _TESTS,
        "contract_tests/test_at_once.py": _TESTS_AT_ONCE,
        "table.yaml": _TABLE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def _options(project: Path) -> list[str]:
    return ["--root", str(project), "--table", str(project / "table.yaml")]


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in another process, because this one has imported modules of the project."""
    command = [sys.executable, "-m", "tools.mutate.planted_faults", *_options(project), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("fault", _FAULTS, ids=[fault.name for fault in _FAULTS])
def test_each_fault_of_the_table_can_be_planted(fault: PlantedFault) -> None:
    """The fault's replacement differs from the original, and is valid Python."""
    assert fault.source != fault.faulty_source()
    compile(fault.faulty_source(), fault.file, "exec", dont_inherit=True)  # raises SyntaxError if it is not Python


def test_the_table_has_many_faults_in_each_group() -> None:
    """No two of them are the same edit."""
    counted = Counter(fault.group for fault in _FAULTS)

    assert {"mock", "client", "live", "cli", "codegen"} == counted.keys()
    assert counted["mock"] >= 40
    assert counted["client"] >= 150
    assert counted["live"] >= 9
    assert len({fault.name for fault in _FAULTS}) == len({fault.faulty_source() for fault in _FAULTS}) == len(_FAULTS)


def test_the_command_imports_no_code_before_a_fault_is_planted() -> None:
    """A fault can't be planted in a module that is imported already."""
    script = (
        "import tools.mutate.planted_faults, sys; print([name for name in sys.modules if name.startswith('kling')])"
    )

    completed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "[]" == completed.stdout.strip()


def test_a_fault_that_is_not_caught_fails_the_command(project: Path) -> None:
    """The command lists faults that survived or are broken, prints the totals, and changes no file."""
    completed = _run(project, "--workers", "1")

    assert [
        "nobody-looks: survived",
        "misspelt: broken: contract_tests/deep/test_it.py::test_double: name 'nubmer' is not defined",
        _NO_PYTHON,
        _NOT_IMPORTED,
        "ends-the-process: broken: its tests end the process",
        "caught 2 of 2 in one, 0 of 5 in other",
    ] == completed.stdout.splitlines()
    assert (1, "") == (completed.returncode, completed.stderr)
    assert _MODULE == (project / "kling_elements" / "arithmetic.py").read_text("utf-8")


def test_the_command_succeeds_if_every_fault_is_caught(project: Path) -> None:
    """The command prints only the totals."""
    (project / "table.yaml").write_text(f"one: {{three-times: {_GOOD}}}", "utf-8")

    completed = _run(project)

    assert ("caught 1 of 1 in one\n", "", 0) == (completed.stdout, completed.stderr, completed.returncode)


def test_the_proof_plants_every_fault_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that can't be used fails it."""
    started: list[FaultRun] = []

    def let_all_survive(jobs: Sequence[FaultRun], *_: object) -> list[FaultResult]:
        started.extend(jobs)
        return [FaultResult(Fate.SURVIVED)] * len(jobs)

    monkeypatch.setattr(planted_faults, "run", let_all_survive)
    outcome = planted_faults.prove_all()
    assert [f"{fault.name}: survived" for fault in _FAULTS] == list(outcome.problems)
    assert re.fullmatch(
        r"caught 0 of \d+ in mock, 0 of \d+ in client, 0 of \d+ in live, 0 of \d+ in cli, 0 of \d+ in codegen",
        outcome.summary,
    )
    assert _FAULTS == [job.fault for job in started if job.fault]

    monkeypatch.setattr(planted_faults, "TABLE", ROOT / "gone.yaml")
    outcome = planted_faults.prove_all()
    assert "the faults cannot be planted" == outcome.summary
    assert outcome.problems[0].startswith("gone.yaml: [Errno 2]")


def test_tests_that_fail_without_a_fault_are_an_error(project: Path) -> None:
    """Otherwise they would catch any fault. Tests that never end are an error too."""
    test = project / "contract_tests" / "deep" / "test_it.py"
    test.write_text(_TESTS.replace("== 4", "== 5"), "utf-8")
    failing = _run(project)
    hanging = _run(project, "--max-seconds", "0")

    error = (
        "error: the faults cannot be planted\nwithout any fault: caught: contract_tests/deep/test_it.py::test_double\n"
    )
    assert (error, "", 1) == (failing.stderr, failing.stdout, failing.returncode)
    assert "without any fault: broken: its tests take more than 0 seconds" in hanging.stderr
    assert 1 == hanging.returncode


@pytest.mark.parametrize(
    ("name", "pytest_says", "line"),
    [
        ("three-times", "assert 6 == 4", "three-times: caught: contract_tests/deep/test_it.py::test_double"),
        ("not-negative", "assert 1 == -1", "not-negative: caught: contract_tests/test_at_once.py"),
        ("nobody-looks", "2 passed", "nobody-looks: survived"),
        ("no-python", "SyntaxError", _NO_PYTHON),
        ("not-imported", "1 passed", _NOT_IMPORTED),
    ],
)
def test_a_single_fault_is_shown_with_the_output_of_its_tests(
    name: str, pytest_says: str, line: str, project: Path
) -> None:
    """That output shows why the fault was caught or not."""
    completed = _run(project, name)

    assert line == completed.stdout.splitlines()[-1]
    assert pytest_says in completed.stdout
    assert (0 if ": caught: " in line else 1) == completed.returncode


def test_a_case_that_does_not_exist_catches_nothing(project: Path) -> None:
    """A missing case doesn't count as passed either."""
    gone = _GOOD.replace("test_double", "'test_double[::1]'")
    (project / "table.yaml").write_text(f"one: {{x: {gone}}}", "utf-8")

    completed = _run(project, "x")

    line = "x: broken: pytest found no such tests, or could not run: contract_tests/deep/test_it.py::test_double[::1]"
    assert line == completed.stdout.splitlines()[-1]
    assert 1 == completed.returncode


def test_without_a_fault_good_tests_pass(project: Path) -> None:
    """This is the control."""
    script = (
        f"from pathlib import Path; print(run_tests(None, ['contract_tests/deep/test_it.py'], Path({str(project)!r})))"
    )
    command = [sys.executable, "-c", f"from tools.mutate.planting import run_tests; {script}"]

    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)

    assert "survived" == completed.stdout.splitlines()[-1]


def test_a_process_sends_its_verdict_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The process shares a terminal with many other processes."""

    def run_tests(*arguments: object) -> FaultResult:
        for stream in (sys.stdout, sys.stderr):
            stream.write("pytest says a lot")
        return FaultResult(Fate.CAUGHT, str(arguments))

    monkeypatch.setattr(planted_faults, "run_tests", run_tests)
    receiver, sender = Pipe(duplex=False)

    send_verdict(sender, FaultRun(None, ("test",), ROOT))

    with receiver, sender:
        assert FaultResult(Fate.CAUGHT, str((None, ("test",), ROOT))) == receiver.recv()
    assert ("", "") == capfd.readouterr()


@pytest.mark.parametrize(
    ("says", "table"),
    [
        ("x: no file of generated_client, kling_elements, ", _GOOD.replace("2 *", "9 *")),
        ("x: kling_elements/arithmetic.py (4x): the text to replace must", _GOOD.replace("2 * number", "number")),
        ("x: no test module has test_gone; look up its present name", _GOOD.replace("test_double", "test_gone")),
        ("x: no test module has at_once.py::test_nothing", _GOOD.replace("test_double", "at_once.py::test_nothing")),
        (
            "x: contract_tests/deep/test_it.py and contract_tests/test_at_once.py have",
            _GOOD.replace("double", "nothing"),
        ),
        ("x: 2 faults have this name; rename all but one", f"{_GOOD}}}\nother: {{x: {_GOOD}"),
        ("table.yaml: one: x: 'put' is a required property", _GOOD.replace("put", "puts")),
        ("table.yaml: one: x: tests: [] should be non-empty", _GOOD.replace("test_double", "")),
        ("table.yaml: one: x: [] is not of type 'object'", "[]"),
        ("table.yaml: while parsing", "{"),
    ],
    ids=str,
)
def test_a_table_that_does_not_fit_is_an_error_that_names_the_fault(
    says: str, table: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is raised before any test runs, so that nobody overlooks a fault in deleted code."""
    (project / "table.yaml").write_text(f"one: {{x: {table}}}", "utf-8")

    assert 1 == main(_options(project))
    output = capsys.readouterr()
    assert "" == output.out
    assert output.err.startswith(f"error: the faults cannot be planted\n{says}")


def test_all_problems_of_a_table_are_reported_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is one line."""
    stale = _GOOD.replace("2 *", "9 *")
    (project / "table.yaml").write_text(f"one: {{a: {stale}, b: {_GOOD}, c: {stale}}}", "utf-8")

    assert 1 == main(_options(project))
    assert ["error: the", "a: no file", "c: no file"] == [line[:10] for line in capsys.readouterr().err.splitlines()]


def test_a_missing_table_and_a_missing_fault_are_errors(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the missing table or fault."""
    assert 1 == main([*_options(project), "nobody"])
    assert capsys.readouterr().err.endswith(
        "\nnobody: the table has no fault of this name; see planted_faults.yaml for the names\n"
    )
    (project / "table.yaml").unlink()
    assert 1 == main(_options(project))
    assert "\ntable.yaml: [Errno 2]" in capsys.readouterr().err
