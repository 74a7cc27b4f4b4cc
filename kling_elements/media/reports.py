"""What was found in an image or a video, and which rules of the contract it breaks."""

from __future__ import annotations

from fractions import Fraction

from attrs import frozen

from kling_elements_client.errors import Violation


@frozen(kw_only=True)
class _Report:
    """What both reports say.

    Attributes:
        source: What was looked at: a file's path, an address without its query, or what kind of thing was given.
        size_bytes: The file's size in bytes; None where a server does not tell.
        width_px: Pixels across as displayed, with orientation or rotation applied; None where the header tells none.
        height_px: Pixels down, as `width_px`.
        violations: The rules that the file breaks, with their ids in `rule`; their `pointer` is empty.
        unjudged: Pairs of a rule's id and why the file could not be judged by it. No violation is not a promise then.
    """

    source: str
    size_bytes: int | None
    width_px: int | None = None
    height_px: int | None = None
    violations: tuple[Violation, ...] = ()
    unjudged: tuple[tuple[str, str], ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether no rule was found broken."""
        return not self.violations

    @property
    def ratio(self) -> Fraction | None:
        """Width to height as displayed; None where these are not known."""
        return Fraction(self.width_px, self.height_px) if self.width_px and self.height_px else None


@frozen(kw_only=True)
class ImageReport(_Report):
    """What was found in an image.

    Attributes:
        format: What the content is, such as `jpeg` or `png`; None where it is no image that is known.
    """

    format: str | None = None


@frozen(kw_only=True)
class VideoReport(_Report):
    """What was found in a video.

    Attributes:
        container: What the content is, such as `mp4` or `mov`; None where it is no container that is known.
        duration_seconds: How long it plays, in seconds; None where the header does not tell.
        frame_seconds: How long one frame is shown on average, in seconds; None where the header does not tell.
        rotation_degrees: By how much players turn the picture clockwise: 0, 90, 180 or 270; None for any other turn.
        pixel_aspect: Width to height of one pixel; None where the header tells nonsense.
        video_codec: The video codec, such as `h264`, or its four-letter code; None where there is no video track.
        audio_codec: The audio codec, as `video_codec`; None where there is no audio track.
        is_encrypted: Whether it takes a key to play its picture or its sound.
        is_fragmented: Whether the file consists of fragments, so that its header may not tell its duration.
        is_faststart: Whether the header comes before the media, so that playing can begin at once.
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


def in_words(report: ImageReport | VideoReport) -> str:
    """Return what is wrong with a file, each with its rule."""
    return "; ".join(f"{broken.message} ({broken.rule})" for broken in report.violations)
