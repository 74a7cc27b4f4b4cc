"""The filters that bring frames to an allowed size: turned, padded or cropped, and in the colours of HD."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.support.drawn_videos import (
    draw_video,
    frames_of,
    grey_of,
    with_display_matrix,
)
from contract_tests.support.media_inputs import contract_with
from kling_elements.media.checks import check_video
from kling_elements.media.filters import filters_for
from kling_elements.media.fit_videos import fit_video
from kling_elements.media.soundtracks import filter_chain


@pytest.mark.parametrize(
    ("rotation", "dark"), [(0, (0.4, 0.4)), (90, (0.6, 0.4)), (180, (0.6, 0.6)), (270, (0.4, 0.6))]
)
def test_a_rotated_video_is_turned_upright(rotation: int, dark: tuple[float, float], tmp_path: Path) -> None:
    """The copy's dark quarter is at the place where players show it in the source."""
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
    """The two bars have the same width."""
    frame = frames_of(fit_video(draw_video(tmp_path / "square.mp4", list(range(6)), size=(36, 36))).path)[0]
    greys = [grey_of(frame, x, 0.25) for x in (0.1, 0.215, 0.225, 0.45, 0.55, 0.775, 0.785, 0.9)]
    assert [16, 16] == greys[:2] == greys[-2:]
    assert all(low < 30 for low in greys[2:4])
    assert all(abs(high - 60) < 4 for high in greys[4:6])


@pytest.mark.parametrize("aspect", [Fraction(101), Fraction(1, 101)])
def test_pixels_with_an_absurd_shape_count_as_square(aspect: Fraction) -> None:
    """The damaged numbers are ignored, as by players."""
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
    """A video of the right ratio is not cropped, and one of the right size after cropping is not scaled."""
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
    """The distortion is invisible, and thin bars would not be."""
    shape = filters_for(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080], [1080, 1920]], "pad")
    assert changes == shape.changes


def test_colours_become_those_of_hd(tmp_path: Path) -> None:
    """Ten bits become eight, and the header describes the colours."""
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
    """FFmpeg accepts the filters for PQ, HLG and wide gamuts. Running them would take seconds."""
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
    """Unknown colours count as the colours of HD from 720 lines on."""
    shape = filters_for(av.VideoFrame(*size, "yuv420p"), None, [[1920, 1080]], "pad")
    assert f"in_color_matrix={matrix}" in dict(shape.filters)["scale"]


SMALL = contract_with("x-video", {"displayed-size": {"one-of-px": [[128, 72], [72, 128]]}})  # to save time


_ALL = [
    (1, 0, 0, 1),
    (0, 1, -1, 0),
    (-1, 0, 0, -1),
    (0, -1, 1, 0),
    (-1, 0, 0, 1),
    (1, 0, 0, -1),
    (0, 1, 1, 0),
    (0, -1, -1, 0),
]


@pytest.mark.parametrize("matrix", _ALL)
def test_a_turned_or_mirrored_video_is_shown_as_players_show_it(
    matrix: tuple[int, int, int, int], tmp_path: Path
) -> None:
    """The expected place of the dark quarter follows from the matrix, as in FFmpeg's `autorotate`."""
    a, b, c, d = matrix
    source = with_display_matrix(draw_video(tmp_path / "plain.mp4", list(range(6))), tmp_path / "source.mp4", matrix)
    result: Any = fit_video(source, contract=SMALL)
    frame = frames_of(result.path)[0]
    assert ((128, 72) if a else (72, 128)) == (frame.width, frame.height)
    dark = (0.5 - 0.1 * (a + c), 0.5 - 0.1 * (b + d))  # the quarter was at -1, -1 from the middle
    quarters = [(x, y) for x in (0.4, 0.6) for y in (0.4, 0.6) if grey_of(frame, x, y) < 40]
    assert [pytest.approx(dark)] == quarters
    turns = [change for change in result.changes if "turned" in change or "mirrored" in change]
    assert (matrix != (1, 0, 0, 1)) == len(turns)
    assert (a * d - b * c < 0) == any("mirrored" in turn for turn in turns)
    assert (0, 1) == (result.report.rotation_degrees, result.report.pixel_aspect)


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (1, 0, 0, 0)])
def test_an_invalid_matrix_is_ignored(matrix: tuple[int, int, int, int], tmp_path: Path) -> None:
    """The copy shows the video as it is stored."""
    source = with_display_matrix(draw_video(tmp_path / "plain.mp4", list(range(6))), tmp_path / "source.mp4", matrix)
    frame = frames_of(fit_video(source, contract=SMALL).path)[0]
    assert ((128, 72), True) == ((frame.width, frame.height), grey_of(frame, 0.4, 0.4) < 40)


def test_stereo_video_is_turned_upright() -> None:
    """The rotation is read although PyAV doesn't know some of the side data."""
    frame: Any = _Stereo()
    assert [("transpose", "clock")] == filters_for(frame, None, [[128, 72], [72, 128]], "pad").filters[:1]


class _Stereo:
    """A frame of stereo video as PyAV returns it, because no available encoder writes one."""

    rotation = -90
    width, height = 64, 36
    colorspace = color_trc = color_primaries = 1

    @property
    def side_data(self) -> Any:
        raise ValueError("29 is not a valid Type")
