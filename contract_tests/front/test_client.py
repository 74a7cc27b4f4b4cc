"""Clients read their settings from arguments or the environment, refuse invalid ones, and hide the token."""

from __future__ import annotations

import copy
import logging
import pickle
import re
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import TOKEN, URL
from contract_tests.support.scripted import (
    ABSENT,
    LOST,
    NAMED,
    Client,
    ScriptedClient,
    Step,
    StubReply,
    refusal,
    task,
)
from kling_elements import PollPolicy, RetryPolicy
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from kling_elements_client.errors import ContractError
from kling_elements_runtime.settings import Timeout


@pytest.mark.parametrize(
    ("expected", "environment", "base_url"),
    [
        (DEFAULT_BASE_URL, None, None),
        (DEFAULT_BASE_URL, "", None),
        ("https://a.example.com/x", "https://a.example.com/x", None),
        ("https://b.example.com", "https://a.example.com/x", "https://b.example.com"),
        ("https://b.example.com", "not a URL", "https://b.example.com"),
    ],
)
def test_the_base_url_comes_from_the_environment_unless_you_pass_one(
    client_class: Client, expected: str, environment: str | None, base_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable counts as unset."""
    monkeypatch.delenv("KLING_BASE_URL", raising=False)
    if environment is not None:
        monkeypatch.setenv("KLING_BASE_URL", environment)

    assert "KLING_BASE_URL" == BASE_URL_VARIABLE
    assert expected == client_class("t", base_url).client.base_url
    assert f"{client_class.__name__}(base_url='{expected}')" == repr(client_class("t", base_url=base_url))


@pytest.mark.parametrize(("environment", "base_url"), [("x", None), (" ", None), ("https://a.example.com", "")])
def test_an_unusable_base_url_is_refused(
    client_class: Client, environment: str, base_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty argument is an error, and is not replaced by the environment variable."""
    monkeypatch.setenv("KLING_BASE_URL", environment)

    with pytest.raises(ValueError, match=r"^base_url "):
        client_class("t", base_url)


@pytest.mark.parametrize(("expected", "api_key"), [("from-environment", None), ("argument", "argument")])
def test_the_api_key_comes_from_the_environment_unless_you_pass_one(
    client_class: Client, expected: str, api_key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request sends the key as a Bearer token."""
    monkeypatch.setenv("KLING_API_KEY", "from-environment")
    client = ScriptedClient(client_class, task(), api_key=api_key)

    client.create(BODY)

    assert f"Bearer {expected}" == client.gateway.requests[0].headers["Authorization"]


def test_a_missing_api_key_is_an_error(client_class: Client) -> None:
    """The message says where you can put the key."""
    with pytest.raises(ValueError, match="KLING_API_KEY"):
        client_class()
    with pytest.raises(ValueError, match="no API key"):
        client_class("")


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("follow redirects", {"http_client": {"follow_redirects": True}}),
        ("proxys", {"http_client": {"proxys": "x"}}),
        ("allow_http=True", {"base_url": "http://gateway.example.com"}),
        ("on_violation must be", {"on_violation": "log"}),
        ("timeout must set", {"timeout": Timeout(read=0)}),
        ("Authorization", {"headers": {"authorization": "x"}}),
    ],
)
def test_an_unusable_option_is_refused(client_class: Client, message: str, options: Any) -> None:
    """The client refuses the same options as the generated client."""
    with pytest.raises(ValueError, match=message):
        client_class(**{"api_key": "t", **options})


def test_options_reach_the_requests(client_class: Client) -> None:
    """Headers, timeouts, an address without TLS, and the handling of violations all take effect."""
    options: Any = {
        "base_url": "http://gateway.example.com/p/",
        "allow_http": True,
        "timeout": 7,
        "headers": {"X-A": "1"},
    }
    client = ScriptedClient(client_class, task(), on_violation="ignore", http_client={"params": {"q": "1"}}, **options)

    client.create({})

    (request,) = client.gateway.requests
    assert f"http://gateway.example.com/p{ELEMENTS}?q=1" == str(request.url)
    assert ("1", 7) == (request.headers["X-A"], request.extensions["timeout"]["read"])


def test_a_client_hides_its_token_and_cannot_be_copied_or_pickled(client_class: Client) -> None:
    """Copies are refused, because closing one would close the other's connections."""
    kling = client_class(TOKEN, URL)

    assert TOKEN not in repr(kling) + repr(vars(kling)) + repr(vars(kling.client))
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="because it holds a token"):
            attempt(kling)


def test_creates_are_logged_under_their_external_id(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The log shows each create under the id that the gateway knows."""
    caplog.set_level(logging.INFO, "kling_elements")
    client = ScriptedClient(client_class, task(), refusal(400, 1301), ABSENT, LOST, task("5"))

    client.create(NAMED)
    client.error_of("create", NAMED)
    client.get_or_create(NAMED)

    assert [
        "external_task_id e-1: creating",
        "external_task_id e-1: created task 7",
        "external_task_id e-1: creating",
        f"external_task_id e-1: not_created: POST {URL}{ELEMENTS}: HTTP 400, code 1301, no",
        "external_task_id e-1: creating",
        "external_task_id e-1: may_exist: ReadTimeout at https://gateway.example.com: scripted",
        "external_task_id e-1: adopted task 5",
    ] == [record.getMessage() for record in caplog.records if record.name == "kling_elements"]


def _reply_with_token(status: int) -> StubReply:
    body = {"code": f"x{TOKEN}", "message": f"wrong token {TOKEN}", "request_id": TOKEN, "more": TOKEN}
    return StubReply(status, body, {"X-Request-Id": TOKEN, "X-Token": TOKEN})


@pytest.mark.parametrize(
    "options",
    [{"retry": 5}, {"retry": 0}, {"poll": "x"}, {"poll": ""}, {"retry": PollPolicy()}, {"poll": RetryPolicy()}],
)
def test_a_policy_of_the_wrong_type_is_refused_when_the_client_is_created(client_class: Client, options: Any) -> None:
    """Otherwise the mistake would only surface during a retry."""
    message = r"^(retry must be a Retry|poll must be a Poll)Policy, not (int|str|PollPolicy|RetryPolicy)$"
    with pytest.raises(TypeError, match=message):
        client_class(TOKEN, **options)


def test_no_log_and_no_error_contains_the_token(client_class: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The token is hidden even if a gateway repeats it, or a caller pastes it into another field."""
    caplog.set_level(logging.DEBUG)
    steps: list[Step] = [
        _reply_with_token(401),
        _reply_with_token(500),
        _reply_with_token(200),
        StubReply(200, TOKEN.encode()),
        _reply_with_token(404),
        LOST,
        task(),
    ]
    client = ScriptedClient(client_class, *steps, on_violation="warn")

    errors = [client.error_of("create", {**BODY, "element_name": TOKEN}) for _ in range(4)]
    errors.append(client.error_of("get_or_create", NAMED))
    errors.append(client.error_of("create", NAMED))
    errors.append(client.error_of("create", {**BODY, "reference_type": TOKEN, "external_task_id": 5}))
    client.create({**NAMED, "reference_type": TOKEN, "external_task_id": TOKEN})

    output = caplog.text + "".join(f"{error!r} {error} {vars(error)} {error.__cause__!r}" for error in errors)
    assert "***" in output
    assert TOKEN not in output
    assert not any(TOKEN.encode() in pickle.dumps(error) for error in errors)


def test_every_public_method_has_a_docstring(client_class: Client) -> None:
    public = [getattr(client_class, name) for name in dir(client_class) if re.match("[a-z]", name) and name != "client"]

    assert 11 == len(public)
    assert all(method.__doc__ for method in public)


def test_the_contract_is_checked_before_an_element_is_created(client_class: Client) -> None:
    """If a request breaks the contract, nothing is sent, and the error lists all violations."""
    client = ScriptedClient(client_class)

    error = client.error_of("create", {**NAMED, "element_name": "", "x": 1})

    assert isinstance(error, ContractError)
    assert {"R04", "R33"} == {violation.rule for violation in error.violations}
    assert ("not_created", "e-1", "") == (error.outcome, error.external_task_id, client.gateway.calls())
