"""Read a file from a URL in parts with HTTP Range, within a budget, and never from a forbidden address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from kling_elements.clock import Clock
from kling_elements.media.budget import Budget
from kling_elements.media.meter import Meter
from kling_elements.media.range_client import FAILURES, RangeClient, RangeResponse, redacted_url
from kling_elements_client.errors import MediaError

_BLOCK_BYTES = 16 * 1024  # contain the header of most images, and take less time than a round trip
_MAX_AHEAD_BLOCKS = 64  # 1 MiB, fetched at once at most when a file is read sequentially
_DEFAULT_BUDGET = Budget()


@contextmanager
def open_remote(
    url: str, *, allow_private: bool = False, budget: Budget = _DEFAULT_BUDGET, clock: Clock | None = None
) -> Iterator[RemoteFile]:
    """Open the file at a URL, fetch its first bytes, and yield it while the block runs.

    Proxies and logins from the environment are not used. A redirect from https to http is refused.

    Args:
        url: An http or https URL, without user and password.
        allow_private: Whether the URL and its redirects may resolve to private, loopback, link-local, metadata and
            reserved addresses, and use ports other than 80, 443, 8080 and 8443. Use True only if you trust the source
            of the URL.
        budget: The limits for reading the file.
        clock: The clock that measures the budget's seconds.

    Raises:
        MediaError: The URL is refused, the file does not exist, the server misbehaves, or the budget is used up.
    """
    meter = Meter(redacted_url(url), budget, clock or Clock())
    with closing(RemoteFile(RangeClient(url, meter, allow_private=allow_private), meter)) as file:
        file.peek(0, 1)
        yield file


class RemoteFile:
    """A file at a URL. It fetches only the requested bytes, and each byte only once. After an error it is closed.

    Attributes:
        source: The URL without user, query and fragment.
        size: The file's size in bytes, or None until the server sends it.
    """

    def __init__(self, client: RangeClient, meter: Meter) -> None:
        """Create a file without fetching anything."""
        self.source = meter.source
        self.size: int | None = None
        self._client = client
        self._meter = meter
        self._open = ExitStack()
        self._open.callback(client.close)
        self._blocks: dict[int, bytes] = {}
        self._latest = range(0)  # the blocks of the latest request
        self._stream: Iterator[bytes] | None = None  # the next blocks, if the server sends the whole file
        self._failure: str | None = None

    @property
    def requests(self) -> int:
        """The number of requests that were sent, including redirects."""
        return self._meter.requests

    @property
    def fetched_bytes(self) -> int:
        """The number of bytes that were received, including headers."""
        return self._meter.fetched_bytes

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on, or fewer if the file ends.

        Args:
            offset: The position of the first byte, 0 or more.
            count: The maximum number of bytes to return.

        Raises:
            MediaError: The bytes cannot be fetched within the budget, or an earlier call failed.
            ValueError: The offset is below 0.
        """
        if offset < 0:
            raise ValueError(f"offset must be 0 or more, not {offset}")
        end = offset + count if self.size is None else min(offset + count, self.size)
        if end <= offset:
            return b""
        blocks = range(offset // _BLOCK_BYTES, (end - 1) // _BLOCK_BYTES + 1)
        self._load(blocks)
        start = blocks.start * _BLOCK_BYTES
        return b"".join(self._blocks.get(block, b"") for block in blocks)[offset - start : end - start]

    def close(self) -> None:
        """Close the connection. You can still read the bytes that were fetched before."""
        self._failure = self._failure or "was closed"
        self._open.close()

    def _load(self, blocks: range) -> None:
        """Fetch the missing blocks. Neither errors nor their causes contain secrets."""
        first = next((block for block in blocks if block not in self._blocks), None)
        if first is None:
            return
        last = next(block for block in reversed(blocks) if block not in self._blocks)
        if self._failure is None:
            self._failure = self._fetch(range(first, last + 1))
        if self._failure is not None:
            self.close()
            raise MediaError(self.source, self._failure)

    def _fetch(self, blocks: range) -> str | None:
        """Fetch blocks. Return the reason for a failure, or None."""
        try:
            if self._stream is None:
                self._request(blocks)
            if self._stream is not None:
                self._read_stream(self._stream, blocks)
        except MediaError as error:
            return error.reason
        except FAILURES as error:
            return self._client.reason(error)
        return None

    def _request(self, blocks: range) -> None:
        """Request blocks and store them. If the server sends the whole file instead, begin to read that."""
        self._meter.require_bytes(self._end(blocks) - blocks.start * _BLOCK_BYTES)
        blocks = self._with_read_ahead(blocks)
        with ExitStack() as stack:
            response = stack.enter_context(self._client.request(blocks.start * _BLOCK_BYTES, self._end(blocks) - 1))
            if response.is_whole:
                self._begin_stream(response, stack)
            else:
                self._keep(b"".join(response.chunks), blocks)
        if self.size is None:
            self.size = response.size

    def _begin_stream(self, response: RangeResponse, stack: ExitStack) -> None:
        """Begin to read the whole file from a response, and keep the response open for later calls."""
        if self._blocks:
            raise MediaError(self.source, "the server ignores Range, but did not at first; try again")
        self._stream = _split_into_blocks(response.chunks)
        self._open.callback(stack.pop_all().close)

    def _end(self, blocks: range) -> int:
        """Return the end of these blocks, or the end of the file if it comes first, as an offset."""
        end = blocks.stop * _BLOCK_BYTES
        return end if self.size is None else min(end, self.size)

    def _with_read_ahead(self, blocks: range) -> range:
        """Double the number of blocks during sequential reading, so that a long header takes few requests."""
        if blocks.start != self._latest.stop:
            return blocks
        affordable = self._meter.bytes_left // (2 * _BLOCK_BYTES)
        count = max(len(blocks), min(2 * len(self._latest), _MAX_AHEAD_BLOCKS, affordable))
        return range(blocks.start, blocks.start + count)

    def _keep(self, content: bytes, blocks: range) -> None:
        for number, block in enumerate(blocks):
            self._blocks[block] = content[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES]
        self._latest = blocks

    def _read_stream(self, stream: Iterator[bytes], blocks: range) -> None:
        """Read the whole file up to the end of these blocks."""
        max_bytes = self._meter.budget.max_bytes
        if self._end(blocks) > max_bytes:
            message = f"the server ignores Range, and the header is not within the first {max_bytes} bytes"
            raise MediaError(self.source, f"{message}; pass a Budget with a larger max_bytes to allow it")
        for block in range(len(self._blocks), blocks.stop):
            self._blocks[block] = content = next(stream)
            if len(content) < _BLOCK_BYTES:
                self.size = block * _BLOCK_BYTES + len(content)
                break


def _split_into_blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes in blocks. Only the last block is shorter; it may be empty."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _BLOCK_BYTES:
            yield bytes(buffer[:_BLOCK_BYTES])
            del buffer[:_BLOCK_BYTES]
    yield bytes(buffer)


__all__ = ["RemoteFile", "open_remote", "redacted_url"]
