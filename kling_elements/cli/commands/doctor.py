"""`kling-elements doctor`: find problems with the setup."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from kling_elements.cli import findings
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.findings import SetupFinding
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output, json_line, write_line
from kling_elements.cli.terminal import colour_text

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def command(
    *,
    passport: Path | None = None,
    confirm: bool = False,
    gateway: GatewayOptions = GatewayOptions(),
    output: Output = Output(),
) -> int:
    """Find problems with your setup, and how to fix them.

    The command checks the key, the gateway's URL, the proxies and the certificates. Then it lists one task, which is
    free, to check that the gateway answers and accepts the key, and that the clocks agree. It never shows the key.

    The exit code is 0 if there are no problems, and otherwise the code of the first problem.

    Args:
        passport: Instead of the usual check, survey an unknown gateway with free, read-only calls, and write an overlay
            to this new file. Use the file with `--gateway`.
        confirm: With --passport, also try to delete a nonexistent element, to find the delete path.
    """
    write = None
    if passport is not None:
        from kling_elements.cli import passports  # noqa: PLC0415 - only this option needs it

        passports.check_file(passport)
        write = partial(passports.write_passport, path=passport, output=output, confirm=confirm)
    elif confirm:
        raise CommandError("--confirm only works with --passport FILE", Exit.USAGE)
    all_findings = []
    for finding in chain(_findings(gateway, write), [findings.check_versions()]):
        all_findings.append(finding)
        if not output.json:
            state = colour_text(f"{finding.state:<8}", _COLOURS[finding.state], sys.stdout)
            write_line(sys.stdout, f"{state} {finding.line}")
    problems = [finding.exit for finding in all_findings if finding.state == "problem"]
    if output.json:
        report = {"ok": not problems, "findings": [finding.to_json() for finding in all_findings]}
        write_line(sys.stdout, json_line(report))
    return problems[0] if problems else Exit.DONE


def _findings(gateway: GatewayOptions, write: Callable[..., Iterator[SetupFinding]] | None) -> Iterator[SetupFinding]:
    """Yield the findings. A check is left out if it depends on one that found a problem.

    Args:
        gateway: The gateway.
        write: A function that writes the gateway's passport in place of the usual call, or None.
    """
    key_finding, key = findings.check_key(gateway, os.environ)
    yield key_finding
    contract_finding, contract = findings.check_contract(gateway, os.environ)
    yield contract_finding
    if contract is None:
        return
    address_finding, url = findings.check_address(gateway, os.environ, contract)
    yield address_finding
    if url is None:
        return
    connection_findings = [findings.check_proxy(url), findings.check_certificates(url)]
    yield from connection_findings
    if any(finding.state == "problem" for finding in connection_findings):
        return
    if write is None:
        from kling_elements.cli.reachability import check_gateway  # noqa: PLC0415 - what comes before needs no client

        yield from check_gateway(str(url), key, contract, allow_http=gateway.allow_http)
    elif key is not None:
        yield from write(str(url), key, allow_http=gateway.allow_http)
