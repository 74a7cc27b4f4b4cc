"""How the clients are made, what they refuse to be made of, and what they tell of themselves."""

from __future__ import annotations

import copy
import logging
import pickle
import re
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.scripted import (
    ABSENT,
    BODY,
    LOST,
    NAMED,
    TOKEN,
    URL,
    Client,
    Reply,
    Scripted,
    Step,
    no,
    task,
)
from kling_elements import PollPolicy, RetryPolicy
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from kling_elements_client.errors import ContractError
from kling_elements_runtime.settings import Timeout


@pytest.mark.parametrize(
    ("expected", "environment", "given"),
    [
        (DEFAULT_BASE_URL, None, None),
        (DEFAULT_BASE_URL, "", None),
        ("https://a.example.com/x", "https://a.example.com/x", None),
        ("https://b.example.com", "https://a.example.com/x", "https://b.example.com"),
        ("https://b.example.com", "no address", "https://b.example.com"),
    ],
)
def test_the_address_comes_from_the_environment_unless_it_is_given(
    client_class: Client, expected: str, environment: str | None, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable counts as unset."""
    monkeypatch.delenv("KLING_BASE_URL", raising=False)
    if environment is not None:
        monkeypatch.setenv("KLING_BASE_URL", environment)

    assert "KLING_BASE_URL" == BASE_URL_VARIABLE
    assert expected == client_class("t", given).client.base_url
    assert f"{client_class.__name__}(base_url='{expected}')" == repr(client_class("t", base_url=given))


@pytest.mark.parametrize(("environment", "given"), [("x", None), (" ", None), ("https://a.example.com", "")])
def test_an_address_that_cannot_be_used_is_refused(
    client_class: Client, environment: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of the environment; an argument that is empty is a slip of the caller."""
    monkeypatch.setenv("KLING_BASE_URL", environment)

    with pytest.raises(ValueError, match=r"^base_url "):
        client_class("t", given)


@pytest.mark.parametrize(("expected", "given"), [("from-environment", None), ("given", "given")])
def test_the_token_comes_from_the_environment_unless_it_is_given(
    client_class: Client, expected: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent behind Bearer."""
    monkeypatch.setenv("KLING_API_KEY", "from-environment")
    scripted = Scripted(client_class, task(), api_key=given)

    scripted.create(BODY)

    assert f"Bearer {expected}" == scripted.gateway.requests[0].headers["Authorization"]


def test_no_token_is_an_error(client_class: Client) -> None:
    """That says where to put one."""
    with pytest.raises(ValueError, match="KLING_API_KEY"):
        client_class()
    with pytest.raises(ValueError, match="no API key"):
        client_class("")


@pytest.mark.parametrize(
    ("says", "options"),
    [
        ("follow redirects", {"http_client": {"follow_redirects": True}}),
        ("proxys", {"http_client": {"proxys": "x"}}),
        ("allow_http=True", {"base_url": "http://gateway.example.com"}),
        ("on_violation must be", {"on_violation": "log"}),
        ("timeout must set", {"timeout": Timeout(read=0)}),
        ("Authorization", {"headers": {"authorization": "x"}}),
    ],
)
def test_options_are_those_of_the_generated_client(client_class: Client, says: str, options: Any) -> None:
    """What it refuses is refused here."""
    with pytest.raises(ValueError, match=says):
        client_class(**{"api_key": "t", **options})


def test_options_reach_the_requests(client_class: Client) -> None:
    """Headers, time-outs, an address without TLS that is wanted, and what to do with violations."""
    options: Any = {
        "base_url": "http://gateway.example.com/p/",
        "allow_http": True,
        "timeout": 7,
        "headers": {"X-A": "1"},
    }
    scripted = Scripted(client_class, task(), on_violation="ignore", http_client={"params": {"q": "1"}}, **options)

    scripted.create({})

    (request,) = scripted.gateway.requests
    assert f"http://gateway.example.com/p{ELEMENTS}?q=1" == str(request.url)
    assert ("1", 7) == (request.headers["X-A"], request.extensions["timeout"]["read"])


def test_a_client_shows_no_token_and_is_neither_copied_nor_pickled(client_class: Client) -> None:
    """It holds one, and a copy would share its connections, which either could close."""
    kling = client_class(TOKEN, URL)

    assert TOKEN not in repr(kling) + repr(vars(kling)) + repr(vars(kling.client))
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a client holds a token"):
            attempt(kling)


def test_what_is_done_is_logged(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Under the id that finds it again."""
    caplog.set_level(logging.INFO, "kling_elements")
    scripted = Scripted(client_class, task(), no(400, 1301), ABSENT, LOST, task("5"))

    scripted.create(NAMED)
    scripted.failing("create", NAMED)
    scripted.get_or_create(NAMED)

    assert [
        "external_task_id e-1: creating",
        "external_task_id e-1: created task 7",
        "external_task_id e-1: creating",
        f"external_task_id e-1: not_created: POST {URL}{ELEMENTS}: HTTP 400, code 1301, no",
        "external_task_id e-1: creating",
        "external_task_id e-1: may_exist: ReadTimeout at https://gateway.example.com: scripted",
        "external_task_id e-1: adopted task 5",
    ] == [record.getMessage() for record in caplog.records if record.name == "kling_elements"]


def _repeated(status: int) -> Reply:
    says = {"code": f"x{TOKEN}", "message": f"wrong token {TOKEN}", "request_id": TOKEN, "more": TOKEN}
    return Reply(status, says, {"X-Request-Id": TOKEN, "X-Token": TOKEN})


@pytest.mark.parametrize("options", [{"retry": 5}, {"poll": "x"}, {"retry": PollPolicy()}, {"poll": RetryPolicy()}])
def test_what_is_no_policy_is_refused_at_once(client_class: Client, options: Any) -> None:
    """And not in the middle of a retry."""
    says = r"^(retry must be a Retry|poll must be a Poll)Policy, not (int|str|PollPolicy|RetryPolicy)$"
    with pytest.raises(TypeError, match=says):
        client_class(TOKEN, **options)


def test_no_log_and_no_error_has_the_token(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Gateways have been seen to repeat it, and callers paste it into the wrong field."""
    caplog.set_level(logging.DEBUG)
    steps: list[Step] = [
        _repeated(401),
        _repeated(500),
        _repeated(200),
        Reply(200, TOKEN.encode()),
        _repeated(404),
        LOST,
        task(),
    ]
    scripted = Scripted(client_class, *steps, on_violation="warn")

    errors = [scripted.failing("create", {**BODY, "element_name": TOKEN}) for _ in range(4)]
    errors.append(scripted.failing("get_or_create", NAMED))
    errors.append(scripted.failing("create", NAMED))
    errors.append(scripted.failing("create", {**BODY, "reference_type": TOKEN, "external_task_id": 5}))
    scripted.create({**NAMED, "reference_type": TOKEN, "external_task_id": TOKEN})

    told = caplog.text + "".join(f"{error!r} {error} {vars(error)} {error.__cause__!r}" for error in errors)
    assert "***" in told
    assert TOKEN not in told
    assert not any(TOKEN.encode() in pickle.dumps(error) for error in errors)


def test_methods_document_themselves(client_class: Client) -> None:
    """Each public method has a docstring."""
    public = [getattr(client_class, name) for name in dir(client_class) if re.match("[a-z]", name) and name != "client"]

    assert len(public) == 11
    assert all(method.__doc__ for method in public)


def test_the_contract_is_checked_before_a_subject_is_created(client_class: Client) -> None:
    """Nothing is sent, and every violation is told."""
    scripted = Scripted(client_class)

    error = scripted.failing("create", {**NAMED, "element_name": "", "x": 1})

    assert isinstance(error, ContractError)
    assert {"R04", "R33"} == {violation.rule for violation in error.violations}
    assert ("not_created", "e-1", "") == (error.outcome, error.external_task_id, scripted.gateway.calls())


_NO_SECONDS: list[Any] = ["5", True, [], 1j]


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        *((ValueError, limit) for limit in (-1, -0.001, float("nan"))),
        *((TypeError, limit) for limit in _NO_SECONDS),
    ],
)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, [NAMED]) for name in ("create", "get_or_create")),
        *(("create_all", [[NAMED]]), ("wait_all", [["7"]]), ("wait_all", [[]])),
        *((name, ["7"]) for name in ("get", "wait", "delete")),
        *((name, []) for name in ("list", "presets")),
    ],
)
def test_a_limit_that_is_no_number_of_seconds_is_refused(
    client_class: Client, name: str, arguments: list[Any], error: type[Exception], limit: Any
) -> None:
    """By every method, before anything is sent, and by a list before it is gone through."""
    with pytest.raises(error, match="max_wait_seconds must be a number of seconds, 0 or more, not"):
        getattr(Scripted(client_class), name)(*arguments, max_wait_seconds=limit)
