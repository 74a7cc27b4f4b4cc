"""Encode images for requests, and check images and videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kling_elements.media import images, sources
from kling_elements.media.budget import Budget  # at run time too, so that type hints can be resolved
from kling_elements.media.reports import ImageReport, VideoReport, describe_violations
from kling_elements.media_limits import image_limits, video_limits
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract

if TYPE_CHECKING:
    from kling_elements.media.remote import RemoteFile


def image(source: object, *, strip_metadata: bool = False, contract: Contract = CONTRACT) -> str:
    """Return the string for `frontal_image` or `image_url`: an http(s) URL unchanged, or an image file as Base64.

    If you pass an image's content, its header is checked first. To detect images that are cut off, use `check_image`.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, a PIL image, an http(s) or `data:` URL, or
            Base64. A str is never treated as a path. A file object is read from its current position to its end; if it
            can seek, its position is restored. A PIL image is turned upright by its EXIF orientation, and encoded as
            PNG, or as the best JPEG that fits if the PNG is too large. The media type in a `data:` URL is ignored.
        strip_metadata: Whether to remove the image's metadata, such as the place and the camera. The image is not
            encoded again, and keeps its orientation and its colour profile. If False, your bytes are sent as they are.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: The source cannot be read, or breaks a rule (R13 to R17); `violations` then lists the rules.
    """
    url = sources.url_of(source, contract)
    if url is not None:
        return url
    limits = image_limits(contract)
    with sources.open_image(source, contract) as opened:
        media = sources.without_metadata(opened, limits) if strip_metadata else opened
        if not images.inspect(media.file, media.name, limits, is_local=False).conforms:
            report = images.inspect(media.file, media.name, limits, is_local=True)
            raise MediaError(media.name, describe_violations(report), report.violations)
        return media.base64()


def check_image(
    source: object,
    *,
    remote: bool = False,
    allow_private: bool = False,
    budget: Budget | None = None,
    contract: Contract = CONTRACT,
) -> ImageReport:
    """Check an image against R14 to R17. Violations are listed in the report, not raised.

    If you pass the content, the check also finds out whether the image is complete. If the image is too large for that,
    `unchecked` says so. If you pass a URL, only the header is read.

    Args:
        source: The same as for `image`.
        remote: Whether to read the file at a URL.
        allow_private: Whether a URL may point to this machine or a private network.
        budget: The limits for reading from a URL, or None for the default.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: The file or the URL cannot be read, or the source has the wrong type.
    """
    url, limits = sources.url_of(source, contract), image_limits(contract)
    if url is not None:
        with _reading(url, remote=remote, allow_private=allow_private, budget=budget) as file:
            return images.inspect(file, file.source, limits, is_local=False)
    with sources.open_image(source, contract) as media:
        return images.inspect_whole(media.file, media.name, limits)


def check_video(
    source: object,
    *,
    remote: bool = False,
    allow_private: bool = False,
    budget: Budget | None = None,
    contract: Contract = CONTRACT,
) -> VideoReport:
    """Check a video's header against R20 to R23. Violations are listed in the report, not raised.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, or an http(s) or `data:` URL.
        remote: Whether to read the file at a URL.
        allow_private: Whether a URL may point to this machine or a private network.
        budget: The limits for reading from a URL, or None for the default.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: The same as for `check_image`.
    """
    from kling_elements.media import videos  # noqa: PLC0415 - not needed for images

    url, limits = sources.url_of(source, contract), video_limits(contract)
    if url is not None:
        with _reading(url, remote=remote, allow_private=allow_private, budget=budget) as file:
            return videos.inspect(file, file.source, limits)
    if isinstance(source, str):
        media = sources.from_text(source, contract, limits.file_size)
        return videos.inspect(media.file, media.name, limits)
    with sources.open_file(source, limits.file_size) as media:
        return videos.inspect(media.file, media.name, limits)


@contextmanager
def _reading(url: str, *, remote: bool, allow_private: bool, budget: Budget | None) -> Iterator[RemoteFile]:
    # imported here because it loads an HTTP library
    from kling_elements.media.remote import open_remote, redacted_url  # noqa: PLC0415

    if not remote:
        raise MediaError(redacted_url(url), "is a URL; pass remote=True to check the file at it")
    with open_remote(url, allow_private=allow_private, budget=Budget() if budget is None else budget) as file:
        yield file
