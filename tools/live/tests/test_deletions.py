"""With CONFIRM=1, `make live` asks both paths to delete an element that cannot exist."""

from __future__ import annotations

import json
import re

import pytest

from contract_tests.reading.paths import DELETION
from kling_elements.gateway_survey import nonexistent_id
from kling_elements.mock.reply import Reply, json_reply
from tools.live.tests.command import DIALECTS, Run, create, gateway

_OTHER_DELETION = "/kling/v1/general/delete-advanced-elements"


def test_nothing_is_deleted_without_confirmation(run: Run) -> None:
    """CONFIRM=1 is required."""
    with gateway() as router:
        run()
        sent = [call.request.url.path for call in router.calls]

    assert [] == [path for path in sent if "delete" in path]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_paths_get_a_deletion_of_an_element_that_cannot_exist(dialect: str, run: Run) -> None:
    """In the live dialect, the response is new, because none has been recorded yet."""
    with gateway(dialect) as router:
        create()
        code = run("--confirm")
        sent = {
            call.request.url.path: json.loads(call.request.content) for call in router.calls if call.request.content
        }
        assert [False] == [task["deleted"] for task in router.kling.tasks()]

    assert "Then it asks both paths to delete an element that cannot exist." in run.lines
    assert sent[DELETION] == sent[_OTHER_DELETION]
    assert re.fullmatch(r"nobody-[0-9a-f-]{36}", sent[DELETION]["element_id"])
    assert ["unknown-element"] * (dialect == "live") == [line.split(": ")[1] for line in run.starting("new: ")][:1]
    assert int(dialect == "live") == code


def test_a_claimed_deletion_of_an_unknown_element_is_new(run: Run) -> None:
    """The gateway claims to have deleted an element that never existed."""
    with gateway(replies={DELETION: json_reply({"code": 0}), _OTHER_DELETION: Reply(200, cut=True)}):
        assert 1 == run("--confirm")

    assert "  departs: the gateway claims to have deleted an element that never existed" in run.lines
    assert ["new: unknown-element: HTTP 200, read as deleted"] == run.starting("new: ")
    assert "  failed: ConnectionFailedError, no response: RemoteProtocolError; check KLING_BASE_URL" in run.lines


def test_no_reader_takes_the_nonexistent_id_for_a_number() -> None:
    """The id also differs each time."""
    first, second = nonexistent_id(), nonexistent_id()

    assert first != second
    for parse in (int, float, lambda text: int(text[:1]), lambda text: int(text, 16)):
        with pytest.raises(ValueError, match=r"invalid|could not convert"):
            parse(first)
