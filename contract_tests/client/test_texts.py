"""Texts that people read are short, whatever is in a model, and have nothing in them that a terminal would obey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kling_elements_client.models import ReferImage, Task, TaskListResponse


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("None", None),
        ("['x', <81 characters>]", ["x", "x" * 81]),
        ("{'x': 1, <81 characters>: <81 characters>}", {"x": 1, "x" * 81: "x" * 81}),
        (repr("x" * 80), "x" * 80),
        ("<81 characters>", "x" * 81),
        ("<81 characters>", "https://example.com/" + "x" * 61),
    ],
)
def test_no_long_text_is_in_a_repr(expected: str, value: Any) -> None:
    """A repr gives only the length of a text in the place of an image if it has more than 80 characters."""
    model = ReferImage(image_url=value)
    model.additional_properties = {"new": value}

    assert f"ReferImage(image_url={expected}, additional_properties={{'new': {expected}}})" == repr(model)


def test_a_repr_ends_at_some_depth() -> None:
    """Also that of what contains itself."""
    itself: dict[str, Any] = {}
    itself["x"] = itself
    model, deep = Task(), Task()
    model.additional_properties = itself
    for _ in range(2_000):
        deep = Task(task_result=deep)  # type: ignore[arg-type] # whatever a gateway makes of it

    assert "Task(additional_properties=" + "{'x': " * 15 + "..." + "}" * 15 + ")" == repr(model)
    assert "Task(task_result=" * 16 + "..." + ")" * 16 == repr(deep)


def test_a_repr_ends_at_some_length() -> None:
    """A page of ten thousand tasks is not printed whole, and takes no time."""
    page = TaskListResponse(data=[Task(task_id=str(number)) for number in range(10_000)])

    assert 10_003 == len(repr(page))
    assert repr(page).startswith("TaskListResponse(data=[Task(task_id='0'), Task(task_id='1'), ")
    assert repr(page).endswith("...")


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("<81 bytes>", b"x" * 81),
        ("<integer of 14000 bits>", 1 << 13_999),
        ("<Path>", Path("x" * 500)),
        ("('x', 1)", ("x", 1)),
        ("(<81 characters>)", ("x" * 81,)),
        (r"'\x1b\n\u202e\ud800'", "\x1b\n\u202e\ud800"),
    ],
)
def test_a_repr_tells_of_odd_values_without_showing_them_whole(expected: str, value: Any) -> None:
    """Bytes may be an image, and Python does not write integers of any length."""
    assert f"Task(task_id={expected})".replace("Path", type(Path()).__name__) == repr(Task(task_id=value))
