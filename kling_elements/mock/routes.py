"""The operations of a contract, ready to be found by path and method."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from kling_elements.mock.reply import Reply, json_reply
from kling_elements_runtime.document import METHODS, Document, Node, Operation, resolve

_PREFERRED_EXAMPLE = "submitted"
_PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a server has to know of one operation.

    Attributes:
        operation: The operation.
        needs_token: Whether a Bearer token must come with it.
        max_bytes: The largest body of each media type it takes, in bytes; empty if it takes no body.
        success: The answer to a conforming request, where nothing better is known.
    """

    operation: Operation
    needs_token: bool
    max_bytes: Mapping[str, int]
    success: Reply


@dataclass(frozen=True, slots=True)
class Route:
    """A path template, such as `/elements/{id}`, and its endpoints by method, in upper case."""

    template: str
    endpoints: Mapping[str, Endpoint]
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
    """Every operation of a contract."""

    def __init__(self, contract: Document) -> None:
        """Read the contract once.

        Raises:
            KeyError: It lacks what a server has to know, such as the limit of a body.
            ValueError: It asks for credentials of another kind than a Bearer token.
        """
        endpoints: dict[str, dict[str, Endpoint]] = {}
        for operation in contract.operations().values():
            by_method = endpoints.setdefault(operation.path, {})
            by_method[operation.method] = _endpoint(contract.document(), operation)
        routes = [_route(template, by_method) for template, by_method in endpoints.items()]
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


def _route(template: str, endpoints: Mapping[str, Endpoint]) -> Route:
    # Each segment is a list of literals, with a parameter's name between any two.
    segments = [_PARAMETER.split(segment) for segment in template.split("/")]
    patterns = [re.compile("(.+)".join(map(re.escape, segment[::2])), re.DOTALL) for segment in segments]
    in_order = {method.upper(): endpoints[method] for method in METHODS if method in endpoints}
    return Route(template, in_order, tuple(patterns), tuple(_PARAMETER.findall(template)))


def _endpoint(document: Node, operation: Operation) -> Endpoint:
    return Endpoint(
        operation=operation,
        needs_token=_needs_token(document, operation.definition),
        max_bytes=_max_bytes(document, operation.definition),
        success=_success(document, operation),
    )


def _needs_token(document: Node, definition: Node) -> bool:
    requirements: list[Node] = definition["security"] if "security" in definition else document.get("security", [])
    for name in {name for requirement in requirements for name in requirement}:
        scheme = resolve(document, document["components"]["securitySchemes"][name])
        if (scheme["type"], scheme.get("scheme", "").lower()) != ("http", "bearer"):
            raise ValueError(f"security scheme {name}: only HTTP Bearer is known here")
    return bool(requirements) and {} not in requirements


def _max_bytes(document: Node, definition: Node) -> dict[str, int]:
    content: Node = resolve(document, definition.get("requestBody", {})).get("content", {})
    return {name.lower(): media_type["x-body-size"]["max-bytes"] for name, media_type in content.items()}


def _success(document: Node, operation: Operation) -> Reply:
    status = operation.success_status()
    response = resolve(document, operation.definition["responses"][status])
    examples = response["content"]["application/json"]["examples"]
    name = _PREFERRED_EXAMPLE if _PREFERRED_EXAMPLE in examples else next(iter(examples))
    return json_reply(resolve(document, examples[name])["value"], int(status))
