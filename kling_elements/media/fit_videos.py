"""Make copies of videos that conform to R20 to R23."""

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
from kling_elements.media.fitted import FittedVideo, Ratio, check_ratio, check_target, new_file, raise_if_full
from kling_elements.media.reports import VideoReport, describe_violations
from kling_elements.media_limits import Duration, Formats, VideoLimits, video_limits
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError, Violation
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.errors import raising_media_errors

if TYPE_CHECKING:
    from kling_elements.media.transcoding import EncodeResult, EncodeSettings

_FIRST_CRF = 18  # constant rate factor; few people see a difference from the source
_MAX_CRF = 51  # the lowest quality of H.264
_CRF_PER_HALVING = 6  # adding this to the rate factor halves the size of the file, roughly


def fit_video(  # noqa: PLR0913 - all but two are keyword-only
    source: Path,
    target: Path | None = None,
    *,
    ratio: Ratio = "pad",
    start_seconds: float = 0,
    progress: Callable[[float], None] | None = None,
    contract: Contract = CONTRACT,
) -> FittedVideo:
    """Make a copy of a video that conforms to R20 to R23. If the video already conforms, it is copied byte for byte.

    The picture is turned upright, scaled to exactly the nearest allowed size, and encoded as 8-bit H.264, with AAC if
    there is sound. Each frame is shown at the same time as in the source; frames are dropped only if it has more
    than 60 a second. A video that is too long is cut. You need the extra `video`.

    Args:
        source: The file, of any kind that FFmpeg can read without other files.
        target: The path of the copy, by default `NAME-fitted.mp4` next to the source. The file must not exist yet. It
            appears only when it is complete.
        ratio: What to do if the ratio differs: `pad` adds black bars and loses nothing, `crop` keeps the middle.
        start_seconds: The number of seconds to skip. The copy starts with the frame that is shown at that time.
        progress: A function to call with the completed fraction of the work, from 0.0 to 1.0. If it raises an error,
            the work stops and the unfinished copy is removed.
        contract: The contract to check against; the package's by default.

    Returns:
        The path of the copy, its report, and a sentence for each change.

    Raises:
        MediaError: The source cannot be read, is damaged, or is too short (R21); the target exists; or the extra is not
            installed.
        TypeError: `target` is not a `pathlib.Path`.
        ValueError: `ratio` or `start_seconds` is not valid.
    """
    check_ratio(ratio)
    if not 0 <= start_seconds < math.inf:
        raise ValueError(f"start_seconds must be a finite number of seconds, 0 or more, not {start_seconds!r}")
    if not isinstance(source, Path):
        raise MediaError("source", f"must be a pathlib.Path to a video file, not {type(source).__name__}")
    target = source.with_name(f"{source.stem}-fitted.mp4") if target is None else target
    check_target(target)
    _require_pyav(source)
    limits = video_limits(contract)
    report = check_video(source, contract=contract)
    _refuse_damaged(report, limits.container)
    report_progress = _Progress(progress)
    with new_file(target) as unfinished:
        try:
            if report.conforms and not report.unchecked and not start_seconds:
                changes: tuple[str, ...] = ()
                with raising_media_errors(source, "copied"):
                    shutil.copyfile(source, unfinished)
            else:
                settings = _settings(ratio, Fraction(start_seconds), limits)
                changes = _encode(source, unfinished, settings, limits, report_progress)
        except MediaError as error:
            raise_if_full(error.__cause__, target)
            raise
        checked = evolve(check_video(unfinished, contract=contract), source=str(target))
        if not checked.conforms:
            message = f"no conforming copy could be made: {describe_violations(checked)}; try another video"
            raise MediaError(str(source), message, checked.violations)
        report_progress(1.0)
    return FittedVideo(path=target, report=checked, changes=changes)


def _require_pyav(source: Path) -> None:
    try:
        import av  # noqa: F401, PLC0415 - the extra may not be installed
    except ImportError as error:
        raise MediaError(
            str(source), "cannot be fitted without PyAV; run pip install 'kling-elements[video]'"
        ) from error


def _refuse_damaged(report: VideoReport, containers: Formats) -> None:
    """Refuse a file that is cut off or encrypted, because FFmpeg would silently make a wrong copy."""
    violations = [violation for violation in report.violations if violation.rule == containers.rule]
    if violations and report.container in containers.names:
        raise MediaError(report.source, describe_violations(report), violations)
    if report.is_encrypted:
        raise MediaError(report.source, "is encrypted and cannot be decoded; export it without encryption first")


def _settings(ratio: Ratio, start: Fraction, limits: VideoLimits) -> EncodeSettings:
    """Return the settings for a copy of the highest quality."""
    from kling_elements.media.transcoding import EncodeSettings  # noqa: PLC0415 - loads PyAV

    sizes, max_seconds = limits.displayed_size.sizes_px, limits.duration.max_seconds
    return EncodeSettings(sizes=sizes, ratio=ratio, start=start, max_seconds=max_seconds, crf=_FIRST_CRF)


def _encode(
    source: Path, unfinished: Path, settings: EncodeSettings, limits: VideoLimits, report_progress: _Progress
) -> tuple[str, ...]:
    """Encode a video with the highest quality that fits. Return a sentence for each change."""
    max_bytes = limits.file_size.max_bytes
    while True:
        result = _transcode(source, unfinished, settings, report_progress)
        _refuse_short(source, result, settings.start, limits.duration)
        size = unfinished.stat().st_size
        if size <= max_bytes:
            return result.changes
        if settings.crf == _MAX_CRF:
            raise MediaError(str(source), f"cannot be made smaller than {max_bytes} bytes; use a shorter part of it")
        crf = settings.crf + math.ceil(_CRF_PER_HALVING * math.log2(size / max_bytes))
        settings = evolve(settings, crf=min(crf, _MAX_CRF))


def _transcode(source: Path, unfinished: Path, settings: EncodeSettings, report_progress: _Progress) -> EncodeResult:
    """Encode a video, and turn every error of PyAV into a MediaError."""
    from kling_elements.media.footage import UnfitError  # noqa: PLC0415 - loads PyAV
    from kling_elements.media.transcoding import transcode  # noqa: PLC0415 - the same

    with closing(transcode(source, unfinished, settings)) as work:
        while True:
            try:
                completed = next(work)
            except StopIteration as end:
                result: EncodeResult = end.value
                return result
            except UnfitError as error:
                raise MediaError(str(source), str(error)) from error
            except Exception as error:  # PyAV raises many kinds on damaged input
                reason = getattr(error, "strerror", None) or type(error).__name__
                raise MediaError(str(source), f"cannot be decoded: {reason}; check that the file plays") from error
            report_progress(completed)


def _refuse_short(source: Path, result: EncodeResult, start: Fraction, limits: Duration) -> None:
    rule, min_seconds = limits.rule, limits.min_seconds
    if not result.seconds or result.seconds + limits.tolerance_frames * result.frame_seconds < min_seconds:
        message = (
            f"is too short: from {float(start):g} s on, it lasts {float(result.seconds):.6g} s, "
            f"but must last at least {min_seconds} s"
        )
        raise MediaError(str(source), f"{message} ({rule})", [Violation("", rule, message)])


class _Progress:
    """A progress report to a callback. The fraction never decreases, even if the video is encoded again."""

    def __init__(self, callback: Callable[[float], None] | None) -> None:
        self._callback = callback
        self._done = 0.0

    def __call__(self, part: float) -> None:
        if self._callback is not None and part > self._done:
            self._done = part
            self._callback(part)
