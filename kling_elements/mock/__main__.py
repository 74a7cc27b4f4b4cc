"""`python -m kling_elements.mock`: the mock server as a command."""

from __future__ import annotations

import argparse
import signal
import sys

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 8787
_MAX_PORT = 65535
_FAILED, _NOT_INSTALLED = 1, 2


def main() -> int:
    """Run the command until SIGINT or SIGTERM; return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    arguments = _arguments()
    host, port = arguments.host, arguments.port
    try:
        from kling_elements.mock import server  # noqa: PLC0415 -- --help needs no extra
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is missing: install kling-elements[mock]", _NOT_INSTALLED)
    try:
        listener = server.listen(host, port)
    except (OSError, UnicodeError) as error:
        # A host name that cannot be one is a UnicodeError. An OSError's own text repeats the address after the reason.
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        return _fail(f"cannot listen on {_url(host, port)}: {reason}", _FAILED)
    with listener:
        server.serve(listener, _url(host, listener.getsockname()[1]), arguments.token)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m kling_elements.mock",
        description="A server that answers as the contract says and refuses what it refuses.",
    )
    parser.add_argument("--port", type=_port, default=_DEFAULT_PORT, help="default %(default)s; 0 picks a free one")
    parser.add_argument("--host", default=_DEFAULT_HOST, help="address to listen on, default %(default)s")
    parser.add_argument("--token", type=_token, help="the only token to take; by default any will do")
    return parser.parse_args()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{port} is not within 0 to {_MAX_PORT}")
    return port


def _token(text: str) -> str:
    from kling_elements_client.settings import usable_token  # noqa: PLC0415 -- --help needs no client

    try:
        return usable_token(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code


def _end(*_: object) -> None:
    """End quietly on a signal that comes before the server has its own handlers."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
