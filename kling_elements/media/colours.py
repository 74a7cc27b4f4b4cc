"""Convert colours to sRGB, unless the file describes them with a colour profile of the usual size.

AVIF, HEIF and PNG can identify primaries and transfer by the numbers of ITU-T H.273; PNG can contain gamma and
primaries instead. Few programs respect either, so the pixels of a copy are converted.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from PIL import Image, ImageCms

MAX_PROFILE_BYTES = 1024 * 1024
"""The size limit for colour profiles in bytes. Pillow does not open a PNG with a larger one."""

Primaries = tuple[float, ...]  # x and y of white, red, green and blue
Coding = tuple[int, int]  # primaries and transfer as numbers of H.273

_D65: Final = (0.3127, 0.3290)
_SRGB: Final = (*_D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
_PRIMARIES: Final[dict[int, Primaries]] = {
    1: _SRGB,
    5: (*_D65, 0.640, 0.330, 0.290, 0.600, 0.150, 0.060),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_PQ, _HLG = 16, 18  # the transfers of HDR
_MAX_INVISIBLE_DIFFERENCE = 0.01  # in a coordinate or in gamma
_USUAL_GAMMA = 1 / 2.2
_CICP = re.compile(rb"\x00\x00\x00\x04cICP(.)(.)..", re.DOTALL)
_NCLX = re.compile(rb"colrnclx(..)(..)", re.DOTALL)
_HEAD_BYTES = 256 * 1024  # how much of a file to search for a description of colours
_SDR_WHITE = 203  # candelas per square metre of white in HDR (ITU-R BT.2408)
_PQ_PEAK, _HLG_PEAK = 10_000, 1000  # candelas per square metre of the brightest value
_HIGHLIGHT_KNEE = 0.75  # where white is 1; brighter highlights are compressed instead of clipped
_STEPS = 4096  # entries of a transfer curve in a profile
_D50: Final = (0.9642, 1.0, 0.8249)  # white in profiles, as X, Y and Z
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))

Matrix = Sequence[Sequence[float]]


def find_coding(content: bytes) -> Coding | None:
    """Return the numbers for the colours in the header of a PNG, AVIF or HEIF, or None if a profile overrides them."""
    head = content[:_HEAD_BYTES]
    if cicp := _CICP.search(head.partition(b"IDAT")[0]):
        return cicp[1][0], cicp[2][0]
    if (nclx := _NCLX.search(head)) and b"colrprof" not in head and b"colrrICC" not in head:
        return int.from_bytes(nclx[1]), int.from_bytes(nclx[2])
    return None


def to_srgb(picture: Image.Image, info: Mapping[Any, Any]) -> tuple[Image.Image, list[str]]:
    """Return a picture in sRGB or with a profile of the usual size, and a sentence for each change.

    Args:
        picture: A picture of mode L, LA, RGB or RGBA.
        info: The colour information in its file: `coding`, `icc_profile`, `srgb`, `gamma`, `chromaticity`.

    Raises:
        Exception: Pillow raises many kinds on damaged input.
    """
    profile = info.get("icc_profile")
    coding: Coding | None = info.get("coding")
    if coding is not None:
        primaries, transfer = _PRIMARIES.get(coding[0], _SRGB), _transfer(coding[1])
        if transfer is not None or not _is_near(primaries, _SRGB):
            hdr = ", its highlights compressed" if coding[1] in (_PQ, _HLG) else ""
            converted = _convert(picture, primaries, transfer or _from_srgb)
            return converted, [f"converted from the colours of its header to sRGB{hdr}"]
    elif isinstance(profile, bytes) and profile:
        if len(profile) > MAX_PROFILE_BYTES:
            return _convert_large_profile(picture, profile)
        picture.info = {"icc_profile": profile}
        return picture, []
    elif _has_own_gamma(info):
        primaries, exponent = info.get("chromaticity", _SRGB), 1 / info["gamma"]
        converted = _convert(picture, primaries, lambda value: value**exponent)
        return converted, ["converted from the gamma and the primaries in its header to sRGB"]
    picture.info = {}
    return picture, []


def has_common_colours(info: Mapping[Any, Any]) -> bool:
    """Return whether all file formats can express the colours of a PIL image."""
    profile = info.get("icc_profile")
    return len(profile) <= MAX_PROFILE_BYTES if profile else not _has_own_gamma(info)


def _has_own_gamma(info: Mapping[Any, Any]) -> bool:
    """Return whether gamma and primaries in the header differ visibly from sRGB."""
    gamma = info.get("gamma")
    if "srgb" in info or not isinstance(gamma, float) or gamma <= 0:
        return False
    return abs(gamma - _USUAL_GAMMA) > _MAX_INVISIBLE_DIFFERENCE or not _is_near(info.get("chromaticity", _SRGB), _SRGB)


def _convert_large_profile(picture: Image.Image, profile: bytes) -> tuple[Image.Image, list[str]]:
    size = f"has {len(profile)} bytes"
    try:
        converted = convert_by_profile(picture, profile)
    except (OSError, ImageCms.PyCMSError):
        picture.info = {}
        return picture, [f"removed its colour profile, which {size} and cannot be read; colours may look different"]
    return converted, [f"converted to sRGB, because its colour profile {size}"]


def _transfer(number: int) -> Callable[[float], float] | None:
    """Return the function from coded values to light, where 1 is white, or None if screens assume sRGB's transfer."""
    return {
        4: lambda value: value**2.2,
        5: lambda value: value**2.8,
        8: lambda value: value,
        _PQ: lambda value: _compress(_from_pq(value) * _PQ_PEAK / _SDR_WHITE),
        _HLG: lambda value: _compress(_from_hlg(value) ** 1.2 * _HLG_PEAK / _SDR_WHITE),
    }.get(number)


def _from_srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - IEC 61966-2-1


def _to_srgb(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055  # noqa: PLR2004 - as above


def _from_pq(value: float) -> float:
    """Return light from 0 to 1, as defined by SMPTE ST 2084."""
    power = value ** (32 / 2523)
    return float((max(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610))


def _from_hlg(value: float) -> float:
    """Return the light of the scene from 0 to 1, as defined by ARIB STD-B67."""
    return value**2 / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12  # noqa: PLR2004


def _compress(light: float) -> float:
    over = (light - _HIGHLIGHT_KNEE) / (1 - _HIGHLIGHT_KNEE)
    return light if over <= 0 else 1 - (1 - _HIGHLIGHT_KNEE) * math.exp(-over)


def _is_near(first: Primaries, second: Primaries) -> bool:
    return all(abs(a - b) < _MAX_INVISIBLE_DIFFERENCE for a, b in zip(first, second, strict=True))


def _convert(picture: Image.Image, primaries: Primaries, transfer: Callable[[float], float]) -> Image.Image:
    """Convert a picture from other primaries or another transfer to sRGB."""
    if not picture.mode.startswith("L"):
        return convert_by_profile(picture, build_profile(primaries, transfer))
    grey = [round(_to_srgb(transfer(value / 255)) * 255) for value in range(256)]
    converted = picture.point(grey + list(range(256)) * (len(picture.getbands()) - 1))
    converted.info = {}
    return converted


def convert_by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert a picture from its colour profile to sRGB. The alpha channel stays unchanged.

    Args:
        picture: A picture of mode L, LA, RGB, RGBA or CMYK.
        profile: Its colour profile.

    Raises:
        OSError: The profile cannot be read.
        TypeError: The profile is None.
        ImageCms.PyCMSError: The profile is for another kind of pictures.
    """
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    mode = "RGBA" if picture.mode in ("LA", "RGBA") else "RGB"
    source = picture.convert(mode) if picture.mode == "LA" else picture
    pair = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(source, *pair, intent, mode, flags=flags)
    assert converted is not None  # noqa: S101 - it is None only for conversions in place
    converted.info = {}
    return converted


def build_profile(primaries: Primaries, transfer: Callable[[float], float]) -> bytes:
    """Return a colour profile (ICC, version 2) for primaries and a transfer. The transfer is clipped at white."""
    white = _xyz(primaries[0], primaries[1])
    columns = _transpose([_xyz(*primaries[at : at + 2]) for at in (2, 4, 6)])
    amounts = _multiply(_invert(columns), white)
    colorants = _transpose([[x * amount for x, amount in zip(row, amounts, strict=True)] for row in columns])
    adapt = _adaptation(white)
    curve = [round(min(max(transfer(step / (_STEPS - 1)), 0), 1) * 65535) for step in range(_STEPS)]
    tags = {b"wtpt": _xyz_tag(_D50)}
    tags |= {
        name: _xyz_tag(_multiply(adapt, colorant))
        for name, colorant in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), struct.pack(f">4s4xI{_STEPS}H", b"curv", _STEPS, *curve))
    return _profile(tags)


def _profile(tags: dict[bytes, bytes]) -> bytes:
    table, data = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, 128 + 4 + 12 * len(tags) + len(data), len(tag))
        data += tag
    head = struct.pack(
        ">I4sI4s4s4s12x4s28x3i48x",
        128 + len(table) + len(data),
        b"",
        0x02400000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
        *_fixed(_D50),
    )
    return head + table + data


def _fixed(values: Sequence[float]) -> list[int]:
    return [round(value * 65536) for value in values]


def _xyz_tag(values: Sequence[float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *_fixed(values))


def _xyz(x: float, y: float) -> list[float]:
    return [x / y, 1.0, (1 - x - y) / y]


def _adaptation(white: Sequence[float]) -> Matrix:
    """Return the matrix that adapts colours from a white point to the white point of profiles."""
    source_cones, target_cones = _multiply(_BRADFORD, white), _multiply(_BRADFORD, _D50)
    scaled = [
        [factor * target / source for factor in row]
        for row, source, target in zip(_BRADFORD, source_cones, target_cones, strict=True)
    ]
    inverse = _invert(_BRADFORD)
    return _transpose([_multiply(inverse, column) for column in _transpose(scaled)])


def _multiply(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(first * second for first, second in zip(row, vector, strict=True)) for row in matrix]


def _transpose(matrix: Matrix) -> list[list[float]]:
    return [list(column) for column in zip(*matrix, strict=True)]


def _invert(matrix: Matrix) -> Matrix:
    """Return the inverse of a 3x3 matrix.

    Raises:
        ZeroDivisionError: The matrix has no inverse.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * rows[0][0] + b * rows[1][0] + c * rows[2][0]
    return [[entry / determinant for entry in row] for row in rows]
