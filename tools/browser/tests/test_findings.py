"""Each problem of a visit is reported."""

from __future__ import annotations

from typing import Any

import pytest

from tools.browser.findings import PageResponse, Visit

_GOOD: dict[str, Any] = {
    "scheme": "dark",
    "width": 390,
    "host": "127.0.0.1:8787",
    "urls": ["http://127.0.0.1:8787/docs", "data:image/svg+xml,x"],
    "is_dark": True,
    "page_width": 390,
    "created": PageResponse("200", "{}"),
    "ids": (["9007199254740993"], ["9007199254740993"]),
    "refused": PageResponse("400", '{"message": "/element_name: at most 20 characters (R04)"}'),
}


def test_a_good_visit_has_no_problems() -> None:
    """A light page is right too if the browser prefers light."""
    assert [] == list(Visit(**_GOOD).problems())
    assert [] == list(Visit(**_GOOD | {"scheme": "light", "is_dark": False}).problems())


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("the page logged an error: no", {"errors": ["no"]}),
        ("the page sent a request to another host: https://example.com/x", {"urls": ["https://example.com/x"]}),
        ("the page sent a request to another host: http://127.0.0.1:1/docs", {"urls": ["http://127.0.0.1:1/docs"]}),
        ("the page is light", {"is_dark": False}),
        ("the page is dark", {"scheme": "light"}),
        ("the page is 391 px wide", {"page_width": 391}),
        ("the create got status 401: no token", {"created": PageResponse("401", "no token")}),
        ("the refusal does not mention /element_name: 200: {}", {"refused": PageResponse("200", "{}")}),
        ("the refusal does not mention /element_name: 400: {}", {"refused": PageResponse("400", "{}")}),
        (
            "the refusal does not mention /element_name: 200: /element_name",
            {"refused": PageResponse("200", "/element_name")},
        ),
        ("the page shows the ids ['2'], and the server sent ['1']", {"ids": (["2"], ["1"])}),
        ("the page shows the ids [], and the server sent []", {"ids": ([], [])}),
        ("a text has too little contrast: Name", {"faint_texts": ["Name"]}),
    ],
)
def test_each_problem_is_reported_in_one_line(expected: str, changes: dict[str, Any]) -> None:
    assert [expected] == list(Visit(**_GOOD | changes).problems())
