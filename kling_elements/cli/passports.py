"""Write the passport of a gateway: an overlay that says how it differs from the contract."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.findings import SetupFinding, ok, problem
from kling_elements.cli.keys import Key
from kling_elements.cli.network_advice import advice_for
from kling_elements.cli.output import Output
from kling_elements.cli.reachability import TIMEOUT
from kling_elements.passport import PassportError, SurveyError, check_new, examine
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import TransportError


def check_file(path: Path) -> None:
    """Check that a passport can be written to a file, before any call.

    Raises:
        CommandError: The passport cannot be written.
    """
    try:
        check_new(path)
    except PassportError as error:
        raise CommandError(str(error), Exit.USAGE) from None


def write_passport(  # noqa: PLR0913 - all but two go by name
    url: str, key: Key, *, path: Path, output: Output, confirm: bool, allow_http: bool
) -> Iterator[SetupFinding]:
    """Survey a gateway, write its passport, and yield the findings. The details go to stderr.

    Args:
        url: The gateway's URL.
        key: The API key.
        path: The file to write, which must not exist.
        output: The output for the details.
        confirm: Whether to also call the deletion of an element that cannot exist.
        allow_http: Whether to call a gateway on another machine without TLS.
    """
    with AuthenticatedClient(key.reveal, url, allow_http=allow_http, timeout=TIMEOUT) as client:
        try:
            passport = examine(client, datetime.now(UTC).date(), confirm=confirm)
            passport.write(path)
        except TransportError as error:
            yield problem("gateway", str(error), advice_for(error), Exit.NOT_REACHED)
            return
        except SurveyError as error:
            yield problem("passport", str(error), "", Exit.REFUSED_BY_GATEWAY)
            return
        except PassportError as error:
            yield problem("passport", str(error), "")
            return
    for sentence in passport.findings:
        output.note(f"found: {sentence}")
    for sentence in passport.unknown:
        output.note(f"unknown: {sentence}")
    output.note(f"next: {shlex.join(['kling-elements', 'doctor', '--gateway', str(path)])}")
    yield ok("passport", f"written to {path}")
