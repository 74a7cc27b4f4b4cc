"""Copies of videos that conform: their durations, the times of their frames, and their sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from contract_tests.support.drawn_videos import (
    SOUND_HZ,
    draw_video,
    frames_of,
    grey_of,
    holds_only,
    numbers_of,
    write_video,
)
from contract_tests.support.media_inputs import contract_with
from kling_elements.media import footage
from kling_elements.media.fit_videos import fit_video
from kling_elements_client.errors import MediaError

SMALL = contract_with("x-video", {"displayed-size": {"one-of-px": [[128, 72], [72, 128]]}})  # to save time


@pytest.mark.parametrize(("seconds", "fitted_seconds"), [("8", 8), ("9", 8), ("3", 3)])
def test_a_video_that_is_too_long_is_cut(seconds: str, fitted_seconds: int, tmp_path: Path) -> None:
    """A copy ends exactly at the maximum duration."""
    result = fit_video(write_video(tmp_path, seconds=seconds, has_sound=True))
    assert fitted_seconds == result.report.duration_seconds
    assert (seconds == "9") == ("cut to 8 s, from 0 s on" in result.changes)


def test_a_beginning_can_be_skipped(tmp_path: Path) -> None:
    """You can also skip the beginning of a video that conforms. The later frames stay in order."""
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
    """The error names the rule, and no file is written."""
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
    """No frame is lost or repeated, no matter how unevenly the frames come."""
    result = fit_video(draw_video(tmp_path / name, times, rate=rate), contract=SMALL)
    frames = frames_of(result.path)
    assert list(range(len(times))) == numbers_of(result.path)
    assert [time / rate for time in times] == pytest.approx([frame.time for frame in frames], abs=0.002)
    assert times[-1] / rate <= (result.report.duration_seconds or 0) <= times[-1] / rate + 1


def test_the_last_frame_that_fits_is_shown_to_the_end(tmp_path: Path) -> None:
    """Frames after the cut are not encoded, even if the last frame is shown for a long time."""
    result: Any = fit_video(draw_video(tmp_path / "gap.mp4", [0, 1, 2, 39, 40], rate=4), contract=SMALL)
    assert ([0, 1, 2], 8) == (numbers_of(result.path), result.report.duration_seconds)


@pytest.mark.parametrize("name", ["steady.mkv", "steady.mp4", "steady.ts", "steady.flv"])
@pytest.mark.parametrize("start", [0, 0.3])
def test_rounded_times_become_steady_again(name: str, start: float, tmp_path: Path) -> None:
    """Matroska and FLV count milliseconds; the copy has exactly 29.97 frames a second, with the same gap."""
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
    """AVI stores when frames are decoded, and FFmpeg guesses wrongly when they are shown; their order is right."""
    options = {"bf": "3", "b_strategy": "0", "g": "100"}
    source = draw_video(tmp_path / "order.avi", list(range(19)), rate=3, options=options)
    result = fit_video(source, start_seconds=start, contract=SMALL)
    numbers = numbers_of(result.path)
    assert list(range(numbers[0], 19)) == numbers
    assert abs(numbers[0] - 3 * start) <= 3  # frames; this many may be decoded before one is shown
    assert abs(Fraction(19, 3) - start - (result.report.duration_seconds or 0)) <= 1


@pytest.mark.parametrize("count", [400, 1000])
def test_a_frame_rate_above_60_is_reduced(count: int, tmp_path: Path) -> None:
    """Every second frame of slow motion is dropped, and the others are steady."""
    source = draw_video(tmp_path / "slow.mp4", list(range(count)), rate=120, brightness=0)
    result = fit_video(source, contract=SMALL)
    assert "changed from 120 to 60 frames per second" in result.changes
    assert (min(Fraction(count, 120), Fraction(8)), Fraction(1, 60)) == (
        result.report.duration_seconds,
        result.report.frame_seconds,
    )


@pytest.mark.parametrize(
    ("guessed", "average", "rate"),
    [
        (Fraction(30000, 1001), Fraction(28787, 1000), Fraction(30000, 1001)),
        (Fraction(30000, 1001), Fraction(60000), Fraction(30000, 1001)),  # as in DV
        (Fraction(90000), Fraction(72, 10), Fraction(36, 5)),
        (Fraction(240), Fraction(239), Fraction(240)),
        (None, Fraction(24), Fraction(24)),
        (None, None, Fraction(25)),
    ],
)
def test_the_frame_rate_is_that_of_most_frames(
    guessed: Fraction | None, average: Fraction | None, rate: Fraction
) -> None:
    """FFmpeg's guess is used if it makes sense, because gaps and bursts change the average."""
    stream = SimpleNamespace(guessed_rate=guessed, average_rate=average)
    assert rate == footage._rate(stream)  # noqa: SLF001 - files would only show what FFmpeg guesses


@pytest.mark.parametrize("seconds", [1, 4, 5])
def test_sound_is_kept_and_ends_with_the_video(seconds: int, tmp_path: Path) -> None:
    """Sound becomes AAC in stereo at 48 kHz, and is as loud as before."""
    source = draw_video(tmp_path / "loud.mp4", list(range(8)), sound_samples=seconds * SOUND_HZ)
    result: Any = fit_video(source)
    assert ("aac", 4) == (result.report.audio_codec, result.report.duration_seconds)
    assert "sound encoded as AAC, stereo, 48000 Hz" == result.changes[-1]
    with av.open(str(result.path)) as container:
        frames = list(container.decode(audio=0))
        assert (48_000, "stereo") == (frames[0].sample_rate, frames[0].layout.name)
    assert abs(min(seconds, 4) - sum(frame.samples for frame in frames) / 48_000) < 0.1
    sound_frame: Any = frames[len(frames) // 2].to_ndarray()
    assert 0.3 < abs(sound_frame).max() < 0.6


def test_a_copy_without_sound_has_no_audio_track(tmp_path: Path) -> None:
    """The sound has ended before the copy starts."""
    source = draw_video(tmp_path / "early.mp4", list(range(10)), sound_samples=SOUND_HZ)
    result: Any = fit_video(source, start_seconds=2)
    assert (None, 3) == (result.report.audio_codec, result.report.duration_seconds)


def test_frames_long_after_the_end_are_not_read(tmp_path: Path) -> None:
    """Reading stops even if the sound ended long before and cannot end it."""
    source = draw_video(tmp_path / "long.mp4", list(range(19)), 1, sound_samples=SOUND_HZ)
    result: Any = fit_video(source)
    assert (8, "aac") == (result.report.duration_seconds, result.report.audio_codec)
    assert "cut to 8 s, from 0 s on" in result.changes
