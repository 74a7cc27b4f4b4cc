"""The operations of an OpenAPI document, ready to be found by path and method."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

from kling_elements.mock.parameters import Parameter
from kling_elements.mock.reply import Reply, json_reply

Node: TypeAlias = Mapping[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PREFERRED_EXAMPLE = "submitted"
_PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """What the contract says of one operation.

    Attributes:
        operation_id: Its name in the contract.
        needs_token: Whether a Bearer token must come with it.
        max_bytes: The largest body of each media type it takes, in bytes; empty if it takes no body.
        parameters: What it takes in its path and query.
        success: The answer to a conforming request, where nothing better is known.
    """

    operation_id: str
    needs_token: bool
    max_bytes: Mapping[str, int]
    parameters: tuple[Parameter, ...]
    success: Reply


@dataclass(frozen=True, slots=True)
class Route:
    """A path template, such as `/elements/{id}`, and its operations by method, in upper case."""

    template: str
    operations: Mapping[str, Operation]
    segments: tuple[re.Pattern[str], ...]
    parameters: tuple[str, ...]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path's parameters if its decoded segments are those of the template, otherwise None."""
        if len(segments) != len(self.segments):
            return None
        found = [own.fullmatch(segment) for own, segment in zip(self.segments, segments, strict=True)]
        values = [value for match in found if match for value in match.groups()]
        return dict(zip(self.parameters, values, strict=True)) if all(found) else None


class Routes:
    """Every operation of a document."""

    def __init__(self, document: Node) -> None:
        """Read the document once.

        Raises:
            KeyError: It lacks what a server has to know, such as the limit of a body.
            ValueError: It asks for credentials of another kind than a Bearer token.
        """
        routes = [_route(template, dict(_operations(document, item))) for template, item in document["paths"].items()]
        self._routes = sorted(routes, key=lambda route: len(route.parameters))  # as OpenAPI wants: literal paths first
        self._literal = {route.template: route for route in routes if not route.parameters}

    def __iter__(self) -> Iterator[Route]:
        """Yield the routes, literal paths first."""
        return iter(self._routes)

    def find(self, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a path as it was sent, still percent-encoded, and its parameters, or None."""
        if raw_path in self._literal:  # nearly all are, and need no further look
            return self._literal[raw_path], {}
        segments = [unquote(segment) for segment in raw_path.split("/")]
        for route in self._routes:
            parameters = route.match(segments)
            if parameters is not None:
                return route, parameters
        return None


def _route(template: str, operations: Mapping[str, Operation]) -> Route:
    # Each segment is a list of literals, with a parameter's name between any two.
    segments = [_PARAMETER.split(segment) for segment in template.split("/")]
    patterns = [re.compile("(.+)".join(map(re.escape, segment[::2])), re.DOTALL) for segment in segments]
    return Route(template, operations, tuple(patterns), tuple(_PARAMETER.findall(template)))


def _operations(document: Node, item: Node) -> Iterator[tuple[str, Operation]]:
    for method in _METHODS:
        if method in item:
            node = item[method]
            yield (
                method.upper(),
                Operation(
                    operation_id=node["operationId"],
                    needs_token=_needs_token(document, node),
                    max_bytes=_max_bytes(document, node),
                    parameters=_parameters(document, item, node),
                    success=_success(document, node),
                ),
            )


def _needs_token(document: Node, operation: Node) -> bool:
    requirements: list[Node] = operation.get("security", document.get("security", []))
    for name in {name for requirement in requirements for name in requirement}:
        scheme = _resolved(document, document["components"]["securitySchemes"][name])
        if (scheme["type"], scheme.get("scheme", "").lower()) != ("http", "bearer"):
            raise ValueError(f"security scheme {name}: only HTTP Bearer is known here")
    return bool(requirements) and {} not in requirements


def _max_bytes(document: Node, operation: Node) -> dict[str, int]:
    content: Node = _resolved(document, operation.get("requestBody", {})).get("content", {})
    return {name.lower(): media_type["x-body-size"]["max-bytes"] for name, media_type in content.items()}


def _parameters(document: Node, item: Node, operation: Node) -> tuple[Parameter, ...]:
    nodes = [_resolved(document, node) for node in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    own = {(node["in"], node["name"]): node.get("schema", {}) for node in nodes if node["in"] in ("path", "query")}
    return tuple(Parameter(name, location, schema) for (location, name), schema in own.items())


def _success(document: Node, operation: Node) -> Reply:
    status = min(status for status in operation["responses"] if re.fullmatch("2[0-9][0-9]", status))
    response = _resolved(document, operation["responses"][status])
    examples = response["content"]["application/json"]["examples"]
    name = _PREFERRED_EXAMPLE if _PREFERRED_EXAMPLE in examples else next(iter(examples))
    return json_reply(_resolved(document, examples[name])["value"], int(status))


def _resolved(document: Node, node: Node) -> Node:
    """Return a node or, if it is a reference within the document, what it refers to."""
    while "$ref" in node:
        parts = node["$ref"].removeprefix("#/").split("/")
        node = document
        for part in parts:
            node = node[part.replace("~1", "/").replace("~0", "~")]
    return node
