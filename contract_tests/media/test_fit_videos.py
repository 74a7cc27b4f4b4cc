"""Copies of videos that conform: their sizes, colours, containers and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.support.drawn_videos import draw_video, frames_of, grey_of, write_video
from contract_tests.support.media_inputs import contract_with
from contract_tests.support.tables import for_each_row
from kling_elements.media.checks import check_video
from kling_elements.media.filters import filters_for
from kling_elements.media.fit_videos import fit_video
from kling_elements.media.fitted import Ratio
from kling_elements.media.soundtracks import filter_chain
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_a_video_that_conforms_is_copied_unchanged(width: int, height: int, tmp_path: Path) -> None:
    """The copy is next to the source."""
    source = write_video(tmp_path, width_px=width, height_px=height)
    seen: list[float] = []
    result = fit_video(source, progress=seen.append)
    target = tmp_path / "source-fitted.mp4"
    assert (target, (), [1.0]) == (result.path, result.changes, seen)
    assert source.read_bytes() == target.read_bytes()
    assert (str(target), width, height) == (result.report.source, result.report.width_px, result.report.height_px)


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """A source with some options, its copy, and the changes that are reported."""

    options: dict[str, Any]
    changes: list[str]
    ratio: Ratio = "pad"
    size: tuple[int, int] = (1920, 1080)

    @property
    def id(self) -> str:
        return "; ".join(self.changes)


@for_each_row(
    [
        _Shape(options={}, changes=["scaled from 64x36 px to 1920x1080 px"]),
        _Shape(
            options={"width_px": 36, "height_px": 64},
            size=(1080, 1920),
            changes=["scaled from 36x64 px to 1080x1920 px"],
        ),
        _Shape(
            options={"width_px": 64, "height_px": 64},
            changes=["scaled from 64x64 px to 1080x1080 px", "padded at the sides with black to 1920x1080 px"],
        ),
        _Shape(
            options={"width_px": 66, "height_px": 20},
            changes=["scaled from 66x20 px to 1920x582 px", "padded above and below with black to 1920x1080 px"],
        ),
        _Shape(
            options={"width_px": 64, "height_px": 66},
            ratio="crop",
            size=(1080, 1920),
            changes=["cropped at the sides from 64x66 px to 37x66 px", "scaled from 37x66 px to 1080x1920 px"],
        ),
        _Shape(
            options={"width_px": 64, "height_px": 64},
            ratio="crop",
            changes=["cropped above and below from 64x64 px to 64x36 px", "scaled from 64x36 px to 1920x1080 px"],
        ),
        _Shape(
            options={"width_px": 1080, "height_px": 1942},
            ratio="crop",
            size=(1080, 1920),
            changes=["cropped above and below from 1080x1942 px"],
        ),
        _Shape(
            options={"rotation": 90},
            size=(1080, 1920),
            changes=["turned upright by 90 degrees", "scaled from 36x64 px to 1080x1920 px"],
        ),
        _Shape(
            options={"width_px": 48, "height_px": 36, "pixel_aspect": (4, 3)},
            changes=["its pixels were made square", "scaled from 48x36 px to 1920x1080 px"],
        ),
        _Shape(
            options={"width_px": 48, "height_px": 36, "pixel_aspect": (1000, 1)},
            ratio="crop",
            changes=["cropped above and below from 48x36 px to 48x27 px", "scaled from 48x27 px to 1920x1080 px"],
        ),
    ],
)
def test_each_video_gets_the_nearest_allowed_size(row: _Shape, tmp_path: Path) -> None:
    """The copy is turned, gets square pixels, and is padded or cropped as `ratio` says."""
    result = fit_video(write_video(tmp_path, **row.options), ratio=row.ratio)
    report: Any = result.report
    assert (*row.size, 0, 1) == (report.width_px, report.height_px, report.rotation_degrees, report.pixel_aspect)
    assert row.changes == [
        change[: len(expected)] for change, expected in zip(result.changes, row.changes, strict=False)
    ]
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
    """The dark quarter is where players show it."""
    source = draw_video(tmp_path / "turned.mp4", list(range(6)))
    with av.open(str(source)) as container, av.open(str(tmp_path / "source.mp4"), "w") as output:
        picture = output.add_stream_from_template(container.streams.video[0])
        picture.set_display_rotation(-rotation)
        output.mux([packet for packet in container.demux(video=0) if packet.dts is not None])
    assert rotation == check_video(tmp_path / "source.mp4").rotation_degrees
    frame = frames_of(fit_video(tmp_path / "source.mp4").path)[0]
    quarters = [(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
    assert [dark] == [quarter for quarter in quarters if grey_of(frame, *quarter) < 40]


def test_padding_is_black_and_keeps_the_whole_picture(tmp_path: Path) -> None:
    """The picture is in the middle."""
    frame = frames_of(fit_video(draw_video(tmp_path / "square.mp4", list(range(6)), size=(36, 36))).path)[0]
    greys = [grey_of(frame, x, 0.25) for x in (0.1, 0.215, 0.225, 0.45, 0.55, 0.775, 0.785, 0.9)]
    assert [16, 16] == greys[:2] == greys[-2:]
    assert all(low < 30 for low in greys[2:4])
    assert all(abs(high - 60) < 4 for high in greys[4:6])


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
    """FFmpeg recognizes a file by its content."""
    report = fit_video(write_video(tmp_path, "video", seconds="4", **options), tmp_path / "copy.mp4").report
    assert ("mp4", "h264", False, True) == (
        report.container,
        report.video_codec,
        report.is_fragmented,
        report.is_faststart,
    )
    assert report.duration_seconds is not None
    assert abs(report.duration_seconds - 4) <= 0.5


@pytest.mark.parametrize("aspect", [Fraction(101), Fraction(1, 101)])
def test_pixels_with_an_absurd_shape_count_as_square(aspect: Fraction) -> None:
    """Players also ignore such a damaged number."""
    frame = av.VideoFrame(64, 36, "yuv420p")
    shape = filters_for(frame, aspect, [[1920, 1080]], "pad")
    assert filters_for(frame, None, [[1920, 1080]], "pad") == shape


@pytest.mark.parametrize(
    ("size", "change"),
    [
        # a few lines too many: the service accepts it, but then silently ignores the voice
        ((1080, 1942), "cropped above and below from 1080x1942 px to 1080x1920 px"),
        ((64, 36), "scaled from 64x36 px to 1920x1080 px"),
    ],
)
def test_cropping_changes_no_more_than_necessary(size: tuple[int, int], change: str) -> None:
    """If the size is right after cropping, the video is not scaled; if the ratio is right, it is not cropped."""
    shape = filters_for(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080], [1080, 1920]], "crop")
    assert [change] == shape.changes


@pytest.mark.parametrize(
    ("size", "changes"),
    [
        ((1920, 1090), ["scaled from 1920x1090 px to 1920x1080 px"]),
        (
            (1920, 1091),
            ["scaled from 1920x1091 px to 1900x1080 px", "padded at the sides with black to 1920x1080 px"],
        ),
        ((1938, 1080), ["scaled from 1938x1080 px to 1920x1080 px"]),
        (
            (1940, 1080),
            ["scaled from 1940x1080 px to 1920x1068 px", "padded above and below with black to 1920x1080 px"],
        ),
    ],
)
def test_a_ratio_that_is_off_by_less_than_a_hundredth_is_stretched(size: tuple[int, int], changes: list[str]) -> None:
    """Nobody sees a small distortion, but everybody sees thin bars."""
    shape = filters_for(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080], [1080, 1920]], "pad")
    assert changes == shape.changes


def test_colours_become_those_of_hd(tmp_path: Path) -> None:
    """Ten bits become eight, and the header names the colours."""
    result = fit_video(draw_video(tmp_path / "ten.mp4", list(range(6)), pixels="yuv420p10le"))
    frame = frames_of(result.path)[0]
    assert ("yuv420p", 1, 1, 1, 1) == (
        frame.format.name,
        frame.colorspace,
        frame.color_trc,
        frame.color_primaries,
        frame.color_range,
    )
    assert abs(60 - grey_of(frame, 0.9, 0.9)) < 4


@pytest.mark.parametrize(
    ("colours", "is_reduced"),
    [((9, 16, 9), True), ((9, 18, 9), True), ((1, 1, 12), True), ((1, 1, 1), False), ((5, 6, 5), False)],
)
def test_a_wide_range_of_colours_is_reduced(colours: tuple[int, int, int], is_reduced: bool) -> None:  # noqa: FBT001 - a row
    """FFmpeg accepts the filters for PQ, HLG and wide gamuts. They are not run, because that takes seconds."""
    frame = av.VideoFrame(64, 36, "yuv420p10le")
    frame.colorspace, frame.color_trc, frame.color_primaries = colours
    shape = filters_for(frame, None, [[1920, 1080]], "pad")
    scale = dict(shape.filters)["scale"]
    message = ["its wide range of colours was reduced to that of HD"] if is_reduced else []
    assert ["scaled from 64x36 px to 1920x1080 px", *message] == shape.changes
    assert is_reduced == scale.endswith(":out_transfer=bt709:out_primaries=bt709:intent=perceptual")
    filter_chain(("buffer", "video_size=64x36:pix_fmt=yuv420p10le:time_base=1/5"), *shape.filters, ("buffersink", ""))


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), "bt709"), ((720, 576), "bt601")])
def test_unknown_colours_are_assumed_as_players_do(size: tuple[int, int], matrix: str) -> None:
    """From 720 lines on, the colours of HD are assumed."""
    shape = filters_for(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080]], "pad")
    assert f"in_color_matrix={matrix}" in dict(shape.filters)["scale"]


def test_an_interlaced_video_is_deinterlaced(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    source = draw_video(tmp_path / "lines.mp4", list(range(6)), size=(64, 64), options=options)
    result = fit_video(source)
    assert "deinterlaced" in result.changes
    assert not any(frame.interlaced_frame for frame in frames_of(result.path))


def _contract_with_max_bytes(max_bytes: int) -> Contract:
    return contract_with("x-video", {"file-size": {"max-bytes": max_bytes}})


def test_a_file_that_is_too_large_is_encoded_with_less_quality(tmp_path: Path) -> None:
    """The quality is hardly lower than necessary, and the reported progress never goes back."""
    source = draw_video(tmp_path / "source.mp4", list(range(6)))
    size = fit_video(source, tmp_path / "best.mp4").report.size_bytes or 0
    seen: list[float] = []
    result = fit_video(
        source, tmp_path / "smaller.mp4", progress=seen.append, contract=_contract_with_max_bytes(size - 1)
    )
    factors = [int(change.split()[-1]) for change in result.changes if "constant rate factor" in change]
    assert 18 < factors[0] < 24
    assert (result.report.size_bytes or 0) < size
    assert sorted(set(seen)) == seen
    with pytest.raises(MediaError, match="cannot be made smaller than 1000 bytes"):
        fit_video(source, tmp_path / "tiny.mp4", contract=_contract_with_max_bytes(1000))


def test_progress_rises_from_0_to_1(tmp_path: Path) -> None:
    """Most frames report a value, and the last value is exactly 1."""
    seen: list[float] = []
    fit_video(write_video(tmp_path, frames_per_second="10"), progress=seen.append)
    assert sorted(set(seen)) == seen
    assert len(seen) > 10
    assert 0 < seen[0] < 0.5 < seen[-1] == 1.0
