"""The operations of the contract: create, get, list and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import randint
from typing import Any

from kling_elements.mock.clock import MS, TaskClock
from kling_elements.mock.dialects import Dialect
from kling_elements.mock.faults import FaultQueue
from kling_elements.mock.ids import number_of, task_id_of, task_ids_rounded_to
from kling_elements.mock.options import Options
from kling_elements.mock.refusals import Problem, Refusals
from kling_elements.mock.reply import Reply
from kling_elements.mock.shapes import Shapes, without_media
from kling_elements.mock.store import Store
from kling_elements.mock.tasks import Draft, StoredTask

_RATE_WINDOW_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A request that passed every check.

    Attributes:
        owner: The SHA-256 of the token.
        parameters: The parameters of the path and query by name, including defaults.
        body: The JSON value of the body, or None.
        is_local: Returns whether the request comes from this machine or an allowed host.
    """

    owner: bytes
    parameters: Mapping[str, Any]
    body: Any
    is_local: Callable[[], bool]


class Service:
    """The handlers of all operations. You can use them from any thread."""

    def __init__(  # noqa: PLR0913 - it connects these parts
        self,
        options: Options,
        *,
        refusals: Refusals,
        dialect: Dialect,
        clock: TaskClock,
        store: Store,
        shapes: Shapes,
        faults: FaultQueue,
        on_create: Callable[[StoredTask], None],
    ) -> None:
        self._options = options
        self._refusals = refusals
        self._dialect = dialect
        self._clock = clock
        self._store = store
        self._shapes = shapes
        self._faults = faults
        self._on_create = on_create
        self.handlers: Mapping[str, Callable[[ServiceCall], Reply]] = {
            "createElement": self._create,
            "getElement": self._get,
            "listElements": self._list,
            "listPresetElements": self._list_presets,
            "deleteElement": self._delete,
        }

    def _create(self, call: ServiceCall) -> Reply:
        fault = self._faults.next()
        if not fault.creates:
            return fault.disturb(Reply(200))
        callback_url = (call.body.get("callback_url") or None) if self._options.callbacks else None
        draft = Draft(
            owner=call.owner,
            external_id=call.body.get("external_task_id") or None,
            request=without_media(call.body),
            ending=fault.ending,
            callback_url=callback_url,
            may_call_private=callback_url is not None and call.is_local(),
        )
        if fault.late_seconds is not None:
            return Reply(200, delay_seconds=fault.late_seconds, late=lambda: self._add_task(draft))
        return fault.disturb(self._add_task(draft))

    def _add_task(self, draft: Draft) -> Reply:
        with self._store.lock:
            now = self._clock.now_ms()
            self._check_limits(draft, now)
            task = self._store.add(draft, now, randint(*self._options.task_ms))  # noqa: S311 - nobody gains by guessing
        self._on_create(task)
        return self._shapes.response(self._shapes.submitted(task))

    def _check_limits(self, draft: Draft, now: int) -> None:
        """Refuse a used external id, too many creates per second, and too many unfinished tasks."""
        options, store, owner = self._options, self._store, draft.owner
        if draft.external_id and options.unique_external_ids and self._is_used(owner, draft.external_id):
            detail = "this external_task_id was used before"
            raise self._dialect.refusal(
                "createElement", "x-duplicate", detail=detail, external_task_id=draft.external_id
            )
        window_start = now - _RATE_WINDOW_SECONDS * MS
        if options.rate and store.count_created_after(owner, window_start, options.rate) == options.rate:
            headers = {"Retry-After": str(_RATE_WINDOW_SECONDS)}
            detail = f"at most {options.rate} creates per second"
            raise self._refusals.refusal_for(Problem.RATE_LIMITED, detail, headers)
        limit = options.concurrency
        if limit and store.count_ending_after(owner, now, limit) == limit:
            raise self._refusals.refusal_for(self._dialect.too_many_code, f"at most {limit} unfinished tasks")

    def _is_used(self, owner: bytes, external_id: str) -> bool:
        """Return whether the owner has used an external id; in some dialects, a call other than a create counts too."""
        return self._store.has_external_id(owner, external_id) or (
            self._dialect.counts_all_calls and self._store.is_used_elsewhere(external_id)
        )

    def _get(self, call: ServiceCall) -> Reply:
        name = call.parameters["id"]
        task = self._find(call.owner, name)
        if task is None:
            detail = "no task of this account has this id or external_task_id"
            raise self._dialect.refusal("getElement", "x-absent", detail=detail, id=name)
        now = self._clock.now_ms()
        self._store.save_seen_time(now, [task])
        return self._shapes.response(self._shapes.task(task, now))

    def _find(self, owner: bytes, name: str) -> StoredTask | None:
        """Return the task with this task id or, if there is none, with this external id."""
        task_id, include_deleted = number_of(name), self._dialect.keeps_deleted
        task = None if task_id is None else self._store.by_id(owner, task_id, include_deleted=include_deleted)
        return task or self._store.by_external_id(owner, name, include_deleted=include_deleted)

    def _list(self, call: ServiceCall) -> Reply:
        now = self._clock.now_ms()
        number, size = call.parameters["pageNum"], call.parameters["pageSize"]
        page = self._store.page(call.owner, number, size, include_deleted=self._dialect.keeps_deleted)
        self._store.save_seen_time(now, page)
        return self._shapes.response([self._shapes.task(task, now) for task in page])

    def _list_presets(self, call: ServiceCall) -> Reply:
        number, size = call.parameters["pageNum"], call.parameters["pageSize"]
        return self._shapes.response(self._shapes.presets[(number - 1) * size : number * size])

    def _delete(self, call: ServiceCall) -> Reply:
        element_id: int | str = call.body["element_id"]
        if str(element_id) in self._preset_ids():
            detail = "an element of the official library cannot be deleted"
            raise self._refusals.refusal_for(Problem.PERMISSION_DENIED, detail)
        with self._store.lock:
            task = self._ready_task(call.owner, element_id)
            if task is None or task.deleted:
                keywords = ("x-deleted-already", "x-absent") if task else ("x-absent",)
                detail = (
                    f"this account has no finished element with this id{self._rounding_hint(call.owner, element_id)}"
                )
                raise self._dialect.refusal("deleteElement", *keywords, detail=detail, element_id=element_id)
            self._store.mark_deleted(task)
        return self._shapes.deletion(self._dialect.deletion_example, task)

    def _ready_task(self, owner: bytes, element_id: int | str) -> StoredTask | None:
        task_id = task_id_of(element_id)
        task = None if task_id is None else self._store.by_id(owner, task_id, include_deleted=True)
        now = self._clock.now_ms()
        if task is None or not task.is_ready_at(now):
            return None
        self._store.save_seen_time(now, [task])
        return task

    def _rounding_hint(self, owner: bytes, element_id: int | str) -> str:
        """Return a hint if a float turned the id of an existing element into this one, otherwise an empty string."""
        number = number_of(str(element_id))
        candidates = () if number is None else task_ids_rounded_to(number)
        task = next(
            filter(None, (self._store.by_id(owner, task_id, include_deleted=True) for task_id in candidates)), None
        )
        if task is None:
            return ""
        return (
            f"; a float, such as any number in JavaScript, turns {self._shapes.element_id(task)} into this id: "
            "read the id as a string, or start this server with --element-ids small or digits"
        )

    def _preset_ids(self) -> set[str]:
        tasks = self._shapes.presets
        return {str(element["element_id"]) for task in tasks for element in task["task_result"]["elements"]}
