"""Tasks and elements as JSON values and as lines of text."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements.cli.formatting import HEADING, element_json, task_json, task_lines
from kling_elements_client.models import Element, Task

_ELEMENT = {"element_id": 829183734567829183, "element_name": "Mara", "element_image_list": {"frontal_image": "AAAA"}}
_TASK = {
    "task_id": 8219453021,
    "task_status": "succeed",
    "created_at": 1784541600000,
    "task_result": {"elements": [_ELEMENT, {**_ELEMENT, "element_id": 2, "element_name": "Ada"}]},
}


def _task(**changes: Any) -> Task:
    return Task.from_dict({**_TASK, **changes})


def test_each_element_of_a_task_has_a_line_below_the_heading() -> None:
    """The columns of all lines begin at the same places."""
    lines = [HEADING, *task_lines(_task())]

    assert ["ELEMENT", "829183734567829183", "2"] == [line[52:72].strip() for line in lines]
    assert ["NAME", "Mara", "Ada"] == [line[74:] for line in lines]
    assert all(line.startswith("8219453021            succeed     2026-07-20 10:00") for line in lines[1:])


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"task_status": "processing", "task_result": None}, "(not yet)"),
        ({"task_status": "failed", "task_status_msg": "no face", "task_result": None}, "-  no face"),
        ({"created_at": "soon", "task_status": "processing", "task_result": None}, "  -                 (not yet)"),
        ({"created_at": 10**20, "task_status": "processing", "task_result": None}, "  -                 (not yet)"),
    ],
)
def test_a_task_without_an_element_has_one_line(changes: dict[str, Any], end: str) -> None:
    """The line contains the reason of a failure. Invalid times are left out."""
    (line,) = task_lines(_task(**changes))

    assert line.endswith(end)


def test_ids_are_strings_in_json_and_media_are_left_out() -> None:
    """Ids are strings because JavaScript rounds numbers above 2^53."""
    task = task_json(_task())

    assert ("8219453021", "2026-07-20T10:00:00+00:00") == (task["task_id"], task["created_at"])
    assert ["829183734567829183", "2"] == [element["id"] for element in task["elements"]]
    assert "AAAA" not in str(task)


@pytest.mark.parametrize("tags", [None, "o_102", [1], {}])
def test_malformed_tags_are_left_out(tags: Any) -> None:
    """The other properties of the element are still shown."""
    element = Element.from_dict(_ELEMENT)
    element.tag_list = tags

    assert [] == element_json(element)["tags"]
