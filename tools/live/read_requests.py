"""Send requests without side effects: lists, look-ups, and requests that must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx

from kling_elements import KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task
from tools.live.session import Session, describe_error

PLAN = (
    "the account's list, the list of presets, the first task if there is one and ids that do not exist, "
    "and the list again without a token and with a wrong one"
)
_PAGE_SIZE = 5  # tasks to ask for in each list
_ID_DIGITS = 18  # in the service's own ids


def send_reads(kling: KlingElements, session: Session) -> bool:
    """Send all requests without side effects.

    Returns:
        Whether lists and look-ups work, so that a created element could be found again.
    """
    session.begin("list", "the account's list")
    first, lists = _read_first(lambda: kling.list(page_size=_PAGE_SIZE), session)
    session.begin("presets", "the list of presets")
    _read_first(lambda: kling.presets(page_size=_PAGE_SIZE), session)
    if first is not None:
        session.begin("first-task", "look-up of the first task", str(first.task_id))
        _look_up(kling, first, session)
    are_absent = [
        _look_up_unknown(kling, session, situation, unknown_id) for situation, unknown_id in _unknown_ids().items()
    ]
    target = kling.client.request_target("listElements", {"pageNum": 1, "pageSize": _PAGE_SIZE})
    session.begin("no-token", "the list, without a token")
    _expect_refusal(lambda: kling.client.get_httpx_client().get(target).status_code, session)
    session.begin("wrong-token", "the list, with a wrong token")
    wrong = AuthenticatedClient(f"wrong-{uuid4()}", kling.client.base_url, http_client=session.http_client())
    with wrong:
        _expect_refusal(lambda: wrong.send(method="get", url=target).status_code, session)
    return lists and all(are_absent)


def _unknown_ids() -> dict[str, str]:
    """Return two ids that don't exist: one such as callers choose, and one such as the service makes."""
    return {"unknown-external-id": str(uuid4()), "unknown-task-id": str(uuid4().int)[:_ID_DIGITS]}


def _read_first(tasks: Callable[[], Iterator[Task]], session: Session) -> tuple[Task | None, bool]:
    """Return the first task of a list, and whether the list could be read."""
    try:
        return next(tasks(), None), True
    except KlingError as error:
        session.note_failure(f"the list can't be read: {describe_error(error)}")
        return None, False


def _look_up(kling: KlingElements, task: Task, session: Session) -> None:
    try:
        kling.get(task)
    except KlingError as error:
        session.note_failure(f"the look-up failed: {describe_error(error)}")
    except ValueError:
        session.note_failure("the task has no id in the list")


def _look_up_unknown(kling: KlingElements, session: Session, situation: str, unknown_id: str) -> bool:
    """Look up an id that doesn't exist, and return whether the response reports its absence."""
    session.begin(situation, f"look-up of an id that does not exist ({situation.removeprefix('unknown-')})", unknown_id)
    try:
        kling.get(unknown_id)
    except KlingError as error:
        return session.check_absence(error)
    session.note_departure("the gateway found a task that does not exist")
    return False


def _expect_refusal(send: Callable[[], int], session: Session) -> None:
    try:
        status = send()
    except Exception as error:  # noqa: BLE001 - a response can cause more than httpx's own errors
        session.note_failure(f"no response: {type(error).__name__}")
        return
    if status != httpx.codes.UNAUTHORIZED:
        session.note_departure(f"the contract expects status {httpx.codes.UNAUTHORIZED} here, not {status}")
