"""The server's own paths below `/_mock/`, for tests: queue faults, step the clock, list tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from kling_elements.mock.callbacks import NotificationSender
from kling_elements.mock.callers import Callers
from kling_elements.mock.clock import TaskClock
from kling_elements.mock.faults import FaultQueue
from kling_elements.mock.refusals import Problem, RefusedError
from kling_elements.mock.reply import json_reply
from kling_elements.mock.request import AcceptedRequest, Body, Head, json_value
from kling_elements.mock.shapes import Shapes
from kling_elements.mock.store import Store
from kling_elements.mock.tasks import StoredTask

PREFIX = "/_mock/"
_MAX_BYTES = 1 << 16
_NOT_ALLOWED = (
    f"{PREFIX} is only for callers on the server's own machine, without a proxy, and not for web pages of other sites; "
    "to allow another host, start the server with --control HOST"
)

Action: TypeAlias = Callable[[Body], object]


class Control:
    """The handlers of requests below `/_mock/`, which need no token."""

    def __init__(  # noqa: PLR0913 - it connects these parts
        self,
        *,
        callers: Callers,
        clock: TaskClock,
        store: Store,
        shapes: Shapes,
        faults: FaultQueue,
        sender: NotificationSender,
    ) -> None:
        self._callers = callers
        self._shapes = shapes
        self._clock = clock
        self._store = store
        self._faults = faults
        self._sender = sender
        self.paths: Mapping[str, Mapping[str, Action]] = {
            f"{PREFIX}faults": {"GET": self._list_faults, "POST": self._add_faults, "DELETE": self._clear_faults},
            f"{PREFIX}elements": {"GET": self._list_elements},
            f"{PREFIX}clock": {"GET": self._show_clock, "POST": self._step_clock},
            f"{PREFIX}callbacks": {"GET": self._list_callbacks},
            f"{PREFIX}used-ids": {"GET": self._list_used_ids, "POST": self._mark_ids_used},
        }

    def accept(self, head: Head) -> AcceptedRequest:
        """Accept a request, and choose its handler.

        Raises:
            RefusedError: The caller isn't allowed, or the path or method doesn't exist.
        """
        if not self._callers.may_control(head):
            raise RefusedError(Problem.PERMISSION_DENIED, _NOT_ALLOWED)
        actions = self.paths.get(head.path)
        if actions is None:
            raise RefusedError(Problem.NO_SUCH_RESOURCE, f"there is no such path; use one of {', '.join(self.paths)}")
        if head.method not in actions:
            methods = ", ".join(actions)
            raise RefusedError(Problem.METHOD_NOT_ALLOWED, f"this path accepts only {methods}", {"Allow": methods})
        action = actions[head.method]
        return AcceptedRequest(_MAX_BYTES if head.method == "POST" else None, lambda body: json_reply(action(body)))

    def _list_faults(self, _: Body) -> object:
        return self._faults.names

    def _add_faults(self, body: Body) -> object:
        self._faults.add(json_value(body))
        return self._faults.names

    def _clear_faults(self, _: Body) -> object:
        self._faults.clear()
        return self._faults.names

    def _list_elements(self, _: Body) -> object:
        now = self._clock.now_ms()
        tasks = self._store.every_task()
        self._store.save_seen_time(now, tasks)
        return [self._describe(task, now) for task in tasks]

    def _show_clock(self, _: Body) -> object:
        return {"now": self._clock.now(), "manual": self._clock.is_manual}

    def _step_clock(self, body: Body) -> object:
        value = json_value(body)
        seconds = value.get("seconds") if isinstance(value, dict) and len(value) == 1 else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise RefusedError(Problem.INVALID_PARAMETERS, 'the body must be {"seconds": <number>}')
        try:
            self._clock.step(seconds)
        except ValueError as error:
            raise RefusedError(Problem.INVALID_PARAMETERS, str(error)) from None
        return self._show_clock(body)

    def _list_callbacks(self, _: Body) -> object:
        return [asdict(record) for record in self._sender.records]

    def _list_used_ids(self, _: Body) -> object:
        return self._store.used_elsewhere()

    def _mark_ids_used(self, body: Body) -> object:
        ids = json_value(body)
        if not (isinstance(ids, list) and all(isinstance(text, str) and text for text in ids)):
            raise RefusedError(
                Problem.INVALID_PARAMETERS, "the body must be a list of ids, which are non-empty strings"
            )
        self._store.mark_used_elsewhere(ids)
        return self._store.used_elsewhere()

    def _describe(self, task: StoredTask, now: int) -> dict[str, Any]:
        return {
            "task_id": self._shapes.task_id(task),
            "external_task_id": task.external_id,
            "status": task.status_at(now),
            "element_id": self._shapes.element_id(task) if task.is_ready_at(now) else None,
            "deleted": bool(task.deleted),
            "owner": task.owner_name,
        }
