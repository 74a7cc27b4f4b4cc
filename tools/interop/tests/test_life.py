"""The life of a subject by which a server is judged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tools.interop import life


def _client(**answers: Any) -> Any:
    """Return what looks like a client whose calls answer as they should, but for those that are given."""
    task = SimpleNamespace(task_id="1")
    right = {"create": task, "wait": object(), "get": task, "list": [task], "presets": [task], "delete": None}
    return SimpleNamespace(**{name: lambda *_, answer=answer: answer for name, answer in {**right, **answers}.items()})


@pytest.mark.parametrize(
    ("expected", "answers"),
    [
        ([], {}),
        (["the look-up has the task 2, not 1"], {"get": SimpleNamespace(task_id="2")}),
        (["the list has the task 2, not 1"], {"list": [SimpleNamespace(task_id="2")]}),
        (["the list has the task None, not 1"], {"list": []}),
        (["the library is empty"], {"presets": []}),
    ],
)
def test_each_place_has_what_was_created(expected: list[str], answers: dict[str, Any]) -> None:
    """The look-up and the list have the task, and the library has something."""
    assert expected == life.problems(_client(**answers))


def test_the_subject_itself_is_deleted() -> None:
    """And not the task that made it, or nothing."""
    deleted = list[object]()
    client = _client(wait="the subject", delete=None)
    client.delete = deleted.append

    assert [] == life.problems(client)
    assert ["the subject"] == deleted
