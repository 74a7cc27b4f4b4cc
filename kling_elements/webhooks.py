"""Verify and read the gateway's notifications about tasks, which follow the Standard Webhooks scheme.

Use it like this in Starlette or FastAPI, with the webhook secret that the console shows for your account:

    SECRETS = webhooks.check_secrets(os.environ["KLING_WEBHOOK_SECRET"])  # fails at startup if it is malformed

    async def on_notification(request):
        try:
            task = webhooks.parse(await request.body(), request.headers, secrets=SECRETS)
        except webhooks.WebhookError as error:
            return PlainTextResponse(f"refused: {error}", status_code=400)
        return PlainTextResponse(f"task {task.task_id} is {task.task_status}")
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from standardwebhooks.webhooks import Webhook

from kling_elements import strict_json
from kling_elements.tasks import find_task
from kling_elements.usable_contract import require_usable
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import printable

_TOLERANCE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

# The Standard Webhooks specification ("Signature scheme") asks for keys of 24 to 64 bytes. Accept only complete Base64
# groups, because the library drops characters that it does not know and would then sign with a different key.
_SECRET = re.compile(r"whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{2}(?:==)?)?")
SECRET_FORM: Final = "`whsec_` and, without white space, a key of at least 24 bytes in standard Base64"  # noqa: S105 - not a secret
"""The form of a webhook secret, in words for error messages."""

_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PART = r"[!-+\--~]+"  # visible ASCII; no comma, because servers join repeated headers with one
_FORMS = {
    _ID: (re.compile(_PART), "visible ASCII characters without a comma"),
    # A leading zero would change the header but not the signed number. Any number of 11 digits fits a datetime.
    _TIMESTAMP: (re.compile("0|[1-9][0-9]{0,10}"), "whole seconds since 1970 in 1 to 11 digits"),
    _SIGNATURE: (
        re.compile(rf"{_PART},{_PART}(?: {_PART},{_PART})*"),
        "one or more `v1,<Base64>` separated by single spaces",
    ),
}
_VERSION = "v1,"


class WebhookError(KlingError, ValueError):
    """A notification can't be trusted or read.

    The message says what is wrong and what is expected. It never contains secrets, headers or the body.
    """


class WebhookUsageError(KlingError, ValueError):
    """Your arguments are invalid, such as a malformed secret, so no notification can be verified.

    This is not a `WebhookError`, so your receiver does not blame the sender for your mistake.
    """


def check_secrets(secrets: Sequence[str] | str) -> Sequence[str] | str:
    """Check webhook secrets, and return them unchanged for `parse`. Call this when your receiver starts.

    Raises:
        WebhookUsageError: A secret is malformed, or the list is empty.
    """
    _create_signers(secrets)
    return secrets


def is_secret(text: str) -> bool:
    """Return whether a string is a well-formed webhook secret. Signing and verifying use this same check."""
    return _SECRET.fullmatch(text) is not None


def parse(  # noqa: PLR0913 - the options are keyword-only
    raw_body: bytes | bytearray | memoryview,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str] | str | None = None,
    now: datetime | None = None,
    tolerance: timedelta = _TOLERANCE,
    verify: bool = True,
    contract: Contract = CONTRACT,
) -> Task:
    """Verify the signature of a notification and return its task.

    The same notification can arrive more than once: the sender resends it until it gets a success status, and anybody
    who has seen it can replay it within the tolerance. If you must not act twice, store the header `webhook-id`, which
    is the same each time.

    Args:
        raw_body: The body of the request, exactly as received. Don't parse and serialize it.
        headers: The request's headers in any letter case, or a WSGI environ. Ignored if `verify` is False.
        secrets: The webhook secret, `whsec_` and a key of at least 24 bytes in Base64. Pass several while you rotate
            them: one that matches is enough.
        now: The time to compare with the header `webhook-timestamp`, with a time zone; by default the current time.
        tolerance: How far the two times may differ in either direction, inclusive; five minutes by default.
        verify: Use False if your account has no secret. Anybody can forge such a notification, so look up the task.
        contract: The contract that describes tasks; the package's own by default.

    Returns:
        The task in the documented shape, even if it arrived in the newer one (`id`, `status`, `outputs`) or in the
        envelope of a response. An unknown status is kept unchanged.

    Raises:
        WebhookError: A header is missing, repeated or malformed, the timestamp is too far off, no signature matches,
            or the body is not a strict JSON object that contains a task.
        WebhookUsageError: An argument is invalid: neither `secrets` nor `verify=False`, or both; an empty list; a
            malformed secret; `now` without a time zone; a negative tolerance; a body that is not bytes.
    """
    body = _check_body(raw_body)
    contract = require_usable(contract)
    if _should_verify(verify, secrets):
        _verify(body, headers, _create_signers(secrets), _check_now(now), _check_tolerance(tolerance))
    task = find_task(_read_json_object(body), contract)
    if task is None:
        raise WebhookError(
            "the body contains no task: `task_id`, or `id` in the newer shape, must be a string or an integer"
        )
    if violations := contract.schema_violations("#/components/schemas/Task", task.to_dict()):
        pointer = printable(violations[0].pointer)
        raise WebhookError(f"the body is not a task that the contract allows: {pointer} has the wrong type")
    return task


def _check_body(raw_body: object) -> bytes:
    if not isinstance(raw_body, bytes | bytearray | memoryview):
        kind = type(raw_body).__name__
        raise WebhookUsageError(f"raw_body must be the request's body as raw bytes, exactly as received, not {kind}")
    return bytes(raw_body)


def _should_verify(verify: object, secrets: object) -> bool:
    """Return whether to verify. Only the constant False turns it off, not just any falsy value."""
    if not isinstance(verify, bool):
        raise WebhookUsageError("verify must be True or False")
    if verify and secrets is None:
        raise WebhookUsageError(
            "secrets is missing: pass your account's webhook secret, or verify=False to accept unsigned notifications"
        )
    if not verify and secrets is not None:
        raise WebhookUsageError("secrets and verify=False contradict each other: pass only one of them")
    return verify


def _create_signers(secrets: object) -> list[Webhook]:
    """Return a signer for each secret."""
    texts = [secrets] if isinstance(secrets, str) else secrets
    if not isinstance(texts, Sequence) or not texts:
        raise WebhookUsageError("secrets must be a string or a list of at least one string")
    for index, secret in enumerate(texts, start=1):
        if not isinstance(secret, str) or not is_secret(secret):
            raise WebhookUsageError(f"secret {index} of {len(texts)} is malformed: it must be {SECRET_FORM}")
    return [Webhook(secret) for secret in texts]


def _check_now(now: object) -> datetime:
    if now is None:
        return datetime.now(UTC)
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise WebhookUsageError("now must be a datetime with a time zone, such as datetime.now(UTC)")
    return now


def _check_tolerance(tolerance: object) -> timedelta:
    if not isinstance(tolerance, timedelta) or tolerance < timedelta():
        raise WebhookUsageError("tolerance must be a timedelta that is not negative")
    return tolerance


def _verify(
    body: bytes, headers: Mapping[str, str], signers: list[Webhook], now: datetime, tolerance: timedelta
) -> None:
    """Raise an error unless the headers sign this body and the timestamp is current."""
    received = _read_headers(headers)
    sent = _EPOCH + timedelta(seconds=int(received[_TIMESTAMP]))
    difference, direction = (now - sent, "behind") if now > sent else (sent - now, "ahead of")
    if difference > tolerance:
        raise WebhookError(
            f"the header {_TIMESTAMP} is {difference / _SECOND:.15g} seconds {direction} the clock; "
            f"at most {tolerance / _SECOND:.15g} are allowed"
        )
    signatures = [part.encode() for part in received[_SIGNATURE].split(" ") if part.startswith(_VERSION)]
    if not signatures:
        raise WebhookError(f"the header {_SIGNATURE} has no signature of version v1")
    text = _decode_body(body)
    expected = [signer.sign(received[_ID], sent, text).encode() for signer in signers]
    # Compare the Base64 texts, because different texts can decode to the same bytes. `sum` compares every pair, so
    # that the time taken doesn't reveal which secret matches.
    if not sum(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise WebhookError(
            f"no v1 signature in the header {_SIGNATURE} matches the raw body, with any of the secrets "
            f"({len(signers)}); check that you pass the body's bytes unchanged and this account's webhook secret"
        )


def _read_headers(headers: Any) -> dict[str, str]:
    """Check the form of the three headers of the scheme, and return them."""
    if not callable(getattr(headers, "items", None)):
        raise WebhookError("headers must be a mapping of strings to strings")
    values: dict[str, list[object]] = {}
    for name, value in headers.items():
        if not isinstance(name, str):
            raise WebhookError("headers must be a mapping of strings to strings, but one name is not a string")
        values.setdefault(_normalize_name(name), []).append(value)
    if missing := [name for name in _FORMS if name not in values]:
        raise WebhookError(f"the notification is not signed: missing headers: {', '.join(missing)}")
    received = {}
    for name, (form, expected) in _FORMS.items():
        value = values[name][0]
        if len(values[name]) > 1 or not isinstance(value, str) or not form.fullmatch(value):
            raise WebhookError(f"the header {name} must be present exactly once: {expected}")
        received[name] = value
    return received


def _normalize_name(name: str) -> str:
    """Return a header's name as it is spelled in `_FORMS`, even if it is the key of a WSGI environ."""
    if not name.isascii():
        return name  # `lower` would turn the Kelvin sign into a k
    return name[len("HTTP_") :].replace("_", "-").lower() if name.startswith("HTTP_") else name.lower()


# UnicodeDecodeError and JSONDecodeError contain the body, and an exception raised in their handler would keep them as
# its context. So the two functions below raise only after the handler has ended.


def _decode_body(body: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return body.decode()
    raise WebhookError("the body is not UTF-8")


def _read_json_object(body: bytes) -> dict[str, Any]:
    with suppress(strict_json.StrictJsonError):
        value = strict_json.loads(body)
        if isinstance(value, dict):
            return value
    raise WebhookError(
        "the body must be a JSON object in UTF-8 without repeated keys; "
        "if it isn't valid JSON, kling_elements.strict_json.loads(raw_body) says why"
    )


__all__ = ["SECRET_FORM", "WebhookError", "WebhookUsageError", "check_secrets", "is_secret", "parse"]
