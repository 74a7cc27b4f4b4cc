"""Check the parameters of a request against the contract, and write its path and query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from attrs import frozen

from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import Violation
from kling_elements_runtime.serialization import UnwritableError, to_json
from kling_elements_runtime.types import Unset

_MAX_VALUES = 100
_MAX_CHARACTERS = 60_000  # httpx accepts 65,536 for a whole URL, and servers accept fewer
_STEPS = ("", ".", "..")  # as parts of a path these refer to another path


@frozen
class CheckedTarget:
    """The path and query of a request after their check.

    Attributes:
        text: The target as a string, ready to be sent, or None if it cannot be written.
        violations: All violations of the contract in the parameters.
    """

    text: str | None
    violations: list[Violation]


def check(contract: Contract, operation_id: str, parameters: Mapping[str, object]) -> CheckedTarget:
    """Return the target of a request, and every violation of the contract in its parameters.

    Args:
        contract: The contract to check them against.
        operation_id: The operation's `operationId`.
        parameters: Values by their names in the contract; one that is `UNSET` is left out.

    Raises:
        KeyError: The contract has no such operation, or it lacks one of the parameters.
    """
    operation = contract.operation(operation_id)
    present = {name: value for name, value in parameters.items() if not isinstance(value, Unset)}
    declared = {parameter.name: parameter for parameter in operation.parameters}
    try:
        values, unwritable = to_json(present, _MAX_VALUES)
    except UnwritableError:
        values, unwritable = {}, [((name,), "is too large or nests too deeply") for name in present]
    if unwritable:
        return CheckedTarget(None, [declared[str(path[0])].violation(path[1:], why) for path, why in unwritable])

    violations = contract.parameter_violations(operation_id, values)
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    in_path = {name: texts.get(name, "") for name in declared if declared[name].location == "path"}
    if any(text in _STEPS for text in in_path.values()):
        return CheckedTarget(None, violations)
    path = operation.path
    for name, text in in_path.items():
        path = path.replace(f"{{{name}}}", quote(text, safe=""))
    query = urlencode({name: text for name, text in texts.items() if name not in in_path}, quote_via=quote)
    target = f"{path}?{query}" if query else path
    if len(target) > _MAX_CHARACTERS:
        longest = max(texts, key=lambda name: len(texts[name]))
        return CheckedTarget(None, [*violations, declared[longest].violation((), "is longer than a URL can be")])
    return CheckedTarget(target, violations)
