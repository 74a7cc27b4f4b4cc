"""Judges one video file by its container and its header; the media themselves are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from attrs import evolve

from kling_elements.media.mp4_boxes import BrokenBoxError, Outline, code_name, outline
from kling_elements.media.images import File
from kling_elements.media.limits import Limits
from kling_elements.media.reports import VideoReport
from kling_elements.media.mp4_header import Movie, read_movie
from kling_elements_client.errors import Violation
from kling_elements_runtime.image_kinds import format_by

# From the register of brands (mp4ra.org), those that say that a file can be played as MP4.
_MP4_BRANDS: Final = re.compile(rb"iso[2-9a-cm]|mp4[12]|avc1|M4V[ HP]|M4A |MSNV|F4V |dash|cmf[c2]|XAVC")
_QUICKTIME_BRAND: Final = b"qt  "
_PICTURE_BRANDS: Final = re.compile(rb"avi[fs]|he[iv][cmsx]|mif1|msf1")  # animated ones also claim to be iso8
_OTHERS: Final = {
    "Matroska or WebM": re.compile(rb"\x1aE\xdf\xa3", re.DOTALL),
    "AVI": re.compile(rb"RIFF....AVI ", re.DOTALL),
    "MPEG-TS": re.compile(rb"G.{187}G|.{4}G.{191}G", re.DOTALL),
    "MPEG-PS": re.compile(rb"\0\0\x01\xba", re.DOTALL),
    "FLV": re.compile(rb"FLV\x01", re.DOTALL),
    "ASF or WMV": re.compile(rb"0&\xb2u\x8ef\xcf\x11", re.DOTALL),
    "Ogg": re.compile(rb"OggS", re.DOTALL),
    "a fragment without its header": re.compile(rb"....(?:styp|moof|sidx)", re.DOTALL),
    "HTML or XML": re.compile(rb"(?:\xef\xbb\xbf)?\s*<", re.DOTALL),
}
_PICTURES: Final = {"jpeg", "png", "gif"}  # the others begin with too little to be told from a damaged video

# A tolerance is meant for how durations are rounded. Were there no bound, a picture that stands for a minute, as in a
# show of slides, would excuse any length.
_MAX_FRAME_SECONDS = Fraction(1)  # seconds


def inspect(file: File, source: str, limits: Limits) -> VideoReport:
    """Judge a file by R20 to R23. Little more is read of it than its header, in one to three reads as a rule.

    Args:
        file: The file.
        source: What the report calls it.
        limits: The contract's `x-video` object.

    Raises:
        MediaError: It cannot be read.
    """
    found = outline(file)
    container = _container(found)
    movie, trouble = _movie(found)
    report = VideoReport(
        source=source,
        size_bytes=file.size,  # asked for last, as a server may tell the size only at the end of the file
        container=container,
        is_faststart=found.is_faststart,
        **({} if movie is None else _of_movie(movie)),
    )
    by_container = _container_violations(found, report, trouble, limits["container"])
    broken = [*by_container, *_violations(report, movie, limits)]
    return evolve(
        report,
        violations=tuple(Violation("", rule, message) for rule, message in broken),
        unjudged=tuple(_unjudged(report, found, movie, limits)),
    )


def _container(found: Outline) -> str | None:
    """Return what a file is by its brands; files without any are QuickTime's, which is older than brands are."""
    if not found.is_known:
        return None
    if not found.brands or found.brands[0] == _QUICKTIME_BRAND:
        return "mov"
    if _PICTURE_BRANDS.fullmatch(found.brands[0]):
        return None
    if any(map(_MP4_BRANDS.fullmatch, found.brands)):
        return "mp4"
    return "mov" if _QUICKTIME_BRAND in found.brands else None


def _movie(found: Outline) -> tuple[Movie | None, str | None]:
    """Return what the header tells, and what is wrong with the file."""
    if found.header is None:
        return None, found.trouble
    try:
        movie = read_movie(found.header, has_fragments=found.has_fragments)
    except BrokenBoxError as error:
        return None, found.trouble or str(error)
    return movie, found.trouble or (None if movie.picture or movie.is_compressed else "has no video track")


def _of_movie(movie: Movie) -> dict[str, Any]:
    """Return what a report takes from the header."""
    fields: dict[str, Any] = {
        "duration_seconds": movie.seconds,
        "frame_seconds": movie.frame_seconds,
        "video_codec": movie.video_codec,
        "audio_codec": movie.audio_codec,
        "is_encrypted": movie.is_encrypted,
        "is_fragmented": movie.is_fragmented,
    }
    if movie.picture is not None:
        fields |= {
            "width_px": movie.picture.width_px,
            "height_px": movie.picture.height_px,
            "rotation_degrees": movie.picture.rotation_degrees,
            "pixel_aspect": movie.picture.pixel_aspect,
        }
    return fields


def _container_violations(
    found: Outline, report: VideoReport, trouble: str | None, limits: Limits
) -> Iterator[tuple[str, str]]:
    if report.container not in limits["one-of"]:
        allowed = " or ".join(name.upper() for name in limits["one-of"])
        yield limits["x-source"], f"the file is no {allowed} video{_looks_like(found, report.container)}"
    elif trouble is not None:
        yield limits["x-source"], f"the file {trouble}"


def _looks_like(found: Outline, container: str | None) -> str:
    """Return what a file seems to be that is not what is allowed, as the end of a sentence."""
    if not found.start:
        return f"; it {found.trouble or 'is empty'}"
    if container is not None:
        return f"; it is {container.upper()}"
    if found.brands:
        return f"; its brand is '{code_name(found.brands[0])}'"
    other = next((name for name, signature in _OTHERS.items() if signature.match(found.start)), None)
    if other is None and (picture := format_by(found.start)) in _PICTURES:
        other = picture.upper()
    return f"; it looks like {other}" if other else ""


def _violations(report: VideoReport, movie: Movie | None, limits: Limits) -> Iterator[tuple[str, str]]:
    """Yield what breaks the rules about what the container holds, and about the file's size."""
    yield from _duration_violations(report, limits["duration"])
    if movie is not None and movie.picture is not None:
        yield from _picture_violations(report, limits["displayed-size"])
    most = limits["file-size"]["max-bytes"]
    if report.size_bytes is not None and report.size_bytes > most:
        yield (
            limits["file-size"]["x-source"],
            f"the video file has {report.size_bytes} bytes, at most {most} are allowed",
        )


def _duration_violations(report: VideoReport, limits: Limits) -> Iterator[tuple[str, str]]:
    least, most, frames = limits["min-seconds"], limits["max-seconds"], limits["tolerance-frames"]
    tolerance = frames * min(report.frame_seconds or Fraction(0), _MAX_FRAME_SECONDS)
    seconds = report.duration_seconds
    if seconds is not None and not least - tolerance <= seconds <= most + tolerance:
        but = f", give or take {_number(tolerance)} s (frames: {frames})" if tolerance else ""
        yield limits["x-source"], f"the video lasts {_number(seconds)} s, it must last {least} to {most} s{but}"


def _picture_violations(report: VideoReport, limits: Limits) -> Iterator[tuple[str, str]]:
    rule = limits["x-source"]
    sizes = " or ".join(f"{width}x{height}" for width, height in limits["one-of-px"])
    if report.width_px is None:
        yield rule, f"the video is shown askew, it must be shown upright or by quarter turns, in {sizes} px"
    elif [report.width_px, report.height_px] not in limits["one-of-px"]:
        yield rule, f"the video is shown as {report.width_px}x{report.height_px} px, it must be {sizes} px"
    aspect = report.pixel_aspect
    if limits["pixel-aspect"] == "square" and aspect != 1:
        ratio = "a ratio that makes no sense" if aspect is None else f"the ratio {_ratio(aspect)}"
        yield rule, f"the video's pixels have {ratio}, they must be square (1:1)"


def _unjudged(report: VideoReport, found: Outline, movie: Movie | None, limits: Limits) -> Iterator[tuple[str, str]]:
    if report.size_bytes is None and found.header is not None:
        yield (
            limits["container"]["x-source"],
            "whether the file is whole is not known, as the server does not tell its size",
        )
    elif movie is not None and not found.is_complete and found.trouble is None:
        yield limits["container"]["x-source"], "whether the file is whole is not known, as it has too many parts"
    if report.is_encrypted:
        yield limits["container"]["x-source"], "whether it can be played is not known, as it is encrypted"
    if movie is not None and movie.is_compressed:
        for name in ("container", "duration", "displayed-size"):
            yield limits[name]["x-source"], "the file's header is compressed ('cmov'), so that it was not read"
    elif movie is not None and report.duration_seconds is None:
        why = "the file consists of fragments, and its" if movie.is_fragmented else "the file's"
        yield limits["duration"]["x-source"], f"{why} header does not tell how long it plays"
    if report.size_bytes is None:
        yield limits["file-size"]["x-source"], "the server does not tell the size"


def _number(value: Fraction) -> str:
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"
