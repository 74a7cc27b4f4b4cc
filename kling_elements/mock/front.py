"""What the server says of itself, to people and to whatever waits for it to be up. It takes no token."""

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
        pages: What answers at which path.
    """

    METHODS: Final = ("GET", "HEAD")

    def __init__(self, routes: Routes, control_paths: Iterable[str], store: Store) -> None:
        """Take what there is to be told of; a path that the contract has is its own."""
        self._greeting = Reply(200, _greeting(routes, control_paths).encode(), (TEXT_TYPE,))
        self._store = store
        pages: Mapping[str, Callable[[Body], Reply]] = {"/": lambda _: self._greeting, HEALTH: self._health}
        self.pages = {path: page for path, page in pages.items() if routes.find(path) is None}

    def _health(self, _: Body) -> Reply:
        self._store.has_notifications()  # asks the state for something: where that fails, the answer is 500
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
            "The service's calls, with the header Authorization: Bearer <token>:",
            *calls,
            "",
            "The server's own, without a token:",
            f"  GET     {HEALTH}  (200 while it can answer)",
            "  for tests, by default from this machine: " + ", ".join(control_paths),
            "",
            "Its options: python -m kling_elements.mock --help",
            "",
        ]
    )
