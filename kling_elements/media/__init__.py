"""Check images and videos, and fit them to Kling's rules before you send them.

    from pathlib import Path

    from kling_elements.media import check_video, image

    report = check_video(Path("mara.mp4"))
    print(report.width_px, report.height_px, *report.violations)
    request.element_image_list.frontal_image = image(Path("mara.jpg"))

Libraries are loaded on first use: Pillow for pixels, PyAV for copies of videos, httpcore and ssrfguard for URLs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_elements_runtime.lazy import loader

if TYPE_CHECKING:
    from kling_elements.media.budget import Budget
    from kling_elements.media.checks import check_image, check_video, image
    from kling_elements.media.fit_images import fit_image
    from kling_elements.media.fit_videos import fit_video
    from kling_elements.media.fitted import FittedImage, FittedVideo
    from kling_elements.media.reports import ImageReport, VideoReport

__getattr__, __dir__ = loader(
    __name__,
    {
        "Budget": ".budget",
        "FittedImage": ".fitted",
        "FittedVideo": ".fitted",
        "ImageReport": ".reports",
        "VideoReport": ".reports",
        "check_image": ".checks",
        "check_video": ".checks",
        "fit_image": ".fit_images",
        "fit_video": ".fit_videos",
        "image": ".checks",
    },
)

__all__ = [
    "Budget",
    "FittedImage",
    "FittedVideo",
    "ImageReport",
    "VideoReport",
    "check_image",
    "check_video",
    "fit_image",
    "fit_video",
    "image",
]
