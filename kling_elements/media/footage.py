"""Opens a video with PyAV and decodes it from the frame on that is asked for; its times and its frame rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, count
from typing import Any, BinaryIO, Final

import av
from av.error import FFmpegError

# Only containers that hold everything themselves: playlists would make FFmpeg read other files and addresses.
_RAW: Final = ("mpegvideo", "m4v", "h264", "hevc", "obu", "vc1")  # nothing but pictures, which follow each other
_OF_DECODING = "avi"  # tells when pictures are decoded, and FFmpeg guesses wrongly when they are shown
_CONTAINERS: Final = ",".join(["mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,dv,nut,rm,wtv,ivf", *_RAW])
_MAX_PIXELS = 8192 * 8192  # of a frame, of up to 8 bytes each; cameras make 8192x4320
_MAX_RATE = Fraction(60)  # frames per second; only slow motion has more
_USUAL_RATE = Fraction(25)  # frames per second, where the file does not tell
_MAX_RATE_DENOMINATOR = 1001  # the largest denominator of a frame rate; that of 30000/1001
_MAX_ROUNDING = Fraction(1, 500)  # seconds; with coarser times a container does not round, but counts frames
_MAX_EARLY_START = Fraction(1)  # seconds by which the result may begin earlier than asked for, with a whole picture
_PATIENCE = 5  # seconds that a container may keep sound and picture apart

# Texts in a file need not be UTF-8; from PyAV 19 on none are refused for that.
_LENIENT: Final[dict[str, Any]] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}  # noqa: PLR2004

# How many seconds before the start to look for a picture that is stored whole, one after another; then from the file's
# beginning on. Where there is no index, FFmpeg goes to just any picture.
_BACK: Final = (0, 10, 60)


class UnfitError(Exception):
    """The video cannot be used; the text says why."""


class Footage:
    """An opened video.

    Attributes:
        video: The stream of pictures.
        audio: The stream of sound, or None.
        source_rate: How many frames per second it has.
        rate: The same, but not more than the result may have.
        start: When the result begins, in seconds of the streams' own time.
        whole_seconds: How long all of it lasts, as far as the header tells; else 0.
    """

    def __init__(self, container: Any, start: Fraction, max_seconds: int, rate: Fraction | None) -> None:
        self.video = container.streams.best("video")
        self.audio = container.streams.best("audio")
        if self.video is None or not self.video.width:
            raise UnfitError("has no picture that can be decoded")
        if self.video.width * self.video.height > _MAX_PIXELS:
            raise UnfitError(f"has frames of more than {_MAX_PIXELS} pixels, too many to be decoded")
        self.video.thread_type = "AUTO"
        self.source_rate = rate or _rate(self.video)
        self.rate = min(self.source_rate, _MAX_RATE)
        self.start = Fraction(container.start_time or 0, av.time_base) + start
        self.whole_seconds = Fraction(container.duration or 0, av.time_base)
        self._left_out = start
        self._max_seconds = max_seconds
        self._container = container
        self._has_times = container.format.name not in _RAW
        self._numbers = count()
        self._before: Fraction | None = None  # when the picture is shown that came last
        self._frames: Iterator[Any] = iter(())

    def count_rate(self) -> Fraction:
        """Return how many frames per second it really has, by those of its first seconds: where less, it is that.

        Some containers tell thousands, as they could have so many. It reads the file, which has to be opened again.
        """
        times: list[Fraction] = []
        for packet in self._container.demux(self.video):
            if packet.dts is not None:
                times.append(packet.dts * packet.time_base)
                if times[-1] - times[0] > self._max_seconds:
                    break
        span = times[-1] - times[0] if times else Fraction(0)
        counted: Fraction = (len(times) - 1) / span if span > 0 else self.source_rate
        return min(self.source_rate, counted.limit_denominator(_MAX_RATE_DENOMINATOR))

    @property
    def end(self) -> Fraction:
        """When the result ends at the latest, as `start`."""
        return self.start + self._max_seconds

    def seconds_into(self, frame: Any) -> Fraction:
        """Return when a picture is shown, in seconds of the result.

        A time that was rounded to what the container can store is that of a steady rate again. Where the source has
        more frames than the result may have, all times are.
        """
        time = _time(frame) - self.start
        rounding: Fraction = min(frame.time_base, _MAX_ROUNDING)
        if self.rate != self.source_rate:
            return math.floor((time + rounding) * self.rate) / self.rate
        steady = round(time * self.rate) / self.rate
        return steady if abs(time - steady) <= rounding else time

    def seconds_of(self, frame: Any) -> Fraction:
        """Return how long a picture is shown that no other one follows."""
        told: Fraction = (frame.duration or 0) * frame.time_base
        return told if told and self.rate == self.source_rate else max(told, 1 / self.rate)

    def frames(self) -> Iterator[Any]:
        """Yield frames of picture and sound as they come: from the picture on that is shown at the start."""
        return self._frames

    def find(self, back: int | None) -> bool:
        """Go to the picture that is shown at the start. Return False if that cannot be decoded from there.

        Args:
            back: How many seconds before the start to look for one to decode from; None for the beginning of the file.
                If its first picture comes later than the start, the result begins with that.
        """
        decoded = self._decoded(self._packets() if back is None else self._packets_from(self.start - back))
        first: Any = None
        sounds, rest = [], []
        for frame in decoded:
            if not isinstance(frame, av.VideoFrame):
                if _time(frame) > self.start - _MAX_EARLY_START:
                    sounds.append(frame)
            elif first is None and back is not None and _time(frame) > self.start:
                return False
            elif first is None or _time(frame) <= self.start:
                if first is None and not self._left_out:  # where streams were cut, the header may name a later time
                    self.start = min(self.start, _time(frame))
                first = frame
            else:
                rest.append(frame)
                break
        if first is not None and self.start - _time(first) < min(1 / self.rate, _MAX_EARLY_START):
            self.start = _time(first)  # so that it is shown neither before it comes nor for less time than the others
        self._frames = chain(sounds, [] if first is None else [first], rest, decoded)
        return first is not None or back is None

    def _packets(self) -> Iterator[Any]:
        packets: Iterator[Any] = self._container.demux([s for s in (self.video, self.audio) if s is not None])
        return packets

    def _packets_from(self, seconds: Fraction) -> Iterator[Any]:
        """Yield packets from that time on; pictures only from one on that is stored whole."""
        if not self._has_times:
            return  # pictures are counted, so that none may be left out
        try:
            self._container.seek(max(int(seconds * av.time_base), self._container.start_time or 0))
        except FFmpegError:  # it has no way to
            return
        is_found = False
        for packet in self._packets():
            is_found = is_found or (packet.stream is self.video and packet.is_keyframe and not packet.is_corrupt)
            if is_found or (packet.stream is not self.video and not packet.is_corrupt):
                yield packet

    def _decoded(self, packets: Iterator[Any]) -> Iterator[Any]:
        for packet in packets:
            if packet.is_corrupt:
                raise UnfitError("breaks off or is damaged")
            if packet.dts is not None and packet.dts * packet.time_base > self.end + _PATIENCE:
                return
            yield from filter(self._has_time, packet.decode())

    def _has_time(self, frame: Any) -> bool:
        """Return whether it is known when a frame is shown, and find that out where it is not told."""
        is_picture = bool(isinstance(frame, av.VideoFrame))  # a frame stays Any to type checkers
        if not self._has_times:
            frame.pts, frame.duration, frame.time_base = next(self._numbers), 1, 1 / self.source_rate
        elif frame.pts is None or (is_picture and self._container.format.name == _OF_DECODING):
            frame.pts = frame.dts
        if frame.pts is None and is_picture and self._before is not None:  # as in MPEG, where several are in a packet
            frame.pts = round((self._before + 1 / self.source_rate) / frame.time_base)
        if frame.pts is None:
            return False
        if is_picture:
            self._before = _time(frame)
        return True


@contextmanager
def opened(file: BinaryIO, start: Fraction, max_seconds: int) -> Iterator[Footage]:
    """Open a video, and go to where the result begins.

    Args:
        file: The file, not its path, which FFmpeg might take for an address.
        start: Seconds from its beginning that are left out.
        max_seconds: How much is used of what comes then.

    Raises:
        UnfitError: It has no picture, or one too large, or breaks off.
        Exception: Of many kinds, where it is damaged.
    """
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
    rate = None
    ways = [*(_BACK if start else ()), None]
    while True:
        file.seek(0)
        with av.open(file, "r", options=options, **_LENIENT) as container:
            footage = Footage(container, start, max_seconds, rate)
            if rate is None and footage.rate != footage.source_rate:
                rate = footage.count_rate()
            elif footage.find(ways.pop(0)):
                yield footage
                return


def _rate(stream: Any) -> Fraction:
    """Return the real frame rate; the average, which gaps and bursts change, where that makes no sense."""
    told = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
    usual = [rate for rate in told if rate <= _MAX_RATE]
    return Fraction(next(iter(usual or told), _USUAL_RATE)).limit_denominator(_MAX_RATE_DENOMINATOR)


def _time(frame: Any) -> Fraction:
    """Return when a frame is shown, in seconds of the stream's own time."""
    seconds: Fraction = frame.pts * frame.time_base
    return seconds
