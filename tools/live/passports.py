"""Write the passport of the gateway: an overlay that says how it differs from the contract."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kling_elements.passport import PassportError, SurveyError, examine
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError
from tools.live.session import Session, describe_error

PLAN = "surveys the gateway with read-only calls, and writes its passport"


def write_passport(session: Session, path: Path, today: date, *, confirm: bool) -> None:
    """Write the passport to a new file, and print the findings.

    Args:
        session: The run, which prints and counts failures.
        path: The file, which must not exist.
        today: The date to note.
        confirm: Whether to also try to delete a nonexistent element.
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
    for sentence in passport.findings:
        session.say(f"  found: {sentence}")
    for sentence in passport.unknown:
        session.say(f"  unknown: {sentence}")
    session.say(f"wrote {path}; use it with --gateway")
