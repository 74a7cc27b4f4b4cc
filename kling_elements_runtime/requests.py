"""Build the requests of a client as httpx would, add the token, and cache the parts that repeat."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import httpx

from kling_elements_runtime.attachments import StreamedBody
from kling_elements_runtime.contract import RequestContent
from kling_elements_runtime.deadline import step_seconds

_MAX_TEMPLATES = 64  # paths differ, for example those of look-ups
_PATH = re.compile("/(?!/)")
# A look-up must return the current state, not what a cache on the way has stored.
_FRESH: Final = {"Cache-Control": "no-cache"}


class RequestBuilder:
    """A builder of one client's requests."""

    def __init__(self, authorization: Callable[[], str]) -> None:
        """Create a builder with an empty cache.

        Args:
            authorization: Returns the value of the header `Authorization` for each request.
        """
        self._authorization = authorization
        self._templates: dict[tuple[str, str, tuple[tuple[str, str], ...]], httpx.Request] = {}

    def build(
        self,
        client: httpx.Client | httpx.AsyncClient,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: RequestContent | None,
    ) -> httpx.Request:
        """Return a request with the token.

        Raises:
            ValueError: The URL is not a path on the gateway, so the token must not be sent there.
        """
        if not _PATH.match(url):
            raise ValueError("the URL of a request must be a path on the gateway that begins with a single slash")
        template = self._template(client, method, url, tuple((headers or {}).items()))
        seconds = step_seconds() or template.extensions["timeout"]
        extensions = {**template.extensions, "timeout": dict(seconds)}  # hooks may change it
        make = partial(httpx.Request, method, template.url, extensions=extensions)
        if isinstance(content, StreamedBody):
            headers = template.headers.copy()
            headers["Content-Length"] = str(len(content))
            body = content if isinstance(client, httpx.Client) else content.asynchronous()
            request = make(headers=headers, content=body)
        elif content:
            # passed as `content`, it would make httpx process all the headers again, which the template already has
            request = make(headers=template.headers, stream=httpx.ByteStream(content))
            request.headers["Content-Length"] = str(len(content))
            request.read()  # for hooks that look at it
        else:
            request = make(headers=template.headers, content=content)
        request.headers["Authorization"] = self._authorization()
        return request

    def _template(
        self, client: httpx.Client | httpx.AsyncClient, method: str, url: str, headers: tuple[tuple[str, str], ...]
    ) -> httpx.Request:
        """Return a request without token and content, built by httpx from the settings of its client.

        Requests are cached, because building one takes httpx longer than sending it over loopback.
        """
        key = method, url, headers
        has_cookies = bool(client.cookies)  # responses may change them
        template = None if has_cookies else self._templates.get(key)
        if template is None:
            own = _FRESH if method.upper() == "GET" and "Cache-Control" not in client.headers else {}
            template = client.build_request(method, url, headers={**own, **dict(headers)})
            template.headers.pop("Content-Length", None)
            if len(self._templates) >= _MAX_TEMPLATES:
                self._templates.clear()
            # Check both, because another thread's response may have set a cookie just now.
            if not has_cookies and "Cookie" not in template.headers:
                self._templates[key] = template
        return template
