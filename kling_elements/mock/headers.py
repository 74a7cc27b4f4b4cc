"""What the headers of a request say of its sender and of its body."""

from __future__ import annotations

import re
from collections.abc import Collection

from kling_elements.mock.answers import CHALLENGE, Problem, RefusedError
from kling_elements.mock.asgi import Fields, header

_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)  # what the client can send, more than RFC 6750 has
_FORM = "Authorization: Bearer <token>"


def bearer_token(headers: Fields, accepted: str | None) -> str:
    """Return the token that came with a request: the accepted one or, if that is None, any well-formed one.

    Raises:
        RefusedError: There is none, none that can be read, or another one.
    """
    credentials = header(headers, b"authorization") or ""
    if credentials.lower() in ("", "bearer"):
        raise RefusedError(Problem.MISSING_TOKEN, f"no token was sent; send the header {_FORM}", CHALLENGE)
    found = _BEARER.fullmatch(credentials)
    if found is None:
        raise RefusedError(Problem.INVALID_TOKEN, f"the Authorization header does not read {_FORM}", CHALLENGE)
    if accepted not in (None, found[1]):
        raise RefusedError(Problem.INVALID_TOKEN, "the token is not the one that this server takes", CHALLENGE)
    return found[1]


def media_type(headers: Fields, accepted: Collection[str]) -> str:
    """Return the media type of the body, one of the accepted ones, in lower case and without its parameters.

    Raises:
        RefusedError: It is missing or another one, or its character set is not UTF-8.
    """
    name, *parameters = (header(headers, b"content-type") or "").lower().split(";")
    charsets = [value for key, _, value in (text.strip().partition("=") for text in parameters) if key == "charset"]
    if name.strip() not in accepted or any(charset.strip('"') != "utf-8" for charset in charsets):
        wanted = f"the body must be {' or '.join(accepted)} in UTF-8; say so in the header Content-Type"
        raise RefusedError(Problem.UNSUPPORTED_MEDIA_TYPE, wanted)
    return name.strip()
