"""`make live` reads each response of `live_responses.yaml` as the row says."""

from __future__ import annotations

from contract_tests.reading.live_responses import NOTIFICATION, LiveResponse, responses
from contract_tests.support.tables import for_each_row
from tools.live.client_reading import read_response
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import SeenResponse


@for_each_row([row for row in responses() if row.call != NOTIFICATION])
def test_a_known_response_is_read_as_its_row_says_and_is_not_new(row: LiveResponse) -> None:
    """The row that `make live` writes has the same meaning."""
    requested_id = row.asked or row.reads.external_id or ""
    situation = {"listElements": "list", "listPresetElements": "presets"}.get(row.call, "creation")
    seen_response = SeenResponse(situation, row.call, (requested_id,) if requested_id else (), row.response())
    report = Report([seen_response], Redactor(str, "gateway.example.com"), "2026-11-28")

    assert row.means == read_response(row.call, row.response(), requested_id).means
    assert [] == report.news
    assert (row.call, row.means) == (report.entries[0].row["call"], report.entries[0].row["means"])
