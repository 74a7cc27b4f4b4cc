"""The deletion of a subject that cannot exist, by both paths that gateways serve: sent only with CONFIRM=1."""

from __future__ import annotations

from uuid import uuid4

from kling_elements import KlingElements
from kling_elements_client import contract
from kling_elements_client.errors import KlingError
from tools.live.session import Session, brief

PLAN = "asks both paths to delete a subject that cannot exist"
_OTHER_PATH = ("delete-elements", "delete-advanced-elements")  # what the vendor's page for videos has instead


def delete_nobody(kling: KlingElements, session: Session) -> None:
    """Ask for the deletion of a subject that cannot exist."""
    nobody = nobody_s_id()
    session.about("unknown-subject", "a deletion of a subject that cannot exist", nobody)
    try:
        kling.delete(nobody)
    except KlingError as error:
        session.expects_absence(error)
    else:
        session.departs("it says that it deleted what never existed")
    session.about("unknown-subject-advanced", "the same by the other path", nobody, call="deleteElement")
    path = contract.operation("deleteElement").path.replace(*_OTHER_PATH)
    content = kling.client.encode("deleteElement", {"element_id": nobody})
    try:
        kling.client.send(method="post", url=path, headers={"Content-Type": "application/json"}, content=content)
    except KlingError as error:
        session.fails(brief(error))


def nobody_s_id() -> str:
    """Return an id that no subject can have.

    It holds 122 random bits of this moment, so that nobody can have been given it as a text. And it begins with a
    letter, so that it is a number to no reader: neither one that takes the digits at the beginning of a text nor one
    that rounds can find the subject of another id in it.
    """
    return f"nobody-{uuid4()}"
