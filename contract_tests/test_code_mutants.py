"""Changes of the code that no test notices are named: with mutmut itself on a small project, and with its results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kling_elements_client import contract
from scripts.proof import code_mutants, forget
from scripts.proof.code_mutants import (
    EXPLAINED,
    PART,
    WHOLE,
    Change,
    MutantsError,
    Subject,
    Tally,
    explained,
    lay_out,
    main,
    mutate,
    outcome_of,
    prove,
)
from scripts.proof.parts import Outcome
from scripts.spec import ROOT

_MODULE = "kling_elements/parity.py"
_SUBJECT = Subject((_MODULE,), ("contract_tests/test_parity.py",))
_CODE = """
class Parity:
    def is_even(self, number: int) -> bool:
        return number % 2 == 0


def half(number: int) -> int:
    return number // 2
"""
_TESTS = """
from kling_elements.parity import Parity, half


def test_parity() -> None:
    assert (True, False) == (Parity().is_even(4), Parity().is_even(3))


def test_half() -> None:
    assert "0" == str(half(0))
"""
# half(0) is 0 for whatever it is divided by; its other changes, and those of is_even, fail a test or cannot run.
_SLOWED = Change(f"{_MODULE}: half", "return number // 2", "return None")
_SURVIVOR = Change(f"{_MODULE}: half", "return number // 2", "return number // 3")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a module whose tests notice all but one kind of change."""
    root = tmp_path / "project"
    for name, text in {
        "kling_elements/__init__.py": "",
        _MODULE: _CODE,
        "contract_tests/__init__.py": "",
        "scripts/__init__.py": "",
        "scripts/proof/forget.py": Path(forget.__file__).read_text("utf-8"),
        "contract_tests/test_parity.py": _TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-p", "no:kling_elements"]\npythonpath = ["."]\n',
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.fixture
def results(tmp_path: Path) -> Callable[[dict[str, int | None]], Path]:
    """A function that leaves results as mutmut does, by the names of its changes, and returns the folder."""

    def leave(codes: dict[str, int | None]) -> Path:
        mutants = tmp_path / "mutants"
        (mutants / _MODULE).parent.mkdir(parents=True)
        functions = "".join(
            f"def x_half__mutmut_{name}(number):\n    # not changed\n    return {value}\n"
            for name, value in (("orig", "number // 2"), ("1", "number / 2"), ("2", "number // 3"), ("3", "None"))
        )
        (mutants / _MODULE).write_text(functions, "utf-8")
        keys = {f"kling_elements.parity.x_half__mutmut_{name}": code for name, code in codes.items()}
        (mutants / f"{_MODULE}.meta").write_text(json.dumps({"exit_code_by_key": keys}), "utf-8")
        return mutants

    return leave


def _explain(monkeypatch: pytest.MonkeyPatch, path: Path, *entries: dict[str, Any]) -> None:
    path.write_text(json.dumps(entries), "utf-8")
    monkeypatch.setattr(code_mutants, "EXPLAINED", path)


def test_a_change_that_no_test_notices_is_found(project: Path, tmp_path: Path) -> None:
    """They are made in a copy; the project stays as it is."""
    lay_out(tmp_path / "copy", project)

    tally = mutate(tmp_path / "copy", _SUBJECT, workers=1)

    assert (_SURVIVOR,) == tally.survived
    assert tally.killed >= 4
    assert _CODE == (project / _MODULE).read_text("utf-8")


def test_tests_that_fail_without_a_change_are_an_error(project: Path, tmp_path: Path) -> None:
    """What mutmut said is told."""
    (project / "contract_tests" / "test_parity.py").write_text("def test_all() -> None:\n    assert False\n", "utf-8")
    lay_out(tmp_path / "copy", project)

    with pytest.raises(MutantsError, match=r"^mutmut gave up:\n"):
        mutate(tmp_path / "copy", _SUBJECT, workers=1)


def test_a_copy_takes_the_place_of_an_older_one(project: Path, tmp_path: Path) -> None:
    """Nothing of the older one is left."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "old").touch()

    lay_out(tmp_path / "copy", project)

    assert ["contract_tests", "kling_elements", "pyproject.toml", "scripts"] == sorted(
        p.name for p in (tmp_path / "copy").iterdir()
    )


def test_what_was_computed_before_a_change_is_forgotten() -> None:
    """Else what a changed function would yield now would not be asked of it."""
    before = contract.business_codes()

    forget.pytest_runtest_setup()

    assert before is not contract.business_codes()
    assert before == contract.business_codes()


def test_each_result_is_counted(results: Callable[[dict[str, int | None]], Path]) -> None:
    """A failed test and one that did not end have noticed a change; anything else has not."""
    tally = code_mutants.tally_of(results({"1": 1, "2": 0, "3": 36}), [_MODULE])

    assert Tally(1, (_SLOWED,), (_SURVIVOR,)) == tally


def test_a_change_that_was_not_tried_is_an_error(results: Callable[[dict[str, int | None]], Path]) -> None:
    """It counts neither way."""
    with pytest.raises(MutantsError, match=r"x_half__mutmut_2 was not tried"):
        code_mutants.tally_of(results({"1": 1, "2": None}), [_MODULE])


@pytest.mark.parametrize(
    ("survived", "endless", "known", "says", "problems"),
    [
        ([], [], [], "3 of 3 mutants killed (0 by a test that did not end), 0 explained", ()),
        ([_SURVIVOR], [], [_SURVIVOR], "3 of 4 mutants killed (0 by a test that did not end), 1 explained", ()),
        (
            [_SURVIVOR],
            [],
            [],
            "3 of 4 mutants killed (0 by a test that did not end), 0 explained",
            (f"no test notices, in {_SURVIVOR}",),
        ),
        ([], [_SLOWED], [_SLOWED], "4 of 4 mutants killed (1 by a test that did not end), 0 explained", ()),
        (
            [],
            [],
            [_SURVIVOR],
            "3 of 3 mutants killed (0 by a test that did not end), 0 explained",
            (f"code_mutants.yaml explains a change that is noticed or not made, in {_SURVIVOR}",),
        ),
    ],
)
def test_each_change_is_noticed_or_explained(
    survived: list[Change], endless: list[Change], known: list[Change], says: str, problems: tuple[str, ...]
) -> None:
    """What is neither is named, and so is an explanation of nothing."""
    tally = Tally(3, tuple(endless), tuple(survived))
    assert Outcome(says, problems) == outcome_of(tally, dict.fromkeys(known, "a reason"))


@pytest.mark.parametrize("subject", [PART, WHOLE])
def test_explanations_of_what_was_not_tried_do_not_count(
    subject: Subject, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those of what was tried are held against it."""
    changes = [Change(f"{module}: f", "a", "b") for module in WHOLE.modules]
    entries = [{"in": each.within, "was": each.was, "becomes": [each.becomes], "because": "why"} for each in changes]
    _explain(monkeypatch, tmp_path / "explained.yaml", *entries)
    asked: list[Any] = []

    def mutated(*given: Any) -> Tally:
        asked.append(given)
        return Tally(5, (), tuple(change for change in changes if change.within.split(":")[0] in subject.modules))

    monkeypatch.setattr(code_mutants, "mutate", mutated)

    assert () == prove(subject, 3, tmp_path / "copy", project).problems
    assert [(tmp_path / "copy", subject, 3)] == asked


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [([], (PART, code_mutants.WORKERS)), (["--whole", "--workers", "3"], (WHOLE, 3))],
)
def test_the_command_tries_a_part_or_the_whole(
    arguments: list[str],
    asked: tuple[Subject, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With as many tests at a time as are asked for; the exit code says what came of it."""
    given: list[Any] = []

    def proved(*arguments: Any) -> Outcome:
        given.append(arguments)
        return Outcome("all is well")

    monkeypatch.setattr(code_mutants, "prove", proved)
    assert main(arguments) == 0
    assert [asked] == given
    assert capsys.readouterr().out.startswith("code mutants: holds; all is well")


def test_an_explanation_that_lacks_something_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of all one without a reason."""
    _explain(monkeypatch, tmp_path / "explained.yaml", {"in": "a.py: f", "was": "a", "becomes": ["b"], "because": ""})

    (problem,) = prove(folder=tmp_path / "copy", root=tmp_path).problems
    assert problem.startswith("explained.yaml: an entry needs in, was, becomes and because")


def test_explanations_that_are_no_yaml_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of code that needs quotes is easily written without."""
    path = tmp_path / "explained.yaml"
    path.write_text("- was: if a:\n", "utf-8")
    monkeypatch.setattr(code_mutants, "EXPLAINED", path)

    (problem,) = prove(folder=tmp_path / "copy", root=tmp_path).problems
    assert problem.startswith("explained.yaml: mapping values are not allowed here")


def test_the_subjects_and_the_explanations_are_of_this_project() -> None:
    """Every file is there, the whole includes the part, and what is explained is in a function that is there."""
    assert set(PART.modules) < set(WHOLE.modules)
    assert set(PART.tests) < set(WHOLE.tests)
    for path in WHOLE.tests:
        assert (ROOT / path).is_file()
    sources = {
        module: (ROOT / module if (ROOT / module).is_file() else ROOT / "generated_client" / module).read_text("utf-8")
        for module in WHOLE.modules
    }
    for change in explained(EXPLAINED):
        module, function = change.within.split(": ")
        assert re.search(rf"def {function.rsplit('.', 1)[-1]}\(", sources[module])
