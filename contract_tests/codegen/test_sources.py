"""The linter finds facts of the contract and of the overlays whose source is not in openapi/sources.md."""

from __future__ import annotations

import pytest

from scripts.codegen import gateways, lint, sources
from scripts.spec import load

_PAGE = """\
## Sources

| name | what |
|---|---|
| seed-a | the first document |
| gateway-page | a gateway's page |

## Facts

| place in the contract | fact | from | how sure |
|---|---|---|---|
| `components/schemas/Task`, `x-ids` | what a task has | seed-a | documented |

## Gateways

| overlay | fact | from | seen live |
|---|---|---|---|
| `one` | the address | gateway-page | no |
"""
_CONTRACT = {
    "components": {"schemas": {"Task": {"x-source": "upstream", "properties": {"a": {"x-source": "upstream"}}}}}
}
_OVERLAY = {"info": {"x-source": ["gateway-page"]}, "actions": [{"x-source": ["gateway-page"]}]}


def test_every_fact_has_its_source() -> None:
    """openapi/sources.md covers the contract and every overlay."""
    page = sources.PAGE.read_text("utf-8")

    assert [] == sources.problems(page, load(), gateways.overlays())
    assert [] == sources.problems(_PAGE, _CONTRACT, {"one": _OVERLAY})


@pytest.mark.parametrize(
    ("problem", "old", "new"),
    [
        ("sources.md: seed-z is not in the table of sources", "has | seed-a", "has | seed-a, seed-z"),
        ("sources.md: page is not in the table of sources", "address | gateway-page", "address | page, gateway-page"),
        ("#/components/schemas/Task: sources.md has no fact about it", "`components/schemas/Task`", "`x-envelope`"),
        ("#/components/schemas/Task: sources.md has no fact about it", "schemas/Task`", "schemas/Tas`"),
        (
            "gateways/one.yaml: /info/x-source: no row of sources.md for `one` is from gateway-page",
            "| `one` |",
            "| `two` |",
        ),
        (
            "gateways/one.yaml: /info/x-source: gateway-page is not in the table of sources of sources.md",
            "| gateway-page | a gateway's page |\n",
            "",
        ),
    ],
)
def test_a_page_that_lacks_something_is_a_problem(problem: str, old: str, new: str) -> None:
    """Each problem names the place without a source."""
    assert 1 == _PAGE.count(old)

    assert problem in sources.problems(_PAGE.replace(old, new), _CONTRACT, {"one": _OVERLAY})


@pytest.mark.parametrize("without", [{}, {"x-source": []}])
def test_each_action_of_an_overlay_needs_a_source(without: dict[str, object]) -> None:
    """An action without a source is reported, because it is only a rumour."""
    overlay = {**_OVERLAY, "actions": [*_OVERLAY["actions"], without]}

    assert ["gateways/one.yaml: /actions/1: needs an x-source, a list of names from sources.md"] == sources.problems(
        _PAGE, _CONTRACT, {"one": overlay}
    )


def test_a_missing_source_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints the problem."""
    overlay = gateways.overlays()["kkiai"]
    overlay["info"]["x-source"] = ["nobody"]
    monkeypatch.setattr(gateways, "overlays", lambda: {"kkiai": overlay})

    assert 1 == lint.main()
    assert "kkiai.yaml: /info/x-source: nobody is not in the table" in capsys.readouterr().out
