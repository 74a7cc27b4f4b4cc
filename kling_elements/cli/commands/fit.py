"""`kling-elements fit`: make copies of images and videos that conform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.kinds import Kind, kind_of_file
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
    """Make copies of images and videos that conform to the rules. Print the path of each copy. The originals stay.

    Args:
        files: The images and videos. For videos you need the extra `video`.
        to: The folder for the copies, which is made if it does not exist. By default each copy goes beside its
            original, as NAME-fitted.
        ratio: What to do if a picture is too long or too high: add to its sides, or cut off its ends.
        background: The colour to add, for images.
        strip_metadata: Remove where and with which camera an image was taken, even if it conforms.
        force: Replace copies that exist already.
    """
    if not files:
        raise CommandError("pass at least one image or video", Exit.USAGE, "kling-elements fit --help")
    failed = 0
    place = _Place(to, force, {})
    for file in files:
        try:
            copy = _fitted(file, place, output, ratio=ratio, background=background, strip=strip_metadata)
        except MediaError as error:
            failed += 1
            output.problem({"source": str(file), "error": error.reason}, str(error))
        else:
            output.result(copy, copy["path"])
    if len(files) > 1:
        output.note(f"{len(files) - failed} written, {failed} failed")
    return Exit.REFUSED_HERE if failed else Exit.DONE


@frozen
class _Place:
    """Where the copies go.

    Attributes:
        folder: Their folder; None for that of each original.
        force: Whether to replace files that were there before.
        written: The originals of the copies that this command has written.
    """

    folder: Path | None
    force: bool
    written: dict[Path, Path]

    def target(self, file: Path, suffix: str) -> Path:
        """Return where the copy of a file goes.

        Raises:
            MediaError: There is a file already, or the folder cannot be made.
        """
        folder = self.folder
        target = file.with_name(f"{file.stem}-fitted{suffix}") if folder is None else folder / f"{file.stem}{suffix}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists() and target.samefile(file):
                raise MediaError(str(file), "the copy would replace the original; choose another folder with --to")
        except OSError as error:
            raise MediaError(str(target), f"cannot be written: {error.strerror}") from error
        if target in self.written:
            other = f"the copy would have the name of that of {self.written[target]}"
            raise MediaError(str(file), f"{other}; choose another folder with --to")
        if target.exists() and not self.force:
            raise MediaError(str(target), "exists already; pass --force to replace it")
        return target


def _fitted(
    file: Path, place: _Place, output: Output, *, ratio: Literal["pad", "crop"], background: str, strip: bool
) -> dict[str, Any]:
    """Write the copy of one file, and return its path and what was changed.

    Raises:
        MediaError: The file cannot be read or fitted, or the copy cannot be written.
        CommandError: An option cannot be used.
    """
    if file.is_dir():
        raise MediaError(str(file), "is a folder; pass the files in it, as in kling-elements fit *.jpg")
    fitted: FittedImage | FittedVideo
    if kind_of_file(file) is Kind.VIDEO:
        target = place.target(file, ".mp4")
        fitted = _fitted_video(file, target, output, ratio)
    else:
        try:
            fitted = fit_image(file, ratio=ratio, background=background, strip_metadata=strip)
        except MediaError:
            raise
        except ValueError as error:
            raise CommandError(f"--background {background}: {error}", Exit.USAGE) from None
        target = place.target(file, _SUFFIXES[str(fitted.report.format)])
        fitted.save(target)
    place.written[target] = file
    for change in fitted.changes:
        output.note(f"{file}: {change}")
    return {"source": str(file), "path": str(target), "changes": list(fitted.changes)}


def _fitted_video(file: Path, target: Path, output: Output, ratio: Literal["pad", "crop"]) -> FittedVideo:
    """Fit a video, showing how far the work is.

    Raises:
        MediaError: As `fit_video`.
    """
    new = target.with_name(f"{target.stem}.new.mp4")  # an old copy is there until this one is complete
    with output.progress() as progress:
        bar = None if progress is None else progress.add_task(f"fitting {file.name}", total=1.0)

        def show(part: float) -> None:
            if progress is not None and bar is not None:
                progress.update(bar, completed=part)

        fitted = fit_video(file, new, ratio=ratio, progress=show)
    new.replace(target)
    return fitted
