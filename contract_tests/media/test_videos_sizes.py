"""R22: which displayed sizes and pixel shapes are allowed."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction

import pytest

from contract_tests.reading.videos import Video, edit_boxes, overwrite, with_matrix, with_sides
from contract_tests.support.video_checks import video_report, violations_in


@pytest.mark.parametrize(
    ("shown", "video"),
    [
        ("1080x1942", Video(width_px=1080, height_px=1942)),
        ("1080x1942", Video(width_px=1942, height_px=1080, rotation=90)),
        ("1920x1088", Video(width_px=1920, height_px=1088)),
        ("1918x1080", Video(width_px=1918, height_px=1080)),
        ("1080x1918", Video(width_px=1080, height_px=1918)),
        ("1280x720", Video(width_px=1280, height_px=720)),
        ("3840x2160", Video(width_px=3840, height_px=2160)),
        ("1080x1080", Video(width_px=1080, height_px=1080)),
    ],
)
def test_any_other_size_is_refused(shown: str, video: Video) -> None:
    """R22: the violation lists both allowed sizes, even if the size is near them or has the right ratio."""
    message = f"the video is shown as {shown} px, it must be 1920x1080 or 1080x1920 px"
    assert [("R22", message)] == violations_in(replace(video, frames_per_second="1"))


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(1919, 1080, "1919x1080"), (1921, 1080, "1921x1080"), (1920, 1079, "1920x1079"), (1920, 1081, "1920x1081")],
)
def test_sides_must_be_exact_to_the_pixel(width: int, height: int, shown: str) -> None:
    """R22: the sides in the track's header decide."""
    data = edit_boxes(Video().build(), "moov/trak/tkhd", lambda old: with_sides(old, width, height))

    message = f"the video is shown as {shown} px, it must be 1920x1080 or 1080x1920 px"
    assert [("R22", message)] == violations_in(data)


@pytest.mark.parametrize(("pixel_aspect", "ratio"), [((4, 3), "4:3"), ((3, 4), "3:4"), ((1081, 1080), "1081:1080")])
def test_pixels_must_be_square(pixel_aspect: tuple[int, int], ratio: str) -> None:
    """R22: any other ratio in the sample entry is refused."""
    data = Video(pixel_aspect=pixel_aspect).build()
    data = edit_boxes(data, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R22", f"the video's pixels have the ratio {ratio}, they must be square (1:1)")] == violations_in(data)
    assert Fraction(*pixel_aspect) == video_report(data).pixel_aspect


def test_a_pixel_aspect_with_a_zero_is_invalid() -> None:
    """R22: an invalid ratio is refused, and reported as None."""
    data = Video(pixel_aspect=(4, 3)).build()
    at = data.index(b"pasp") + 4
    data = edit_boxes(overwrite(data, at, bytes(4)), "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R22", "the video's pixels have an invalid ratio, they must be square (1:1)")] == violations_in(data)
    assert video_report(data).pixel_aspect is None


@pytest.mark.parametrize("matrix", [(4 / 3, 0, 0, 1), (-4 / 3, 0, 0, 1)])
def test_a_stretched_picture_does_not_have_square_pixels(matrix: tuple[float, ...]) -> None:
    """R22: 1440 stored pixels shown as 1920 are refused, whether the matrix or the sides stretch them."""
    stored = Video(width_px=1440).build()
    by_matrix = edit_boxes(stored, "moov/trak/tkhd", lambda old: with_matrix(old, *matrix))
    by_sides = edit_boxes(stored, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    for data in (by_matrix, by_sides):
        report = video_report(data)
        assert (1920, 1080) == (report.width_px, report.height_px)
        assert ["R22"] == [violation.rule for violation in report.violations]
        assert report.pixel_aspect is not None
        assert abs(report.pixel_aspect - Fraction(4, 3)) < Fraction(1, 1000)


@pytest.mark.parametrize(
    "matrix", [(0.707, 0.707, -0.707, 0.707), (1, 0.01, 0, 1), (1, 0, 0.01, 1), (0.01, 1, -1, 0), (1, 0, 0, 0)]
)
def test_a_turn_by_another_angle_is_refused(matrix: tuple[float, ...]) -> None:
    """R22: a picture at another angle has no allowed size."""
    report = video_report(edit_boxes(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, *matrix)))

    message = "the video is turned by an unusual angle; it must be shown upright as 1920x1080 or 1080x1920 px"
    assert [("R22", message)] == [(violation.rule, violation.message) for violation in report.violations]
    assert (None, None, None) == (report.width_px, report.height_px, report.rotation_degrees)


def test_more_than_a_rounding_error_is_a_turn() -> None:
    """R22: the matrix moves an edge by half a pixel or more."""
    data = Video().build()
    at = data.index(b"tkhd") + 4 + 40
    assert ["R22"] == [rule for rule, _ in violations_in(overwrite(data, at + 4, struct.pack(">i", 17)))]
