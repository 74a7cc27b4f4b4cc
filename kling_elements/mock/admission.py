"""The checks of a request, in the order in which the service makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kling_elements.mock.callers import ORIGIN, Callers, is_from_elsewhere, is_preflight, preflight_headers
from kling_elements.mock.control import PREFIX, Control
from kling_elements.mock.headers import bearer_token, media_type
from kling_elements.mock.pages import METHODS, Pages
from kling_elements.mock.parameters import values_of, with_defaults
from kling_elements.mock.refusals import Problem, RefusedError
from kling_elements.mock.reply import Reply
from kling_elements.mock.request import AcceptedRequest, Body, Head, json_value
from kling_elements.mock.routes import Endpoint, Routes
from kling_elements.mock.service import ServiceCall
from kling_elements_client.errors import Violation
from kling_elements_runtime.contract import Contract

_MAX_VIOLATIONS = 20  # listed in one message
_NOT_FOR_PAGES = (
    "only web pages on this machine may call this server; serve the page from http://localhost or http://127.0.0.1"
)
_MAX_PART_LENGTH = 200  # characters of a violation's pointer, and of its message


class Admission:
    """The checks of each request. If it passes, its operation is run."""

    def __init__(  # noqa: PLR0913 - it connects these parts
        self,
        contract: Contract,
        routes: Routes,
        *,
        token: str | None,
        callers: Callers,
        control: Control,
        pages: Pages,
        handlers: Mapping[str, Callable[[ServiceCall], Reply]],
    ) -> None:
        self._contract = contract
        self._routes = routes
        self._token = token
        self._callers = callers
        self._control = control
        self._pages = pages
        self._handlers = handlers

    def accept(self, head: Head) -> AcceptedRequest:
        """Check the sender of a request first, then everything else except parameters and body.

        Raises:
            RefusedError: The request must not or cannot be answered.
        """
        if ORIGIN in head.headers:
            if is_from_elsewhere(head.headers):
                raise RefusedError(Problem.PERMISSION_DENIED, _NOT_FOR_PAGES)
            if is_preflight(head):
                return AcceptedRequest(None, lambda _: Reply(204, headers=preflight_headers(head.headers)))
        if head.path.startswith(PREFIX):
            return self._control.accept(head)
        if head.path in self._pages.by_path and head.method in METHODS:
            return self._pages.accept(head)
        endpoint, path_parameters, token = self._endpoint(head)
        owner = hashlib.sha256(token.encode()).digest()
        accepted = endpoint.max_bytes
        return AcceptedRequest(
            accepted[media_type(head.headers, accepted)] if accepted else None,
            partial(self._perform, endpoint, owner, path_parameters, head),
        )

    def _endpoint(self, head: Head) -> tuple[Endpoint, Mapping[str, str], str]:
        """Return the endpoint of a request, the parameters in its path, and its token."""
        match = self._routes.find(head.path)
        endpoints = match[0].endpoints if match else {}
        endpoint = endpoints.get(head.method)
        token = ""
        # Check the token before the route, so that unauthenticated callers can't probe for paths.
        if endpoint is None or endpoint.needs_token:
            token = bearer_token(head.headers, self._token)
        if match and endpoint is not None:
            return endpoint, match[1], token
        if not endpoints:
            without_slash = self._routes.find(head.path.rstrip("/"))
            if without_slash:
                message = f"remove the slash at the end of the path: send the request to {without_slash[0].template}"
                raise RefusedError(Problem.NO_SUCH_RESOURCE, message)
            paths = ", ".join(route.template for route in self._routes)
            raise RefusedError(Problem.NO_SUCH_RESOURCE, f"there is no such path; use one of {paths}")
        methods = ", ".join(endpoints)
        raise RefusedError(Problem.METHOD_NOT_ALLOWED, f"this path accepts only {methods}", {"Allow": methods})

    def _perform(
        self, endpoint: Endpoint, owner: bytes, path_parameters: Mapping[str, str], head: Head, content: Body
    ) -> Reply:
        """Check parameters and body, and run the operation."""
        name, expected = endpoint.operation.operation_id, endpoint.operation.parameters
        body = json_value(content) if endpoint.max_bytes else None
        parameters = values_of(expected, path_parameters, head.query)
        violations = self._contract.parameter_violations(name, parameters) if expected else []
        if endpoint.max_bytes:
            violations += self._contract.violations(name, body)
        if violations:
            raise RefusedError(Problem.INVALID_PARAMETERS, _message(violations))
        handler = self._handlers.get(name)
        if handler is None:
            return endpoint.success
        is_local = partial(self._callers.may_control, head)
        return handler(ServiceCall(owner, with_defaults(expected, parameters), body, is_local))


def _message(violations: Sequence[Violation]) -> str:
    """Return a message of bounded length that lists the violations and where they are."""
    parts = [
        f"{_shorten(violation.pointer) or 'the body'}: {_shorten(violation.message)} ({violation.rule})"
        for violation in violations[:_MAX_VIOLATIONS]
    ]
    if len(violations) > _MAX_VIOLATIONS:
        parts.append(f"and {len(violations) - _MAX_VIOLATIONS} more")
    return "; ".join(parts)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_PART_LENGTH else text[: _MAX_PART_LENGTH - 1] + "…"
