"""A notification is believed only if it was signed with the account's secret, just now, exactly as it arrived."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.message import Message
from time import time
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kling_elements import webhooks
from kling_elements.webhooks import WebhookError
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task, TaskInfo, TaskStatus
from scripts.spec import load

# The vendor's own vector.
_SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
_ID = "9876543210"
_TIMESTAMP = "1781080794"
_BODY = b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
_SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="

_NOW = datetime(2026, 6, 10, 8, 39, 54, tzinfo=UTC)
_OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of the same account").decode()
_HEADERS = {"webhook-id": _ID, "webhook-timestamp": _TIMESTAMP, "webhook-signature": _SIGNATURE}
_PATIENT = settings(deadline=None)  # a busy machine proves nothing


def signature_of(body: bytes, secret: str = _SECRET, id_: str = _ID, timestamp: str = _TIMESTAMP) -> str:
    """Sign by the words of the scheme, with nothing of the library that the package uses."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = b".".join([id_.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def parse(body: Any = _BODY, headers: Any = None, **options: Any) -> Task:
    """Parse the vendor's vector, with what is given in place of its parts."""
    vector: dict[str, Any] = {"secrets": _SECRET, "now": _NOW}
    return webhooks.parse(body, _HEADERS if headers is None else headers, **(vector | options))


def parse_signed(body: bytes) -> Task:
    """Parse a body that is signed rightly."""
    return parse(body, _HEADERS | {"webhook-signature": signature_of(body)})


def refusal(**changes: Any) -> WebhookError:
    """Return the error with which a notification is refused: no subclass, and no other one behind it."""
    with pytest.raises(WebhookError) as caught:
        parse(**changes)
    assert type(caught.value) is WebhookError
    assert caught.value.__context__ is None
    return caught.value


def test_the_vendors_vector_verifies() -> None:
    """It is a succeeded task, in the newer shape."""
    assert signature_of(_BODY) == _SIGNATURE

    task = parse()

    assert type(task) is Task
    assert "1234567890" == task.task_id
    assert TaskStatus.SUCCEED is task.task_status
    assert "" == task.task_status_msg
    assert (1781080778802, 1781080794151) == (task.created_at, task.updated_at)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        (TaskStatus.SUCCEED, b'{"task_id":"7","task_status":"succeed"}'),
        (TaskStatus.SUCCEED, b'{"task_id":"7","task_status":"succeeded"}'),
        (TaskStatus.SUCCEED, b'{"id":"7","status":"succeed"}'),
        (TaskStatus.SUCCEED, b'{"id":"7","status":"succeeded"}'),
        (TaskStatus.FAILED, b'{"id":"7","status":"failed","message":"a face is needed"}'),
        ("paused", b'{"task_id":"7","task_status":"paused"}'),
    ],
)
def test_both_spellings_of_a_status_are_read(expected: str, body: bytes) -> None:
    """In both shapes; a word that nobody knows yet is kept."""
    task = parse_signed(body)

    assert ("7", expected) == (task.task_id, task.task_status)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (
            Task(
                task_id="880431920114688",
                task_status=TaskStatus.PROCESSING,
                task_status_msg="",
                task_info=TaskInfo(external_task_id="mara-2026-07"),
                created_at=1784541600000,
                updated_at=1784541601000,
            ),
            "notification",
        ),
        (
            Task(
                task_id="880431920114688",
                task_status=TaskStatus.SUCCEED,
                task_status_msg="",
                created_at=1784541600000,
                updated_at=1784541605000,
            ),
            "notificationNewer",
        ),
    ],
)
def test_the_notifications_of_the_contract_are_read(expected: Task, name: str) -> None:
    """Signed here, from the words of the scheme."""
    example = load()["components"]["examples"][name]["value"]

    assert expected == parse_signed(json.dumps(example, indent=1).encode())


def test_a_body_beyond_ascii_is_verified_as_its_bytes() -> None:
    """The signature covers UTF-8; another notation of the same text is another body."""
    body = '{"task_id":"7","task_status_msg":"\u8d85\U0001f600"}'.encode()
    headers = _HEADERS | {"webhook-signature": signature_of(body)}

    assert "\u8d85\U0001f600" == parse(body, headers).task_status_msg
    assert "no v1 signature in" in str(refusal(body=json.dumps(json.loads(body)).encode(), headers=headers))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda body: memoryview(body[::-1])[::-1]])
def test_a_body_may_be_any_kind_of_bytes(kind: Any) -> None:
    """Whatever the framework collects it in."""
    assert "1234567890" == parse(kind(_BODY)).task_id


def _message(headers: dict[str, str]) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


@pytest.mark.parametrize(
    "headers",
    [
        {name.title(): value for name, value in _HEADERS.items()},
        {name.upper(): value for name, value in _HEADERS.items()},
        {"HTTP_" + name.upper().replace("-", "_"): value for name, value in _HEADERS.items()}
        | {"wsgi.input": object()},
        {"accept": "*/*", "\u212aey": "\xff", "x": "1", "X": "2"} | _HEADERS,
        MappingProxyType(_HEADERS),
        httpx.Headers(_HEADERS),
        _message(_HEADERS),
    ],
    ids=["title", "upper", "wsgi", "others", "proxy", "httpx", "email"],
)
def test_headers_are_found_in_any_mapping_and_letter_case(headers: Any) -> None:
    """Frameworks disagree on both; other headers do not matter."""
    assert "1234567890" == parse(headers=headers).task_id


def _changed(text: bytes, codes: Iterable[int]) -> set[bytes]:
    """Return everything that one byte more, less or other makes of a text, with bytes of these codes."""
    characters = [bytes([code]) for code in codes]
    places = range(len(text) + 1)
    inserted = {text[:at] + each + text[at:] for at in places for each in characters}
    replaced = {text[:at] + each + text[at + 1 :] for at in places[:-1] for each in [b"", *characters]}
    return (inserted | replaced) - {text}


@pytest.mark.parametrize("name", sorted(_HEADERS))
def test_each_changed_byte_of_a_header_is_refused(name: str) -> None:
    """Also a timestamp of the same number, and a signature whose Base64 stands for the same bytes."""
    changed = _changed(_HEADERS[name].encode(), range(128))

    assert len(changed) > 2_000
    for value in changed:
        refusal(headers=_HEADERS | {name: value.decode()}, tolerance=timedelta.max)


def test_each_changed_byte_of_the_body_is_refused() -> None:
    """Also one that changes nothing of its meaning, such as a space."""
    changed = _changed(_BODY, b' 0"\x00\xff')

    assert len(changed) > 1_000
    for body in changed:
        refusal(body=body)


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        (None, 0),
        (None, 300),
        (None, -300),
        (None, 299.999999),
        (None, -299.999999),
        ("300.000001 seconds behind", 300.000001),
        ("300.000001 seconds ahead of", -300.000001),
        ("300.5 seconds behind", 300.5),
        ("301 seconds behind", 301),
        ("301 seconds ahead of", -301),
    ],
)
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11, minutes=-30))], ids=["utc", "samoa"])
def test_a_timestamp_may_be_five_minutes_off(expected: str | None, seconds: float, zone: timezone) -> None:
    """In both directions, both ends included, fractions counted, in any time zone."""
    now = (_NOW + timedelta(seconds=seconds)).astimezone(zone)

    if expected is None:
        assert "1234567890" == parse(now=now).task_id
    else:
        message = f"the header webhook-timestamp is {expected} the clock; at most 300 are allowed"
        assert message == str(refusal(now=now))


@pytest.mark.parametrize(
    ("expected", "tolerance"),
    [
        ("at most 0 are allowed", timedelta()),
        ("at most 0.5 are allowed", timedelta(seconds=0.5)),
        (None, timedelta.max),
    ],
)
def test_the_tolerance_can_be_chosen(expected: str | None, tolerance: timedelta) -> None:
    """None at all asks for the very second."""
    assert "1234567890" == parse(tolerance=tolerance).task_id

    later = _NOW + timedelta(seconds=1)
    if expected is None:
        assert "1234567890" == parse(now=later, tolerance=tolerance).task_id
    else:
        assert expected in str(refusal(now=later, tolerance=tolerance))


def test_the_clock_is_the_machines_unless_given() -> None:
    """A notification of now is taken, one of 1970 is not."""
    timestamp = str(int(time()))
    fresh = {"webhook-timestamp": timestamp, "webhook-signature": signature_of(_BODY, timestamp=timestamp)}
    stale = {"webhook-timestamp": "0", "webhook-signature": signature_of(_BODY, timestamp="0")}

    assert "1234567890" == parse(headers=_HEADERS | fresh, now=None).task_id
    assert "seconds behind the clock" in str(refusal(headers=_HEADERS | stale, now=None))
    assert "1234567890" == parse(headers=_HEADERS | stale, now=datetime.fromtimestamp(0, UTC)).task_id


@pytest.mark.parametrize(
    "now", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(-timedelta(1) / 2))]
)
@pytest.mark.parametrize("timestamp", ["0", "99999999999"])
def test_the_ends_of_time_can_be_compared(timestamp: str, now: datetime) -> None:
    """No number that a header may hold is beyond what can be computed with."""
    headers = _HEADERS | {"webhook-timestamp": timestamp}

    assert "webhook-timestamp is" in str(refusal(headers=headers, now=now))
    assert "no v1 signature in" in str(refusal(headers=headers, now=now, tolerance=timedelta.max))


@pytest.mark.parametrize("secrets", [_SECRET, [_SECRET], (_OTHER_SECRET, _SECRET), [_SECRET, _OTHER_SECRET]])
@pytest.mark.parametrize(
    "signatures",
    [
        [_SIGNATURE],
        [_SIGNATURE, signature_of(_BODY, _OTHER_SECRET)],
        ["v1,AAAA", _SIGNATURE, "v1a,~", "v2,x"],
        ["v1a," + _SIGNATURE.removeprefix("v1,"), _SIGNATURE],
    ],
)
def test_while_secrets_change_one_that_fits_is_enough(secrets: Any, signatures: list[str]) -> None:
    """Several secrets here, several signatures there, and versions that nobody knows between them."""
    assert (
        "1234567890" == parse(headers=_HEADERS | {"webhook-signature": " ".join(signatures)}, secrets=secrets).task_id
    )


def test_every_secret_is_compared_with_every_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after one fits, and in constant time: how long it takes tells nothing."""
    compared = []
    really = hmac.compare_digest

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append((ours, theirs))
        return really(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    other = signature_of(_BODY, _OTHER_SECRET)
    parse(
        headers=_HEADERS | {"webhook-signature": f"{_SIGNATURE} v1,AAAA v2,BBBB"},
        secrets=[_SECRET, _OTHER_SECRET],
    )

    assert [
        (_SIGNATURE.encode(), _SIGNATURE.encode()),
        (_SIGNATURE.encode(), b"v1,AAAA"),
        (other.encode(), _SIGNATURE.encode()),
        (other.encode(), b"v1,AAAA"),
    ] == compared


@pytest.mark.parametrize("length", [1, 2, 3, 24, 31, 64])
def test_a_secret_may_lack_the_padding(length: int) -> None:
    """The padding of Base64 says nothing; a key may have any length."""
    secret = "whsec_" + base64.b64encode(b"\xfb" * length).decode()
    headers = _HEADERS | {"webhook-signature": signature_of(_BODY, secret)}

    assert "1234567890" == parse(headers=headers, secrets=secret).task_id
    assert "1234567890" == parse(headers=headers, secrets=secret.rstrip("=")).task_id


def test_a_notification_without_a_signature_is_read_only_on_demand() -> None:
    """Then nothing is asked of the headers, nor of a signature that is wrong."""
    assert "1234567890" == webhooks.parse(_BODY, {}, verify=False).task_id
    assert "1234567890" == webhooks.parse(_BODY, {"webhook-signature": "v1,AAAA"}, verify=False).task_id


def _with(**headers: Any) -> dict[str, Any]:
    """Return the headers of the vector with others in their place; None takes one away."""
    changed = _HEADERS | {f"webhook-{name}": value for name, value in headers.items()}
    return {"headers": {name: value for name, value in changed.items() if value is not None}}


def _signed(body: bytes) -> dict[str, Any]:
    return {"body": body} | _with(signature=signature_of(body))


_ID_FORM = "the header webhook-id must be there once, as visible ASCII characters without a comma"
_TIME_FORM = "the header webhook-timestamp must be there once, as whole seconds since 1970 in 1 to 11 digits"
_SIGNATURE_FORM = "the header webhook-signature must be there once, as `v1,<Base64>` parted by single spaces"
_NO_FIT = "no v1 signature in the header webhook-signature fits the raw body with any secret (1 given)"
_NO_JSON = (
    "the body is no JSON object in UTF-8 without repeated keys; "
    "kling_elements.strict_json.loads(raw_body) says more of texts that are not JSON"
)
_NO_TASK = "the body names no task: `task_id`, or `id` in the newer shape, must be a text or an integer"
_NO_MAPPING = "headers must be a mapping of text to text"
_NO_KEY = "secret 1 of 1 is malformed: it must be the text `whsec_` and, without white space, a key in standard Base64"
_NO_SECRETS: list[Any] = [[], (), b"", {}, {_SECRET}, 7]
_MALFORMED: list[tuple[str, dict[str, Any]]] = [
    # the headers
    ("not signed: the header webhook-id is missing", _with(id=None)),
    ("not signed: the header webhook-timestamp is missing", _with(timestamp=None)),
    ("not signed: the header webhook-signature is missing", _with(signature=None)),
    ("not signed: the header webhook-id, webhook-timestamp, webhook-signature is missing", {"headers": {}}),
    ("not signed: the header webhook-id is missing", {"headers": {"webhoo\u212a-id": _ID} | _with(id=None)["headers"]}),
    (_ID_FORM, _with(id="")),
    (_ID_FORM, _with(id=f"{_ID}, {_ID}")),
    (_ID_FORM, _with(id=f"{_ID}\n")),
    (_ID_FORM, _with(id="\u0661\u0662")),
    (_ID_FORM, _with(id="\ud800")),
    (_ID_FORM, _with(id=9876543210)),
    (_ID_FORM, {"headers": _HEADERS | {"Webhook-Id": _ID}}),
    (_ID_FORM, {"headers": _HEADERS | {"HTTP_WEBHOOK_ID": "other"}}),
    (_ID_FORM, {"headers": httpx.Headers([*_HEADERS.items(), ("Webhook-ID", _ID)])}),
    (_ID_FORM, {"headers": _message(_HEADERS | {"WEBHOOK-ID": _ID})}),
    *(
        (_TIME_FORM, _with(timestamp=timestamp))
        for timestamp in (
            *("", " ", "now", "NaN", "inf", "1e9", "1781080794.0", "-1781080794", "+1781080794", "01781080794"),
            *(" 1781080794", "1781080794\n", "1_781_080_794", "0x6A291D9A", "1781080794, 1781080794"),
            *("\u0661\u0667\u0668\u0661\u0660\u0668\u0660\u0667\u0669\u0664", "100000000000", "9" * 5_000, 1781080794),
        )
    ),
    *(
        (_SIGNATURE_FORM, _with(signature=signature))
        for signature in (
            *("", " ", "v1", "v1,", ",", ",AAAA", _SIGNATURE.removeprefix("v1,"), f" {_SIGNATURE}", f"{_SIGNATURE} "),
            *(f"{_SIGNATURE}  {_SIGNATURE}", f"{_SIGNATURE}, {_SIGNATURE}", f"{_SIGNATURE},{_SIGNATURE}"),
            *(f"{_SIGNATURE}\r\n", f"{_SIGNATURE}\t{_SIGNATURE}", f"{_SIGNATURE} v1,\xe9", f"{_SIGNATURE} x"),
            b"v1,AAAA",
        )
    ),
    ("the header webhook-signature has no signature of version v1", _with(signature="v1a,AAAA v2,BBBB V1,CCCC")),
    (_NO_FIT, _with(signature="v1,AAAA")),
    (_NO_FIT, _with(signature="v1,~~~~ v1,===")),
    (_NO_FIT, _with(signature=_SIGNATURE.rstrip("="))),
    (_NO_FIT, _with(signature=_SIGNATURE.replace("+", "-"))),
    (_NO_FIT, _with(signature=signature_of(_BODY, _OTHER_SECRET))),
    (_NO_FIT, _with(id="another")),
    (_NO_FIT, _with(timestamp="1781080795")),
    *((_NO_MAPPING, {"headers": headers}) for headers in (7, [("webhook-id", _ID)], "webhook-id")),
    (f"{_NO_MAPPING}, but the name of one is no text", {"headers": {b"webhook-id": b"1"}}),
    # the body
    (_NO_FIT, {"body": b""}),
    (_NO_FIT, {"body": b"{"}),
    ("the body is not UTF-8", {"body": b"\xff"}),
    ("the body is not UTF-8", _signed(b'{"id":"7","message":"\xed\xa0\x80"}')),
    *(
        (_NO_JSON, _signed(body))
        for body in (
            *(b"", b"{", b"null", b"7", b'"task"', b"[]", b'[{"id":"7"}]', b'{"id":"7","id":"7"}', b'{"id":NaN}'),
            *(b'\xef\xbb\xbf{"id":"7"}', b'{"id":1e999}', b'{"id":"\\ud800"}', b"[" * 100_000),
            *(b'{"id":' + b"9" * 5_000 + b"}", b'{"id":"7"} {"id":"8"}', "id=7&status=\u8d85".encode(), b"{'id':'7'}"),
        )
    ),
    *(
        (_NO_TASK, _signed(body))
        for body in (
            *(b"{}", b'{"task_id":null}', b'{"task_id":""}', b'{"task_id":0}', b'{"id":""}'),
            *(b'{"task_id":[1]}', b'{"task_id":{}}'),
            *(b'{"task_id":true}', b'{"id":0.5}', b'{"task_status":"succeed"}', b'{"data":{"task_id":"7"}}'),
        )
    ),
    *(
        (f"the body is no task as the contract has it: {pointer} is of another kind", _signed(body))
        for pointer, body in (
            ("/task_status", b'{"task_id":"7","task_status":5}'),
            ("/task_status", b'{"id":"7","status":["succeeded"]}'),
            ("/task_result", b'{"task_id":"7","task_result":"all"}'),
            ("/task_result/elements/0/element_id", b'{"id":"7","task_result":{"elements":[{"element_id":1.5}]}}'),
        )
    ),
    *(
        (f"raw_body must be the raw bytes of the request's body as received, not of type {kind}", {"body": body})
        for kind, body in [("str", _BODY.decode()), ("dict", {"id": "7"}), ("NoneType", None), ("list", [1])]
    ),
    # what the receiver configures
    ("no secrets: give the account's webhook secret, or verify=False to believe anybody", {"secrets": None}),
    ("secrets and verify=False contradict each other: give one of them", {"verify": False}),
    ("secrets and verify=False contradict each other: give one of them", {"verify": False, "secrets": []}),
    *(("verify must be True or False", {"verify": verify}) for verify in (None, 0, 1, "", "no")),
    *(("secrets must be a text, or a list of at least one", {"secrets": secrets}) for secrets in _NO_SECRETS),
    *(
        (_NO_KEY, {"secrets": [secret]})
        for secret in (
            *("", "whsec_", "whsec_=", "whsec_A", "whsec_AAAAA", "whsec_AA=", "whsec_AAA==", "whsec_AAAA="),
            *("whsec_====", "whsec_AAA-", "whsec_AA A", _SECRET.removeprefix("whsec_"), _SECRET.upper()),
            *(f" {_SECRET}", f"{_SECRET}\n"),
            *("whsec_\u00e9\u00e9\u00e9\u00e9", "whsk_AAAA", None, 7, _SECRET.encode(), [_SECRET]),
        )
    ),
    (_NO_KEY, {"secrets": ""}),
    (_NO_KEY.replace("1 of 1", "2 of 3"), {"secrets": [_SECRET, "", None]}),
    (_NO_KEY.replace("1 of 1", "1 of 2"), {"secrets": b"AB"}),
    *(
        ("now must be a datetime with a time zone, such as datetime.now(UTC)", {"now": now})
        for now in (_NOW.replace(tzinfo=None), _NOW.timestamp(), _TIMESTAMP, _NOW.date())
    ),
    *(
        ("tolerance must be a timedelta that is not negative", {"tolerance": tolerance})
        for tolerance in (300, None, timedelta(microseconds=-1))
    ),
]


@pytest.mark.parametrize(("expected", "changes"), _MALFORMED, ids=range(len(_MALFORMED)))
def test_what_cannot_be_verified_or_read_is_one_error(expected: str, changes: dict[str, Any]) -> None:
    """It says what is wrong and what would be right, and keeps nothing of what it was about."""
    error = refusal(**changes)

    assert expected == str(error)
    assert isinstance(error, KlingError)
    assert isinstance(error, ValueError)
    copy = pickle.loads(pickle.dumps(error))
    assert (WebhookError, str(error)) == (type(copy), str(copy))


_CORE = "ZebraFish"
_CORE_SECRET = f"whsec_{_CORE}000"
_CORE_BODY = f'{{"id":"{_CORE}"'.encode()
_CORE_HEADERS = {"webhook-id": _CORE, "webhook-timestamp": _TIMESTAMP, "webhook-signature": f"v1,{_CORE}"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": _CORE_BODY + b"\xff"},
        {"body": _CORE_BODY.decode()},
        {"now": _NOW.replace(year=2025)},
        {"secrets": [_CORE_SECRET, _CORE_SECRET + "-"]},
        {"verify": False},
        {"headers": _CORE_HEADERS | {"webhook-id": f"{_CORE}\n"}},
        {"headers": _CORE_HEADERS | {"webhook-timestamp": _CORE}},
        {"headers": _CORE_HEADERS | {"webhook-signature": _CORE}},
        *(
            {"body": body, "secrets": None, "verify": False}
            for body in (
                *(_CORE_BODY, _CORE_BODY + b"}}", f'{{"{_CORE}":1,"{_CORE}":2}}'.encode(), _CORE_BODY + b"\xff"),
                *(f'["{_CORE}"]'.encode(), f'{{"task_id":["{_CORE}"]}}'.encode()),
            )
        ),
    ],
)
def test_an_error_tells_nothing_of_what_it_was_given(changes: dict[str, Any]) -> None:
    """Neither secret nor signature nor body can be seen in it, nor in what stands behind it."""
    vector = {"body": _CORE_BODY, "headers": _CORE_HEADERS, "secrets": _CORE_SECRET}
    error = refusal(**(vector | changes))

    shown = [str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    assert [text for text in [*shown, pickle.dumps(error).decode("latin-1")] if _CORE.lower() in text.lower()] == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_PROPERTIES = st.sampled_from(sorted({*Task.__annotations__, "id", "status", "message", "create_time", "update_time"}))


@_PATIENT
@given(
    headers=st.dictionaries(
        st.sampled_from(sorted(_HEADERS)), st.text() | st.from_regex("[0-9]+|v1,[A-Z]*"), min_size=1
    )
)
def test_no_headers_are_too_strange(headers: dict[str, str]) -> None:
    """Whatever stands in place of the vector's own, it is refused with the one error."""
    refusal(headers=_HEADERS | headers)


@_PATIENT
@given(body=st.binary() | st.builds(lambda value: json.dumps(value).encode(), st.dictionaries(_PROPERTIES, _JSON)))
@example(body=_BODY)
@example(body=b"")
def test_no_signed_body_is_too_strange(body: bytes) -> None:
    """Whatever is signed rightly is a task that has an id, or the one error."""
    try:
        task = parse_signed(body)
    except WebhookError:
        return
    assert isinstance(task.task_id, str | int)
