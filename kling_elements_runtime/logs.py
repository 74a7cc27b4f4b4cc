"""What a client logs: how an environment variable switches it on, and each request with its answer.

The loggers form one hierarchy: the one at the top says what calls do and wait for, the one below it has the requests.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

import httpx
from attrs import frozen

from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import Content
from kling_elements_runtime.responses import request_id_of, text_of
from kling_elements_runtime.texts import Redact, loggable, printable, shown

_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MAX_CHARACTERS = 1 << 14  # of a body in a log, once media are left out
_SECRET = "auth|cookie|key|password|secret|session|signature|token"  # noqa: S105 - parts of names
_SECRET_HEADER = re.compile(_SECRET, re.IGNORECASE)
_SECRET_PARAMETER = re.compile(rf"([?&][^=&]*(?:{_SECRET})[^=&]*=)[^&]*", re.IGNORECASE)
_is_set_up: dict[str, object] = {}

AnswerLog = Callable[[httpx.Response], None]
_SILENT: Final[AbstractContextManager[AnswerLog]] = nullcontext(lambda _: None)


def set_up(log: logging.Logger, variable: str) -> None:
    """Log to stderr if an environment variable asks for it: `info` or `debug`.

    This happens once for each hierarchy of loggers. A program that has given one of the loggers a handler or a level
    keeps what it chose. Once the root logger has a handler, only that one is used, so that nothing is shown twice.

    Args:
        log: The logger of requests.
        variable: The name of the variable.
    """
    top = logging.getLogger(log.name.partition(".")[0])
    mine = object()
    if _is_set_up.setdefault(top.name, mine) is not mine:  # one step, as two threads may make the first client
        return
    value = os.environ.get(variable, "").strip()
    if not value:
        return
    level = _LEVELS.get(value.lower())
    if level is None:
        top.warning("%s is %r, so nothing is logged: set it to 'info' or 'debug', or unset it", variable, shown(value))
    elif not any(logger.handlers or logger.level for logger in (top, log)):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        handler.addFilter(lambda _: not logging.getLogger().handlers)
        top.addHandler(handler)
        top.setLevel(level)


@frozen
class RequestLog:
    """Logs the requests of one client: INFO has a line for each, DEBUG its headers and bodies too.

    No line has the token, a cookie, media, or what may be secret in a query.

    Attributes:
        log: The logger.
        base_url: The gateway's address.
        redact: Takes the token out of a text.
    """

    log: logging.Logger
    base_url: str
    redact: Redact

    def around(self, url: str, request: httpx.Request, content: Content | None) -> AbstractContextManager[AnswerLog]:
        """Return a block that sends a request, and calls what the block yields with the answer.

        Args:
            url: A path at the gateway, with the query.
            request: The request.
            content: Its body.
        """
        if not self.log.isEnabledFor(logging.INFO):
            return _SILENT
        shown_url = _SECRET_PARAMETER.sub(r"\1***", self.redact(url))
        call = printable(f"{request.method} {self.base_url.rstrip('/')}{shown_url}")
        if self.log.isEnabledFor(logging.DEBUG):
            body = content.outline() if isinstance(content, StreamedBody) else content or b""
            text = self._loggable(body.decode("utf-8", "replace"))
            self.log.debug("%s: sending headers %s; body %s", call, self._headers(request.headers), text)
        return self._timed(call)

    @contextmanager
    def _timed(self, call: str) -> Iterator[AnswerLog]:
        began = time.perf_counter()

        def passed_ms() -> float:
            return (time.perf_counter() - began) * 1000

        def log_answer(response: httpx.Response) -> None:
            self.log.info("%s: HTTP %d after %.0f ms", call, response.status_code, passed_ms())
            if self.log.isEnabledFor(logging.DEBUG):
                request_id = self._loggable(request_id_of(response) or "")
                headers, body = self._headers(response.headers), self._loggable(text_of(response))
                self.log.debug("%s: answer with request id %s; headers %s; body %s", call, request_id, headers, body)

        try:
            yield log_answer
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            self.log.info("%s: no answer after %.0f ms: %s", call, passed_ms(), self._loggable(reason))
            raise

    def _headers(self, headers: httpx.Headers) -> str:
        return ", ".join(
            f"{printable(self.redact(name))}: {'***' if _SECRET_HEADER.search(name) else self._loggable(value)}"
            for name, value in headers.multi_items()
        )

    def _loggable(self, text: str) -> str:
        return loggable(text, self.redact, _MAX_CHARACTERS) or "(none)"
