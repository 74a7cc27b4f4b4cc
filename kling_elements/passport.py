"""Write the passport of a gateway: an overlay that describes how the gateway differs from the contract."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import Any, Final
from uuid import uuid4

from attrs import field, frozen

from kling_elements.gateway_paths import PathChoice, own_prefix
from kling_elements.gateway_survey import Answer, Survey, SurveyError, nonexistent_id, survey_gateway
from kling_elements_client import AuthenticatedClient
from kling_elements_client import gateways as packaged
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.document import Node, operations, resolve, steps, walk

_EXAMPLES: Final = "#/components/examples/"
_WIDTH: Final = 120  # characters
_LISTS: Final = {"listElements": "your own elements", "listPresetElements": "the official elements"}


class PassportError(Exception):
    """A passport cannot be written. The message says why, and what to do."""


@frozen
class Passport:
    """A description of a gateway as an overlay of the contract.

    Attributes:
        overlay: The overlay, as a JSON value.
        findings: The findings, as sentences.
        unknown: The open questions, each with advice.
    """

    overlay: Node = field(repr=False)
    findings: tuple[str, ...]
    unknown: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Write the overlay to a new file, as JSON if the file's name ends with .json, and otherwise as YAML.

        Raises:
            PassportError: The file exists already, or cannot be written.
        """
        check_new(path)
        text = json.dumps(self.overlay, ensure_ascii=False, indent=2) + "\n" if _is_json(path) else self._yaml()
        part = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            try:
                part.write_text(text, "utf-8")
                os.link(part, path)  # unlike a rename, this never replaces a file
            finally:
                part.unlink(missing_ok=True)
        except FileExistsError:
            raise _exists(path) from None
        except OSError as error:
            raise PassportError(f"{path}: cannot be written: {error.strerror}; choose another folder") from error

    def _yaml(self) -> str:
        from ruamel.yaml import YAML  # noqa: PLC0415 - an extra, which `check_new` has looked for

        writer = YAML()
        writer.width = _WIDTH
        text = StringIO()
        writer.dump(self.overlay, text)
        return "".join(f"# {line}\n" for line in _head(self.unknown)) + text.getvalue()


def examine(client: AuthenticatedClient, today: date, *, confirm: bool = False) -> Passport:
    """Survey a gateway by free calls that create nothing, and return its passport.

    Args:
        client: A client of the gateway, with a key.
        today: The date to note.
        confirm: Whether to also call the deletion of an element that cannot exist.

    Raises:
        TransportError: No response came.
        SurveyError: The gateway refuses the key, or has none of the known paths.
    """
    return passport_of(survey_gateway(client, confirm=confirm), today)


def passport_of(survey: Survey, today: date) -> Passport:
    """Return the passport of a gateway from a survey."""
    info = {
        "title": survey.base_url.partition("://")[2],
        "version": today.isoformat(),
        "x-summary": f"What {survey.base_url} answered on {today.isoformat()}.",
        "x-seen": list(findings := tuple(_describe_findings(survey))),
    }
    actions = [
        {"target": target, "description": f"Seen on {today.isoformat()}: {reason}.", **change}
        for target, reason, change in _actions(survey)
    ]
    return Passport({"overlay": "1.0.0", "info": info, "actions": actions}, findings, tuple(_describe_unknown(survey)))


def check_new(path: Path) -> None:
    """Check that a passport can be written to a file: it does not exist yet, and its folder does.

    Raises:
        PassportError: The file cannot be written. The message says what to do.
    """
    if os.path.lexists(path):
        raise _exists(path)
    if not path.parent.is_dir():
        raise PassportError(f"{path}: there is no folder {path.parent}; create it, or choose another one")
    if not _is_json(path):
        try:
            import ruamel.yaml  # noqa: F401, PLC0415 - an extra
        except ImportError:
            raise PassportError(f'{path}: to write YAML, install "kling-elements[cli]"; .json needs nothing') from None


def _exists(path: Path) -> PassportError:
    return PassportError(f"{path}: exists already, and is not replaced; choose another name, or move it away")


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _head(unknown: tuple[str, ...]) -> Iterator[str]:
    yield "An OpenAPI overlay of the contract of kling-elements. Use it with --gateway FILE, or"
    yield "KlingElements(gateway=Path(FILE)). Each action says what was seen, some of it in the gateway's words:"
    yield "read the file before you share it. Still unknown:"
    for sentence in unknown:
        yield from wrap(sentence, _WIDTH - 2, initial_indent="- ", subsequent_indent="  ")


Action = tuple[str, str, Node]
"""An action of an overlay: its target, what was seen, and the change."""
_REMOVAL: Final[Node] = {"remove": True}


def _actions(survey: Survey) -> Iterator[Action]:
    contract = packaged.contract_source()
    reason = str(survey.absence[0])
    yield "$.servers[*]", reason, _REMOVAL
    server = {"url": survey.base_url, "description": "The surveyed gateway."}
    yield "$.servers", reason, {"update": server}
    for operation_id, availability in (("listElements", survey.listing), ("listPresetElements", survey.presets)):
        if availability.state == "no":
            yield from _removals(contract, operation_id, _all(availability.answers))
    if survey.presets.choice is not None:
        yield from _other_method(contract, "listPresetElements", survey.presets.choice, _all(survey.presets.answers))
    yield from _path_actions(contract, survey)
    kinds = {owner: survey.kind_of_id(owner) for owner in contract["x-ids"]}
    if other := {owner: kind for owner, kind in kinds.items() if kind not in (None, contract["x-ids"][owner])}:
        reason = ", ".join(f"the ids of {owner}s were {_PLURALS[kind]}" for owner, kind in other.items() if kind)
        yield "$['x-ids']", reason, {"update": other}
    if len(survey.dialects) == 1 and survey.dialects[0] != next(iter(contract["x-dialects"])):
        yield from _dialect_actions(contract, survey.dialects[0], str(survey.absence[0]))


def _removals(contract: Node, operation_id: str, reason: str) -> Iterator[Action]:
    """Yield the actions that remove an operation, and the examples that nothing else uses."""
    item, method, definition = _component_of(contract, operation_id)
    yield _json_path(f"{item}/{method}"), reason, _REMOVAL
    used = list(_examples_in(contract))
    for reference in dict.fromkeys(_examples_in(definition)):
        if used.count(reference) == list(_examples_in(definition)).count(reference):
            yield _json_path(reference), reason, _REMOVAL


def _other_method(contract: Node, operation_id: str, choice: PathChoice, reason: str) -> Iterator[Action]:
    item, method, _ = _component_of(contract, operation_id)
    if choice.method != method:
        yield _json_path(f"{item}/{method}"), reason, _REMOVAL
        yield _json_path(item), reason, {"update": {choice.method: choice.definition}}


def _path_actions(contract: Node, survey: Survey) -> Iterator[Action]:
    ends = {"createElement": survey.path_prefix.elements, "getElement": survey.path_prefix.element}
    for operation_id, availability in (("listPresetElements", survey.presets), ("deleteElement", survey.deletion)):
        if availability.choice is not None:
            ends[operation_id] = availability.choice.path
    moved = {}
    for path, item in contract["paths"].items():
        names = (definition["operationId"] for _, definition in _operations_of(contract, item))
        end = next((ends[name] for name in names if name in ends), path.removeprefix(own_prefix()))
        if path != survey.path_prefix.path + end:
            moved[path] = survey.path_prefix.path + end
    if not moved:
        return
    reason = str(survey.absence[0]) if survey.path_prefix.path != own_prefix() else ""
    reason = "; ".join(filter(None, [reason, _all(survey.deletion.answers)]))
    for target in (
        ["$.paths.*"] if moved.keys() == contract["paths"].keys() else [f"$.paths['{path}']" for path in moved]
    ):
        yield target, reason, _REMOVAL
    yield "$.paths", reason, {"update": {new: contract["paths"][old] for old, new in moved.items()}}


def _dialect_actions(contract: Node, dialect: str, reason: str) -> Iterator[Action]:
    """Yield the actions that move a dialect to the first place, which means that the gateway speaks it."""
    for name in contract["x-dialects"]:
        if name != dialect:
            yield f"$['x-dialects'].{name}", reason, _REMOVAL
    others = {name: text for name, text in contract["x-dialects"].items() if name != dialect}
    yield "$['x-dialects']", reason, {"update": others}


def _component_of(contract: Node, operation_id: str) -> tuple[str, str, Node]:
    """Return the reference to the path item that has an operation, the operation's method, and the operation."""
    return next(
        (item["$ref"], method, definition)
        for item in contract["paths"].values()
        for method, definition in _operations_of(contract, item)
        if definition["operationId"] == operation_id
    )


def _operations_of(contract: Node, item: Node) -> list[tuple[str, Node]]:
    path_item = resolve(contract, item)
    return [(method, definition) for _, method, definition in operations({"paths": {"": path_item}})]


def _examples_in(node: Any) -> Iterator[str]:
    for _, inner in walk(node):
        reference = inner.get("$ref") if isinstance(inner, dict) else None
        if isinstance(reference, str) and reference.startswith(_EXAMPLES):
            yield reference


def _json_path(reference: str) -> str:
    names = (f".{name}" if re.fullmatch(r"[A-Za-z]\w*", name) else f"['{name}']" for name in steps(reference[1:]))
    return "$" + "".join(names)


_PLURALS: Final = {"integer": "numbers", "digits": "numeric strings", "text": "strings"}


def _describe_findings(survey: Survey) -> Iterator[str]:
    yield f"path prefix: {survey.path_prefix.path}"
    if len(survey.dialects) == 1:
        yield f"response to an unknown id: {survey.absence[0]} (dialect {survey.dialects[0]})"
    yield f"error format: {survey.absence[0].envelope}"
    for name, availability in (("list", survey.listing), ("presets", survey.presets)):
        if availability.state != "unknown":
            answers = _all(availability.answers)
            yield f"{name}: {answers}" if availability.choice else f"{name}: not offered ({answers})"
    if survey.deletion.choice is not None:
        yield f"delete path: {survey.path_prefix.path}{survey.deletion.choice.path} ({_all(survey.deletion.answers)})"
    for owner in survey.ids:
        if (kind := survey.kind_of_id(owner)) is not None:
            yield f"ids of {owner}s: {_PLURALS[kind]}"


def _describe_unknown(survey: Survey) -> Iterator[str]:
    if not survey.dialects:
        yield (
            f"the response to an unknown id: {survey.absence[0]}, which the contract does not know, so "
            "get_or_create does not work; if the gateway's documents say that it means this, add a row to x-absent"
        )
    elif len(survey.dialects) > 1:
        yield f"the dialect: {_all(survey.absence)}; the client reads all dialects, so only the mock server may differ"
    for name, availability in (("listElements", survey.listing), ("listPresetElements", survey.presets)):
        if availability.state == "unknown":
            yield f"whether there is a list of {_LISTS[name]}: {_all(availability.answers)}; rerun later"
    if not survey.deletion.answers:
        yield "the delete path: rerun with --confirm, which tries to delete a nonexistent element"
    elif survey.deletion.choice is None:
        yield f"the delete path: {_all(survey.deletion.answers)}; look for it in the gateway's documents"
    for owner, kinds in survey.ids.items():
        if survey.kind_of_id(owner) is None:
            reason = f"there were {' and '.join(_PLURALS[kind] for kind in kinds)}" if kinds else "no list had one"
            yield f"the kind of the ids of {owner}s: {reason}; look at the response to a create"
    for rule, names in packaged.LIFTED_RULES.items():
        asks = CONTRACT.document()["x-rules"][rule]["asks"]
        yield (
            f"whether {rule} holds ({asks}): only creates show it; if the gateway's documents say that it does not, "
            f'pass relax={{"{rule}"}}, or copy the actions about it from the overlay of {names[0]}'
        )


def _all(answers: tuple[Answer, ...]) -> str:
    return "; ".join(map(str, answers))


__all__ = ["Passport", "PassportError", "SurveyError", "check_new", "examine", "nonexistent_id", "passport_of"]
