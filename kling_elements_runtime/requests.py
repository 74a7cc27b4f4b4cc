"""Make requests as httpx would from its client's settings, with the token, and keep what recurs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import httpx

from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import Content
from kling_elements_runtime.deadline import step_seconds

_MAX_BLANKS = 64  # requests that differ by path, as look-ups of different things do
_PATH = re.compile("/(?!/)")
# A look-up has to show what is there now, and not what a cache on the way remembers.
_FRESH: Final = {"Cache-Control": "no-cache"}


class Requests:
    """The requests of one client."""

    def __init__(self, authorization: Callable[[], str]) -> None:
        """Begin with nothing kept.

        Args:
            authorization: Returns the value of the header `Authorization` for each request.
        """
        self._authorization = authorization
        self._blanks: dict[tuple[str, str, tuple[tuple[str, str], ...]], httpx.Request] = {}

    def make(
        self,
        client: httpx.Client | httpx.AsyncClient,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: Content | None,
    ) -> httpx.Request:
        """Return a request with the token.

        Raises:
            ValueError: The URL leads elsewhere, where the token must not go.
        """
        if not _PATH.match(url):
            raise ValueError("the URL of a request must be a path at the gateway, beginning with one slash")
        blank = self._blank(client, method, url, tuple((headers or {}).items()))
        seconds = step_seconds() or blank.extensions["timeout"]
        extensions = {**blank.extensions, "timeout": dict(seconds)}  # a hook may change its own
        make = partial(httpx.Request, method, blank.url, extensions=extensions)
        if isinstance(content, StreamedBody):
            headers = blank.headers.copy()
            headers["Content-Length"] = str(len(content))
            body = content if isinstance(client, httpx.Client) else content.asynchronous()
            request = make(headers=headers, content=body)
        elif content:
            # given as `content`, it would have httpx go through all the headers again, which the blank request has
            request = make(headers=blank.headers, stream=httpx.ByteStream(content))
            request.headers["Content-Length"] = str(len(content))
            request.read()  # for hooks that look at it
        else:
            request = make(headers=blank.headers, content=content)
        request.headers["Authorization"] = self._authorization()
        return request

    def _blank(
        self, client: httpx.Client | httpx.AsyncClient, method: str, url: str, headers: tuple[tuple[str, str], ...]
    ) -> httpx.Request:
        """Return a request as httpx makes it from its client's settings, without token and content.

        It is kept, as httpx takes longer to make a request than to send it in memory.
        """
        key = method, url, headers
        has_cookies = bool(client.cookies)  # set by the gateway; they change
        blank = None if has_cookies else self._blanks.get(key)
        if blank is None:
            own = _FRESH if method.upper() == "GET" and "Cache-Control" not in client.headers else {}
            blank = client.build_request(method, url, headers={**own, **dict(headers)})
            blank.headers.pop("Content-Length", None)
            if len(self._blanks) >= _MAX_BLANKS:
                self._blanks.clear()
            if not has_cookies and "Cookie" not in blank.headers:  # another thread's answer may have set one just now
                self._blanks[key] = blank
        return blank
