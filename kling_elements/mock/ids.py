"""The ids of tasks and elements. An element's id is computed from the id of its task, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from kling_elements_runtime.document import Document

KINDS = ("large", "small", "digits", "text")
"""The kinds of element ids."""

_KIND_OF_WORD: Final = {"integer": "large", "digits": "digits", "text": "text"}
"""The kind of element ids for each word that `x-ids` has for them."""
_TASK_WORDS: Final = ("digits", "integer")
_DEFAULT_WORDS: Final = {"task": "digits", "element": "integer"}

_MAX_EXACT = 1 << 53  # a float, which is JavaScript's only number, holds every integer up to this one
_BEYOND_FLOATS = _MAX_EXACT + 1  # an even number plus this is a number that no float can hold
_MAX_DIGITS = 18  # longer ids would not fit into 64 bits
_MAX_TASK_ID = (1 << 63) - 1

# A text id is a task id, multiplied by an odd number so that it looks random. The inverse leads back.
_PREFIX: Final = "elem_"
_UUIDS: Final = 1 << 128
_FACTOR: Final = 0x9E3779B97F4A7C15F39CC0605CEDC835
_INVERSE: Final = pow(_FACTOR, -1, _UUIDS)


def check_kind(kind: str) -> str:
    """Check a kind of element ids, and return it.

    Raises:
        ValueError: There is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r} of element ids; use one of {', '.join(KINDS)}")
    return kind


class Ids:
    """A writer of ids in the kinds of a gateway."""

    def __init__(self, contract: Document, element_kind: str | None = None) -> None:
        """Read the kinds from `x-ids` of a contract.

        Args:
            contract: The contract.
            element_kind: The kind of element ids, one of `KINDS`; by default the contract's.

        Raises:
            ValueError: The contract has an unknown word for a kind.
        """
        words = _DEFAULT_WORDS | contract.document().get("x-ids", {})
        self._has_task_numbers = _known(words, "task", _TASK_WORDS) == "integer"
        self._element_kind = element_kind or _KIND_OF_WORD[_known(words, "element", _KIND_OF_WORD)]

    def of_task(self, task_id: int) -> int | str:
        """Return the id of a task as it appears in responses."""
        return task_id if self._has_task_numbers else str(task_id)

    def of_element(self, task_id: int) -> int | str:
        """Return the id of the element that a task creates."""
        return element_id_of(task_id, self._element_kind)

    def in_preset(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Return a task of the official library with ids of these kinds. Ids that are not numbers stay unchanged."""
        number, result = number_of(str(task["task_id"])), task["task_result"]
        elements = [{**element, "element_id": self._of_preset(element["element_id"])} for element in result["elements"]]
        return {
            **task,
            "task_id": task["task_id"] if number is None else self.of_task(number),
            "task_result": {**result, "elements": elements},
        }

    def _of_preset(self, element_id: int | str) -> int | str:
        number = number_of(str(element_id))
        if number is None:
            return element_id
        if self._element_kind == "text":
            return _text_of(number)
        return str(number) if self._element_kind == "digits" else number


def element_id_of(task_id: int, kind: str = "large") -> int | str:
    """Return the id of the element that a task creates.

    Args:
        task_id: The id of the task, which contains the time of its creation.
        kind: `large` for a number that loses its last digit as a float, `digits` for the same number as a string,
            `small` for a number that a float holds, `text` for a string such as `elem_805498da-...`. If a task is
            created after the year 2109, its small id is large.
    """
    if kind == "text":
        return _text_of(task_id)
    if kind == "small" and 2 * task_id < _MAX_EXACT:
        return 2 * task_id + 1
    number = 2 * task_id + _BEYOND_FLOATS
    return str(number) if kind == "digits" else number


def task_id_of(element_id: int | str) -> int | None:
    """Return the id of the task of an element id of any kind, or None if no task has such an element."""
    number = number_of(str(element_id))
    if number is None:
        return _task_id_in(str(element_id))
    task_id, odd = divmod(number - (_BEYOND_FLOATS if number > _MAX_EXACT else 1), 2)
    return None if odd else task_id


def task_ids_rounded_to(number: int) -> Iterator[int]:
    """Yield the ids of tasks: the large ids of their elements become this number if they are read as floats."""
    spacing = int(math.ulp(float(number)))
    for element_id in range(number - spacing, number + spacing + 1):
        task_id = task_id_of(element_id) if element_id > _MAX_EXACT else None
        if task_id is not None and element_id != number == int(float(element_id)):
            yield task_id


def number_of(text: str) -> int | None:
    """Return an id as a number, or None if this server never writes an id like that."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and not text.startswith("0")
    return int(text) if is_number else None


def _text_of(number: int) -> str:
    return f"{_PREFIX}{UUID(int=number * _FACTOR % _UUIDS)}"


def _task_id_in(text: str) -> int | None:
    try:
        number = UUID(text.removeprefix(_PREFIX)).int * _INVERSE % _UUIDS
    except ValueError:
        return None
    return number if number <= _MAX_TASK_ID and text == _text_of(number) else None


def _known(words: Mapping[str, str], name: str, known: tuple[str, ...] | Mapping[str, str]) -> str:
    """Return the word for the kind of an id.

    Raises:
        ValueError: The word is unknown.
    """
    if words[name] not in known:
        raise ValueError(f"/x-ids/{name} of the contract must be one of {', '.join(known)}, not {words[name]!r}")
    return words[name]
