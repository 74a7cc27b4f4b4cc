"""Overlay mutation: change one action of a gateway's overlay at a time, and check whether a witness notices.

The witness is the table in contract_tests/reading/gateway_cases.py, which was written from the gateways' pages. The
lint of `make gen` also counts, because an overlay that it refuses is never shipped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from contract_tests.reading.gateway_cases import GATEWAY_CASES, GatewayCase
from contract_tests.reading.image_body import BODY, body_with
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, operations, pointer, resolve
from kling_elements_runtime.overlays import OverlayError, apply
from scripts.codegen import gateways, lint
from scripts.spec import inline, source
from tools.mutate.proof_parts import PartResult, run_parts

NAME = "overlay mutants"
EQUIVALENTS = {
    f"{name}/actions/6/update/element_voice_id/x-source: dropped": "The schema that it refers to names the same rule."
    for name in ("kling-beijing", "kling-singapore")
}
"""Mutants that mean the same, with reasons."""
_WORDS = {"description", "summary", "title", "tags", "examples"}
_ROW = {"listElements": "TaskListResponse", "listPresetElements": "TaskListResponse"}


def prove() -> PartResult:
    """Try every mutant of every overlay."""
    contract: Node = json.loads(json.dumps(source()))
    overlays: dict[str, Node] = json.loads(json.dumps(gateways.overlays()))
    if overlays.keys() != GATEWAY_CASES.keys():
        return PartResult("no mutant was tried", ("gateway_cases.py and openapi/gateways have different gateways",))
    if wrong := [name for name, overlay in overlays.items() if is_noticed(contract, name, overlay)]:
        return PartResult("no mutant was tried", tuple(f"not true of the overlay itself: {name}" for name in wrong))
    trials = [
        (f"{name}{change}", is_noticed(contract, name, mutant))
        for name, overlay in overlays.items()
        for change, mutant in mutants(overlay)
    ]
    survivors = {name for name, noticed in trials if not noticed}
    problems = [f"survives: {name}" for name in sorted(survivors - EQUIVALENTS.keys())]
    idle = sorted(EQUIVALENTS.keys() - survivors)
    problems += [f"is not equivalent, or not a mutant any more; delete it: {name}" for name in idle]
    killed = len(trials) - len(survivors)
    return PartResult(
        f"{killed} of {len(trials)} mutants killed, {len(survivors & EQUIVALENTS.keys())} equivalent", tuple(problems)
    )


def mutants(overlay: Node) -> Iterator[tuple[str, Node]]:
    """Yield every mutant of an overlay, each with what was changed."""
    actions = overlay["actions"]
    for index, action in enumerate(actions):
        place = f"/actions/{index}"
        yield f"{place}: dropped", {**overlay, "actions": actions[:index] + actions[index + 1 :]}
        for target in dict.fromkeys(other["target"] for other in actions):
            if target != action["target"]:
                yield f"{place}/target: {target}", _with(overlay, index, {**action, "target": target})
        for change, update in _changed(action.get("update", ())):
            yield f"{place}/update{change}", _with(overlay, index, {**action, "update": update})


def _with(overlay: Node, index: int, action: Node) -> Node:
    actions = deepcopy(overlay["actions"])
    actions[index] = action
    return {**overlay, "actions": actions}


def _changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a JSON value with each of its parts dropped, and with each of its values changed, but not words."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key in _WORDS:
            continue
        place = pointer([key])
        dropped = deepcopy(value)
        del dropped[key]
        yield f"{place}: dropped", dropped
        inner = _changed(item) if isinstance(item, dict | list) else [(": changed", f"{item}x")]
        for change, changed in inner:
            other = deepcopy(value)
            other[key] = changed
            yield f"{place}{change}", other


def is_noticed(contract: Node, name: str, overlay: Node) -> bool:
    """Return whether an overlay can't be applied, breaks the lint, or makes another gateway than the table says."""
    try:
        document = inline(apply(contract, overlay))
        return not fits(document, GATEWAY_CASES[name]) or bool(lint.gateway_problems({name: document}))
    except (OverlayError, LookupError):
        return True


def fits(document: Node, case: GatewayCase) -> bool:
    """Return whether a document describes the gateway of a case."""
    calls = [(definition["operationId"], (method, path)) for path, method, definition in operations(document)]
    ids, tags = document["x-ids"], document["components"]["schemas"]["TagId"].get("x-enum-varnames")
    rules = {f"R{number:02}" for number in range(1, 36)}
    return (
        sorted(calls) == sorted(case.operations().items())
        and _servers_fit(document, case)
        and document["x-rules"].keys() == rules - case.lifted
        and (ids["task"], ids["element"]) == (case.task_ids, case.element_ids)
        and tags == list(case.tags)
        and _voice_fits(Contract(document), can_speak="R28" in case.lifted)
        and all(_lists_tasks(document, definition) for _, _, definition in operations(document))
    )


def _servers_fit(document: Node, case: GatewayCase) -> bool:
    return tuple(server["url"] for server in document["servers"]) == case.servers


def _voice_fits(contract: Contract, *, can_speak: bool) -> bool:
    """Return whether an element from images may have a voice, or is refused by the rule."""
    by_voice: Mapping[object, list[str]] = {
        voice: [violation.rule for violation in contract.violations("createElement", body_with(element_voice_id=voice))]
        for voice in ("v-1", 5)
    }
    expected = {"v-1": [], 5: ["R27"]} if can_speak else {"v-1": ["R28"], 5: ["R28"]}
    return by_voice == expected and contract.violations("createElement", BODY) == []


def _lists_tasks(document: Node, definition: Node) -> bool:
    """Return whether an operation that lists tasks has the usual page, key, responses and model."""
    if definition["operationId"] not in _ROW:
        return True
    names = [resolve(document, parameter)["name"] for parameter in definition["parameters"]]
    success = definition["responses"]["200"]["content"]["application/json"]["schema"]
    return (
        names == ["pageNum", "pageSize"]
        and definition["security"] == [{"bearerToken": []}]
        and definition["responses"].keys() >= {"200", "401", "5XX", "default"}
        and success == {"$ref": f"#/components/schemas/{_ROW[definition['operationId']]}"}
    )


def main() -> int:
    """Run only this part of the proof; return the exit code."""
    return run_parts({NAME: prove})


if __name__ == "__main__":
    sys.exit(main())
