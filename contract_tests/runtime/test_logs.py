"""`KLING_LOG` switches logging on; requests and responses are logged without secrets and media."""

from __future__ import annotations

import logging
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture
from contract_tests.support.running import Create, MakeClient, run_program
from kling_elements_client import errors
from kling_elements_client.api.elements import get_element
from kling_elements_runtime import logs

_TOKEN = r"""sk-a/b~c+ZebraFish\d"'=="""
_SIGNED = "https://user:word@cdn.example.com/front.jpg?X-Signature=PinkSecret&a=1#PinkSecret"
_RESPONSE = {
    "code": 0,
    "request_id": "r-1",
    "message": _TOKEN,
    "data": {"task_id": "7", "task_status": "submitted", "cover": _SIGNED, "image": "QUJD" * 40},
}
_RESPONSE_HEADERS = {"Set-Cookie": "id=PinkSecret", "X-Api-Key": "PinkSecret", "X-Echo": _TOKEN, "X-Trace": "t-1"}


def _stderr(value: str | None, before: str = "nothing", after: str = "nothing") -> list[str]:
    """Return the lines that a program with two clients writes to stderr, without the time."""
    environment = {name: text for name, text in os.environ.items() if name != "KLING_LOG"}
    environment |= {} if value is None else {"KLING_LOG": value}
    result = run_program("log_lines", before, after, env=environment)
    assert 0 == result.returncode, result.stderr
    return [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", "", line) for line in result.stderr.splitlines()]


_DEBUG, _INFO = "DEBUG kling_elements.http: details", "INFO kling_elements: news"
_WARNING = "WARNING kling_elements: trouble"


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (["trouble"], None),
        (["trouble"], " "),
        ([_INFO, _WARNING], "info"),
        ([_DEBUG, _INFO, _WARNING], " Debug "),
        (
            ["KLING_LOG is 'verbose', so nothing is logged: set it to 'info' or 'debug', or unset it", "trouble"],
            "verbose",
        ),
    ],
)
def test_the_environment_switches_logging_on_once(expected: list[str], value: str | None) -> None:
    """Two clients log each line once. An unknown value causes one warning."""
    assert expected == _stderr(value)


@pytest.mark.parametrize(
    ("expected", "before", "after"),
    [
        (["mine: details", "mine: news", "mine: trouble"], "root", "nothing"),
        (["mine: details", "mine: news", "mine: trouble"], "nothing", "root"),
        ([], "level", "nothing"),
        (["trouble"], "level of http", "nothing"),
        ([], "handler", "nothing"),
    ],
)
def test_the_logging_configuration_of_the_program_is_kept(expected: list[str], before: str, after: str) -> None:
    """The root logger shows each line once, and a configured logger is not changed."""
    assert expected == _stderr("debug", before, after)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """Return a logger of requests that no other test uses."""
    name = f"test-{uuid4()}"
    yield logging.getLogger(f"{name}.http")
    for logger in map(logging.getLogger, (name, f"{name}.http")):
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)


def _top(log: logging.Logger) -> logging.Logger:
    return logging.getLogger(log.name.removesuffix(".http"))


@pytest.mark.parametrize(("level", "count", "value"), [(logging.INFO, 1, "info"), (logging.NOTSET, 0, "")])
def test_a_logger_is_set_up_once(
    level: int, count: int, value: str, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of the environment after the first client has no effect."""
    monkeypatch.setenv("SOME_LOG", value)
    logs.set_up(log, "SOME_LOG")
    monkeypatch.setenv("SOME_LOG", "debug")
    logs.set_up(log, "SOME_LOG")

    assert (level, count) == (_top(log).level, len(_top(log).handlers))
    assert (logging.NOTSET, []) == (log.level, log.handlers)


@pytest.mark.parametrize("configured", ["top", "requests"])
@pytest.mark.parametrize("by", ["handler", "level"])
def test_a_configured_logger_is_left_unchanged(
    configured: str, by: str, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = _top(log) if configured == "top" else log
    if by == "handler":
        logger.addHandler(logging.NullHandler())
    else:
        logger.setLevel(logging.ERROR)
    before = [(logger.level, list(logger.handlers)) for logger in (_top(log), log)]
    monkeypatch.setenv("SOME_LOG", "debug")
    logs.set_up(log, "SOME_LOG")

    assert before == [(logger.level, logger.handlers) for logger in (_top(log), log)]


def test_nothing_is_written_while_the_root_logger_has_a_handler(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That handler already shows each line, even if it was added later."""
    monkeypatch.setenv("SOME_LOG", "info")
    logs.set_up(log, "SOME_LOG")
    (handler,) = _top(log).handlers
    record = logging.makeLogRecord({})
    shown = []
    for handlers in ([], [logging.NullHandler()], []):
        monkeypatch.setattr(logging.getLogger(), "handlers", handlers)
        shown.append(bool(handler.filter(record)))

    assert [True, False, True] == shown


def _send(create: Create, make_client: MakeClient, body: Any, response: Any, **options: Any) -> None:
    """Create an element through a client whose token, headers, cookies and parameters are secret."""
    transport = httpx.MockTransport(response)
    args = {"transport": transport, "params": {"user": "PinkSecret"}, "cookies": {"id": "PinkSecret"}}
    create(make_client(api_key=_TOKEN, headers={"X-Api-Key": "PinkSecret"}, http_client=args, **options), body)


def _log_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines of requests, with the elapsed time replaced by N."""
    messages = [record.getMessage() for record in caplog.records if record.name == "kling_elements.http"]
    return [re.sub(r"after \d+ ms", "after N ms", message) for message in messages]


_CALL = "POST https://gateway.example.com/kling/v1/general/advanced-custom-elements"


def test_debug_shows_request_and_response_without_secrets_and_media(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Base64 and files appear as lengths, and URLs without their query."""
    caplog.set_level(logging.DEBUG, "kling_elements.http")
    small, large = (
        b64encode(Picture(format="jpeg", width=300, height=300, file_size=size).build()).decode()
        for size in (2_000, 60_000)
    )
    images = {"frontal_image": small, "refer_images": [{"image_url": large}, {"image_url": _SIGNED}]}
    body = {**BODY, "element_description": _TOKEN, "element_image_list": images}

    response = httpx.Response(200, json=_RESPONSE, headers=_RESPONSE_HEADERS)
    _send(create, make_client, body, lambda _: response, on_violation="ignore")

    sent, line, answered = _log_lines(caplog)
    assert not re.search("PinkSecret|ZebraFish|user:word|[A-Za-z0-9+/]{80}", f"{sent}{line}{answered}")
    assert f"{_CALL}: HTTP 200 after N ms" == line
    assert sent.startswith(f"{_CALL}: sending headers host: gateway.example.com, ")
    assert {"authorization: ***", "cookie: ***", "x-api-key: ***", "content-type: application/json"} <= set(
        sent.partition("; body ")[0].partition("headers ")[2].split(", ")
    )
    assert '"element_description":"***"' in sent
    assert '"frontal_image":"<2668 characters>"' in sent
    assert (
        '"refer_images":[{"image_url":"<80000 characters>"},{"image_url":"https://cdn.example.com/front.jpg?***"}]'
        in sent
    )
    assert answered.startswith(
        f"{_CALL}: response with request id r-1; headers set-cookie: ***, x-api-key: ***, x-echo: ***, "
    )
    assert ", x-trace: t-1, " in answered
    assert '"message":"***"' in answered
    assert '"cover":"https://cdn.example.com/front.jpg?***","image":"<160 characters>"' in answered


def test_info_shows_one_line_for_each_request(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kling_elements.http")
    _send(create, make_client, BODY, lambda _: httpx.Response(200, json=_RESPONSE))

    assert [f"{_CALL}: HTTP 200 after N ms"] == _log_lines(caplog)


def test_a_log_that_is_off_costs_nothing(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text is prepared for it."""
    caplog.set_level(logging.WARNING, "kling_elements.http")
    monkeypatch.setattr(logs, "text_for_log", None)
    monkeypatch.setattr(logs, "printable", None)
    _send(create, make_client, BODY, lambda _: httpx.Response(200, json=_RESPONSE))

    assert [] == _log_lines(caplog)


def test_a_request_without_a_response_is_logged_with_the_reason(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kling_elements.http")

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(f"slow {_TOKEN}")

    with pytest.raises(errors.RequestTimeoutError):
        _send(create, make_client, BODY, fail)

    reason = "RequestTimeoutError: ReadTimeout at https://gateway.example.com: slow ***"
    assert [f"{_CALL}: no response after N ms: {reason}"] == _log_lines(caplog)


def test_an_interruption_is_logged_by_its_name(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kling_elements.http")

    def interrupt(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _send(create, make_client, BODY, interrupt)

    assert [f"{_CALL}: no response after N ms: KeyboardInterrupt"] == _log_lines(caplog)


def test_the_token_in_a_path_and_secrets_in_a_query_are_not_logged(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is hidden even if it was pasted in place of an id."""
    caplog.set_level(logging.DEBUG, "kling_elements.http")
    client = make_client(
        api_key=_TOKEN, http_client={"transport": httpx.MockTransport(lambda _: httpx.Response(200, json=_RESPONSE))}
    )
    get_element.sync(_TOKEN, client=client)
    client.send(method="GET", url="/x?pageNum=1&api_key=PinkSecret&size=2")

    text = "\n".join(_log_lines(caplog))
    assert not re.search("PinkSecret|ZebraFish", text)
    assert "/advanced-custom-elements/***: HTTP 200 after N ms" in text
    assert "/x?pageNum=1&api_key=***&size=2: HTTP 200 after N ms" in text
    assert "body (none)" in text


def test_a_response_that_is_not_json_is_logged_on_one_line(
    create: Create, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Control characters are escaped, and the request id comes from the header."""
    caplog.set_level(logging.DEBUG, "kling_elements.http")
    page = httpx.Response(502, content=b"<p>\x1b[2J\n bad" + b" x" * 10_000, headers={"X-Request-Id": "r-2"})
    with pytest.raises(errors.ServerError):
        _send(create, make_client, BODY, lambda _: page)

    answered = _log_lines(caplog)[-1]
    assert f"{_CALL}: response with request id r-2; headers " in answered
    assert r"; body <p>\x1b[2J bad x x" in answered
    assert answered.endswith(" x... (20014 characters)")
    assert len(answered) < 17_000
