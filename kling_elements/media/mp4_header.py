"""What the header of an MP4 or MOV file, its `moov` box, tells of the movie and of its tracks."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Final

from attrs import frozen

from kling_elements.media.mp4_boxes import Box, BrokenBoxError
from kling_elements.media.codecs import VISUAL_ENTRY, codec_of, is_encrypted

_ENABLED = 1  # a flag of a track
_UNKNOWN: Final = frozenset({0, 2**32 - 1, 2**64 - 1})  # durations that mean that it is not known
_FIXED = 1 << 16  # numbers in headers have 16 bits behind the binary point
_UPRIGHT = (_FIXED, 0, 0, _FIXED)  # the matrix of a picture that is shown as it is stored
_ROUNDING = 16  # units of a matrix; so few move an edge of 1920 pixels by less than half a pixel
_MATRIX = 36  # bytes: a, b, u, c, d, v, x, y, w; u, v and w are for perspective
_MATRIX_OF_TRACK = (40, 52)  # bytes before the matrix in a header of version 0 and of version 1
_MATRIX_OF_MOVIE = (36, 48)
_SAMPLE_ENTRIES = 8  # bytes before the first one
_PICTURES: Final = frozenset({b"jpeg", b"png ", b"mjpa", b"mjpb"})  # how covers and chapters are stored
_NEARLY_SQUARE = Fraction(1, 100)  # as in FFmpeg; 1088 stored lines of which 1080 are shown are not stretched

# the signs of a track matrix's a, b, c and d, and the clockwise turn that they mean
_TURNS: Final = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}


@frozen(kw_only=True)
class Picture:
    """How a video track is shown.

    Attributes:
        width_px: Pixels across as shown, turned and stretched; None where it is not turned by quarter turns.
        height_px: Pixels down, as `width_px`.
        rotation_degrees: The clockwise turn: 0, 90, 180 or 270; None for any other, and for mirrored pictures.
        pixel_aspect: Width to height of one stored pixel as shown; None where the header tells nonsense.
    """

    width_px: int | None
    height_px: int | None
    rotation_degrees: int | None
    pixel_aspect: Fraction | None


@frozen(kw_only=True)
class Movie:
    """What the header tells.

    Attributes:
        seconds: How long it plays, in seconds; None where the header does not tell.
        is_fragmented: Whether fragments follow, or may.
        picture: How the video track is shown; None where there is none.
        frame_seconds: How long one of its frames is shown on average, in seconds; None where the header does not tell.
        video_codec: Its codec; None where there is no video track.
        audio_codec: The audio codec; None where there is no audio track.
        is_encrypted: Whether it takes a key to play one of them.
        is_compressed: Whether the header is compressed, so that nothing else is known.
    """

    seconds: Fraction | None
    is_fragmented: bool
    picture: Picture | None = None
    frame_seconds: Fraction | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    is_encrypted: bool = False
    is_compressed: bool = False


@frozen
class _Time:
    """A duration as it is stored: how many ticks, and how many of them make a second."""

    ticks: int
    per_second: int

    @property
    def seconds(self) -> Fraction | None:
        return None if self.ticks in _UNKNOWN or not self.per_second else Fraction(self.ticks, self.per_second)


def read_movie(header: Box, *, has_fragments: bool) -> Movie:
    """Read the header: the movie as a whole, and its first enabled video and audio tracks.

    Args:
        header: The `moov` box.
        has_fragments: Whether the file has `moof` boxes.

    Raises:
        BrokenBoxError: Its boxes contradict each other.
    """
    if header.find(b"cmov"):
        return Movie(seconds=None, is_fragmented=has_fragments, is_compressed=True)
    tracks = [box for box in header.children() if box.kind == b"trak"]
    is_fragmented = has_fragments or header.find(b"mvex") is not None
    seconds = _seconds_with_fragments(header, tracks) if is_fragmented else _seconds(header, tracks)
    video, audio = _first(tracks, b"vide"), _first(tracks, b"soun")
    return Movie(
        seconds=seconds,
        is_fragmented=is_fragmented,
        picture=None if video is None else _picture(header, video.box.need(b"tkhd"), video.entry),
        frame_seconds=None if video is None else _frame_seconds(video.box),
        video_codec=None if video is None else codec_of(video.entry),
        audio_codec=None if audio is None else codec_of(audio.entry),
        is_encrypted=any(track is not None and is_encrypted(track.entry) for track in (video, audio)),
    )


@frozen
class _Track:
    """A track, and what its media are stored as."""

    box: Box
    entry: Box


def _first(tracks: list[Box], handler: bytes) -> _Track | None:
    """Return the first enabled track of a kind; a cover, or one that is not enabled, only where there is no other."""
    found = [_Track(track, _entry(track)) for track in tracks if _handler(track) == handler]
    return min(found, key=lambda track: (not _is_enabled(track.box), track.entry.kind in _PICTURES), default=None)


def _handler(track: Box) -> bytes | None:
    box = track.find(b"mdia", b"hdlr")
    return None if box is None else bytes(box.content[8:12])


def _is_enabled(track: Box) -> bool:
    (flags,) = track.need(b"tkhd").unpack(">I", 0)
    return bool(flags & _ENABLED)


def _entry(track: Box) -> Box:
    """Return what a track's media are stored as: the first sample entry."""
    descriptions = track.need(b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(descriptions.children(_SAMPLE_ENTRIES), None)
    if entry is None:
        raise BrokenBoxError("is broken: a track does not name its codec")
    return entry


def _time(box: Box) -> _Time:
    """Return the duration in the header of a movie or of a track's media; both begin alike."""
    (version,) = box.unpack(">B", 0)
    per_second, ticks = box.unpack(">IQ", 20) if version == 1 else box.unpack(">II", 12)
    return _Time(ticks, per_second)


def _seconds(header: Box, tracks: list[Box]) -> Fraction | None:
    """Return what the movie's header says, and in its absence the longest track's.

    The movie's header counts in ticks of its own, often milliseconds, and is rounded to them. So a track that lasts as
    long but for less than a tick tells more exactly.
    """
    told = [box for track in tracks if (box := track.find(b"mdia", b"mdhd"))]
    exact = [seconds for box in told if (seconds := _time(box).seconds)]
    box = header.find(b"mvhd")
    rounded = None if box is None else _time(box)
    if rounded is None or rounded.seconds is None:
        return max(exact, default=None)
    whole, tick = rounded.seconds, Fraction(1, rounded.per_second)
    return max((seconds for seconds in exact if abs(seconds - whole) < tick), default=whole)


def _seconds_with_fragments(header: Box, tracks: list[Box]) -> Fraction | None:
    """Return what the header says of all fragments. If it has frames of its own, its duration is that of these."""
    movie, whole = header.find(b"mvhd"), header.find(b"mvex", b"mehd")
    if movie is None:
        return None
    if whole is not None:
        (version,) = whole.unpack(">B", 0)
        (ticks,) = whole.unpack(">Q" if version == 1 else ">I", 4)
        return _Time(ticks, _time(movie).per_second).seconds
    return None if any(map(_frame_seconds, tracks)) else _time(movie).seconds


def _frame_seconds(track: Box) -> Fraction | None:
    times = track.find(b"mdia", b"minf", b"stbl", b"stts")
    box = track.find(b"mdia", b"mdhd")
    if times is None or box is None or not (per_second := _time(box).per_second):
        return None
    (count,) = times.unpack(">I", 4)
    table = times.content[8 : 8 + 8 * count]
    frames = ticks = 0
    for some, each in struct.iter_unpack(">II", table[: len(table) // 8 * 8]):
        frames += some
        ticks += some * each
    return Fraction(ticks, frames * per_second) if ticks else None


def _picture(movie: Box, header: Box, entry: Box) -> Picture:
    a, b, c, d = _shown_by(movie, header)
    told = _told_aspect(entry)
    if not ((a and d and not b and not c) or (b and c and not a and not d)):
        return Picture(width_px=None, height_px=None, rotation_degrees=None, pixel_aspect=told)

    stored = entry.unpack(">HH", 24)
    width, height = (
        Fraction(side, _FIXED) for side in header.unpack(">II", _place(header, _MATRIX_OF_TRACK) + _MATRIX)
    )
    if not (width and height):
        width, height = stored[0] * (told or Fraction(1)), Fraction(stored[1])
    width, height = width * abs(a or b) / _FIXED, height * abs(d or c) / _FIXED
    shown = (round(width), round(height))
    return Picture(
        width_px=shown[0] if a else shown[1],
        height_px=shown[1] if a else shown[0],
        rotation_degrees=_TURNS.get((_sign(a), _sign(b), _sign(c), _sign(d))),
        pixel_aspect=_stretched(width, height, *stored) if told == 1 else told,
    )


def _shown_by(movie: Box, header: Box) -> tuple[int, int, int, int]:
    """Return a, b, c and d of the matrix by which a track is shown: its own, and behind that the movie's."""
    a, b, c, d = own = _matrix(header, _MATRIX_OF_TRACK)
    whole = movie.find(b"mvhd")
    if whole is None or (outer := _matrix(whole, _MATRIX_OF_MOVIE)) == _UPRIGHT:
        return own
    e, f, g, h = outer
    products = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
    return _exact(tuple(round(Fraction(product, _FIXED)) for product in products))


def _matrix(header: Box, places: tuple[int, int]) -> tuple[int, int, int, int]:
    a, b, _, c, d = header.unpack(">5i", _place(header, places))
    return _exact((a, b, c, d))


def _place(header: Box, places: tuple[int, int]) -> int:
    """Return where the matrix of a header is."""
    (version,) = header.unpack(">B", 0)
    return places[version == 1]


def _exact(matrix: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return a matrix without errors of rounding. One of zeros would show nothing; players take it for none."""
    a, b, c, d = (0 if abs(number) <= _ROUNDING else number for number in matrix)
    return (a, b, c, d) if a or b or c or d else _UPRIGHT


def _stretched(width: Fraction, height: Fraction, stored_width: int, stored_height: int) -> Fraction:
    """Return width to height of one pixel of a stored picture that is shown in that size."""
    if not (width and height and stored_width and stored_height):
        return Fraction(1)
    aspect = width * stored_height / (height * stored_width)
    return Fraction(1) if abs(aspect - 1) < _NEARLY_SQUARE else aspect


def _told_aspect(entry: Box) -> Fraction | None:
    """Return what a sample entry says of its pixels, which are square by default; None where that is nonsense."""
    box = next((box for box in entry.children(VISUAL_ENTRY) if box.kind == b"pasp"), None)
    if box is None:
        return Fraction(1)
    across, down = box.unpack(">II", 0)
    return Fraction(across, down) if across and down else None


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
