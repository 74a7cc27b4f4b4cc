"""Create one element from an image, wait for it, look it up and delete it, whatever goes wrong in between."""

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
from tools.live.session import Session, describe_error

PLAN = "creates one element from the image, which the gateway may charge for, waits for it, looks it up and deletes it"


def request_for(image: str) -> ImageElementRequest:
    """Return the request for the element, with a new external id.

    Args:
        image: The http(s) URL of an image, or the path of a file.
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
    """Create the element once and delete it. `session.leftovers` says what remains."""
    external_id = str(request.external_task_id)
    session.begin("creation", f"creation of an element, external_task_id {external_id}", external_id)
    may_exist, element = True, None
    try:
        task = kling.get_or_create(request)
        element = kling.wait(task, max_wait_seconds=max_wait_seconds)
    except KlingError as error:
        may_exist = error.outcome != Outcome.NOT_CREATED
        session.note_failure(f"the create did not succeed: {describe_error(error)}")
    finally:
        if may_exist:
            _clean_up(kling, session, external_id, element)
        else:
            session.say("nothing was created")


def _clean_up(kling: KlingElements, session: Session, external_id: str, element: Element | None) -> None:
    """Look up the external id and delete its element, or the element that `wait` returned if that fails."""
    session.say("look-up and deletion of the element")
    try:
        task = kling.get(external_id)
    except KlingError as error:
        if element is not None:
            session.note_failure(f"the look-up failed: {describe_error(error)}")
            _delete(kling, session, external_id, element)
            return
        reason = (
            "it does not exist yet, but may still be created"
            if is_absent(error)
            else f"the look-up failed: {describe_error(error)}"
        )
        session.note_leftover(f"external_task_id {external_id}: {reason}; look it up again, and delete its element")
        return
    if progress_of(task, CONTRACT) is Progress.FAILED:
        session.say("the task failed, so there is nothing to delete")
        return
    if not task.all_elements:
        session.note_leftover(
            f"task {_printable_id(task.task_id)}, external_task_id {external_id}: delete its element once it has one"
        )
    for task_element in task.all_elements:
        _delete(kling, session, external_id, task_element)


def _delete(kling: KlingElements, session: Session, external_id: str, element: Element) -> None:
    try:
        kling.delete(element)
    except (KlingError, ValueError) as error:
        reason = describe_error(error) if isinstance(error, KlingError) else "it has no id"
        session.note_failure(f"the element can't be deleted: {reason}")
        session.note_leftover(f"element {_printable_id(element.element_id)}, external_task_id {external_id}")


def _printable_id(value: object) -> str:
    """Return an id exactly as the gateway sent it, in one line."""
    return ascii(value) if isinstance(value, str) and not re.fullmatch(r"[\w.-]+", value, re.ASCII) else str(value)
