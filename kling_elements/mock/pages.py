"""Pages about the server, for people and for health checks. They need no token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kling_elements.mock import swagger_page
from kling_elements.mock.reply import TEXT_TYPE, Reply, json_reply
from kling_elements.mock.request import AcceptedRequest, Head
from kling_elements.mock.routes import Routes
from kling_elements.mock.store import Store
from kling_elements_runtime.document import Document

HEALTH_PATH: Final = "/health"
METHODS: Final = ("GET", "HEAD")
"""The methods of all pages. With any other method, the path of a page does not exist."""


class Pages:
    """The pages `/`, `/health` and the Swagger UI page.

    Attributes:
        by_path: The page at each path.
    """

    def __init__(
        self, contract: Document, routes: Routes, control_paths: Iterable[str], store: Store, accepted_token: str | None
    ) -> None:
        """Prepare the pages. There is no page at a path that the contract uses itself."""
        self._store = store
        self._calls = [
            f"  {method:<7} {route.template}  ({endpoint.operation.operation_id})"
            for route in routes
            for method, endpoint in route.endpoints.items()
        ]
        self._control_paths = ", ".join(control_paths)
        docs_pages = swagger_page.pages(contract, accepted_token)
        self._has_docs = not any(map(routes.find, docs_pages))
        pages: Mapping[str, Callable[[], Reply]] = {
            "/": self._greeting,
            HEALTH_PATH: self._health,
            **(docs_pages if self._has_docs else {}),
        }
        self.by_path = {path: page for path, page in pages.items() if routes.find(path) is None}

    @property
    def docs(self) -> str | None:
        """The path of the Swagger UI page, or None if it cannot be shown."""
        return swagger_page.PAGE if self._has_docs and swagger_page.is_installed() else None

    def accept(self, head: Head) -> AcceptedRequest:
        """Accept a request for one of the pages."""
        page = self.by_path[head.path]
        return AcceptedRequest(None, lambda _: page())

    def _health(self) -> Reply:
        self._store.has_notifications()  # a query, so that the response is 500 if the state file fails
        return json_reply({"status": "ok"})

    def _greeting(self) -> Reply:
        install = "" if swagger_page.is_installed() else f"; first {swagger_page.INSTALL}"
        docs = [
            f"  GET     {swagger_page.PAGE}  (a page where you can try the calls in a browser{install})",
            f"  GET     {swagger_page.CONTRACT}  (the contract)",
        ]
        lines = [
            "This is the mock server of kling-elements: it answers as the service does, and creates nothing there.",
            "",
            "Calls of the service, with the header Authorization: Bearer <token>:",
            *self._calls,
            "",
            "Paths of this server, without a token:",
            *(docs if self._has_docs else ()),
            f"  GET     {HEALTH_PATH}  (200 while it can answer)",
            f"  for tests, by default only from this machine: {self._control_paths}",
            "",
            "To see all options: python -m kling_elements.mock --help",
            "",
        ]
        return Reply(200, "\n".join(lines).encode(), (TEXT_TYPE,))
