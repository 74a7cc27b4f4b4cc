"""Check a video file by its container and its header, without reading the media."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from attrs import evolve

from kling_elements.media.images import RandomAccessFile
from kling_elements.media.mp4_boxes import BrokenBoxError, Outline, code_name, read_outline
from kling_elements.media.mp4_header import Movie, read_movie
from kling_elements.media.reports import VideoReport
from kling_elements.media_limits import DisplayedSize, Duration, Formats, VideoLimits
from kling_elements_client.errors import Violation
from kling_elements_runtime.image_kinds import format_of_bytes

# The brands (registered at mp4ra.org) of files that can be played as MP4
_MP4_BRANDS: Final = re.compile(rb"iso[2-9a-cm]|mp4[12]|avc1|M4V[ HP]|M4A |MSNV|F4V |dash|cmf[c2]|XAVC")
_QUICKTIME_BRAND: Final = b"qt  "
_PICTURE_BRANDS: Final = re.compile(rb"avi[fs]|he[iv][cmsx]|mif1|msf1")  # animated images also have the brand iso8
_OTHER_FORMATS: Final = {
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
_PICTURES: Final = {"jpeg", "png", "gif"}  # the signatures of other formats are too short to be sure

# The tolerance of a frame is for rounded durations. Without this limit, a slide that is shown for a minute would allow
# any duration.
_MAX_FRAME_SECONDS = Fraction(1)


def inspect(file: RandomAccessFile, source: str, limits: VideoLimits) -> VideoReport:
    """Check a file against R20 to R23. This takes one to three reads, of hardly more than the header.

    Args:
        file: The file.
        source: The name of the file in the report.
        limits: The contract's limits of videos.

    Raises:
        MediaError: The file cannot be read.
    """
    boxes = read_outline(file)
    container = _find_container(boxes)
    movie, trouble = _read_header(boxes)
    report = VideoReport(
        source=source,
        size_bytes=file.size,  # read last, because a server may send the size only at the end of the file
        container=container,
        is_faststart=boxes.is_faststart,
        **({} if movie is None else _movie_fields(movie)),
    )
    violations = [
        *_container_violations(boxes, report, trouble, limits.container),
        *_violations(report, movie, limits),
    ]
    return evolve(
        report,
        violations=tuple(Violation("", rule, message) for rule, message in violations),
        unchecked=tuple(_unchecked_rules(report, boxes, movie, limits)),
    )


def _find_container(boxes: Outline) -> str | None:
    """Return the container by its brands. Files without brands are MOV, because QuickTime is older than brands."""
    if not boxes.is_known:
        return None
    if not boxes.brands or boxes.brands[0] == _QUICKTIME_BRAND:
        return "mov"
    if _PICTURE_BRANDS.fullmatch(boxes.brands[0]):
        return None
    if any(map(_MP4_BRANDS.fullmatch, boxes.brands)):
        return "mp4"
    return "mov" if _QUICKTIME_BRAND in boxes.brands else None


def _read_header(boxes: Outline) -> tuple[Movie | None, str | None]:
    """Return the content of the header and the problem with the file. Either may be None."""
    if boxes.header is None:
        return None, boxes.trouble
    try:
        movie = read_movie(boxes.header, has_fragments=boxes.has_fragments)
    except BrokenBoxError as error:
        return None, boxes.trouble or str(error)
    return movie, boxes.trouble or (None if movie.picture or movie.is_compressed else "has no video track")


def _movie_fields(movie: Movie) -> dict[str, Any]:
    """Return the fields of a report that the header contains."""
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
    boxes: Outline, report: VideoReport, trouble: str | None, containers: Formats
) -> Iterator[tuple[str, str]]:
    if report.container not in containers.names:
        allowed = " or ".join(name.upper() for name in containers.names)
        yield containers.rule, f"the file is not an {allowed} video{_looks_like(boxes, report.container)}"
    elif trouble is not None:
        yield containers.rule, f"the file {trouble}"


def _looks_like(boxes: Outline, container: str | None) -> str:
    """Return a phrase about the likely format of a file that is not a video."""
    if not boxes.start:
        return f"; it {boxes.trouble or 'is empty'}"
    if container is not None:
        return f"; it is {container.upper()}"
    if boxes.brands:
        return f"; its brand is '{code_name(boxes.brands[0])}'"
    other_format = next((name for name, signature in _OTHER_FORMATS.items() if signature.match(boxes.start)), None)
    if other_format is None and (picture := format_of_bytes(boxes.start)) in _PICTURES:
        other_format = picture.upper()
    return f"; it looks like {other_format}" if other_format else ""


def _violations(report: VideoReport, movie: Movie | None, limits: VideoLimits) -> Iterator[tuple[str, str]]:
    """Yield the violations of the rules about duration, picture and file size."""
    yield from _duration_violations(report, limits.duration)
    if movie is not None and movie.picture is not None:
        yield from _picture_violations(report, limits.displayed_size)
    max_bytes = limits.file_size.max_bytes
    if report.size_bytes is not None and report.size_bytes > max_bytes:
        yield (
            limits.file_size.rule,
            f"the video file has {report.size_bytes} bytes, at most {max_bytes} are allowed",
        )


def _duration_violations(report: VideoReport, limits: Duration) -> Iterator[tuple[str, str]]:
    min_seconds, max_seconds, frames = limits.min_seconds, limits.max_seconds, limits.tolerance_frames
    tolerance = frames * min(report.frame_seconds or Fraction(0), _MAX_FRAME_SECONDS)
    seconds = report.duration_seconds
    if seconds is not None and not min_seconds - tolerance <= seconds <= max_seconds + tolerance:
        tolerance_text = f", give or take {_format_number(tolerance)} s (frames: {frames})" if tolerance else ""
        allowed = f"it must last {min_seconds} to {max_seconds} s{tolerance_text}"
        yield limits.rule, f"the video lasts {_format_number(seconds)} s, {allowed}"


def _picture_violations(report: VideoReport, limits: DisplayedSize) -> Iterator[tuple[str, str]]:
    rule = limits.rule
    sizes = " or ".join(f"{width}x{height}" for width, height in limits.sizes_px)
    if report.width_px is None:
        yield (
            rule,
            f"the video is turned by an unusual angle; it must be shown upright as {sizes} px",
        )
    elif (report.width_px, report.height_px) not in limits.sizes_px:
        yield rule, f"the video is shown as {report.width_px}x{report.height_px} px, it must be {sizes} px"
    aspect = report.pixel_aspect
    if limits.pixel_aspect == "square" and aspect != 1:
        ratio = "an invalid ratio" if aspect is None else f"the ratio {_format_ratio(aspect)}"
        yield rule, f"the video's pixels have {ratio}, they must be square (1:1)"


def _unchecked_rules(
    report: VideoReport, boxes: Outline, movie: Movie | None, limits: VideoLimits
) -> Iterator[tuple[str, str]]:
    if report.size_bytes is None and boxes.header is not None:
        yield (
            limits.container.rule,
            "it is unknown whether the file is complete, because the server does not send its size",
        )
    elif movie is not None and not boxes.is_complete and boxes.trouble is None:
        yield (
            limits.container.rule,
            "it is unknown whether the file is complete, because it has too many parts",
        )
    if report.is_encrypted:
        yield limits.container.rule, "it is unknown whether the video can be played, because it is encrypted"
    if movie is not None and movie.is_compressed:
        for rule in (limits.container.rule, limits.duration.rule, limits.displayed_size.rule):
            yield rule, "the file's header is compressed ('cmov') and was not read"
    elif movie is not None and report.duration_seconds is None:
        subject = "the file consists of fragments, and its" if movie.is_fragmented else "the file's"
        yield limits.duration.rule, f"{subject} header does not say how long it plays"
    if report.size_bytes is None:
        yield limits.file_size.rule, "the server does not send the file's size"


def _format_number(value: Fraction) -> str:
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _format_ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"
