"""The header of a video: which tracks count, and how long they play."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest

from contract_tests.reading.videos import (
    Video,
    box,
    content_of,
    edit_boxes,
    overwrite,
    with_matrix,
    with_sides,
)
from contract_tests.support.video_checks import SMALL, TRACK, video_report, violations_in, without_size


def _track(handler: str, *, flags: int = 1, entry: str = "avc1", sides: tuple[int, int] = (1920, 1080)) -> bytes:
    """Return a track with three frames of one second."""
    header = with_sides(with_matrix(struct.pack(">I", flags) + bytes(80), 1, 0, 0, 1), *sides)
    sample = box(entry, bytes(24), struct.pack(">HH", *sides), bytes(50))
    table = box("stbl", box("stsd", bytes(8), sample), box("stts", struct.pack(">4I", 0, 1, 3, 1000)))
    media = box("mdhd", struct.pack(">4xIIII", 0, 0, 1000, 3000)) + box("hdlr", bytes(8), handler.encode(), bytes(12))
    return box("trak", box("tkhd", header), box("mdia", media, box("minf", table)))


def _movie(*tracks: bytes) -> bytes:
    return box("ftyp", b"mp42", bytes(4)) + box("moov", *tracks) + box("mdat", bytes(10))


@pytest.mark.parametrize(
    "tracks",
    [
        [_track("vide")],
        [_track("vide"), _track("vide", sides=(64, 48))],
        [_track("vide", flags=0, sides=(64, 48)), _track("vide")],
        [_track("vide", entry="jpeg", sides=(600, 600)), _track("vide")],
        [_track("vide", entry="png ", sides=(600, 600)), _track("soun", entry="mp4a"), _track("vide")],
        [_track("vide", flags=0)],
        [box("trak"), _track("tmcd", entry="tmcd"), _track("vide")],
    ],
)
def test_the_first_enabled_video_track_except_covers_is_checked(tracks: list[bytes]) -> None:
    """Other video tracks, covers, time codes and unknown tracks are ignored."""
    report = video_report(_movie(*tracks))

    assert ((), 1920, 1080, "h264", Fraction(3)) == (
        report.violations,
        report.width_px,
        report.height_px,
        report.video_codec,
        report.duration_seconds,
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("avc3", "h264"),
        ("hev1", "hevc"),
        ("hvc1", "hevc"),
        ("av01", "av1"),
        ("vp09", "vp9"),
        ("apcn", "prores"),
        ("jpeg", "mjpeg"),
        ("png ", "png"),
        ("XYZ ", "XYZ"),
        ("a\nb\0", "a?b?"),
    ],
)
def test_common_codecs_have_names(code: str, name: str) -> None:
    """Other four-letter codes are made printable."""
    report = video_report(_movie(_track("vide", entry=code), _track("soun", entry="Opus")))

    assert (name, "opus") == (report.video_codec, report.audio_codec)


def test_a_file_without_a_video_track_is_refused() -> None:
    """R20: sound is not enough, but its codec and duration are still reported."""
    data = _movie(_track("soun", entry="mp4a"))

    assert [("R20", "the file has no video track")] == violations_in(data)
    assert ("aac", None, None, Fraction(3)) == (
        video_report(data).audio_codec,
        video_report(data).video_codec,
        video_report(data).width_px,
        video_report(data).duration_seconds,
    )


def test_frames_are_counted_only_if_there_are_ticks() -> None:
    """A track's ticks have no unit without a media header."""
    data = edit_boxes(_movie(_track("vide")), "moov/trak/mdia/mdhd", lambda _: None)

    assert (None, None) == (video_report(data).frame_seconds, video_report(data).duration_seconds)


@pytest.mark.parametrize("table", [bytes(8), struct.pack(">4I", 0, 1, 3, 0), struct.pack(">3I", 0, 1, 3)])
def test_useless_frame_times_are_ignored(table: bytes) -> None:
    """The frame duration is unknown if there are no frames, they last no time, or the table is cut off."""
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda _: table)

    assert video_report(data).frame_seconds is None


def test_only_the_announced_number_of_frame_times_counts() -> None:
    """Further entries in the table are ignored."""
    ordinary = content_of(Video(**SMALL).build(), TRACK + "stts")
    data = edit_boxes(Video(**SMALL).build(), TRACK + "stts", lambda old: old + struct.pack(">II", 100, 1))

    assert 16 == len(ordinary)
    assert Fraction(1) == video_report(data).frame_seconds


@pytest.mark.parametrize("ticks", [0, 2**32 - 1])
def test_the_longest_track_counts_if_the_movie_header_has_no_duration(ticks: int) -> None:
    """Zero and all ones count as unknown."""
    data = edit_boxes(
        Video(**SMALL, seconds="4", has_sound=True).build(),
        "moov/mvhd",
        lambda old: overwrite(old, 16, struct.pack(">I", ticks)),
    )

    assert (
        Fraction(188 * 1024, 48000) == video_report(data).duration_seconds
    )  # the duration of the sound: 4 s in whole frames


def test_headers_with_64_bits_are_read() -> None:
    """Version 1 has longer numbers. All ones count as unknown there too."""

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


def test_frames_before_the_fragments_do_not_determine_the_duration() -> None:
    """If frames come before the fragments, the movie header's duration covers only these frames."""
    data = Video(**SMALL, seconds="3").build() + box("moof", box("mfhd", bytes(8)))

    assert (True, None) == (video_report(data).is_fragmented, video_report(data).duration_seconds)
