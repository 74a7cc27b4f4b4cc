"""Encodes a video anew with PyAV, which comes with the extra `video`: H.264 at a steady frame rate, and AAC."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from attrs import frozen
from av.filter import Graph

from kling_elements.media.fitted import Ratio
from kling_elements.media.shapes import Shape, shape_of
from kling_elements.media.soundtracks import Sound, graph, through

# Only containers that hold everything themselves: playlists would make FFmpeg read other files and addresses.
_CONTAINERS: Final = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,dv"
_MOST_PIXELS = 8192 * 8192  # of a frame, of up to 8 bytes each; cameras make 8192x4320
_RATES: Final = (Fraction(1), Fraction(60))  # frames per second; slow motion and shows of slides are outside
_USUAL_RATE = Fraction(25)  # frames per second, where the file does not tell
_FINEST_RATE = 1001  # the largest denominator of a frame rate; that of 30000/1001
_PATIENCE = 5  # seconds that a container may keep sound and picture apart

_PIXELS = "yuv420p"  # what every player can show
_BT709 = 1  # number of ITU-T H.273, for the matrix, the primaries and the transfer of HD
_LIMITED_RANGE = 1


class UnfitError(Exception):
    """The video cannot be used; the text says why."""


@frozen(kw_only=True)
class Order:
    """What to make of a video.

    Attributes:
        sizes: The allowed sizes as displayed, in pixels.
        ratio: What to do where the ratio is another one.
        start: Seconds from the beginning of the source that are left out.
        most_seconds: How long the result may be.
        crf: The quality of H.264, from 0 (best) to 51.
    """

    sizes: list[list[int]]
    ratio: Ratio
    start: Fraction
    most_seconds: int
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
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
    with (
        source.open("rb") as file,  # not the path, which FFmpeg might take for an address
        av.open(file, "r", options=options, metadata_errors="replace") as container,
        av.open(str(target.absolute()), "w", "mp4", options={"movflags": "+faststart"}) as output,
    ):
        opened = _Source(container, order)
        picture, sound = _Picture(opened, order, output), Sound(opened.start, opened.end)
        for frame in opened.frames():
            (picture if isinstance(frame, av.VideoFrame) else sound).take(frame)
            yield picture.part_done
            if picture.is_full and (sound.is_full or opened.audio is None):
                break
        picture.end()
        # Only now it is known whether there is any sound, and all streams must be there when writing begins.
        output.mux([*picture.packets, *sound.packets(output, picture.seconds)])
        changes = (*picture.changes, *opened.changes(picture.seconds), *sound.changes)
        return Made(seconds=picture.seconds, frame_seconds=1 / opened.rate, changes=changes)


class _Source:
    """An opened video.

    Attributes:
        video: The stream of pictures.
        audio: The stream of sound, or None.
        rate: How many frames per second the result has.
        start: When the result begins, in seconds of the streams' own time.
        end: When it ends at the latest.
        most_frames: How many frames it has at most.
        likely_frames: How many frames it will have, as far as the header tells.
    """

    def __init__(self, container: Any, order: Order) -> None:
        self.video = container.streams.best("video")
        self.audio = container.streams.best("audio")
        if self.video is None or not self.video.width:
            raise UnfitError("has no picture that can be decoded")
        if self.video.width * self.video.height > _MOST_PIXELS:
            raise UnfitError(f"has frames of more than {_MOST_PIXELS} pixels, too many to be decoded")
        self.video.thread_type = "AUTO"
        told = self.video.average_rate or self.video.guessed_rate or _USUAL_RATE
        self._told_rate = Fraction(told).limit_denominator(_FINEST_RATE)
        self.rate = min(max(self._told_rate, _RATES[0]), _RATES[1])
        self.start = Fraction(container.start_time or 0, av.time_base) + order.start
        self.end = self.start + order.most_seconds
        self._left_out = order.start
        self._whole_seconds = Fraction(container.duration or 0, av.time_base)
        self.most_frames = math.floor(order.most_seconds * self.rate)
        likely = math.ceil((self._whole_seconds - order.start) * self.rate)
        self.likely_frames = min(likely, self.most_frames) if likely > 0 else self.most_frames
        self._container = container
        if order.start:
            container.seek(int(self.start * av.time_base))

    def frames(self) -> Iterator[Any]:
        """Yield frames of picture and sound as they come, each with its time."""
        for packet in self._container.demux([stream for stream in (self.video, self.audio) if stream is not None]):
            if packet.is_corrupt:
                raise UnfitError("breaks off or is damaged")
            if packet.dts is not None and packet.dts * packet.time_base > self.end + _PATIENCE:
                return
            yield from filter(_has_time, packet.decode())

    def changes(self, seconds: Fraction) -> list[str]:
        """Return what was done to the time."""
        changes = []
        if self._left_out or self._whole_seconds - seconds > 1 / self.rate:
            changes.append(f"cut to {float(seconds):.6g} s, from {float(self._left_out):g} s on")
        if self.rate != self._told_rate:
            changes.append(f"changed from {float(self._told_rate):.6g} to {float(self.rate):.6g} frames per second")
        return changes


def _has_time(frame: Any) -> bool:
    """Return whether it is known when a frame is shown, also by when it was decoded, as in AVI."""
    frame.pts = frame.dts if frame.pts is None else frame.pts
    return frame.pts is not None


class _Picture:
    """The video of the result, encoded as it comes.

    Attributes:
        packets: What was encoded.
        changes: What was changed.
    """

    def __init__(self, source: _Source, order: Order, output: Any) -> None:
        self.packets: list[Any] = []
        self.changes: list[str] = []
        self._source = source
        self._order = order
        self._output = output
        self._graph: Graph | None = None
        self._stream: Any = None
        self._first: tuple[int, int, str] | None = None
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether no more frames fit."""
        return self._count >= self._source.most_frames

    @property
    def part_done(self) -> float:
        """Which part of the frames is encoded, between 0 and 1."""
        return min(self._count / self._source.likely_frames, 1.0)

    @property
    def seconds(self) -> Fraction:
        """How long it lasts so far."""
        return self._count / self._source.rate

    def take(self, frame: Any) -> None:
        """Encode what the result shows until this frame."""
        if self.is_full:
            return
        if self._graph is None:
            shape = shape_of(frame, self._source.video.sample_aspect_ratio, self._order.sizes, self._order.ratio)
            self.changes += shape.changes
            self._start(frame, shape)
            self._first = _layout(frame)
        if _layout(frame) != self._first:
            raise UnfitError("changes its size or its kind of pixels on the way; make them the same throughout first")
        self._encode(frame)

    def end(self) -> None:
        """Encode what is left."""
        if self._graph is None:
            return
        if not self.is_full:
            self._encode(None)
        self.packets += self._stream.encode(None)

    def _start(self, frame: Any, shape: Shape) -> None:
        rate = self._source.rate
        told = f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
        steady = ("fps", f"fps={rate}:start_time={float(self._source.start)}:round=near")
        self._graph = graph(
            ("buffer", f"{told}:time_base={self._source.video.time_base}"),
            ("bwdif", "deint=interlaced") if frame.interlaced_frame else ("null", ""),
            steady,
            *shape.filters,
            ("format", _PIXELS),
            ("buffersink", ""),
        )
        self._stream = self._output.add_stream("libx264", rate=rate, options={"crf": str(self._order.crf)})
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
            shown.pts, shown.time_base = self._count, 1 / self._source.rate
            shown.pict_type = 0  # otherwise the encoder would take over the kinds of the source's frames
            self.packets += self._stream.encode(shown)
            self._count += 1
            if self.is_full:
                return


def _layout(frame: Any) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
