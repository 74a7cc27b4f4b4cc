"""Requests of the operations besides createElement, and whether they are valid: a second reading of the vendor's pages.

createElement has its own table, rules.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS

_LISTS = (("listElements", ELEMENTS), ("listPresetElements", PRESETS))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request, and whether it is valid.

    Attributes:
        operation: The name of the operation.
        arguments: The arguments of its function. `...` omits an argument.
        target: The path and query that are sent, or None for a refused request.
        violations: Pointer, rule and message of every violation.
        unwritable: Whether the request can't be sent even if the caller ignores violations.
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None
    violations: tuple[tuple[str, str, str], ...] = ()
    unwritable: bool = False

    @property
    def id(self) -> str:
        text = repr(self.arguments)
        return f"{self.operation}-{text if len(text) <= 60 else f'{text[:60]} ({len(text)} characters)'}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as JSON values, by their names in the contract."""
        names = {"id": "id", "page_num": "pageNum", "page_size": "pageSize"}
        return {names[name]: value for name, value in self.arguments.items() if name != "body" and value is not ...}


def _get_accepted(task_id: Any, target: str) -> Case:
    return Case(operation="getElement", arguments={"id": task_id}, target=f"{ELEMENTS}/{target}")


def _get_refused(task_id: Any, message: str, *, unwritable: bool = False) -> Case:
    wrong = (("/path/id", "upstream", message),)
    return Case(operation="getElement", arguments={"id": task_id}, violations=wrong, unwritable=unwritable)


def _list_accepted(operation: str, path: str, query: str, **arguments: Any) -> Case:
    return Case(operation=operation, arguments=arguments, target=f"{path}{query}")


def _list_refused(pointer: str, message: str, **arguments: Any) -> list[Case]:
    wrong = ((pointer, "upstream", message),)
    return [Case(operation=operation, arguments=arguments, violations=wrong) for operation, _ in _LISTS]


def _deletion_refused(body: Any, *violations: tuple[str, str]) -> Case:
    wrong = tuple((pointer, "upstream", message) for pointer, message in violations)
    return Case(operation="deleteElement", arguments={"body": body}, violations=wrong)


_LOSSY = "is a floating-point number, which may have lost digits; it must be integer"
_DOTS = "must be an id other than . and .., which a path cannot contain"
ACCEPTED = [
    _get_accepted("880431920114688", "880431920114688"),
    _get_accepted("mara-2026-07", "mara-2026-07"),
    _get_accepted("a/b", "a%2Fb"),
    _get_accepted("a b+c", "a%20b%2Bc"),
    _get_accepted("?x=1#y", "%3Fx%3D1%23y"),
    _get_accepted("%2e", "%252e"),
    _get_accepted("Mära 海", "M%C3%A4ra%20%E6%B5%B7"),
    _get_accepted("...", "..."),
    _get_accepted(".\n", ".%0A"),
    _get_accepted("x" * 2000, "x" * 2000),
    *(
        case
        for operation, path in _LISTS
        for case in (
            _list_accepted(operation, path, "?pageNum=1&pageSize=30"),
            _list_accepted(operation, path, "?pageNum=2&pageSize=30", page_num=2),
            _list_accepted(operation, path, "?pageNum=1&pageSize=1", page_size=1),
            _list_accepted(operation, path, "?pageNum=1000&pageSize=500", page_num=1000, page_size=500),
            _list_accepted(operation, path, "?pageSize=5", page_num=..., page_size=5),
            _list_accepted(operation, path, "", page_num=..., page_size=...),
        )
    ),
    Case(operation="deleteElement", arguments={"body": {"element_id": "9007199254740993"}}, target=DELETION),
    Case(operation="deleteElement", arguments={"body": {"element_id": "."}}, target=DELETION),
    Case(operation="deleteElement", arguments={"body": {"element_id": "1" * 65_518}}, target=DELETION),
    *(
        Case(operation="deleteElement", arguments={"body": {"element_id": number}}, target=DELETION)
        for number in (1, 9007199254740993, 2**63 - 1)
    ),
]
REFUSED = [
    _get_refused(..., "is missing", unwritable=True),
    _get_refused("", _DOTS, unwritable=True),
    _get_refused(".", _DOTS, unwritable=True),
    _get_refused("..", _DOTS, unwritable=True),
    _get_refused(880431920114688, "is a number; it must be string"),
    _get_refused(None, "is null; it must be string"),
    _get_refused(False, "is a boolean; it must be string"),  # noqa: FBT003 - it is the value
    _get_refused(["a"], "is an array; it must be string"),
    *_list_refused("/query/pageNum", "is 0; it must be at least 1", page_num=0),
    *_list_refused("/query/pageNum", "is -1; it must be at least 1", page_num=-1),
    *_list_refused("/query/pageNum", "is 1001; it must be at most 1000", page_num=1001),
    *_list_refused("/query/pageNum", "is a string; it must be integer", page_num="one"),
    *_list_refused("/query/pageNum", "is a number; it must be integer", page_num=1.5),
    *_list_refused("/query/pageNum", _LOSSY.replace("string or ", ""), page_num=2.0),
    *_list_refused("/query/pageNum", "is a boolean; it must be integer", page_num=True),
    *_list_refused("/query/pageNum", "is null; it must be integer", page_num=None),
    *_list_refused("/query/pageSize", "is 0; it must be at least 1", page_size=0),
    *_list_refused("/query/pageSize", "is 501; it must be at most 500", page_size=501),
    *_list_refused("/query/pageSize", f"is {10**18}; it must be at most 500", page_size=10**18),
    *_list_refused("/query/pageSize", "is a string; it must be integer", page_size="many"),
    *_list_refused("/query/pageSize", "is a number; it must be integer", page_size=1.5),
    *_list_refused("/query/pageSize", _LOSSY.replace("string or ", ""), page_size=2.0),
    *_list_refused("/query/pageSize", "is null; it must be integer", page_size=None),
    Case(
        operation="listPresetElements",
        arguments={"page_num": 0, "page_size": 501},
        violations=(
            ("/query/pageNum", "upstream", "is 0; it must be at least 1"),
            ("/query/pageSize", "upstream", "is 501; it must be at most 500"),
        ),
    ),
    _deletion_refused({}, ("", "the property 'element_id' is missing")),
    _deletion_refused([], ("", "is an array; it must be object with 'element_id'")),
    _deletion_refused(
        [{}] * 99, ("", "is an array; it must be object with 'element_id'")
    ),  # 100 values including itself
    _deletion_refused([{}] * 100, ("", "has more than 100 values, or contains itself")),
    _deletion_refused(None, ("", "is null; it must be object with 'element_id'")),
    _deletion_refused({"element_id": ""}, ("/element_id", "has 0 characters; it must have at least 1")),
    _deletion_refused({"element_id": 9007199254740993.0}, ("/element_id", _LOSSY)),
    _deletion_refused({"element_id": 0}, ("/element_id", "is 0; it must be at least 1")),
    _deletion_refused({"element_id": 2**63}, ("/element_id", f"is {2**63}; it must be at most {2**63 - 1}")),
    _deletion_refused(
        {"element_id": 1.5}, ("/element_id", "is a number; it must be an element's id, as a string or as an integer")
    ),
    _deletion_refused(
        {"element_id": True}, ("/element_id", "is a boolean; it must be an element's id, as a string or as an integer")
    ),
    _deletion_refused(
        {"element_id": []}, ("/element_id", "is an array; it must be an element's id, as a string or as an integer")
    ),
    _deletion_refused(
        {"element_id": {}}, ("/element_id", "is an object; it must be an element's id, as a string or as an integer")
    ),
    _deletion_refused(
        {"element_id": None}, ("/element_id", "is null; it must be an element's id, as a string or as an integer")
    ),
    _deletion_refused({"element_id": "1" * 65_520}, ("", "the body has 65537 bytes; at most 65536 are allowed")),
    _deletion_refused({"element_id": ["1"] * 99}, ("", "has more than 100 values, or contains itself")),
    _deletion_refused(
        {"element_id": "1", "id": "1"}, ("/id", "the property 'id' is unknown; allowed are 'element_id'")
    ),
]
