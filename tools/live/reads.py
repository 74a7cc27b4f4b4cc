"""What is asked without changing anything: lists, look-ups, and requests that must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx

from kling_elements import KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task
from tools.live.session import Session, brief

PLAN = (
    "the account's list, the list of presets, a look-up of the first task if there is one, look-ups of ids that "
    "nobody has, and the list again without a token and with a wrong one"
)
_PAGE = 5  # tasks of each list that are asked for
_DIGITS = 18  # of the service's own ids


def read(kling: KlingElements, session: Session) -> bool:
    """Send every read.

    Returns:
        Whether lists and look-ups work, so that what is created could be found again.
    """
    session.about("list", "the account's list")
    first, lists = _first(lambda: kling.list(page_size=_PAGE), session)
    session.about("presets", "the list of presets")
    _first(lambda: kling.presets(page_size=_PAGE), session)
    if first is not None:
        session.about("first-task", "a look-up of the first task", str(first.task_id))
        _look_up(kling, first, session)
    found_absent = [_look_up_nobody(kling, session, situation, nobody) for situation, nobody in _nobodies().items()]
    target = kling.client.request_target("listElements", {"pageNum": 1, "pageSize": _PAGE})
    session.about("no-token", "the list, without a token")
    _expect_refusal(lambda: kling.client.get_httpx_client().get(target).status_code, session)
    session.about("wrong-token", "the list, with a wrong token")
    wrong = AuthenticatedClient(f"wrong-{uuid4()}", kling.client.base_url, httpx_args=session.httpx_args())
    with wrong:
        _expect_refusal(lambda: wrong.send(method="get", url=target).status_code, session)
    return lists and all(found_absent)


def _nobodies() -> dict[str, str]:
    """Return ids that nobody has: one as callers choose them, and one that looks like the service's own."""
    return {"unknown-external-id": str(uuid4()), "unknown-task-id": str(uuid4().int)[:_DIGITS]}


def _first(tasks: Callable[[], Iterator[Task]], session: Session) -> tuple[Task | None, bool]:
    """Return the first task of a list, and whether the list could be read."""
    try:
        return next(tasks(), None), True
    except KlingError as error:
        session.fails(f"it cannot be read: {brief(error)}")
        return None, False


def _look_up(kling: KlingElements, task: Task, session: Session) -> None:
    try:
        kling.get(task)
    except KlingError as error:
        session.fails(f"it cannot be looked up: {brief(error)}")
    except ValueError:
        session.fails("the list names no id of it")


def _look_up_nobody(kling: KlingElements, session: Session, situation: str, nobody: str) -> bool:
    """Return whether an id that nobody has is said to be absent."""
    session.about(situation, f"a look-up of an id that nobody has ({situation.removeprefix('unknown-')})", nobody)
    try:
        kling.get(nobody)
    except KlingError as error:
        return session.expects_absence(error)
    session.departs("a task was found")
    return False


def _expect_refusal(send: Callable[[], int], session: Session) -> None:
    try:
        status = send()
    except Exception as error:  # noqa: BLE001 - what an answer can do goes beyond httpx's own errors
        session.fails(f"no answer: {type(error).__name__}")
        return
    if status != httpx.codes.UNAUTHORIZED:
        session.departs(f"the contract has status {httpx.codes.UNAUTHORIZED} for this, not {status}")
