"""A mock server for one test, with what the test can do to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from kling_elements.mock.app import MockServer
from kling_elements.mock.control import PREFIX

TOKEN: Final = "kling-mock-token"  # noqa: S105 - it opens nothing but a mock server
_JSON = [(b"content-type", b"application/json")]


class MockGateway:
    """A mock server that is there to be tested against.

    Attributes:
        url: Where it is.
        token: A token that it takes.
    """

    def __init__(self, app: MockServer, url: str, token: str = TOKEN) -> None:
        """Takes the server that is to be driven."""
        self.app: Final = app
        self.url: Final = url
        self.token: Final = token

    def __repr__(self) -> str:
        return f"MockGateway(url={self.url!r})"

    def queue_faults(self, *names: str) -> None:
        """Makes the coming creates fail, one name for each: `none`, `drop-after`, `code:1303` and so on.

        Raises:
            ValueError: One of the names is unknown; the message lists those that there are. None is queued then.
        """
        self._control("POST", "faults", list(names))

    def step(self, seconds: float) -> None:
        """Lets time pass for the tasks, in seconds.

        Raises:
            ValueError: It is no number from 0 up.
        """
        self._control("POST", "clock", {"seconds": seconds})

    def use_ids(self, *external_ids: str) -> None:
        """Mark external ids as used by another product of the account, such as for a video.

        In the dialect `live` a create with one of them is refused as a duplicate, though no look-up finds it.

        Raises:
            ValueError: One of them is empty.
        """
        self._control("POST", "used-ids", list(external_ids))

    def tasks(self) -> list[dict[str, Any]]:
        """Every task of every token: `task_id`, `external_task_id`, `status`, `element_id`, `deleted`, `owner`."""
        found: list[dict[str, Any]] = self._control("GET", "elements")
        return found

    def callbacks(self) -> list[dict[str, Any]]:
        """The notifications that were delivered or given up. They are sent by a server on a socket alone."""
        found: list[dict[str, Any]] = self._control("GET", "callbacks")
        return found

    def _control(self, method: str, name: str, value: object = None) -> Any:
        reply = self.app.answer(method, PREFIX + name, _JSON, b"" if value is None else json.dumps(value).encode())
        answer = json.loads(reply.body)
        if reply.status != 200:  # noqa: PLR2004 - HTTP's own
            raise ValueError(answer["message"])
        return answer


@contextmanager
def serving(app: MockServer, token: str = TOKEN) -> Iterator[MockGateway]:
    """Serves on a free port of this machine, in a thread of its own, as long as the block runs.

    Args:
        app: What answers.
        token: A token that it takes.

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
