"""How a client is made, what it refuses to be made of or to send, and how it is shared and closed."""

from __future__ import annotations

import asyncio
import copy
import enum
import json
import logging
import pickle
import threading
from collections import OrderedDict, UserString
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import httpx
import pytest

import kling_elements_client
from contract_tests.cases import base_body
from kling_elements_client import UNSET, AuthenticatedClient, Unset
from kling_elements_client.api.elements import create_element
from kling_elements_client.client import DEFAULT_BASE_URL, DEFAULT_TIMEOUT, TOKEN_VARIABLE
from kling_elements_client.contract import document, violations
from kling_elements_client.errors import ContractError, Violation
from kling_elements_client.models import ElementTag, ImageElementRequest, ReferImage, TagId

if TYPE_CHECKING:
    from collections.abc import Callable

    import respx

    MakeClient = Callable[..., AuthenticatedClient]
    InnerClients = Callable[[AuthenticatedClient], list[httpx.Client | httpx.AsyncClient]]

_BODY: Any = base_body("image")


def _with(**changes: Any) -> Any:
    return {**_BODY, **changes}


def _authorization(client: AuthenticatedClient, gateway: respx.MockRouter) -> str:
    """Return what a client sends as Authorization."""
    gateway.post().respond(json={})
    create_element.sync(client=client, body=_BODY)
    value: str = gateway.calls.last.request.headers["Authorization"]
    return value


@pytest.mark.parametrize("token", ["sk-1", "a", "!~", "eyJ.a-b_c.d+/=="])
def test_the_token_is_sent_behind_bearer(token: str, make_client: MakeClient, gateway: respx.MockRouter) -> None:
    """Every visible ASCII character may be in it."""
    assert f"Bearer {token}" == _authorization(make_client(token=token), gateway)


def test_the_environment_serves_where_no_token_is_given(
    make_client: MakeClient, gateway: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument wins over KLING_API_KEY."""
    monkeypatch.setenv("KLING_API_KEY", "from-environment")

    assert "KLING_API_KEY" == TOKEN_VARIABLE
    assert "Bearer from-environment" == _authorization(make_client(token=None), gateway)
    assert "Bearer given" == _authorization(make_client(token="given"), gateway)


@pytest.mark.parametrize("environment", [None, ""])
def test_no_token_is_an_error_that_says_where_to_put_one(
    environment: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable counts as none."""
    if environment is not None:
        monkeypatch.setenv(TOKEN_VARIABLE, environment)

    with pytest.raises(ValueError, match=r"no token: pass token=\.\.\. or set .* KLING_API_KEY"):
        AuthenticatedClient()


def test_an_empty_token_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who passes one has lost theirs, and should not use another's."""
    monkeypatch.setenv(TOKEN_VARIABLE, "from-environment")

    with pytest.raises(ValueError, match="no token"):
        AuthenticatedClient(token="")


@pytest.mark.parametrize("token", [" ", " a", "a ", "a\n", "a\tb", "Bearer a", "é", "密钥", "a\x00", "a\x7f", "\ud83d"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """White space, control characters and anything beyond ASCII are slips of the hand; so is `Bearer` itself."""
    with pytest.raises(ValueError, match="it is given alone, without 'Bearer'"):
        AuthenticatedClient(token=token)


def test_a_token_of_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line end is easily left in a file of settings."""
    monkeypatch.setenv(TOKEN_VARIABLE, "sk-1\n")

    with pytest.raises(ValueError, match="the token has white space"):
        AuthenticatedClient()


def test_the_first_server_of_the_contract_is_the_default() -> None:
    """The contract is the only place where it stands."""
    assert document()["servers"][0]["url"] == DEFAULT_BASE_URL == AuthenticatedClient(token="t").base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "https://gateway.example.com",
        "https://gateway.example.com/a/b/",
        "https://gateway.example.com:8443",
        "https://10.0.0.1",
        "https://[2001:db8::1]:8443",
        "http://localhost",
        "http://localhost:8787/x",
        "http://app.localhost",
        "http://127.0.0.1:8787",
        "http://127.8.9.1",
        "http://[::1]:8787",
    ],
)
def test_an_address_with_tls_or_on_this_machine_will_do(base_url: str) -> None:
    """Nothing can be read on the way."""
    assert base_url == AuthenticatedClient(token="t", base_url=base_url).base_url


def test_scheme_and_host_are_written_in_any_case() -> None:
    """As in any URL."""
    assert "https://gateway.example.com/A" == AuthenticatedClient("t", "HTTPS://Gateway.example.COM/A").base_url


@pytest.mark.parametrize(
    "base_url",
    [
        "http://gateway.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://[2001:db8::1]",
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://127.0.0.1.example.com",
    ],
)
def test_an_address_elsewhere_without_tls_must_be_wanted(base_url: str) -> None:
    """The token would travel in the clear; a gateway of one's own may do without."""
    with pytest.raises(ValueError, match="must begin with https://, or say allow_http=True"):
        AuthenticatedClient(token="t", base_url=base_url)

    assert base_url == AuthenticatedClient(token="t", base_url=base_url, allow_http=True).base_url


@pytest.mark.parametrize(
    ("reason", "base_url"),
    [
        *(
            ("must begin with https:// and name a host", url)
            for url in ("", "gateway.example.com", "//gateway.example.com", "/a", "https://", "https:///a")
        ),
        *(
            ("must begin with https:// and name a host", f"{scheme}://gateway.example.com")
            for scheme in ("ftp", "ws", "file", "httpss")
        ),
        *(
            ("must have no user, query or fragment", url)
            for url in (
                "https://user@gateway.example.com",
                "https://user:word@gateway.example.com",
                "http://127.0.0.1@gateway.example.com",
                "https://gateway.example.com?a=1",
                "https://gateway.example.com/?",
                "https://gateway.example.com/#a",
                "https://gateway.example.com#",
            )
        ),
        *(
            ("is no address: it must begin with https:// and name a host", url)
            for url in ("https://a:b", "https://[::1", "https://a\n", "https://" + "é" * 80)
        ),
        *(("must begin with https:// and name a host", url) for url in ("https://a b", "https://a ", "https://a..b")),
        ("must be a str, not int", 5),
        ("must be a str, not bytes", b"https://a"),
        ("must be a str, not URL", httpx.URL("https://a")),
    ],
)
@pytest.mark.parametrize("allow_http", [False, True])
def test_what_is_no_address_of_a_gateway_is_refused(reason: str, base_url: Any, allow_http: Any) -> None:
    """Whatever would send requests elsewhere than the caller can see is an error at once."""
    with pytest.raises(ValueError, match=f"^base_url {reason}"):
        AuthenticatedClient(token="t", base_url=base_url, allow_http=allow_http)


def test_every_time_out_is_finite_and_fits_the_largest_body(inner_clients: InnerClients) -> None:
    """57 MB take eight minutes at 1 Mbit/s."""
    assert [DEFAULT_TIMEOUT] * 2 == [inner.timeout for inner in inner_clients(AuthenticatedClient(token="t"))]
    assert {"connect": 10, "read": 300, "write": 600, "pool": 60} == DEFAULT_TIMEOUT.as_dict()


@pytest.mark.parametrize("timeout", [3.5, httpx.Timeout(7, connect=1)])
def test_other_time_outs_take_their_place(timeout: Any) -> None:
    """As httpx takes them."""
    client = AuthenticatedClient(token="t", timeout=timeout)

    assert httpx.Timeout(timeout) == client.get_httpx_client().timeout


@pytest.mark.parametrize("timeout", [None, httpx.Timeout(None), httpx.Timeout(5, read=None)])
def test_a_time_out_cannot_be_switched_off(timeout: Any) -> None:
    """A request that waits for ever helps nobody; a large number can be given."""
    with pytest.raises(ValueError, match="timeout must set a number of seconds above 0 for every step"):
        AuthenticatedClient(token="t", timeout=timeout)


def test_redirects_are_not_followed(client: AuthenticatedClient, inner_clients: InnerClients) -> None:
    """Not by either kind of call."""
    assert [False, False] == [inner.follow_redirects for inner in inner_clients(client)]


def test_headers_and_arguments_of_httpx_reach_both_kinds_of_client(
    make_client: MakeClient, inner_clients: InnerClients
) -> None:
    """Headers go with every request."""
    client = make_client(headers={"X-A": "1"}, httpx_args={"max_redirects": 3})

    assert [(3, "1")] * 2 == [(inner.max_redirects, inner.headers["X-A"]) for inner in inner_clients(client)]


@pytest.mark.parametrize(
    ("reason", "options"),
    [
        ("the token must be a str, not int", {"token": 5}),
        ("headers must not hold Authorization", {"headers": {"authorization": "Basic x"}}),
        ("headers must be texts in ASCII", {"headers": {"X-A": "é"}}),
        ("headers must be texts in ASCII", {"headers": {"X-é": "a"}}),
        ("headers must be texts in ASCII", {"headers": {"X-A": 1}}),
        ("headers must be a mapping of names to values", {"headers": "X-A: 1"}),
        ("timeout must set a number of seconds above 0 for every step", {"timeout": -1}),
        ("timeout must set a number of seconds above 0 for every step", {"timeout": "5"}),
        ("httpx_args must hold arguments of httpx.Client only, not nope", {"httpx_args": {"nope": 1}}),
        ("base_url has a port beyond 65535: https://a:65536", {"base_url": "https://a:65536"}),
        ("httpx_args must not hold base_url: ", {"httpx_args": {"base_url": "https://elsewhere.example.com"}}),
        (
            "httpx_args must not hold headers, timeout: ",
            {"httpx_args": {"timeout": None, "headers": {}, "verify": True}},
        ),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(reason: str, options: dict[str, Any]) -> None:
    """The token, the address, time-outs and headers have arguments of their own."""
    with pytest.raises(ValueError, match=reason):
        AuthenticatedClient(**{"token": "t", **options})


def test_a_proxy_of_the_environment_does_not_get_what_stays_on_this_machine(
    serve: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would carry the token in the clear to where the proxy is."""
    monkeypatch.setenv("HTTP_PROXY", serve(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with AuthenticatedClient(token="t", base_url=url) as client:
        assert {} == create_element.sync(client=client, body=_BODY).to_dict()
    assert AuthenticatedClient(token="t").get_httpx_client().trust_env


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example.com/", "//elsewhere.example.com/a", "elsewhere", "", "?a", "http:/a"]
)
def test_the_token_goes_to_the_gateway_alone(url: str, client: AuthenticatedClient, gateway: respx.MockRouter) -> None:
    """A request whose URL leads elsewhere is not sent."""
    with pytest.raises(ValueError, match="must be a path at the gateway"):
        client.send(method="GET", url=url)
    with pytest.raises(ValueError, match="must be a path at the gateway"):
        asyncio.run(client.send_async(method="GET", url=url))

    assert not gateway.calls


@pytest.mark.parametrize("word", ["", "Raise", "error", None, True, ["raise"]])
def test_an_unknown_way_to_treat_violations_is_refused(word: Any) -> None:
    """Not taken for one of the others."""
    with pytest.raises(ValueError, match="on_violation must be 'raise', 'warn' or 'ignore', not "):
        AuthenticatedClient(token="t", on_violation=word)


def test_the_caller_s_mappings_are_not_kept(make_client: MakeClient) -> None:
    """Changing them later changes nothing."""
    headers = {"X-A": "1"}
    client = make_client(headers=headers)
    headers["X-A"] = "2"

    assert "1" == client.get_httpx_client().headers["X-A"]


def test_by_default_it_raises(client: AuthenticatedClient, gateway: respx.MockRouter) -> None:
    """With everything that is wrong; nothing is sent."""
    with pytest.raises(ContractError) as caught:
        create_element.sync(client=client, body=_with(element_name="", tag_list=[{}]))

    assert violations("createElement", _with(element_name="", tag_list=[{}])) == caught.value.violations
    assert {"/element_name", "/tag_list/0"} == {each.pointer for each in caught.value.violations}
    assert not gateway.calls


@pytest.mark.parametrize(("on_violation", "lines"), [("warn", 1), ("ignore", 0)])
def test_it_is_sent_as_it_is_where_the_caller_wants_that(
    on_violation: str,
    lines: int,
    make_client: MakeClient,
    gateway: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With `warn` the log tells what is wrong, in one line; with `ignore` nothing does."""
    gateway.post().respond(json={})
    client = make_client(on_violation=on_violation)

    create_element.sync(client=client, body={"element_name": "", "new": [1.5, None]})
    logged = [record for record in caplog.records if record.name == "kling_elements_client"]

    assert b'{"element_name":"","new":[1.5,null]}' == gateway.calls.last.request.content
    assert [logging.WARNING] * lines == [record.levelno for record in logged]
    for record in logged:
        assert record.getMessage().startswith("createElement is sent although it breaks the contract: ")
        assert all(
            str(each) in record.getMessage() for each in violations("createElement", {"element_name": "", "new": 1})
        )


@pytest.mark.parametrize("on_violation", ["warn", "ignore"])
def test_a_conforming_request_is_not_mentioned(
    on_violation: str, make_client: MakeClient, gateway: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to say about it."""
    gateway.post().respond(json={})

    create_element.sync(client=make_client(on_violation=on_violation), body=_BODY)

    assert [record for record in caplog.records if record.name == "kling_elements_client"] == []


def test_an_unknown_operation_is_an_error_of_the_program(client: AuthenticatedClient) -> None:
    """It is no violation."""
    for call in (violations, client.encode):
        with pytest.raises(KeyError, match="destroyElement"):
            call("destroyElement", _BODY)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Each violation has its place, its rule, and says what is wrong and what is allowed."""
    body = {
        "element_name": "x" * 21,
        "element_description": 7,
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": "nothing", "refer_images": [{"image_url": None}] * 4},
        "element_voice_id": "v",
        "tag_list": [{"tag_id": "o_109"}, {"tag": 1}],
        "callback_url": "ftp://example.com",
        "a/b~c": 1,
    }
    image = "an http or https URL, or an image file in standard padded Base64 without white space or a data prefix"
    hint = "use the alphabet with + and /, and pad with = to a multiple of four characters"
    url = "an http or https URL with a host, other characters than those of RFC 3986 percent-encoded"
    fields = (
        "'element_name', 'element_description', 'reference_type', 'element_image_list', 'tag_list', 'callback_url', "
        "'external_task_id'"
    )
    tags = "'o_101', 'o_102', 'o_103', 'o_104', 'o_105', 'o_106', 'o_107', 'o_108'"

    found = violations("createElement", body)

    assert {
        Violation("/element_name", "R04", "has 21 characters, at most 20 allowed"),
        Violation("/element_description", "R05", "is a number, allowed is string"),
        Violation("/element_image_list/frontal_image", "R13", f"must be {image}; {hint}"),
        Violation("/element_image_list/refer_images", "R11", "has 4 items, at most 3 allowed"),
        *(
            Violation(f"/element_image_list/refer_images/{index}/image_url", "R13", f"is null; it must be {image}")
            for index in range(4)
        ),
        Violation("/element_voice_id", "R28", "the property 'element_voice_id' does not go with this kind of request"),
        Violation("/tag_list/0/tag_id", "R30", f"must be one of {tags}, not 'o_109'"),
        Violation("/tag_list/1", "R29", "the property 'tag_id' is missing"),
        Violation("/tag_list/1/tag", "R33", "the property 'tag' is unknown; did you mean 'tag_id'?"),
        Violation("/callback_url", "R31", f"must be {url}"),
        Violation("/a~1b~0c", "R33", f"the property 'a/b~c' is unknown; allowed are {fields}"),
    } == set(found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ([("", "is an array, allowed is object")], []),
        ([("", "is null, allowed is object")], None),
        ([("", "is a string, allowed is object")], "{}"),
        ([("", "is a boolean, allowed is object")], True),
        ([("", "is a number, allowed is object")], 1.5),
        (
            [
                ("", "the property 'element_description' is missing"),
                ("", "the property 'element_name' is missing"),
                ("", "the property 'reference_type' is missing; it must be one of 'image_refer', 'video_refer'"),
            ],
            {},
        ),
        (
            [("/reference_type", "must be one of 'image_refer', 'video_refer', not 'audio_refer'")],
            _with(reference_type="audio_refer"),
        ),
        (
            [("/reference_type", "must be one of 'image_refer', 'video_refer', not ['image_refer']")],
            _with(reference_type=["image_refer"]),
        ),
    ],
    ids=repr,
)
def test_a_body_of_neither_kind_is_told_what_the_kinds_are(expected: list[Any], body: Any) -> None:
    """And what else is wrong with it whichever kind was meant."""
    assert expected == sorted((each.pointer, each.message) for each in violations("createElement", body))


@pytest.mark.parametrize("length", [78, 79, 1000])
def test_a_message_holds_at_most_80_characters_of_a_value(length: int) -> None:
    """The repr of a value is whole, with its quotes, or not there at all."""
    value, unknown = "v" * length, "u" * length
    (violation,) = violations("createElement", _with(tag_list=[{"tag_id": value}]))
    (property_violation,) = violations("createElement", {**_BODY, unknown: 1})

    assert ("v" * 78 in violation.message) is (length == 78)
    assert ("u" * 78 in property_violation.message) is (length == 78)
    if length > 78:
        assert violation.message.endswith(f", not one of {length + 2} characters")
        assert "vvv" not in violation.message
        assert property_violation.message.startswith(f"the property one of {length + 2} characters is unknown")


@pytest.mark.parametrize(
    ("expected", "image"),
    [
        ("leave out the data prefix, up to and with the comma", "data:image/png;base64,iVBORw0KGgo="),
        ("leave out the white space", "/9j/" + "QUJD" * 18 + "\nQUJD"),
        ("of a file, send the Base64 text of its bytes", "photos/mara 1.jpg"),
        ("of a file, send the Base64 text of its bytes", "C:\\photos\\mara"),
        ("use the alphabet with + and /, and pad with = to a multiple of four characters", "_9j_4AAQSkZJRg=="),
    ],
)
def test_a_text_that_is_nearly_an_image_gets_advice(expected: str, image: str) -> None:
    """The message ends with what to do about it."""
    images = {"frontal_image": image, "refer_images": [{"image_url": "https://example.com/a.png"}]}
    (violation,) = violations("createElement", _with(element_image_list=images))

    assert violation.message.endswith(f"without white space or a data prefix; {expected}")


def test_no_more_than_1000_violations_are_told() -> None:
    """More would help nobody, and a hostile body could ask for as many as it has values."""
    assert len(violations("createElement", _with(tag_list=[{"tag_id": "x"}] * 1_001))) == 1_000


def test_a_message_is_ascii() -> None:
    """A value may hold anything, such as a line end or a sign that turns the line around."""
    (violation,) = violations("createElement", _with(tag_list=[{"tag_id": "\u202eé\n"}]))

    assert r"not '\u202e\xe9\n'" in violation.message


@pytest.mark.parametrize(("expected", "more"), [([], 0), ([("", "R15")], 1)], ids=["the largest", "one byte more"])
def test_a_body_may_be_so_large_and_no_larger(expected: list[tuple[str, str]], more: int) -> None:
    """56,972,640 bytes of JSON text are sent, 56,972,641 are not."""
    around = len(json.dumps(_with(external_task_id=""), separators=(",", ":")))
    body = _with(external_task_id="a" * (56_972_640 - around + more))

    assert expected == [(violation.pointer, violation.rule) for violation in violations("createElement", body)]


def test_a_body_beyond_the_largest_is_refused() -> None:
    """In bytes as sent, whatever fills them."""
    largest = 56_972_640
    (violation,) = violations("createElement", _with(external_task_id="é" * (largest // 2)))

    assert ("", "R15") == (violation.pointer, violation.rule)
    assert f"at most {largest} are allowed" in violation.message


def test_a_model_that_was_changed_is_checked_as_it_is_now(
    client: AuthenticatedClient, gateway: respx.MockRouter
) -> None:
    """There is no way round the check, neither by a list nor by an attribute nor by additional properties."""
    changes: dict[str, Callable[[ImageElementRequest], object]] = {
        "/element_image_list/refer_images": lambda model: model.element_image_list.refer_images.clear(),
        "/element_image_list/refer_images/0/image_url": lambda model: setattr(
            model.element_image_list.refer_images[0], "image_url", 5
        ),
        "/element_name": lambda model: setattr(model, "element_name", "x" * 21),
        "/element_image_list": lambda model: setattr(model, "element_image_list", ReferImage(image_url="x")),
        "/reference_type": lambda model: setattr(model, "reference_type", "video_refer"),
        "/tag_list": lambda model: setattr(model, "tag_list", None),
        "/colour": lambda model: model.additional_properties.update(colour="red"),
        "/element_voice_id": lambda model: model.additional_properties.update(element_voice_id=""),
    }

    for pointer, change in changes.items():
        model = ImageElementRequest.from_dict(_BODY)
        assert [] == violations("createElement", model)
        change(model)
        with pytest.raises(ContractError) as caught:
            create_element.sync(client=client, body=model)
        if pointer != "/reference_type":
            assert pointer in {each.pointer[: len(pointer)] for each in caught.value.violations}

    assert not gateway.calls


_OF_BYTES = "; an image is sent as base64.b64encode(...).decode()"


class _Text(str):
    """A text that says something else of itself, as some libraries' do."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class _Itself(str):
    """A text whose own str() is not a plain one, as that of markup libraries."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class _Name(enum.StrEnum):
    ADA = "Ada"


class _Field(enum.StrEnum):
    NAME = "element_name"


class _Level(enum.IntEnum):
    HIGH = 2


class _Odd(enum.Enum):
    BYTES = b"x"
    NAN = float("nan")
    HALF = "\ud83d"


class _OldName(str, enum.Enum):  # noqa: UP042 - as programs older than StrEnum have it
    ADA = "Ada"


@dataclass
class _Person:
    element_name: str


_CYCLE: list[Any] = []
_CYCLE.append(_CYCLE)
_CYCLIC_OBJECT: dict[str, Any] = {}
_CYCLIC_OBJECT["again"] = {"and": [_CYCLIC_OBJECT]}


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_the_kinds_of_text_say_something_else_of_themselves() -> None:
    """So that the tests below would notice a client that asks them."""
    assert str(_Text("Ada")) == "something else"
    assert type(str(_Itself("Ada"))) is _Itself


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        pytest.param(_BODY, MappingProxyType(_BODY), id="read-only mapping"),
        pytest.param(_BODY, OrderedDict(_BODY), id="ordered mapping"),
        pytest.param(_with(element_name="Ada"), _with(element_name=_Name.ADA), id="member of a StrEnum"),
        pytest.param(_with(element_name="Ada"), _with(element_name=_OldName.ADA), id="member of an older enum"),
        pytest.param(_with(element_name="Ada"), _with(element_name=_Text("Ada")), id="kind of text"),
        pytest.param(_with(element_name="Ada"), _with(element_name=_Itself("Ada")), id="other kind of text"),
        pytest.param(_with(tag_list=[]), _with(tag_list=()), id="tuple"),
        pytest.param(
            _with(tag_list=[{"tag_id": "o_103"}] * 3),
            _with(tag_list=({"tag_id": "o_103"}, ElementTag(tag_id=TagId.ANIMAL), {"tag_id": TagId.ANIMAL})),
            id="models and members in a tuple",
        ),
        pytest.param(
            _BODY,
            {_Field.NAME if name == "element_name" else name: _BODY[name] for name in _BODY},
            id="member of an enum as a name",
        ),
        pytest.param(_BODY, {_Text(name): _BODY[name] for name in _BODY}, id="kinds of text as names"),
        pytest.param(_BODY, ImageElementRequest.from_dict(_BODY), id="model"),
    ],
)
def test_what_python_has_for_a_json_value_is_sent_as_that(
    expected: Any, body: Any, client: AuthenticatedClient, gateway: respx.MockRouter
) -> None:
    """Only its kind is lost, never its value."""
    gateway.post().respond(json={})

    create_element.sync(client=client, body=body)

    assert expected == json.loads(gateway.calls.last.request.content)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("nan cannot be written as JSON", float("nan")),
        ("inf cannot be written as JSON", float("inf")),
        ("-inf cannot be written as JSON", float("-inf")),
        (f"a value of type bytes cannot be written as JSON{_OF_BYTES}", b"x"),
        (f"a value of type bytearray cannot be written as JSON{_OF_BYTES}", bytearray(b"x")),
        ("a value of type set cannot be written as JSON", {"x"}),
        ("a value of type frozenset cannot be written as JSON", frozenset({"x"})),
        ("a value of type dict_keys cannot be written as JSON", {}.keys()),
        ("a value of type range cannot be written as JSON", range(2)),
        ("a value of type complex cannot be written as JSON", 1j),
        ("a value of type Decimal cannot be written as JSON", Decimal(1)),
        ("a value of type URL cannot be written as JSON", httpx.URL("https://example.com")),
        ("a value of type UserString cannot be written as JSON", UserString("x")),
        ("a value of type _Person cannot be written as JSON", _Person("x")),
        ("a value of type type cannot be written as JSON", _Person),
        (f"a value of type bytes cannot be written as JSON{_OF_BYTES}", _Odd.BYTES),
        ("nan cannot be written as JSON", _Odd.NAN),
        ("text with half a surrogate pair cannot be written as JSON", _Odd.HALF),
        ("a value of type Unset cannot be written as JSON", UNSET),
        ("a value of type object cannot be written as JSON", object()),
        ("text with half a surrogate pair cannot be written as JSON", "a\ud83d"),
        ("text with half a surrogate pair cannot be written as JSON", "\ude00\ud83d"),
        ("has a property name that cannot be written as JSON", {1: 2}),
        ("has a property name that cannot be written as JSON", {None: 2}),
        ("has a property name that cannot be written as JSON", {b"x": 2}),
        ("has a property name that cannot be written as JSON", {("x",): 2}),
        ("has a property name that cannot be written as JSON", {"\ud83d": 2}),
        ("an integer of more than 64 bits is not read alike everywhere", 2**64),
        ("an integer of more than 64 bits is not read alike everywhere", -(2**64)),
        ("an integer of more than 64 bits is not read alike everywhere", 10**5000),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("on_violation", ["raise", "warn", "ignore"])
def test_what_json_cannot_carry_is_never_sent(
    expected: str, value: Any, on_violation: str, make_client: MakeClient, gateway: respx.MockRouter
) -> None:
    """The place is named; no exception of another library comes through."""
    client = make_client(on_violation=on_violation)

    with pytest.raises(ContractError) as caught:
        create_element.sync(client=client, body=_with(tag_list=[{"tag_id": value}]))

    assert [Violation("/tag_list/0/tag_id", "R03", expected)] == caught.value.violations
    assert not gateway.calls


@pytest.mark.parametrize("value", [2**64 - 1, -(2**64) + 1, 1.5, 1e308, True, None, "\U0001f600", _nested(60)])
def test_what_json_can_carry_is_sent_where_the_caller_wants_that(
    value: Any, make_client: MakeClient, gateway: respx.MockRouter
) -> None:
    """However wrong it may be."""
    gateway.post().respond(json={})

    create_element.sync(client=make_client(on_violation="ignore"), body={"new": value})

    assert {"new": value} == json.loads(gateway.calls.last.request.content)


def test_a_member_of_an_enum_of_numbers_is_sent_as_its_number(
    make_client: MakeClient, gateway: respx.MockRouter
) -> None:
    """As a member of an enum of texts is sent as its text."""
    gateway.post().respond(json={})

    create_element.sync(client=make_client(on_violation="ignore"), body={"new": _Level.HIGH})

    assert b'{"new":2}' == gateway.calls.last.request.content


@pytest.mark.parametrize(
    "value",
    [_CYCLE, _CYCLIC_OBJECT, _nested(64), _nested(500), _nested(50_000)],
    ids=["array in itself", "object in itself", "too deep", "deeper", "deepest"],
)
@pytest.mark.parametrize("on_violation", ["raise", "warn", "ignore"])
def test_what_has_no_end_or_is_too_deep_is_never_sent(
    value: Any, on_violation: str, make_client: MakeClient, gateway: respx.MockRouter
) -> None:
    """A value that contains itself ends in a violation, not in a traceback."""
    with pytest.raises(ContractError) as caught:
        create_element.sync(client=make_client(on_violation=on_violation), body=_with(tag_list=value))

    expected = "is nested deeper than 64 levels, or contains itself"
    assert [Violation("", "R03", expected)] == caught.value.violations
    assert not gateway.calls


@pytest.mark.parametrize("on_violation", ["raise", "warn", "ignore"])
def test_a_body_of_too_many_values_is_never_sent(
    on_violation: str, make_client: MakeClient, gateway: respx.MockRouter
) -> None:
    """One that a few references blow up would take for ever; the limit is the contract's."""
    value: Any = {"x": 1}
    for _ in range(40):
        value = [value, value]

    with pytest.raises(ContractError) as caught:
        create_element.sync(client=make_client(on_violation=on_violation), body=_with(tag_list=value))

    expected = "has more than 100000 values, or contains itself"
    assert [Violation("", "R03", expected)] == caught.value.violations
    assert not gateway.calls


def test_a_body_may_have_as_many_values_as_the_contract_says() -> None:
    """The body itself is one, as are lists and objects in it."""
    others = 10  # the body, its 5 texts, the objects and the list of the images, and the list of the tags
    tags = (100_000 - others) // 2
    body = _with(tag_list=[{"tag_id": "o_101"}] * tags)

    assert [] == violations("createElement", body)
    assert ["R03"] == [each.rule for each in violations("createElement", _with(tag_list=[*body["tag_list"], {}]))]


@pytest.mark.parametrize(
    ("expected", "length"), [("/tag_list/0/" + "x" * 80, 80), ("/tag_list/0", 81)], ids=["80", "81"]
)
def test_a_place_is_told_without_names_that_are_too_long(expected: str, length: int) -> None:
    """A whole image may stand where a name is due."""
    body = _with(tag_list=[{"tag_id": "o_101", "x" * length: 1}])

    assert [expected] == [each.pointer for each in violations("createElement", body)]


def test_everything_that_json_cannot_carry_is_told_at_once() -> None:
    """Each at its own place."""
    body = _with(element_name=b"x", tag_list=[{1}, float("nan"), {"a/b": 1j}])

    found = violations("createElement", body)

    assert ["/element_name", "/tag_list/0", "/tag_list/1", "/tag_list/2/a~1b"] == [each.pointer for each in found]


def test_threads_share_one_client_of_httpx(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask for it at the same moment."""
    made: list[httpx.Client] = []
    ready = threading.Barrier(32)
    arrived = threading.Event()

    class Counted(httpx.Client):
        def __init__(self, **options: Any) -> None:
            made.append(self)
            arrived.wait(0.05)  # leaves the others time to make another, if they can
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Counted)
    client = make_client()

    def ask(_: int) -> httpx.Client:
        ready.wait()
        return client.get_httpx_client()

    with ThreadPoolExecutor(32) as threads:
        got = list(threads.map(ask, range(32)))

    assert [made[0]] * 32 == got
    assert 1 == len(made)


def test_each_event_loop_has_its_own_client_of_httpx(client: AuthenticatedClient) -> None:
    """Connections belong to the loop that they were opened on; within one, all calls share them."""

    async def ask() -> list[httpx.AsyncClient]:
        return [client.get_async_httpx_client() for _ in range(2)]

    with asyncio.Runner() as one, asyncio.Runner() as other:  # both loops are there at the same time
        first, second = one.run(ask()), other.run(ask())

    assert first[0] is first[1]
    assert second[0] is second[1]
    assert first[0] is not second[0]


def test_outside_of_an_event_loop_there_is_no_client_for_one(client: AuthenticatedClient) -> None:
    """Nobody could use it."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.get_async_httpx_client()


def test_a_with_block_closes_the_connections(make_client: MakeClient) -> None:
    """Also when it ends in an exception, which it lets through."""
    client = make_client()
    inner = client.get_httpx_client()

    def leave_with_an_exception() -> None:
        with client as entered:
            raise LookupError(entered)

    with pytest.raises(LookupError) as caught:
        leave_with_an_exception()

    assert (client,) == caught.value.args
    assert inner.is_closed


def test_an_async_with_block_closes_both_kinds_of_connection(make_client: MakeClient) -> None:
    """A program may have used both."""

    async def run() -> list[Any]:
        async with make_client() as client:
            return [client.get_httpx_client(), client.get_async_httpx_client()]

    assert [True, True] == [inner.is_closed for inner in asyncio.run(run())]


def test_a_client_may_be_closed_twice_and_before_it_was_used(client: AuthenticatedClient) -> None:
    """Nothing happens then."""

    async def run() -> None:
        await client.aclose()
        await client.aclose()

    client.close()
    client.close()
    asyncio.run(run())

    assert client.get_httpx_client().is_closed is False


def test_a_closed_client_can_be_used_again(client: AuthenticatedClient, gateway: respx.MockRouter) -> None:
    """It makes new connections."""
    gateway.post().respond(json={})

    for _ in range(2):
        with client:
            create_element.sync(client=client, body=_BODY)
            inner = client.get_httpx_client()
        assert inner.is_closed
        asyncio.run(_create_and_close(client))

    assert 4 == gateway.calls.call_count


async def _create_and_close(client: AuthenticatedClient) -> None:
    async with client:
        await create_element.asyncio(client=client, body=_BODY)


@pytest.mark.parametrize(
    "again",
    [
        Unset,
        lambda: copy.copy(UNSET),
        lambda: copy.deepcopy(UNSET),
        lambda: copy.deepcopy([UNSET])[0],
        *(lambda protocol=protocol: pickle.loads(pickle.dumps(UNSET, protocol)) for protocol in range(6)),
    ],
)
def test_there_is_only_one(again: Callable[[], Unset]) -> None:
    """Also after copy and pickle, so that `is` may be asked."""
    assert UNSET is again()


def test_it_is_false_and_says_what_it_is() -> None:
    """`if model.tag_list` asks whether there is anything."""
    assert not UNSET
    assert "UNSET" == repr(UNSET) == str(UNSET)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), attrs.evolve])
def test_a_copied_model_lacks_what_the_original_lacked(clone: Callable[[Any], Any]) -> None:
    """It makes the same request."""
    model = ImageElementRequest.from_dict(_BODY)

    assert model == clone(model)
    assert _BODY == clone(model).to_dict()
    assert clone(model).tag_list is UNSET


def test_every_exported_name_is_there() -> None:
    """Also those that are loaded on first use."""
    assert sorted(kling_elements_client.__all__) == dir(kling_elements_client)
    for name in kling_elements_client.__all__:
        assert getattr(kling_elements_client, name) is not None


def test_any_other_name_is_an_attribute_error() -> None:
    """With the usual words."""
    with pytest.raises(AttributeError, match="module 'kling_elements_client' has no attribute 'Client'"):
        kling_elements_client.Client  # noqa: B018 - asking is the test
