"""The duration of a video by its header: at the limits, and one frame beyond."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from contract_tests.reading.videos import Video, box, content_of, edit_boxes, overwrite, with_duration
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
    """R21: a video may last 3 s to 8 s, plus or minus one of its frames."""
    message = f"the video lasts {seconds} s, it must last 3 to 8 s, give or take 0.2 s (frames: 1)"

    report = video_report(Video(seconds=seconds))

    assert ([] if conforms else [("R21", message)]) == [
        (violation.rule, violation.message) for violation in report.violations
    ]
    assert Fraction(seconds) == report.duration_seconds


@pytest.mark.parametrize(("frames", "conforms"), [(88, False), (89, True), (241, True), (242, False)])
def test_rounding_in_the_movie_header_does_not_count(frames: int, conforms: bool) -> None:  # noqa: FBT001 - a table
    """241 frames of 1/30 s are accepted although the movie header rounds them up to 8.034 s, and so are 89 frames."""
    report = video_report(Video(seconds=f"{frames}/30", frames_per_second="30", width_px=64, height_px=48))

    assert conforms == ("R21" not in [violation.rule for violation in report.violations])
    assert Fraction(frames, 30) == report.duration_seconds


def test_a_frame_shown_for_a_minute_does_not_extend_the_limits() -> None:
    """The tolerance is at most one second, so that slides do not count as frames."""
    data = Video(**SMALL, seconds="3").build()
    slide = struct.pack(">4I", 0, 1, 1, 60 * 16384)
    slides = edit_boxes(data, TRACK + "stts", lambda _: slide)
    slides = edit_boxes(slides, "moov/mvhd", lambda old: with_duration(old, Fraction(60)))

    report = video_report(slides)

    assert Fraction(60) == report.frame_seconds
    message = "the video lasts 60 s, it must last 3 to 8 s, give or take 1 s (frames: 1)"
    assert [("R21", message)] == without_size([(violation.rule, violation.message) for violation in report.violations])


def test_without_frames_in_the_header_there_is_no_tolerance() -> None:
    """If the header has no frames, a video may last 8 s, but not a thousandth longer."""
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda _: None)

    def violations_at(seconds: str) -> list[tuple[str, str]]:
        return without_size(
            violations_in(edit_boxes(data, "moov/mvhd", lambda old: with_duration(old, Fraction(seconds))))
        )

    assert [] == violations_at("8")
    assert [("R21", "the video lasts 8.001 s, it must last 3 to 8 s")] == violations_at("8.001")


@pytest.mark.parametrize("table", [bytes(8), struct.pack(">4I", 0, 1, 3, 0), struct.pack(">3I", 0, 1, 3)])
def test_frame_times_without_meaning_are_ignored(table: bytes) -> None:
    """The duration of a frame is unknown if there are no frames, they last no time, or their table is cut off."""
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda _: table)

    assert video_report(data).frame_seconds is None


def test_only_the_announced_number_of_frame_times_counts() -> None:
    """Entries after the last announced one are ignored."""
    ordinary = content_of(Video(**SMALL).build(), TRACK + "stts")
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda old: old + struct.pack(">II", 100, 1))

    assert 16 == len(ordinary)
    assert Fraction(1) == video_report(data).frame_seconds


@pytest.mark.parametrize("ticks", [0, 2**32 - 1])
def test_the_longest_track_counts_if_the_movie_header_has_no_duration(ticks: int) -> None:
    """Zero and all ones mean that the duration is unknown."""
    data = edit_boxes(
        Video(**SMALL, seconds="4", has_sound=True).build(),
        "moov/mvhd",
        lambda old: overwrite(old, 16, struct.pack(">I", ticks)),
    )

    assert (
        Fraction(188 * 1024, 48000) == video_report(data).duration_seconds
    )  # the duration of the sound: 4 s in whole frames


def test_headers_with_64_bits_are_read() -> None:
    """Version 1 of the headers has longer numbers, and all ones mean unknown there too."""

    def wide(old: bytes) -> bytes:
        first, second, per_second, ticks = struct.unpack_from(">4I", old, 4)
        return struct.pack(">IQQIQ", 1 << 24, first, second, per_second, ticks) + old[20:]

    def wide_track(old: bytes) -> bytes:
        numbers = struct.unpack_from(">5I", old, 4)
        return struct.pack(">IQQIIQ", 1 << 24 | 7, *numbers) + old[24:]

    data = edit_boxes(Video(rotation=90).build(), "moov/mvhd", wide)
    data = edit_boxes(edit_boxes(data, "moov/trak/mdia/mdhd", wide), "moov/trak/tkhd", wide_track)
    unknown = edit_boxes(data, "moov/mvhd", lambda old: overwrite(old, 24, b"\xff" * 8))

    for made in (data, unknown):
        report = video_report(made)
        assert ((), Fraction(3), 1080, 1920) == (
            report.violations,
            report.duration_seconds,
            report.width_px,
            report.height_px,
        )


def test_a_video_without_any_duration_is_unchecked() -> None:
    """If neither the movie nor a track has a duration, R21 is not checked, and the report says so."""
    data = edit_boxes(Video(**SMALL).build(), "moov/mvhd", lambda _: None)
    data = edit_boxes(data, "moov/trak/mdia/mdhd", lambda old: overwrite(old, 12, bytes(8)))

    report = video_report(data)

    assert report.duration_seconds is None
    assert (("R21", "the file's header does not say how long it plays"),) == report.unchecked
    assert [] == without_size(violations_in(data))


def _fragmented_video(duration: bytes = b"", movie_ticks: int | None = None) -> bytes:
    data = Video(**SMALL, seconds="4", is_fragmented=True).build()
    data = edit_boxes(data, "moov/mvex", lambda old: duration + old)
    if movie_ticks is None:
        return edit_boxes(data, "moov/mvhd", lambda _: None)
    return edit_boxes(data, "moov/mvhd", lambda old: overwrite(old, 16, struct.pack(">I", movie_ticks)))


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (_fragmented_video(movie_ticks=0), None),
        (_fragmented_video(), None),
        (_fragmented_video(movie_ticks=5000), Fraction(5)),
        (_fragmented_video(box("mehd", struct.pack(">II", 0, 6000)), 0), Fraction(6)),
        (_fragmented_video(box("mehd", struct.pack(">IQ", 1 << 24, 9000)), 0), Fraction(9)),
        (_fragmented_video(box("mehd", struct.pack(">II", 0, 0)), 0), None),
    ],
)
def test_the_duration_of_all_fragments_is_checked(data: bytes, seconds: Fraction | None) -> None:
    """If the header lacks the duration, R21 is not checked, and the report gives the reason."""
    report = video_report(data)
    why = "the file consists of fragments, and its header does not say how long it plays"

    assert (True, True, seconds) == (report.is_fragmented, report.is_faststart, report.duration_seconds)
    assert (() if seconds else (("R21", why),)) == report.unchecked
    message = "the video lasts 9 s, it must last 3 to 8 s"
    assert ([("R21", message)] if seconds == 9 else []) == without_size(violations_in(data))


def test_frames_before_the_fragments_are_not_all_frames() -> None:
    """If frames come before the fragments, the movie header's duration covers only these frames."""
    data = Video(**SMALL, seconds="3").build() + box("moof", box("mfhd", bytes(8)))

    assert (True, None) == (video_report(data).is_fragmented, video_report(data).duration_seconds)
