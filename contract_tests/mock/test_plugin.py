"""The pytest plugin with the fixture `kling_mock`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.spec import ROOT

pytestmark = pytest.mark.slow


def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    """The message is the same as the command's, without a traceback."""
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(name='uvicorn')\n")
    (tmp_path / "test_it.py").write_text("def test_it(kling_mock): ...\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert 1 == done.returncode
    assert "uvicorn is missing: install kling-elements[mock]" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


_SUITE = """
import httpx
import pytest
from kling_elements import KlingElements

ELEMENT = {
    "element_name": "Mara",
    "element_description": "Keeper of a lighthouse.",
    "reference_type": "video_refer",
    "callback_url": "http://127.0.0.1:9/hook",
    "element_video_list": {"refer_videos": [{"video_url": "https://media.example.com/mara.mp4"}]},
}


def test_an_element_is_created(kling_mock):
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        element = kling.wait(kling.create(ELEMENT))
    assert [element.element_id] == [task["element_id"] for task in kling_mock.tasks()]


def test_each_test_has_a_server_of_its_own(kling_mock):
    assert kling_mock.tasks() == kling_mock.callbacks() == []


@pytest.mark.kling_mock(tick_seconds=1, manual_clock=True, concurrency=1)
def test_time_is_stepped_by_hand(kling_mock):
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        task = kling.create(ELEMENT)
        assert kling.get(task).task_status == "submitted"
        kling_mock.step(2)
        assert kling.get(task).task_status == "succeed"


@pytest.mark.kling_mock(token="a-token-of-my-own")
def test_the_token_is_one_that_the_server_takes(kling_mock):
    assert kling_mock.token == "a-token-of-my-own"
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        assert list(kling.list()) == []
"""


def test_the_fixture_serves_a_users_suite(tmp_path: Path) -> None:
    """Suites need no set-up: the package installs the plugin and registers its marker."""
    (tmp_path / "test_mine.py").write_text(_SUITE)
    options = ("-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", "-p", "no:randomly")
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_the_plugin_costs_other_suites_nothing() -> None:
    """Loading the plugin imports neither the server nor the client."""
    code = (
        "import sys, kling_elements.testing.plugin as plugin; assert plugin.kling_mock;"
        "print({'httpx', 'uvicorn', 'respx', 'kling_elements.mock', 'attrs'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
