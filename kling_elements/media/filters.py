"""Choose the FFmpeg filters that bring a frame of video to an allowed size and to the colours of HD."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from attrs import frozen
from av.sidedata.sidedata import Type

from kling_elements.media.fitted import Ratio, px

Filters = list[tuple[str, str]]

# The filters that turn a picture upright, by the signs of a, b, c and d in its matrix, as in ffmpeg's `autorotate`.
_UPRIGHT = (1, 0, 0, 1)
_TURNS: Final[dict[tuple[int, int, int, int], tuple[Filters, str]]] = {
    _UPRIGHT: ([], ""),
    (0, 1, -1, 0): ([("transpose", "clock")], "turned upright by 90 degrees"),
    (-1, 0, 0, -1): ([("hflip", ""), ("vflip", "")], "turned upright by 180 degrees"),
    (0, -1, 1, 0): ([("transpose", "cclock")], "turned upright by 270 degrees"),
    (-1, 0, 0, 1): ([("hflip", "")], "mirrored from left to right"),
    (1, 0, 0, -1): ([("vflip", "")], "mirrored from top to bottom"),
    (0, 1, 1, 0): ([("transpose", "cclock_flip")], "turned upright by a quarter, and mirrored"),
    (0, -1, -1, 0): ([("transpose", "clock_flip")], "turned upright by a quarter, and mirrored"),
}
_QUARTER_TURNS: Final = tuple(_TURNS)[:4]  # clockwise
_MIN_FILLED_SHARE = 0.99  # a picture that fills more of a side is stretched, because thin bars are more visible
_MAX_PIXEL_ASPECT = 100  # larger ones are damage, so such pixels count as square

# Numbers of ITU-T H.273, as used in the headers of videos
_UNSPECIFIED = 2
_HDR_TRANSFERS: Final = (16, 18)  # PQ and HLG
_WIDE_PRIMARIES: Final = (9, 11, 12)  # BT.2020 and both kinds of P3
_HD_PIXELS = 1280 * 720  # players assume the colours of HD from this size on, unless the header says otherwise


@frozen(kw_only=True)
class FrameFilters:
    """The filters to apply to each frame.

    Attributes:
        size: Width and height of the result in pixels.
        filters: The names and arguments of FFmpeg filters.
        changes: A sentence for each change.
    """

    size: tuple[int, int]
    filters: Filters
    changes: list[str]


def filters_for(
    frame: Any, pixel_aspect: Fraction | None, sizes: Sequence[Sequence[int]], ratio: Ratio
) -> FrameFilters:
    """Return the filters for frames like this one.

    Args:
        frame: A decoded frame of PyAV.
        pixel_aspect: The width of a pixel divided by its height, or None for square pixels.
        sizes: The allowed sizes in pixels; the nearest one is used.
        ratio: Whether to pad or to crop frames whose ratio differs.
    """
    aspect = pixel_aspect or Fraction(1)
    if not Fraction(1, _MAX_PIXEL_ASPECT) <= aspect <= _MAX_PIXEL_ASPECT:
        aspect = Fraction(1)
    signs = _matrix_signs(frame)
    turns, turn_change = _TURNS[signs]
    width, height = frame.width, frame.height
    if not signs[0]:
        width, height, aspect = height, width, 1 / aspect
    displayed = Fraction(width, height) * aspect
    size = min(sizes, key=lambda size: _ratio_difference(displayed, Fraction(*size)))
    resize = _crop if ratio == "crop" else _pad
    filters, changes = resize((width, height), aspect, (size[0], size[1]))
    colours, colour_changes = _colour_arguments(frame)
    aspect_changes = ["its pixels were made square"] if aspect != 1 else []
    return FrameFilters(
        size=(size[0], size[1]),
        filters=[*turns, *(_with_colours(colours, step) for step in filters), ("setsar", "1")],
        changes=[*([turn_change] if turn_change else []), *aspect_changes, *changes, *colour_changes],
    )


def _matrix_signs(frame: Any) -> tuple[int, int, int, int]:
    """Return the signs of a, b, c and d in a frame's display matrix, rounded to a quarter turn."""
    try:
        data = frame.side_data.get(Type.DISPLAYMATRIX)
    # PyAV does not know some side data, such as that of stereo video, but still provides the rotation.
    except ValueError:
        a, b, c, d = _QUARTER_TURNS[round(-frame.rotation / 90) % 4]
    else:
        a, b, _, c, d = struct.unpack_from("=5i", data) if data else (1, 0, 0, 0, 1)
    is_sideways = max(abs(b), abs(c)) > max(abs(a), abs(d))
    signs = (0, _sign(b), _sign(c), 0) if is_sideways else (_sign(a), 0, 0, _sign(d))
    return signs if signs in _TURNS else _UPRIGHT


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _ratio_difference(first: Fraction, second: Fraction) -> Fraction:
    """Return the larger ratio divided by the smaller one, which is 1 if they are equal."""
    return max(first / second, second / first)


def _with_colours(colours: str, step: tuple[str, str]) -> tuple[str, str]:
    name, arguments = step
    return (name, f"{arguments}:{colours}") if name == "scale" else step


def _pad(stored: tuple[int, int], aspect: Fraction, size: tuple[int, int]) -> tuple[Filters, list[str]]:
    """Return filters that fit the whole picture into a size, and a sentence for each change."""
    width, height = size
    displayed = Fraction(*stored) * aspect
    inner = min(_even(height * displayed), width), min(_even(width / displayed), height)
    if min(inner[0] / width, inner[1] / height) > _MIN_FILLED_SHARE:
        inner = size
    changes = [f"scaled from {px(stored)} to {px(inner)}"] if inner != stored else []
    if inner != size:
        position = "at the sides" if inner[0] < width else "above and below"
        changes.append(f"padded {position} with black to {px(size)}")
    return [("scale", _scale(inner)), ("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2")], changes


def _crop(stored: tuple[int, int], aspect: Fraction, size: tuple[int, int]) -> tuple[Filters, list[str]]:
    """Return filters that fill a size with the middle of the picture, and a sentence for each change."""
    width, height = stored
    stored_ratio = Fraction(*size) / aspect  # in pixels as stored
    inner = min(width, max(1, round(height * stored_ratio))), min(height, max(1, round(width / stored_ratio)))
    changes = []
    if inner != stored:
        position = "at the sides" if inner[0] < width else "above and below"
        changes.append(f"cropped {position} from {px(stored)} to {px(inner)}")
    if inner != size:
        changes.append(f"scaled from {px(inner)} to {px(size)}")
    return [("crop", f"{inner[0]}:{inner[1]}:exact=1"), ("scale", _scale(size))], changes


def _even(length: Fraction) -> int:
    """Return the nearest even length. H.264 needs even lengths, because it stores colours for pairs of pixels."""
    return max(2, 2 * round(length / 2))


def _scale(size: tuple[int, int]) -> str:
    return f"{size[0]}:{size[1]}:flags=lanczos+accurate_rnd+full_chroma_int"


def _colour_arguments(frame: Any) -> tuple[str, list[str]]:
    """Return the arguments of the scale filter for the colours of HD, and a sentence for each visible change."""
    arguments = "out_color_matrix=bt709:out_range=tv"
    if frame.colorspace == _UNSPECIFIED:
        is_hd = frame.width * frame.height >= _HD_PIXELS
        arguments += f":in_color_matrix={'bt709' if is_hd else 'bt601'}"
    if frame.color_trc in _HDR_TRANSFERS or frame.color_primaries in _WIDE_PRIMARIES:
        arguments += ":out_transfer=bt709:out_primaries=bt709:intent=perceptual"
        return arguments, ["its wide range of colours was reduced to that of HD"]
    return arguments, []
