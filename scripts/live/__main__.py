"""Holds a real gateway to the contract: `make live`. It reads only, unless it is told to create."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from kling_elements import KlingElements
from kling_elements.clock import Clock
from kling_elements_client import contract
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL, TOKEN_VARIABLE
from kling_elements_client.models import ImageElementRequest
from scripts.live import creation, reads
from scripts.live.session import Session

_DEPARTS = 1
_NOT_RUN = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Those of the command line.
        clock: What tells the time and sleeps, for tests.

    Returns:
        The exit code: 0 if every answer conforms and nothing is left behind, 1 if not, 2 if nothing was sent.
    """
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument("--create", action="store_true", help="create one subject, and delete it")
    parser.add_argument("--image", default="", help="what to create it from: the path or the address of an image")
    parser.add_argument("--max-wait", type=float, metavar="SECONDS", help="how long to wait for the subject")
    options = parser.parse_args(arguments)
    session = Session(lambda line: print(line, flush=True))
    if not os.environ.get(TOKEN_VARIABLE):
        print(
            f"error: set {TOKEN_VARIABLE} to the gateway's API key, and {BASE_URL_VARIABLE} to its address "
            f"unless that is {DEFAULT_BASE_URL}",
            file=sys.stderr,
        )
        return _NOT_RUN
    try:
        kling = KlingElements(httpx_args=session.httpx_args(), clock=clock)
        request = _checked_request(options.image) if options.create else None
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return _NOT_RUN
    session.hide = kling.client.redact
    code = 0
    with kling:
        try:
            _run(kling, session, request, options.max_wait)
        except KeyboardInterrupt:
            session.say("interrupted")
            code = _INTERRUPTED
    session.say(
        f"{session.answers} answers, {session.departures} departures from the contract, {session.failures} failed calls"
    )
    for left in session.left:
        session.say(f"left behind: {left}")
    return code or (_DEPARTS if session.departures or session.failures or session.left else 0)


def _checked_request(image: str) -> ImageElementRequest:
    """The subject to create.

    Raises:
        ValueError: There is no image, or it breaks the contract.
    """
    if not image:
        raise ValueError("CREATE=1 needs IMAGE=..., the path of a JPEG or PNG file or the http(s) address of one")
    request = creation.request_for(image)
    for violation in contract.violations("createElement", request):
        raise ValueError(f"IMAGE cannot be used: {violation}")
    return request


def _run(kling: KlingElements, session: Session, request: ImageElementRequest | None, max_wait: float | None) -> None:
    session.say(f"{kling.client.base_url}: this reads {reads.PLAN}.")
    session.say("It creates nothing." if request is None else f"Then it {creation.PLAN}.")
    works = reads.read(kling, session)
    if request is None:
        return
    if works:
        creation.create_and_delete(kling, session, request, max_wait)
    else:
        session.fails("nothing is created, as it could not be found again")


if __name__ == "__main__":
    sys.exit(main())
