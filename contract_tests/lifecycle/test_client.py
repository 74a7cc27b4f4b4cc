"""How the clients are made, what they refuse to be made of, and what they tell of themselves."""

from __future__ import annotations

import copy
import importlib
import logging
import pickle
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest

import kling_elements
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
    both,
    made,
    no,
    task,
)
from kling_elements import PollPolicy, RetryPolicy
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from kling_elements_client.errors import ContractError, StatusError

_NAMES = ["AsyncKlingElements", "KlingElements", "Outcome", "PollPolicy", "RetryPolicy"]


def test_the_public_names_are_these() -> None:
    """What is exported is there, nothing else is, and a name that is not there is an AttributeError."""
    assert _NAMES == kling_elements.__all__ == dir(kling_elements)
    assert _NAMES == [getattr(kling_elements, name).__name__ for name in _NAMES]
    with pytest.raises(AttributeError, match="module 'kling_elements' has no attribute 'Client'"):
        _ = kling_elements.Client


@pytest.mark.parametrize("name", ["client", "clock", "elements", "errors", "outcomes", "policies", "tasks", "webhooks"])
def test_the_modules_export_what_they_have(name: str) -> None:
    """Each name of `__all__` is there."""
    module = importlib.import_module(f"kling_elements.{name}")

    assert all(getattr(module, exported) is not None for exported in module.__all__)


def test_importing_the_package_loads_nothing_heavy() -> None:
    """httpx, attrs, jsonschema-rs, Pillow and asyncio come with the first use."""
    heavy = "{'httpx', 'attrs', 'jsonschema_rs', 'PIL', 'asyncio', 'standardwebhooks'}"
    code = f"import sys, kling_elements; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == done.stdout


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
@both
def test_the_address_comes_from_the_environment_unless_it_is_given(
    client: Client, expected: str, environment: str | None, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable counts as unset."""
    monkeypatch.delenv("KLING_BASE_URL", raising=False)
    if environment is not None:
        monkeypatch.setenv("KLING_BASE_URL", environment)

    assert "KLING_BASE_URL" == BASE_URL_VARIABLE
    assert expected == client("t", given).client.base_url
    assert f"{client.__name__}(base_url='{expected}')" == repr(client("t", base_url=given))


@pytest.mark.parametrize(("environment", "given"), [("x", None), (" ", None), ("https://a.example.com", "")])
@both
def test_an_address_that_cannot_be_used_is_refused(
    client: Client, environment: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one of the environment; an argument that is empty is a slip of the caller."""
    monkeypatch.setenv("KLING_BASE_URL", environment)

    with pytest.raises(ValueError, match=r"^base_url "):
        client("t", given)


@pytest.mark.parametrize(("expected", "given"), [("from-environment", None), ("given", "given")])
@both
def test_the_token_comes_from_the_environment_unless_it_is_given(
    client: Client, expected: str, given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent behind Bearer."""
    monkeypatch.setenv("KLING_API_KEY", "from-environment")
    scripted = Scripted(client, task(), token=given)

    scripted.create(BODY)

    assert f"Bearer {expected}" == scripted.gateway.requests[0].headers["Authorization"]


@both
def test_no_token_is_an_error(client: Client) -> None:
    """That says where to put one."""
    with pytest.raises(ValueError, match="KLING_API_KEY"):
        client()
    with pytest.raises(ValueError, match="no token"):
        client("")


@pytest.mark.parametrize(
    ("says", "options"),
    [
        ("follow redirects", {"httpx_args": {"follow_redirects": True}}),
        ("proxys", {"httpx_args": {"proxys": "x"}}),
        ("allow_http=True", {"base_url": "http://gateway.example.com"}),
        ("on_violation must be", {"on_violation": "log"}),
        ("timeout must set", {"timeout": httpx.Timeout(None)}),
        ("Authorization", {"headers": {"authorization": "x"}}),
    ],
)
@both
def test_options_are_those_of_the_generated_client(client: Client, says: str, options: Any) -> None:
    """What it refuses is refused here."""
    with pytest.raises(ValueError, match=says):
        client(**{"token": "t", **options})


@both
def test_options_reach_the_requests(client: Client) -> None:
    """Headers, time-outs, an address without TLS that is wanted, and what to do with violations."""
    options: Any = {
        "base_url": "http://gateway.example.com/p/",
        "allow_http": True,
        "timeout": 7,
        "headers": {"X-A": "1"},
    }
    scripted = Scripted(client, task(), on_violation="ignore", httpx_args={"params": {"q": "1"}}, **options)

    scripted.create({})

    (request,) = scripted.gateway.requests
    assert f"http://gateway.example.com/p{ELEMENTS}?q=1" == str(request.url)
    assert ("1", 7) == (request.headers["X-A"], request.extensions["timeout"]["read"])


@both
def test_a_transport_may_be_given_either_way(client: Client) -> None:
    """The argument wins."""
    wrong = httpx.MockTransport(lambda _: httpx.Response(500))

    assert "7" == Scripted(client, task(), httpx_args={"transport": wrong}).create(BODY).task_id
    other = Scripted(client)
    args = {"transport": httpx.MockTransport(lambda _: task("8").response())}
    other.kling = client(TOKEN, URL, httpx_args=args)
    assert "8" == other.create(BODY).task_id


@both
def test_a_client_shows_no_token_and_is_neither_copied_nor_pickled(client: Client) -> None:
    """It holds one, and a copy would share its connections, which either could close."""
    kling = client(TOKEN, URL)

    assert TOKEN not in repr(kling) + repr(vars(kling)) + repr(vars(kling.client))
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a client holds a token"):
            attempt(kling)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@both
def test_a_create_follows_no_redirect(client: Client, status: int) -> None:
    """The request would be sent twice, or with its token to another host."""
    elsewhere = Reply(status, b"", {"Location": "https://elsewhere.example.com/"})
    scripted = Scripted(client, elsewhere, elsewhere)

    error = scripted.failing("create", NAMED)

    assert isinstance(error, StatusError)
    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)
    assert ["gateway.example.com"] == [request.url.host for request in scripted.gateway.requests]


@both
def test_what_is_done_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Under the id that finds it again."""
    caplog.set_level(logging.INFO, "kling_elements")
    scripted = Scripted(client, task(), no(400, 1301), ABSENT, LOST, task("5"))

    scripted.create(NAMED)
    scripted.failing("create", NAMED)
    scripted.create_or_adopt(NAMED)

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
@both
def test_what_is_no_policy_is_refused_at_once(client: Client, options: Any) -> None:
    """And not in the middle of a retry."""
    with pytest.raises(ValueError, match=r"^(Retry|Poll)Policy expected, not (int|str|PollPolicy|RetryPolicy)$"):
        client(TOKEN, **options)


@both
def test_no_log_and_no_error_has_the_token(client: Client, caplog: pytest.LogCaptureFixture) -> None:
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
    scripted = Scripted(client, *steps, on_violation="warn")

    errors = [scripted.failing("create", {**BODY, "element_name": TOKEN}) for _ in range(4)]
    errors.append(scripted.failing("create_or_adopt", NAMED))
    errors.append(scripted.failing("create", NAMED))
    errors.append(scripted.failing("create", {**BODY, "reference_type": TOKEN, "external_task_id": 5}))
    scripted.create({**NAMED, "reference_type": TOKEN, "external_task_id": TOKEN})

    told = caplog.text + "".join(f"{error!r} {error} {vars(error)} {error.__cause__!r}" for error in errors)
    assert "***" in told
    assert TOKEN not in told
    assert not any(TOKEN.encode() in pickle.dumps(error) for error in errors)


@both
def test_what_is_done_for_a_subject_from_beginning_to_end(client: Client) -> None:
    """The few lines that a newcomer writes."""
    scripted = Scripted(client, task(), task(status="processing"), made(), task("8"))

    element = scripted.wait(scripted.create(BODY), max_wait_seconds=300)

    assert 9 == element.element_id
    assert "8" == scripted.delete(element).task_id
    assert "create look look delete-elements" == scripted.gateway.calls()


@both
def test_methods_document_themselves(client: Client) -> None:
    """Each public method has a docstring."""
    public = [getattr(client, name) for name in dir(client) if re.match("[a-z]", name) and name != "client"]

    assert len(public) == 10
    assert all(method.__doc__ for method in public)


@both
def test_the_contract_is_checked_before_a_subject_is_created(client: Client) -> None:
    """Nothing is sent, and every violation is told."""
    scripted = Scripted(client)

    error = scripted.failing("create", {**NAMED, "element_name": "", "x": 1})

    assert isinstance(error, ContractError)
    assert {"R04", "R33"} == {violation.rule for violation in error.violations}
    assert ("not_created", "e-1", "") == (error.outcome, error.external_task_id, scripted.gateway.calls())
