"""The candidates for the paths of an unknown gateway."""

from __future__ import annotations

import pytest

from kling_elements.gateway_paths import own_prefix, roots, ways
from kling_elements_client import gateways as packaged
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.document import resolve, walk


def test_the_contracts_own_paths_are_tried_first() -> None:
    (first, *_) = roots()

    assert "/kling/v1/general" == own_prefix() == first.prefix
    assert CONTRACT.operation("createElement").path == first.prefix + first.elements
    assert CONTRACT.operation("getElement").path == first.prefix + first.element
    for operation_id, operation in CONTRACT.operations().items():
        way = ways(operation_id)[0]
        assert (operation.method, operation.path) == (way.method, own_prefix() + way.path)


def test_candidates_come_from_the_overlays() -> None:
    assert {"/kling/v1/general", "/api/v1/general", "/v1/general"} == {root.prefix for root in roots()}
    assert ["/delete-elements", "/delete-advanced-elements"] == [way.path for way in ways("deleteElement")]
    assert ["get", "post"] == [way.method for way in ways("listPresetElements")]


@pytest.mark.parametrize("operation_id", CONTRACT.operations())
def test_a_definition_refers_only_to_what_the_contract_has(operation_id: str) -> None:
    """A passport copies the definition into the contract, so it must not need anything else of the overlay."""
    contract = packaged.contract_source()

    for way in ways(operation_id):
        for _, node in walk(way.definition):
            resolve(contract, node)  # raises a LookupError if the target is missing
