"""What is asked without changing anything: lists, look-ups, and requests that must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from kling_elements import KlingElements
from kling_elements.outcomes import is_absent
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task
from scripts.live.session import Session, brief

PLAN = (
    "the account's list, the list of presets, a look-up of the first task if there is one, a look-up of an id that "
    "nobody has, and the list again without a token and with a wrong one"
)
_PAGE = 5  # tasks of each list that are asked for
_UNAUTHORIZED = 401


def read(kling: KlingElements, session: Session) -> bool:
    """Sends every read.

    Returns:
        Whether lists and look-ups work, so that what is created could be found again.
    """
    session.say("the account's list")
    first, lists = _first(lambda: kling.list(page_size=_PAGE), session)
    session.say("the list of presets")
    _first(lambda: kling.presets(page_size=_PAGE), session)
    if first is not None:
        session.say("a look-up of the first task")
        _look_up(kling, first, session)
    session.say("a look-up of an id that nobody has")
    finds = _look_up_nobody(kling, session)
    target = kling.client.request_target("listElements", {"pageNum": 1, "pageSize": _PAGE})
    session.say("the list, without a token")
    _expect_refusal(lambda: kling.client.get_httpx_client().get(target).status_code, session)
    session.say("the list, with a wrong token")
    wrong = AuthenticatedClient(f"wrong-{uuid4()}", kling.client.base_url, httpx_args=session.httpx_args())
    with wrong:
        _expect_refusal(lambda: wrong.send(method="get", url=target).status_code, session)
    return lists and finds


def _first(tasks: Callable[[], Iterator[Task]], session: Session) -> tuple[Task | None, bool]:
    """The first task of a list, and whether the list could be read."""
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


def _look_up_nobody(kling: KlingElements, session: Session) -> bool:
    try:
        kling.get(f"nobody-{uuid4()}")
    except KlingError as error:
        if not is_absent(error):
            session.departs(f"the contract has status 404 and its code for what is not there: {brief(error)}")
        return is_absent(error)
    session.departs("a task was found")
    return False


def _expect_refusal(send: Callable[[], int], session: Session) -> None:
    try:
        status = send()
    except Exception as error:  # noqa: BLE001 - what an answer can do goes beyond httpx's own errors
        session.fails(f"no answer: {type(error).__name__}")
        return
    if status != _UNAUTHORIZED:
        session.departs(f"the contract has status {_UNAUTHORIZED} for this, not {status}")
