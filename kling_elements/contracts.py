"""What a contract of a caller's own must have, so that everything here can go by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, at, operations

_READ: Final = (
    "/servers/0/url",
    "/x-business-codes",
    "/x-dialects",
    *(f"/components/schemas/{name}" for name in ("HttpUrl", "ImageReference")),
    *(f"/components/schemas/{name}/x-aliases" for name in ("Task", "Element")),
    "/components/schemas/TaskStatus/x-progress",
    "/components/schemas/Element/x-output-type",
    "/components/schemas/Element/properties/status/x-unusable",
)
"""What is read wherever an answer comes from."""


def usable(contract: Contract) -> Contract:
    """Return a contract that everything here can go by: the package's, with other limits, words, codes and paths.

    Raises:
        ValueError: It lacks something; the message names all of it.
    """
    if contract is not CONTRACT and (missing := contract.read(_missing)):
        raise ValueError(
            f"the contract lacks {', '.join(missing)}: begin with a copy of kling_elements_client.contract.document(), "
            "and change what differs"
        )
    return contract


def _missing(document: Node) -> list[str]:
    own = CONTRACT.document()["components"]["schemas"]
    envelopes = (f"/components/schemas/{name}/x-envelope" for name in own if "x-envelope" in own[name])
    places = (*_READ, *envelopes)  # without an envelope the answer to a create that was paid for could not be read
    return [*_missing_operations(document), *(place for place in places if at(document, place) is None)]


def _missing_operations(document: Node) -> Iterator[str]:
    """Yield those that the generated client calls; their paths may differ, and their methods not."""
    methods = {definition["operationId"]: method for _, method, definition in operations(document)}
    for name, operation in CONTRACT.operations().items():
        if methods.get(name) != operation.method:
            yield f"the operation {name} by {operation.method.upper()}"
