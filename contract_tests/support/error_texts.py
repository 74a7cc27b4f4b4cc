"""The texts of an exception that a program may print, log, store or send."""

from __future__ import annotations

import pickle
import traceback

import httpx

from kling_elements_client import errors


def texts_of(error: BaseException) -> list[str]:
    """Return every text that an exception can show."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    requests = [link.request for link in links if isinstance(link, httpx.RequestError)]
    return [
        *(text for link in links for text in (str(link), repr(link), repr(vars(link)), repr(link.args))),
        *("".join(traceback.format_exception(link)) for link in links),
        *(f"{request.url} {request.headers.raw!r}" for request in requests),
        pickle.dumps(error).decode("latin-1"),
        repr([error.headers.raw, error.response] if isinstance(error, errors.ResponseError) else ""),
    ]
