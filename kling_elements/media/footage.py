"""Decode a video from a start time with PyAV, and find the times and the rate of its frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, count
from typing import Any, BinaryIO, Final

import av
from av.error import FFmpegError

# Only self-contained formats: with playlists, FFmpeg would read other files and URLs.
_RAW: Final = ("mpegvideo", "m4v", "h264", "hevc", "obu", "vc1")  # store no times, and have a constant rate
_DECODING_TIMES = "avi"  # stores decoding times; FFmpeg derives wrong display times from them
_CONTAINERS: Final = ",".join(["mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,dv,nut,rm,wtv,ivf", *_RAW])
_MAX_FRAME_PIXELS = 8192 * 8192  # each takes up to 8 bytes; cameras record 8192x4320
_MAX_RATE = Fraction(60)  # frames per second; only slow-motion videos have more
_USUAL_RATE = Fraction(25)  # frames per second, if the file does not give a rate
_MAX_RATE_DENOMINATOR = 1001  # as in the rate 30000/1001
_MAX_ROUNDING = Fraction(1, 500)  # seconds; containers with coarser times count frames, so nothing is rounded
_MAX_EARLY_START = Fraction(1)  # seconds; the result may start this much earlier, to begin with a whole frame
_MAX_INTERLEAVING = 5  # seconds between sound and picture in a container

# Texts in a file may not be UTF-8. From version 19 on, PyAV accepts them by default.
_LENIENT: Final[dict[str, Any]] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}  # noqa: PLR2004

# Look for a keyframe this many seconds before the start, one after another, and finally at the beginning of the file,
# because without an index FFmpeg seeks to an arbitrary frame.
_SEEK_BACK: Final = (0, 10, 60)


class UnfitError(Exception):
    """The video cannot be used. The message says why."""


class Footage:
    """An open video.

    Attributes:
        video: The video stream.
        audio: The audio stream, or None.
        source_rate: The frame rate of the source, in frames per second.
        rate: The frame rate of the result, which has an upper limit.
        start: The start of the result, in seconds of the streams' own time.
        whole_seconds: The duration of the whole video, in seconds, or 0 if the header does not give it.
    """

    def __init__(self, container: Any, start: Fraction, max_seconds: int, rate: Fraction | None) -> None:
        self.video = container.streams.best("video")
        self.audio = container.streams.best("audio")
        if self.video is None or not self.video.width:
            raise UnfitError("has no picture that can be decoded; choose a file with a video track")
        if self.video.width * self.video.height > _MAX_FRAME_PIXELS:
            raise UnfitError(
                f"has frames of more than {_MAX_FRAME_PIXELS} pixels, too many to decode; scale it down first"
            )
        self.video.thread_type = "AUTO"
        self.source_rate = rate or _rate(self.video)
        self.rate = min(self.source_rate, _MAX_RATE)
        self.start = Fraction(container.start_time or 0, av.time_base) + start
        self.whole_seconds = Fraction(container.duration or 0, av.time_base)
        self._skipped = start
        self._max_seconds = max_seconds
        self._container = container
        self._has_times = container.format.name not in _RAW
        self._numbers = count()
        self._last_time: Fraction | None = None  # when the previous frame is shown
        self._frames: Iterator[Any] = iter(())

    def count_rate(self) -> Fraction:
        """Count the frames of the first seconds, and return their rate if it is lower than the rate in the header.

        Some containers claim thousands of frames per second, because their clock is that fine. Counting reads the file,
        so open it again afterwards.
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
        """The latest end of the result, in seconds of the streams' own time."""
        return self.start + self._max_seconds

    def seconds_into(self, frame: Any) -> Fraction:
        """Return the time at which a frame is shown, in seconds of the result.

        Times that the container has rounded become steady again. If the source has a higher frame rate than the result
        may have, all times move.
        """
        time = _time(frame) - self.start
        rounding: Fraction = min(frame.time_base, _MAX_ROUNDING)
        if self.rate != self.source_rate:
            return math.floor((time + rounding) * self.rate) / self.rate
        steady = round(time * self.rate) / self.rate
        return steady if abs(time - steady) <= rounding else time

    def seconds_of(self, frame: Any) -> Fraction:
        """Return the duration of the last frame in seconds."""
        duration: Fraction = (frame.duration or 0) * frame.time_base
        is_exact = duration and self.rate == self.source_rate
        return duration if is_exact else max(duration, 1 / self.rate)

    def frames(self) -> Iterator[Any]:
        """Yield frames of video and audio in the file's order, beginning with the frame shown at the start."""
        return self._frames

    def seek(self, seconds_back: int | None) -> bool:
        """Seek to the frame shown at the start. Return False if it cannot be decoded from there.

        Args:
            seconds_back: The distance from the start back to the search for a keyframe, or None for the beginning of
                the file. If the file's first frame comes later than the start, the result begins with that frame.
        """
        frames = self._decode(
            self._packets() if seconds_back is None else self._packets_from(self.start - seconds_back)
        )
        first: Any = None
        sounds, following = [], []
        for frame in frames:
            if not isinstance(frame, av.VideoFrame):
                if _time(frame) > self.start - _MAX_EARLY_START:
                    sounds.append(frame)
            elif first is None and seconds_back is not None and _time(frame) > self.start:
                return False
            elif first is None or _time(frame) <= self.start:
                if first is None and not self._skipped:  # in a stream that was cut, the header may give a later time
                    self.start = min(self.start, _time(frame))
                first = frame
            else:
                following.append(frame)
                break
        if first is not None and self.start - _time(first) < min(1 / self.rate, _MAX_EARLY_START):
            self.start = _time(first)  # so that the first frame is shown no earlier and no longer than the others
        self._frames = chain(sounds, [] if first is None else [first], following, frames)
        return first is not None or seconds_back is None

    def _packets(self) -> Iterator[Any]:
        packets: Iterator[Any] = self._container.demux([s for s in (self.video, self.audio) if s is not None])
        return packets

    def _packets_from(self, seconds: Fraction) -> Iterator[Any]:
        """Yield the packets after a time, and video packets only from a keyframe on."""
        if not self._has_times:
            return  # the times of a raw stream come from counting frames, so it must be read from its beginning
        try:
            self._container.seek(max(int(seconds * av.time_base), self._container.start_time or 0))
        except FFmpegError:  # this container cannot seek
            return
        has_keyframe = False
        for packet in self._packets():
            is_video = packet.stream is self.video
            has_keyframe = has_keyframe or (is_video and packet.is_keyframe and not packet.is_corrupt)
            if has_keyframe or (not is_video and not packet.is_corrupt):
                yield packet

    def _decode(self, packets: Iterator[Any]) -> Iterator[Any]:
        for packet in packets:
            if packet.is_corrupt:
                raise UnfitError("is cut off or damaged; export or download it again")
            if packet.dts is not None and packet.dts * packet.time_base > self.end + _MAX_INTERLEAVING:
                return
            yield from filter(self._has_time, packet.decode())

    def _has_time(self, frame: Any) -> bool:
        """Set the time of a frame if the file does not give it. Return whether the time is known now."""
        is_picture = bool(isinstance(frame, av.VideoFrame))  # bool() keeps type checkers from narrowing Any
        if not self._has_times:
            frame.pts, frame.duration, frame.time_base = next(self._numbers), 1, 1 / self.source_rate
        elif frame.pts is None or (is_picture and self._container.format.name == _DECODING_TIMES):
            frame.pts = frame.dts
        # an MPEG packet may contain several frames, of which only the first one has a time
        if frame.pts is None and is_picture and self._last_time is not None:
            frame.pts = round((self._last_time + 1 / self.source_rate) / frame.time_base)
        if frame.pts is None:
            return False
        if is_picture:
            self._last_time = _time(frame)
        return True


@contextmanager
def open_footage(file: BinaryIO, start: Fraction, max_seconds: int) -> Iterator[Footage]:
    """Open a video, and seek to the start of the result.

    Args:
        file: The open file. A path would not be safe, because FFmpeg also opens URLs.
        start: The number of seconds to skip at the beginning.
        max_seconds: The maximum number of seconds to use after that.

    Raises:
        UnfitError: The video has no picture, has frames that are too large, or is cut off.
        Exception: PyAV raises many kinds on damaged files.
    """
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
    rate = None
    attempts = [*(_SEEK_BACK if start else ()), None]
    while True:
        file.seek(0)
        with av.open(file, "r", options=options, **_LENIENT) as container:
            footage = Footage(container, start, max_seconds, rate)
            if rate is None and footage.rate != footage.source_rate:
                rate = footage.count_rate()
            elif footage.seek(attempts.pop(0)):
                yield footage
                return


def _rate(stream: Any) -> Fraction:
    """Return the frame rate of most frames, or the average rate if FFmpeg's guess is implausible."""
    rates = [rate for rate in (stream.guessed_rate, stream.average_rate) if rate]
    plausible = [rate for rate in rates if rate <= _MAX_RATE]
    return Fraction(next(iter(plausible or rates), _USUAL_RATE)).limit_denominator(_MAX_RATE_DENOMINATOR)


def _time(frame: Any) -> Fraction:
    """Return the time at which a frame is shown, in seconds of the stream's own time."""
    seconds: Fraction = frame.pts * frame.time_base
    return seconds
