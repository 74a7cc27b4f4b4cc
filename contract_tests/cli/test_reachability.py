"""The clock of this machine is compared with the gateway's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kling_elements.cli.reachability import check_clock

_DATE = "Sat, 28 Nov 2026 12:00:00 GMT"
_NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "state", "text"),
    [
        (-1, "ok", "agrees with the gateway's"),
        (-2, "ok", "2 seconds behind the gateway's"),
        (30, "ok", "30 seconds ahead of the gateway's"),
        (31, "warning", "31 seconds ahead of"),
        (-300, "warning", "300 seconds behind"),
        (-301, "problem", "301 seconds behind"),
        (7200, "problem", "7200 seconds ahead of"),
    ],
)
def test_the_clock_may_be_a_few_seconds_off(seconds: int, state: str, text: str) -> None:
    """More than five minutes is a problem, because `listen` would refuse notifications."""
    finding = check_clock(_DATE, _NOON + timedelta(seconds=seconds))

    assert (state, True) == (finding.state, text in finding.text)
    assert (state == "ok") == (finding.advice == "")


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sat, 28 Nov 2026 12:00:00 -0000"])
def test_without_a_usable_date_the_clock_is_not_compared(date: str | None) -> None:
    finding = check_clock(date, _NOON)

    assert ("warning", True) == (finding.state, "cannot be compared" in finding.text)
