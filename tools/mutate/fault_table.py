"""The table of faults: mistakes that somebody could have made, each as one edit of the code, and who should notice.

It names no files, so that these may move: the text to replace is searched for in all the code, a test by its name.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.spec import ROOT

TABLE = Path(__file__).with_name("planted_faults.yaml")

_CODE = ("generated_client", "kling_elements", "kling_elements_runtime", "tools/live")
_TESTS = ("contract_tests", "tools")
_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)

_ROW = {
    "type": "object",
    "properties": {
        "find": {"type": "string", "minLength": 1},
        "put": {"type": "string"},
        "tests": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["find", "put", "tests"],
    "additionalProperties": False,
}
_SHAPE = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": _ROW}}


class TableError(Exception):
    """The table cannot be used; the text has a line for each thing that is wrong, with the fault's name."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake, and where it is made.

    Attributes:
        name: What it is called, unique in the table.
        group: What it is planted in, such as `mock` or `client`.
        find: The text that is replaced, which all the code together has once.
        put: What takes its place.
        file: The file that has the text, relative to the project.
        source: What is in the file.
        tests: Which tests should notice, as pytest names them, relative to the project.
    """

    name: str
    group: str
    find: str
    put: str
    file: str
    source: str = field(repr=False)
    tests: tuple[str, ...]

    def planted(self) -> str:
        """Return the text of the file with the fault in it."""
        return self.source.replace(self.find, self.put)


def load(path: Path = TABLE, root: Path = ROOT) -> list[Fault]:
    """Return the faults in the order of the table.

    Raises:
        TableError: The file is no such table, or some of the faults do not fit the project.
    """
    try:
        table = YAML(typ="safe").load(path.read_text("utf-8"))
    except (OSError, YAMLError) as error:
        raise TableError(f"{path.name}: {error}") from error
    problems = [
        f"{': '.join([path.name, *map(str, error.absolute_path)])}: {error.message}"
        for error in Draft202012Validator(_SHAPE).iter_errors(table)
    ]
    if problems:
        raise TableError("\n".join(problems))
    rows = [(group, name, row) for group, rows in table.items() for name, row in rows.items()]
    times = Counter(name for _, name, _ in rows)
    problems = [
        f"{name}: {count} faults have this name; rename all but one" for name, count in times.items() if count > 1
    ]
    project = _Project(root)
    faults = []
    for group, name, row in rows:
        try:
            file = project.file(row["find"])
            row |= {"file": file, "source": project.code[file], "tests": tuple(map(project.test, row["tests"]))}
            faults.append(Fault(name=name, group=group, **row))
        except TableError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise TableError("\n".join(problems))
    return faults


class _Project:
    """The code and the tests of a project, read once."""

    def __init__(self, root: Path) -> None:
        self.code = {
            path.relative_to(root).as_posix(): path.read_text("utf-8")
            for folder in _CODE
            for path in sorted((root / folder).rglob("*.py"))
            if "tests" not in path.relative_to(root).parts
        }
        self._tests = defaultdict[str, list[str]](list)
        for folder in _TESTS:
            for path in sorted((root / folder).rglob("test_*.py")):
                for name in _TEST.findall(path.read_text("utf-8")):
                    self._tests[name].append(path.relative_to(root).as_posix())

    def file(self, text: str) -> str:
        """Return the file that has a text.

        Raises:
            TableError: No file has it, or there is more than one place that does.
        """
        places = {file: source.count(text) for file, source in self.code.items() if text in source}
        if not places:
            raise TableError(f"no file of {', '.join(_CODE)} has the text to replace; see how it reads now: {text}")
        if sum(places.values()) > 1:
            where = ", ".join(f"{file} ({count}x)" for file, count in places.items())
            raise TableError(f"{where}: the text to replace must be in one place, so lengthen find and put: {text}")
        return next(iter(places))

    def test(self, name: str) -> str:
        """Return how pytest names a test: with its file, relative to the project.

        Args:
            name: The name of the function, with or without parameters in brackets. The end of the path of its file and
                `::` may be in front, if two files have such a function.

        Raises:
            TableError: No file has it, or more than one.
        """
        place, bracket, case = name.partition("[")
        file, _, function = place.rpartition("::")
        files = [path for path in self._tests[function] if f"/{path}".endswith(f"/{file}" if file else "")]
        if not files:
            raise TableError(f"no test module has {name}; see what it is called now")
        if len(files) > 1:
            where = " and ".join(files)
            raise TableError(
                f"{where} have a function {function}; rename one, or write {Path(files[0]).name}::{function}"
            )
        return f"{files[0]}::{function}{bracket}{case}"
