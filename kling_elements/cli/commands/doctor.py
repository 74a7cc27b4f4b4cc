"""`kling-elements doctor`: find out what would fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from kling_elements.cli import findings
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.findings import Finding
from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output, dumped, write_line
from kling_elements.cli.terminal import coloured

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def command(
    *, passport: Path | None = None, confirm: bool = False, gateway: Gateway = Gateway(), output: Output = Output()
) -> int:
    """Find out what would fail, and what to do.

    It looks at the key, the address, the proxies and certificates of the environment. Then it lists one
    task, which costs nothing, to see whether the gateway answers, accepts the key, and has the same time. The key is
    not shown.

    The exit code is 0 if nothing would fail, or else that of the first problem.

    Args:
        passport: Find out instead what an unknown gateway speaks, by calls that create nothing and cost nothing, and
            write it to this new file. Use the file with `--gateway`.
        confirm: For the passport, ask also to delete an element that cannot exist, to find the path of deletions.
    """
    write = None
    if passport is not None:
        from kling_elements.cli import passports  # noqa: PLC0415 -- only this option needs it

        passports.check_file(passport)
        write = partial(passports.on_passport, path=passport, output=output, confirm=confirm)
    elif confirm:
        raise CommandError("--confirm belongs to --passport FILE, which is missing", Exit.USAGE)
    all_findings = []
    for finding in chain(_findings(gateway, write), [findings.on_versions()]):
        all_findings.append(finding)
        if not output.json:
            state = coloured(f"{finding.state:<8}", _COLOURS[finding.state], sys.stdout)
            write_line(sys.stdout, f"{state} {finding.line}")
    problems = [finding.exit for finding in all_findings if finding.state == "problem"]
    if output.json:
        report = {"ok": not problems, "findings": [finding.to_json() for finding in all_findings]}
        write_line(sys.stdout, dumped(report))
    return problems[0] if problems else Exit.DONE


def _findings(gateway: Gateway, write: Callable[..., Iterator[Finding]] | None) -> Iterator[Finding]:
    """Yield what is found out. What needs something that has a problem is left out.

    Args:
        gateway: The gateway.
        write: Writes its passport, in place of the usual call; None if none is wanted.
    """
    about_key, key = findings.on_key(gateway, os.environ)
    yield about_key
    about_contract, contract = findings.on_contract(gateway, os.environ)
    yield about_contract
    if contract is None:
        return
    about_address, url = findings.on_address(gateway, os.environ, contract)
    yield about_address
    if url is None:
        return
    about_way = [findings.on_proxy(url), findings.on_certificates(url)]
    yield from about_way
    if any(finding.state == "problem" for finding in about_way):
        return
    if write is None:
        from kling_elements.cli.reachability import on_call  # noqa: PLC0415 -- what comes before needs no client

        yield from on_call(str(url), key, contract, allow_http=gateway.allow_http)
    elif key is not None:
        yield from write(str(url), key, allow_http=gateway.allow_http)
