"""Check a real gateway's responses against the contract: `make live`. It only reads, unless you ask for more."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from contract_tests.reading.live_responses import ResponseTableError, load
from kling_elements import KlingElements
from kling_elements.clock import Clock
from kling_elements.passport import PassportError, check_new
from kling_elements_client import contract
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL, TOKEN_VARIABLE
from kling_elements_client.models import ImageElementRequest
from scripts.spec import ROOT
from tools.live import creation, deletions, passports, read_requests
from tools.live.page import render_page
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import Session

_NEWS = 1
_NOT_RUN = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, clock: Clock | None = None, folder: Path = ROOT / "build") -> int:
    """Run the command.

    Args:
        arguments: The arguments of the command line.
        clock: The clock, which tests replace.
        folder: The folder to write the file and the page to.

    Returns:
        The exit code: 0 if every response is known and nothing is left behind, 1 otherwise, 2 if nothing was sent.
    """
    options = _options(arguments)
    session = Session(lambda line: print(line, flush=True))
    if not os.environ.get(TOKEN_VARIABLE):
        return _report_unusable(
            f"set {TOKEN_VARIABLE} to the gateway's API key, and {BASE_URL_VARIABLE} to its URL "
            f"unless that is {DEFAULT_BASE_URL}"
        )
    clock = clock or Clock()
    try:
        kling = KlingElements(http_client=session.http_client(), clock=clock)
        request = _checked_request(options.image) if options.create else None
        baseline = load(options.baseline) if options.baseline else None
        if options.passport:
            check_new(options.passport)
    except (ResponseTableError, PassportError, ValueError) as error:
        return _report_unusable(str(error))
    session.redact_token = kling.client.redact
    code = 0
    with kling:
        try:
            _run(kling, session, options, request)
            if options.passport:
                passports.write_passport(session, options.passport, clock.now().date(), confirm=options.confirm)
        except KeyboardInterrupt:
            session.say("interrupted")
            code = _INTERRUPTED
    host = httpx.URL(kling.client.base_url).host
    report = Report(session.responses, Redactor(session.redact_token, host), clock.now().date().isoformat(), baseline)
    is_all_known = _report(session, report, folder)
    return code or (0 if is_all_known and not session.leftovers else _NEWS)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument("--confirm", action="store_true", help="ask to delete an element that cannot exist")
    parser.add_argument("--create", action="store_true", help="create one element and delete it")
    parser.add_argument("--image", default="", help="the path or the URL of the image to create it from")
    parser.add_argument("--max-wait", type=float, metavar="SECONDS", help="how long to wait for the element")
    parser.add_argument("--passport", type=Path, metavar="FILE", help="the new file for the gateway's passport")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="the file of an earlier run to compare with")
    return parser.parse_args(arguments)


def _report_unusable(reason: str) -> int:
    print(f"error: {reason}", file=sys.stderr)
    return _NOT_RUN


def _checked_request(image: str) -> ImageElementRequest:
    """Return the request for the element to create.

    Raises:
        ValueError: There is no image, or it breaks the contract.
    """
    if not image:
        raise ValueError("CREATE=1 needs IMAGE=..., the path or the http(s) URL of a JPEG or PNG file")
    request = creation.request_for(image)
    for violation in contract.violations("createElement", request):
        raise ValueError(f"IMAGE cannot be used: {violation}")
    return request


def _run(
    kling: KlingElements, session: Session, options: argparse.Namespace, request: ImageElementRequest | None
) -> None:
    session.say(f"{kling.client.base_url}: this reads {read_requests.PLAN}.")
    if options.confirm:
        session.say(f"Then it {deletions.PLAN}.")
    if options.passport:
        session.say(f"Then it {passports.PLAN}.")
    session.say("It creates nothing." if request is None else f"Then it {creation.PLAN}.")
    works = read_requests.send_reads(kling, session)
    if options.confirm:
        deletions.delete_nonexistent(kling, session)
    if request is None:
        return
    if works:
        creation.create_and_delete(kling, session, request, options.max_wait)
    else:
        session.note_failure("no element is created, because look-ups would not find it again")


def _report(session: Session, report: Report, folder: Path) -> bool:
    """Print and write the report, and return whether every response is known."""
    session.say(f"dialect: {report.dialect}")
    for text in report.news:
        session.say(f"new: {text}")
    for difference in report.differences:
        session.say(f"since the baseline, {difference.kind}: {difference.text}")
    if report.has_baseline and not report.differences:
        session.say("since the baseline, nothing has changed")
    written = report.write(folder, render_page(report, session.failures))
    session.say(f"wrote {' and '.join(map(str, written))}; read them before you share them")
    session.say(
        f"{len(session.responses)} responses, {session.departures} departures from the contract, "
        f"{session.failures} failed calls, {len(report.news)} new"
    )
    for leftover in session.leftovers:
        session.say(f"left behind: {leftover}")
    return not (session.failures or report.news or any(difference.matters for difference in report.differences))


if __name__ == "__main__":
    sys.exit(main())
