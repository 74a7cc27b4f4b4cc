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

from kling_elements.gateway_paths import Way, own_prefix
from kling_elements.gateway_survey import Answer, Survey, SurveyError, nonexistent_id, survey
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
        found: The findings, as sentences.
        unknown: The open questions, each with advice.
    """

    overlay: Node = field(repr=False)
    found: tuple[str, ...]
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
    return passport_of(survey(client, confirm=confirm), today)


def passport_of(seen: Survey, today: date) -> Passport:
    """Return the passport of a gateway from a survey."""
    info = {
        "title": seen.base_url.partition("://")[2],
        "version": today.isoformat(),
        "x-summary": f"What {seen.base_url} answered on {today.isoformat()}.",
        "x-seen": list(found := tuple(_found(seen))),
    }
    actions = [
        {"target": target, "description": f"Seen on {today.isoformat()}: {why}.", **change}
        for target, why, change in _actions(seen)
    ]
    return Passport({"overlay": "1.0.0", "info": info, "actions": actions}, found, tuple(_unknown(seen)))


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
    yield "read the file before you share it. What could not be found out:"
    for sentence in unknown:
        yield from wrap(sentence, _WIDTH - 2, initial_indent="- ", subsequent_indent="  ")


Action = tuple[str, str, Node]
"""An action of an overlay: its target, what was seen, and the change."""
_REMOVAL: Final[Node] = {"remove": True}


def _actions(seen: Survey) -> Iterator[Action]:
    contract = packaged.contract_source()
    address = f"this address answered: {seen.absence[0]}"
    yield "$.servers[*]", address, _REMOVAL
    server = {"url": seen.base_url, "description": "The gateway that was asked."}
    yield "$.servers", address, {"update": server}
    for operation_id, offered in (("listElements", seen.listing), ("listPresetElements", seen.presets)):
        if offered.state == "no":
            yield from _removals(contract, operation_id, _all(offered.answers))
    if seen.presets.way is not None:
        yield from _other_method(contract, "listPresetElements", seen.presets.way, _all(seen.presets.answers))
    yield from _path_actions(contract, seen)
    kinds = {owner: seen.kind_of_id(owner) for owner in contract["x-ids"]}
    if other := {owner: kind for owner, kind in kinds.items() if kind not in (None, contract["x-ids"][owner])}:
        why = ", ".join(f"the ids of {owner}s were {_PLURALS[kind]}" for owner, kind in other.items() if kind)
        yield "$['x-ids']", why, {"update": other}
    if len(seen.dialects) == 1 and seen.dialects[0] != next(iter(contract["x-dialects"])):
        yield from _dialect_actions(contract, seen.dialects[0], str(seen.absence[0]))


def _removals(contract: Node, operation_id: str, why: str) -> Iterator[Action]:
    """Yield the actions that remove an operation, and the examples that nothing else uses."""
    item, method, definition = _component_of(contract, operation_id)
    yield _json_path(f"{item}/{method}"), why, _REMOVAL
    used = list(_examples_in(contract))
    for reference in dict.fromkeys(_examples_in(definition)):
        if used.count(reference) == list(_examples_in(definition)).count(reference):
            yield _json_path(reference), why, _REMOVAL


def _other_method(contract: Node, operation_id: str, way: Way, why: str) -> Iterator[Action]:
    item, method, _ = _component_of(contract, operation_id)
    if way.method != method:
        yield _json_path(f"{item}/{method}"), why, _REMOVAL
        yield _json_path(item), why, {"update": {way.method: way.definition}}


def _path_actions(contract: Node, seen: Survey) -> Iterator[Action]:
    ends = {"createElement": seen.root.elements, "getElement": seen.root.element}
    for operation_id, offered in (("listPresetElements", seen.presets), ("deleteElement", seen.deletion)):
        if offered.way is not None:
            ends[operation_id] = offered.way.path
    moved = {}
    for path, item in contract["paths"].items():
        names = (definition["operationId"] for _, definition in _operations_of(contract, item))
        end = next((ends[name] for name in names if name in ends), path.removeprefix(own_prefix()))
        if path != seen.root.prefix + end:
            moved[path] = seen.root.prefix + end
    if not moved:
        return
    why = str(seen.absence[0]) if seen.root.prefix != own_prefix() else ""
    why = "; ".join(filter(None, [why, _all(seen.deletion.answers)]))
    for target in (
        ["$.paths.*"] if moved.keys() == contract["paths"].keys() else [f"$.paths['{path}']" for path in moved]
    ):
        yield target, why, _REMOVAL
    yield "$.paths", why, {"update": {new: contract["paths"][old] for old, new in moved.items()}}


def _dialect_actions(contract: Node, dialect: str, why: str) -> Iterator[Action]:
    """Yield the actions that move a dialect to the first place, which means that the gateway speaks it."""
    for name in contract["x-dialects"]:
        if name != dialect:
            yield f"$['x-dialects'].{name}", why, _REMOVAL
    others = {name: text for name, text in contract["x-dialects"].items() if name != dialect}
    yield "$['x-dialects']", why, {"update": others}


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


_PLURALS: Final = {"integer": "numbers", "digits": "texts of digits", "text": "texts"}


def _found(seen: Survey) -> Iterator[str]:
    yield f"paths: they begin with {seen.root.prefix}"
    if len(seen.dialects) == 1:
        yield f"an id that does not exist: {seen.absence[0]}, which is the dialect {seen.dialects[0]}"
    yield f"errors: they are {seen.absence[0].envelope}"
    for name, offered in (("list", seen.listing), ("presets", seen.presets)):
        if offered.state != "unknown":
            yield f"{name}: {_all(offered.answers)}" + ("" if offered.way else ", so it is not offered")
    if seen.deletion.way is not None:
        yield f"deletion: at {seen.root.prefix}{seen.deletion.way.path}, because {_all(seen.deletion.answers)}"
    for owner in seen.ids:
        if (kind := seen.kind_of_id(owner)) is not None:
            yield f"ids of {owner}s: {_PLURALS[kind]}"


def _unknown(seen: Survey) -> Iterator[str]:
    if not seen.dialects:
        yield (
            f"how the gateway says that an id does not exist: {seen.absence[0]}, which the contract does not know, so "
            "get_or_create does not work; if the gateway's documents say that it means this, add a row to x-absent"
        )
    elif len(seen.dialects) > 1:
        yield f"the dialect: {_all(seen.absence)}; the client reads all dialects, so only the mock server may differ"
    for name, offered in (("listElements", seen.listing), ("listPresetElements", seen.presets)):
        if offered.state == "unknown":
            yield f"whether there is a list of {_LISTS[name]}: {_all(offered.answers)}; run this again later"
    if not seen.deletion.answers:
        yield "the path of deletions: run this again with --confirm, which asks to delete an id that cannot exist"
    elif seen.deletion.way is None:
        yield f"the path of deletions: {_all(seen.deletion.answers)}; look for it in the gateway's documents"
    for owner, kinds in seen.ids.items():
        if seen.kind_of_id(owner) is None:
            why = f"there were {' and '.join(_PLURALS[kind] for kind in kinds)}" if kinds else "no list had one"
            yield f"the kind of the ids of {owner}s: {why}; look at the response to a create"
    for rule, names in packaged.LIFTED_RULES.items():
        asks = CONTRACT.document()["x-rules"][rule]["asks"]
        yield (
            f"whether {rule} holds ({asks}): only creates show it; if the gateway's documents say that it does not, "
            f'pass relax={{"{rule}"}}, or copy the actions about it from the overlay of {names[0]}'
        )


def _all(answers: tuple[Answer, ...]) -> str:
    return "; ".join(map(str, answers))


__all__ = ["Passport", "PassportError", "SurveyError", "check_new", "examine", "nonexistent_id", "passport_of"]
