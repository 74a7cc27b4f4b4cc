"""Read the header (`moov` box) of an MP4 or MOV file: its duration, and how its tracks are shown."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Final

from attrs import frozen

from kling_elements.media.codecs import VISUAL_ENTRY, codec_of, is_encrypted
from kling_elements.media.mp4_boxes import Box, BrokenBoxError

_ENABLED = 1  # a flag of a track
_UNKNOWN: Final = frozenset({0, 2**32 - 1, 2**64 - 1})  # values of a duration that is unknown
_FIXED = 1 << 16  # fixed-point numbers have 16 bits after the binary point
_UPRIGHT = (_FIXED, 0, 0, _FIXED)  # the matrix of a picture that is shown as stored
_ROUNDING = 16  # units of a matrix; these move an edge of 1920 pixels by less than half a pixel
_MATRIX = 36  # bytes: a, b, u, c, d, v, x, y, w; u, v and w are for perspective
_MATRIX_OF_TRACK = (40, 52)  # offsets in bytes of the matrix in track headers of version 0 and 1
_MATRIX_OF_MOVIE = (36, 48)  # the same for movie headers
_SAMPLE_ENTRIES = 8  # bytes before the first entry
_PICTURES: Final = frozenset({b"jpeg", b"png ", b"mjpa", b"mjpb"})  # codecs of covers and chapter images
_NEARLY_SQUARE = Fraction(1, 100)  # as in FFmpeg; hiding 8 of 1088 stored lines does not stretch the others

# clockwise turns in degrees, by the signs of a, b, c and d of a track's matrix
_TURNS: Final = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}


@frozen(kw_only=True)
class DisplayedPicture:
    """The display of a video track in players.

    Attributes:
        width_px: The displayed width in pixels, after turning and stretching, or None if the angle is not a quarter
            turn.
        height_px: The displayed height, as for `width_px`.
        rotation_degrees: The clockwise turn: 0, 90, 180 or 270, or None for other angles and for mirrored pictures.
        pixel_aspect: The displayed width of a stored pixel divided by its height, or None if the header is invalid.
    """

    width_px: int | None
    height_px: int | None
    rotation_degrees: int | None
    pixel_aspect: Fraction | None


@frozen(kw_only=True)
class Movie:
    """The content of the header.

    Attributes:
        seconds: The duration in seconds, or None if the header does not give it.
        is_fragmented: Whether fragments follow, or may follow.
        picture: How the video track is shown, or None if there is no video track.
        frame_seconds: The average duration of a frame, in seconds, or None if the header does not give it.
        video_codec: The video codec, or None if there is no video track.
        audio_codec: The audio codec, or None if there is no audio track.
        is_encrypted: Whether you need a key to play one of the tracks.
        is_compressed: Whether the header is compressed. Then nothing else is known.
    """

    seconds: Fraction | None
    is_fragmented: bool
    picture: DisplayedPicture | None = None
    frame_seconds: Fraction | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    is_encrypted: bool = False
    is_compressed: bool = False


@frozen
class _Time:
    """A stored duration: a number of ticks, and the number of ticks per second."""

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
        BrokenBoxError: The boxes in the header contradict each other.
    """
    if header.find(b"cmov"):
        return Movie(seconds=None, is_fragmented=has_fragments, is_compressed=True)
    tracks = [box for box in header.children() if box.kind == b"trak"]
    is_fragmented = has_fragments or header.find(b"mvex") is not None
    seconds = _seconds_with_fragments(header, tracks) if is_fragmented else _movie_seconds(header, tracks)
    video, audio = _best_track(tracks, b"vide"), _best_track(tracks, b"soun")
    return Movie(
        seconds=seconds,
        is_fragmented=is_fragmented,
        picture=None if video is None else _read_picture(header, video.box.require(b"tkhd"), video.entry),
        frame_seconds=None if video is None else _frame_seconds(video.box),
        video_codec=None if video is None else codec_of(video.entry),
        audio_codec=None if audio is None else codec_of(audio.entry),
        is_encrypted=any(track is not None and is_encrypted(track.entry) for track in (video, audio)),
    )


@frozen
class _Track:
    """A track, and its first sample entry, which contains the codec."""

    box: Box
    entry: Box


def _best_track(tracks: list[Box], handler: bytes) -> _Track | None:
    """Return the first track of a kind. Prefer enabled tracks, and then tracks that are not covers."""
    candidates = [_Track(track, _first_entry(track)) for track in tracks if _handler(track) == handler]
    return min(candidates, key=lambda track: (not _is_enabled(track.box), track.entry.kind in _PICTURES), default=None)


def _handler(track: Box) -> bytes | None:
    box = track.find(b"mdia", b"hdlr")
    return None if box is None else bytes(box.content[8:12])


def _is_enabled(track: Box) -> bool:
    (flags,) = track.require(b"tkhd").unpack(">I", 0)
    return bool(flags & _ENABLED)


def _first_entry(track: Box) -> Box:
    """Return the first sample entry of a track, which describes how the media are stored."""
    descriptions = track.require(b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(descriptions.children(_SAMPLE_ENTRIES), None)
    if entry is None:
        raise BrokenBoxError("is damaged: a track has no codec")
    return entry


def _read_time(box: Box) -> _Time:
    """Return the duration in the header of a movie or of a track's media. Both headers begin in the same way."""
    (version,) = box.unpack(">B", 0)
    per_second, ticks = box.unpack(">IQ", 20) if version == 1 else box.unpack(">II", 12)
    return _Time(ticks, per_second)


def _movie_seconds(header: Box, tracks: list[Box]) -> Fraction | None:
    """Return the duration in the movie's header, or else the duration of the longest track.

    The movie's header often has coarser ticks, such as milliseconds. If a track's duration differs by less than a tick,
    the track's duration is the exact one.
    """
    boxes = [box for track in tracks if (box := track.find(b"mdia", b"mdhd"))]
    exact = [seconds for box in boxes if (seconds := _read_time(box).seconds)]
    box = header.find(b"mvhd")
    rounded = None if box is None else _read_time(box)
    if rounded is None or rounded.seconds is None:
        return max(exact, default=None)
    whole_seconds, tick = rounded.seconds, Fraction(1, rounded.per_second)
    return max((seconds for seconds in exact if abs(seconds - whole_seconds) < tick), default=whole_seconds)


def _seconds_with_fragments(header: Box, tracks: list[Box]) -> Fraction | None:
    """Return the duration of all fragments. If the header has frames of its own, its duration covers only these."""
    movie, all_fragments = header.find(b"mvhd"), header.find(b"mvex", b"mehd")
    if movie is None:
        return None
    if all_fragments is not None:
        (version,) = all_fragments.unpack(">B", 0)
        (ticks,) = all_fragments.unpack(">Q" if version == 1 else ">I", 4)
        return _Time(ticks, _read_time(movie).per_second).seconds
    return None if any(map(_frame_seconds, tracks)) else _read_time(movie).seconds


def _frame_seconds(track: Box) -> Fraction | None:
    times = track.find(b"mdia", b"minf", b"stbl", b"stts")
    box = track.find(b"mdia", b"mdhd")
    if times is None or box is None or not (per_second := _read_time(box).per_second):
        return None
    (count,) = times.unpack(">I", 4)
    table = times.content[8 : 8 + 8 * count]
    frames = ticks = 0
    for count_with_duration, duration in struct.iter_unpack(">II", table[: len(table) // 8 * 8]):
        frames += count_with_duration
        ticks += count_with_duration * duration
    return Fraction(ticks, frames * per_second) if ticks else None


def _read_picture(movie: Box, header: Box, entry: Box) -> DisplayedPicture:
    """Return how players show a video track.

    Args:
        movie: The `moov` box.
        header: The track's `tkhd` box.
        entry: The track's sample entry.

    Raises:
        BrokenBoxError: One of the boxes is too short.
    """
    a, b, c, d = matrix = _display_matrix(movie, header)
    pixel_aspect = _entry_aspect(entry)
    if not _is_quarter_turn(matrix):
        return DisplayedPicture(width_px=None, height_px=None, rotation_degrees=None, pixel_aspect=pixel_aspect)
    stored = entry.unpack(">HH", 24)
    across, down = _sides(header, stored, pixel_aspect)
    across, down = across * abs(a or b) / _FIXED, down * abs(d or c) / _FIXED
    is_sideways = not a
    width, height = (down, across) if is_sideways else (across, down)
    return DisplayedPicture(
        width_px=round(width),
        height_px=round(height),
        rotation_degrees=_TURNS.get((_sign(a), _sign(b), _sign(c), _sign(d))),
        pixel_aspect=_stretch_aspect(across, down, *stored) if pixel_aspect == 1 else pixel_aspect,
    )


def _is_quarter_turn(matrix: tuple[int, int, int, int]) -> bool:
    """Return whether a matrix turns by a multiple of 90 degrees. It may also mirror and scale."""
    a, b, c, d = matrix
    return bool((a and d and not b and not c) or (b and c and not a and not d))


def _sides(header: Box, stored: tuple[int, ...], pixel_aspect: Fraction | None) -> tuple[Fraction, Fraction]:
    """Return width and height in a track's header, in pixels before the matrix applies, or else the stored ones."""
    sides = header.unpack(">II", _matrix_offset(header, _MATRIX_OF_TRACK) + _MATRIX)
    if all(sides):
        return Fraction(sides[0], _FIXED), Fraction(sides[1], _FIXED)
    return stored[0] * (pixel_aspect or Fraction(1)), Fraction(stored[1])


def _display_matrix(movie: Box, header: Box) -> tuple[int, int, int, int]:
    """Return a, b, c and d of the matrix for a track: its own matrix, multiplied by the movie's matrix."""
    a, b, c, d = own = _read_matrix(header, _MATRIX_OF_TRACK)
    movie_header = movie.find(b"mvhd")
    if movie_header is None or (outer := _read_matrix(movie_header, _MATRIX_OF_MOVIE)) == _UPRIGHT:
        return own
    e, f, g, h = outer
    products = a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h
    return _without_rounding(tuple(round(Fraction(product, _FIXED)) for product in products))


def _read_matrix(header: Box, places: tuple[int, int]) -> tuple[int, int, int, int]:
    a, b, _, c, d = header.unpack(">5i", _matrix_offset(header, places))
    return _without_rounding((a, b, c, d))


def _matrix_offset(header: Box, places: tuple[int, int]) -> int:
    """Return the offset of the matrix in a header, in bytes, by the header's version."""
    (version,) = header.unpack(">B", 0)
    return places[version == 1]


def _without_rounding(matrix: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return a matrix without rounding errors. A matrix of zeros is replaced, because players ignore it."""
    a, b, c, d = (0 if abs(number) <= _ROUNDING else number for number in matrix)
    return (a, b, c, d) if a or b or c or d else _UPRIGHT


def _stretch_aspect(width: Fraction, height: Fraction, stored_width: int, stored_height: int) -> Fraction:
    """Return the width of a stored pixel divided by its height, if the picture is shown with these sides."""
    if not (width and height and stored_width and stored_height):
        return Fraction(1)
    aspect = width * stored_height / (height * stored_width)
    return Fraction(1) if abs(aspect - 1) < _NEARLY_SQUARE else aspect


def _entry_aspect(entry: Box) -> Fraction | None:
    """Return the pixel aspect in the sample entry (width divided by height), 1 if it is missing, or None if invalid."""
    box = next((box for box in entry.children(VISUAL_ENTRY) if box.kind == b"pasp"), None)
    if box is None:
        return Fraction(1)
    across, down = box.unpack(">II", 0)
    return Fraction(across, down) if across and down else None


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
