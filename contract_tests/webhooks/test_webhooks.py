"""Only notifications that were signed recently with the account's secret, byte for byte, are accepted."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from time import time
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from contract_tests.reading.live_responses import NOTIFICATION, LiveResponse, responses
from contract_tests.support.signed_notifications import (
    BODY,
    HEADERS,
    NOW,
    OTHER_SECRET,
    SECRET,
    SIGNATURE,
    as_message,
    parse,
    parse_signed,
    refusal,
    signature_of,
)
from contract_tests.support.tables import for_each_row
from kling_elements import webhooks
from kling_elements.mock.options import check_secret
from kling_elements.tasks import Progress, progress_of
from kling_elements_client.contract import CONTRACT
from kling_elements_client.models import Element, NamedTag, Task, TaskInfo, TaskResult, TaskStatus
from scripts.spec import load


def test_the_vendors_vector_verifies() -> None:
    """The vector contains a successful task in the newer shape."""
    assert signature_of(BODY) == SIGNATURE

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
    """Each shape may use either spelling, and an unknown status is kept."""
    task = parse_signed(body)

    assert ("7", expected) == (task.task_id, task.task_status)


_MARA = Element(
    element_id="9007199254740993",
    element_name="Mara the lighthouse",
    element_description="Keeper of a lighthouse, red raincoat, short grey hair.",
    reference_type="image_refer",
    element_type="image_refer",
    owned_by="studio",
    status="succeed",
    tag_list=[NamedTag(id="o_102", name="Character", description="A person")],
)
_MARA.additional_properties = {
    "type": "element",
    "materials": [{"type": "image", "role": "frontal", "url": "https://media.example.com/mara/front.jpg"}],
}


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
                task_info=TaskInfo(external_task_id="mara-2026-07"),
                created_at=1784541600000,
                updated_at=1784541605000,
                task_result=TaskResult(elements=[_MARA]),
            ),
            "notificationNewer",
        ),
    ],
)
def test_the_notifications_of_the_contract_are_read(expected: Task, name: str) -> None:
    """The contract's examples become tasks once they are signed. Undocumented properties are kept."""
    example = load()["components"]["examples"][name]["value"]
    task = parse_signed(json.dumps(example, indent=1).encode())

    additional, task.additional_properties = task.additional_properties, {}
    assert expected == task
    assert {key: example[key] for key in example if key in ("external_id", "outputs", "billing")} == additional


_NEWER = (
    b'{"id":"7","status":"SUCCEEDED","message":"","external_id":"e-1","outputs":['
    b'{"type":"video","id":"1"},{"type":"element","id":9007199254740993,"status":"succeed"}],"billing":[]}'
)
_OLDER = (
    b'{"task_id":"7","task_status":"succeed","task_info":{"external_task_id":"e-1"},'
    b'"task_result":{"element_id":9007199254740993}}'
)


@pytest.mark.parametrize(
    "body",
    [
        _NEWER,
        _OLDER,
        *(
            b'{"code":%s,"message":"ok","request_id":"r","data":%s}' % (code, task)
            for code in (b"0", b'"success"', b"200", b"5000")
            for task in (_NEWER, _OLDER)
        ),
        b'{"code":"success","data":{"task_id":"7","status":"SUCCESS","data":{"code":0,"data":%s}}}' % _OLDER,
    ],
)
def test_the_element_is_read_from_any_shape(body: bytes) -> None:
    """The shape may be older or newer, with or without an envelope."""
    task = parse_signed(body)

    assert "7" == task.task_id
    assert Progress.SUCCEEDED is progress_of(task, CONTRACT)
    assert "e-1" == task.external_task_id
    assert [9007199254740993] == [element.element_id for element in task.elements]


def test_a_body_beyond_ascii_is_verified_byte_by_byte() -> None:
    """The same text with other escapes is refused."""
    body = '{"task_id":"7","task_status_msg":"\u8d85\U0001f600"}'.encode()
    headers = HEADERS | {"webhook-signature": signature_of(body)}

    assert "\u8d85\U0001f600" == parse(body, headers).task_status_msg
    assert "no v1 signature in" in str(refusal(body=json.dumps(json.loads(body)).encode(), headers=headers))


@pytest.mark.parametrize(
    "kind",
    [bytes, bytearray, memoryview, pytest.param(lambda body: memoryview(body[::-1])[::-1], id="reversed memoryview")],
)
def test_a_body_may_be_any_kind_of_bytes(kind: Any) -> None:
    assert "1234567890" == parse(kind(BODY)).task_id


@pytest.mark.parametrize(
    "headers",
    [
        {name.title(): value for name, value in HEADERS.items()},
        {name.upper(): value for name, value in HEADERS.items()},
        {"HTTP_" + name.upper().replace("-", "_"): value for name, value in HEADERS.items()} | {"wsgi.input": object()},
        {"accept": "*/*", "\u212aey": "\xff", "x": "1", "X": "2"} | HEADERS,
        MappingProxyType(HEADERS),
        httpx.Headers(HEADERS),
        as_message(HEADERS),
    ],
    ids=["title", "upper", "wsgi", "others", "proxy", "httpx", "email"],
)
def test_headers_may_have_any_mapping_type_and_letter_case(headers: Any) -> None:
    """Frameworks differ in both. Other headers are ignored."""
    assert "1234567890" == parse(headers=headers).task_id


def _variants(text: bytes, codes: Iterable[int]) -> set[bytes]:
    """Return every text with one byte inserted, removed or replaced, using bytes with these codes."""
    characters = [bytes([code]) for code in codes]
    places = range(len(text) + 1)
    inserted = {text[:at] + byte + text[at:] for at in places for byte in characters}
    replaced = {text[:at] + byte + text[at + 1 :] for at in places[:-1] for byte in [b"", *characters]}
    return (inserted | replaced) - {text}


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_each_changed_byte_of_a_header_is_refused(name: str) -> None:
    """Even a timestamp with the same value or a signature that decodes to the same bytes is refused."""
    changed = _variants(HEADERS[name].encode(), range(128))

    assert len(changed) > 2_000
    for value in changed:
        refusal(headers=HEADERS | {name: value.decode()}, tolerance=timedelta.max)


def test_each_changed_byte_of_the_body_is_refused() -> None:
    """Even a change that does not alter the meaning, such as a space, is refused."""
    changed = _variants(BODY, b' 0"\x00\xff')

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
    """The limit is inclusive in both directions, to fractions of a second and in any time zone."""
    now = (NOW + timedelta(seconds=seconds)).astimezone(zone)

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
    """A tolerance of zero accepts only the exact second."""
    assert "1234567890" == parse(tolerance=tolerance).task_id

    later = NOW + timedelta(seconds=1)
    if expected is None:
        assert "1234567890" == parse(now=later, tolerance=tolerance).task_id
    else:
        assert expected in str(refusal(now=later, tolerance=tolerance))


def test_the_default_clock_is_the_machines() -> None:
    """A notification from now is accepted, and one from 1970 is not."""
    timestamp = str(int(time()))
    fresh = {"webhook-timestamp": timestamp, "webhook-signature": signature_of(BODY, timestamp=timestamp)}
    stale = {"webhook-timestamp": "0", "webhook-signature": signature_of(BODY, timestamp="0")}

    assert "1234567890" == parse(headers=HEADERS | fresh, now=None).task_id
    assert "seconds behind the clock" in str(refusal(headers=HEADERS | stale, now=None))
    assert "1234567890" == parse(headers=HEADERS | stale, now=datetime.fromtimestamp(0, UTC)).task_id


@pytest.mark.parametrize(
    "now", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(-timedelta(1) / 2))]
)
@pytest.mark.parametrize("timestamp", ["0", "99999999999"])
def test_extreme_timestamps_can_be_compared(timestamp: str, now: datetime) -> None:
    """No number that a header may contain causes an overflow."""
    headers = HEADERS | {"webhook-timestamp": timestamp}

    assert "webhook-timestamp is" in str(refusal(headers=headers, now=now))
    assert "no v1 signature in" in str(refusal(headers=headers, now=now, tolerance=timedelta.max))


@pytest.mark.parametrize("secrets", [SECRET, [SECRET], (OTHER_SECRET, SECRET), [SECRET, OTHER_SECRET]])
@pytest.mark.parametrize(
    "signatures",
    [
        [SIGNATURE],
        [SIGNATURE, signature_of(BODY, OTHER_SECRET)],
        ["v1,AAAA", SIGNATURE, "v1a,~", "v2,x"],
        ["v1a," + SIGNATURE.removeprefix("v1,"), SIGNATURE],
    ],
)
def test_one_matching_secret_is_enough_during_rotation(secrets: Any, signatures: list[str]) -> None:
    """There may also be several signatures, some of unknown versions."""
    assert "1234567890" == parse(headers=HEADERS | {"webhook-signature": " ".join(signatures)}, secrets=secrets).task_id


def test_every_secret_is_compared_with_every_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing continues after a match, so that its duration reveals nothing."""
    compared = []
    really = hmac.compare_digest

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append((ours, theirs))
        return really(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    other = signature_of(BODY, OTHER_SECRET)
    parse(
        headers=HEADERS | {"webhook-signature": f"{SIGNATURE} v1,AAAA v2,BBBB"},
        secrets=[SECRET, OTHER_SECRET],
    )

    assert [
        (SIGNATURE.encode(), SIGNATURE.encode()),
        (SIGNATURE.encode(), b"v1,AAAA"),
        (other.encode(), SIGNATURE.encode()),
        (other.encode(), b"v1,AAAA"),
    ] == compared


@pytest.mark.parametrize("length", [24, 25, 26, 31, 64])
def test_a_secret_may_omit_the_padding(length: int) -> None:
    """Such a key of 24 bytes or more verifies, and signs in the mock server too."""
    secret = "whsec_" + base64.b64encode(b"\xfb" * length).decode()
    headers = HEADERS | {"webhook-signature": signature_of(BODY, secret)}

    assert "1234567890" == parse(headers=headers, secrets=secret).task_id
    assert "1234567890" == parse(headers=headers, secrets=secret.rstrip("=")).task_id
    assert [secret, secret.rstrip("=")] == [check_secret(text) for text in (secret, secret.rstrip("="))]


def test_an_unsigned_notification_is_read_only_with_verify_false() -> None:
    """The headers are then ignored, even a wrong signature."""
    assert "1234567890" == webhooks.parse(BODY, {}, verify=False).task_id
    assert "1234567890" == webhooks.parse(BODY, {"webhook-signature": "v1,AAAA"}, verify=False).task_id


@for_each_row([row for row in responses() if row.call == NOTIFICATION])
def test_real_notifications_are_read(row: LiveResponse) -> None:
    """Notifications may have any shape, and are verified if they are signed."""
    options: dict[str, Any] = {"verify": False}
    if row.secret:
        sent = datetime.fromtimestamp(int(row.headers["webhook-timestamp"]), UTC)
        options = {"secrets": row.secret, "now": sent}

    task = webhooks.parse(row.content, row.headers, **options)

    assert row.reads.task == str(task.task_id)
    assert row.reads.external_id == task.external_task_id
    assert list(row.reads.elements or ()) == [element.id for element in task.elements]
    if row.reads.progress is not None:
        assert Progress[row.reads.progress.upper()] is progress_of(task, CONTRACT)
