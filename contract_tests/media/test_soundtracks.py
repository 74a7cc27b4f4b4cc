"""The sound of a copy: as loud as the source's, and as long as the copy's picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.support.drawn_videos import (
    SOUND_HZ,
    draw_video,
)
from kling_elements.media.fit_videos import fit_video


@pytest.mark.parametrize("seconds", [1, 4, 5])
def test_sound_is_kept_and_ends_with_the_video(seconds: int, tmp_path: Path) -> None:
    """The sound becomes AAC in stereo at 48 kHz, and stays as loud as before."""
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
    """The source's sound ends before the copy starts."""
    source = draw_video(tmp_path / "early.mp4", list(range(10)), sound_samples=SOUND_HZ)
    result: Any = fit_video(source, start_seconds=2)
    assert (None, 3) == (result.report.audio_codec, result.report.duration_seconds)


def test_frames_long_after_the_end_are_not_read(tmp_path: Path) -> None:
    """Reading stops even if the sound ended long before."""
    source = draw_video(tmp_path / "long.mp4", list(range(19)), 1, sound_samples=SOUND_HZ)
    result: Any = fit_video(source)
    assert (8, "aac") == (result.report.duration_seconds, result.report.audio_codec)
    assert "cut to 8 s, from 0 s on" in result.changes
