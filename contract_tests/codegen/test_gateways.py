"""The overlays of gateways in openapi/gateways, and what `make gen` does with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oas_patch.overlay import apply_overlay
from ruamel.yaml import YAML

from scripts.codegen import gateways, generate, lint
from scripts.codegen.generate import CLIENT
from scripts.spec import SPEC, SpecError, inline, source

_OVERLAYS = gateways.overlays()
_DOCUMENTS = gateways.documents(source(), _OVERLAYS)


def _spec_with(folder: Path, overlay: object) -> Path:
    """Copy the contract to a folder, with one gateway, and return the path of the contract."""
    (folder / "gateways").mkdir()
    with (folder / "gateways" / "mine.yaml").open("w") as file:
        YAML(typ="safe").dump(overlay, file)
    spec = folder / "kling-elements.yaml"
    spec.write_bytes(SPEC.read_bytes())
    return spec


def _overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Mine", "version": "2026", "x-source": ["seed-a"], "x-summary": "It differs."}
    return {"overlay": "1.0.0", "info": info, "actions": list(actions)}


@pytest.mark.parametrize("name", _OVERLAYS)
def test_the_document_of_each_gateway_passes_the_lint(name: str) -> None:
    assert [] == lint.gateway_problems({name: _DOCUMENTS[name]})


@pytest.mark.parametrize("name", _OVERLAYS)
def test_another_program_makes_the_same_document(name: str) -> None:
    """oas-patch has another author, and another library for JSONPath. It changes the document that it gets."""
    theirs = apply_overlay(json.loads(json.dumps(source())), json.loads(json.dumps(_OVERLAYS[name])))

    assert inline(theirs) == _DOCUMENTS[name]


@pytest.mark.parametrize("name", _OVERLAYS)
def test_each_overlay_is_shipped_as_it_is_written(name: str) -> None:
    assert _OVERLAYS[name] == json.loads((CLIENT / "gateways" / f"{name}.json").read_bytes())


def test_nothing_but_the_overlays_is_shipped() -> None:
    assert {f"{name}.json" for name in _OVERLAYS} == {path.name for path in (CLIENT / "gateways").iterdir()}


def test_a_problem_in_the_document_of_a_gateway_names_the_gateway() -> None:
    """A gateway's URL may have variables, but the contract's first URL may not."""
    document = {**_DOCUMENTS["passthrough"], "x-new": 1}

    (problem,) = lint.gateway_problems({"mine": document})

    assert "gateways/mine.yaml: #: unknown extension x-new" == problem
    assert "{" in document["servers"][0]["url"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"target": "$.none", "remove": True}, "/actions/1/target: '$.none' selects nothing in the document"),
        ({"target": "$.", "remove": True}, "/actions/1/target: '$.' is not a JSONPath expression"),
        ({"target": "$", "update": {"x-new": 1}}, "#: unknown extension x-new"),
        (
            {"target": "$.paths", "update": {"/v1/new": {"$ref": "#/components/pathItems/Deletion"}}},
            "#/paths/~1v1~1new/post: has the operationId of #/paths/~1kling~1v1~1general~1delete-elements/post, ",
        ),
        ({"target": "$['x-rules'].R28", "remove": True}, "#/components/schemas/ImageElementRequest/x-excluded"),
    ],
)
def test_an_overlay_that_cannot_be_used_stops_the_generator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: dict[str, Any], message: str
) -> None:
    """The error names the file and the action, or the place in the document; the old client stays."""
    first = {"target": "$.servers[1]", "remove": True, "description": "One.", "x-source": ["seed-a"]}
    spec = _spec_with(tmp_path, _overlay(first, {"description": "Two.", "x-source": ["seed-a"], **action}))

    exit_code = generate.main(["--target", str(tmp_path / "client"), "--spec", str(spec)])

    error = capsys.readouterr().err
    assert 1 == exit_code
    assert error.startswith(f"error: the client was not generated\ngateways/mine.yaml: {message}")
    assert not (tmp_path / "client").exists()


def test_a_file_that_is_no_overlay_stops_the_generator(tmp_path: Path) -> None:
    """YAML that can't be read, and YAML that is something else."""
    spec = _spec_with(tmp_path, [1])
    with pytest.raises(SpecError, match=r"^mine\.yaml: not a mapping"):
        generate.generate(tmp_path / "client", spec)

    (tmp_path / "gateways" / "mine.yaml").write_text("a: [")
    with pytest.raises(SpecError, match=r"^mine\.yaml: while parsing"):
        gateways.overlays(tmp_path / "gateways")


def test_the_address_of_a_gateway_is_its_first_server_unless_that_has_variables() -> None:
    assert "https://a.example" == gateways.address_of({"servers": [{"url": "https://a.example"}, {"url": "x"}]})
    assert gateways.address_of({"servers": [{"url": "https://{host}"}]}) is None


def test_the_lifted_rules_have_the_names_of_the_gateways_without_them() -> None:
    contract: dict[str, Any] = {"x-rules": {"R1": {}, "R2": {}}}
    fewer: dict[str, Any] = {"x-rules": {"R2": {}}}

    assert {"R1": ("a", "c")} == gateways.lifted_rules(contract, {"a": fewer, "b": contract, "c": fewer})
    assert ["R28"] == list(gateways.lifted_rules(inline(source()), _DOCUMENTS))
