"""Conforming copies of videos: sizes, time, sound and colours, and that nothing else than MediaError comes out."""

from __future__ import annotations

import math
import random
import shutil
import struct
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.videos import Video
from kling_elements.media import fit_videos, transcoding
from kling_elements.media.checks import check_video
from kling_elements.media.fit_videos import fit_video
from kling_elements.media.limits import video_limits
from kling_elements.media.shapes import shape_of
from kling_elements.media.soundtracks import graph
from kling_elements_client.errors import MediaError

_SOUND_HZ = 44_100


def _stored(folder: Path, name: str = "source.mp4", **options: Any) -> Path:
    """A small video of 3 s, or what the options say, as a file."""
    small: dict[str, Any] = {"width_px": 64, "height_px": 36, "frames_per_second": "2"}
    path = folder / name
    path.write_bytes(Video(**(small | options)).build())
    return path


def _drawn(  # noqa: PLR0913 - what makes a video another one
    path: Path,
    times: list[int],
    rate: int = 2,
    *,
    size: tuple[int, int] = (64, 36),
    pixels: str = "yuv420p",
    colours: tuple[int, int, int] = (2, 2, 2),
    options: dict[str, str] | None = None,
    sound_samples: int = 0,
) -> Path:
    """A video whose frames are shown at the given times, in frames; the top left quarter of each is dark.

    Its other pixels become brighter with each frame.
    """
    with av.open(str(path), "w") as output:
        picture: Any = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast", **(options or {})})
        picture.width, picture.height = size
        picture.pix_fmt = pixels
        matrix, transfer, primaries = colours
        context = picture.codec_context
        context.colorspace, context.color_trc, context.color_primaries = matrix, transfer, primaries
        sound: Any = output.add_stream("aac", rate=_SOUND_HZ, layout="mono") if sound_samples else None
        for number, time in enumerate(times):
            frame = av.VideoFrame(*size, "yuv420p")
            _draw(frame, 60 + 10 * number)
            shown = frame.reformat(format=pixels)
            shown.colorspace, shown.color_trc, shown.color_primaries = colours
            shown.pts, shown.time_base = time, Fraction(1, rate)
            output.mux(picture.encode(shown))
        output.mux(picture.encode(None))
        for start in range(0, sound_samples, 1024):
            heard = av.AudioFrame("fltp", "mono", 1024)
            heard.planes[0].update(struct.pack("<1024f", *(math.sin(x / 9) / 2 for x in range(1024))))
            heard.sample_rate, heard.pts, heard.time_base = _SOUND_HZ, start, Fraction(1, _SOUND_HZ)
            output.mux(sound.encode(heard))
        if sound is not None:
            output.mux(sound.encode(None))
    return path


def _draw(frame: av.VideoFrame, brightness: int) -> None:
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    plane = frame.planes[0]
    dark = bytes([20] * (frame.width // 2)).ljust(plane.line_size, bytes([brightness]))
    bright = bytes([brightness] * plane.line_size)
    lines = [dark if line < frame.height // 2 else bright for line in range(plane.height)]
    plane.update(b"".join(lines))


def _frames(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def _grey(frame: Any, x: float, y: float) -> int:
    """The brightness at a place, given as parts of the sides."""
    plane = frame.planes[0]
    grey: int = bytes(plane)[int(y * frame.height) * plane.line_size + int(x * frame.width)]
    return grey


def _only(folder: Path, *paths: Path) -> bool:
    return sorted(paths) == sorted(folder.iterdir())


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_what_conforms_is_copied_byte_for_byte(width: int, height: int, tmp_path: Path) -> None:
    """Nothing is changed, and the copy lies beside the source."""
    source = _stored(tmp_path, width_px=width, height_px=height)
    seen: list[float] = []
    result = fit_video(source, progress=seen.append)
    target = tmp_path / "source-fitted.mp4"
    assert (target, (), [1.0]) == (result.path, result.changes, seen)
    assert source.read_bytes() == target.read_bytes()
    assert (str(target), width, height) == (result.report.source, result.report.width_px, result.report.height_px)


@pytest.mark.parametrize(
    ("options", "ratio", "size", "changes"),
    [
        ({}, "pad", (1920, 1080), ["scaled from 64x36 px to 1920x1080 px"]),
        ({"width_px": 36, "height_px": 64}, "pad", (1080, 1920), ["scaled from 36x64 px to 1080x1920 px"]),
        (
            {"width_px": 64, "height_px": 64},
            "pad",
            (1920, 1080),
            ["scaled from 64x64 px to 1080x1080 px", "padded at the sides with black to 1920x1080 px"],
        ),
        (
            {"width_px": 66, "height_px": 20},
            "pad",
            (1920, 1080),
            ["scaled from 66x20 px to 1920x582 px", "padded above and below with black to 1920x1080 px"],
        ),
        (
            {"width_px": 64, "height_px": 66},
            "crop",
            (1080, 1920),
            ["cropped at the sides from 64x66 px to 37x66 px", "scaled from 37x66 px to 1080x1920 px"],
        ),
        (
            {"width_px": 64, "height_px": 64},
            "crop",
            (1920, 1080),
            ["cropped above and below from 64x64 px to 64x36 px", "scaled from 64x36 px to 1920x1080 px"],
        ),
        ({"width_px": 1080, "height_px": 1942}, "crop", (1080, 1920), ["cropped above and below from 1080x1942 px"]),
        (
            {"rotation": 90},
            "pad",
            (1080, 1920),
            ["turned upright by 90 degrees", "scaled from 36x64 px to 1080x1920 px"],
        ),
        (
            {"width_px": 48, "height_px": 36, "pixel_aspect": (4, 3)},
            "pad",
            (1920, 1080),
            ["its pixels were made square", "scaled from 48x36 px to 1920x1080 px"],
        ),
        (
            {"width_px": 48, "height_px": 36, "pixel_aspect": (1000, 1)},
            "crop",
            (1920, 1080),
            ["cropped above and below from 48x36 px to 48x27 px", "scaled from 48x27 px to 1920x1080 px"],
        ),
    ],
)
def test_each_shape_becomes_the_nearest_size(
    options: dict[str, Any], ratio: Any, size: tuple[int, int], changes: list[str], tmp_path: Path
) -> None:
    """Turned, with square pixels, padded or cropped as told; exactly one of the two sizes."""
    result = fit_video(_stored(tmp_path, **options), ratio=ratio)
    report: Any = result.report
    assert (*size, 0, 1) == (report.width_px, report.height_px, report.rotation_degrees, report.pixel_aspect)
    assert [each[: len(change)] for each, change in zip(result.changes, changes, strict=False)] == changes
    assert "encoded as H.264 with a constant rate factor of 18" in result.changes
    assert ("h264", None, "mp4", True) == (
        report.video_codec,
        report.audio_codec,
        report.container,
        report.is_faststart,
    )


@pytest.mark.parametrize(
    ("rotation", "dark"), [(0, (0.4, 0.4)), (90, (0.6, 0.4)), (180, (0.6, 0.6)), (270, (0.4, 0.6))]
)
def test_a_rotated_video_is_turned_upright(rotation: int, dark: tuple[float, float], tmp_path: Path) -> None:
    """The quarter that was dark is where players show it."""
    source = _drawn(tmp_path / "turned.mp4", list(range(6)))
    with av.open(str(source)) as container, av.open(str(tmp_path / "source.mp4"), "w") as output:
        picture = output.add_stream_from_template(container.streams.video[0])
        picture.set_display_rotation(-rotation)
        output.mux([packet for packet in container.demux(video=0) if packet.dts is not None])
    assert rotation == check_video(tmp_path / "source.mp4").rotation_degrees
    frame = _frames(fit_video(tmp_path / "source.mp4").path)[0]
    quarters = [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
    assert [dark] == [quarter for quarter in quarters if _grey(frame, *quarter) < 40]


def test_padding_is_black_and_keeps_all_of_the_picture(tmp_path: Path) -> None:
    """The whole picture stands in the middle."""
    frame = _frames(fit_video(_drawn(tmp_path / "square.mp4", list(range(6)), size=(36, 36))).path)[0]
    greys = [_grey(frame, x, 0.25) for x in (0.1, 0.215, 0.225, 0.45, 0.55, 0.775, 0.785, 0.9)]
    assert [16, 16] == greys[:2] == greys[-2:]
    assert all(low < 30 for low in greys[2:4])
    assert all(abs(high - 60) < 4 for high in greys[4:6])


@pytest.mark.parametrize(("seconds", "fitted_seconds"), [("8", 8), ("9", 8), ("3", 3)])
def test_what_is_too_long_is_cut(seconds: str, fitted_seconds: int, tmp_path: Path) -> None:
    """To the allowed length, and not by a frame more."""
    result = fit_video(_stored(tmp_path, seconds=seconds, has_sound=True))
    assert fitted_seconds == result.report.duration_seconds
    assert (seconds == "9") == ("cut to 8 s, from 0 s on" in result.changes)


def test_a_beginning_is_left_out(tmp_path: Path) -> None:
    """Also of a video that conforms; what comes later remains in its order."""
    result = fit_video(_drawn(tmp_path / "long.mp4", list(range(14))), start_seconds=2.5)
    assert ("cut to 4.5 s, from 2.5 s on", Fraction(9, 2)) == (result.changes[-1], result.report.duration_seconds)
    assert all(
        abs(60 + 10 * (5 + number) - _grey(frame, 0.9, 0.9)) < 4 for number, frame in enumerate(_frames(result.path))
    )
    whole = _stored(tmp_path, "whole.mp4", seconds="4", width_px=1920, height_px=1080)
    assert 3 == fit_video(whole, start_seconds=1).report.duration_seconds


@pytest.mark.parametrize(
    ("seconds", "start", "found"),
    [("2", 0, "0 s on it has 2 s"), ("5", 2.5, "2.5 s on it has 2.5 s"), ("5", 60, "has 0 s")],
)
def test_what_is_too_short_is_refused(seconds: str, start: float, found: str, tmp_path: Path) -> None:
    """With the rule, and nothing is written."""
    source = _stored(tmp_path, seconds=seconds, frames_per_second="4", has_sound=True)
    with pytest.raises(MediaError, match=f"is too short: .*{found}") as caught:
        fit_video(source, start_seconds=start)
    assert ["R21"] == [each.rule for each in caught.value.violations]
    assert _only(tmp_path, source)


def test_a_variable_frame_rate_becomes_steady(tmp_path: Path) -> None:
    """Each frame is shown until the next one is due."""
    times = [0, 1, 2, 6, 7, 12, 13, 14]
    result = fit_video(_drawn(tmp_path / "variable.mp4", times, rate=4))
    rate = 1 / (result.report.frame_seconds or 1)
    frames = _frames(result.path)
    assert [number / rate for number in range(len(frames))] == pytest.approx([frame.time for frame in frames])
    shown = [round((_grey(frame, 0.9, 0.9) - 60) / 10) for frame in frames]
    late = [abs(times[number] / 4 - frame.time) for number, frame in zip(shown, frames, strict=True)]
    assert sorted(shown) == shown
    assert max(late) <= 1.25  # the longest time that a frame is shown
    assert {0, 3, 4, 7} <= set(shown)


@pytest.mark.parametrize(("rate", "change"), [("8", "from 8 to 4 frames"), ("1/2", "from 0.5 to 1 frames")])
def test_odd_frame_rates_are_brought_within_bounds(
    rate: str, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow motion, here with a lower bound than that of 60 to save time, and shows of slides."""
    lowest, highest = transcoding._RATES  # noqa: SLF001 - encoding 60 frames a second takes long
    assert 60 == highest
    monkeypatch.setattr(transcoding, "_RATES", (lowest, Fraction(4)))
    result = fit_video(_stored(tmp_path, frames_per_second=rate, seconds="4"))
    assert f"changed {change} per second" in result.changes
    assert 4 == result.report.duration_seconds


@pytest.mark.parametrize(
    "options",
    [
        {"container": "mov", "codec": "mjpeg"},
        {"container": "mov", "codec": "prores_ks"},
        {"container": "webm", "frames_per_second": "5"},
        {"container": "avi", "codec": "mpeg4"},
        {"container": "mpegts", "frames_per_second": "5"},
        {"is_fragmented": True},
        {"width_px": 1920, "height_px": 1080, "is_fragmented": True},
    ],
)
def test_other_containers_and_codecs_become_mp4(options: dict[str, Any], tmp_path: Path) -> None:
    """What FFmpeg reads is taken, by its content."""
    report = fit_video(_stored(tmp_path, "video", seconds="4", **options), tmp_path / "copy.mp4").report
    assert ("mp4", "h264", False, True) == (
        report.container,
        report.video_codec,
        report.is_fragmented,
        report.is_faststart,
    )
    assert report.duration_seconds is not None
    assert abs(report.duration_seconds - 4) <= 0.5


@pytest.mark.parametrize("seconds", [1, 4, 5])
def test_sound_is_kept_and_ends_with_the_picture(seconds: int, tmp_path: Path) -> None:
    """As AAC in stereo at 48 kHz, as loud as it was."""
    source = _drawn(tmp_path / "loud.mp4", list(range(8)), sound_samples=seconds * _SOUND_HZ)
    result: Any = fit_video(source)
    assert ("aac", 4) == (result.report.audio_codec, result.report.duration_seconds)
    assert "sound encoded as AAC, stereo, 48000 Hz" == result.changes[-1]
    with av.open(str(result.path)) as container:
        frames = list(container.decode(audio=0))
        assert (48_000, "stereo") == (frames[0].sample_rate, frames[0].layout.name)
    assert abs(min(seconds, 4) - sum(frame.samples for frame in frames) / 48_000) < 0.1
    heard: Any = frames[len(frames) // 2].to_ndarray()
    assert 0.3 < abs(heard).max() < 0.6


def test_sound_that_has_ended_leaves_no_track(tmp_path: Path) -> None:
    """Where nothing is heard of it any more, it is not there."""
    source = _drawn(tmp_path / "early.mp4", list(range(10)), sound_samples=_SOUND_HZ)
    result: Any = fit_video(source, start_seconds=2)
    assert (None, 3) == (result.report.audio_codec, result.report.duration_seconds)


def test_pictures_long_after_the_end_are_not_read(tmp_path: Path) -> None:
    """Not even where sound that has ended keeps the work from being done."""
    source = _drawn(tmp_path / "long.mp4", list(range(19)), 1, sound_samples=_SOUND_HZ)
    result: Any = fit_video(source)
    assert (8, "aac") == (result.report.duration_seconds, result.report.audio_codec)
    assert "cut to 8 s, from 0 s on" in result.changes


@pytest.mark.parametrize("aspect", [Fraction(101), Fraction(1, 101)])
def test_an_absurd_shape_of_pixels_is_taken_for_square(aspect: Fraction) -> None:
    """It is a damaged number, and players ignore it too."""
    frame = av.VideoFrame(64, 36, "yuv420p")
    shape = shape_of(frame, aspect, [[1920, 1080]], "pad")
    assert shape_of(frame, None, [[1920, 1080]], "pad") == shape


@pytest.mark.parametrize(
    ("size", "change"),
    [
        # a few lines too many: the service takes it, and then says nothing of the voice
        ((1080, 1942), "cropped above and below from 1080x1942 px to 1080x1920 px"),
        ((64, 36), "scaled from 64x36 px to 1920x1080 px"),
    ],
)
def test_cropping_does_no_more_than_it_has_to(size: tuple[int, int], change: str) -> None:
    """What has the size then is not scaled, and what has the ratio already is not cropped."""
    shape = shape_of(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080], [1080, 1920]], "crop")
    assert [change] == shape.changes


def test_colours_become_those_of_hd(tmp_path: Path) -> None:
    """Ten bits become eight, and the header tells which colours they are."""
    result = fit_video(_drawn(tmp_path / "ten.mp4", list(range(6)), pixels="yuv420p10le"))
    frame = _frames(result.path)[0]
    assert ("yuv420p", 1, 1, 1, 1) == (
        frame.format.name,
        frame.colorspace,
        frame.color_trc,
        frame.color_primaries,
        frame.color_range,
    )
    assert abs(60 - _grey(frame, 0.9, 0.9)) < 4


@pytest.mark.parametrize(
    ("colours", "is_reduced"),
    [((9, 16, 9), True), ((9, 18, 9), True), ((1, 1, 12), True), ((1, 1, 1), False), ((5, 6, 5), False)],
)
def test_a_wide_range_of_colours_is_reduced(colours: tuple[int, int, int], is_reduced: bool) -> None:  # noqa: FBT001 - a row
    """PQ, HLG and wide gamuts; FFmpeg takes the filters. To run them takes seconds, whatever the size."""
    frame = av.VideoFrame(64, 36, "yuv420p10le")
    frame.colorspace, frame.color_trc, frame.color_primaries = colours
    shape = shape_of(frame, None, [[1920, 1080]], "pad")
    scale = dict(shape.filters)["scale"]
    says = ["its wide range of colours was reduced to that of HD"] if is_reduced else []
    assert ["scaled from 64x36 px to 1920x1080 px", *says] == shape.changes
    assert is_reduced == scale.endswith(":out_transfer=bt709:out_primaries=bt709:intent=perceptual")
    graph(("buffer", "video_size=64x36:pix_fmt=yuv420p10le:time_base=1/5"), *shape.filters, ("buffersink", ""))


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), "bt709"), ((720, 576), "bt601")])
def test_colours_that_are_not_told_are_taken_as_players_do(size: tuple[int, int], matrix: str) -> None:
    """Those of HD from 720 lines on."""
    shape = shape_of(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080]], "pad")
    assert f"in_color_matrix={matrix}" in dict(shape.filters)["scale"]


def test_an_interlaced_video_is_deinterlaced(tmp_path: Path) -> None:
    """Its frames are whole then."""
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    source = _drawn(tmp_path / "lines.mp4", list(range(6)), size=(64, 64), options=options)
    result = fit_video(source)
    assert "deinterlaced" in result.changes
    assert not any(frame.interlaced_frame for frame in _frames(result.path))


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that lowers how many bytes a file may have."""

    def allow(most_bytes: int) -> None:
        limits = video_limits() | {"file-size": video_limits()["file-size"] | {"max-bytes": most_bytes}}
        monkeypatch.setattr(fit_videos, "video_limits", lambda: limits)

    return allow


def test_a_file_too_large_is_encoded_with_less_quality(allow: Any, tmp_path: Path) -> None:
    """With little less than it takes; told progress never goes back."""
    source = _drawn(tmp_path / "source.mp4", list(range(6)))
    size = fit_video(source, tmp_path / "best.mp4").report.size_bytes or 0
    allow(size - 1)
    seen: list[float] = []
    result = fit_video(source, tmp_path / "smaller.mp4", progress=seen.append)
    factors = [int(each.split()[-1]) for each in result.changes if "constant rate factor" in each]
    assert 18 < factors[0] < 24
    assert (result.report.size_bytes or 0) < size
    assert sorted(set(seen)) == seen
    allow(1000)
    with pytest.raises(MediaError, match="cannot be brought below 1000 bytes"):
        fit_video(source, tmp_path / "tiny.mp4")


def test_progress_rises_to_its_end(tmp_path: Path) -> None:
    """From above 0 to exactly 1, with a value for most frames."""
    seen: list[float] = []
    fit_video(_stored(tmp_path, frames_per_second="10"), progress=seen.append)
    assert sorted(set(seen)) == seen
    assert len(seen) > 10
    assert 0 < seen[0] < 0.5 < seen[-1] == 1.0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), OSError("mine")])
@pytest.mark.parametrize("part", [0.0, 0.99])
def test_what_progress_raises_ends_the_work(error: BaseException, part: float, tmp_path: Path) -> None:
    """It comes out as it is, and nothing is left."""
    source = _stored(tmp_path)

    def stop(done: float) -> None:
        if done > part:
            raise error

    with pytest.raises(type(error)) as caught:
        fit_video(source, progress=stop)
    assert error is caught.value
    assert _only(tmp_path, source)


def test_a_source_that_cannot_be_copied_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the disk is full."""
    monkeypatch.setattr(shutil, "copyfile", _refuse)
    source = _stored(tmp_path, width_px=1920, height_px=1080)
    with pytest.raises(MediaError, match="cannot be copied: full"):
        fit_video(source)
    assert _only(tmp_path, source)


def _refuse(*_: object) -> None:
    raise OSError(28, "full")


@pytest.mark.parametrize("name", ["source.mp4", "other.mp4"])
def test_nothing_is_overwritten(name: str, tmp_path: Path) -> None:
    """Neither the source nor another file."""
    source = _stored(tmp_path)
    target = tmp_path / name
    shutil.copyfile(source, tmp_path / "other.mp4")
    content = target.read_bytes()
    with pytest.raises(MediaError, match="exists already"):
        fit_video(source, target)
    assert content == target.read_bytes()


def test_a_target_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    """It names the target."""
    with pytest.raises(MediaError, match=r"missing.*cannot be written"):
        fit_video(_stored(tmp_path), tmp_path / "missing" / "copy.mp4")


def test_without_pyav_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MediaError, match=r"pip install 'kling-elements\[video\]'"):
        fit_video(_stored(tmp_path))


_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded"),
        (b"hello" * 999, "cannot be decoded"),
        (_PLAYLIST, "cannot be decoded"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "cannot be decoded"),
        (Video(width_px=64, height_px=36, truncate_to=-9).build(), "breaks off"),
        (Video(width_px=64, height_px=36, is_faststart=False, truncate_to=900).build(), r"\(R20\)"),
    ],
)
def test_hostile_content_is_one_error(content: bytes, reason: str, tmp_path: Path) -> None:
    """No bytes, no video, a list of other files, or half a file: a MediaError, and nothing is left."""
    source = tmp_path / "hostile.mp4"
    source.write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught:
        fit_video(source)
    assert str(source) == caught.value.source
    assert _only(tmp_path, source)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    """There must be a picture."""
    source = tmp_path / "sound.mkv"
    with av.open(str(source), "w") as output:
        sound = output.add_stream("aac", rate=_SOUND_HZ, layout="mono")
        heard = av.AudioFrame("fltp", "mono", 1024)
        heard.planes[0].update(bytes(heard.planes[0].buffer_size))
        heard.sample_rate = _SOUND_HZ
        output.mux([*sound.encode(heard), *sound.encode(None)])
    with pytest.raises(MediaError, match="has no picture that can be decoded"):
        fit_video(source)


def test_a_stream_with_a_gap_is_refused(tmp_path: Path) -> None:
    """Nobody would notice that part of the picture is missing."""
    parts = [_stored(tmp_path, f"{side}.ts", container="mpegts", height_px=side).read_bytes() for side in (36, 64)]
    source = tmp_path / "joined.ts"
    source.write_bytes(b"".join(parts))
    with pytest.raises(MediaError, match="breaks off or is damaged"):
        fit_video(source)


def test_frames_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before one is decoded."""
    monkeypatch.setattr(transcoding, "_MOST_PIXELS", 64 * 36 - 1)
    with pytest.raises(MediaError, match="too many to be decoded"):
        fit_video(_stored(tmp_path))


def test_a_size_that_changes_on_the_way_is_refused(tmp_path: Path) -> None:
    """The filters are made for one."""
    source = tmp_path / "joined.mkv"
    with av.open(str(source), "w") as output:
        picture: Any = output.add_stream("mjpeg", rate=2)
        picture.width, picture.height, picture.pix_fmt = 64, 36, "yuvj420p"
        for number, height in enumerate([36, 36, 64]):
            encoder: Any = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = 64, height, "yuvj420p"
            encoder.time_base = Fraction(1, 2)
            frame = av.VideoFrame(64, height, "yuvj420p")
            frame.pts = 0
            for packet in encoder.encode(frame):
                packet.pts = packet.dts = number
                packet.stream = picture
                output.mux(packet)
    with pytest.raises(MediaError, match="changes its size"):
        fit_video(source)


def test_mutated_files_raise_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes out of a damaged file is MediaError here, as the small size that is asked for breaks R22."""
    size = video_limits()["displayed-size"] | {"one-of-px": [[64, 36]]}
    monkeypatch.setattr(fit_videos, "video_limits", lambda: video_limits() | {"displayed-size": size})
    numbers = random.Random(5)
    original = _stored(tmp_path, has_sound=True).read_bytes()
    source = tmp_path / "mutated.mp4"
    reasons = set()
    for _ in range(60):
        content = bytearray(original)
        for _ in range(numbers.randint(1, 3)):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        source.write_bytes(content)
        with pytest.raises(MediaError) as caught:
            fit_video(source)
        reasons.add(caught.value.reason[:20])
    assert "no copy that conform" in reasons
    assert len(reasons) > 1


@pytest.mark.parametrize("source", ["source.mp4", 5, b"bytes"])
def test_only_paths_are_taken(source: Any) -> None:
    """Anything else is refused plainly."""
    with pytest.raises(MediaError, match=r"must be a pathlib\.Path"):
        fit_video(source)


@pytest.mark.parametrize("source", ["missing.mp4", "."])
def test_what_is_no_file_is_refused(source: str, tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(MediaError, match=str(tmp_path)):
        fit_video(tmp_path / source)


@pytest.mark.parametrize(
    "options", [{"ratio": "stretch"}, {"start_seconds": -1}, {"start_seconds": math.nan}, {"start_seconds": math.inf}]
)
def test_arguments_that_make_no_sense_are_refused(options: Any) -> None:
    """Before anything is read."""
    with pytest.raises(ValueError, match="must be"):
        fit_video(Path("/nowhere/at-all.mp4"), **options)
