"""Run tests in this process against source code with a fault, which is never written to disk."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tools.mutate.fault_table import PlantedFault

_OPTIONS = ("-x", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", "--disable-plugin-autoload")
# plugins with fixtures that the tests use
_PLUGINS = ("kling_elements.testing.plugin", "pytest_httpx")
_SLIPS = (SyntaxError, NameError, ImportError)  # the edit itself is not working Python, so a failure proves nothing


class Fate(StrEnum):
    """The fate of a fault."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    BROKEN = "broken"


@dataclass(frozen=True)
class FaultResult:
    """A fault's fate, with the test that caught it or the reason why it is broken."""

    fate: Fate
    detail: str = ""

    def __str__(self) -> str:
        """Return the result as a line."""
        return f"{self.fate}: {self.detail}" if self.detail else self.fate


def run_tests(fault: PlantedFault | None, tests: Sequence[str], root: Path) -> FaultResult:
    """Return the verdict of tests on a fault. Call this once per process, because modules are imported only once.

    Args:
        fault: The fault to plant, or None for a control without a fault.
        tests: The tests, as pytest names them, relative to the project.
        root: The project.
    """
    recorder = _Recorder()
    plugins = [option for name in _PLUGINS for option in ("-p", name)]
    with contextlib.chdir(root), contextlib.ExitStack() as undo:
        finder = None
        if fault is not None:
            finder = undo.enter_context(_planted(root / fault.file, fault.faulty_source()))
        code = pytest.main([*_OPTIONS, *plugins, *tests], [recorder])
    if recorder.slip:
        return FaultResult(Fate.BROKEN, recorder.slip)
    if finder is not None and not finder.was_asked:
        return FaultResult(Fate.BROKEN, f"its tests do not import {finder.file.name}")
    if recorder.failed:
        return FaultResult(Fate.CAUGHT, recorder.failed)
    if code == pytest.ExitCode.OK:
        return FaultResult(Fate.SURVIVED)
    return FaultResult(Fate.BROKEN, f"pytest found no such tests, or could not run: {', '.join(tests)}")


class _Recorder:
    """A pytest plugin that remembers the failed test, or the reason why tests could not run."""

    def __init__(self) -> None:
        self.failed = ""
        self.slip = ""

    def pytest_exception_interact(
        self, call: pytest.CallInfo[object], report: pytest.TestReport | pytest.CollectReport
    ) -> None:
        """Record the first failure, in a test or during collection."""
        links = list(_chain(call.excinfo.value if call.excinfo else None))
        is_verdict = isinstance(report, pytest.TestReport) or any(isinstance(link, AssertionError) for link in links)
        if is_verdict and not any(isinstance(link, _SLIPS) for link in links):
            self.failed = report.nodeid
        else:
            self.slip = f"{report.nodeid}: {' '.join(str(links[-1]).split())}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, and then its causes."""
    errors = list[BaseException]()
    while error is not None and error not in errors:
        yield error
        errors.append(error)
        error = error.__cause__ or error.__context__


class _Finder(MetaPathFinder):
    """Finds a source file like any import, but loads another text in its place."""

    def __init__(self, file: Path, source: str) -> None:
        self.file = file
        self.was_asked = False
        self._path = os.path.realpath(file)
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or os.path.realpath(spec.origin) != self._path:
            return None
        spec.loader = _Loader(fullname, spec.origin, self._source)
        self.was_asked = True
        return spec


class _Loader(SourceFileLoader):
    """Compiles a text each time, so that no bytecode is left on disk."""

    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - each loader serves one module
        return compile(self._source, self.path, "exec", dont_inherit=True)


@contextlib.contextmanager
def _planted(file: Path, source: str) -> Iterator[_Finder]:
    finder = _Finder(file, source)
    sys.meta_path.insert(0, finder)
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)
