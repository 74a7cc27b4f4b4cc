"""The candidates for the paths of an unknown gateway."""

from __future__ import annotations

import pytest

from kling_elements.gateway_paths import own_prefix, path_choices, path_prefixes
from kling_elements_client import gateways as packaged
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.document import resolve, walk


def test_the_contracts_own_paths_are_tried_first() -> None:
    (first, *_) = path_prefixes()

    assert "/kling/v1/general" == own_prefix() == first.path
    assert CONTRACT.operation("createElement").path == first.path + first.elements
    assert CONTRACT.operation("getElement").path == first.path + first.element
    for operation_id, operation in CONTRACT.operations().items():
        choice = path_choices(operation_id)[0]
        assert (operation.method, operation.path) == (choice.method, own_prefix() + choice.path)


def test_candidates_come_from_the_overlays() -> None:
    assert {"/kling/v1/general", "/api/v1/general", "/v1/general"} == {prefix.path for prefix in path_prefixes()}
    assert ["/delete-elements", "/delete-advanced-elements"] == [
        choice.path for choice in path_choices("deleteElement")
    ]
    assert ["get", "post"] == [choice.method for choice in path_choices("listPresetElements")]


@pytest.mark.parametrize("operation_id", CONTRACT.operations())
def test_a_definition_refers_only_to_what_the_contract_has(operation_id: str) -> None:
    """A passport copies the definition into the contract, so it must not need anything else of the overlay."""
    contract = packaged.contract_source()

    for choice in path_choices(operation_id):
        for _, node in walk(choice.definition):
            resolve(contract, node)  # raises a LookupError if the target is missing
