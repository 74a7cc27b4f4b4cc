"""Conforming copies of images and videos, which are written to disk completely or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, get_args

from attrs import field, frozen

from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements_client.errors import MediaError
from kling_elements_runtime.errors import raising_media_errors

Ratio = Literal["pad", "crop"]

_FULL_DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RATIOS: Final = get_args(Ratio)


def _byte_count(content: bytes) -> str:
    return f"<{len(content)} bytes>"


@frozen(kw_only=True)
class FittedImage:
    """A copy of an image that conforms to R14 to R17.

    Attributes:
        content: The bytes of the file.
        report: The report on the copy, without violations.
        changes: A sentence for each change; empty if the source already conformed.
    """

    content: bytes = field(repr=_byte_count)
    report: ImageReport
    changes: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write the image to a file, and replace any existing file. Readers never see a partial file.

        Raises:
            MediaError: The file cannot be written.
            ValueError: The path is not a `pathlib.Path`.
        """
        check_target(path)
        with raising_media_errors(path, "written"), _folder_beside(path) as folder:
            unfinished = Path(folder) / path.name
            unfinished.write_bytes(self.content)
            unfinished.replace(path)


@frozen(kw_only=True)
class FittedVideo:
    """A copy of a video that conforms to R20 to R23.

    Attributes:
        path: The path of the file.
        report: The report on the copy, without violations.
        changes: A sentence for each change; empty if the source already conformed.
    """

    path: Path
    report: VideoReport
    changes: tuple[str, ...]


def check_target(target: object) -> None:
    """Check that a target is a `pathlib.Path`.

    Raises:
        TypeError: The target is anything else. A str is never treated as a path.
    """
    if not isinstance(target, Path):
        raise TypeError(f"the target must be a pathlib.Path, not {type(target).__name__}")


def check_ratio(ratio: object) -> None:
    """Check the argument `ratio`.

    Raises:
        ValueError: The ratio is neither `pad` nor `crop`.
    """
    if ratio not in _RATIOS:
        raise ValueError(f"ratio must be one of {', '.join(map(repr, _RATIOS))}, not {ratio!r:.80}")


def px(size: tuple[int, int]) -> str:
    """Return a width and a height for messages."""
    return "{}x{} px".format(*size)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path. The file there becomes the target if the block succeeds, and is removed if not.

    Raises:
        MediaError: The target already exists, or it cannot be written.
    """
    with raising_media_errors(target, "written"):
        if os.path.lexists(target):
            raise _already_exists(target)
        folder = _folder_beside(target)
    with folder:
        unfinished = Path(folder.name) / target.name
        yield unfinished
        with raising_media_errors(target, "written"):
            _move_into_place(unfinished, target)


def raise_if_full(error: BaseException | None, target: Path) -> None:
    """Raise a MediaError if the cause of an error is a full disk.

    Raises:
        MediaError: The disk or a quota is full. The error contains the target.
    """
    if isinstance(error, OSError) and error.errno in _FULL_DISK_ERRORS:
        message = f"cannot be written: {error.strerror}; free some space, or choose a target on another disk"
        raise MediaError(str(target), message) from error


def _move_into_place(unfinished: Path, target: Path) -> None:
    try:
        target.hardlink_to(unfinished)  # unlike a rename, a link never replaces a file that was created meanwhile
    except FileExistsError as error:
        raise _already_exists(target) from error
    except OSError:  # the file system does not support links
        unfinished.rename(target)


def _folder_beside(target: Path) -> TemporaryDirectory[str]:
    """Create a temporary folder on the same file system."""
    return TemporaryDirectory(prefix=".fitting-", dir=target.parent, ignore_cleanup_errors=True)


def _already_exists(target: Path) -> MediaError:
    return MediaError(str(target), "already exists; choose another target, or remove the file first")
