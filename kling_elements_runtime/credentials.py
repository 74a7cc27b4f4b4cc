"""Send a client's token with each request, and remove it from every string that a person or a log may see."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from attrs import field, frozen

from kling_elements_runtime.errors import TransportError
from kling_elements_runtime.texts import Redact, redactor

Token: TypeAlias = str | Callable[[], str]

_TOKEN = re.compile(r"[!-~]+")  # visible ASCII: anything else could not be sent in a header
_MAX_REMEMBERED_TOKENS = 8  # previous tokens are still removed from strings


class HiddenToken:
    """A token, or a function that returns one, in an object whose repr does not show the token.

    No variable holds the token itself, because pytest and error trackers show errors with the variables of each frame.
    """

    __slots__ = ("reveal",)

    def __init__(self, token: Token) -> None:
        self.reveal: Callable[[], Token] = lambda: token

    def __repr__(self) -> str:
        return "***"


@frozen
class Credentials:
    """The functions that use a client's token. Only closures hold the token, so no repr, `vars` or pickle shows it.

    Attributes:
        authorization: Returns the value of the header `Authorization`.
        redact: Removes every used token from a string.
    """

    authorization: Callable[[], str] = field(repr=False)
    redact: Redact = field(repr=False)


def credentials(hidden: HiddenToken, variable: str) -> Credentials:
    """Return the functions that use a token.

    Args:
        hidden: The token, without `Bearer`; or a function that returns the token, to be called before each request.
        variable: The environment variable that a token may come from, for the error.

    Raises:
        TypeError: The token is neither a str nor a function.
        ValueError: The token is empty or cannot be sent.
    """
    used: deque[str] = deque(maxlen=_MAX_REMEMBERED_TOKENS)
    hide: list[Redact] = [redactor([])]

    def use(token: str) -> str:
        if token not in used:
            used.append(token)
            hide[0] = redactor(used)
        return f"Bearer {token}"

    def current() -> str:
        token = hidden.reveal()
        return use(token) if isinstance(token, str) else use(_call_for_token(token))

    if not callable(hidden.reveal()):
        if problem := token_problem(hidden.reveal(), variable):
            raise problem
        current()
    return Credentials(current, lambda text: hide[0](text))  # noqa: PLW0108 - each new token replaces hide[0]


def _call_for_token(token_function: Callable[[], str]) -> str:
    """Call a function, and return the token that it returns.

    Raises:
        TransportError: The function failed, or its token cannot be sent; nothing was sent.
    """
    try:
        token = token_function()
    except Exception as error:
        message = f"nothing was sent, because the api_key function raised {type(error).__name__}: {error}"
        raise TransportError(message, may_have_been_sent=False) from error
    if problem := token_problem(token):
        del token
        raise TransportError(
            f"nothing was sent, because the api_key function returned an unusable token: {problem}",
            may_have_been_sent=False,
        )
    return token


def token_problem(token: object, variable: str = "") -> TypeError | ValueError | None:
    """Return an error that explains why a token is unusable without repeating it, or None if it is usable."""
    if not isinstance(token, str):
        return TypeError(f"the token must be a str, or a function that returns one, not {type(token).__name__}")
    if not token:
        alternative = f" or set the environment variable {variable}" if variable else ""
        return ValueError(f"no API key: pass api_key=...{alternative}")
    if not _TOKEN.fullmatch(token):
        return ValueError("the token contains white space or non-ASCII characters; pass it without 'Bearer'")
    return None


def check_token(token: str) -> str:
    """Check a token, and return it.

    Raises:
        TypeError: The token is not a str.
        ValueError: The token is empty, or cannot be sent.
    """
    if problem := token_problem(token):
        raise problem
    return token
