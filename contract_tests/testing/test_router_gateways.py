"""The respx router and the pytest fixture play any gateway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.image_body import body_with
from contract_tests.support.running import tls
from kling_elements import KlingElements
from kling_elements.mock import create_app
from kling_elements.testing import respx_router

_OPTIONS: dict[str, Any] = {"http_client": {"verify": tls()}}
_SINGAPORE = "https://api-singapore.klingai.com"
_WITH_VOICE = body_with(element_voice_id="voice-4711")


def test_the_router_plays_a_gateway_at_its_own_address() -> None:
    """Neither the test nor the client needs the address."""
    with (
        respx_router(gateway="kling-singapore") as router,
        KlingElements("any-token", gateway="kling-singapore", **_OPTIONS) as kling,
    ):
        task = kling.create(_WITH_VOICE)

        assert _SINGAPORE == router.kling.url
        assert [task.task_id] == [one["task_id"] for one in router.kling.tasks()]


def test_the_host_decides_for_the_router_as_for_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """So an argument or `KLING_BASE_URL` is enough."""
    with respx_router(_SINGAPORE) as router, KlingElements("any-token", _SINGAPORE, **_OPTIONS) as kling:
        kling.create(_WITH_VOICE)
        assert 1 == len(router.kling.tasks())

    monkeypatch.setenv("KLING_BASE_URL", _SINGAPORE)
    with respx_router() as router, KlingElements("any-token", **_OPTIONS) as kling:
        kling.create(_WITH_VOICE)
        assert 1 == len(router.kling.tasks())


def test_a_gateway_can_be_played_at_any_address() -> None:
    """The address says where requests go, and the gateway says how."""
    url = "https://gateway.example.com/to"
    with (
        respx_router(url, gateway="passthrough") as router,
        KlingElements("any-token", url, gateway="passthrough", **_OPTIONS) as kling,
    ):
        task = kling.create(body_with())

        assert isinstance(task.task_id, int)
        assert [task.task_id] == [one["task_id"] for one in router.kling.tasks()]


def test_an_application_that_plays_a_gateway_answers_at_its_address() -> None:
    app = create_app(tick_seconds=0, gateway="kling-beijing")
    with respx_router(app=app) as router:
        assert "https://api-beijing.klingai.com" == router.kling.url


def test_a_gateway_without_an_address_needs_one() -> None:
    with pytest.raises(ValueError, match="pass base_url"):
        respx_router(gateway="text-ids")


def test_a_gateway_and_an_application_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="pass either gateway or app"):
        respx_router(gateway="kkiai", app=create_app())


_SUITE = """
import pytest
from kling_elements import KlingElements

@pytest.mark.kling_mock(gateway="kling-singapore")
def test_an_element_is_created(kling_mock):
    with KlingElements(kling_mock.token, kling_mock.url, gateway="kling-singapore") as kling:
        element = kling.wait(kling.create({
            "element_name": "Mara",
            "element_description": "Keeper of a lighthouse.",
            "reference_type": "video_refer",
            "element_video_list": {"refer_videos": [{"video_url": "https://media.example.com/mara.mp4"}]},
        }))
        kling.delete(element)
    assert [True] == [task["deleted"] for task in kling_mock.tasks()]
"""


@pytest.mark.slow
def test_the_fixture_plays_a_gateway(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(_SUITE)
    options = ("-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
