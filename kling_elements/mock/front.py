"""Pages about the server, for people and for health checks. They need no token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kling_elements.mock.reply import TEXT_TYPE, Reply, json_reply
from kling_elements.mock.request import Body
from kling_elements.mock.routes import Routes
from kling_elements.mock.store import Store

HEALTH = "/health"


class Front:
    """Answers at `/` and `/health`.

    Attributes:
        pages: The page of each path.
    """

    METHODS: Final = ("GET", "HEAD")

    def __init__(self, routes: Routes, control_paths: Iterable[str], store: Store) -> None:
        """Write the greeting. A path that the contract uses has no page."""
        self._greeting = Reply(200, _greeting(routes, control_paths).encode(), (TEXT_TYPE,))
        self._store = store
        pages: Mapping[str, Callable[[Body], Reply]] = {"/": lambda _: self._greeting, HEALTH: self._health}
        self.pages = {path: page for path, page in pages.items() if routes.find(path) is None}

    def _health(self, _: Body) -> Reply:
        self._store.has_notifications()  # a query, so that the answer is 500 if the state file fails
        return json_reply({"status": "ok"})


def _greeting(routes: Routes, control_paths: Iterable[str]) -> str:
    calls = [
        f"  {method:<7} {route.template}  ({endpoint.operation.operation_id})"
        for route in routes
        for method, endpoint in route.endpoints.items()
    ]
    return "\n".join(
        [
            "This is the mock server of kling-elements: it answers as the service does, and creates nothing there.",
            "",
            "Calls of the service, with the header Authorization: Bearer <token>:",
            *calls,
            "",
            "Paths of this server, without a token:",
            f"  GET     {HEALTH}  (200 while it can answer)",
            "  for tests, by default only from this machine: " + ", ".join(control_paths),
            "",
            "To see all options: python -m kling_elements.mock --help",
            "",
        ]
    )
