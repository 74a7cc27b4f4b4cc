"""The table of faults: plausible mistakes, each as one edit of the code, with the tests that should catch it.

The table contains no paths, so you can move files: strings to replace and tests are looked up in the whole project.
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

_CODE = ("generated_client", "kling_elements", "kling_elements_runtime", "scripts/codegen", "tools/live")
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


class FaultTableError(Exception):
    """Raised if the table can't be used. The message has a line for each problem, with the fault's name."""


@dataclass(frozen=True, kw_only=True)
class PlantedFault:
    """A mistake, and its place in the code.

    Attributes:
        name: Its name, unique in the table.
        group: The part of the project that it is planted in, such as `mock` or `client`.
        find: The text that is replaced, which occurs once in all the code.
        put: The text that replaces it.
        file: The file with the text, relative to the project.
        source: The content of the file.
        tests: The tests that should catch it, as pytest names them, relative to the project.
    """

    name: str
    group: str
    find: str
    put: str
    file: str
    source: str = field(repr=False)
    tests: tuple[str, ...]

    def faulty_source(self) -> str:
        """Return the content of the file with the fault in it."""
        return self.source.replace(self.find, self.put)


def load(path: Path = TABLE, root: Path = ROOT) -> list[PlantedFault]:
    """Return the faults in the order of the table.

    Raises:
        FaultTableError: If the file is not such a table, or a fault does not fit the project.
    """
    try:
        table = YAML(typ="safe").load(path.read_text("utf-8"))
    except (OSError, YAMLError) as error:
        raise FaultTableError(f"{path.name}: {error}") from error
    problems = [
        f"{': '.join([path.name, *map(str, error.absolute_path)])}: {error.message}"
        for error in Draft202012Validator(_SHAPE).iter_errors(table)
    ]
    if problems:
        raise FaultTableError("\n".join(problems))
    rows = [(group, name, row) for group, rows in table.items() for name, row in rows.items()]
    counts = Counter(name for _, name, _ in rows)
    problems = [
        f"{name}: {count} faults have this name; rename all but one" for name, count in counts.items() if count > 1
    ]
    project = _Project(root)
    faults = []
    for group, name, row in rows:
        try:
            file = project.file_with(row["find"])
            row |= {"file": file, "source": project.code[file], "tests": tuple(map(project.test_id, row["tests"]))}
            faults.append(PlantedFault(name=name, group=group, **row))
        except FaultTableError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise FaultTableError("\n".join(problems))
    return faults


class _Project:
    """The code and the tests of a project, each read once."""

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

    def file_with(self, text: str) -> str:
        """Return the file that contains a string.

        Raises:
            FaultTableError: If no file contains it, or it occurs more than once.
        """
        places = {file: source.count(text) for file, source in self.code.items() if text in source}
        if not places:
            raise FaultTableError(
                f"no file of {', '.join(_CODE)} has the text to replace; copy it from the code again: {text}"
            )
        if sum(places.values()) > 1:
            where = ", ".join(f"{file} ({count}x)" for file, count in places.items())
            raise FaultTableError(f"{where}: the text to replace must occur once, so lengthen find and put: {text}")
        return next(iter(places))

    def test_id(self, name: str) -> str:
        """Return the name of a test as pytest has it: with its file, relative to the project.

        Args:
            name: The name of the function, with or without parameters in brackets. If two files have such a function,
                put the end of the path of its file and `::` in front.

        Raises:
            FaultTableError: If no file has the test, or more than one does.
        """
        place, bracket, case = name.partition("[")
        file, _, function = place.rpartition("::")
        files = [path for path in self._tests[function] if f"/{path}".endswith(f"/{file}" if file else "")]
        if not files:
            raise FaultTableError(f"no test module has {name}; look up its present name")
        if len(files) > 1:
            where = " and ".join(files)
            raise FaultTableError(
                f"{where} have a function {function}; rename one, or write {Path(files[0]).name}::{function}"
            )
        return f"{files[0]}::{function}{bracket}{case}"
