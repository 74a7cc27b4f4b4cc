"""Log each request with its response, if an environment variable or the program switches this on.

There are two loggers: the top one logs what calls do and wait for, and the one below it logs the requests.
"""

from __future__ import annotations

import logging
import os
import re
import time

import httpx
from attrs import frozen

from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import RequestContent
from kling_elements_runtime.document import at
from kling_elements_runtime.responses import REQUEST_ID, read_body, request_id_of, text_of
from kling_elements_runtime.texts import Redact, for_message, printable, text_for_log

_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_BODY_CHARACTERS = 1 << 14  # without media
_SECRET = "auth|cookie|key|password|secret|session|signature|token"  # noqa: S105 - parts of names
_SECRET_HEADER = re.compile(_SECRET, re.IGNORECASE)
_SECRET_PARAMETER = re.compile(rf"([?&][^=&]*(?:{_SECRET})[^=&]*=)[^&]*", re.IGNORECASE)
_is_set_up: dict[str, object] = {}


def set_up(log: logging.Logger, variable: str) -> None:
    """Log to stderr if an environment variable is `info` or `debug`.

    This happens once for each hierarchy of loggers. A handler or level that the program has set on one of the loggers
    takes precedence. Once the root logger has a handler, only that one is used, so that nothing is shown twice.

    Args:
        log: The logger of requests.
        variable: The name of the variable.
    """
    top = logging.getLogger(log.name.partition(".")[0])
    marker = object()
    if _is_set_up.setdefault(top.name, marker) is not marker:  # atomic, because two threads may create clients
        return
    value = os.environ.get(variable, "").strip()
    if not value:
        return
    level = _LEVELS.get(value.lower())
    if level is None:
        top.warning(
            "%s is %r, so nothing is logged: set it to 'info' or 'debug', or unset it", variable, for_message(value)
        )
    elif not any(logger.handlers or logger.level for logger in (top, log)):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        handler.addFilter(lambda _: not logging.getLogger().handlers)
        top.addHandler(handler)
        top.setLevel(level)


@frozen
class RequestLog:
    """The log of one client's requests: a line for each at INFO, with headers and bodies at DEBUG.

    No line contains the token, a cookie, media, or secret parts of a query.

    Attributes:
        log: The logger.
        base_url: The gateway's URL.
        redact: Removes the token from a string.
    """

    log: logging.Logger
    base_url: str
    redact: Redact

    def begin(self, url: str, request: httpx.Request, content: RequestContent | None) -> LogEntry | None:
        """Log a request that is about to be sent, at DEBUG, and return the entry that logs its outcome.

        If INFO is not enabled, return None at once, because most programs log no requests.

        Args:
            url: A path on the gateway, with the query.
            request: The request.
            content: Its body.
        """
        if not self.log.isEnabledFor(logging.INFO):
            return None
        public_url = _SECRET_PARAMETER.sub(r"\1***", self.redact(url))
        call = printable(f"{request.method} {self.base_url.rstrip('/')}{public_url}")
        if self.log.isEnabledFor(logging.DEBUG):
            body = content.outline() if isinstance(content, StreamedBody) else content or b""
            text = self.text_for_log(body.decode("utf-8", "replace"))
            self.log.debug("%s: sending headers %s; body %s", call, self.format_headers(request.headers), text)
        return LogEntry(self, call, time.perf_counter())

    def format_headers(self, headers: httpx.Headers) -> str:
        """Return headers as one string, with the values of secret ones hidden."""
        return ", ".join(
            f"{printable(self.redact(name))}: {'***' if _SECRET_HEADER.search(name) else self.text_for_log(value)}"
            for name, value in headers.multi_items()
        )

    def text_for_log(self, text: str) -> str:
        """Return a string without anything that a log must not show."""
        return text_for_log(text, self.redact, _MAX_BODY_CHARACTERS) or "(none)"


@frozen
class LogEntry:
    """The log entry of a request whose outcome is not known yet. As a block, it logs an error that ends the block.

    Attributes:
        log: The log of the client.
        call: The method and the URL, as the log shows them.
        start_seconds: The value of `time.perf_counter` when the request began.
    """

    log: RequestLog
    call: str
    start_seconds: float

    def finish(self, response: httpx.Response) -> None:
        """Log the response."""
        log = self.log.log
        log.info("%s: HTTP %d after %.0f ms", self.call, response.status_code, self._elapsed_ms())
        if log.isEnabledFor(logging.DEBUG):
            body, _ = read_body(response)
            request_id = request_id_of(response, at(body, REQUEST_ID), self.log.redact) or "(none)"
            headers, text = self.log.format_headers(response.headers), self.log.text_for_log(text_of(response))
            log.debug("%s: response with request id %s; headers %s; body %s", self.call, request_id, headers, text)

    def __enter__(self) -> None:
        """Enter the block that sends the request."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Log the reason why no response arrived, if there is one."""
        if error is None:
            return
        reason = self.log.text_for_log(f"{type(error).__name__}: {error}".removesuffix(": "))
        self.log.log.info("%s: no response after %.0f ms: %s", self.call, self._elapsed_ms(), reason)

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self.start_seconds) * 1000
