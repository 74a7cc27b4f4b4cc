"""Compute the id of an element from the id of its task: as a large number, a small number or text."""

from __future__ import annotations

import math
from collections.abc import Iterator

KINDS = ("large", "small", "text")
"""The kinds of element ids, the default first."""

_MAX_EXACT = 1 << 53  # a float, which is JavaScript's only number, holds every integer up to this one
_BEYOND_FLOATS = _MAX_EXACT + 1  # an even number plus this is a number that no float can hold
_MAX_DIGITS = 18  # longer ids would not fit into 64 bits


def usable_kind(kind: str) -> str:
    """Check a kind of element ids, and return it.

    Raises:
        ValueError: There is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind {kind!r} of element ids; use one of {', '.join(KINDS)}")
    return kind


def element_id_of(task_id: int, kind: str = "large") -> int | str:
    """Return the id of the element that a task creates.

    Args:
        task_id: The id of the task, which contains the time of its creation.
        kind: `large` for a number that loses its last digit as a float, `text` for the same number as a string,
            `small` for a number that a float holds. If a task is created after the year 2109, its id is large.
    """
    if kind == "small" and 2 * task_id < _MAX_EXACT:
        return 2 * task_id + 1
    number = 2 * task_id + _BEYOND_FLOATS
    return str(number) if kind == "text" else number


def task_id_of(element_id: int) -> int | None:
    """Return the id of the task that creates an element with this id, or None if no task does."""
    task_id, odd = divmod(element_id - (_BEYOND_FLOATS if element_id > _MAX_EXACT else 1), 2)
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
