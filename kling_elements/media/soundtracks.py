"""The sound of a video that is encoded anew, and chains of FFmpeg's filters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph

_AUDIO_RATE = 48_000  # samples per second, as usual with video
_AUDIO_BIT_RATE = 192_000  # bits per second, transparent for stereo
_AUDIO_LAYOUT = "stereo"
_AUDIO_FRAME = 1024  # samples that AAC encodes at a time


def graph(*chain: tuple[str, str]) -> Graph:
    """Return a chain of FFmpeg's filters, each with its arguments."""
    made = Graph()
    made.link_nodes(*(made.add(name, told or None) for name, told in chain)).configure()
    return made


def through(chain: Any, frame: Any) -> Iterator[Any]:
    """Yield what comes out of a chain of filters after a frame, or after None at the end."""
    chain.push(frame)
    while True:
        try:
            result = chain.pull()
        except (BlockingIOError, EOFError):
            return
        yield result


class Sound:
    """The audio of the result, kept until the length of the picture is known: some megabytes.

    Attributes:
        changes: What was changed.
        is_full: Whether no more of it is needed.
    """

    def __init__(self, start: Fraction, end: Fraction) -> None:
        """Take what lies between two times, in seconds of the stream's own time."""
        self.changes: list[str] = []
        self.is_full = False
        self._start_seconds = start
        self._end_seconds = end
        self._graph: Graph | None = None
        self._frames: list[Any] = []

    def take(self, frame: Any) -> None:
        """Keep what the result plays of a frame."""
        if self.is_full:
            return
        if self._graph is None:
            self._start(frame)
        self._frames += through(self._graph, frame)
        self.is_full = frame.pts * frame.time_base >= self._end_seconds

    def _start(self, frame: Any) -> None:
        start, end = float(self._start_seconds), float(self._end_seconds)
        first = math.ceil(self._start_seconds * _AUDIO_RATE)
        told = f"time_base={frame.time_base}:sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}"
        self._graph = graph(
            ("abuffer", f"{told}:channel_layout={frame.layout.name}"),
            ("aresample", str(_AUDIO_RATE)),
            ("aformat", f"sample_fmts=fltp:channel_layouts={_AUDIO_LAYOUT}"),
            ("atrim", f"start={start}:end={end}"),  # comes before gaps are filled, so that these are never long
            ("aresample", f"async=1:first_pts={first}"),
            ("asetnsamples", f"n={_AUDIO_FRAME}:p=0"),
            ("abuffersink", ""),
        )

    def packets(self, output: Any, seconds: Fraction) -> list[Any]:
        """Encode as much as ends with the picture."""
        if self._graph is None:
            return []
        self._frames += through(self._graph, None)
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
