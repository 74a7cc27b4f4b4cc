"""Encode the sound of a video as AAC, and build chains of FFmpeg filters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph

_AUDIO_RATE = 48_000  # samples per second, as usual for video
_AUDIO_BIT_RATE = 192_000  # bits per second, transparent for stereo
_AUDIO_LAYOUT = "stereo"
_AUDIO_FRAME = 1024  # samples; AAC encodes this many at a time


def filter_chain(*filters: tuple[str, str]) -> Graph:
    """Return a chain of FFmpeg filters.

    Args:
        *filters: The name and the arguments of each filter.
    """
    chain = Graph()
    chain.link_nodes(*(chain.add(name, arguments or None) for name, arguments in filters)).configure()
    return chain


def apply_filters(chain: Any, frame: Any) -> Iterator[Any]:
    """Push a frame through a chain of filters, and yield the resulting frames. Pass None at the end."""
    chain.push(frame)
    while True:
        try:
            result = chain.pull()
        except (BlockingIOError, EOFError):
            return
        yield result


class SoundEncoder:
    """An encoder for the sound of the result. It stores the frames, a few megabytes, until the duration is known.

    Attributes:
        changes: A sentence for each change.
        is_full: Whether the result needs no more frames.
    """

    def __init__(self, start: Fraction, end: Fraction) -> None:
        """Create an encoder for the sound between two times, in seconds of the stream's own time."""
        self.changes: list[str] = []
        self.is_full = False
        self._start_seconds = start
        self._end_seconds = end
        self._graph: Graph | None = None
        self._frames: list[Any] = []

    def add(self, frame: Any) -> None:
        """Store the part of a frame that belongs to the result."""
        if self.is_full:
            return
        if self._graph is None:
            self._start(frame)
        self._frames += apply_filters(self._graph, frame)
        self.is_full = frame.pts * frame.time_base >= self._end_seconds

    def _start(self, frame: Any) -> None:
        start, end = float(self._start_seconds), float(self._end_seconds)
        first = math.ceil(self._start_seconds * _AUDIO_RATE)
        source = f"time_base={frame.time_base}:sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}"
        self._graph = filter_chain(
            ("abuffer", f"{source}:channel_layout={frame.layout.name}"),
            ("aresample", str(_AUDIO_RATE)),
            ("aformat", f"sample_fmts=fltp:channel_layouts={_AUDIO_LAYOUT}"),
            ("atrim", f"start={start}:end={end}"),  # before gaps are filled, because gaps can be very long
            ("aresample", f"async=1:first_pts={first}"),
            ("asetnsamples", f"n={_AUDIO_FRAME}:p=0"),
            ("abuffersink", ""),
        )

    def packets(self, output: Any, seconds: Fraction) -> list[Any]:
        """Encode the frames that end before the video, and return the packets."""
        if self._graph is None:
            return []
        self._frames += apply_filters(self._graph, None)
        frames = self._frames[: math.floor(seconds * _AUDIO_RATE / _AUDIO_FRAME)]
        if not frames:
            return []
        packets = []
        stream = output.add_stream("aac", rate=_AUDIO_RATE, layout=_AUDIO_LAYOUT, bit_rate=_AUDIO_BIT_RATE)
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index * _AUDIO_FRAME, Fraction(1, _AUDIO_RATE)
            packets += stream.encode(frame)
        self.changes.append(f"sound encoded as AAC, {_AUDIO_LAYOUT}, {_AUDIO_RATE} Hz")
        return [*packets, *stream.encode(None)]
