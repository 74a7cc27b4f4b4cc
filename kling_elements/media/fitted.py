"""Conforming copies of images and videos, and how they are put in their place."""

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

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RATIOS: Final = get_args(Ratio)


def _in_brief(content: bytes) -> str:
    return f"<{len(content)} bytes>"


@frozen(kw_only=True)
class FittedImage:
    """An image that conforms.

    Attributes:
        content: The bytes of the file.
        report: What was found in it, checked again; it has no violations.
        changes: What was changed, a sentence each; empty where the source conformed already.
    """

    content: bytes = field(repr=_in_brief)
    report: ImageReport
    changes: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write it to a file, in place of one that is there already. There is never half a file.

        Raises:
            MediaError: It cannot be written.
            ValueError: The path is no `pathlib.Path`.
        """
        check_target(path)
        with raising_media_errors(path, "written"), _folder_beside(path) as folder:
            unfinished = Path(folder) / path.name
            unfinished.write_bytes(self.content)
            unfinished.replace(path)


@frozen(kw_only=True)
class FittedVideo:
    """A video that conforms.

    Attributes:
        path: Where the file is.
        report: What was found in it, checked again; it has no violations.
        changes: What was changed, a sentence each; empty where the source conformed already.
    """

    path: Path
    report: VideoReport
    changes: tuple[str, ...]


def check_target(target: object) -> None:
    """Refuse what is no path.

    Raises:
        TypeError: It is something else, such as a str, which is never taken for a path.
    """
    if not isinstance(target, Path):
        raise TypeError(f"where to write must be a pathlib.Path, not {type(target).__name__}")


def check_ratio(ratio: object) -> None:
    """Refuse what is no way to reach a ratio.

    Raises:
        ValueError: It is neither `pad` nor `crop`.
    """
    if ratio not in _RATIOS:
        raise ValueError(f"ratio must be one of {', '.join(map(repr, _RATIOS))}, not {ratio!r:.80}")


def px(size: tuple[int, int]) -> str:
    """Return a width and a height as messages show them."""
    return "{}x{} px".format(*size)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yield where to write a file that becomes the target when the block ends well. On any error nothing is left of it.

    Raises:
        MediaError: There is something at the target already, or it cannot be written.
    """
    with raising_media_errors(target, "written"):
        if os.path.lexists(target):
            raise _in_the_way(target)
        folder = _folder_beside(target)
    with folder:
        unfinished = Path(folder.name) / target.name
        yield unfinished
        with raising_media_errors(target, "written"):
            _place(unfinished, target)


def refuse_full(error: BaseException | None, target: Path) -> None:
    """Raise where an error says that there is no room for a file, whatever was being done.

    Raises:
        MediaError: The disk or a quota is full; it names the target.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        says = f"cannot be written: {error.strerror}; make room, or name a target on another disk"
        raise MediaError(str(target), says) from error


def _place(unfinished: Path, target: Path) -> None:
    try:
        target.hardlink_to(unfinished)  # unlike renaming, it never takes the place of a file that came meanwhile
    except FileExistsError as error:
        raise _in_the_way(target) from error
    except OSError:  # a file system without links
        unfinished.rename(target)


def _folder_beside(target: Path) -> TemporaryDirectory[str]:
    """Return a new folder on the same file system. It goes with whatever is left in it."""
    return TemporaryDirectory(prefix=".fitting-", dir=target.parent, ignore_cleanup_errors=True)


def _in_the_way(target: Path) -> MediaError:
    return MediaError(str(target), "exists already; name another target, or remove it first")
