"""Copies of videos that conform: their sizes, containers and quality."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract_tests.support.drawn_videos import draw_video, write_video
from contract_tests.support.media_inputs import contract_with
from contract_tests.support.tables import for_each_row
from kling_elements.media.fit_videos import fit_video
from kling_elements.media.fitted import Ratio
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
class _FitCase:
    """A source's options, the expected size of its copy, and the expected changes."""

    options: dict[str, Any]
    changes: list[str]
    ratio: Ratio = "pad"
    size: tuple[int, int] = (1920, 1080)

    @property
    def id(self) -> str:
        return "; ".join(self.changes)


@for_each_row(
    [
        _FitCase(options={}, changes=["scaled from 64x36 px to 1920x1080 px"]),
        _FitCase(
            options={"width_px": 36, "height_px": 64},
            size=(1080, 1920),
            changes=["scaled from 36x64 px to 1080x1920 px"],
        ),
        _FitCase(
            options={"width_px": 64, "height_px": 64},
            changes=["scaled from 64x64 px to 1080x1080 px", "padded at the sides with black to 1920x1080 px"],
        ),
        _FitCase(
            options={"width_px": 66, "height_px": 20},
            changes=["scaled from 66x20 px to 1920x582 px", "padded above and below with black to 1920x1080 px"],
        ),
        _FitCase(
            options={"width_px": 64, "height_px": 66},
            ratio="crop",
            size=(1080, 1920),
            changes=["cropped at the sides from 64x66 px to 37x66 px", "scaled from 37x66 px to 1080x1920 px"],
        ),
        _FitCase(
            options={"width_px": 64, "height_px": 64},
            ratio="crop",
            changes=["cropped above and below from 64x64 px to 64x36 px", "scaled from 64x36 px to 1920x1080 px"],
        ),
        _FitCase(
            options={"width_px": 1080, "height_px": 1942},
            ratio="crop",
            size=(1080, 1920),
            changes=["cropped above and below from 1080x1942 px"],
        ),
        _FitCase(
            options={"rotation": 90},
            size=(1080, 1920),
            changes=["turned upright by 90 degrees", "scaled from 36x64 px to 1080x1920 px"],
        ),
        _FitCase(
            options={"width_px": 48, "height_px": 36, "pixel_aspect": (4, 3)},
            changes=["its pixels were made square", "scaled from 48x36 px to 1920x1080 px"],
        ),
        _FitCase(
            options={"width_px": 48, "height_px": 36, "pixel_aspect": (1000, 1)},
            ratio="crop",
            changes=["cropped above and below from 48x36 px to 48x27 px", "scaled from 48x27 px to 1920x1080 px"],
        ),
    ],
)
def test_each_video_gets_the_nearest_allowed_size(row: _FitCase, tmp_path: Path) -> None:
    """The copy is upright, with square pixels, and padded or cropped as `ratio` says."""
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
    """FFmpeg recognizes each source by its content."""
    report = fit_video(write_video(tmp_path, "video", seconds="4", **options), tmp_path / "copy.mp4").report
    assert ("mp4", "h264", False, True) == (
        report.container,
        report.video_codec,
        report.is_fragmented,
        report.is_faststart,
    )
    assert report.duration_seconds is not None
    assert abs(report.duration_seconds - 4) <= 0.5


def _contract_with_max_bytes(max_bytes: int) -> Contract:
    return contract_with("x-video", {"file-size": {"max-bytes": max_bytes}})


def test_a_file_that_is_too_large_is_encoded_with_less_quality(tmp_path: Path) -> None:
    """The quality is hardly lower than necessary, and the reported progress never decreases."""
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
