"""Video files for tests of fitting: small ones, and ones whose frames can be distinguished."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from contract_tests.reading.videos import Video, edit_boxes, with_matrix

SOUND_HZ = 44_100


def write_video(folder: Path, name: str = "source.mp4", **options: Any) -> Path:
    """Create a small video file of 3 seconds, and return its path. The options are those of `Video`."""
    small: dict[str, Any] = {"width_px": 64, "height_px": 36, "frames_per_second": "2"}
    path = folder / name
    path.write_bytes(Video(**(small | options)).build())
    return path


def draw_video(  # noqa: PLR0913 - the properties of a video
    path: Path,
    times: list[int],
    rate: int | Fraction = 2,
    *,
    size: tuple[int, int] = (64, 36),
    pixels: str = "yuv420p",
    colours: tuple[int, int, int] = (2, 2, 2),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    sound_samples: int = 0,
    brightness: int = 10,
) -> Path:
    """Create a video whose frames are shown at the given times, in units of 1/`rate` seconds, and return its path.

    The top left quarter of each frame is dark; the other pixels become brighter by `brightness` with each frame.
    """
    with av.open(str(path), "w") as output:
        picture: Any = output.add_stream(codec, rate=rate, options={"preset": "ultrafast", **(options or {})})
        picture.width, picture.height = size
        picture.pix_fmt = pixels
        matrix, transfer, primaries = colours
        context = picture.codec_context
        context.colorspace, context.color_trc, context.color_primaries = matrix, transfer, primaries
        sound: Any = output.add_stream("aac", rate=SOUND_HZ, layout="mono") if sound_samples else None
        for number, time in enumerate(times):
            frame = av.VideoFrame(*size, "yuv420p")
            _draw(frame, 60 + brightness * number)
            shown = frame.reformat(format=pixels)
            shown.colorspace, shown.color_trc, shown.color_primaries = colours
            shown.pts, shown.time_base = time, 1 / Fraction(rate)
            output.mux(picture.encode(shown))
        output.mux(picture.encode(None))
        for start in range(0, sound_samples, 1024):
            sound_frame = av.AudioFrame("fltp", "mono", 1024)
            sound_frame.planes[0].update(struct.pack("<1024f", *(math.sin(x / 9) / 2 for x in range(1024))))
            sound_frame.sample_rate, sound_frame.pts, sound_frame.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
            output.mux(sound.encode(sound_frame))
        if sound is not None:
            output.mux(sound.encode(None))
    return path


def with_display_matrix(source: Path, target: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Create a copy of a video with the display matrix numbers a, b, c and d, and return its path."""
    target.write_bytes(edit_boxes(source.read_bytes(), "moov/trak/tkhd", lambda old: with_matrix(old, *matrix)))
    return target


def _draw(frame: av.VideoFrame, brightness: int) -> None:
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    plane = frame.planes[0]
    dark = bytes([20] * (frame.width // 2)).ljust(plane.line_size, bytes([brightness]))
    bright = bytes([brightness] * plane.line_size)
    lines = [dark if line < frame.height // 2 else bright for line in range(plane.height)]
    plane.update(b"".join(lines))


def frames_of(path: Path) -> list[Any]:
    """Return the decoded pictures of a video."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def numbers_of(path: Path) -> list[int]:
    """Return the number that each picture of a copy has in the drawn original."""
    return [round((grey_of(frame, 0.9, 0.9) - 60) / 10) for frame in frames_of(path)]


def grey_of(frame: Any, x: float, y: float) -> int:
    """Return the brightness at a place whose coordinates are fractions of the sides."""
    plane = frame.planes[0]
    grey: int = bytes(plane)[int(y * frame.height) * plane.line_size + int(x * frame.width)]
    return grey


def holds_only(folder: Path, *paths: Path) -> bool:
    """Return whether a folder contains exactly these files."""
    return sorted(paths) == sorted(folder.iterdir())
