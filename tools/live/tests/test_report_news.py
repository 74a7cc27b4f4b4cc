"""`make live` reports responses that are not yet known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract_tests.reading.paths import PRESETS
from contract_tests.support.tables import for_each_row
from kling_elements.mock.reply import json_reply
from tools.live.tests.command import LIST, LOOK_UP, NEITHER, Replies, Run, gateway

_LIVE = json_reply({"code": 1201, "message": "Task not found by id/external id: 7"}, 400)


_OF_A_GATEWAY = json_reply({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)


@dataclass(frozen=True, kw_only=True)
class _News:
    """A gateway's response that differs from the mock server's, with the run's report and exit code."""

    replies: Replies
    news: Sequence[str] = ()
    code: int = 1
    dialect: str = "live"

    @property
    def id(self) -> str:
        return f"{self.dialect}: {'; '.join(self.news) or 'nothing new'}"


@for_each_row(
    [
        _News(code=0, replies={LOOK_UP: _LIVE}),
        _News(code=0, dialect=NEITHER, replies={LOOK_UP: _OF_A_GATEWAY}),  # known, although it belongs to no dialect
        _News(
            dialect=NEITHER,
            news=[
                'unknown-external-id: HTTP 400, code 1201, "Nothing here for film 7", read as refused',
                'unknown-task-id: HTTP 400, code 1201, "Nothing here for film 7", read as refused',
            ],
            replies={LOOK_UP: json_reply({"code": 1201, "message": "Nothing here for film 7"}, 400)},
        ),
        _News(
            news=[
                "list: /cursor is not in the contract",
                "no-token: HTTP 200, read as list",
                "no-token: /cursor is not in the contract",
                "wrong-token: HTTP 200, read as list",
                "wrong-token: /cursor is not in the contract",
            ],
            replies={LIST: json_reply({"code": 0, "data": [], "cursor": None})},
        ),
        _News(
            news=["presets: /data/*/task_status is archived, a word that is not in the contract"],
            replies={PRESETS: json_reply({"code": 0, "data": [{"task_status": "archived", "task_id": "7"}]})},
        ),
        _News(replies={PRESETS: json_reply({"code": 0})}),  # in the table, but not a list
        _News(
            news=[
                'presets: HTTP 418, code 9, "Jonas is out", read as refused',
                "presets: /code is 9, which is not in x-business-codes",
            ],
            replies={PRESETS: json_reply({"code": 9, "message": "Jonas is out"}, 418)},
        ),
    ],
)
def test_unknown_responses_are_new(row: _News, run: Run) -> None:
    """The exit code is 1 if something is new or a call failed."""
    with gateway(replies=row.replies):
        assert row.code == run()

    assert [f"new: {text}" for text in row.news] == run.starting("new: ")
    assert [f"dialect: {row.dialect}"] == run.starting("dialect")


def test_finding_an_unknown_id_is_new(run: Run) -> None:
    """An unexpected success is reported like an unexpected failure."""
    with gateway(replies={LOOK_UP: json_reply({"code": 0, "data": {"task_id": "7"}})}):
        assert 1 == run()

    assert ["new: unknown-external-id: HTTP 200, read as task"] == run.starting("new: unknown-external-id")
