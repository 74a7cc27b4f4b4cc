"""Show the progress of uploads."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

_MIN_SHOWN_BYTES = 1 << 18  # smaller requests are sent in a moment


def upload_progress_hooks() -> Mapping[str, Any]:
    """Return settings for the HTTP client that show the progress of large requests on a terminal."""
    if not sys.stderr.isatty():
        return {}
    return {"event_hooks": {"request": [_show_progress]}}


def _show_progress(request: httpx.Request) -> None:
    total = int(request.headers.get("Content-Length", "0"))
    if total >= _MIN_SHOWN_BYTES and isinstance(request.stream, httpx.SyncByteStream):
        request.stream = _ProgressStream(request.stream, total)


class _ProgressStream(httpx.SyncByteStream):
    """A request body that shows its progress while it is sent."""

    def __init__(self, stream: httpx.SyncByteStream, total: int) -> None:
        self._stream = stream
        self._total = total

    def __iter__(self) -> Iterator[bytes]:
        from rich.console import Console  # noqa: PLC0415 - only large requests need it
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn  # noqa: PLC0415

        columns = TextColumn("{task.description}"), BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("sending", total=self._total)
            for chunk in self._stream:
                yield chunk
                progress.update(bar, advance=len(chunk))
