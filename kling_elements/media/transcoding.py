"""Encodes a video anew with PyAV, which comes with the extra `video`: H.264, each picture at its time, and AAC."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from attrs import frozen
from av.filter import Graph

from kling_elements.media.fitted import Ratio
from kling_elements.media.footage import Footage, UnfitError, opened
from kling_elements.media.filters import FrameFilters, filters_for
from kling_elements.media.soundtracks import Sound, graph, through

_TICK = Fraction(1, 360_000)  # seconds; a part of a frame at every usual rate, and of the times of MPEG and Matroska
_MAX_DISORDER = 1  # seconds by which pictures may come too late to be shown
_PIXELS = "yuv420p"  # what every player can show
_BT709 = 1  # number of ITU-T H.273, for the matrix, the primaries and the transfer of HD
_LIMITED_RANGE = 1


@frozen(kw_only=True)
class Order:
    """What to make of a video.

    Attributes:
        sizes: The allowed sizes as displayed, in pixels.
        ratio: What to do where the ratio is another one.
        start: Seconds from the beginning of the source that are left out.
        max_seconds: How long the result may be.
        crf: The quality of H.264, from 0 (best) to 51.
    """

    sizes: list[list[int]]
    ratio: Ratio
    start: Fraction
    max_seconds: int
    crf: int


@frozen(kw_only=True)
class Made:
    """What was made.

    Attributes:
        seconds: How long the picture lasts.
        frame_seconds: How long one frame is shown, in seconds.
        changes: What was changed, a sentence each.
    """

    seconds: Fraction
    frame_seconds: Fraction
    changes: tuple[str, ...]


def transcode(source: Path, target: Path, order: Order) -> Generator[float, None, Made]:
    """Encode a video anew; yield again and again which part of the work is done, and return what was made.

    Raises:
        UnfitError: It has no picture, or one too large, or breaks off.
        Exception: Of many kinds, where the source is damaged.
    """
    with (
        source.open("rb") as file,
        opened(file, order.start, order.max_seconds) as footage,
        av.open(str(target.absolute()), "w", "mp4", options={"movflags": "+faststart"}) as output,
    ):
        picture, sound = _Picture(footage, order, output), Sound(footage.start, footage.end)
        for frame in footage.frames():
            (picture if isinstance(frame, av.VideoFrame) else sound).take(frame)
            yield picture.part_done
            if picture.is_full and (sound.is_full or footage.audio is None):
                break
        picture.end()
        # Only now it is known whether there is any sound, and all streams must be there when writing begins.
        output.mux([*picture.packets(), *sound.packets(output, picture.seconds)])
        changes = (*picture.changes, *_changes(footage, order, picture.seconds), *sound.changes)
        return Made(seconds=picture.seconds, frame_seconds=1 / footage.rate, changes=changes)


def _changes(footage: Footage, order: Order, seconds: Fraction) -> list[str]:
    """Return what was done to the time."""
    changes = []
    if order.start or footage.whole_seconds - seconds > 1 / footage.rate:
        changes.append(f"cut to {float(seconds):.6g} s, from {float(order.start):g} s on")
    if footage.rate != footage.source_rate:
        changes.append(f"changed from {float(footage.source_rate):.6g} to {float(footage.rate):.6g} frames per second")
    return changes


class _Picture:
    """The video of the result, encoded as it comes. Each picture is shown until the next one is.

    Attributes:
        changes: What was changed.
        seconds: How long it lasts so far.
        is_full: Whether no more of it is needed.
    """

    def __init__(self, footage: Footage, order: Order, output: Any) -> None:
        self.changes: list[str] = []
        self.seconds = Fraction(0)
        self.is_full = False
        self._footage = footage
        self._order = order
        self._output = output
        self._graph: Graph | None = None
        self._stream: Any = None
        self._layout: tuple[int, int, str] | None = None
        self._last: Any = None  # the picture that came last, and is not encoded before it is known how long it is shown
        self._times: list[Fraction] = []  # when the result shows each picture that is encoded, in seconds
        self._encoded: list[Any] = []
        self._count = 0

    @property
    def part_done(self) -> float:
        """Which part of it is encoded, between 0 and 1."""
        told = self._footage.whole_seconds - self._order.start
        whole = min(told, Fraction(self._order.max_seconds))
        return float(min(self.seconds / whole, Fraction(1))) if whole > 0 else 0.0

    def take(self, frame: Any) -> None:
        """Encode the picture that is shown until this one is."""
        if self.is_full:
            return
        seconds = self._footage.seconds_into(frame)
        if self._last is not None:
            before = self._footage.seconds_into(self._last)
            if seconds < before - _MAX_DISORDER:
                raise UnfitError("goes back in time on the way, as files do that were put together; part them first")
            if seconds <= before:
                return  # it would never be seen, or comes too soon after the other one
            self._show(until=seconds)
        self._last = frame

    def end(self) -> None:
        """Encode what is left."""
        if self._last is not None and not self.is_full:
            seconds = self._footage.seconds_into(self._last) + self._footage.seconds_of(self._last)
            if seconds > 0:
                self._show(until=seconds)
        if self._graph is not None:
            self._encode(None)
            self._encoded += self._stream.encode(None)

    def packets(self) -> list[Any]:
        """Return what was encoded. The encoder counted pictures; now they get the times at which they are shown."""
        starts = [round(seconds / _TICK) for seconds in (*self._times, self.seconds)]
        for packet in self._encoded:
            number = packet.pts
            packet.pts = packet.dts = starts[number]
            packet.duration = starts[number + 1] - starts[number]
            packet.time_base = _TICK
        return self._encoded

    def _show(self, until: Fraction) -> None:
        frame = self._last
        if self._graph is None:
            shape = filters_for(frame, self._footage.video.sample_aspect_ratio, self._order.sizes, self._order.ratio)
            self.changes += shape.changes
            self._start(frame, shape)
            self._layout = _layout(frame)
        if _layout(frame) != self._layout:
            raise UnfitError("changes its size or its kind of pixels on the way; make them the same throughout first")
        self._times.append(max(self._footage.seconds_into(frame), Fraction(0)))
        self.seconds = min(until, Fraction(self._order.max_seconds))
        self.is_full = until >= self._order.max_seconds
        self._encode(frame)

    def _start(self, frame: Any, shape: FrameFilters) -> None:
        told = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
        self._graph = graph(
            ("buffer", f"{told}:time_base={frame.time_base}"),
            ("bwdif", "mode=send_frame:deint=interlaced") if frame.interlaced_frame else ("null", ""),
            *shape.filters,
            ("format", _PIXELS),
            ("buffersink", ""),
        )
        options = {"crf": str(self._order.crf), "bf": "0"}  # stored in the order in which they are shown
        self._stream = self._output.add_stream("libx264", rate=self._footage.rate, options=options)
        self._stream.width, self._stream.height = shape.size
        self._stream.pix_fmt = _PIXELS
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        if frame.interlaced_frame:
            self.changes.append("deinterlaced")
        self.changes.append(f"encoded as H.264 with a constant rate factor of {self._order.crf}")

    def _encode(self, frame: Any) -> None:
        for shown in through(self._graph, frame):
            shown.pts, shown.time_base = self._count, 1 / self._footage.rate
            shown.pict_type = 0  # otherwise the encoder would take over the kinds of the source's frames
            self._encoded += self._stream.encode(shown)
            self._count += 1


def _layout(frame: Any) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
