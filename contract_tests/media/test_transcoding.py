"""The times of the frames in a copy, and how long it plays."""

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
    holds_only,
    numbers_of,
    write_video,
)
from contract_tests.support.media_inputs import contract_with
from kling_elements.media.fit_videos import fit_video
from kling_elements_client.errors import MediaError

SMALL = contract_with("x-video", {"displayed-size": {"one-of-px": [[128, 72], [72, 128]]}})  # to save time


@pytest.mark.parametrize(("seconds", "fitted_seconds"), [("8", 8), ("9", 8), ("3", 3)])
def test_a_video_that_is_too_long_is_cut(seconds: str, fitted_seconds: int, tmp_path: Path) -> None:
    """The copy ends exactly at the maximum duration."""
    result = fit_video(write_video(tmp_path, seconds=seconds, has_sound=True))
    assert fitted_seconds == result.report.duration_seconds
    assert (seconds == "9") == ("cut to 8 s, from 0 s on" in result.changes)


def test_a_beginning_can_be_skipped(tmp_path: Path) -> None:
    """A conforming video can be shortened too. The remaining frames stay in order."""
    result = fit_video(draw_video(tmp_path / "long.mp4", list(range(14))), start_seconds=2.5)
    assert ("cut to 4.5 s, from 2.5 s on", Fraction(9, 2)) == (result.changes[-1], result.report.duration_seconds)
    assert all(
        abs(60 + 10 * (5 + number) - grey_of(frame, 0.9, 0.9)) < 4
        for number, frame in enumerate(frames_of(result.path))
    )
    whole = write_video(tmp_path, "whole.mp4", seconds="4", width_px=1920, height_px=1080)
    assert 3 == fit_video(whole, start_seconds=1).report.duration_seconds


@pytest.mark.parametrize(
    ("seconds", "start", "message"),
    [("2", 0, "from 0 s on, it lasts 2 s"), ("5", 2.5, "from 2.5 s on, it lasts 2.5 s"), ("5", 60, "it lasts 0 s")],
)
def test_a_video_that_is_too_short_is_refused(seconds: str, start: float, message: str, tmp_path: Path) -> None:
    """The violation contains the rule, and no file is written."""
    source = write_video(tmp_path, seconds=seconds, frames_per_second="4", has_sound=True)
    with pytest.raises(MediaError, match=f"is too short: .*{message}") as caught:
        fit_video(source, start_seconds=start)
    assert ["R21"] == [violation.rule for violation in caught.value.violations]
    assert holds_only(tmp_path, source)


@pytest.mark.parametrize(
    ("rate", "times"),
    [
        (4, [0, 1, 2, 6, 7, 12, 13, 14]),
        (30, [0, 30, 31, 32, 33, 90, 91, 92, 93, 94, 150]),  # bursts of a recorded screen
        (30, [0, 1, 2, 150, 151, 152]),  # a gap
        (1000, [0, 500, 501, 502, 503, 504, 505, 1700, 1703, 3100]),  # more than 60 frames a second, for a moment
        (10, [0, 8, 16, 24, 32, 40]),  # a slide show
    ],
)
@pytest.mark.parametrize("name", ["variable.mp4", "variable.mkv"])
def test_frames_are_shown_when_the_source_shows_them(name: str, rate: int, times: list[int], tmp_path: Path) -> None:
    """No frame is lost or repeated, even if they come unevenly."""
    result = fit_video(draw_video(tmp_path / name, times, rate=rate), contract=SMALL)
    frames = frames_of(result.path)
    assert list(range(len(times))) == numbers_of(result.path)
    assert [time / rate for time in times] == pytest.approx([frame.time for frame in frames], abs=0.002)
    assert times[-1] / rate <= (result.report.duration_seconds or 0) <= times[-1] / rate + 1


def test_the_last_frame_that_fits_is_shown_to_the_end(tmp_path: Path) -> None:
    """Later frames are not encoded, even if that frame is shown for a long time."""
    result: Any = fit_video(draw_video(tmp_path / "gap.mp4", [0, 1, 2, 39, 40], rate=4), contract=SMALL)
    assert ([0, 1, 2], 8) == (numbers_of(result.path), result.report.duration_seconds)


@pytest.mark.parametrize("name", ["steady.mkv", "steady.mp4", "steady.ts", "steady.flv"])
@pytest.mark.parametrize("start", [0, 0.3])
def test_rounded_times_become_steady_again(name: str, start: float, tmp_path: Path) -> None:
    """Times in milliseconds, as in Matroska and FLV, become exactly 29.97 frames per second."""
    rate = Fraction(30000, 1001)
    frames = [*range(100), *range(130, 150)]
    source = draw_video(tmp_path / name, frames, rate=rate, brightness=1)
    result = fit_video(source, start_seconds=start, contract=SMALL)
    kept = frames[int(start * rate) :]
    shown = frames_of(result.path)
    assert len(kept) == len(shown)
    exact = [(number - kept[0]) / rate for number in kept]
    assert [round(seconds * 30000) for seconds in exact] == [round(frame.time * 30000) for frame in shown]
    with av.open(str(result.path)) as container:
        assert rate == container.streams.video[0].guessed_rate


@pytest.mark.parametrize("start", [0, 2])
def test_frames_stored_out_of_order_are_not_lost(start: int, tmp_path: Path) -> None:
    """AVI's display times are corrected, because FFmpeg gets only their order right."""
    options = {"bf": "3", "b_strategy": "0", "g": "100"}
    source = draw_video(tmp_path / "order.avi", list(range(19)), rate=3, options=options)
    result = fit_video(source, start_seconds=start, contract=SMALL)
    numbers = numbers_of(result.path)
    assert list(range(numbers[0], 19)) == numbers
    assert abs(numbers[0] - 3 * start) <= 3  # frames; this many may be decoded before one is shown
    assert abs(Fraction(19, 3) - start - (result.report.duration_seconds or 0)) <= 1


@pytest.mark.parametrize("count", [400, 1000])
def test_a_frame_rate_above_60_is_reduced(count: int, tmp_path: Path) -> None:
    """Every second frame of slow motion is dropped, and the rest is steady."""
    source = draw_video(tmp_path / "slow.mp4", list(range(count)), rate=120, brightness=0)
    result = fit_video(source, contract=SMALL)
    assert "changed from 120 to 60 frames per second" in result.changes
    assert (min(Fraction(count, 120), Fraction(8)), Fraction(1, 60)) == (
        result.report.duration_seconds,
        result.report.frame_seconds,
    )


def test_an_interlaced_video_is_deinterlaced(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    source = draw_video(tmp_path / "lines.mp4", list(range(6)), size=(64, 64), options=options)
    result = fit_video(source)
    assert "deinterlaced" in result.changes
    assert not any(frame.interlaced_frame for frame in frames_of(result.path))


def test_progress_rises_from_0_to_1(tmp_path: Path) -> None:
    """Most frames report a value, and the last one is exactly 1."""
    seen: list[float] = []
    fit_video(write_video(tmp_path, frames_per_second="10"), progress=seen.append)
    assert sorted(set(seen)) == seen
    assert len(seen) > 10
    assert 0 < seen[0] < 0.5 < seen[-1] == 1.0


def test_a_video_that_changes_its_frame_size_is_refused(tmp_path: Path) -> None:
    """The filters filters are built for one size only."""
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
    with pytest.raises(MediaError, match="changes its frame size"):
        fit_video(source)


def test_a_video_with_decreasing_timestamps_is_refused(tmp_path: Path) -> None:
    """Otherwise the second of two joined files would be lost unnoticed."""
    content = draw_video(tmp_path / "part.mpg", list(range(10))).read_bytes()
    source = tmp_path / "joined.mpg"
    source.write_bytes(content + content)
    with pytest.raises(MediaError, match="goes back in time"):
        fit_video(source, contract=SMALL)
