"""The token never appears in a text that a program may print, log, store or send."""

from __future__ import annotations

import copy
import html
import html.entities
import json
import logging
import pickle
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import respx

from contract_tests.reading.image_body import BODY, body_with
from contract_tests.support.error_texts import texts_of
from contract_tests.support.running import Create, InnerClients, MakeClient
from kling_elements_client import AuthenticatedClient, errors
from kling_elements_client.api.elements import create_element
from kling_elements_client.models import (
    CreateElementResponse,
)

# The core of the token survives escaping in JSON, a repr, a URL and a JSON Pointer, so the tests search for it.
_CORE = "ZebraFish"
_TOKEN = rf"""sk-a/b~c+{_CORE}\d"'=="""


def _leaks(texts: list[str]) -> list[str]:
    return [text for text in texts if _CORE.lower() in text.lower()]


@pytest.fixture
def marked_client(make_client: MakeClient) -> AuthenticatedClient:
    """Return a client whose token is easy to find and is escaped in many notations."""
    return make_client(api_key=_TOKEN)


_SHOWING: dict[str, Callable[[AuthenticatedClient], object]] = {
    **{show.__name__: show for show in (repr, str, ascii, format)},
    "attributes": lambda client: f"{vars(client)}",
    "in a list": lambda client: [client],
}


@pytest.mark.parametrize("show", _SHOWING.values(), ids=_SHOWING)
def test_a_client_does_not_show_its_token(
    show: Callable[[Any], Any], marked_client: AuthenticatedClient, inner_clients: InnerClients
) -> None:
    """No repr of the client or its attributes contains the token."""
    inner_clients(marked_client)

    shown = str(show(marked_client))

    assert [] == _leaks([shown])
    assert shown


def test_the_httpx_clients_do_not_hold_the_token(
    marked_client: AuthenticatedClient, inner_clients: InnerClients
) -> None:
    """The token is added to each request, so an httpx client can be passed on without it."""
    for inner in inner_clients(marked_client):
        assert [] == _leaks([repr(vars(inner)), repr(inner.headers.raw)])
        assert "authorization" not in inner.headers


def test_the_repr_of_a_client_names_its_gateway(marked_client: AuthenticatedClient) -> None:
    assert "AuthenticatedClient(base_url='https://gateway.example.com', on_violation='raise')" == repr(marked_client)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_cannot_be_copied_or_pickled(clone: Callable[[Any], Any], marked_client: AuthenticatedClient) -> None:
    """Copies would spread the token. The message says what to do instead."""
    with pytest.raises(TypeError, match="create another one") as caught:
        clone(marked_client)

    assert [] == _leaks(texts_of(caught.value))


@pytest.mark.parametrize(
    "token",
    [
        *(f"{_CORE} ", f" {_CORE}", f"{_CORE}\n", f"{_CORE}\t{_CORE}", f"Bearer {_CORE}", f"{_CORE}é", f"密钥{_CORE}"),
        *(f"{_CORE}\x00", f"{_CORE}\x7f", f"{_CORE}\ud83d", " "),
    ],
)
def test_a_token_that_does_not_fit_a_header_is_refused_and_not_shown(token: str, make_client: MakeClient) -> None:
    """White space, control and non-ASCII characters are refused, and so is a leading `Bearer`."""
    with pytest.raises(ValueError, match="pass it without 'Bearer'") as caught:
        make_client(api_key=token)

    assert [] == _leaks(texts_of(caught.value))


@pytest.mark.parametrize(
    "base_url",
    [
        f"https://user:{_CORE}@gateway.example.com",
        f"https://gateway.example.com/?key={_CORE}",
        f"https://gateway.example.com/#{_CORE}",
        f"http://gateway.example.com/{_CORE}",
        _CORE,
    ],
)
def test_a_refused_base_url_does_not_show_possible_secrets(base_url: str, make_client: MakeClient) -> None:
    """The message contains only scheme and host."""
    with pytest.raises(ValueError, match="base_url") as caught:
        make_client(base_url=base_url)

    assert [] == _leaks(texts_of(caught.value))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_TOKEN, id="the body itself"),
        pytest.param(body_with(element_name=_TOKEN * 2), id="value that is too long"),
        pytest.param(body_with(reference_type=_TOKEN), id="reference_type"),
        pytest.param(body_with(tag_list=[{"tag_id": _TOKEN}]), id="value that is shown"),
        pytest.param(body_with(tag_list=[{"tag_id": f"x{_TOKEN}y"}]), id="part of a value that is shown"),
        pytest.param(body_with(callback_url=f"ftp://{_TOKEN}"), id="URL"),
        pytest.param(body_with(**{_TOKEN: 1}), id="property name"),
        pytest.param(body_with(**{f"{_TOKEN}s": 1}), id="part of a property name"),
        pytest.param(body_with(tag_list=[{"tag_id": "o_101", _TOKEN: 1}]), id="property name further in"),
        pytest.param(body_with(tag_list=[{"tag_id": "o_101", _TOKEN: {"x": float("nan")}}]), id="pointer"),
        pytest.param(body_with(tag_list=[{_TOKEN + "\ud83d": 1}]), id="property name with half a surrogate pair"),
        pytest.param(body_with(tag_list=[{_TOKEN.encode(): 1}]), id="property name in bytes"),
    ],
)
@pytest.mark.parametrize("on_violation", ["raise", "warn"])
def test_a_violation_does_not_show_the_token(
    body: Any,
    on_violation: str,
    make_client: MakeClient,
    router: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A token that was pasted into the wrong field appears in neither the exception nor the log."""
    router.post().respond(json={})
    client = make_client(api_key=_TOKEN, on_violation=on_violation)
    shown_texts = []

    try:
        create_element.sync(client=client, body=body)
    except errors.ContractError as error:
        shown_texts = [*texts_of(error), *map(repr, error.violations)]
    shown_texts += [record.getMessage() for record in caplog.records if record.name.startswith("kling")]

    assert shown_texts
    assert [] == _leaks(shown_texts)


_ESCAPED = json.dumps(_TOKEN)[1:-1]
_ESCAPED_BY_PHP = _ESCAPED.replace("/", r"\/")
_ESCAPED_FOR_HTML = _ESCAPED.replace("+", r"\u002B").replace("'", r"\u0027")


@pytest.mark.parametrize("status", [200, 307, 400, 401, 502])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_TOKEN, id="text"),
        pytest.param(f"<html>\n{_TOKEN * 30}</html>", id="HTML"),
        pytest.param(f"{' ' * 190}<{_TOKEN}>", id="after white space"),
        pytest.param(f"{'x' * 181}{_TOKEN}", id="over the end of the excerpt"),
        pytest.param(f'{{"code": 1002, "message": "bad {_ESCAPED}"}}', id="message"),
        pytest.param(f'{{"code": "{_ESCAPED}"}}', id="code"),
        pytest.param(f'{{"code": 1002, "request_id": "{_ESCAPED}"}}', id="request id"),
        pytest.param(f'{{"error": {{"message": "{_ESCAPED}", "code": "{_ESCAPED}"}}}}', id="OpenAI style"),
        pytest.param(f'{{"code": 1, "{_ESCAPED}": {{"x": "{_ESCAPED}"}}}}', id="other properties"),
        pytest.param(f'{{"code": 1, "message": "{_ESCAPED_BY_PHP}"}}', id="escaped as PHP does"),
        pytest.param(f'{{"code": 1, "message": "{_ESCAPED_FOR_HTML}"}}', id="escaped for HTML"),
        pytest.param(f"https://example.com/?key={_TOKEN.replace('/', '%2F').replace('+', '%2b')}", id="URL"),
        pytest.param(f'{{"code": 1, "message": "{_ESCAPED.upper()}"}}', id="upper case"),
    ],
)
def test_a_token_repeated_in_a_response_is_redacted(
    content: str, status: int, create: Create, marked_client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """No part of a token from the body or a header appears in the exception."""
    router.post().respond(
        status, content=content.encode(), headers={"X-Key": _TOKEN, "Location": f"https://x.example.com/{_TOKEN}"}
    )

    with pytest.raises(errors.ResponseError) as caught:
        create(marked_client, BODY)
    error = caught.value

    assert [] == _leaks(texts_of(error))
    assert "***" == error.headers["x-key"]


def _escaping_each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(code=ord(character)) for character in text)


_NAMES = {value: name for name, value in html.entities.html5.items() if name.endswith(";")}
_ESCAPES: dict[str, Callable[[str], str]] = {
    "JSON": _escaping_each(r"\u{code:04x}"),
    "JSON, upper case": _escaping_each(r"\u{code:04X}"),
    "JSON within JSON": _escaping_each(r"\\u{code:04x}"),
    "JSON within JSON within JSON": _escaping_each(r"\\\\u{code:04x}"),
    "a repr": _escaping_each(r"\\x{code:02x}"),
    "HTML": _escaping_each("&#{code};"),
    "HTML, hexadecimal": _escaping_each("&#x{code:x};"),
    "HTML, padded": _escaping_each("&#000{code};"),
    "HTML by names": lambda text: "".join(f"&{_NAMES[c]}" if c in _NAMES else c for c in text).replace("\\", r"\\"),
    "HTML within HTML": _escaping_each("&amp;#{code};"),
    "a URL": _escaping_each("%{code:02x}"),
    "a URL within a URL": _escaping_each("%25{code:02X}"),
}


def _unescape(text: str) -> str:
    """Return a string with every known escape undone."""
    for _ in range(6):
        text = re.sub(r"\\+(?:u00|x)([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), text, flags=re.IGNORECASE)
        text = html.unescape(unquote(text))
    return text


def test_every_escape_of_the_table_can_be_undone() -> None:
    """Otherwise the next two tests could miss a leak."""
    assert [] == [name for name, escape in _ESCAPES.items() if _CORE not in _unescape(escape(_TOKEN))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("escape", _ESCAPES.values(), ids=_ESCAPES)
def test_an_escaped_token_in_a_failure_is_redacted(
    escape: Callable[[str], str], encoding: str, marked_client: AuthenticatedClient
) -> None:
    """The token is hidden in message, excerpt and headers, whether it came in JSON, HTML or a header."""
    escaped = escape(_TOKEN)
    for status in (200, 400, 503):
        for body in (
            f'{{"code": "{escaped}", "message": "bad {escaped}", "request_id": "{escaped}"}}',
            f"<html>bad {escaped}",
        ):
            response = httpx.Response(
                status, content=body.encode(encoding), headers={"X-Key": escaped, "Location": escaped}
            )
            with pytest.raises(errors.ResponseError) as caught:
                marked_client.decode("createElement", response, lambda value: value)
            assert [] == _leaks([_unescape(text) for text in texts_of(caught.value)])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("escape", _ESCAPES.values(), ids=_ESCAPES)
def test_an_escaped_token_in_a_success_is_redacted(
    escape: Callable[[str], str], encoding: str, marked_client: AuthenticatedClient
) -> None:
    """The model hides it in values and names at any depth, and keeps everything else."""
    escaped = escape(_TOKEN)
    body = f'{{"data": {{"task_id": "7", "x": [{{"{escaped}": 1}}, "{escaped}"], "y": "z"}}, "{escaped}": "{escaped}"}}'
    response = httpx.Response(200, content=body.encode(encoding))

    created = marked_client.decode("createElement", response, CreateElementResponse.from_dict)

    assert [] == _leaks([_unescape(text) for text in (repr(created), json.dumps(created.to_dict()))])
    assert {"data": {"task_id": "7", "x": [{"***": 1}, "***"], "y": "z"}, "***": "***"} == created.to_dict()


@pytest.mark.parametrize("run", ["\\" * 100_000, "&" * 100_000, "%25" * 30_000, "&#" + "0" * 100_000, "&amp;" * 20_000])
def test_a_hostile_response_does_not_slow_the_redaction_down(run: str, marked_client: AuthenticatedClient) -> None:
    """The work grows linearly with the length of the text."""
    assert run == marked_client.redact(run)


def test_the_warning_about_an_unusual_success_does_not_show_the_token(
    marked_client: AuthenticatedClient, router: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is in the value that the warning is about."""
    router.post().respond(json={"id": "t-1", "code": [_TOKEN], "message": {_TOKEN: 1}, _TOKEN: 1})

    create_element.sync(client=marked_client, body=BODY)
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("kling")]

    assert 1 == len(logged)
    assert [] == _leaks(logged)


def test_a_very_short_token_is_not_redacted(make_client: MakeClient) -> None:
    """Otherwise messages would become unreadable, because its letters are everywhere."""
    with pytest.raises(errors.ContractError, match="/element_name: has 0 characters; it must have at least 1"):
        create_element.sync(client=make_client(api_key="e"), body=body_with(element_name=""))


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.LocalProtocolError])
def test_a_transport_error_does_not_show_the_token(
    kind: type[httpx.RequestError], create: Create, marked_client: AuthenticatedClient, router: respx.MockRouter
) -> None:
    """Message, causes and the request in httpx's exception are free of it."""

    def fail(request: httpx.Request) -> None:
        try:
            raise OSError(f"cannot send {request.headers['Authorization']}")  # noqa: TRY301 - the test needs a cause
        except OSError as error:
            raise kind(f"failed: {_TOKEN}", request=request) from error

    router.post().mock(side_effect=fail)

    with pytest.raises(errors.TransportError) as caught:
        create(marked_client, BODY)

    assert f"{kind.__name__} at https://gateway.example.com: failed: ***" == str(caught.value)
    assert isinstance(caught.value.__cause__, httpx.RequestError)
    assert [] == _leaks(texts_of(caught.value))


@pytest.mark.parametrize(
    "response",
    [
        f"HTTP/1.1 200 OK\r\n{_TOKEN}\r\n\r\n",
        f"HTTP/1.1 {_TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {_TOKEN}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {_TOKEN}\r\n\r\n",
    ],
)
def test_a_token_repeated_in_a_garbled_response_is_redacted(
    response: str, create: Create, make_client: MakeClient, serve: Callable[[bytes], str]
) -> None:
    """The HTTP parser quotes it in exceptions that become causes of ours."""
    client = make_client(api_key=_TOKEN, base_url=serve(response.encode()))

    with pytest.raises(errors.TransportError) as caught:
        create(client, BODY)

    assert [] == _leaks(texts_of(caught.value))


@pytest.mark.parametrize("settings", [{}, {"event_hooks": {}}], ids=["directly", "by httpx"])
@pytest.mark.parametrize("response", [b"HTTP/1.1 200 OK", b"HTTP/1.1 401 No", b"HTTP/1.1 502 Bad"])
def test_no_log_record_shows_the_token(  # noqa: PLR0913, PLR0917 - all but two are fixtures
    response: bytes,
    settings: dict[str, Any],
    make_client: MakeClient,
    create: Create,
    serve: Callable[[bytes], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All loggers, including those of httpx and httpcore, run at their finest level over a real connection."""
    caplog.set_level(logging.DEBUG)
    url = serve(response + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    client = make_client(api_key=_TOKEN, base_url=url, on_violation="warn", http_client=settings)
    try:
        create(client, body_with(element_name=""))
    except errors.ResponseError:
        logging.getLogger("caller").exception("failed")

    by_httpx = {"httpx"} if settings else set()
    assert {*by_httpx, "httpcore", "kling_elements"} <= {record.name.partition(".")[0] for record in caplog.records}
    assert [] == _leaks([f"{record.getMessage()} {vars(record)!r}" for record in caplog.records])
