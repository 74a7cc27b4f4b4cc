"""The displayed size by the header of a video: turned, mirrored, scaled and stretched as players show it."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import pytest

from contract_tests.reading.videos import Video, edit_boxes, overwrite, with_matrix, with_sides
from contract_tests.support.video_checks import SMALL, video_report, violations_in


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_ffmpeg_turns_the_picture_by_the_same_angle(degrees: int) -> None:
    """The sign differs, because FFmpeg measures counterclockwise."""
    data = Video(rotation=degrees, **SMALL).build()

    with av.open(io.BytesIO(data), "r") as container:
        frame = next(container.decode(container.streams.video[0]))

    assert -frame.rotation % 360 == video_report(data).rotation_degrees == degrees


@pytest.mark.parametrize(
    ("width", "height", "rotation"),
    [(1920, 1080, 180), (1080, 1920, 180), (1080, 1920, 90), (1080, 1920, 270), (1920, 1080, 90), (1920, 1080, 270)],
)
def test_turned_videos_are_checked_as_displayed(width: int, height: int, rotation: int) -> None:
    """A quarter turn swaps the sides, and both orientations are allowed."""
    report = video_report(Video(width_px=width, height_px=height, rotation=rotation))

    shown = (width, height) if rotation == 180 else (height, width)
    assert ((), *shown, rotation) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


def test_hidden_lines_do_not_stretch_the_pixels() -> None:
    """A video that shows 1080 of 1088 stored lines conforms. Fractions of a pixel are rounded."""
    data = edit_boxes(Video(height_px=1088).build(), "moov/trak/tkhd", lambda old: with_sides(old, 1920.25, 1079.75))

    report = video_report(data)
    assert ((), 1920, 1080) == (report.violations, report.width_px, report.height_px)
    assert 1 == report.pixel_aspect


def test_a_picture_may_be_scaled() -> None:
    """A matrix that doubles both sides doubles the displayed size and keeps pixels square."""
    data = edit_boxes(
        Video(width_px=960, height_px=540).build(), "moov/trak/tkhd", lambda old: with_matrix(old, 2, 0, 0, 2)
    )

    report = video_report(data)
    assert ((), 1920, 1080, 0) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
def test_a_mirrored_picture_keeps_its_size(matrix: tuple[int, ...]) -> None:
    """Mirroring breaks no rule, and is not reported as a turn."""
    report = video_report(edit_boxes(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, *matrix)))

    assert ((), None) == (report.violations, report.rotation_degrees)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("units", [-16, -1, 1, 16])
def test_rounding_errors_in_a_matrix_are_ignored(units: int, rotation: int) -> None:
    """FFmpeg ignores them as well, and shows the same size."""
    data = Video(rotation=rotation, width_px=1080, height_px=1920).build()
    at = data.index(b"tkhd") + 4 + 40
    matrix = [number + units for number in struct.unpack_from(">5i", data, at)]
    report = video_report(overwrite(data, at, struct.pack(">2i4x2i", *matrix[:2], *matrix[3:])))
    sides = (1080, 1920) if rotation in (0, 180) else (1920, 1080)
    assert ((), *sides, rotation) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


def test_a_matrix_of_zeros_is_ignored() -> None:
    """The picture is shown as stored, as by FFmpeg and players."""
    data = edit_boxes(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, 0, 0, 0, 0))
    report = video_report(data)
    assert ((), 1920, 1080, 0) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


@pytest.mark.parametrize(
    ("own", "outer", "rotation", "sides"),
    [
        ((1, 0, 0, 1), (0, 1, -1, 0), 90, (1080, 1920)),
        ((0, 1, -1, 0), (0, 1, -1, 0), 180, (1920, 1080)),
        ((0, 1, -1, 0), (0, -1, 1, 0), 0, (1920, 1080)),
        ((1, 0, 0, 1), (0, 0, 0, 0), 0, (1920, 1080)),
        ((-1, 0, 0, 1), (0, 1, -1, 0), None, (1080, 1920)),
    ],
)
def test_the_matrix_of_the_movie_is_applied_after_the_matrix_of_the_track(
    own: tuple[float, ...], outer: tuple[float, ...], rotation: int | None, sides: tuple[int, int]
) -> None:
    """FFmpeg gives the same size, except for zeros."""
    data = edit_boxes(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, *own))
    data = edit_boxes(data, "moov/mvhd", lambda old: old[:36] + struct.pack(">9i", *_fixed_point(outer)) + old[72:])
    report = video_report(data)
    assert ((), *sides, rotation) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)
    if rotation is not None and any(outer):
        with av.open(io.BytesIO(data), "r") as container:
            assert rotation == -next(container.decode(container.streams.video[0])).rotation % 360


def _fixed_point(matrix: tuple[float, ...]) -> list[int]:
    a, b, c, d = (round(number * 65536) for number in matrix)
    return [a, b, 0, c, d, 0, 0, 0, 1 << 30]


def test_the_sample_entry_counts_if_the_track_header_has_no_sides() -> None:
    """The displayed size is then the stored size times the pixel aspect."""
    square = edit_boxes(Video(rotation=90).build(), "moov/trak/tkhd", lambda old: with_sides(old, 0, 1080))
    wide = edit_boxes(
        Video(width_px=1440, pixel_aspect=(4, 3)).build(), "moov/trak/tkhd", lambda old: with_sides(old, 0, 0)
    )

    assert ((), 1080, 1920) == (
        video_report(square).violations,
        video_report(square).width_px,
        video_report(square).height_px,
    )
    assert (1920, 1080) == (video_report(wide).width_px, video_report(wide).height_px)
    assert [("R22", "the video's pixels have the ratio 4:3, they must be square (1:1)")] == violations_in(wide)


def test_pixels_are_square_if_the_sample_entry_has_no_sides() -> None:
    """The displayed size is the one in the track's header."""
    data = Video().build()
    data = overwrite(data, data.index(b"avc1", data.index(b"stsd")) + 4 + 24, bytes(4))

    assert ((), Fraction(1)) == (video_report(data).violations, video_report(data).pixel_aspect)
