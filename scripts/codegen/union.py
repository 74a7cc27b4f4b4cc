"""Put what only gateways have into the contract, so that one set of models serves all gateways."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from kling_elements_runtime.document import Node
from scripts.spec import SpecError


def with_schemas_of_gateways(contract: Node, of_gateways: Mapping[str, Node]) -> Node:
    """Return a contract that also has the schemas and the properties of schemas that only gateways have.

    Each such property has the names of its gateways as `x-gateways`. It is optional, because other gateways lack it.

    Args:
        contract: The contract.
        of_gateways: The documents of the gateways by name.

    Raises:
        SpecError: Gateways disagree about such a schema or property.
    """
    own = contract["components"]["schemas"]
    united = deepcopy(own)
    for gateway, document in of_gateways.items():
        for name, schema in document["components"]["schemas"].items():
            where = f"gateways/{gateway}.yaml: schema {name}"
            if name in own:
                new = schema.get("properties", {}).keys() - own[name].get("properties", {}).keys()
                _add_properties(united[name], {field: schema["properties"][field] for field in new}, gateway, where)
            else:
                _add(united, name, schema, where)
    return {**contract, "components": {**contract["components"], "schemas": united}}


def _add_properties(schema: Node, new: Node, gateway: str, where: str) -> None:
    for field, node in sorted(new.items()):
        properties = schema.setdefault("properties", {})
        others = properties.get(field, {}).get("x-gateways", [])
        _add(properties, field, {**node, "x-gateways": others}, f"{where}: property {field}")
        properties[field] = {**node, "x-gateways": [*others, gateway]}


def _add(nodes: Node, name: str, node: Node, where: str) -> None:
    if nodes.setdefault(name, node) != node:
        raise SpecError(f"{where}: another gateway says something else, but there is only one model for both")
