"""Changes the hand-written checks and the failure table, one expression at a time: tests must notice each change.

mutmut makes the changes and runs the tests that reach the changed function, each time in a fork of a process that has
everything loaded. It wants every package at the top of a folder, so it gets a copy of the project laid out that way.
A change that no test notices has to stand in code_mutants.yaml with the reason why none could.

Changes are not made to what stands outside of functions, such as tables: mutmut leaves that alone.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.proof.parts import Outcome, run
from scripts.spec import ROOT

NAME: Final = "code mutants"
WORKERS: Final = os.cpu_count() or 1
FOLDER: Final = ROOT / "build" / "code-mutants"
EXPLAINED: Final = Path(__file__).with_name("code_mutants.yaml")
_PACKAGES: Final = ("kling_elements", "generated_client/kling_elements_client")
_OTHERS: Final = ("contract_tests", "scripts", "openapi")
_OPTIONS: Final = ("-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "scripts.proof.forget")
_SLOW: Final = "makes_the_reader_fail_or_warn"  # takes seconds for each change
_KILLED: Final = {1, 3}  # pytest's exit codes: a test failed, or could not even be run
_ENDLESS: Final = {24, 36, 152, 255, -24}  # mutmut's, for tests that do not end


@frozen
class Subject:
    """What is changed, and what must notice.

    Attributes:
        modules: The changed files, in the copy.
        tests: The files of tests.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PART: Final = Subject(
    ("kling_elements/outcomes.py", "kling_elements_client/images.py", "kling_elements_client/inline.py"),
    (
        "contract_tests/test_outcomes.py",
        "contract_tests/test_images.py",
        "contract_tests/test_attachments.py",
        "contract_tests/test_attachment_streams.py",
    ),
)
WHOLE: Final = Subject(
    (*PART.modules, "kling_elements/strict_json.py", "kling_elements_client/attachments.py"),
    (*PART.tests, "contract_tests/test_strict_json.py", "contract_tests/test_preflight.py"),
)


@frozen
class Change:
    """One change of the code.

    Attributes:
        within: File and function.
        was: The lines that are changed, without their indentation.
        becomes: What takes their place.
    """

    within: str
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.within}\n    - {self.was}\n    + {self.becomes}"


@frozen
class Tally:
    """What came of all changes.

    Attributes:
        killed: How many made a test fail.
        endless: Those that kept a test from ending, or made it too slow; they count as noticed.
        survived: The others.
    """

    killed: int
    endless: tuple[Change, ...]
    survived: tuple[Change, ...]


class MutantsError(Exception):
    """The changes could not be made or tried; the text says why."""


def lay_out(folder: Path, root: Path = ROOT) -> None:
    """Copies what mutmut needs of a project to a folder, every package at its top."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    without = shutil.ignore_patterns("__pycache__")
    for name in (*_PACKAGES, *_OTHERS):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / Path(name).name, ignore=without)
    shutil.copyfile(root / "pyproject.toml", folder / "pyproject.toml")


def mutate(folder: Path, subject: Subject, workers: int) -> Tally:
    """What comes of all changes to a subject in a folder that was laid out.

    Raises:
        MutantsError: mutmut gave up, or a change was not tried.
    """
    packages = sorted({module.split("/", 1)[0] for module in subject.modules})
    others = [path.name for path in folder.iterdir() if path.name not in packages]
    settings = {
        "source_paths": packages,
        "only_mutate": list(subject.modules),
        "also_copy": others,
        "pytest_add_cli_args": [*_OPTIONS, "-k", f"not {_SLOW}"],
        "pytest_add_cli_args_test_selection": list(subject.tests),
    }
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        print(
            "\n[tool.mutmut]",
            *(f"{name} = {json.dumps(value)}" for name, value in settings.items()),
            sep="\n",
            file=file,
        )
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MutantsError(f"mutmut gave up:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return tally_of(folder / "mutants", subject.modules)


def tally_of(mutants: Path, modules: Iterable[str]) -> Tally:
    """What came of the changes, from the folder in which mutmut leaves them.

    Raises:
        MutantsError: A change was not tried.
    """
    killed = 0
    endless: list[Change] = []
    survived: list[Change] = []
    for module in modules:
        results = json.loads((mutants / f"{module}.meta").read_text("utf-8"))["exit_code_by_key"]
        functions = dict(_functions(mutants / module))
        for name, code in results.items():
            if code is None:
                raise MutantsError(f"{name} was not tried")
            if code in _KILLED:
                killed += 1
            else:
                others = endless if code in _ENDLESS else survived
                others.append(_change(module, name.rsplit(".", 1)[1], functions))
    return Tally(killed, tuple(endless), tuple(survived))


def _functions(path: Path) -> Iterator[tuple[str, str]]:
    """Every function of a file by its name, with its source."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, "\n".join(lines[node.lineno - 1 : node.end_lineno])


def _change(module: str, name: str, functions: dict[str, str]) -> Change:
    """What mutmut changed in the function that it calls by that name; `xǁClassǁmethod__mutmut_7` for methods."""
    mangled = name.rsplit("__mutmut_", 1)[0]
    before, after = (functions[each].replace(each, mangled).splitlines() for each in (f"{mangled}__mutmut_orig", name))
    told = [line for line in difflib.ndiff(before, after) if line[:2] in ("- ", "+ ")]
    was, becomes = (" ".join(line[2:].strip() for line in told if line[0] == sign) for sign in "-+")
    return Change(f"{module}: {re.sub('^xǁ|^x_', '', mangled).replace('ǁ', '.')}", was, becomes)


def explained(path: Path) -> dict[Change, str]:
    """The changes that no test could notice, each with the reason.

    Raises:
        MutantsError: The file is no YAML, or an entry lacks something.
    """
    try:
        entries = YAML(typ="safe").load(path.read_text("utf-8")) or []
    except YAMLError as error:
        raise MutantsError(f"{path.name}: {error}") from error
    known: dict[Change, str] = {}
    for entry in entries:
        if entry.keys() != {"in", "was", "becomes", "because"} or not all(entry.values()):
            raise MutantsError(f"{path.name}: an entry needs in, was, becomes and because: {entry}")
        known |= {Change(entry["in"], entry["was"], becomes): entry["because"] for becomes in entry["becomes"]}
    return known


def prove(subject: Subject = PART, workers: int = WORKERS, folder: Path = FOLDER, root: Path = ROOT) -> Outcome:
    """Return what came of all changes to a subject."""
    try:
        known = explained(EXPLAINED)
        lay_out(folder, root)
        tally = mutate(folder, subject, workers)
    except MutantsError as error:
        return Outcome("the changes could not be tried", (str(error),))
    return outcome_of(
        tally, {change: why for change, why in known.items() if change.within.split(":")[0] in subject.modules}
    )


def outcome_of(tally: Tally, known: dict[Change, str]) -> Outcome:
    """Return what a tally comes to, where the reason is known why some changes cannot be noticed."""
    open_ones = [change for change in tally.survived if change not in known]
    # one that only costs time may be too slow on a busy machine, so it is not stale for that
    stale = [change for change in known if change not in (*tally.survived, *tally.endless)]
    killed = tally.killed + len(tally.endless)
    return Outcome(
        f"{killed} of {killed + len(tally.survived)} mutants killed ({len(tally.endless)} by a test that did not end), "
        f"{len(tally.survived) - len(open_ones)} explained",
        (
            *(f"no test notices, in {change}" for change in open_ones),
            *(f"{EXPLAINED.name} explains a change that is noticed or not made, in {change}" for change in stale),
        ),
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Run this part of the proof alone; return the exit code."""
    parser = argparse.ArgumentParser(prog="code_mutants", description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--whole", action="store_true", help="also the reader of JSON and what takes images out of requests"
    )
    parser.add_argument("--workers", type=int, default=WORKERS, help="tests at a time (default: one for each core)")
    options = parser.parse_args(arguments)
    return run({NAME: partial(prove, WHOLE if options.whole else PART, options.workers)})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
