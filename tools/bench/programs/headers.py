"""Measure how long it takes to check Base64 images by their headers; the slowest of the files counts.

Settings: `by` (`ours`, or `decoding all` for decoding the whole string and opening it with Pillow), `files`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from kling_elements_client import contract
from kling_elements_runtime import image_headers as images
from kling_elements_runtime.image_limits import ImageLimits
from kling_elements_runtime.uploads import InlineText
from tools.bench.programs import figures

_REPETITIONS = 15


def _ours(text: str, limits: ImageLimits) -> None:
    figures.require(not list(images.violations(InlineText(text), limits)), "the contract refused an image")


def _decoding(text: str, limits: ImageLimits) -> None:
    with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("JPEG", "PNG")) as picture:
        figures.require(min(picture.size) >= limits.displayed_sides.min_px, "an image is too small")


def main(settings: dict[str, Any]) -> None:
    """Run the program."""
    check: Callable[[str, ImageLimits], None] = {"ours": _ours, "decoding all": _decoding}[settings["by"]]
    limits = ImageLimits.of(contract.document()["components"]["schemas"]["ImageBase64"]["x-image"])
    slowest = 0.0
    for file in settings["files"]:
        text = base64.b64encode(Path(file).read_bytes()).decode()
        check(text, limits)
        slowest = max(slowest, figures.median_ms(partial(check, text, limits), _REPETITIONS))
    figures.print_figures(header_ms=slowest)


if __name__ == "__main__":
    main(figures.settings())
