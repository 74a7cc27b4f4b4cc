"""Makes copies of videos that conform to R20 to R23."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from kling_elements.media.checks import check_video
from kling_elements.media.fitted import FittedVideo, Ratio, check_ratio, check_target, new_file, refuse_full
from kling_elements.media.limits import Limits, video_limits
from kling_elements.media.reports import VideoReport, in_words
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError, Violation
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import raising_media_errors

if TYPE_CHECKING:
    from kling_elements.media.transcoding import Made, Order

_FIRST_CRF = 18  # from here on few people see a difference to the source
_WORST_CRF = 51  # H.264 has no worse one
_CRF_OF_HALF = 6  # by so much more, the file has about half as many bytes


def fit_video(  # noqa: PLR0913 - all but two go by name
    source: Path,
    target: Path | None = None,
    *,
    ratio: Ratio = "pad",
    start_seconds: float = 0,
    progress: Callable[[float], None] | None = None,
    contract: Contract = CONTRACT,
) -> FittedVideo:
    """Make a copy of a video that conforms to R20 to R23. One that conforms already is copied byte for byte.

    The picture is turned upright, made exactly as large as the nearest allowed size, and encoded as H.264 of 8 bits,
    with AAC if there is sound. Each frame is shown when the source shows it; only where that has more than 60 a second
    are some left out. It is cut where it is too long. It needs the extra `video`.

    Args:
        source: The file, of any kind that FFmpeg reads and that needs no other file.
        target: Where to write the copy; `NAME-fitted.mp4` beside the source by default. Nothing may be there yet. It
            appears only when it is whole.
        ratio: What to do where the ratio is another one: `pad` adds black bars and loses nothing, `crop` takes the
            middle.
        start_seconds: How many seconds to leave out at the beginning. The copy begins with the frame that is shown
            then.
        progress: Called again and again with the part of the work that is done, from 0.0 to 1.0. What it raises ends
            the work, and nothing is left of the copy.
        contract: The contract to check against; the package's by default.

    Returns:
        Where the copy is, its report, and what was changed.

    Raises:
        MediaError: The source cannot be read, is damaged, or is too short (R21); there is something at the target; or
            the extra is not installed.
        TypeError: `target` is not a `pathlib.Path`.
        ValueError: `ratio` or `start_seconds` is not understood.
    """
    check_ratio(ratio)
    if not 0 <= start_seconds < math.inf:
        raise ValueError(f"start_seconds must be a finite number of seconds, 0 or more, not {start_seconds!r}")
    if not isinstance(source, Path):
        raise MediaError(f"a value of type {type(source).__name__}", "must be a pathlib.Path of a video")
    target = source.with_name(f"{source.stem}-fitted.mp4") if target is None else target
    check_target(target)
    _need_av(source)
    limits = video_limits(contract)
    report = check_video(source, contract=contract)
    _refuse_damaged(report, limits["container"])
    tell = _Progress(progress)
    with new_file(target) as unfinished:
        try:
            if report.conforms and not report.unjudged and not start_seconds:
                changes: tuple[str, ...] = ()
                with raising_media_errors(source, "copied"):
                    shutil.copyfile(source, unfinished)
            else:
                order = _order(ratio, Fraction(start_seconds), limits)
                changes = _encoded(source, unfinished, order, limits, tell)
        except MediaError as error:
            refuse_full(error.__cause__, target)
            raise
        checked = evolve(check_video(unfinished, contract=contract), source=str(target))
        if not checked.conforms:
            raise MediaError(str(source), f"no copy that conforms was made: {in_words(checked)}", checked.violations)
        tell(1.0)
    return FittedVideo(path=target, report=checked, changes=changes)


def _need_av(source: Path) -> None:
    try:
        import av  # noqa: F401, PLC0415 - the extra may not be installed
    except ImportError as error:
        says = "cannot be fitted without PyAV: pip install 'kling-elements[video]'"
        raise MediaError(str(source), says) from error


def _refuse_damaged(report: VideoReport, limits: Limits) -> None:
    """Refuse a file that breaks off or is encrypted: FFmpeg would make something of it, and nobody would notice."""
    broken = [each for each in report.violations if each.rule == limits["x-source"]]
    if broken and report.container in limits["one-of"]:
        raise MediaError(report.source, in_words(report), broken)
    if report.is_encrypted:
        raise MediaError(report.source, "is encrypted and cannot be decoded; export it without a key first")


def _order(ratio: Ratio, start: Fraction, limits: Limits) -> Order:
    """Return what to make, in the highest quality."""
    from kling_elements.media.transcoding import Order  # noqa: PLC0415 - loads PyAV

    sizes, most_seconds = limits["displayed-size"]["one-of-px"], limits["duration"]["max-seconds"]
    return Order(sizes=sizes, ratio=ratio, start=start, most_seconds=most_seconds, crf=_FIRST_CRF)


def _encoded(source: Path, unfinished: Path, order: Order, limits: Limits, tell: _Progress) -> tuple[str, ...]:
    """Encode with the highest quality that fits, and return what was changed."""
    most_bytes = limits["file-size"]["max-bytes"]
    while True:
        made = _transcoded(source, unfinished, order, tell)
        _refuse_short(source, made, order.start, limits["duration"])
        size = unfinished.stat().st_size
        if size <= most_bytes:
            return made.changes
        if order.crf == _WORST_CRF:
            raise MediaError(str(source), f"cannot be brought below {most_bytes} bytes")
        crf = order.crf + math.ceil(_CRF_OF_HALF * math.log2(size / most_bytes))
        order = evolve(order, crf=min(crf, _WORST_CRF))


def _transcoded(source: Path, unfinished: Path, order: Order, tell: _Progress) -> Made:
    """Do the work, and turn whatever PyAV raises into one error."""
    from kling_elements.media.footage import UnfitError  # noqa: PLC0415 - loads PyAV
    from kling_elements.media.transcoding import transcode  # noqa: PLC0415 - the same

    with closing(transcode(source, unfinished, order)) as work:
        while True:
            try:
                done = next(work)
            except StopIteration as end:
                made: Made = end.value
                return made
            except UnfitError as error:
                raise MediaError(str(source), str(error)) from error
            except Exception as error:  # on hostile input PyAV raises many kinds
                why = getattr(error, "strerror", None) or type(error).__name__
                raise MediaError(str(source), f"cannot be decoded and encoded anew: {why}") from error
            tell(done)


def _refuse_short(source: Path, made: Made, start: Fraction, limits: Limits) -> None:
    rule, least = limits["x-source"], limits["min-seconds"]
    if not made.seconds or made.seconds + limits["tolerance-frames"] * made.frame_seconds < least:
        says = (
            f"is too short: from {float(start):g} s on it has {float(made.seconds):.6g} s, at least {least} are needed"
        )
        raise MediaError(str(source), f"{says} ({rule})", [Violation("", rule, says)])


class _Progress:
    """Tells what part of the work is done, and never less than before, though a second attempt may be needed."""

    def __init__(self, callback: Callable[[float], None] | None) -> None:
        self._callback = callback
        self._done = 0.0

    def __call__(self, part: float) -> None:
        if self._callback is not None and part > self._done:
            self._done = part
            self._callback(part)
