"""`kling-elements doctor`: find problems with the setup."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import chain

from kling_elements.cli import findings
from kling_elements.cli.exits import Exit
from kling_elements.cli.findings import SetupFinding
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output, json_line, write_line
from kling_elements.cli.terminal import colour_text

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def command(*, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()) -> int:
    """Find problems with your setup, and how to fix them.

    The command checks the key, the address, the proxies and the certificates. Then it lists one task, which is free,
    to check that the gateway answers and accepts the key, and that the clocks agree. It never shows the key.

    The exit code is 0 if there are no problems, and otherwise the code of the first problem.
    """
    all_findings = []
    for finding in chain(_findings(gateway), [findings.check_versions()]):
        all_findings.append(finding)
        if not output.json:
            state = colour_text(f"{finding.state:<8}", _COLOURS[finding.state], sys.stdout)
            write_line(sys.stdout, f"{state} {finding.line}")
    problems = [finding.exit for finding in all_findings if finding.state == "problem"]
    if output.json:
        report = {"ok": not problems, "findings": [finding.to_json() for finding in all_findings]}
        write_line(sys.stdout, json_line(report))
    return problems[0] if problems else Exit.DONE


def _findings(gateway: GatewayOptions) -> Iterator[SetupFinding]:
    """Yield the findings. A check is left out if it depends on one that found a problem."""
    key_finding, key = findings.check_key(gateway, os.environ)
    yield key_finding
    address_finding, url = findings.check_address(gateway, os.environ)
    yield address_finding
    if url is None:
        return
    connection_findings = [findings.check_proxy(url), findings.check_certificates(url)]
    yield from connection_findings
    if any(finding.state == "problem" for finding in connection_findings):
        return
    from kling_elements.cli.reachability import check_gateway  # noqa: PLC0415 -- what comes before needs no client

    yield from check_gateway(str(url), key, allow_http=gateway.allow_http)
