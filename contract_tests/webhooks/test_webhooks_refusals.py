"""A notification that can't be verified or read raises one error, which reveals nothing of its input."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract_tests.support.signed_notifications import (
    BODY,
    HEADERS,
    ID,
    NOW,
    OTHER_SECRET,
    SECRET,
    SIGNATURE,
    TIMESTAMP,
    as_message,
    parse_signed,
    refusal,
    signature_of,
)
from kling_elements import webhooks
from kling_elements.webhooks import WebhookError, WebhookUsageError
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task


def _headers_with(**headers: Any) -> dict[str, Any]:
    """Return the headers of the vendor's example with some replaced. None removes a header."""
    changed = HEADERS | {f"webhook-{name}": value for name, value in headers.items()}
    return {"headers": {name: value for name, value in changed.items() if value is not None}}


def _sign(body: bytes) -> dict[str, Any]:
    return {"body": body} | _headers_with(signature=signature_of(body))


_ID_FORM = "the header webhook-id must be present exactly once: visible ASCII characters without a comma"
_TIME_FORM = "the header webhook-timestamp must be present exactly once: whole seconds since 1970 in 1 to 11 digits"
_SIGNATURE_FORM = (
    "the header webhook-signature must be present exactly once: one or more `v1,<Base64>` separated by single spaces"
)
_NO_MATCH = (
    "no v1 signature in the header webhook-signature matches the raw body, with any of the secrets (1); "
    "check that you pass the body's bytes unchanged and this account's webhook secret"
)
_NOT_JSON = (
    "the body must be a JSON object in UTF-8 without repeated keys; "
    "if it isn't valid JSON, kling_elements.strict_json.loads(raw_body) says why"
)
_NO_TASK = "the body contains no task: `task_id`, or `id` in the newer shape, must be a string or an integer"
_NOT_A_MAPPING = "headers must be a mapping of strings to strings"
_MALFORMED_SECRET = (
    "secret 1 of 1 is malformed: it must be `whsec_` and, without white space, a key of at least 24 bytes in "
    "standard Base64"
)
_NO_SECRET = "secrets is missing: pass your account's webhook secret, or verify=False to accept unsigned notifications"
_SHORT = base64.b64encode(b"\xfb" * 23).decode()
_LONG = base64.b64encode(b"\xfb" * 24).decode()
_NO_SECRETS: list[Any] = [[], (), b"", {}, {SECRET}, 7]
_MALFORMED: list[tuple[str, dict[str, Any]]] = [
    # the headers
    ("the notification is not signed: missing headers: webhook-id", _headers_with(id=None)),
    ("the notification is not signed: missing headers: webhook-timestamp", _headers_with(timestamp=None)),
    ("the notification is not signed: missing headers: webhook-signature", _headers_with(signature=None)),
    (
        "the notification is not signed: missing headers: webhook-id, webhook-timestamp, webhook-signature",
        {"headers": {}},
    ),
    (
        "the notification is not signed: missing headers: webhook-id",
        {"headers": {"webhoo\u212a-id": ID} | _headers_with(id=None)["headers"]},
    ),
    (_ID_FORM, _headers_with(id="")),
    (_ID_FORM, _headers_with(id=f"{ID}, {ID}")),
    (_ID_FORM, _headers_with(id=f"{ID}\n")),
    (_ID_FORM, _headers_with(id="\u0661\u0662")),
    (_ID_FORM, _headers_with(id="\ud800")),
    (_ID_FORM, _headers_with(id=9876543210)),
    (_ID_FORM, {"headers": HEADERS | {"Webhook-Id": ID}}),
    (_ID_FORM, {"headers": HEADERS | {"HTTP_WEBHOOK_ID": "other"}}),
    (_ID_FORM, {"headers": httpx.Headers([*HEADERS.items(), ("Webhook-ID", ID)])}),
    (_ID_FORM, {"headers": as_message(HEADERS | {"WEBHOOK-ID": ID})}),
    *(
        (_TIME_FORM, _headers_with(timestamp=timestamp))
        for timestamp in (
            *("", " ", "now", "NaN", "inf", "1e9", "1781080794.0", "-1781080794", "+1781080794", "01781080794"),
            *(" 1781080794", "1781080794\n", "1_781_080_794", "0x6A291D9A", "1781080794, 1781080794"),
            *("\u0661\u0667\u0668\u0661\u0660\u0668\u0660\u0667\u0669\u0664", "100000000000", "9" * 5_000, 1781080794),
        )
    ),
    *(
        (_SIGNATURE_FORM, _headers_with(signature=signature))
        for signature in (
            *("", " ", "v1", "v1,", ",", ",AAAA", SIGNATURE.removeprefix("v1,"), f" {SIGNATURE}", f"{SIGNATURE} "),
            *(f"{SIGNATURE}  {SIGNATURE}", f"{SIGNATURE}, {SIGNATURE}", f"{SIGNATURE},{SIGNATURE}"),
            *(f"{SIGNATURE}\r\n", f"{SIGNATURE}\t{SIGNATURE}", f"{SIGNATURE} v1,\xe9", f"{SIGNATURE} x"),
            b"v1,AAAA",
        )
    ),
    (
        "the header webhook-signature has no signature of version v1",
        _headers_with(signature="v1a,AAAA v2,BBBB V1,CCCC"),
    ),
    (_NO_MATCH, _headers_with(signature="v1,AAAA")),
    (_NO_MATCH, _headers_with(signature="v1,~~~~ v1,===")),
    (_NO_MATCH, _headers_with(signature=SIGNATURE.rstrip("="))),
    (_NO_MATCH, _headers_with(signature=SIGNATURE.replace("+", "-"))),
    (_NO_MATCH, _headers_with(signature=signature_of(BODY, OTHER_SECRET))),
    (_NO_MATCH, _headers_with(id="another")),
    (_NO_MATCH, _headers_with(timestamp="1781080795")),
    *((_NOT_A_MAPPING, {"headers": headers}) for headers in (7, [("webhook-id", ID)], "webhook-id")),
    (f"{_NOT_A_MAPPING}, but one name is not a string", {"headers": {b"webhook-id": b"1"}}),
    # the body
    (_NO_MATCH, {"body": b""}),
    (_NO_MATCH, {"body": b"{"}),
    ("the body is not UTF-8", {"body": b"\xff"}),
    ("the body is not UTF-8", _sign(b'{"id":"7","message":"\xed\xa0\x80"}')),
    *(
        (_NOT_JSON, _sign(body))
        for body in (
            *(b"", b"{", b"null", b"7", b'"task"', b"[]", b'[{"id":"7"}]', b'{"id":"7","id":"7"}', b'{"id":NaN}'),
            *(b'\xef\xbb\xbf{"id":"7"}', b'{"id":1e999}', b'{"id":"\\ud800"}', b"[" * 100_000),
            b'{"id":"7","x":' + b"[" * 64 + b"]" * 64 + b"}",
            *(b'{"id":' + b"9" * 5_000 + b"}", b'{"id":"7"} {"id":"8"}', "id=7&status=\u8d85".encode(), b"{'id':'7'}"),
        )
    ),
    *(
        (_NO_TASK, _sign(body))
        for body in (
            *(b"{}", b'{"task_id":null}', b'{"task_id":""}', b'{"task_id":0}', b'{"id":""}'),
            *(b'{"task_id":[1]}', b'{"task_id":{}}'),
            *(b'{"task_id":true}', b'{"id":0.5}', b'{"task_status":"succeed"}', b'{"data":{"task_id":[]}}'),
            *(b'{"data":[{"task_id":"7"}]}', b'{"code":0,"data":{"data":{"task_id":""}}}', b'{"outputs":[{"id":"7"}]}'),
        )
    ),
    *(
        (f"the body is not a task that the contract allows: {pointer} has the wrong type", _sign(body))
        for pointer, body in (
            ("/task_status", b'{"task_id":"7","task_status":5}'),
            ("/task_status", b'{"id":"7","status":["succeeded"]}'),
            ("/task_result", b'{"task_id":"7","task_result":"all"}'),
            ("/task_result/elements/0/element_id", b'{"id":"7","task_result":{"elements":[{"element_id":1.5}]}}'),
            ("/task_result/elements/0/element_id", b'{"id":"7","outputs":[{"type":"element","id":1.5}]}'),
            ("/task_result/elements", b'{"id":"7","outputs":"all"}'),
        )
    ),
]

_MISUSED: list[tuple[str, dict[str, Any]]] = [
    *(
        (f"raw_body must be the request's body as raw bytes, exactly as received, not {kind}", {"body": body})
        for kind, body in [("str", BODY.decode()), ("dict", {"id": "7"}), ("NoneType", None), ("list", [1])]
    ),
    (_NO_SECRET, {"secrets": None}),
    ("secrets and verify=False contradict each other: pass only one of them", {"verify": False}),
    ("secrets and verify=False contradict each other: pass only one of them", {"verify": False, "secrets": []}),
    *(("verify must be True or False", {"verify": verify}) for verify in (None, 0, 1, "", "no")),
    *(("secrets must be a string or a list of at least one string", {"secrets": secrets}) for secrets in _NO_SECRETS),
    *(
        (_MALFORMED_SECRET, {"secrets": [secret]})
        for secret in (
            *("", "whsec_", "whsec_=", "whsec_A", "whsec_AAAAA", "whsec_AA=", "whsec_AAA==", "whsec_AAAA="),
            *("whsec_====", "whsec_AAA-", "whsec_AA A", SECRET.removeprefix("whsec_"), SECRET.upper()),
            *(f" {SECRET}", f"{SECRET}\n"),
            *(f"whsec_{_SHORT}", f"whsec_{_SHORT.rstrip('=')}", f"whsec_{_LONG}=", f"whsec_{_LONG}A", "whsec_QQ=="),
            *("whsec_\u00e9\u00e9\u00e9\u00e9", "whsk_AAAA", None, 7, SECRET.encode(), [SECRET]),
        )
    ),
    (_MALFORMED_SECRET, {"secrets": ""}),
    (_MALFORMED_SECRET.replace("1 of 1", "2 of 3"), {"secrets": [SECRET, "", None]}),
    (_MALFORMED_SECRET.replace("1 of 1", "1 of 2"), {"secrets": b"AB"}),
    *(
        ("now must be a datetime with a time zone, such as datetime.now(UTC)", {"now": now})
        for now in (NOW.replace(tzinfo=None), NOW.timestamp(), TIMESTAMP, NOW.date())
    ),
    *(
        ("tolerance must be a timedelta that is not negative", {"tolerance": tolerance})
        for tolerance in (300, None, timedelta(microseconds=-1))
    ),
]


@pytest.mark.parametrize(("expected", "changes"), _MALFORMED, ids=range(len(_MALFORMED)))
def test_an_invalid_notification_is_a_webhook_error(expected: str, changes: dict[str, Any]) -> None:
    """The message says what is wrong and what is allowed, and repeats none of the input."""
    _assert_one_error(expected, refusal(**changes))


@pytest.mark.parametrize(("expected", "changes"), _MISUSED, ids=range(len(_MISUSED)))
def test_wrong_arguments_are_not_blamed_on_the_sender(expected: str, changes: dict[str, Any]) -> None:
    """Wrong arguments raise another class, so that the documented receiver doesn't answer 400."""
    error = refusal(WebhookUsageError, **changes)

    assert not isinstance(error, WebhookError)
    _assert_one_error(expected, error)


def _assert_one_error(expected: str, error: Exception) -> None:
    assert expected == str(error)
    assert isinstance(error, KlingError)
    assert isinstance(error, ValueError)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error)) == (type(copy), str(copy))


def test_secrets_can_be_checked_at_startup() -> None:
    """A malformed secret is refused before the first notification."""
    assert SECRET == webhooks.check_secrets(SECRET)
    assert [SECRET, OTHER_SECRET] == webhooks.check_secrets([SECRET, OTHER_SECRET])
    with pytest.raises(WebhookUsageError, match="secret 2 of 2 is malformed"):
        webhooks.check_secrets([SECRET, "whsec_"])


_CORE = "ZebraFish"
_CORE_SECRET = f"whsec_{_CORE}{'0' * 23}"
_CORE_BODY = f'{{"id":"{_CORE}"'.encode()
_CORE_HEADERS = {"webhook-id": _CORE, "webhook-timestamp": TIMESTAMP, "webhook-signature": f"v1,{_CORE}"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": _CORE_BODY + b"\xff"},
        {"now": NOW.replace(year=2025)},
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
def test_an_error_reveals_nothing_of_its_input(changes: dict[str, Any]) -> None:
    """Neither the error nor its causes contain the secret, the signature or the body."""
    _assert_reveals_nothing(WebhookError, changes)


@pytest.mark.parametrize(
    "changes",
    [{"body": _CORE_BODY.decode()}, {"secrets": [_CORE_SECRET, _CORE_SECRET + "-"]}, {"verify": False}],
)
def test_a_usage_error_reveals_nothing_of_its_input(changes: dict[str, Any]) -> None:
    """The error contains no secret either."""
    _assert_reveals_nothing(WebhookUsageError, changes)


def _assert_reveals_nothing(kind: type[Exception], changes: dict[str, Any]) -> None:
    vector = {"body": _CORE_BODY, "headers": _CORE_HEADERS, "secrets": _CORE_SECRET}
    error = refusal(kind, **(vector | changes))
    shown = [str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
    assert [text for text in [*shown, pickle.dumps(error).decode("latin-1")] if _CORE.lower() in text.lower()] == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_PROPERTIES = st.sampled_from(sorted({*Task.__annotations__, "id", "status", "message", "create_time", "update_time"}))


@given(
    headers=st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text() | st.from_regex("[0-9]+|v1,[A-Z]*"), min_size=1)
)
def test_any_strange_headers_are_refused(headers: dict[str, str]) -> None:
    """Every other value of the three headers raises the same class of error."""
    refusal(headers=HEADERS | headers)


@given(body=st.binary() | st.builds(lambda value: json.dumps(value).encode(), st.dictionaries(_PROPERTIES, _JSON)))
@example(body=BODY)
@example(body=b"")
def test_any_signed_body_is_a_task_or_an_error(body: bytes) -> None:
    """Every correctly signed body gives a task with an id or a WebhookError."""
    try:
        task = parse_signed(body)
    except WebhookError:
        return
    assert isinstance(task.task_id, str | int)
