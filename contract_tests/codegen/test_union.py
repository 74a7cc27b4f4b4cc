"""One set of models serves all gateways: it also has what only gateways have."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from attrs import fields_dict

from contract_tests.reading.image_body import BODY
from kling_elements.gateway_catalog import contract_of
from kling_elements_client.contract import CONTRACT
from kling_elements_client.gateways import BASE_URLS
from kling_elements_client.models import ImageElementRequest
from scripts.codegen.union import with_schemas_of_gateways
from scripts.spec import SpecError

_OWN = {"a": {"type": "string"}}


def _document(**schemas: Any) -> dict[str, Any]:
    return {"paths": {}, "components": {"schemas": schemas}}


def test_a_property_of_some_gateways_is_added_with_their_names() -> None:
    """The contract stays as it is, and a property of its own is not marked."""
    new = {"type": "integer"}
    contract, other = _document(S={"properties": _OWN}), _document(S={"properties": {**_OWN, "b": new}})

    united = with_schemas_of_gateways(contract, {"x": other, "y": contract, "z": other})

    marked = {**new, "x-gateways": ["x", "z"]}
    assert _document(S={"properties": {**_OWN, "b": marked}}) == united
    assert _document(S={"properties": _OWN}) == contract


def test_a_schema_of_some_gateways_is_added() -> None:
    other = _document(S={"type": "object"}, T={"type": "string"})

    assert other == with_schemas_of_gateways(_document(S={"type": "object"}), {"x": other, "y": other})


def test_a_schema_without_properties_gets_those_of_a_gateway() -> None:
    united = with_schemas_of_gateways(_document(S={}), {"x": _document(S={"properties": _OWN})})

    assert _document(S={"properties": {"a": {"type": "string", "x-gateways": ["x"]}}}) == united


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"S": {"properties": {"b": {"type": "string"}}}}, {"S": {"properties": {"b": {}}}}, "schema S: property b"),
        ({"S": {}, "T": {"type": "string"}}, {"S": {}, "T": {"type": "integer"}}, "schema T"),
    ],
)
def test_gateways_that_disagree_are_refused(one: Any, other: Any, where: str) -> None:
    """There is only one model for both."""
    documents = {"x": _document(**one), "y": _document(**other)}

    with pytest.raises(SpecError, match=rf"^gateways/y\.yaml: {where}: another gateway says something else"):
        with_schemas_of_gateways(_document(S={}), documents)


def test_a_voice_for_an_image_element_is_checked_by_the_contract_of_the_gateway() -> None:
    """The model has it for all gateways; only the gateways that have it accept it."""
    request = ImageElementRequest.from_dict({**BODY, "element_voice_id": "v-1"})
    refused = {gateway for gateway in BASE_URLS if contract_of(gateway, None).violations("createElement", request)}

    assert "v-1" == request.element_voice_id
    assert ["R28"] == [violation.rule for violation in CONTRACT.violations("createElement", request)]
    assert {"kling-beijing", "kling-singapore"} == set(BASE_URLS) - refused


def test_the_docstring_of_a_model_says_which_gateways_have_a_property() -> None:
    text = " ".join((inspect.getdoc(ImageElementRequest) or "").split())

    assert "element_voice_id" in fields_dict(ImageElementRequest)
    assert "Empty means none (R27). Only for the gateways `kling-beijing`, `kling-singapore`." in text
    assert 1 == text.count("Only for the gateways")
