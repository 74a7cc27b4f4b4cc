"""A video is judged by its container and its header: the limits at their edges, and what FFmpeg reads there."""

from __future__ import annotations

import io
import itertools
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.videos import (
    Opened,
    Video,
    box,
    content_of,
    edited,
    overwritten,
    with_duration,
    with_matrix,
    with_sides,
)
from kling_elements.media import videos
from kling_elements.media.checks import check_video
from kling_elements.media.limits import video_limits
from kling_elements.media.reports import VideoReport
from kling_elements_client.inline import InlineFile

SMALL: dict[str, Any] = {"width_px": 64, "height_px": 48, "frames_per_second": "1"}
TRACK = "moov/trak/mdia/minf/stbl/"
R22_SMALL = "the video is shown as 64x48 px, it must be 1920x1080 or 1080x1920 px"


def judged(video: Video | bytes) -> VideoReport:
    """Return what is found in a video."""
    return videos.inspect(Opened(video) if isinstance(video, bytes) else video.opened(), "clip")


def broken(video: Video | bytes) -> list[tuple[str, str]]:
    """Return rule and message of what a video violates."""
    return [(found.rule, found.message) for found in judged(video).violations]


def without_size(rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the same without the rule that small test videos break."""
    return [rule for rule in rules if rule != ("R22", R22_SMALL)]


@pytest.mark.parametrize("container", ["mp4", "mov", "ipod", "3gp"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_a_real_video_of_each_container_and_orientation_conforms(container: str, width: int, height: int) -> None:
    """What FFmpeg writes in the allowed sizes breaks no rule and leaves none unjudged."""
    report = judged(Video(container=container, width_px=width, height_px=height))

    assert ((), ()) == (report.violations, report.unjudged)
    assert (width, height) == (report.width_px, report.height_px)
    assert ("mov" if container == "mov" else "mp4") == report.container


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"container": "mov", "has_sound": True, "is_faststart": False},
        {"width_px": 1440, "pixel_aspect": (4, 3)},
        {"container": "mov", "codec": "mpeg4", **SMALL},
        {"container": "mov", "codec": "mjpeg", **SMALL},
        {"container": "mov", "codec": "prores_ks", **SMALL},
        {"seconds": "241/30", "frames_per_second": "30", "width_px": 64, "height_px": 48, "has_sound": True},
        {"frames_per_second": "30000/1001", "seconds": "1001/300", "width_px": 64, "height_px": 48},
    ],
    ids=str,
)
def test_ffmpeg_reads_the_same(options: dict[str, Any]) -> None:
    """Stored size, pixel aspect, duration, frame rate and codecs are those that FFmpeg's own reader finds."""
    data = Video(**options).build()
    report = judged(data)

    with av.open(io.BytesIO(data)) as found:
        (picture,) = found.streams.video
        assert picture.duration is not None
        assert picture.time_base is not None
        assert (picture.width, picture.height) == (report.width_px, report.height_px)
        assert (picture.sample_aspect_ratio or 1) == report.pixel_aspect
        assert picture.duration * picture.time_base == report.duration_seconds
        assert picture.average_rate == 1 / (report.frame_seconds or 1)
        assert picture.codec.name == report.video_codec
        assert [sound.codec.name for sound in found.streams.audio] == (
            [report.audio_codec] * options.get("has_sound", 0)
        )
        assert 0 == report.rotation_degrees


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_ffmpeg_turns_the_picture_by_the_same_angle(degrees: int) -> None:
    """The turn that is reported is the one that FFmpeg reads from the frames, which counts the other way round."""
    data = Video(rotation=degrees, **SMALL).build()

    with av.open(io.BytesIO(data), "r") as found:
        frame = next(found.decode(found.streams.video[0]))

    assert -frame.rotation % 360 == judged(data).rotation_degrees == degrees


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
def test_durations_up_to_one_frame_beyond_the_limits_are_taken(seconds: str, conforms: bool) -> None:  # noqa: FBT001 - a table
    """R21: 3 s to 8 s, both included, and one frame of this video more or less."""
    says = f"the video lasts {seconds} s, it must last 3 to 8 s, give or take 0.2 s (frames: 1)"

    report = judged(Video(seconds=seconds))

    assert ([] if conforms else [("R21", says)]) == [(found.rule, found.message) for found in report.violations]
    assert Fraction(seconds) == report.duration_seconds


@pytest.mark.parametrize(("frames", "conforms"), [(88, False), (89, True), (241, True), (242, False)])
def test_the_movie_headers_rounding_is_seen_through(frames: int, conforms: bool) -> None:  # noqa: FBT001 - a table
    """241 frames of 1/30 s are taken, though the movie's header rounds them up to 8.034 s, and 89 for the least."""
    report = judged(Video(seconds=f"{frames}/30", frames_per_second="30", width_px=64, height_px=48))

    assert conforms == ("R21" not in [found.rule for found in report.violations])
    assert Fraction(frames, 30) == report.duration_seconds


def test_a_frame_that_stands_for_a_minute_excuses_no_length() -> None:
    """The tolerance is one second at most, so that slides do not pass as frames."""
    data = Video(**SMALL, seconds="3").build()
    slide = struct.pack(">4I", 0, 1, 1, 60 * 16384)
    slides = edited(data, TRACK + "stts", lambda _: slide)
    slides = edited(slides, "moov/mvhd", lambda old: with_duration(old, Fraction(60)))

    report = judged(slides)

    assert Fraction(60) == report.frame_seconds
    says = "the video lasts 60 s, it must last 3 to 8 s, give or take 1 s (frames: 1)"
    assert [("R21", says)] == without_size([(found.rule, found.message) for found in report.violations])


def test_without_known_frames_there_is_no_tolerance() -> None:
    """A video whose header tells no frames may last 8 s, and not a thousandth more."""
    data = edited(Video(**SMALL).build(), TRACK + "stts", lambda _: None)

    def lasting(seconds: str) -> list[tuple[str, str]]:
        return without_size(broken(edited(data, "moov/mvhd", lambda old: with_duration(old, Fraction(seconds)))))

    assert [] == lasting("8")
    assert [("R21", "the video lasts 8.001 s, it must last 3 to 8 s")] == lasting("8.001")


@pytest.mark.parametrize("table", [bytes(8), struct.pack(">4I", 0, 1, 3, 0), struct.pack(">3I", 0, 1, 3)])
def test_frame_times_that_tell_nothing_are_none(table: bytes) -> None:
    """No frames, frames of no length and a table that breaks off tell no frame duration."""
    data = edited(Video(**SMALL).build(), TRACK + "stts", lambda _: table)

    assert judged(data).frame_seconds is None


def test_only_as_many_frame_times_as_are_announced_count() -> None:
    """What stands in their table behind the last one does not matter."""
    ordinary = content_of(Video(**SMALL).build(), TRACK + "stts")
    data = edited(Video(**SMALL).build(), TRACK + "stts", lambda old: old + struct.pack(">II", 100, 1))

    assert 16 == len(ordinary)
    assert Fraction(1) == judged(data).frame_seconds


@pytest.mark.parametrize("ticks", [0, 2**32 - 1])
def test_a_movie_header_without_duration_leaves_it_to_the_longest_track(ticks: int) -> None:
    """Zero and all ones mean that it is not known."""
    data = edited(
        Video(**SMALL, seconds="4", has_sound=True).build(),
        "moov/mvhd",
        lambda old: overwritten(old, 16, struct.pack(">I", ticks)),
    )

    assert Fraction(188 * 1024, 48000) == judged(data).duration_seconds  # that of the sound: 4 s in whole frames


def test_headers_with_64_bits_are_read() -> None:
    """Version 1 of movie, media and track headers has longer numbers, in which all ones mean unknown too."""

    def wide(old: bytes) -> bytes:
        first, second, per_second, ticks = struct.unpack_from(">4I", old, 4)
        return struct.pack(">IQQIQ", 1 << 24, first, second, per_second, ticks) + old[20:]

    def wide_track(old: bytes) -> bytes:
        numbers = struct.unpack_from(">5I", old, 4)
        return struct.pack(">IQQIIQ", 1 << 24 | 7, *numbers) + old[24:]

    data = edited(Video(rotation=90).build(), "moov/mvhd", wide)
    data = edited(edited(data, "moov/trak/mdia/mdhd", wide), "moov/trak/tkhd", wide_track)
    unknown = edited(data, "moov/mvhd", lambda old: overwritten(old, 24, b"\xff" * 8))

    for made in (data, unknown):
        report = judged(made)
        assert ((), Fraction(3), 1080, 1920) == (
            report.violations,
            report.duration_seconds,
            report.width_px,
            report.height_px,
        )


def test_without_any_duration_it_is_unjudged() -> None:
    """Where neither the movie nor a track tells a duration, R21 is not judged, and the report says so."""
    data = edited(Video(**SMALL).build(), "moov/mvhd", lambda _: None)
    data = edited(data, "moov/trak/mdia/mdhd", lambda old: overwritten(old, 12, bytes(8)))

    report = judged(data)

    assert report.duration_seconds is None
    assert (("R21", "the file's header does not tell how long it plays"),) == report.unjudged
    assert [] == without_size(broken(data))


def _fragmented(duration: bytes = b"", movie_ticks: int | None = None) -> bytes:
    data = Video(**SMALL, seconds="4", is_fragmented=True).build()
    data = edited(data, "moov/mvex", lambda old: duration + old)
    if movie_ticks is None:
        return edited(data, "moov/mvhd", lambda _: None)
    return edited(data, "moov/mvhd", lambda old: overwritten(old, 16, struct.pack(">I", movie_ticks)))


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (_fragmented(movie_ticks=0), None),
        (_fragmented(), None),
        (_fragmented(movie_ticks=5000), Fraction(5)),
        (_fragmented(box("mehd", struct.pack(">II", 0, 6000)), 0), Fraction(6)),
        (_fragmented(box("mehd", struct.pack(">IQ", 1 << 24, 9000)), 0), Fraction(9)),
        (_fragmented(box("mehd", struct.pack(">II", 0, 0)), 0), None),
    ],
)
def test_a_fragmented_file_is_judged_by_what_its_header_says_of_all_fragments(
    data: bytes, seconds: Fraction | None
) -> None:
    """Without such a duration R21 is not judged, and the report says why."""
    report = judged(data)
    why = "the file consists of fragments, and its header does not tell how long it plays"

    assert (True, True, seconds) == (report.is_fragmented, report.is_faststart, report.duration_seconds)
    assert (() if seconds else (("R21", why),)) == report.unjudged
    says = "the video lasts 9 s, it must last 3 to 8 s"
    assert ([("R21", says)] if seconds == 9 else []) == without_size(broken(data))


def test_frames_in_the_header_of_a_fragmented_file_are_not_all() -> None:
    """Where frames stand before the fragments, the movie header's duration is that of these frames alone."""
    data = Video(**SMALL, seconds="3").build() + box("moof", box("mfhd", bytes(8)))

    assert (True, None) == (judged(data).is_fragmented, judged(data).duration_seconds)


@pytest.mark.parametrize(
    ("width", "height", "rotation"),
    [(1920, 1080, 180), (1080, 1920, 180), (1080, 1920, 90), (1080, 1920, 270), (1920, 1080, 90), (1920, 1080, 270)],
)
def test_turned_videos_are_judged_as_they_are_shown(width: int, height: int, rotation: int) -> None:
    """A quarter turn swaps the sides; both orientations are allowed."""
    report = judged(Video(width_px=width, height_px=height, rotation=rotation))

    shown = (width, height) if rotation == 180 else (height, width)
    assert ((), *shown, rotation) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


@pytest.mark.parametrize(
    ("width", "height", "rotation", "shown"),
    [
        (1080, 1942, 0, "1080x1942"),
        (1942, 1080, 90, "1080x1942"),
        (1920, 1088, 0, "1920x1088"),
        (1918, 1080, 0, "1918x1080"),
        (1080, 1918, 0, "1080x1918"),
        (1280, 720, 0, "1280x720"),
        (3840, 2160, 0, "3840x2160"),
        (1080, 1080, 0, "1080x1080"),
    ],
)
def test_any_other_size_is_refused(width: int, height: int, rotation: int, shown: str) -> None:
    """R22: sizes near the allowed ones, and others in the right ratio, are violations that name both."""
    video = Video(width_px=width, height_px=height, rotation=rotation, seconds="3", frames_per_second="1")

    says = f"the video is shown as {shown} px, it must be 1920x1080 or 1080x1920 px"
    assert [("R22", says)] == broken(video)


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(1919, 1080, "1919x1080"), (1921, 1080, "1921x1080"), (1920, 1079, "1920x1079"), (1920, 1081, "1920x1081")],
)
def test_one_pixel_is_too_many(width: int, height: int, shown: str) -> None:
    """R22: what counts are the sides in the track's header, to the pixel."""
    data = edited(Video().build(), "moov/trak/tkhd", lambda old: with_sides(old, width, height))

    says = f"the video is shown as {shown} px, it must be 1920x1080 or 1080x1920 px"
    assert [("R22", says)] == broken(data)


def test_lines_that_are_stored_but_not_shown_do_not_stretch_the_pixels() -> None:
    """1088 stored lines of which 1080 are shown are ordinary, and a fraction of a pixel is rounded."""
    data = edited(Video(height_px=1088).build(), "moov/trak/tkhd", lambda old: with_sides(old, 1920.25, 1079.75))

    report = judged(data)
    assert ((), 1920, 1080) == (report.violations, report.width_px, report.height_px)
    assert 1 == report.pixel_aspect


@pytest.mark.parametrize(("pixel_aspect", "ratio"), [((4, 3), "4:3"), ((3, 4), "3:4"), ((1081, 1080), "1081:1080")])
def test_pixels_must_be_square(pixel_aspect: tuple[int, int], ratio: str) -> None:
    """R22: any other ratio that the sample entry tells is refused."""
    data = Video(pixel_aspect=pixel_aspect).build()
    data = edited(data, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R22", f"the video's pixels have the ratio {ratio}, they must be square (1:1)")] == broken(data)
    assert Fraction(*pixel_aspect) == judged(data).pixel_aspect


def test_a_pixel_aspect_of_zero_makes_no_sense() -> None:
    """R22: a ratio with a zero in it is refused, and reported as none."""
    data = Video(pixel_aspect=(4, 3)).build()
    at = data.index(b"pasp") + 4
    data = edited(overwritten(data, at, bytes(4)), "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R22", "the video's pixels have a ratio that makes no sense, they must be square (1:1)")] == broken(data)
    assert judged(data).pixel_aspect is None


@pytest.mark.parametrize("matrix", [(4 / 3, 0, 0, 1), (-4 / 3, 0, 0, 1)])
def test_a_picture_that_is_stretched_to_its_size_has_no_square_pixels(matrix: tuple[float, ...]) -> None:
    """R22: 1440 stored pixels that are shown across 1920 are refused, whether the matrix or the sides stretch them."""
    stored = Video(width_px=1440).build()
    by_matrix = edited(stored, "moov/trak/tkhd", lambda old: with_matrix(old, *matrix))
    by_sides = edited(stored, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    for data in (by_matrix, by_sides):
        report = judged(data)
        assert (1920, 1080) == (report.width_px, report.height_px)
        assert ["R22"] == [found.rule for found in report.violations]
        assert report.pixel_aspect is not None
        assert abs(report.pixel_aspect - Fraction(4, 3)) < Fraction(1, 1000)


def test_a_picture_may_be_scaled() -> None:
    """A matrix that doubles both sides doubles what is shown; the pixels remain square."""
    data = edited(
        Video(width_px=960, height_px=540).build(), "moov/trak/tkhd", lambda old: with_matrix(old, 2, 0, 0, 2)
    )

    report = judged(data)
    assert ((), 1920, 1080, 0) == (report.violations, report.width_px, report.height_px, report.rotation_degrees)


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
def test_a_mirrored_picture_has_its_size(matrix: tuple[int, ...]) -> None:
    """Mirroring is no turn, so none is reported, but breaks no rule."""
    report = judged(edited(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, *matrix)))

    assert ((), None) == (report.violations, report.rotation_degrees)


@pytest.mark.parametrize(
    "matrix", [(0.707, 0.707, -0.707, 0.707), (1, 0.01, 0, 1), (1, 0, 0.01, 1), (0.01, 1, -1, 0), (0, 0, 0, 0)]
)
def test_a_turn_by_another_angle_is_refused(matrix: tuple[float, ...]) -> None:
    """R22: a picture that stands askew has no size that could be allowed."""
    report = judged(edited(Video().build(), "moov/trak/tkhd", lambda old: with_matrix(old, *matrix)))

    says = "the video is shown askew, it must be shown upright or by quarter turns, in 1920x1080 or 1080x1920 px"
    assert [("R22", says)] == [(found.rule, found.message) for found in report.violations]
    assert (None, None, None) == (report.width_px, report.height_px, report.rotation_degrees)


def test_a_track_header_without_sides_leaves_them_to_the_sample_entry() -> None:
    """The stored size times the pixel aspect counts then."""
    square = edited(Video(rotation=90).build(), "moov/trak/tkhd", lambda old: with_sides(old, 0, 1080))
    wide = edited(
        Video(width_px=1440, pixel_aspect=(4, 3)).build(), "moov/trak/tkhd", lambda old: with_sides(old, 0, 0)
    )

    assert ((), 1080, 1920) == (judged(square).violations, judged(square).width_px, judged(square).height_px)
    assert (1920, 1080) == (judged(wide).width_px, judged(wide).height_px)
    assert [("R22", "the video's pixels have the ratio 4:3, they must be square (1:1)")] == broken(wide)


def test_a_sample_entry_without_sides_leaves_the_pixels_square() -> None:
    """What the track's header says is shown then."""
    data = Video().build()
    data = overwritten(data, data.index(b"avc1", data.index(b"stsd")) + 4 + 24, bytes(4))

    assert ((), Fraction(1)) == (judged(data).violations, judged(data).pixel_aspect)


@pytest.mark.parametrize(("size", "rules"), [(209715200, []), (209715201, ["R23"])])
def test_a_file_may_have_200_megabytes(size: int, rules: list[str]) -> None:
    """R23: 209715200 bytes are taken, and not one more; few of them are read."""
    file = Video(file_size=size).opened()

    report = videos.inspect(file, "clip")

    assert size == report.size_bytes
    assert rules == [found.rule for found in report.violations]
    assert all(f"has {size} bytes, at most 209715200" in found.message for found in report.violations)
    assert file.read_bytes < 40_000


def test_without_a_size_what_depends_on_it_is_unjudged() -> None:
    """A server that does not tell the size leaves open R23, and whether the file is whole; the rest is judged."""
    for video in (Video(), Video(is_faststart=False), Video(is_fragmented=True)):
        file = Opened(video.build(), tells_size=False)

        report = videos.inspect(file, "clip")

        expected = [("R20", "whether the file is whole is not known, as the server does not tell its size")]
        if video.is_fragmented:
            why = "the file consists of fragments, and its header does not tell how long it plays"
            expected.append(("R21", why))
        expected.append(("R23", "the server does not tell the size"))
        assert (None, (), tuple(expected)) == (report.size_bytes, report.violations, report.unjudged)
        assert 1920 == report.width_px


@pytest.mark.parametrize(
    ("brands", "container"),
    [
        (["isom"], "mp4"),
        (["iso6", "dash"], "mp4"),
        (["mp42"], "mp4"),
        (["M4V "], "mp4"),
        (["MSNV"], "mp4"),
        (["3gp5", "mp41"], "mp4"),
        (["XYZ1", "qt  ", "isom"], "mp4"),
        (["qt  ", "isom"], "mov"),
        (["XYZ1", "qt  "], "mov"),
        ([], "mov"),
        (["3gp4"], None),
        (["avif", "mif1", "iso8"], None),
        (["heic", "isom"], None),
        (["ISOM"], None),
        (["iso\xff"], None),
    ],
)
def test_brands_tell_the_container(brands: list[str], container: str | None) -> None:
    """R20: by the brands in the content. Files without any are QuickTime's, those of pictures are no videos."""
    report = judged(Video(brands=brands, **SMALL))

    found = without_size([(each.rule, each.message) for each in report.violations])
    name = {"iso\xff": "isoÃ¿"}.get("".join(brands[:1]), "".join(brands[:1]))
    assert container == report.container
    assert ([] if container else [("R20", f"the file is no MP4 or MOV video; its brand is '{name[:4]}'")]) == found


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (Video(container="webm", **SMALL).build(), "; it looks like Matroska or WebM"),
        (Video(container="avi", **SMALL).build(), "; it looks like AVI"),
        (Video(container="mpegts", **SMALL).build(), "; it looks like MPEG-TS"),
        (Video(container="flv", **SMALL).build(), "; it looks like FLV"),
        (b"", "; it is empty"),
        (bytes(1000), ""),
        (b"\n<!DOCTYPE html><title>Not found</title>", "; it looks like HTML or XML"),
        (b"\x89PNG\r\n\x1a\n", "; it looks like PNG"),
        (b"nothing of the kind, but some kilobytes" * 100, ""),
        (b"\0\0\0\x08fty", ""),
        (box("styp", b"msdh", bytes(4)) + box("moof"), "; it looks like a fragment without its header"),
        (box("ftyp", b"heic", bytes(4), b"mif1", b"heic") + box("meta", bytes(8)), "; its brand is 'heic'"),
    ],
    ids=itertools.count(),
)
def test_anything_else_is_refused_and_named_where_that_is_easy(data: bytes, what: str) -> None:
    """R20: the message names what is allowed, and what the content seems to be."""
    report = judged(data)

    assert [("R20", f"the file is no MP4 or MOV video{what}")] == [
        (each.rule, each.message) for each in report.violations
    ]
    assert (None, None, (), None) == (report.container, report.width_px, report.unjudged, report.video_codec)


def test_the_name_of_a_file_proves_nothing(tmp_path: Path) -> None:
    """R20: a WebM file that is called .mp4 is refused, and a MOV file that is called .webm is taken."""
    refused, taken = tmp_path / "clip.mp4", tmp_path / "clip.webm"
    refused.write_bytes(Video(container="webm", **SMALL).build())
    taken.write_bytes(Video(container="mov").build())

    assert ["R20"] == [found.rule for found in check_video(refused).violations]
    assert ((), "mov", str(taken)) == (
        check_video(taken).violations,
        check_video(taken).container,
        videos.inspect(InlineFile(taken), str(taken)).source,
    )


def test_a_container_that_the_contract_does_not_allow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were only MP4 allowed, and pixels of any shape, a MOV file of any shape would be refused for its container."""
    limits = video_limits()
    changed = limits | {
        "container": limits["container"] | {"one-of": ["mp4"]},
        "displayed-size": limits["displayed-size"] | {"pixel-aspect": "any"},
    }
    monkeypatch.setattr(videos, "video_limits", lambda: changed)
    data = Video(container="mov", pixel_aspect=(4, 3)).build()
    data = edited(data, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R20", "the file is no MP4 video; it is MOV")] == broken(data)


def test_all_broken_rules_are_listed() -> None:
    """A file that is cut off, too long, too small, and too large in bytes breaks four rules."""
    data = Video(**SMALL, seconds="12").build()
    file = Opened(data + struct.pack(">I4s", 2**32 - 1, b"free"), size=209715201)

    report = videos.inspect(file, "clip")

    assert ["R20", "R21", "R22", "R23"] == [found.rule for found in report.violations]
    assert not report.conforms
    assert {""} == {found.pointer for found in report.violations}


def _track(handler: str, *, flags: int = 1, entry: str = "avc1", sides: tuple[int, int] = (1920, 1080)) -> bytes:
    """Return a track of three frames of a second."""
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
def test_the_first_enabled_video_track_that_is_no_cover_is_judged(tracks: list[bytes]) -> None:
    """Other video tracks, covers, time codes and tracks without a kind do not matter."""
    report = judged(_movie(*tracks))

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
def test_codecs_are_named(code: str, name: str) -> None:
    """Well-known four-letter codes have names; others stand for themselves, made printable."""
    report = judged(_movie(_track("vide", entry=code), _track("soun", entry="Opus")))

    assert (name, "opus") == (report.video_codec, report.audio_codec)


def test_a_file_without_a_video_track_is_refused() -> None:
    """R20: sound alone is no video; its codec and duration are told all the same."""
    data = _movie(_track("soun", entry="mp4a"))

    assert [("R20", "the file has no video track")] == broken(data)
    assert ("aac", None, None, Fraction(3)) == (
        judged(data).audio_codec,
        judged(data).video_codec,
        judged(data).width_px,
        judged(data).duration_seconds,
    )


def test_frames_are_counted_only_where_there_are_ticks() -> None:
    """A track without a media header tells neither frames nor a duration."""
    data = edited(_movie(_track("vide")), "moov/trak/mdia/mdhd", lambda _: None)

    assert (None, None) == (judged(data).frame_seconds, judged(data).duration_seconds)


def test_the_builder_grows_and_cuts_files() -> None:
    """What the tables of rules ask for is what they get."""
    grown = Video(**SMALL, file_size=50_000).build()

    assert (50_000, 700) == (len(grown), len(Video(**SMALL, truncate_to=700).build()))
    assert 50_000 == judged(grown).size_bytes
    assert b"avc1" in content_of(grown, TRACK + "stsd")
    assert [] == without_size(broken(grown))
