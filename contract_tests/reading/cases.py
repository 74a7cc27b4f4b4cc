"""The cases of rules.yaml as values. Reading them is cheap, because a body is built only when you ask for it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ruamel.yaml import YAML

from contract_tests.reading.images import Picture, base64_of
from contract_tests.reading.paths import ELEMENTS
from contract_tests.reading.videos import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Verdict = Literal["accepted", "refused"]

MAX_IMAGE_CHARACTERS = 13_981_016
"""Characters of Base64 that the largest image has: 10,485,760 bytes, in groups of four for three each (R15)."""

_HEADERS = {"Authorization": "Bearer test-token", "Content-Type": "application/json"}
_DOCUMENT: dict[str, Any] = YAML(typ="safe").load(Path(__file__).with_name("rules.yaml"))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An entry of rules.yaml.

    Attributes:
        id: R01 to R35.
        title: The rule in one line.
        not_testable: The reason why no request can show the rule, or None if it has cases.
    """

    id: str
    title: str
    not_testable: str | None


@dataclass(frozen=True, kw_only=True)
class BodyCase:
    """A request body, and whether the rules accept it.

    Attributes:
        rule: The rule that it belongs to.
        name: Its special feature, unique within the rule and verdict.
        verdict: Whether the rules accept or refuse it.
        violations: The JSON Pointer and rule of every violation. An accepted body has none.
        base: The base that it changes.
        changes: The values to set, by JSON Pointer.
        removals: The JSON Pointers of the values to remove.
    """

    rule: str
    name: str
    verdict: Verdict
    violations: frozenset[tuple[str, str]]
    base: str
    changes: Mapping[str, Any]
    removals: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name for a test's id."""
        return f"{self.rule}-{self.verdict}-{self.name}"

    def body(self) -> Json:
        """Return a new copy of the body, so that tests can't affect each other."""
        holder: dict[str, Json] = {"": base_body(self.base)}
        for pointer in self.removals:
            _remove(holder, pointer)
        for pointer, recipe in self.changes.items():
            _put(holder, pointer, _evaluate(recipe))
        return holder[""]


@dataclass(frozen=True, kw_only=True)
class HttpCase:
    """An HTTP request and a server's response.

    Attributes:
        rule: The rule that it belongs to.
        name: A name that is unique within the rule.
        method: The request's method.
        path: The request's path.
        headers: The request's headers.
        status: The response's status.
        response_headers: The headers of the response.
        parts: The parts of the body.
    """

    rule: str
    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    status: int
    response_headers: Mapping[str, str]
    parts: tuple[Any, ...]

    @property
    def id(self) -> str:
        """The name for a test's id."""
        return f"{self.rule}-{self.status}-{self.name}"

    def content(self) -> bytes:
        """Return the body's bytes."""
        return b"".join(_encode(part) for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class VideoCase:
    """A video file, and whether the rules accept it.

    Attributes:
        rule: The rule that it belongs to.
        name: Its special feature, unique within the rule and verdict.
        violations: Every violated rule. An accepted file has none.
        video: The description of the file.
    """

    rule: str
    name: str
    violations: frozenset[str]
    video: Video

    @property
    def id(self) -> str:
        """The name for a test's id."""
        return f"{self.rule}-{'refused' if self.violations else 'accepted'}-{self.name}"


def rules() -> list[Rule]:
    """Return every entry of rules.yaml."""
    return [
        Rule(id=rule, title=entry["title"], not_testable=entry.get("not_testable"))
        for rule, entry in _DOCUMENT["rules"].items()
    ]


def bases() -> list[str]:
    """Return the names of the bases."""
    return list(_DOCUMENT["bases"])


def base_body(name: str) -> Json:
    """Return a new copy of a base's body."""
    body: Json = copy.deepcopy(_DOCUMENT["bases"][name])
    return body


def body_cases(verdict: Verdict) -> list[BodyCase]:
    """Return the body cases that have a verdict."""
    return [
        case
        for rule, entry in _DOCUMENT["rules"].items()
        for raw in entry.get(verdict, [])
        for case in _body_cases(rule, verdict, raw)
    ]


def http_cases() -> list[HttpCase]:
    """Return the HTTP cases."""
    return [_http_case(rule, raw) for rule, entry in _DOCUMENT["rules"].items() for raw in entry.get("http", [])]


def video_cases() -> list[VideoCase]:
    """Return the video cases."""
    return [
        VideoCase(
            rule=rule,
            name=raw["name"],
            violations=frozenset([rule, *raw.get("also", [])] if verdict == "refused" else ()),
            video=Video(**raw["video"]),
        )
        for rule, entry in _DOCUMENT["rules"].items()
        for verdict in ("accepted", "refused")
        for raw in entry.get(f"{verdict}_videos", [])
    ]


def value_at(body: Json, pointer: str) -> Json:
    """Return the value at a JSON Pointer.

    Raises:
        LookupError: There is no value.
    """
    container, key = _slot({"": body}, pointer)
    value: Json = container[key]
    return value


def _body_cases(rule: str, verdict: Verdict, raw: dict[str, Any]) -> Iterator[BodyCase]:
    base = raw.get("base", "image")
    several = isinstance(base, list)
    for base_name in base if several else [base]:
        yield BodyCase(
            rule=rule,
            name=f"{raw['name']} ({base_name})" if several else raw["name"],
            verdict=verdict,
            violations=frozenset(_violations(rule, raw) if verdict == "refused" else ()),
            base=base_name,
            changes=raw.get("set", {}),
            removals=tuple(raw.get("remove", [])),
        )


def _violations(rule: str, raw: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield raw["at"], raw.get("rule", rule)
    yield from ((pointer, also) for pointer, also in raw.get("also", []))


def _http_case(rule: str, raw: dict[str, Any]) -> HttpCase:
    headers = _HEADERS | raw.get("headers", {})
    return HttpCase(
        rule=rule,
        name=raw["name"],
        method=raw.get("method", "POST"),
        path=raw.get("path", ELEMENTS),
        headers={name: value for name, value in headers.items() if value is not None},
        status=raw["status"],
        response_headers=raw.get("response_headers", {}),
        parts=tuple(raw.get("raw", [{"$json": "image"}])),
    )


def _slot(holder: dict[str, Json], pointer: str) -> tuple[Any, Any]:
    """Return the container at the end of a JSON Pointer, and the key or index in it."""
    container: Any = holder
    *parents, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]
    for token in parents:
        container = container[_key(container, token)]
    return container, _key(container, last)


def _key(container: Json, token: str) -> str | int:
    return int(token) if isinstance(container, list) else token


def _remove(holder: dict[str, Json], pointer: str) -> None:
    container, key = _slot(holder, pointer)
    del container[key]


def _put(holder: dict[str, Json], pointer: str, value: Json) -> None:
    container, key = _slot(holder, pointer)
    if isinstance(container, list):
        container[key:] = [value]
    else:
        container[key] = value


def _evaluate(recipe: Any) -> Any:
    """Return the value that a recipe describes. Only a mapping whose key starts with "$" describes another value."""
    if isinstance(recipe, list):
        return [_evaluate(item) for item in recipe]
    if not isinstance(recipe, dict):
        return recipe
    made = {key: _evaluate(value) for key, value in recipe.items()}
    generators = [(_GENERATORS[key], value) for key, value in made.items() if key.startswith("$")]
    return generators[0][0](generators[0][1]) if generators else made


def _encode(part: str | dict[str, Any]) -> bytes:
    if isinstance(part, str):
        return part.encode()
    ((name, argument),) = part.items()
    return _PARTS[name](argument)


@cache
def _base64_of(picture: Picture) -> str:
    return base64_of(picture.build())


def _image(options: dict[str, Any]) -> str:
    hashable: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    return _base64_of(Picture(**hashable))


_GENERATORS: dict[str, Callable[[Any], Any]] = {
    "$items": lambda argument: [copy.deepcopy(argument[0]) for _ in range(argument[1])],
    "$repeat": lambda argument: argument[0] * argument[1],
    "$join": "".join,
    "$image": _image,
    "$base64_of": lambda text: base64_of(text.encode()),
    "$base64_of_hex": lambda digits: base64_of(bytes.fromhex(digits)),
    "$url_safe": lambda text: text.replace("+", "-").replace("/", "_"),
    "$unpadded": lambda text: text.rstrip("="),
    "$lines": lambda argument: argument[1].join(
        argument[2][start : start + argument[0]] for start in range(0, len(argument[2]), argument[0])
    ),
}

_PARTS: dict[str, Callable[[Any], bytes]] = {
    "$hex": bytes.fromhex,
    "$repeat": lambda argument: argument[0].encode() * argument[1],
    "$json": lambda base: json.dumps(base_body(base)).encode(),
    "$members_of": lambda base: json.dumps(base_body(base)).encode()[1:],
}
