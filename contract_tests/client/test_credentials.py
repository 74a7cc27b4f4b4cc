"""The token: a text, or a function that is asked before each request; and nothing that is shown has it."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.support.peers import POST, Peer, Ways, listening, said
from contract_tests.support.scripted import BODY, Client, Scripted, called, task
from kling_elements import AsyncKlingElements, KlingElements
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import KlingError, TransportError
from kling_elements_runtime.credentials import Hidden, credentials, usable_token

_TOKEN = "sk-ZebraFish-1234567890"
_CORE = "ZebraFish"


class Tokens:
    """A function that gives one token after the other, or raises what is among them."""

    def __init__(self, *given: Any) -> None:
        """Take them in order."""
        self._given = [*given]
        self.asked = 0

    def __call__(self) -> Any:
        """Give the next one."""
        self.asked += 1
        token = self._given.pop(0)
        if isinstance(token, Exception):
            raise token
        return token


def test_a_function_is_asked_for_the_token_before_each_request(ways: Ways) -> None:
    """Some last for half an hour only. Making a client asks for none."""
    tokens = Tokens("first-token", "second-token", "second-token")
    with listening(Peer.answer) as server:
        client = AuthenticatedClient(tokens, server.url)
        assert 0 == tokens.asked
        found = ways.outcomes(client, POST, POST, POST)

    assert [200, 200, 200] == [each.status_code for each in found]
    sent = ["Bearer first-token", "Bearer second-token", "Bearer second-token"]
    assert sent == [each.headers["Authorization"] for each in server.heard]


@pytest.mark.parametrize(
    ("says", "given"),
    [
        ("raised LookupError: no session", LookupError("no session")),
        ("gave none that can be: the token must be a str, or a function that returns one, not NoneType", None),
        ("gave none that can be: the token must be a str, or a function that returns one, not bytes", b"sk-1"),
        ("gave none that can be: no API key: pass api_key=...", ""),
        ("gave none that can be: the token has white space or characters beyond ASCII", "sk-ZebraFish\n"),
        ("gave none that can be: the token has white space or characters beyond ASCII", "Bearer sk-ZebraFish"),
    ],
)
def test_without_a_token_that_can_be_sent_nothing_is(says: str, given: Any, ways: Ways) -> None:
    """The error says that nothing was sent and why, without the token; the next call asks again."""
    with listening(Peer.answer) as server:
        error, answer = ways.outcomes(AuthenticatedClient(Tokens(given, "sk-2"), server.url), POST, POST)

    assert isinstance(error, TransportError)
    assert not error.may_have_been_sent
    assert str(error).startswith("nothing was sent, as the function that gives the token ")
    assert says in str(error)
    assert [] == _leaks(error)
    assert 200 == answer.status_code
    assert ["Bearer sk-2"] == [each.headers["Authorization"] for each in server.heard]


@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements])
def test_a_create_without_a_token_was_not_created(kind: Client) -> None:
    """A function works for `KlingElements` as well, and its failure is told by the outcome."""
    scripted = Scripted(kind, task(), api_key=Tokens("sk-3", *[LookupError("no session")] * 9))

    assert "7" == scripted.create(BODY).task_id
    assert "not_created" == scripted.failing("create", BODY).outcome
    assert ["Bearer sk-3"] == [request.headers["Authorization"] for request in scripted.gateway.requests]


def test_each_token_that_was_used_is_taken_out_of_texts() -> None:
    """An answer to an earlier request may still repeat an earlier one."""
    tokens = Tokens(*(f"a-long-token-{number}" for number in range(10, 20)))
    made = credentials(Hidden(tokens), "")
    text = " ".join(f"a-long-token-{number}" for number in range(10, 20))
    assert text == made.redact(text)
    for _ in range(3):
        made.authorization()
    assert "*** *** *** a-long-token-13" == made.redact(text[: len("a-long-token-10 ") * 4 - 1])
    for _ in range(7):
        made.authorization()
    shown = made.redact(text)
    assert ["***"] * 8 == shown.split()[2:]  # eight are remembered, so that a process that runs for years keeps few


def test_a_token_that_is_given_is_remembered_from_the_start() -> None:
    """Also before it was sent."""
    made = credentials(Hidden(_TOKEN), "VARIABLE")
    assert "bad ***" == made.redact(f"bad {_TOKEN}")
    assert f"Bearer {_TOKEN}" == made.authorization()


@pytest.mark.parametrize(
    ("error", "token"),
    [*((ValueError, token) for token in ("", " ", "Bearer x")), *((TypeError, token) for token in (5, None, b"x"))],
)
def test_a_token_that_cannot_be_sent_is_refused_at_once(error: type[Exception], token: Any) -> None:
    """Where it is given by itself; the variable it may come from is named where there is one."""
    with pytest.raises(error, match=r"token|API key") as caught:
        credentials(Hidden(token), "VARIABLE")
    assert ("VARIABLE" in str(caught.value)) is (token == "")
    with pytest.raises(error, match=r"token|API key"):
        usable_token(token)
    assert "x" == usable_token("x")


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("make", [Hidden, lambda token: credentials(Hidden(token), "")], ids=["hidden", "credentials"])
def test_what_holds_a_token_shows_it_nowhere(make: Callable[[str], Any], clone: Callable[[Any], Any]) -> None:
    """No repr and no attribute has it, and no pickle or copy can be made that has."""
    held = make(_TOKEN)
    attributes = [getattr(held, name) for name in dir(held) if not name.startswith("__")]

    assert attributes
    assert _CORE not in f"{held!r} {held} {attributes!r}"
    try:
        cloned = clone(held)
    except (TypeError, AttributeError, pickle.PicklingError):
        return
    assert _CORE not in repr(cloned)


# Frames


def _shown(value: object) -> str:
    """Return a repr, if there is one: an object that is only half made may have none."""
    try:
        return repr(value)
    except AttributeError:
        return ""


def _leaks(error: BaseException) -> list[str]:
    """Return the variables that have the token, of all frames of an error and its causes in our own code and below."""
    leaks = []
    link: BaseException | None = error
    while link is not None:
        for frame, line in traceback.walk_tb(link.__traceback__):
            if not frame.f_globals["__name__"].startswith("contract_tests"):
                for name, value in frame.f_locals.items():
                    is_ours = type(value).__module__.startswith("kling_elements")
                    shown = f"{_shown(value)} {_shown(vars(value)) if hasattr(value, '__dict__') and is_ours else ''}"
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
    "http_client of a wrong type": {"http_client": 5},
}


@pytest.mark.parametrize("name", _BAD)
@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements, AuthenticatedClient])
def test_no_frame_of_an_error_while_a_client_is_made_has_the_token(kind: Any, name: str) -> None:
    """Pytest and error trackers show the variables of each."""
    with pytest.raises((ValueError, TypeError)) as caught:
        kind(**{"api_key": _TOKEN, **_BAD[name]})

    modules = {frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(caught.value.__traceback__)}
    assert any(module.startswith("kling_elements") for module in modules) or kind is AuthenticatedClient
    assert [] == _leaks(caught.value)


def test_no_frame_has_a_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes the same way."""
    monkeypatch.setenv("KLING_API_KEY", _TOKEN)
    with pytest.raises(ValueError, match="base_url") as caught:
        KlingElements(base_url="ftp://gateway.example.com")
    assert [] == _leaks(caught.value)


def _lose(peer: Peer) -> None:
    peer.request()


def _refuse(peer: Peer) -> None:
    peer.answer(said(f'{{"code": 1002, "message": "bad {_TOKEN}"}}'.encode(), "401 Unauthorized"))


def _err(peer: Peer) -> None:
    peer.answer(said(f'{{"bad {_TOKEN}'.encode()))


def _garble(peer: Peer) -> None:
    peer.request()
    peer.send(f"HTTP/1.1 {_TOKEN}\r\n\r\n".encode())


@pytest.mark.parametrize("kind", [KlingElements, AsyncKlingElements])
@pytest.mark.parametrize("token", [_TOKEN, lambda: _TOKEN], ids=["a text", "a function"])
@pytest.mark.parametrize("options", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("behave", [_lose, _refuse, _err, _garble])
def test_no_frame_of_an_error_while_sending_has_the_token(
    behave: Callable[[Peer], None], options: dict[str, Any], token: Any, kind: Client
) -> None:
    """Neither in our own code nor in that of httpx, httpcore and the parser."""
    with listening(behave) as server, pytest.raises(KlingError) as caught:
        called(kind, "create", BODY, api_key=token, base_url=server.url, http_client=options)

    assert [] == _leaks(caught.value)
    assert _CORE not in "".join(traceback.format_exception(caught.value))
