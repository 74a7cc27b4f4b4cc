"""Look-ups, lists and deletions: single calls, and which page of a list comes next. All I/O goes through `Outside`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from kling_elements.errors import NoTaskError
from kling_elements.outcomes import Outcome, is_absent
from kling_elements.outside import Outside
from kling_elements.requests import element_id_from, task_id_from
from kling_elements.tasks import is_of, task_of, tasks_of
from kling_elements_client import contract
from kling_elements_client.api.elements import delete_element, get_element
from kling_elements_client.errors import KlingError
from kling_elements_client.models import DeleteElementRequest, Element, Task, TaskListResponse
from kling_elements_runtime.document import follow


async def ask(io: Outside, operation: ModuleType, **arguments: Any) -> Any:
    """Calls once. An error tells whether what was asked for provably does not exist."""
    try:
        return await io.call(operation, **arguments)
    except KlingError as error:
        error.outcome = Outcome.NOT_CREATED if is_absent(error) else Outcome.MAY_EXIST
        raise


async def get(io: Outside, task: Task | str | int) -> Task:
    """Looks a task up."""
    task_id = task_id_from(task)
    found = task_of(await ask(io, get_element, id=task_id))
    if found is None or not is_of(found, task_id):
        says = "without naming a task" if found is None else "with the task of another id"
        error = NoTaskError(f"the gateway answered the look-up {says}")
        error.outcome = Outcome.MAY_EXIST
        raise error
    return found


async def delete(io: Outside, element: Element | Task | str | int) -> Task | None:
    """Deletes a subject."""
    request = DeleteElementRequest(element_id=element_id_from(element))
    return task_of(await ask(io, delete_element, body=request))


_MOST_STALE = 2  # pages in a row without anything new
_log = logging.getLogger("kling_elements")


class Pages:
    """The pages of a list, one after the other, and what is new on each."""

    def __init__(self, operation_id: str, page_size: int | None) -> None:
        """Begins before the first page.

        Args:
            operation_id: Its name in the contract.
            page_size: How many tasks a page has; None for the contract's default.
        """
        self._sizes = {} if page_size is None else {"page_size": page_size}
        self._last_number = _last_page_number(operation_id)
        self._seen = set[str]()
        self._number = 0
        self._stale = 0
        self._ended = False

    def arguments(self) -> Iterator[dict[str, int]]:
        """The arguments of the call for each page, as long as there was something new on the one before."""
        while not self._ended and self._number < self._last_number:
            self._number += 1
            yield {"page_num": self._number, **self._sizes}
        if not self._ended:
            _log.warning("the list goes on beyond page %s, the last that can be asked for", self._last_number)

    def new_tasks(self, answer: TaskListResponse) -> list[Task]:
        """The tasks of a page that were on none before: they move down a list while it is read."""
        named = {_name_of(task): task for task in tasks_of(answer)}
        new = [task for name, task in named.items() if name not in self._seen]
        self._seen.update(named)
        # New tasks push known ones onto the next page, so one without anything new need not be the last. Two end it: a
        # gateway that answers every number with the same page must not be asked for all of them.
        self._stale = 0 if new else self._stale + 1
        self._ended = not named or self._stale >= _MOST_STALE
        return new


def _name_of(task: Task) -> str:
    """What tells a task from others: its id, or where a gateway leaves that out, all that it says."""
    return str(task.task_id or json.dumps(task.to_dict(), sort_keys=True))


def _last_page_number(operation_id: str) -> int:
    (number,) = (parameter for parameter in contract.operation(operation_id).parameters if parameter.name == "pageNum")
    last: int = follow(contract.document(), number.schema_pointer)["maximum"]
    return last


__all__ = ["Pages", "ask", "delete", "get"]
