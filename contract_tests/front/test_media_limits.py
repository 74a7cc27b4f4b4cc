"""The limits of media files are those of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.support.documents import changed_contract
from kling_elements.media import check_image
from kling_elements.media_limits import (
    DisplayedSize,
    Duration,
    FileSize,
    Formats,
    VideoLimits,
    image_limits,
    video_limits,
)
from kling_elements_client.contract import CONTRACT


def _image_limits(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["ImageBase64"]["x-image"]


def test_the_limits_of_videos_match_the_documents() -> None:
    """Sizes are in bytes, durations in seconds."""
    expected = VideoLimits(
        container=Formats("R20", ("mp4", "mov")),
        duration=Duration("R21", min_seconds=3, max_seconds=8, tolerance_frames=1),
        displayed_size=DisplayedSize("R22", sizes_px=((1920, 1080), (1080, 1920)), pixel_aspect="square"),
        file_size=FileSize("R23", max_bytes=209_715_200),
    )

    assert expected == video_limits(CONTRACT)


def test_limits_are_read_from_the_contract_that_you_pass() -> None:
    """The package's contract keeps its own limits."""

    def change(document: dict[str, Any]) -> None:
        _image_limits(document)["file-size"]["max-bytes"] = 1000

    assert FileSize("R15", 1000) == image_limits(changed_contract(change)).file_size
    assert FileSize("R15", 10_485_760) == image_limits(CONTRACT).file_size


def test_an_error_about_a_missing_limit_contains_its_place() -> None:
    with pytest.raises(LookupError, match=r"^/container/x-source$"):
        VideoLimits.of({})


def test_two_sets_of_image_limits_are_refused() -> None:
    """The error says so, because it would be unclear which set applies to a file."""

    def change(document: dict[str, Any]) -> None:
        document["components"]["schemas"]["FrontalImage"] = {"type": "string", "x-image": _image_limits(document)}

    with pytest.raises(ValueError, match=r"^the contract has 2 objects named x-image; checking media needs exactly"):
        check_image(b"", contract=changed_contract(change))
