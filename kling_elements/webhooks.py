"""Notifications of the gateway about a task, verified by the Standard Webhooks scheme and then read.

In Starlette or FastAPI, where `webhooks` is this module and the secret is the account's, as the console shows it:

    SECRETS = webhooks.check_secrets(os.environ["KLING_WEBHOOK_SECRET"])  # a mistake in it shows at the start

    async def notified(request):
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
from kling_elements.contracts import usable
from kling_elements.tasks import task_in
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import KlingError
from kling_elements_client.models import Task
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.texts import printable

_TOLERANCE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

# At least 24 bytes, as the Standard Webhooks specification has it (under "Signature scheme", 24 to 64 bytes). Only
# whole groups of Base64: the library drops letters that it does not know, and would sign with another key.
_SECRET = re.compile(r"whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{2}(?:==)?)?")
SECRET_FORM: Final = "`whsec_` and, without white space, a key of at least 24 bytes in standard Base64"  # noqa: S105 -- no secret
"""What a webhook secret must be, in words."""

_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PART = r"[!-+\--~]+"  # visible ASCII without the comma, with which servers join a header that came twice
_FORMS = {
    _ID: (re.compile(_PART), "once, as visible ASCII characters without a comma"),
    # A leading zero would change the header and not the number that is signed; all of 11 digits fit a datetime.
    _TIMESTAMP: (re.compile("0|[1-9][0-9]{0,10}"), "once, as whole seconds since 1970 in 1 to 11 digits"),
    _SIGNATURE: (
        re.compile(rf"{_PART},{_PART}(?: {_PART},{_PART})*"),
        "once, as `v1,<Base64>` parted by single spaces",
    ),
}
_VERSION = "v1,"


class WebhookError(KlingError, ValueError):
    """A notification that is not to be trusted or cannot be read.

    The message says what is wrong and what is expected. It holds nothing of the secrets, the headers and the body.
    """


class WebhookUsageError(KlingError, ValueError):
    """Arguments with which no notification can be verified, such as a malformed secret of your own.

    It is no `WebhookError`, so that a receiver does not answer the sender as if the notification were at fault.
    """


def check_secrets(secrets: Sequence[str] | str) -> Sequence[str] | str:
    """Return webhook secrets as they are, for `parse`. Call it when your receiver starts.

    Raises:
        WebhookUsageError: One of them is malformed, or there is none.
    """
    _signers(secrets)
    return secrets


def is_secret(text: str) -> bool:
    """Return whether a text can be a webhook secret: one grammar for those who sign and those who verify."""
    return _SECRET.fullmatch(text) is not None


def parse(  # noqa: PLR0913 - all but the notification itself go by name
    raw_body: bytes | bytearray | memoryview,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str] | str | None = None,
    now: datetime | None = None,
    tolerance: timedelta = _TOLERANCE,
    verify: bool = True,
    contract: Contract = CONTRACT,
) -> Task:
    """Return the task that a notification tells of, after the signature was verified.

    A sender that got no success status sends again, and within the tolerance anybody who saw a notification can: the
    header `webhook-id` is the same each time, so remember it where doing something twice does harm.

    Args:
        raw_body: The body of the request exactly as received; a body that was parsed and written anew is another one.
        headers: The request's headers in any letter case, also as a WSGI environ. Without verification none is read.
        secrets: The webhook secret, `whsec_` and a key of at least 24 bytes in Base64. Several while they change: one
            that fits is enough.
        now: The time to compare with the header `webhook-timestamp`, with a time zone; the machine's clock if None.
        tolerance: How far the two may be apart, in both directions and inclusive; five minutes unless given.
        verify: False reads the notification of an account that has no secret. Anybody can forge it: look the task up.
        contract: What says how to read it; the package's by default.

    Returns:
        The task in the documented shape, also where it came in the newer one (`id`, `status`, `outputs`) or in the
        envelope of an answer. A status that is not known is kept as it is.

    Raises:
        WebhookError: A header is missing, repeated or malformed, the timestamp is too far off, no signature fits, or
            the body is no strict JSON object that names a task.
        WebhookUsageError: The arguments are of no use: neither `secrets` nor `verify=False`, or both; an empty list; a
            malformed secret; `now` without a time zone; a negative tolerance; a body that is not bytes.
    """
    body = _bytes(raw_body)
    contract = usable(contract)
    if _is_to_be_verified(verify, secrets):
        _verify(body, headers, _signers(secrets), _checked_now(now), _checked_tolerance(tolerance))
    task = task_in(_json_object(body), contract)
    if task is None:
        raise WebhookError(
            "the body names no task: `task_id`, or `id` in the newer shape, must be a text or an integer"
        )
    if found := contract.schema_violations("#/components/schemas/Task", task.to_dict()):
        where = printable(found[0].pointer)
        raise WebhookError(f"the body is no task as the contract has it: {where} is of another kind")
    return task


def _bytes(raw_body: object) -> bytes:
    if not isinstance(raw_body, bytes | bytearray | memoryview):
        kind = type(raw_body).__name__
        raise WebhookUsageError(f"raw_body must be the raw bytes of the request's body as received, not of type {kind}")
    return bytes(raw_body)


def _is_to_be_verified(verify: object, secrets: object) -> bool:
    """Whether to verify: only the constant False switches it off, not whatever counts as false."""
    if not isinstance(verify, bool):
        raise WebhookUsageError("verify must be True or False")
    if verify and secrets is None:
        raise WebhookUsageError("no secrets: give the account's webhook secret, or verify=False to believe anybody")
    if not verify and secrets is not None:
        raise WebhookUsageError("secrets and verify=False contradict each other: give one of them")
    return verify


def _signers(secrets: object) -> list[Webhook]:
    """One for each secret."""
    given = [secrets] if isinstance(secrets, str) else secrets
    if not isinstance(given, Sequence) or not given:
        raise WebhookUsageError("secrets must be a text, or a list of at least one")
    for index, secret in enumerate(given, start=1):
        if not isinstance(secret, str) or not is_secret(secret):
            raise WebhookUsageError(f"secret {index} of {len(given)} is malformed: it must be the text {SECRET_FORM}")
    return [Webhook(secret) for secret in given]


def _checked_now(now: object) -> datetime:
    if now is None:
        return datetime.now(UTC)
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise WebhookUsageError("now must be a datetime with a time zone, such as datetime.now(UTC)")
    return now


def _checked_tolerance(tolerance: object) -> timedelta:
    if not isinstance(tolerance, timedelta) or tolerance < timedelta():
        raise WebhookUsageError("tolerance must be a timedelta that is not negative")
    return tolerance


def _verify(
    body: bytes, headers: Mapping[str, str], signers: list[Webhook], now: datetime, tolerance: timedelta
) -> None:
    """Raise unless the headers are those of this body, now."""
    received = _headers(headers)
    sent = _EPOCH + timedelta(seconds=int(received[_TIMESTAMP]))
    off, direction = (now - sent, "behind") if now > sent else (sent - now, "ahead of")
    if off > tolerance:
        raise WebhookError(
            f"the header {_TIMESTAMP} is {off / _SECOND:.15g} seconds {direction} the clock; "
            f"at most {tolerance / _SECOND:.15g} are allowed"
        )
    signatures = [each.encode() for each in received[_SIGNATURE].split(" ") if each.startswith(_VERSION)]
    if not signatures:
        raise WebhookError(f"the header {_SIGNATURE} has no signature of version v1")
    text = _text(body)
    expected = [signer.sign(received[_ID], sent, text).encode() for signer in signers]
    # As texts, since several spellings of Base64 stand for the same bytes. The sum looks at every pair, so that the
    # time does not tell which secret fits.
    if not sum(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise WebhookError(
            f"no v1 signature in the header {_SIGNATURE} fits the raw body with any secret ({len(signers)} given)"
        )


def _headers(headers: Any) -> dict[str, str]:
    """The three headers of the scheme, each of them well-formed."""
    if not callable(getattr(headers, "items", None)):
        raise WebhookError("headers must be a mapping of text to text")
    found: dict[str, list[object]] = {}
    for name, value in headers.items():
        if not isinstance(name, str):
            raise WebhookError("headers must be a mapping of text to text, but the name of one is no text")
        found.setdefault(_plain(name), []).append(value)
    if missing := [name for name in _FORMS if name not in found]:
        raise WebhookError(f"not signed: the header {', '.join(missing)} is missing")
    received = {}
    for name, (form, expected) in _FORMS.items():
        value = found[name][0]
        if len(found[name]) > 1 or not isinstance(value, str) or not form.fullmatch(value):
            raise WebhookError(f"the header {name} must be there {expected}")
        received[name] = value
    return received


def _plain(name: str) -> str:
    """A header's name as `_FORMS` has it, also where it is the key of a WSGI environ."""
    if not name.isascii():
        return name  # to lower them would turn the Kelvin sign into a k
    return name[len("HTTP_") :].replace("_", "-").lower() if name.startswith("HTTP_") else name.lower()


# An exception keeps the one during whose handling it is raised, and UnicodeDecodeError and JSONDecodeError keep the
# body: so the two below are raised after the handling has ended.


def _text(body: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return body.decode()
    raise WebhookError("the body is not UTF-8")


def _json_object(body: bytes) -> dict[str, Any]:
    with suppress(strict_json.StrictJsonError):
        value = strict_json.loads(body)
        if isinstance(value, dict):
            return value
    raise WebhookError(
        "the body is no JSON object in UTF-8 without repeated keys; "
        "kling_elements.strict_json.loads(raw_body) says more of texts that are not JSON"
    )


__all__ = ["SECRET_FORM", "WebhookError", "WebhookUsageError", "check_secrets", "is_secret", "parse"]
