"""Texts for people are short, whatever a model contains, and contain no control characters."""

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
def test_a_repr_never_contains_a_long_string(expected: str, value: Any) -> None:
    """The repr gives the length of a string of more than 80 characters, which may be an image."""
    model = ReferImage(image_url=value)
    model.additional_properties = {"new": value}

    assert f"ReferImage(image_url={expected}, additional_properties={{'new': {expected}}})" == repr(model)


def test_a_repr_is_limited_in_depth() -> None:
    """The limit also ends the repr of a value that contains itself."""
    itself: dict[str, Any] = {}
    itself["x"] = itself
    model, deep = Task(), Task()
    model.additional_properties = itself
    for _ in range(2_000):
        deep = Task(task_result=deep)  # type: ignore[arg-type] # a gateway may send anything

    assert "Task(additional_properties=" + "{'x': " * 15 + "..." + "}" * 15 + ")" == repr(model)
    assert "Task(task_result=" * 16 + "..." + ")" * 16 == repr(deep)


def test_a_repr_is_limited_in_length() -> None:
    """The limit cuts off a page of ten thousand tasks, which also keeps it fast."""
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
def test_a_repr_summarizes_unusual_values(expected: str, value: Any) -> None:
    """Bytes may be an image, and Python can't write very long integers."""
    assert f"Task(task_id={expected})".replace("Path", type(Path()).__name__) == repr(Task(task_id=value))
