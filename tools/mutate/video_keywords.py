"""The numbers and words of `x-video`, and their verdicts on a video file."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

from kling_elements.media.reports import VideoReport
from kling_elements_runtime.document import Node, walk
from tools.mutate.keywords import Keyword, Mark, Shape


def video_file(document: Node) -> Shape:
    """Return the requirements of a video file as keywords, which check a report of `kling_elements.media`."""
    ((where, limits),) = ((where, node) for where, node in walk(document) if where.endswith("/x-video"))
    words = {
        (part, word): Keyword(f"{where}/{part}/{name}/{index}", "a video file", f"{part} {_as_text(word)}")
        for part, name in (("container", "one-of"), ("displayed-size", "one-of-px"))
        for index, word in enumerate(map(_as_text, limits[part][name]))
    }
    numbers = {
        (part, name): Keyword(f"{where}/{part}/{name}", "a video file", f"{part} {name} {limit}")
        for part, inner in limits.items()
        for name, limit in inner.items()
        if name not in ("x-source", "one-of", "one-of-px")
    }
    return Shape((*words.values(), *numbers.values()), partial(_marks, limits, words | numbers))


def _marks(limits: Node, keywords: dict[tuple[str, str], Keyword], report: VideoReport) -> list[Mark]:
    return [(keywords[name], verdict) for name, verdict in _verdicts(limits, keywords, report)]


def _verdicts(limits: Node, keywords: Any, report: VideoReport) -> Iterator[tuple[tuple[str, str], bool]]:
    is_broken = limits["container"]["x-source"] in {violation.rule for violation in report.violations}
    yield from _word_verdicts("container", keywords, None if is_broken else report.container)
    if report.duration_seconds is not None:
        yield from _duration_verdicts(limits["duration"], report.duration_seconds, report.frame_seconds or Fraction(0))
    if report.width_px is not None:
        yield from _word_verdicts("displayed-size", keywords, f"{report.width_px}x{report.height_px}")
        yield ("displayed-size", "pixel-aspect"), report.pixel_aspect == 1
    yield ("file-size", "max-bytes"), (report.size_bytes or 0) <= limits["file-size"]["max-bytes"]


def _word_verdicts(part: str, keywords: Any, actual: str | None) -> Iterator[tuple[tuple[str, str], bool]]:
    """Yield acceptance by the word that the file has, or refusal by each word if none matches."""
    if (part, actual) in keywords:
        yield (part, str(actual)), True
    else:
        yield from ((name, False) for name in keywords if name[0] == part and name != (part, "pixel-aspect"))


def _duration_verdicts(limits: Node, seconds: Fraction, frame: Fraction) -> Iterator[tuple[tuple[str, str], bool]]:
    tolerance = limits["tolerance-frames"] * frame
    yield ("duration", "min-seconds"), limits["min-seconds"] - tolerance <= seconds
    yield ("duration", "max-seconds"), seconds <= limits["max-seconds"] + tolerance
    beyond = max(limits["min-seconds"] - seconds, seconds - limits["max-seconds"])
    if beyond > 0:
        yield ("duration", "tolerance-frames"), beyond <= tolerance


def _as_text(word: Any) -> str:
    return "x".join(map(str, word)) if isinstance(word, list) else str(word)
