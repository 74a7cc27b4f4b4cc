"""How a frame of video becomes one of an allowed size: turned, padded or cropped, scaled, in the colours of HD."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any, Final

from attrs import frozen
from av.sidedata.sidedata import Type

from kling_elements.media.fitted import Ratio, px

Filters = list[tuple[str, str]]

# What shows a picture upright, by the signs of a, b, c and d of its matrix: as ffmpeg's `autorotate` does.
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
_QUARTERS: Final = tuple(_TURNS)[:4]  # clockwise
_NEARLY = 0.99  # of a side; what is filled so far is stretched, which nobody sees, instead of padded with thin bars
_MAX_PIXEL_ASPECT = 100  # width to height, or the other way round; what is beyond is damaged and taken for square

# Numbers of ITU-T H.273, as in the headers of videos
_UNSPECIFIED = 2
_HDR_TRANSFERS: Final = (16, 18)  # PQ and HLG
_WIDE_PRIMARIES: Final = (9, 11, 12)  # BT.2020 and both kinds of P3
_HD_PIXELS = 1280 * 720  # from here on players take colours for those of HD where a video does not tell


@frozen(kw_only=True)
class FrameFilters:
    """What is to be done to each frame.

    Attributes:
        size: Width and height of the result in pixels.
        filters: FFmpeg's filters and their arguments.
        changes: What they change, a sentence each.
    """

    size: tuple[int, int]
    filters: Filters
    changes: list[str]


def filters_for(frame: Any, pixel_aspect: Fraction | None, sizes: list[list[int]], ratio: Ratio) -> FrameFilters:
    """Return what is to be done to frames such as this one.

    Args:
        frame: A decoded frame of PyAV.
        pixel_aspect: Width to height of one of its pixels; None for square ones.
        sizes: The allowed sizes in pixels, of which the nearest is taken.
        ratio: Whether to pad or to crop what has another ratio.
    """
    aspect = pixel_aspect or Fraction(1)
    if not Fraction(1, _MAX_PIXEL_ASPECT) <= aspect <= _MAX_PIXEL_ASPECT:
        aspect = Fraction(1)
    signs = _matrix(frame)
    turns, turned = _TURNS[signs]
    width, height = frame.width, frame.height
    if not signs[0]:
        width, height, aspect = height, width, 1 / aspect
    displayed = Fraction(width, height) * aspect
    size = min(sizes, key=lambda size: _apart(displayed, Fraction(*size)))
    resized = _cropped if ratio == "crop" else _padded
    filters, changes = resized((width, height), aspect, (size[0], size[1]))
    colours, recoloured = _colours(frame)
    squared = ["its pixels were made square"] if aspect != 1 else []
    return FrameFilters(
        size=(size[0], size[1]),
        filters=[*turns, *(_with(colours, each) for each in filters), ("setsar", "1")],
        changes=[*([turned] if turned else []), *squared, *changes, *recoloured],
    )


def _matrix(frame: Any) -> tuple[int, int, int, int]:
    """Return the signs of a, b, c and d of the matrix by which players show a frame, to the nearest quarter turn."""
    try:
        told = frame.side_data.get(Type.DISPLAYMATRIX)
    except ValueError:  # beside data of a kind that PyAV does not know, as in stereo video, it gives the turn only
        a, b, c, d = _QUARTERS[round(-frame.rotation / 90) % 4]
    else:
        a, b, _, c, d = struct.unpack_from("=5i", told) if told else (1, 0, 0, 0, 1)
    is_sideways = max(abs(b), abs(c)) > max(abs(a), abs(d))
    signs = (0, _sign(b), _sign(c), 0) if is_sideways else (_sign(a), 0, 0, _sign(d))
    return signs if signs in _TURNS else _UPRIGHT


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _apart(one: Fraction, other: Fraction) -> Fraction:
    """Return how far two ratios differ; 1 where they do not."""
    return max(one / other, other / one)


def _with(colours: str, each: tuple[str, str]) -> tuple[str, str]:
    name, told = each
    return (name, f"{told}:{colours}") if name == "scale" else each


def _padded(stored: tuple[int, int], aspect: Fraction, size: tuple[int, int]) -> tuple[Filters, list[str]]:
    """Return all of the picture, as large as the size has room for."""
    width, height = size
    displayed = Fraction(*stored) * aspect
    inner = min(_even(height * displayed), width), min(_even(width / displayed), height)
    if min(inner[0] / width, inner[1] / height) > _NEARLY:
        inner = size
    changes = [f"scaled from {px(stored)} to {px(inner)}"] if inner != stored else []
    if inner != size:
        where = "at the sides" if inner[0] < width else "above and below"
        changes.append(f"padded {where} with black to {px(size)}")
    return [("scale", _scale(inner)), ("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2")], changes


def _cropped(stored: tuple[int, int], aspect: Fraction, size: tuple[int, int]) -> tuple[Filters, list[str]]:
    """Return the middle of the picture, as much of it as has the ratio."""
    width, height = stored
    wanted = Fraction(*size) / aspect  # in pixels as stored
    inner = min(width, max(1, round(height * wanted))), min(height, max(1, round(width / wanted)))
    changes = []
    if inner != stored:
        where = "at the sides" if inner[0] < width else "above and below"
        changes.append(f"cropped {where} from {px(stored)} to {px(inner)}")
    if inner != size:
        changes.append(f"scaled from {px(inner)} to {px(size)}")
    return [("crop", f"{inner[0]}:{inner[1]}:exact=1"), ("scale", _scale(size))], changes


def _even(length: Fraction) -> int:
    """Return the nearest even length, as H.264 stores colours for two pixels together."""
    return max(2, 2 * round(length / 2))


def _scale(size: tuple[int, int]) -> str:
    return f"{size[0]}:{size[1]}:flags=lanczos+accurate_rnd+full_chroma_int"


def _colours(frame: Any) -> tuple[str, list[str]]:
    """Return arguments of the filter that scales, for the colours of HD, and what changes to the eye."""
    told = "out_color_matrix=bt709:out_range=tv"
    if frame.colorspace == _UNSPECIFIED:
        is_hd = frame.width * frame.height >= _HD_PIXELS
        told += f":in_color_matrix={'bt709' if is_hd else 'bt601'}"
    if frame.color_trc in _HDR_TRANSFERS or frame.color_primaries in _WIDE_PRIMARIES:
        told += ":out_transfer=bt709:out_primaries=bt709:intent=perceptual"
        return told, ["its wide range of colours was reduced to that of HD"]
    return told, []
