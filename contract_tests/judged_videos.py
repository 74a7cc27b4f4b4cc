"""What the check of videos finds, for tests that build them small."""

from __future__ import annotations

from typing import Any

from contract_tests.videos import Opened, Video
from kling_elements.media import videos
from kling_elements.media.reports import VideoReport

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
