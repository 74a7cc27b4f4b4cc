"""The table of faults: mistakes that somebody could have made, each as one edit of one file, and who should notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.spec import ROOT

TABLE = Path(__file__).with_name("planted_faults.yaml")
_TESTS = "contract_tests"


class TableError(Exception):
    """The table cannot be used; the text has a line for each thing that is wrong, with the fault's name."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake.

    Attributes:
        name: What it is called, unique in the table.
        group: What it is planted in, such as `mock` or `client`.
        file: The file, relative to the project.
        find: The text that is replaced, which must be there exactly once.
        put: What takes its place.
        tests: Which tests should notice, as pytest names them, relative to the project.
    """

    name: str
    group: str
    file: str
    find: str
    put: str
    tests: tuple[str, ...]

    def planted(self, root: Path = ROOT) -> str:
        """Return the text of the file with the fault in it.

        Raises:
            TableError: The file is not there, or has the text to replace not exactly once.
        """
        try:
            source = (root / self.file).read_text("utf-8")
        except OSError as error:
            raise TableError(f"{self.name}: {self.file}: {error.strerror}") from error
        if source.count(self.find) != 1:
            times = source.count(self.find)
            raise TableError(f"{self.name}: {self.file}: found {times} times instead of once: {self.find}")
        return source.replace(self.find, self.put)


def load(path: Path = TABLE) -> list[Fault]:
    """Return the faults in the order of the table.

    Raises:
        TableError: The file is no such table.
    """
    try:
        groups = YAML(typ="safe").load(path.read_text("utf-8"))
        return [
            Fault(
                name=name,
                group=group,
                file=row["file"],
                find=row["find"],
                put=row["put"],
                tests=tuple(f"{_TESTS}/{test}" for test in row["tests"]),
            )
            for group, rows in groups.items()
            for name, row in rows.items()
        ]
    except (OSError, YAMLError) as error:
        raise TableError(f"{path.name}: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise TableError(f"{path.name}: each fault needs file, find, put and tests: {error!r}") from error


def check(faults: Sequence[Fault], root: Path = ROOT) -> None:
    """See that every fault has a name of its own and can be planted, and that its test files are there.

    Raises:
        TableError: Some have not, cannot, or are not.
    """
    names = [fault.name for fault in faults]
    wrong = [f"{name}: two faults have this name" for name in dict.fromkeys(names) if names.count(name) > 1]
    for fault in faults:
        try:
            fault.planted(root)
        except TableError as error:
            wrong.append(str(error))
        files = {test.partition("::")[0] for test in fault.tests}
        wrong += [f"{fault.name}: {file} is not there" for file in sorted(files) if not (root / file).is_file()]
    if wrong:
        raise TableError("\n".join(wrong))
