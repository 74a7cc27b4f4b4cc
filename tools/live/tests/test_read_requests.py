"""`make live` reports every failed read, and continues."""

from __future__ import annotations

import pytest

from contract_tests.reading.paths import PRESETS
from kling_elements.mock import create_app
from kling_elements.mock.reply import Reply, json_reply
from kling_elements.testing import KlingRouter, respx_router
from tools.live.tests.command import IMAGE, LIST, LOOK_UP, PAGE_REPLY, Replies, Run, create

_CUT = "no response: RemoteProtocolError; check KLING_BASE_URL"


@pytest.mark.usefixtures("gateway_router")
def test_the_first_task_is_looked_up_if_there_is_one(run: Run) -> None:
    """The task is looked up by its task id."""
    create()

    run()

    assert ["look-up of the first task", "  getElement: status 200, conforms"] == run.lines[6:8]


@pytest.mark.usefixtures("gateway_router")
@pytest.mark.parametrize(
    ("target", "reply", "expected"),
    [
        (LIST, PAGE_REPLY, ["  failed: the list can't be read: InvalidResponseError, status 200"]),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: the list can't be read: ConnectionFailedError, " + _CUT],
        ),
        (
            LIST,
            Reply(200, cut=True),
            ["  failed: no response: RemoteProtocolError", "  failed: no response: ConnectionFailedError"],
        ),
        (LIST, json_reply({}, 302), ["  departs: the contract does not list status 302 here"] * 3),
        (LIST, json_reply({"code": 0, "data": [{}]}), ["  failed: the task has no id in the list"]),
        (LIST, json_reply({"code": 0}), ["  departs: the contract expects status 401 here, not 200"] * 2),
        (
            PRESETS,
            json_reply({"code": "no such thing"}),
            ["  failed: the list can't be read: BusinessError, status 200, code a text of 13 characters"],
        ),
        (
            LOOK_UP,
            json_reply({"code": 0}),
            [
                "  failed: the look-up failed: NoTaskError",
                *["  departs: the response does not say, in any dialect, that nothing has this id: NoTaskError"] * 2,
            ],
        ),
        (
            LOOK_UP,
            json_reply({"data": {"task_id": "7"}}),
            ["  departs: the gateway found a task that does not exist"] * 2,
        ),
        (
            LOOK_UP,
            Reply(200, cut=True),
            ["  failed: ConnectionFailedError, " + _CUT] * 2,
        ),
    ],
)
def test_a_failed_read_is_reported(target: str, reply: Reply, expected: list[str], replies: Replies, run: Run) -> None:
    """The other requests are sent anyway."""
    create()
    replies[target] = reply

    assert 1 == run()

    assert expected == [line for line in run.lines if line in expected]
    assert "  listPresetElements: status 200" in run.lines or "  listPresetElements: status 200, conforms" in run.lines


def test_a_gateway_that_accepts_any_token_departs_from_the_contract(run: Run) -> None:
    """The contract requires that a wrong token is refused."""
    with respx_router(app=create_app(tick_seconds=0)):
        assert 1 == run()

    assert 1 == run.lines.count("  departs: the contract expects status 401 here, not 200")


def test_a_wrong_key_is_a_failure(gateway_router: KlingRouter, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No element is created with it."""
    monkeypatch.setenv("KLING_API_KEY", "sk-another-1234567890")

    assert 1 == run("--create", IMAGE)

    refused = "AuthenticationError, status 401, code 1002; check KLING_API_KEY"
    assert f"  failed: the list can't be read: {refused}" in run.lines
    assert 2 == run.lines.count(f"  failed: {refused}")
    assert not any("departs" in line for line in run.lines)
    assert "  failed: no element is created, because look-ups would not find it again" in run.lines
    assert [] == gateway_router.kling.tasks()
