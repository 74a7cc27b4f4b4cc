"""Run the check of videos on small test videos."""

from __future__ import annotations

from typing import Any

from contract_tests.reading.videos import RecordedFile, Video
from kling_elements.media import videos
from kling_elements.media.images import RandomAccessFile
from kling_elements.media.reports import VideoReport
from kling_elements.media_limits import video_limits
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract

SMALL: dict[str, Any] = {"width_px": 64, "height_px": 48, "frames_per_second": "1"}
TRACK = "moov/trak/mdia/minf/stbl/"
R22_SMALL = "the video is shown as 64x48 px, it must be 1920x1080 or 1080x1920 px"


def video_report(video: Video | bytes | RandomAccessFile, contract: Contract = CONTRACT) -> VideoReport:
    """Return the report on a video."""
    if isinstance(video, Video):
        video = video.open()
    file = RecordedFile(video) if isinstance(video, bytes) else video
    return videos.inspect(file, "clip", video_limits(contract))


def violations_in(video: Video | bytes, contract: Contract = CONTRACT) -> list[tuple[str, str]]:
    """Return the rule and the message of each violation in a video."""
    return [(violation.rule, violation.message) for violation in video_report(video, contract).violations]


def without_size(rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the violations except R22, which every small test video violates."""
    return [rule for rule in rules if rule != ("R22", R22_SMALL)]
