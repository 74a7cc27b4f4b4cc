"""`kling-elements webhook`: verify a stored notification."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from kling_elements import strict_json, webhooks
from kling_elements.cli import webhook_secrets
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.formatting import task_json, task_lines
from kling_elements.cli.output import Output
from kling_elements.cli.webhook_secrets import SecretFile
from kling_elements.webhooks import WebhookError
from kling_elements_client.models import Task

_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_MAX_AGE = 10**10  # seconds, longer than any notification can have been stored
_REQUEST_LINE = re.compile(r"[A-Z]+ \S+ HTTP/[0-9.]+")

command = App(
    name="webhook",
    group_commands="Commands",
    help_epilogue="Example: `kling-elements webhook verify body.json --headers headers.txt`",
)


@command.command(help_epilogue="Example: `kling-elements webhook verify body.json --headers headers.txt`")
def verify(
    body: Path,
    /,
    *,
    headers: Path,
    secret_file: SecretFile = None,
    max_age: Annotated[int | None, Parameter(validator=Number(gte=0, lte=_MAX_AGE))] = None,
    output: Output = Output(),
) -> None:
    """Verify the signature of a stored notification, and show its task.

    Args:
        body: A file with the body, exactly as received.
        headers: A file with the headers: lines of `Name: value`, or a JSON object.
        max_age: Refuse notifications older than this many seconds. Receivers use 300. By default any age is accepted,
            because the notification was stored.
    """
    secrets = webhook_secrets.find(secret_file)
    named = _headers(headers)
    raw = _read(body)
    tolerance = timedelta.max if max_age is None else timedelta(seconds=max_age)
    task = _verify_task(raw, named, secrets, tolerance, body)
    output.note("The signature is valid.")
    output.result(task_json(task), "\n".join(task_lines(task)))


def _verify_task(raw: bytes, headers: dict[str, str], secrets: list[str], tolerance: timedelta, source: Path) -> Task:
    """Verify a notification, and return its task.

    Raises:
        CommandError: No secret matches the signature, or the notification is too old or contains no task.
    """
    try:
        return webhooks.parse(raw, headers, secrets=secrets, tolerance=tolerance)
    except WebhookError as error:
        message = f"{source}: {error}"
    stripped = raw.rstrip(b"\r\n")
    if stripped != raw and _is_signed(stripped, headers, secrets, tolerance):
        message = f"{source}: ends with a line break that was not signed: store the body's bytes unchanged"
    raise CommandError(message, Exit.REFUSED_HERE)


def _is_signed(raw: bytes, headers: dict[str, str], secrets: list[str], tolerance: timedelta) -> bool:
    try:
        webhooks.parse(raw, headers, secrets=secrets, tolerance=tolerance)
    except WebhookError:
        return False
    return True


def _headers(path: Path) -> dict[str, str]:
    """Read the headers from a file.

    Raises:
        CommandError: The file cannot be read, or is not a list of headers.
    """
    raw = _read(path)
    if raw.lstrip().startswith(b"{"):
        return _headers_from_json(path, raw)
    headers: dict[str, str] = {}
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip() or (number == 1 and _REQUEST_LINE.fullmatch(line)):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise CommandError(f"{path}: line {number} is not a header: write Name: value", Exit.REFUSED_HERE)
        name = match[1].lower()
        headers[name] = f"{headers[name]}, {match[2]}" if name in headers else match[2]
    return headers


def _headers_from_json(path: Path, raw: bytes) -> dict[str, str]:
    try:
        value = strict_json.loads(raw)
    except strict_json.StrictJsonError as error:
        raise CommandError(f"{path}: is not valid JSON: {error}", Exit.REFUSED_HERE) from error
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise CommandError(f"{path}: must be a JSON object whose values are strings", Exit.REFUSED_HERE)
    return value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}", Exit.USAGE) from error
