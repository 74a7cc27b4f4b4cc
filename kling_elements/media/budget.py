"""The limits for reading a file from a URL. This module imports no HTTP library."""

from __future__ import annotations

import math

from attrs import field, frozen

from kling_elements.numbers import Number, count

_MAX_REQUESTS = 32  # an image takes 1 to 6, a video 2 to 12; redirects and unusual files need more
_MAX_BYTES = 8 * 1024 * 1024  # even the header of an hour of video is smaller
_MAX_SECONDS = 30.0  # a slow server on another continent answers a dozen requests in less

_finite = Number("a finite number above 0", lambda value: 0 < value < math.inf)


@frozen(kw_only=True)
class Budget:
    """The limits for reading one file from a URL. Reading raises a MediaError before it exceeds them.

    Attributes:
        max_requests: The maximum number of requests, including redirects.
        max_bytes: The maximum number of received bytes, including headers.
        max_seconds: The maximum time for reading in seconds, including DNS look-ups.

    Raises:
        ValueError: A value is not a number, or is too small to be useful.
    """

    max_requests: int = field(default=_MAX_REQUESTS, validator=count)
    max_bytes: int = field(default=_MAX_BYTES, validator=count)
    max_seconds: float = field(default=_MAX_SECONDS, validator=_finite)
