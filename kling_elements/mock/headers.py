"""Read the token and the media type from the headers of a request."""

from __future__ import annotations

import re
from collections.abc import Collection

from kling_elements.mock.asgi import Fields, header
from kling_elements.mock.refusals import CHALLENGE, Problem, RefusedError

_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)  # all that the client can send: more than RFC 6750 allows
_FORM = "Authorization: Bearer <token>"


def bearer_token(headers: Fields, accepted_token: str | None) -> str:
    """Return the token of a request: the accepted one or, if `accepted_token` is None, any well-formed one.

    Raises:
        RefusedError: The token is missing, malformed or not the accepted one.
    """
    credentials = header(headers, b"authorization") or ""
    if credentials.lower() in ("", "bearer"):
        raise RefusedError(Problem.MISSING_TOKEN, f"no token was sent; send the header {_FORM}", CHALLENGE)
    match = _BEARER.fullmatch(credentials)
    if match is None:
        raise RefusedError(Problem.INVALID_TOKEN, f"the Authorization header must have the form {_FORM}", CHALLENGE)
    if accepted_token not in (None, match[1]):
        raise RefusedError(
            Problem.INVALID_TOKEN,
            "this server accepts another token; send the token that it was started with",
            CHALLENGE,
        )
    return match[1]


def media_type(headers: Fields, accepted_types: Collection[str]) -> str:
    """Return the media type of the body, one of the accepted ones, in lower case and without parameters.

    Raises:
        RefusedError: The media type is missing or not accepted, or its character set is not UTF-8.
    """
    name, *parameters = (header(headers, b"content-type") or "").lower().split(";")
    charsets = [value for key, _, value in (text.strip().partition("=") for text in parameters) if key == "charset"]
    if name.strip() not in accepted_types or any(charset.strip('"') != "utf-8" for charset in charsets):
        message = f"the body must be {' or '.join(accepted_types)} in UTF-8; set the Content-Type header accordingly"
        raise RefusedError(Problem.UNSUPPORTED_MEDIA_TYPE, message)
    return name.strip()
