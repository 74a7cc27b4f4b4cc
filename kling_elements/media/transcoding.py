"""Encode a video as H.264 and AAC with PyAV (extra `video`), and keep the time of each frame."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from attrs import frozen
from av.filter import Graph

from kling_elements.media.filters import FrameFilters, filters_for
from kling_elements.media.fitted import Ratio
from kling_elements.media.footage import Footage, UnfitError, open_footage
from kling_elements.media.soundtracks import SoundEncoder, apply_filters, filter_chain

_TICK = Fraction(1, 360_000)  # seconds; divides the frames of every common rate, and the times in MPEG and Matroska
_MAX_DISORDER_SECONDS = 1  # frames may be this late
_PIXEL_FORMAT = "yuv420p"  # every player supports it
_BT709 = 1  # the number in ITU-T H.273 for the matrix, the primaries and the transfer of HD
_LIMITED_RANGE = 1


@frozen(kw_only=True)
class EncodeSettings:
    """The settings for encoding a video.

    Attributes:
        sizes: The allowed displayed sizes, in pixels.
        ratio: What to do if the ratio differs: `pad` or `crop`.
        start: The number of seconds to skip in the source.
        max_seconds: The maximum duration of the result, in seconds.
        crf: The constant rate factor of H.264, from 0 (best) to 51.
    """

    sizes: Sequence[Sequence[int]]
    ratio: Ratio
    start: Fraction
    max_seconds: int
    crf: int


@frozen(kw_only=True)
class EncodeResult:
    """A description of the encoded video.

    Attributes:
        seconds: The duration of the video, in seconds.
        frame_seconds: The duration of a frame, in seconds.
        changes: A sentence for each change.
    """

    seconds: Fraction
    frame_seconds: Fraction
    changes: tuple[str, ...]


def transcode(source: Path, target: Path, settings: EncodeSettings) -> Generator[float, None, EncodeResult]:
    """Encode a video. Yield the completed fraction of the work after each frame, and return the result.

    Raises:
        UnfitError: The video has no picture, has frames that are too large, or is cut off.
        Exception: PyAV raises many kinds if the source is damaged.
    """
    with (
        source.open("rb") as file,
        open_footage(file, settings.start, settings.max_seconds) as footage,
        av.open(str(target.absolute()), "w", "mp4", options={"movflags": "+faststart"}) as output,
    ):
        video, sound = _VideoEncoder(footage, settings, output), SoundEncoder(footage.start, footage.end)
        for frame in footage.frames():
            (video if isinstance(frame, av.VideoFrame) else sound).add(frame)
            yield video.progress
            if video.is_full and (sound.is_full or footage.audio is None):
                break
        video.finish()
        # write at the end, because only now it is clear whether there is any sound, and writing needs all streams
        output.mux([*video.packets(), *sound.packets(output, video.seconds)])
        changes = (*video.changes, *_time_changes(footage, settings, video.seconds), *sound.changes)
        return EncodeResult(seconds=video.seconds, frame_seconds=1 / footage.rate, changes=changes)


def _time_changes(footage: Footage, settings: EncodeSettings, seconds: Fraction) -> list[str]:
    """Return a sentence for each change of the duration or the frame rate."""
    changes = []
    if settings.start or footage.whole_seconds - seconds > 1 / footage.rate:
        changes.append(f"cut to {float(seconds):.6g} s, from {float(settings.start):g} s on")
    if footage.rate != footage.source_rate:
        changes.append(f"changed from {float(footage.source_rate):.6g} to {float(footage.rate):.6g} frames per second")
    return changes


class _VideoEncoder:
    """An encoder of frames as they arrive. Each frame is shown until the next one.

    Attributes:
        changes: A sentence for each change.
        seconds: The duration of the encoded part, in seconds.
        is_full: Whether the result needs no more frames.
    """

    def __init__(self, footage: Footage, settings: EncodeSettings, output: Any) -> None:
        self.changes: list[str] = []
        self.seconds = Fraction(0)
        self.is_full = False
        self._footage = footage
        self._settings = settings
        self._output = output
        self._graph: Graph | None = None
        self._stream: Any = None
        self._layout: tuple[int, int, str] | None = None
        self._last: Any = None  # the latest frame, which is encoded as soon as its duration is known
        self._times: list[Fraction] = []  # when the result shows each encoded frame, in seconds
        self._encoded: list[Any] = []
        self._count = 0

    @property
    def progress(self) -> float:
        """The completed fraction of the work, from 0 to 1."""
        available = self._footage.whole_seconds - self._settings.start
        total = min(available, Fraction(self._settings.max_seconds))
        return float(min(self.seconds / total, Fraction(1))) if total > 0 else 0.0

    def add(self, frame: Any) -> None:
        """Encode the previous frame, which is shown until this one."""
        if self.is_full:
            return
        seconds = self._footage.seconds_into(frame)
        if self._last is not None:
            previous_seconds = self._footage.seconds_into(self._last)
            if seconds < previous_seconds - _MAX_DISORDER_SECONDS:
                raise UnfitError("goes back in time, as joined files do; split it into its parts first")
            if seconds <= previous_seconds:
                return  # nobody would see this frame
            self._show_last_frame(until=seconds)
        self._last = frame

    def finish(self) -> None:
        """Encode the last frame, and all frames that are still in the encoder."""
        if self._last is not None and not self.is_full:
            seconds = self._footage.seconds_into(self._last) + self._footage.seconds_of(self._last)
            if seconds > 0:
                self._show_last_frame(until=seconds)
        if self._graph is not None:
            self._encode(None)
            self._encoded += self._stream.encode(None)

    def packets(self) -> list[Any]:
        """Return the encoded packets. The times of their frames replace the encoder's counter."""
        starts = [round(seconds / _TICK) for seconds in (*self._times, self.seconds)]
        for packet in self._encoded:
            number = packet.pts
            packet.pts = packet.dts = starts[number]
            packet.duration = starts[number + 1] - starts[number]
            packet.time_base = _TICK
        return self._encoded

    def _show_last_frame(self, until: Fraction) -> None:
        frame = self._last
        if self._graph is None:
            plan = filters_for(
                frame, self._footage.video.sample_aspect_ratio, self._settings.sizes, self._settings.ratio
            )
            self.changes += plan.changes
            self._start(frame, plan)
            self._layout = _layout(frame)
        if _layout(frame) != self._layout:
            raise UnfitError("changes its frame size or pixel format; convert it to a single one first")
        self._times.append(max(self._footage.seconds_into(frame), Fraction(0)))
        self.seconds = min(until, Fraction(self._settings.max_seconds))
        self.is_full = until >= self._settings.max_seconds
        self._encode(frame)

    def _start(self, frame: Any, plan: FrameFilters) -> None:
        source = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
        self._graph = filter_chain(
            ("buffer", f"{source}:time_base={frame.time_base}"),
            ("bwdif", "mode=send_frame:deint=interlaced") if frame.interlaced_frame else ("null", ""),
            *plan.filters,
            ("format", _PIXEL_FORMAT),
            ("buffersink", ""),
        )
        # without B-frames, so that frames are stored in display order
        options = {"crf": str(self._settings.crf), "bf": "0"}
        self._stream = self._output.add_stream("libx264", rate=self._footage.rate, options=options)
        self._stream.width, self._stream.height = plan.size
        self._stream.pix_fmt = _PIXEL_FORMAT
        context = self._stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        if frame.interlaced_frame:
            self.changes.append("deinterlaced")
        self.changes.append(f"encoded as H.264 with a constant rate factor of {self._settings.crf}")

    def _encode(self, frame: Any) -> None:
        for filtered_frame in apply_filters(self._graph, frame):
            filtered_frame.pts, filtered_frame.time_base = self._count, 1 / self._footage.rate
            filtered_frame.pict_type = 0  # otherwise the encoder would copy the frame types of the source
            self._encoded += self._stream.encode(filtered_frame)
            self._count += 1


def _layout(frame: Any) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
