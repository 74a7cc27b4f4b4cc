"""A mock server for one test, with methods to control it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from kling_elements.mock.app import MockServer
from kling_elements.mock.control import PREFIX

TOKEN: Final = "kling-mock-token"  # noqa: S105 - only a mock server accepts it
_JSON = [(b"content-type", b"application/json")]


class MockGateway:
    """A mock server to test against.

    Attributes:
        url: The URL of the server.
        token: A token that the server accepts.
    """

    def __init__(self, app: MockServer, url: str, token: str = TOKEN) -> None:
        """Create the controls of a server at a URL."""
        self.app: Final = app
        self.url: Final = url
        self.token: Final = token

    def __repr__(self) -> str:
        return f"MockGateway(url={self.url!r})"

    def queue_faults(self, *names: str) -> None:
        """Queue a fault for each of the next creates: `none`, `drop-after`, `code:1303` and so on.

        Raises:
            ValueError: A name is unknown, and no fault was queued. The message lists the allowed names.
        """
        self._control("POST", "faults", list(names))

    def step(self, seconds: float) -> None:
        """Move the clock of the tasks forward by some seconds.

        Raises:
            ValueError: The argument is not a number, or below 0.
        """
        self._control("POST", "clock", {"seconds": seconds})

    def use_ids(self, *external_ids: str) -> None:
        """Mark external ids as used by another product of the account, such as for a video.

        If the dialect is `live`, a create with such an id is refused as a duplicate, although look-ups show no task.

        Raises:
            ValueError: An id is empty.
        """
        self._control("POST", "used-ids", list(external_ids))

    def tasks(self) -> list[dict[str, Any]]:
        """Return the tasks of all tokens, as JSON objects.

        Each object contains `task_id`, `external_task_id`, `status`, `element_id`, `deleted` and `owner`.
        """
        tasks: list[dict[str, Any]] = self._control("GET", "elements")
        return tasks

    def callbacks(self) -> list[dict[str, Any]]:
        """Return the notifications that the server has delivered or given up. Only a server on a socket sends any."""
        callbacks: list[dict[str, Any]] = self._control("GET", "callbacks")
        return callbacks

    def _control(self, method: str, name: str, value: object = None) -> Any:
        reply = self.app.respond(method, PREFIX + name, _JSON, b"" if value is None else json.dumps(value).encode())
        response = json.loads(reply.body)
        if reply.status != 200:  # noqa: PLR2004 - HTTP's own
            raise ValueError(response["message"])
        return response


@contextmanager
def serving(app: MockServer, token: str = TOKEN) -> Iterator[MockGateway]:
    """Run a server on a free port of this machine, in a new thread, while the block runs.

    Args:
        app: The server to run.
        token: A token that the server accepts.

    Raises:
        ModuleNotFoundError: The extra `mock` is not installed.
    """
    from kling_elements.mock import server  # noqa: PLC0415 - uvicorn is in an extra

    listener = server.listen("127.0.0.1", 0)
    background = server.Background(app)
    thread = threading.Thread(target=background.run, args=([listener],), name="kling-mock")
    with closing(listener):
        thread.start()
        try:
            yield MockGateway(app, f"http://127.0.0.1:{listener.getsockname()[1]}", token)
        finally:
            background.should_exit = True
            thread.join()
