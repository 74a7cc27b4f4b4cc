"""Find the operations of a contract by path and method."""

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
    """An operation, with the details that the server needs to answer it.

    Attributes:
        operation: The operation.
        needs_token: Whether a request needs a Bearer token.
        max_bytes: The size limit in bytes for each media type of the body. Empty if there is no body.
        success: The response to a valid request, if no handler has a better one.
    """

    operation: Operation
    needs_token: bool
    max_bytes: Mapping[str, int]
    success: Reply


@dataclass(frozen=True, slots=True)
class PathRoute:
    """A path template, such as `/elements/{id}`, and its endpoints by method, in upper case."""

    template: str
    endpoints: Mapping[str, Endpoint]
    segments: tuple[re.Pattern[str], ...]
    parameters: tuple[str, ...]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the parameters in the decoded segments of a path, or None if the path doesn't match the template."""
        if len(segments) != len(self.segments):
            return None
        matches = [pattern.fullmatch(segment) for pattern, segment in zip(self.segments, segments, strict=True)]
        values = [value for match in matches if match for value in match.groups()]
        return dict(zip(self.parameters, values, strict=True)) if all(matches) else None


class Routes:
    """The routes of every operation of a contract."""

    def __init__(self, contract: Document) -> None:
        """Read the contract once.

        Raises:
            KeyError: The contract lacks something that the server needs, such as the size limit of a body.
            ValueError: The contract requires credentials other than a Bearer token.
        """
        endpoints: dict[str, dict[str, Endpoint]] = {}
        for operation in contract.operations().values():
            by_method = endpoints.setdefault(operation.path, {})
            by_method[operation.method] = _endpoint(contract.document(), operation)
        routes = [_route(template, by_method) for template, by_method in endpoints.items()]
        self._routes = sorted(routes, key=lambda route: len(route.parameters))  # OpenAPI requires literal paths first
        self._literal = {route.template: route for route in routes if not route.parameters}

    def __iter__(self) -> Iterator[PathRoute]:
        """Yield the routes, literal paths first."""
        return iter(self._routes)

    def find(self, raw_path: str) -> tuple[PathRoute, dict[str, str]] | None:
        """Return the route and parameters of a percent-encoded path, or None if there is no such route."""
        if raw_path in self._literal:  # the fast way for nearly every request
            return self._literal[raw_path], {}
        segments = [unquote(segment) for segment in raw_path.split("/")]
        for route in self._routes:
            parameters = route.match(segments)
            if parameters is not None:
                return route, parameters
        return None


def _route(template: str, endpoints: Mapping[str, Endpoint]) -> PathRoute:
    # Split each segment into literals, with a parameter's name between any two.
    segments = [_PARAMETER.split(segment) for segment in template.split("/")]
    patterns = [re.compile("(.+)".join(map(re.escape, segment[::2])), re.DOTALL) for segment in segments]
    in_order = {method.upper(): endpoints[method] for method in METHODS if method in endpoints}
    return PathRoute(template, in_order, tuple(patterns), tuple(_PARAMETER.findall(template)))


def _endpoint(document: Node, operation: Operation) -> Endpoint:
    return Endpoint(
        operation=operation,
        needs_token=_needs_token(document, operation.definition),
        max_bytes=_max_bytes(document, operation.definition),
        success=_example_reply(document, operation),
    )


def _needs_token(document: Node, definition: Node) -> bool:
    requirements: list[Node] = definition["security"] if "security" in definition else document.get("security", [])
    for name in {name for requirement in requirements for name in requirement}:
        scheme = resolve(document, document["components"]["securitySchemes"][name])
        if (scheme["type"], scheme.get("scheme", "").lower()) != ("http", "bearer"):
            raise ValueError(f"security scheme {name}: only HTTP Bearer is supported")
    return bool(requirements) and {} not in requirements


def _max_bytes(document: Node, definition: Node) -> dict[str, int]:
    content: Node = resolve(document, definition.get("requestBody", {})).get("content", {})
    return {name.lower(): media_type["x-body-size"]["max-bytes"] for name, media_type in content.items()}


def _example_reply(document: Node, operation: Operation) -> Reply:
    status = operation.success_status()
    response = resolve(document, operation.definition["responses"][status])
    examples = response["content"]["application/json"]["examples"]
    name = _PREFERRED_EXAMPLE if _PREFERRED_EXAMPLE in examples else next(iter(examples))
    return json_reply(resolve(document, examples[name])["value"], int(status))
