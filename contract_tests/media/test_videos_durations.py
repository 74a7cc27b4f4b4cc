"""R21: how long a video may play, at the limits and one frame beyond."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from contract_tests.reading.videos import Video, edit_boxes, overwrite, with_duration
from contract_tests.support.video_checks import SMALL, TRACK, video_report, violations_in, without_size


@pytest.mark.parametrize(
    ("seconds", "conforms"),
    [
        ("3", True),
        ("2.8", True),  # one frame of 0.2 s less
        ("2.799", False),
        ("8", True),
        ("8.2", True),  # one frame more
        ("8.201", False),
        ("8.4", False),
    ],
)
def test_durations_up_to_one_frame_beyond_the_limits_are_accepted(seconds: str, conforms: bool) -> None:  # noqa: FBT001 - a table
    """R21: 3 s to 8 s are allowed, plus or minus one frame."""
    message = f"the video lasts {seconds} s, it must last 3 to 8 s, give or take 0.2 s (frames: 1)"

    report = video_report(Video(seconds=seconds))

    assert ([] if conforms else [("R21", message)]) == [
        (violation.rule, violation.message) for violation in report.violations
    ]
    assert Fraction(seconds) == report.duration_seconds


@pytest.mark.parametrize(("frames", "conforms"), [(88, False), (89, True), (241, True), (242, False)])
def test_rounding_in_the_movie_header_is_ignored(frames: int, conforms: bool) -> None:  # noqa: FBT001 - a table
    """241 frames of 1/30 s are accepted, although the movie header rounds their duration up to 8.034 s."""
    report = video_report(Video(seconds=f"{frames}/30", frames_per_second="30", width_px=64, height_px=48))

    assert conforms == ("R21" not in [violation.rule for violation in report.violations])
    assert Fraction(frames, 30) == report.duration_seconds


def test_a_frame_shown_for_a_minute_does_not_extend_the_limits() -> None:
    """The tolerance is at most one second, because a slide is not an ordinary frame."""
    data = Video(**SMALL, seconds="3").build()
    slide = struct.pack(">4I", 0, 1, 1, 60 * 16384)
    slides = edit_boxes(data, TRACK + "stts", lambda _: slide)
    slides = edit_boxes(slides, "moov/mvhd", lambda old: with_duration(old, Fraction(60)))

    report = video_report(slides)

    assert Fraction(60) == report.frame_seconds
    message = "the video lasts 60 s, it must last 3 to 8 s, give or take 1 s (frames: 1)"
    assert [("R21", message)] == without_size([(violation.rule, violation.message) for violation in report.violations])


def test_without_frames_in_the_header_there_is_no_tolerance() -> None:
    """Without frames in the header, a video may last 8 s, but not a millisecond longer."""
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda _: None)

    def violations_at(seconds: str) -> list[tuple[str, str]]:
        return without_size(
            violations_in(edit_boxes(data, "moov/mvhd", lambda old: with_duration(old, Fraction(seconds))))
        )

    assert [] == violations_at("8")
    assert [("R21", "the video lasts 8.001 s, it must last 3 to 8 s")] == violations_at("8.001")


def test_a_video_without_any_duration_is_unchecked() -> None:
    """The report says that R21 is unchecked, because neither the movie nor a track has a duration."""
    data = edit_boxes(Video(**SMALL).build(), "moov/mvhd", lambda _: None)
    data = edit_boxes(data, "moov/trak/mdia/mdhd", lambda old: overwrite(old, 12, bytes(8)))

    report = video_report(data)

    assert report.duration_seconds is None
    assert (("R21", "the file's header does not say how long it plays"),) == report.unchecked
    assert [] == without_size(violations_in(data))
