"""`kling-elements fit`: make copies of images and videos that conform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.kinds import SourceKind, kind_of_file
from kling_elements.cli.output import Output
from kling_elements.media import fit_image, fit_video
from kling_elements_client.errors import MediaError

if TYPE_CHECKING:
    from kling_elements.media import FittedImage, FittedVideo

_SUFFIXES = {"jpeg": ".jpg", "png": ".png"}


def command(
    *files: Path,
    to: Path | None = None,
    ratio: Literal["pad", "crop"] = "pad",
    background: str = "white",
    strip_metadata: bool = False,
    force: bool = False,
    output: Output = Output(),
) -> int:
    """Make copies of images and videos that conform to the rules, and print their paths. The originals stay unchanged.

    Args:
        files: The images and videos. For videos, install the extra `video`.
        to: The folder for the copies; it is created if it does not exist. By default each copy is written next to its
            original, as NAME-fitted.
        ratio: What to do if a picture is too wide or too tall: `pad` adds bars, `crop` cuts off the edges.
        background: The colour of the padding, for images.
        strip_metadata: Remove metadata such as the place and the camera, even from images that conform.
        force: Replace existing copies.
    """
    if not files:
        raise CommandError("pass at least one image or video", Exit.USAGE, "kling-elements fit --help")
    failed = 0
    targets = _CopyTargets(to, force, {})
    for file in files:
        try:
            copy = _fit_file(file, targets, output, ratio=ratio, background=background, strip=strip_metadata)
        except MediaError as error:
            failed += 1
            output.problem({"source": str(file), "error": error.reason}, str(error))
        else:
            output.result(copy, copy["path"])
    if len(files) > 1:
        output.note(f"{len(files) - failed} written, {failed} failed")
    return Exit.REFUSED_HERE if failed else Exit.DONE


@frozen
class _CopyTargets:
    """The paths of the copies.

    Attributes:
        folder: The folder of all copies, or None to write each copy next to its original.
        force: Whether to replace files that existed before.
        originals_by_copy: The original of each copy that this command has written.
    """

    folder: Path | None
    force: bool
    originals_by_copy: dict[Path, Path]

    def target(self, file: Path, suffix: str) -> Path:
        """Return the path for the copy of a file.

        Raises:
            MediaError: The path is taken, or the folder cannot be created.
        """
        folder = self.folder
        target = file.with_name(f"{file.stem}-fitted{suffix}") if folder is None else folder / f"{file.stem}{suffix}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists() and target.samefile(file):
                raise MediaError(str(file), "the copy would replace the original; choose another folder with --to")
        except OSError as error:
            raise MediaError(str(target), f"cannot be written: {error.strerror}") from error
        if target in self.originals_by_copy:
            message = f"its copy would have the same name as the copy of {self.originals_by_copy[target]}"
            raise MediaError(str(file), f"{message}; choose another folder with --to")
        if target.exists() and not self.force:
            raise MediaError(str(target), "already exists; pass --force to replace it")
        return target


def _fit_file(
    file: Path, targets: _CopyTargets, output: Output, *, ratio: Literal["pad", "crop"], background: str, strip: bool
) -> dict[str, Any]:
    """Write the copy of one file, and return its path and changes as a JSON value.

    Raises:
        MediaError: The file cannot be read or fitted, or the copy cannot be written.
        CommandError: An option cannot be used.
    """
    if file.is_dir():
        raise MediaError(str(file), "is a folder; pass the files in it, as in kling-elements fit *.jpg")
    fitted: FittedImage | FittedVideo
    if kind_of_file(file) is SourceKind.VIDEO:
        target = targets.target(file, ".mp4")
        fitted = _fit_video(file, target, output, ratio)
    else:
        try:
            fitted = fit_image(file, ratio=ratio, background=background, strip_metadata=strip)
        except MediaError:
            raise
        except ValueError as error:
            raise CommandError(f"--background {background}: {error}", Exit.USAGE) from None
        target = targets.target(file, _SUFFIXES[str(fitted.report.format)])
        fitted.save(target)
    targets.originals_by_copy[target] = file
    for change in fitted.changes:
        output.note(f"{file}: {change}")
    return {"source": str(file), "path": str(target), "changes": list(fitted.changes)}


def _fit_video(file: Path, target: Path, output: Output, ratio: Literal["pad", "crop"]) -> FittedVideo:
    """Fit a video, and show the progress.

    Raises:
        MediaError: The same as for `fit_video`.
    """
    new = target.with_name(f"{target.stem}.new.mp4")  # so that an old copy stays until the new one is complete
    with output.progress() as progress:
        bar = None if progress is None else progress.add_task(f"fitting {file.name}", total=1.0)

        def show(part: float) -> None:
            if progress is not None and bar is not None:
                progress.update(bar, completed=part)

        fitted = fit_video(file, new, ratio=ratio, progress=show)
    new.replace(target)
    return fitted
