"""Read files from URLs on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements.media.remote import open_remote, redacted_url
from kling_elements_client.errors import MediaError

BLOCK = 16384
BROKEN = "the connection was lost, or the response is not HTTP; try again"


def read(url: str, *peeks: tuple[int, int], **options: Any) -> list[bytes]:
    """Return the bytes at some places of a file."""
    with open_remote(url, **options) as file:
        return [file.peek(*peek) for peek in peeks]


def refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """Return the reason why a URL can't be read, and fail if a cause or the source shows a secret."""
    with pytest.raises(MediaError) as caught:
        read(url, *peeks, **options)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert redacted_url(url) == caught.value.source
    return caught.value.reason


def private_refusal(url: str, *peeks: tuple[int, int], **options: Any) -> str:
    """Return the reason why a URL on this machine can't be read although private addresses are allowed."""
    return refusal(url, *peeks, allow_private=True, **options)
