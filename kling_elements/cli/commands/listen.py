"""`kling-elements listen`: receive notifications on this machine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from kling_elements.cli import webhook_secrets
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.output import Output
from kling_elements.cli.webhook_secrets import SecretFile

if TYPE_CHECKING:
    import httpx

_DEFAULT_PORT = 8788  # the one after the mock server's
_LAST_PORT = 65535


def command(
    *,
    forward: str | None = None,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=_LAST_PORT))] = _DEFAULT_PORT,
    host: str = "127.0.0.1",
    secret_file: SecretFile = None,
    no_verify: bool = False,
    output: Output = Output(),
) -> None:
    """Receive, verify and print notifications until you press Ctrl+C.

    Args:
        forward: Forward each notification to this URL, with its body and its webhook headers unchanged. The
            sender gets the status of the response.
        port: The port to listen on; 0 picks a free port.
        host: The address to listen on.
        no_verify: Accept notifications without a signature. Anybody can forge them.
    """
    if no_verify and secret_file is not None:
        raise CommandError("--no-verify and --secret-file contradict each other: leave one out", Exit.USAGE)
    secrets = (
        None if no_verify else webhook_secrets.find(secret_file, ", or pass --no-verify to accept every notification")
    )
    target = None if forward is None else _forward_url(forward)
    from kling_elements.cli.receiver import NotificationReceiver  # noqa: PLC0415 - it takes long to load, and --help needs none
    from kling_elements.mock import server  # noqa: PLC0415 - as above

    receiver = NotificationReceiver(secrets, target, output, lambda: setattr(running, "should_exit", True))
    running = server.Background(receiver)
    try:
        listener = server.listen(host, port)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise CommandError(f"cannot listen on {host}, port {port}: {reason}", Exit.USAGE) from error
    shown_host = f"[{host}]" if ":" in host else host
    with listener, suppress(KeyboardInterrupt):
        output.note(f"Listening on http://{shown_host}:{listener.getsockname()[1]} (Ctrl+C stops it).")
        output.note("Pass this URL as --callback to the mock server. The service can't reach it.")
        running.run(sockets=[listener])
    if receiver.failure is not None:
        raise receiver.failure


def _forward_url(text: str) -> httpx.URL:
    """Return the URL to forward notifications to.

    Raises:
        CommandError: The URL is not an http or https URL.
    """
    import httpx  # noqa: PLC0415 - it takes long to load, and --help needs none

    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise CommandError("--forward must be an http or https URL, such as http://127.0.0.1:8000/", Exit.USAGE)
    return url
