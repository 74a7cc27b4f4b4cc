"""A file behind an address, read in parts: by HTTP Range, within a budget, and never from where it must not look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from kling_elements.clock import Clock
from kling_elements.media.budget import Budget
from kling_elements.media.meter import Meter
from kling_elements.media.range_client import FAILURES, RangeClient, redacted_url
from kling_elements_client.errors import MediaError

_BLOCK = 16 * 1024  # bytes; holds the header of most images, and a round trip costs more than it
_MAX_AHEAD = 64  # blocks, so 1 MiB, that are fetched at once where reading goes on
_DEFAULT_BUDGET = Budget()


@contextmanager
def open_remote(
    url: str, *, allow_private: bool = False, budget: Budget = _DEFAULT_BUDGET, clock: Clock | None = None
) -> Iterator[RemoteFile]:
    """Yield a file behind an address, for as long as the block runs. Its first bytes are fetched at once.

    Proxies and logins that the environment names are not used. A redirect from https to http is refused.

    Args:
        url: An http or https address, without user and password.
        allow_private: Whether it, and what it redirects to, may lead to private, loopback, link-local, metadata and
            reserved addresses, and have a port other than 80, 443, 8080 and 8443. Allow it only where no stranger chose
            the address.
        budget: What reading it may cost altogether.
        clock: What the budget's seconds are measured by.

    Raises:
        MediaError: The address is refused, there is no file, the server misbehaves, or the budget is used up.
    """
    meter = Meter(redacted_url(url), budget, clock or Clock())
    with closing(RemoteFile(RangeClient(url, meter, allow_private=allow_private), meter)) as file:
        file.peek(0, 1)
        yield file


class RemoteFile:
    """A file of which only what is asked for is fetched, and that once. After an error it is closed.

    Attributes:
        source: The address without user, query and fragment.
        size: The file's size in bytes; None as long as the server does not tell.
    """

    def __init__(self, site: RangeClient, meter: Meter) -> None:
        """Fetch nothing yet."""
        self.source = meter.source
        self.size: int | None = None
        self._site = site
        self._meter = meter
        self._open = ExitStack()
        self._open.callback(site.close)
        self._blocks: dict[int, bytes] = {}
        self._latest = range(0)  # the blocks of the latest request
        self._rest: Iterator[bytes] | None = None  # further blocks, where the server sends the whole file
        self._failure: str | None = None

    @property
    def requests(self) -> int:
        """How many requests were sent, those of redirects included."""
        return self._meter.requests

    @property
    def fetched_bytes(self) -> int:
        """How many bytes came in, headers included."""
        return self._meter.fetched_bytes

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer where the file ends.

        Args:
            offset: Where they begin, in bytes, 0 or more.
            count: How many.

        Raises:
            MediaError: They cannot be fetched, or not within the budget; or they could not before.
            ValueError: The offset is below 0.
        """
        if offset < 0:
            raise ValueError(f"offset must be 0 or more, not {offset}")
        end = offset + count if self.size is None else min(offset + count, self.size)
        if end <= offset:
            return b""
        blocks = range(offset // _BLOCK, (end - 1) // _BLOCK + 1)
        self._load(blocks)
        start = blocks.start * _BLOCK
        return b"".join(self._blocks.get(block, b"") for block in blocks)[offset - start : end - start]

    def close(self) -> None:
        """Close the connection. What was fetched can still be read."""
        self._failure = self._failure or "was closed"
        self._open.close()

    def _load(self, blocks: range) -> None:
        """Fetch what is missing. Errors name nothing secret, not even as a cause."""
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
        """Return why it failed, or None."""
        try:
            if self._rest is None:
                self._ask(blocks)
            if self._rest is not None:
                self._read_on(self._rest, blocks)
        except MediaError as error:
            return error.reason
        except FAILURES as error:
            return self._site.reason(error)
        return None

    def _ask(self, blocks: range) -> None:
        self._meter.need(self._end(blocks) - blocks.start * _BLOCK)
        blocks = self._with_more(blocks)
        with ExitStack() as stack:
            answer = stack.enter_context(self._site.asking(blocks.start * _BLOCK, self._end(blocks) - 1))
            if not answer.is_whole:
                self._keep(b"".join(answer.pieces), blocks)
            elif not self._blocks:
                self._rest = _in_blocks(answer.pieces)
                self._open.callback(stack.pop_all().close)
            else:
                raise MediaError(self.source, "the server ignores Range, but did not at first; try again")
        self.size = answer.size if self.size is None else self.size

    def _end(self, blocks: range) -> int:
        """Return the offset at which these blocks end, or the file."""
        end = blocks.stop * _BLOCK
        return end if self.size is None else min(end, self.size)

    def _with_more(self, blocks: range) -> range:
        """Return twice as many blocks as last time where reading goes on, so that a long header takes few requests."""
        if blocks.start != self._latest.stop:
            return blocks
        affordable = self._meter.bytes_left // (2 * _BLOCK)
        count = max(len(blocks), min(2 * len(self._latest), _MAX_AHEAD, affordable))
        return range(blocks.start, blocks.start + count)

    def _keep(self, content: bytes, blocks: range) -> None:
        for number, block in enumerate(blocks):
            self._blocks[block] = content[number * _BLOCK : (number + 1) * _BLOCK]
        self._latest = blocks

    def _read_on(self, rest: Iterator[bytes], blocks: range) -> None:
        """Read an answer that is the whole file, as far as is needed."""
        most = self._meter.budget.max_bytes
        if self._end(blocks) > most:
            says = f"the server ignores Range, and what is needed is not within the first {most} bytes"
            raise MediaError(self.source, f"{says}; a larger Budget.max_bytes allows it")
        for block in range(len(self._blocks), blocks.stop):
            self._blocks[block] = content = next(rest)
            if len(content) < _BLOCK:
                self.size = block * _BLOCK + len(content)
                break


def _in_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in blocks; only the last one is shorter, and may be empty."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _BLOCK:
            yield bytes(waiting[:_BLOCK])
            del waiting[:_BLOCK]
    yield bytes(waiting)


__all__ = ["RemoteFile", "open_remote", "redacted_url"]
