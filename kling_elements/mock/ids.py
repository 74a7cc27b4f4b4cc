"""Ids of subjects, each worked out from that of the task that makes it: as large numbers, small ones or texts."""

from __future__ import annotations

import math
from collections.abc import Iterator

KINDS = ("large", "small", "text")
"""How ids of subjects may be written, the usual way first."""

_MOST_EXACT = 1 << 53  # up to here a floating-point number, which is what JavaScript has, holds every integer
_BEYOND_FLOATS = _MOST_EXACT + 1  # added to an even number it makes one that no floating-point number can hold
_MOST_DIGITS = 18  # longer ids would not fit 64 bits


def usable_kind(kind: str) -> str:
    """Return a kind of ids.

    Raises:
        ValueError: There is none of this name.
    """
    if kind not in KINDS:
        raise ValueError(f"there are no element ids {kind!r}; there are {', '.join(KINDS)}")
    return kind


def element_id_of(task_id: int, kind: str = "large") -> int | str:
    """Return the id of the subject that a task makes.

    Args:
        task_id: The id of the task, which is the time of its creation.
        kind: `large` for a number that loses its last digit as a float, `text` for the same as a text, `small` for a
            number that a float holds, which there is for every task up to the year 2109.
    """
    if kind == "small" and 2 * task_id < _MOST_EXACT:
        return 2 * task_id + 1
    number = 2 * task_id + _BEYOND_FLOATS
    return str(number) if kind == "text" else number


def task_id_of(element_id: int) -> int | None:
    """Return the id of the task that makes a subject, or None if no task makes one of this id, whichever its kind."""
    task_id, odd = divmod(element_id - (_BEYOND_FLOATS if element_id > _MOST_EXACT else 1), 2)
    return None if odd else task_id


def rounded_to(number: int) -> Iterator[int]:
    """Yield the ids of the tasks whose subjects have a large id that a floating-point number turns into this number."""
    spacing = int(math.ulp(float(number)))
    for element_id in range(number - spacing, number + spacing + 1):
        task_id = task_id_of(element_id) if element_id > _MOST_EXACT else None
        if task_id is not None and element_id != number == int(float(element_id)):
            yield task_id


def number_of(text: str) -> int | None:
    """Return the number that an id writes, or None if it is no number as ids are written here."""
    written = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and not text.startswith("0")
    return int(text) if written else None
