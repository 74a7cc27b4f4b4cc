"""What callers use: the text that stands for an image in a request, and reports about images and videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kling_elements.media import images, sources
from kling_elements.media.budget import Budget  # for who asks for type hints when a program runs
from kling_elements.media.limits import image_limits, video_limits
from kling_elements.media.reports import ImageReport, VideoReport, in_words
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError
from kling_elements_runtime.contract import Contract

if TYPE_CHECKING:
    from kling_elements.media.remote import RemoteFile


def image(source: object, *, strip_metadata: bool = False, contract: Contract = CONTRACT) -> str:
    """Return the text for `frontal_image` or `image_url`: an http(s) address as it is, or an image file as Base64.

    What is given by its content is judged by its header before. Use `check_image` to find pictures that break off too.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, a PIL image, a `data:` URL, an http(s) address, or Base64
            text. A str is never taken for a path. A file object counts from where it stands to its end; one that can
            seek stands there again afterwards. A PIL image is turned upright as its EXIF orientation says, and encoded
            as PNG, or as the best JPEG that fits where the PNG would be too large. What a `data:` URL says of its
            content is not believed.
        strip_metadata: Whether to leave out the metadata of an image that is given by its content, such as where and
            with what it was taken. The picture is not encoded anew, and keeps its orientation and its colour profile.
            Otherwise your bytes are sent as they are.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: It cannot be read, or it breaks one of R13 to R17; then its `violations` say so.
    """
    url = sources.address(source, contract)
    if url is not None:
        return url
    limits = image_limits(contract)
    with sources.opened_image(source, contract) as opened:
        given = sources.without_metadata(opened, limits) if strip_metadata else opened
        if not images.inspect(given.file, given.name, limits, is_near=False).conforms:
            report = images.inspect(given.file, given.name, limits, is_near=True)
            raise MediaError(given.name, in_words(report), report.violations)
        return given.base64()


def check_image(
    source: object,
    *,
    remote: bool = False,
    allow_private: bool = False,
    budget: Budget | None = None,
    contract: Contract = CONTRACT,
) -> ImageReport:
    """Judge an image by R14 to R17. Whatever the content is, the report says so; nothing is raised for it.

    Of what is given by its content it is also judged whether the picture is whole, unless the file or the picture is
    too large for that; then `unjudged` says so. Of what lies at an address only the header is looked at.

    Args:
        source: As for `image`.
        remote: Whether to look at what lies at an address.
        allow_private: Whether an address may lead to this machine or into a private network.
        budget: What looking at an address may cost; None for the default.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: There is nothing to judge: the file or the address cannot be read, or the source is nothing that
            an image can be given by.
    """
    url, limits = sources.address(source, contract), image_limits(contract)
    if url is not None:
        with _reading(url, remote=remote, allow_private=allow_private, budget=budget) as file:
            return images.inspect(file, file.source, limits, is_near=False)
    with sources.opened_image(source, contract) as given:
        return images.inspect_whole(given.file, given.name, limits)


def check_video(
    source: object,
    *,
    remote: bool = False,
    allow_private: bool = False,
    budget: Budget | None = None,
    contract: Contract = CONTRACT,
) -> VideoReport:
    """Judge a video by its header (R20 to R23). Whatever the content is, the report says so; nothing is raised for it.

    Args:
        source: A `pathlib.Path`, bytes, a binary file object, an http(s) address, or a `data:` URL.
        remote: Whether to look at what lies at an address.
        allow_private: Whether an address may lead to this machine or into a private network.
        budget: What looking at an address may cost; None for the default.
        contract: The contract to check against; the package's by default.

    Raises:
        MediaError: As for `check_image`.
    """
    from kling_elements.media import videos  # noqa: PLC0415 - not loaded for images

    url, limits = sources.address(source, contract), video_limits(contract)
    if url is not None:
        with _reading(url, remote=remote, allow_private=allow_private, budget=budget) as file:
            return videos.inspect(file, file.source, limits)
    if isinstance(source, str):
        given = sources.from_text(source, contract, limits)
        return videos.inspect(given.file, given.name, limits)
    with sources.opened_file(source, limits) as given:
        return videos.inspect(given.file, given.name, limits)


@contextmanager
def _reading(url: str, *, remote: bool, allow_private: bool, budget: Budget | None) -> Iterator[RemoteFile]:
    # loaded here, as it loads what speaks HTTP
    from kling_elements.media.remote import open_remote, redacted_url  # noqa: PLC0415

    if not remote:
        raise MediaError(redacted_url(url), "is an address; what lies there is looked at only with remote=True")
    with open_remote(url, allow_private=allow_private, budget=Budget() if budget is None else budget) as file:
        yield file
