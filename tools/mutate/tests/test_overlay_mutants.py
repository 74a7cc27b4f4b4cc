"""Overlay mutants: each one is noticed, or has a reason why nobody can notice it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.reading.gateway_cases import GATEWAY_CASES
from scripts.codegen import gateways
from scripts.spec import source
from tools.mutate import overlay_mutants
from tools.mutate.overlay_mutants import EQUIVALENTS, is_noticed, mutants
from tools.mutate.proof_parts import PartResult

_CONTRACT: dict[str, Any] = json.loads(json.dumps(source()))
_OVERLAYS: dict[str, dict[str, Any]] = json.loads(json.dumps(gateways.overlays()))


@pytest.mark.parametrize("name", GATEWAY_CASES)
def test_each_overlay_says_what_is_known_of_its_gateway(name: str) -> None:
    """The table of what is known was not made from the overlays."""
    assert not is_noticed(_CONTRACT, name, _OVERLAYS[name])


def test_an_action_is_dropped_gets_another_target_and_another_value() -> None:
    """Words for people are not changed."""
    update = {"url": "a", "description": "b", "list": ["c", {"d": 1}]}
    first, second = {"target": "$.servers", "update": update}, {"target": "$.paths", "remove": True}

    changes = dict(mutants({"actions": [first, second]}))

    assert [
        "/actions/0: dropped",
        "/actions/0/target: $.paths",
        "/actions/0/update/url: dropped",
        "/actions/0/update/url: changed",
        "/actions/0/update/list: dropped",
        "/actions/0/update/list/0: dropped",
        "/actions/0/update/list/0: changed",
        "/actions/0/update/list/1: dropped",
        "/actions/0/update/list/1/d: dropped",
        "/actions/0/update/list/1/d: changed",
        "/actions/1: dropped",
        "/actions/1/target: $.servers",
    ] == list(changes)
    assert {"actions": [second]} == changes["/actions/0: dropped"]
    assert {**update, "list": ["cx", {"d": 1}]} == changes["/actions/0/update/list/0: changed"]["actions"][0]["update"]
    assert {**first, "target": "$.paths"} == changes["/actions/0/target: $.paths"]["actions"][0]
    assert {"url": "a", "description": "b", "list": ["c", {"d": 1}]} == update


def test_every_mutant_is_killed_or_equivalent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test tries those of two gateways; `make proof` tries all of them."""
    names = ("fast-token", "passthrough")
    monkeypatch.setattr(gateways, "overlays", lambda: {name: _OVERLAYS[name] for name in names})
    monkeypatch.setattr(overlay_mutants, "GATEWAY_CASES", {name: GATEWAY_CASES[name] for name in names})
    monkeypatch.setattr(overlay_mutants, "EQUIVALENTS", {})

    outcome = overlay_mutants.prove()

    count = sum(len(list(mutants(_OVERLAYS[name]))) for name in names)
    assert PartResult(f"{count} of {count} mutants killed, 0 equivalent") == outcome


def test_survivors_and_idle_equivalents_are_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mutant that nobody notices fails the proof, and so does an equivalent that is none."""
    monkeypatch.setattr(gateways, "overlays", lambda: {"kkiai": _OVERLAYS["kkiai"]})
    monkeypatch.setattr(overlay_mutants, "GATEWAY_CASES", {"kkiai": GATEWAY_CASES["kkiai"]})
    monkeypatch.setattr(overlay_mutants, "is_noticed", lambda *_: False)

    assert 1 == overlay_mutants.main()

    printed = capsys.readouterr().out
    assert "survives: kkiai/actions/0: dropped\n" in printed
    assert f"delete it: {min(EQUIVALENTS)}\n" in printed
    assert "overlay mutants: FAILED; 0 of 1 mutants killed, 0 equivalent" in printed


def test_nothing_is_tried_if_the_table_is_not_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither with an untrue row, nor with a gateway more or less."""
    monkeypatch.setattr(overlay_mutants, "is_noticed", lambda _, name, __: name == "kkiai")
    assert PartResult("no mutant was tried", ("not true of the overlay itself: kkiai",)) == overlay_mutants.prove()

    monkeypatch.setattr(overlay_mutants, "GATEWAY_CASES", {})
    (problem,) = overlay_mutants.prove().problems
    assert "gateway_cases.py and openapi/gateways have different gateways" == problem
