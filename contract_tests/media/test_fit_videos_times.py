"""Conforming copies of videos: how long they last, how steady their frames are, and what is heard."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.support.drawn_videos import SOUND_HZ, drawn, frames_of, grey_of, holds_only, stored
from kling_elements.media import transcoding
from kling_elements.media.fit_videos import fit_video
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize(("seconds", "fitted_seconds"), [("8", 8), ("9", 8), ("3", 3)])
def test_what_is_too_long_is_cut(seconds: str, fitted_seconds: int, tmp_path: Path) -> None:
    """To the allowed length, and not by a frame more."""
    result = fit_video(stored(tmp_path, seconds=seconds, has_sound=True))
    assert fitted_seconds == result.report.duration_seconds
    assert (seconds == "9") == ("cut to 8 s, from 0 s on" in result.changes)


def test_a_beginning_is_left_out(tmp_path: Path) -> None:
    """Also of a video that conforms; what comes later remains in its order."""
    result = fit_video(drawn(tmp_path / "long.mp4", list(range(14))), start_seconds=2.5)
    assert ("cut to 4.5 s, from 2.5 s on", Fraction(9, 2)) == (result.changes[-1], result.report.duration_seconds)
    assert all(
        abs(60 + 10 * (5 + number) - grey_of(frame, 0.9, 0.9)) < 4
        for number, frame in enumerate(frames_of(result.path))
    )
    whole = stored(tmp_path, "whole.mp4", seconds="4", width_px=1920, height_px=1080)
    assert 3 == fit_video(whole, start_seconds=1).report.duration_seconds


@pytest.mark.parametrize(
    ("seconds", "start", "found"),
    [("2", 0, "0 s on it has 2 s"), ("5", 2.5, "2.5 s on it has 2.5 s"), ("5", 60, "has 0 s")],
)
def test_what_is_too_short_is_refused(seconds: str, start: float, found: str, tmp_path: Path) -> None:
    """With the rule, and nothing is written."""
    source = stored(tmp_path, seconds=seconds, frames_per_second="4", has_sound=True)
    with pytest.raises(MediaError, match=f"is too short: .*{found}") as caught:
        fit_video(source, start_seconds=start)
    assert ["R21"] == [each.rule for each in caught.value.violations]
    assert holds_only(tmp_path, source)


def test_a_variable_frame_rate_becomes_steady(tmp_path: Path) -> None:
    """Each frame is shown until the next one is due."""
    times = [0, 1, 2, 6, 7, 12, 13, 14]
    result = fit_video(drawn(tmp_path / "variable.mp4", times, rate=4))
    rate = 1 / (result.report.frame_seconds or 1)
    frames = frames_of(result.path)
    assert [number / rate for number in range(len(frames))] == pytest.approx([frame.time for frame in frames])
    shown = [round((grey_of(frame, 0.9, 0.9) - 60) / 10) for frame in frames]
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
    result = fit_video(stored(tmp_path, frames_per_second=rate, seconds="4"))
    assert f"changed {change} per second" in result.changes
    assert 4 == result.report.duration_seconds


@pytest.mark.parametrize("seconds", [1, 4, 5])
def test_sound_is_kept_and_ends_with_the_picture(seconds: int, tmp_path: Path) -> None:
    """As AAC in stereo at 48 kHz, as loud as it was."""
    source = drawn(tmp_path / "loud.mp4", list(range(8)), sound_samples=seconds * SOUND_HZ)
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
    source = drawn(tmp_path / "early.mp4", list(range(10)), sound_samples=SOUND_HZ)
    result: Any = fit_video(source, start_seconds=2)
    assert (None, 3) == (result.report.audio_codec, result.report.duration_seconds)


def test_pictures_long_after_the_end_are_not_read(tmp_path: Path) -> None:
    """Not even where sound that has ended keeps the work from being done."""
    source = drawn(tmp_path / "long.mp4", list(range(19)), 1, sound_samples=SOUND_HZ)
    result: Any = fit_video(source)
    assert (8, "aac") == (result.report.duration_seconds, result.report.audio_codec)
    assert "cut to 8 s, from 0 s on" in result.changes
