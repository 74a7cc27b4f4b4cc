"""Ask both paths that gateways serve to delete an element that cannot exist. Sent only with CONFIRM=1."""

from __future__ import annotations

from kling_elements import KlingElements
from kling_elements.gateway_survey import nonexistent_id
from kling_elements_client import contract
from kling_elements_client.errors import KlingError
from tools.live.session import Session, describe_error

PLAN = "asks both paths to delete an element that cannot exist"
_OTHER_PATH = ("delete-elements", "delete-advanced-elements")  # the vendor's page for videos uses the second one


def delete_nonexistent(kling: KlingElements, session: Session) -> None:
    """Ask the gateway to delete an element that cannot exist."""
    unknown_id = nonexistent_id()
    session.begin("unknown-element", "deletion of an element that cannot exist", unknown_id)
    try:
        kling.delete(unknown_id)
    except KlingError as error:
        session.check_absence(error)
    else:
        session.note_departure("the gateway claims to have deleted an element that never existed")
    session.begin("unknown-element-advanced", "the same by the other path", unknown_id, call="deleteElement")
    path = contract.operation("deleteElement").path.replace(*_OTHER_PATH)
    content = kling.client.encode("deleteElement", {"element_id": unknown_id})
    try:
        kling.client.send(method="post", url=path, headers={"Content-Type": "application/json"}, content=content)
    except KlingError as error:
        session.note_failure(describe_error(error))
