"""Images are encoded while a request is sent, using little memory; a file that changed meanwhile is an error."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from contract_tests.reading.images import Picture, base64_of
from contract_tests.support.bodies_with_images import LARGE, body_with_images, sent_text
from contract_tests.support.running import Create, MakeClient
from kling_elements_client import contract
from kling_elements_client.errors import MediaError
from kling_elements_runtime.attachments import StreamedBody


def _write_again(path: Path) -> None:
    path.write_bytes(LARGE[::-1])
    os.utime(path, ns=(1, 1))


def _replace(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(LARGE)
    new.replace(path)


def _change_in_place(path: Path) -> None:
    """Change some bytes of a file, but not its size or modification time, like `rsync -t --inplace`."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(300_000)
        file.write(b"other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


_CHANGES: dict[str, Callable[[Path], object]] = {
    "grown": lambda path: path.write_bytes(LARGE + b"!"),
    "cut": lambda path: path.write_bytes(LARGE[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "written again": _write_again,
    "replaced": _replace,
    "changed in place": _change_in_place,
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_a_file_that_changed_after_the_check_is_an_error(change: Callable[[Path], object], photograph: Path) -> None:
    """None of its bytes are sent, and the error names it."""
    os.utime(photograph, ns=(5, 5))
    content = contract.check("createElement", body_with_images(photograph)).content
    assert isinstance(content, StreamedBody)
    change(photograph)

    sent = bytearray()
    with pytest.raises(MediaError, match=r"front\.jpg: (has changed|cannot be read)") as caught:
        sent.extend(byte for chunk in content for byte in chunk)

    assert b"/9j/" not in sent
    assert str(photograph) == caught.value.source


class _FileChangingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that changes the file after the first chunk of an image arrives, and keeps what it receives."""

    def __init__(self, change: Callable[[], object] = lambda: None) -> None:
        self.received = bytearray()
        self.announced = 0
        self._change = change

    def _take(self, chunk: bytes, request: httpx.Request) -> None:
        self.announced = int(request.headers["content-length"])
        self.received += chunk
        if len(self.received) > 1000:
            self._change()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        for chunk in request.stream:
            self._take(chunk, request)
        return httpx.Response(200, json={"data": {"task_id": "7"}})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for chunk in request.stream:
            self._take(chunk, request)
        return httpx.Response(200, json={"data": {"task_id": "7"}})


def test_the_sent_length_matches_the_content_length_header(
    create: Create, make_client: MakeClient, photograph: Path
) -> None:
    """The blocking and the async client stream the same string."""
    transport = _FileChangingTransport()
    client = make_client(http_client={"transport": transport})

    assert {"data": {"task_id": "7"}} == create(client, body_with_images(photograph, photograph)).to_dict()
    assert len(transport.received) == transport.announced
    assert sent_text(body_with_images(base64_of(LARGE), base64_of(LARGE))) == transport.received


@pytest.mark.parametrize("name", sorted(_CHANGES.keys() - {"replaced", "deleted"}))
def test_a_file_that_changes_while_it_is_sent_is_an_error(
    name: str, create: Create, make_client: MakeClient, photograph: Path
) -> None:
    """The request stays incomplete, so the gateway can't accept it. The error names the file."""
    transport = _FileChangingTransport(lambda: _CHANGES[name](photograph))

    with pytest.raises(MediaError, match=r"front\.jpg: has changed"):
        create(make_client(http_client={"transport": transport}), body_with_images(photograph))

    assert 1000 < len(transport.received) < transport.announced


def test_a_large_request_takes_little_memory(tmp_path: Path) -> None:
    """Neither the check nor sending holds a whole file in memory."""
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for path in paths:
        path.write_bytes(Picture(format="jpeg", file_size=8_000_000).build())
    sizes: list[int] = []

    async def read() -> None:
        content = contract.check("createElement", body_with_images(*paths)).content
        assert isinstance(content, StreamedBody)
        chunks: AsyncIterator[bytes] = aiter(content.asynchronous())
        sizes.append(sum([len(chunk) async for chunk in chunks]))

    asyncio.run(read())  # warm up, so that imports on first use are not measured
    tracemalloc.start()
    try:
        asyncio.run(read())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sizes[0] > 40_000_000
    assert peak < 2_000_000
