"""A notification that the vendor signed, and helpers to sign others."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from email.message import Message
from typing import Any

import pytest

from kling_elements import webhooks
from kling_elements.webhooks import WebhookError
from kling_elements_client.models import Task

# The vendor's test vector.
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ID = "9876543210"
TIMESTAMP = "1781080794"
BODY = b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="

NOW = datetime(2026, 6, 10, 8, 39, 54, tzinfo=UTC)
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of the same account").decode()
HEADERS = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": SIGNATURE}
HEADER_LINES = "".join(f"{name.title()}: {value}\r\n" for name, value in HEADERS.items())


def signature_of(body: bytes, secret: str = SECRET, id_: str = ID, timestamp: str = TIMESTAMP) -> str:
    """Return a signature, computed without the package's own library for signatures."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = b".".join([id_.encode(), timestamp.encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def parse(body: Any = BODY, headers: Any = None, **options: Any) -> Task:
    """Parse the vendor's vector, with some of its parts replaced."""
    vector: dict[str, Any] = {"secrets": SECRET, "now": NOW}
    return webhooks.parse(body, HEADERS if headers is None else headers, **(vector | options))


def parse_signed(body: bytes) -> Task:
    """Parse a body that has the right signature."""
    return parse(body, HEADERS | {"webhook-signature": signature_of(body)})


def refusal(kind: type[Exception] = WebhookError, **changes: Any) -> Exception:
    """Return a refused notification's error, and fail for another class or a chained exception."""
    with pytest.raises(kind) as caught:
        parse(**changes)
    assert type(caught.value) is kind
    assert caught.value.__context__ is None
    return caught.value


def as_message(headers: dict[str, str]) -> Message:
    """Return headers as servers of the standard library provide them."""
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message
