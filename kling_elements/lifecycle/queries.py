"""Look up, list and delete. All I/O goes through `Effects`."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from functools import partial
from types import ModuleType

from kling_elements.errors import NoTaskError
from kling_elements.lifecycle.create_request import element_id_from, task_id_from
from kling_elements.lifecycle.effects import Effects
from kling_elements.lifecycle.retry_budget import RetryBudget, retry_query
from kling_elements.numbers import count
from kling_elements.outcomes import Outcome, is_absent, is_deleted_already, verdict_for_error
from kling_elements.tasks import may_have_id, task_of_response, tasks_of_response
from kling_elements.usable_contract import PAGE_NUMBER
from kling_elements_client.api.elements import delete_element, get_element
from kling_elements_client.errors import ContractError, KlingError
from kling_elements_client.models import DeleteElementRequest, Element, Task, TaskListResponse
from kling_elements_runtime.document import Operation
from kling_elements_runtime.types import Response


async def look_up(effects: Effects, task_id: str) -> Task:
    """Look up a task with one call.

    Raises:
        NoTaskError: The response contains no task, or the task of another id.
    """
    task = task_of_response(await effects.call(get_element, id=task_id), effects.contract)
    if task is None or not may_have_id(task, task_id):
        content = "no task" if task is None else "the task of another id"
        raise NoTaskError(f"the gateway's response to the look-up contains {content}")
    return task


async def get(effects: Effects, task: Task | str | int, budget: RetryBudget) -> Task:
    """Look up a task. Temporary errors are retried."""
    return await retry_query(effects, budget, partial(look_up, effects, task_id_from(task)))


async def delete(effects: Effects, element: Element | Task | str | int, budget: RetryBudget) -> Task | None:
    """Delete an element.

    The call also succeeds if the gateway says that the element was deleted before, or if the element is absent after an
    attempt that may have deleted it.
    """
    request = DeleteElementRequest(element_id=element_id_from(element))
    in_doubt = False  # whether an attempt may have deleted the element

    async def attempt() -> Task | None:
        nonlocal in_doubt
        try:
            return task_of_response(await effects.call(delete_element, body=request), effects.contract)
        except KlingError as error:
            if is_deleted_already(error, effects.contract) or (in_doubt and is_absent(error)):
                return None
            in_doubt = in_doubt or verdict_for_error(error, effects.contract).outcome is not Outcome.NOT_CREATED
            raise

    return await retry_query(effects, budget, attempt)


_MAX_STALE_PAGES = 2  # pages in a row without a new task


class Listing:
    """The tasks of a list, without duplicates. A page is fetched when its first task is needed."""

    def __init__(
        self,
        effects: Effects,
        operation: ModuleType,
        *,
        first_page: int,
        page_size: int | None,
        budget_for_page: Callable[[], RetryBudget],
    ) -> None:
        """Create a listing that starts before its first page. Nothing is sent yet.

        Args:
            effects: Performs all I/O.
            operation: The operation that fetches a page.
            first_page: The number of the page to begin with.
            page_size: The number of tasks to fetch at a time, or None for the contract's default.
            budget_for_page: A function that returns the retry budget for one page.

        Raises:
            ValueError: The first page is below 1.
            OperationNotOfferedError: The gateway has no such list.
        """
        count.check("first_page", first_page)
        self._effects = effects
        self._operation = operation
        self._budget_for_page = budget_for_page
        self._sizes = {} if page_size is None else {"page_size": page_size}
        self._page = first_page  # the next one to fetch
        self._last_page = _last_page_number(effects.client.operation(operation.OPERATION_ID))
        self._seen = set[str]()
        self._ready = deque[Task]()
        self._stale_pages = 0
        self._is_complete = False
        self._failure: KlingError | None = None

    async def next(self) -> Task | None:
        """Return the next task, or None if there are no more.

        Raises:
            KlingError: A page could not be fetched. Further calls raise the same error again.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        while not self._ready and not self._is_complete:
            page = partial(self._effects.call, self._operation, page_num=self._page, **self._sizes)
            try:
                response = await retry_query(self._effects, self._budget_for_page(), page)
            except KlingError as error:
                self._failure = error
                if not isinstance(error, ContractError):
                    error.page = self._page
                    error.args = (f"page {self._page} (continue with first_page={self._page}): {error}",)
                raise
            self._keep_new_tasks(response)
        return self._ready.popleft() if self._ready else None

    def _keep_new_tasks(self, response: Response[TaskListResponse]) -> None:
        """Store the new tasks of a page. Pages may repeat tasks, because tasks move down the list while you read it."""
        tasks = {_identity_of(task): task for task in tasks_of_response(response, self._effects.contract)}
        new = [task for identity, task in tasks.items() if identity not in self._seen]
        self._seen.update(tasks)
        self._ready.extend(new)
        # New tasks push older ones onto the next page, so a page without a new task need not be the last. But two such
        # pages end the list, because a gateway may answer every page number with the same page.
        self._stale_pages = 0 if new else self._stale_pages + 1
        self._is_complete = not tasks or self._stale_pages >= _MAX_STALE_PAGES
        if not self._is_complete and self._page >= self._last_page:
            self._is_complete = True
            self._effects.warn(f"the list continues after page {self._page}, the last page that can be requested")
        self._page += 1


def _identity_of(task: Task) -> str:
    """Return a string that identifies a task: its id, or if the gateway leaves out the id, the whole task as JSON."""
    return str(task.task_id or json.dumps(task.to_dict(), sort_keys=True))


def _last_page_number(operation: Operation) -> int:
    (number,) = (parameter for parameter in operation.parameters if parameter.name == PAGE_NUMBER)
    return int(number.schema["maximum"])
