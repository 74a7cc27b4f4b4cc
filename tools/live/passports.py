"""Write the passport of the gateway: an overlay that says how it differs from the contract."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kling_elements.passport import PassportError, SurveyError, examine
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from tools.live.session import Session, describe_error

PLAN = "asks the gateway by reading calls what differs from the contract, and writes this as its passport"


def write_passport(session: Session, path: Path, today: date, *, confirm: bool) -> None:
    """Write the passport to a new file, and print what was found out.

    Args:
        session: The run, which prints and counts failures.
        path: The file, which must not exist.
        today: The date to note.
        confirm: Whether to ask also for the deletion of an element that cannot exist.
    """
    session.say("the passport")
    with AuthenticatedClient() as client:  # not the session's, because the contract lacks most of these paths
        try:
            passport = examine(client, today, confirm=confirm)
            passport.write(path)
        except TransportError as error:
            session.note_failure(describe_error(error))
            return
        except (SurveyError, PassportError) as error:
            session.note_failure(str(error))
            return
    for sentence in passport.found:
        session.say(f"  found: {sentence}")
    for sentence in passport.unknown:
        session.say(f"  not found out: {sentence}")
    session.say(f"wrote {path}; use it with --gateway")
