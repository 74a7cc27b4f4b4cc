"""The test suite of a user: `test_plugin.py` copies it into an empty folder, and runs it with pytest."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements import KlingElements
from kling_elements.testing import MockGateway

ELEMENT: dict[str, Any] = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "video_refer",
    "callback_url": "http://127.0.0.1:9/hook",
    "element_video_list": {"refer_videos": [{"video_url": "https://media.example.com/mara.mp4"}]},
}


def test_an_element_is_created(kling_mock: MockGateway) -> None:
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        element = kling.wait(kling.create(ELEMENT))
    assert [element.element_id] == [task["element_id"] for task in kling_mock.tasks()]


def test_each_test_has_a_server_of_its_own(kling_mock: MockGateway) -> None:
    assert kling_mock.tasks() == kling_mock.callbacks() == []


@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True, concurrency=1)
def test_time_is_stepped_by_hand(kling_mock: MockGateway) -> None:
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task = kling.create(ELEMENT)
        assert kling.get(task).task_status == "submitted"
        kling_mock.step(2)
        assert kling.get(task).task_status == "succeed"


@pytest.mark.kling_mock(token="a-token-of-my-own")
def test_the_server_accepts_a_token_of_your_own(kling_mock: MockGateway) -> None:
    assert kling_mock.token == "a-token-of-my-own"
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        assert list(kling.list()) == []
