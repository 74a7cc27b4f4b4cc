"""One subject, from a given image: created, waited for, looked up and deleted, whatever goes wrong in between."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

from kling_elements import KlingElements
from kling_elements.outcomes import Outcome, is_absent
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Element, ElementImageList, ImageElementRequest, ReferImage
from tools.live.session import Session, brief

PLAN = "creates one subject from the image, which the gateway may charge for, waits for it, looks it up and deletes it"


def request_for(image: str) -> ImageElementRequest:
    """The subject, under an id of its own.

    Args:
        image: The http(s) address of an image, or else the path of a file.
    """
    source = image if re.match("https?://", image, re.IGNORECASE) else Path(image)
    return ImageElementRequest(
        element_name="Contract check",
        element_description="Made by `make live` to try the contract; to be deleted.",
        element_image_list=ElementImageList(frontal_image=source, refer_images=[ReferImage(image_url=source)]),
        external_task_id=f"kling-live-{uuid4()}",
    )


def create_and_delete(
    kling: KlingElements, session: Session, request: ImageElementRequest, max_wait_seconds: float | None
) -> None:
    """Creates the subject once, and deletes it; what remains is told by `session.left`."""
    external_id = str(request.external_task_id)
    session.about("creation", f"a subject, external_task_id {external_id}", external_id)
    may_exist, element = True, None
    try:
        task = kling.create_or_adopt(request)
        element = kling.wait(task, max_wait_seconds=max_wait_seconds)
    except KlingError as error:
        may_exist = error.outcome != Outcome.NOT_CREATED
        session.fails(f"it did not become a subject: {brief(error)}")
    finally:
        if may_exist:
            _clean_up(kling, session, external_id, element)
        else:
            session.say("nothing was created")


def _clean_up(kling: KlingElements, session: Session, external_id: str, element: Element | None) -> None:
    """Deletes what a look-up by the caller's own id finds, and without an answer what was waited for."""
    session.say("a look-up of it, and its deletion")
    try:
        task = kling.get(external_id)
    except KlingError as error:
        if element is not None:
            session.fails(f"it cannot be looked up: {brief(error)}")
            _delete(kling, session, external_id, element)
            return
        why = "it is not there, but may still come" if is_absent(error) else f"it cannot be looked up: {brief(error)}"
        session.leaves(f"external_task_id {external_id}: {why}; look it up again, and delete its subject")
        return
    if progress_of(task, CONTRACT) is Progress.FAILED:
        session.say("the task failed, so there is nothing to delete")
        return
    if not task.all_elements:
        session.leaves(
            f"task {_exactly(task.task_id)}, external_task_id {external_id}: delete its subject once it has one"
        )
    for found in task.all_elements:
        _delete(kling, session, external_id, found)


def _delete(kling: KlingElements, session: Session, external_id: str, element: Element) -> None:
    try:
        kling.delete(element)
    except (KlingError, ValueError) as error:
        why = brief(error) if isinstance(error, KlingError) else "it has no id"
        session.fails(f"it cannot be deleted: {why}")
        session.leaves(f"subject {_exactly(element.element_id)}, external_task_id {external_id}")


def _exactly(found: object) -> str:
    """An id as it came, in one line."""
    return ascii(found) if isinstance(found, str) and not re.fullmatch(r"[\w.-]+", found, re.ASCII) else str(found)
