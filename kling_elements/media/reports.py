"""Reports on images and videos, with the rules that they break."""

from __future__ import annotations

from fractions import Fraction

from attrs import frozen

from kling_elements_client.errors import Violation


@frozen(kw_only=True)
class _Report:
    """The attributes of both kinds of reports.

    Attributes:
        source: The path of the checked file, its URL without the query, or the type of the object that was passed.
        size_bytes: The file's size in bytes, or None if a server does not send it.
        width_px: The displayed width in pixels, after orientation or rotation, or None if the header does not give it.
        height_px: The displayed height, as for `width_px`.
        violations: The rules that the file breaks, with their ids in `rule`. Their `pointer` is empty.
        unchecked: Pairs of a rule's id and the reason why the rule could not be checked. The file may still break
            these rules.
    """

    source: str
    size_bytes: int | None
    width_px: int | None = None
    height_px: int | None = None
    violations: tuple[Violation, ...] = ()
    unchecked: tuple[tuple[str, str], ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether no violations were found."""
        return not self.violations

    @property
    def ratio(self) -> Fraction | None:
        """The displayed width divided by the displayed height, or None if either is unknown."""
        return Fraction(self.width_px, self.height_px) if self.width_px and self.height_px else None


@frozen(kw_only=True)
class ImageReport(_Report):
    """A report on an image.

    Attributes:
        format: The format of the content, such as `jpeg` or `png`, or None if it is not a known image format.
    """

    format: str | None = None


@frozen(kw_only=True)
class VideoReport(_Report):
    """A report on a video.

    Attributes:
        container: The container format of the content, such as `mp4` or `mov`, or None if it is not a known one.
        duration_seconds: The duration in seconds, or None if the header does not give it.
        frame_seconds: The average duration of a frame, in seconds, or None if the header does not give it.
        rotation_degrees: How far players turn the picture, clockwise: 0, 90, 180 or 270, or None for any other angle.
        pixel_aspect: The width of a pixel divided by its height, or None if the header has an invalid ratio.
        video_codec: The video codec, such as `h264`, or its four-letter code, or None if there is no video track.
        audio_codec: The audio codec, as for `video_codec`, or None if there is no audio track.
        is_encrypted: Whether you need a key to play the picture or the sound.
        is_fragmented: Whether the file consists of fragments; its header may then not give its duration.
        is_faststart: Whether the header comes before the media, so that players can start at once.
    """

    container: str | None = None
    duration_seconds: Fraction | None = None
    frame_seconds: Fraction | None = None
    rotation_degrees: int | None = None
    pixel_aspect: Fraction | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    is_encrypted: bool = False
    is_fragmented: bool = False
    is_faststart: bool = False


def describe_violations(report: ImageReport | VideoReport) -> str:
    """Return the violations of a report in one line, each with its rule."""
    return "; ".join(f"{item.message} ({item.rule})" for item in report.violations)
