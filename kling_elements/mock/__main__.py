"""Run the mock server as a command: `python -m kling_elements.mock`."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from kling_elements_runtime.contract import Contract

_T = TypeVar("_T")

_DEFAULT_HOST = "127.0.0.1"
_DEFAULT_PORT = 8787
_MAX_PORT = 65535
_SECRET_VARIABLE = "KLING_WEBHOOK_SECRET"  # noqa: S105 - where the secret is, not the secret
_MODULE = "python -m kling_elements.mock"
_FAILED, _USAGE = 1, 2


class StartError(Exception):
    """The server cannot start. The message says why, and what to do.

    Attributes:
        exit_code: The exit code of `python -m kling_elements.mock`.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class OptionError(StartError):
    """An option is unknown or has an invalid value.

    Attributes:
        usage: All options, as argparse prints them.
    """

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message, _USAGE)
        self.usage = usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command until SIGINT or SIGTERM; return its exit code.

    Args:
        arguments: The arguments after the program's name; by default the process's own.
    """
    try:
        run(arguments, _MODULE)
    except OptionError as error:
        sys.stderr.write(f"{error.usage}{_MODULE}: error: {error}\n")
        return error.exit_code
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def run(arguments: Sequence[str] | None, program: str) -> None:
    """Run the server until SIGINT or SIGTERM.

    Args:
        arguments: The arguments after the program's name, or None for the process's own.
        program: The name of the program for its help.

    Raises:
        StartError: The server cannot start.
        SystemExit: The help was printed, or a signal came before the server had started.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit_quietly)
    options = _parse(arguments, program)
    try:
        from kling_elements.mock import server  # noqa: PLC0415 - --help needs no extra
    except ModuleNotFoundError as error:
        raise StartError(f"{error.name} is missing: install kling-elements[mock]", _USAGE) from None
    from kling_elements.mock.app import create_app  # noqa: PLC0415 - as above
    from kling_elements.mock.store import StateError  # noqa: PLC0415 - as above

    try:
        app = create_app(
            options.token,
            dialect=options.dialect,
            state=options.state,
            tick_seconds=options.tick,
            task_seconds=options.task_seconds,
            concurrency=options.concurrency,
            rate=options.rate,
            webhook_secret=options.webhook_secret,
            manual_clock=options.manual_clock,
            unique_external_ids=not options.allow_duplicates,
            callbacks=not options.no_callbacks,
            element_ids=options.element_ids,
            control=options.control,
            contract=options.gateway,
        )
    except StateError as error:
        raise StartError(str(error), _FAILED) from None
    except KeyError as error:
        raise StartError(f"the gateway's contract lacks {error}, which the server needs", _USAGE) from None
    except ValueError as error:  # such as an unknown kind of ids
        raise StartError(str(error), _USAGE) from None
    host, port = options.host, options.port
    with closing(app):
        try:
            listener = server.listen(host, port)
        except (OSError, UnicodeError) as error:
            # An invalid host name raises a UnicodeError. An OSError ends with the address, which we print anyway.
            reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
            raise StartError(f"cannot listen on {_url(host, port)}: {reason}", _FAILED) from None
        with listener:
            server.serve(listener, _url(host, listener.getsockname()[1]), app, as_json=options.json)


class _Parser(argparse.ArgumentParser):
    """A parser that raises its errors, so that each command reports them in its own form."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(message, self.format_usage())


def _parse(arguments: Sequence[str] | None, program: str) -> argparse.Namespace:
    parser = _Parser(
        prog=program,
        epilog=f"Example: {program} --port 8788 --tick 0",
        description="Run a server that answers as the contract describes, remembers what you create, and refuses "
        "requests that break the contract.",
    )
    add = parser.add_argument
    add("--port", type=_port, default=_DEFAULT_PORT, help="port to listen on, default %(default)s; 0 picks a free port")
    add("--host", default=_DEFAULT_HOST, help="address to listen on, default %(default)s")
    add("--token", type=_token, help="accept only this token; by default any token is accepted")
    add(
        "--gateway",
        metavar="NAME",
        type=_gateway,
        help="play this gateway, with its paths, operations, rules and ids: a name such as kling-singapore (an unknown "
        "name lists them all), or the file of an overlay, *.yaml or *.json",
    )
    add(
        "--dialect",
        metavar="NAME",
        help="how to answer if something doesn't exist, was used before or was deleted: live (default), like the real "
        "service; or documented, like its table of errors",
    )
    add(
        "--state",
        metavar="FILE",
        type=_file,
        help="keep tasks in this file; by default they are lost if the server stops",
    )
    times = parser.add_mutually_exclusive_group()
    times.add_argument(
        "--tick", metavar="SECONDS", type=_tick, default=1.0, help="seconds that each status lasts, default %(default)s"
    )
    times.add_argument(
        "--task-seconds",
        metavar="MIN-MAX",
        type=_task_seconds,
        help="use this instead of --tick to give each task a random duration, such as 0.5-3",
    )
    add("--manual-clock", action="store_true", help="stop the clock; it moves only if you POST to /_mock/clock")
    add("--concurrency", metavar="N", type=_limit, help="unfinished tasks that each token may have")
    add("--rate", metavar="N", type=_limit, help="creates per second that each token may send")
    add("--allow-duplicates", action="store_true", help="accept an external_task_id more than once")
    add("--no-callbacks", action="store_true", help="send no notifications, even if a request has a callback_url")
    add(
        "--element-ids",
        metavar="KIND",
        type=_element_ids,
        help="large: numbers above 2^53, which lose digits if you read them as floats, as JavaScript does; small: "
        "numbers that lose no digits; digits: such numbers as strings; text: strings such as elem_805498da-...; by "
        "default the gateway's kind, large for most",
    )
    add(
        "--control",
        metavar="HOST",
        type=_host,
        action="append",
        default=[],
        help="let another host use /_mock/ and receive notifications at private addresses: an address, a network such "
        "as 172.16.0.0/12, or a host name; use it once for each host",
    )
    add(
        "--webhook-secret",
        metavar="SECRET",
        type=_secret,
        default=os.environ.get(_SECRET_VARIABLE) or None,
        help=f"sign notifications with this secret; to hide it from process lists, set {_SECRET_VARIABLE} instead",
    )
    add("--json", action="store_true", help="when the server is ready, print its addresses as one line of JSON")
    options = parser.parse_args(arguments)
    if options.dialect is not None:
        _check_dialect(parser, options)
    return options


def _check_dialect(parser: _Parser, options: argparse.Namespace) -> None:
    """Raise an `OptionError` if the gateway has no such dialect."""
    from kling_elements.mock.dialects import check_dialect  # noqa: PLC0415 - --help needs no client
    from kling_elements_client.contract import CONTRACT  # noqa: PLC0415 - as above

    try:
        check_dialect(options.gateway or CONTRACT, options.dialect)
    except ValueError as error:
        parser.error(f"argument --dialect: {error}")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_MAX_PORT}")
    return port


def _token(text: str) -> str:
    from kling_elements_runtime.credentials import check_token  # noqa: PLC0415 - --help needs no client

    return _check(check_token, text)


def _file(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name of the file is empty")
    return text


def _gateway(text: str) -> Contract:
    from kling_elements.gateway_catalog import contract_of, gateway_in  # noqa: PLC0415 - --help needs no client
    from kling_elements.usable_contract import require_usable  # noqa: PLC0415 - as above

    try:
        return require_usable(contract_of(gateway_in(text), None))
    except ValueError as error:
        message = str(error).replace("a pathlib.Path to an overlay", "an overlay file (NAME.yaml or NAME.json)")
        raise argparse.ArgumentTypeError(message) from error


def _element_ids(text: str) -> str:
    from kling_elements.mock.ids import check_kind  # noqa: PLC0415 - --help needs no client

    return _check(check_kind, text)


def _host(text: str) -> str:
    from kling_elements.mock.callers import check_host  # noqa: PLC0415 - --help needs no client

    return _check(check_host, text)


def _task_seconds(text: str) -> Sequence[float]:
    from kling_elements.mock.options import check_task_seconds  # noqa: PLC0415 - --help needs no client

    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)-([0-9]+(?:\.[0-9]+)?)", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not MIN-MAX in seconds, such as 0.5-3")
    return _check(check_task_seconds, (float(match[1]), float(match[2])))


def _tick(text: str) -> float:
    from kling_elements.mock.options import check_tick  # noqa: PLC0415 - --help needs no client

    return _check(check_tick, float(text))


def _limit(text: str) -> int:
    from kling_elements.mock.options import check_limit  # noqa: PLC0415 - --help needs no client

    return _check(check_limit, int(text))


def _secret(text: str) -> str:
    from kling_elements.mock.options import check_secret  # noqa: PLC0415 - --help needs no client

    return _check(check_secret, text)


def _check(check: Callable[[_T], _T], value: _T) -> _T:
    try:
        return check(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _exit_quietly(*_: object) -> None:
    """Exit quietly if a signal arrives before the server has installed its own handlers."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
