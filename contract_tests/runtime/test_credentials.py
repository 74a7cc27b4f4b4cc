"""The token is a string, or a function that is called before each request, and is never shown."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.support.peers import POST, CallStyle, Peer, http_response, listening
from contract_tests.support.scripted import Client, ScriptedClient, call_once, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError, TransportError
from kling_elements_runtime.credentials import HiddenToken, check_token, credentials

pytestmark = pytest.mark.slow
_TOKEN = "sk-ZebraFish-1234567890"
_CORE = "ZebraFish"


class TokenFunction:
    """A function that returns or raises one item after the other."""

    def __init__(self, *tokens: Any) -> None:
        """Store the tokens in order."""
        self._tokens = [*tokens]
        self.call_count = 0

    def __call__(self) -> Any:
        """Return the next token."""
        self.call_count += 1
        token = self._tokens.pop(0)
        if isinstance(token, Exception):
            raise token
        return token


def test_a_token_function_is_called_before_each_request(call_style: CallStyle) -> None:
    """Creating a client doesn't call it. Some tokens expire after half an hour."""
    tokens = TokenFunction("first-token", "second-token", "second-token")
    with listening(Peer.respond) as server:
        client = AuthenticatedClient(tokens, server.url)
        assert 0 == tokens.call_count
        responses = call_style.outcomes(client, POST, POST, POST)

    assert [200, 200, 200] == [response.status_code for response in responses]
    sent = ["Bearer first-token", "Bearer second-token", "Bearer second-token"]
    assert sent == [request.headers["Authorization"] for request in server.requests]


@pytest.mark.parametrize(
    ("message", "token"),
    [
        ("raised LookupError: no session", LookupError("no session")),
        ("returned an unusable token: the token must be a str, or a function that returns one, not NoneType", None),
        ("returned an unusable token: the token must be a str, or a function that returns one, not bytes", b"sk-1"),
        ("returned an unusable token: no API key: pass api_key=...", ""),
        ("returned an unusable token: the token contains white space or non-ASCII characters", "sk-ZebraFish\n"),
        ("returned an unusable token: the token contains white space or non-ASCII characters", "Bearer sk-ZebraFish"),
    ],
)
def test_nothing_is_sent_if_the_token_function_fails(message: str, token: Any, call_style: CallStyle) -> None:
    """The error gives the reason without the token, and the next call tries again."""
    with listening(Peer.respond) as server:
        error, response = call_style.outcomes(AuthenticatedClient(TokenFunction(token, "sk-2"), server.url), POST, POST)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert str(error).startswith("nothing was sent, because the api_key function ")
    assert message in str(error)
    assert [] == _leaks(error)
    assert 200 == response.status_code
    assert ["Bearer sk-2"] == [request.headers["Authorization"] for request in server.requests]


@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements])
def test_a_create_whose_token_function_fails_is_not_created(kind: Client) -> None:
    """`KlingElements` accepts a function too and reports its failure in the outcome."""
    client = ScriptedClient(kind, task(), api_key=TokenFunction("sk-3", *[LookupError("no session")] * 9))

    assert "7" == client.create(BODY).task_id
    assert "not_created" == client.error_of("create", BODY).outcome
    assert ["Bearer sk-3"] == [request.headers["Authorization"] for request in client.gateway.requests]


def test_recently_used_tokens_are_redacted() -> None:
    """The response to an earlier request may still repeat its token."""
    tokens = TokenFunction(*(f"a-long-token-{number}" for number in range(10, 20)))
    holder = credentials(HiddenToken(tokens), "")
    text = " ".join(f"a-long-token-{number}" for number in range(10, 20))
    assert text == holder.redact(text)
    for _ in range(3):
        holder.authorization()
    assert "*** *** *** a-long-token-13" == holder.redact(text[: len("a-long-token-10 ") * 4 - 1])
    for _ in range(7):
        holder.authorization()
    shown = holder.redact(text)
    # Only eight are kept, so that a process that runs for years does not collect them.
    assert ["***"] * 8 == shown.split()[2:]


def test_a_constant_token_is_redacted_from_the_start() -> None:
    """The token is redacted even before the first request."""
    holder = credentials(HiddenToken(_TOKEN), "VARIABLE")
    assert "bad ***" == holder.redact(f"bad {_TOKEN}")
    assert f"Bearer {_TOKEN}" == holder.authorization()


@pytest.mark.parametrize(
    ("error", "token"),
    [*((ValueError, token) for token in ("", " ", "Bearer x")), *((TypeError, token) for token in (5, None, b"x"))],
)
def test_a_token_that_cannot_be_sent_is_refused_at_once(error: type[Exception], token: Any) -> None:
    """The message names the environment variable that may contain it."""
    with pytest.raises(error, match=r"token|API key") as caught:
        credentials(HiddenToken(token), "VARIABLE")
    assert ("VARIABLE" in str(caught.value)) is (token == "")
    with pytest.raises(error, match=r"token|API key"):
        check_token(token)
    assert "x" == check_token("x")


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize(
    "make", [HiddenToken, lambda token: credentials(HiddenToken(token), "")], ids=["hidden", "credentials"]
)
def test_a_token_holder_never_shows_the_token(make: Callable[[str], Any], clone: Callable[[Any], Any]) -> None:
    """No repr, attribute, copy or pickle contains the token."""
    holder = make(_TOKEN)
    attributes = [getattr(holder, name) for name in dir(holder) if not name.startswith("__")]

    assert attributes
    assert _CORE not in f"{holder!r} {holder} {attributes!r}"
    try:
        cloned = clone(holder)
    except (TypeError, AttributeError, pickle.PicklingError):
        return
    assert _CORE not in repr(cloned)


# Frames


def _repr_of(value: object) -> str:
    """Return the repr of a value, or an empty string if the value is not fully created."""
    try:
        return repr(value)
    except AttributeError:
        return ""


def _leaks(error: BaseException) -> list[str]:
    """Return the variables with the token in the frames of an error and its causes, except in tests."""
    leaks = []
    link: BaseException | None = error
    while link is not None:
        for frame, line in traceback.walk_tb(link.__traceback__):
            if not frame.f_globals["__name__"].startswith("contract_tests"):
                for name, value in frame.f_locals.items():
                    is_ours = type(value).__module__.startswith("kling_elements")
                    shown = (
                        f"{_repr_of(value)} {_repr_of(vars(value)) if hasattr(value, '__dict__') and is_ours else ''}"
                    )
                    leaks += [f"{frame.f_code.co_qualname}:{line}: {name}"] if _CORE in shown else []
        link = link.__cause__ or link.__context__
    return leaks


_BAD: dict[str, dict[str, Any]] = {
    "token": {"api_key": f"Bearer {_TOKEN}"},
    "base_url": {"base_url": "ftp://gateway.example.com"},
    "on_violation": {"on_violation": "never"},
    "timeout": {"timeout": 0},
    "headers": {"headers": {"authorization": "x"}},
    "http_client": {"http_client": {"nope": 1}},
    "certificates": {"http_client": {"verify": "/no/such/file"}},
    "retry": {"retry": 5},
    "http_client of the wrong type": {"http_client": 5},
}


@pytest.mark.parametrize("name", _BAD)
@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements, AuthenticatedClient])
def test_no_frame_of_an_error_while_creating_a_client_contains_the_token(kind: Any, name: str) -> None:
    """Pytest and error trackers show the variables of all frames."""
    with pytest.raises((ValueError, TypeError)) as caught:
        kind(**{"api_key": _TOKEN, **_BAD[name]})

    modules = {frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(caught.value.__traceback__)}
    assert any(module.startswith("kling_elements") for module in modules) or kind is AuthenticatedClient
    assert [] == _leaks(caught.value)


def test_no_frame_contains_the_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", _TOKEN)
    with pytest.raises(ValueError, match="base_url") as caught:
        KlingElements(base_url="ftp://gateway.example.com")
    assert [] == _leaks(caught.value)


def _lose(peer: Peer) -> None:
    peer.request()


def _refuse(peer: Peer) -> None:
    peer.respond(http_response(f'{{"code": 1002, "message": "bad {_TOKEN}"}}'.encode(), "401 Unauthorized"))


def _err(peer: Peer) -> None:
    peer.respond(http_response(f'{{"bad {_TOKEN}'.encode()))


def _garble(peer: Peer) -> None:
    peer.request()
    peer.send(f"HTTP/1.1 {_TOKEN}\r\n\r\n".encode())


@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements])
@pytest.mark.parametrize("token", [_TOKEN, lambda: _TOKEN], ids=["a text", "a function"])
@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("behave", [_lose, _refuse, _err, _garble])
def test_no_frame_of_an_error_while_sending_contains_the_token(
    behave: Callable[[Peer], None], options: dict[str, Any], token: Any, kind: Client
) -> None:
    """This includes the frames of httpx, httpcore and the parser."""
    with listening(behave) as server, pytest.raises(KlingError) as caught:
        call_once(kind, "create", BODY, api_key=token, base_url=server.url, http_client=options)

    assert [] == _leaks(caught.value)
    assert _CORE not in "".join(traceback.format_exception(caught.value))
