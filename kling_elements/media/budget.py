"""What reading a file behind an address may cost. It loads nothing that speaks HTTP."""

from __future__ import annotations

import math

from attrs import field, frozen

from kling_elements.numbers import Number, count

_MAX_REQUESTS = 32  # an image takes one to six, a video two to a dozen; the rest is for redirects and odd files
_MAX_BYTES = 8 * 1024 * 1024  # bytes; the header of an hour of video has less
_MAX_SECONDS = 30.0  # seconds; a slow server on another continent answers a dozen requests in less

_finite = Number("a finite number above 0", lambda value: 0 < value < math.inf)


@frozen(kw_only=True)
class Budget:
    """What reading one file behind an address may cost at most. Whatever takes more is a MediaError.

    Attributes:
        max_requests: How many requests may be sent, those of redirects included.
        max_bytes: How many bytes may come in, headers included.
        max_seconds: Seconds that it may take from the beginning, names looked up included.

    Raises:
        ValueError: One of them is no number, or below what makes sense.
    """

    max_requests: int = field(default=_MAX_REQUESTS, validator=count)
    max_bytes: int = field(default=_MAX_BYTES, validator=count)
    max_seconds: float = field(default=_MAX_SECONDS, validator=_finite)
